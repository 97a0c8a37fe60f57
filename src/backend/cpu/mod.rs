//! The CPU engine: trains where there is no adapter.
//!
//! Kernels of a training step have a fast version here, which reads and writes its tensors in place; every other
//! dispatch calls its twin. Work is cut into parts by its size alone, so results do not depend on the number of
//! threads. They are compared with the twins in f64 like those of an adapter: by `check --device cpu`, and in
//! lockstep.

mod batch_norm;
mod operands;
mod optimizers;
mod parts;
mod pointwise;
mod products;
mod row_norms;

use super::twins::TwinSession;
use super::{Backend, Session, Ticket};
use crate::error::Result;
use crate::kernels::kernel::Kernel;
use crate::program::{Dispatch, PassId, Program, TensorId};
use crate::record::{Adapter, ShaderRecord};
use crate::tensor::Value;
use operands::Operands;
use rayon::prelude::*;

/// A fast kernel: computes one replica of a dispatch.
type Fast = fn(&Dispatch, Operands<'_>);

/// The fast version of a kernel; none where the twin runs.
fn fast(kernel: &Kernel) -> Option<Fast> {
    Some(match kernel.name() {
        "adam" => optimizers::adam,
        "batch_norm_backward" => batch_norm::backward,
        "batch_norm_forward" => batch_norm::forward,
        "batch_norm_infer" => batch_norm::infer,
        "bias_backward" => pointwise::bias_backward,
        "bias_forward" => pointwise::bias_forward,
        "gather" => pointwise::gather,
        "group_norm_backward" => row_norms::group_backward,
        "group_norm_forward" => row_norms::group_forward,
        "layer_norm_backward" => row_norms::layer_backward,
        "layer_norm_forward" => row_norms::layer_forward,
        "matmul_nn" => products::nn,
        "matmul_nt" => products::nt,
        "matmul_tn" => products::tn,
        "rms_norm_backward" => row_norms::rms_backward,
        "rms_norm_forward" => row_norms::rms_forward,
        "sgd" => optimizers::sgd,
        "softmax_cross_entropy" => pointwise::softmax_cross_entropy,
        _ => return None,
    })
}

/// Whether the engine has its own version of a kernel; it runs the twins of the others.
#[must_use]
pub fn is_fast(kernel: &Kernel) -> bool {
    fast(kernel).is_some()
}

/// The CPU engine as a backend.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuBackend;

impl Backend for CpuBackend {
    fn adapter(&self) -> Adapter {
        let cores = rayon::current_num_threads();
        Adapter {
            adapter: format!("CPU engine ({cores} threads)"),
            backend: "cpu".to_owned(),
            kind: "cpu".to_owned(),
            driver: format!("normlab {}", env!("CARGO_PKG_VERSION")),
        }
    }

    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>> {
        program.check_memory()?;
        Ok(Box::new(CpuSession { memory: TwinSession::new(program.clone()) }))
    }

    fn shaders(&self) -> Vec<ShaderRecord> {
        Vec::new()
    }

    fn fork(&self) -> Box<dyn Backend> {
        Box::new(*self)
    }
}

/// A program with its memory, which the twins share.
struct CpuSession {
    memory: TwinSession<f32>,
}

impl CpuSession {
    /// Runs one dispatch in place; false if only its twin can.
    fn run_fast(&mut self, pass: PassId, dispatch: usize) -> bool {
        let (program, buffers) = self.memory.split();
        let dispatch = &program.passes[pass.0].dispatches[dispatch];
        let Some(fast) = fast(dispatch.kernel) else { return false };
        let Some(mut replicas) = operands::borrow(program, buffers, dispatch) else { return false };
        match replicas.pop() {
            Some(only) if replicas.is_empty() => fast(dispatch, only),
            last => {
                let all: Vec<_> = replicas.into_iter().chain(last).collect();
                all.into_par_iter().for_each(|operands| fast(dispatch, operands));
            }
        }
        true
    }
}

impl Session for CpuSession {
    fn write(&mut self, tensor: TensorId, value: &Value<f32>) -> Result<()> {
        self.memory.write(tensor, value)
    }

    /// On a thread of the pool: from outside, each part of a dispatch would have to wake it.
    fn run(&mut self, passes: &[PassId], times: usize) -> Result<()> {
        let mut run = || {
            for _ in 0..times {
                for pass in passes {
                    for dispatch in 0..self.memory.program().passes[pass.0].dispatches.len() {
                        self.run_dispatch(*pass, dispatch)?;
                    }
                }
            }
            Ok(())
        };
        rayon::scope(|_| run())
    }

    fn run_dispatch(&mut self, pass: PassId, dispatch: usize) -> Result<()> {
        if self.run_fast(pass, dispatch) {
            return Ok(());
        }
        self.memory.run_dispatch(pass, dispatch)
    }

    fn request(&mut self, tensor: TensorId) -> Result<Ticket> {
        self.memory.request(tensor)
    }

    fn receive(&mut self, ticket: Ticket) -> Result<Value<f32>> {
        self.memory.receive(ticket)
    }
}
