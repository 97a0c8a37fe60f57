//! What a command computes on: an adapter, the CPU where there is none, or the interpreter. Almost everything
//! uses it as a [`Backend`]; what needs an adapter goes through [`AnyBackend::gpu`].

use super::Backend;
use super::cpu::CpuBackend;
use super::gpu::GpuBackend;
use super::interpreter::InterpreterBackend;
use std::ops::{Deref, DerefMut};

/// One of the backends.
pub enum AnyBackend {
    /// An adapter.
    Gpu(Box<GpuBackend>),
    /// The CPU engine.
    Cpu(CpuBackend),
    /// The shaders themselves, on the CPU.
    Interpreter(Box<InterpreterBackend<f32>>),
}

impl AnyBackend {
    /// The GPU backend, if this is one.
    #[must_use]
    pub fn gpu(&self) -> Option<&GpuBackend> {
        match self {
            Self::Gpu(gpu) => Some(gpu),
            Self::Cpu(_) | Self::Interpreter(_) => None,
        }
    }

    /// The GPU backend, if this is one.
    pub fn gpu_mut(&mut self) -> Option<&mut GpuBackend> {
        match self {
            Self::Gpu(gpu) => Some(gpu),
            Self::Cpu(_) | Self::Interpreter(_) => None,
        }
    }
}

impl Deref for AnyBackend {
    type Target = dyn Backend;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Gpu(gpu) => gpu.as_ref(),
            Self::Cpu(cpu) => cpu,
            Self::Interpreter(interpreter) => interpreter.as_ref(),
        }
    }
}

impl DerefMut for AnyBackend {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Gpu(gpu) => gpu.as_mut(),
            Self::Cpu(cpu) => cpu,
            Self::Interpreter(interpreter) => interpreter.as_mut(),
        }
    }
}
