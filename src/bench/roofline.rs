//! The upper limits of an adapter, as measured: a loop of multiplications and additions in registers, and a copy.
//! They are built like kernels, but are not listed: nothing else runs them.

use super::{SAMPLES, Spread};
use crate::backend::Backend;
use crate::backend::measure::measure;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::contract::{Contract, GridAxis, Operand};
use crate::kernels::kernel::{Kernel, Source};
use crate::program::Program;
use crate::tensor::Shape;
use serde::Serialize;

static COPY: Kernel = Kernel {
    contract: Contract {
        name: "copy",
        summary: "y = x",
        sizes: &["count"],
        operands: &[Operand::read("x", "1", "count"), Operand::write("y", "1", "count")],
        grid: [GridAxis::Size("count"), GridAxis::One],
        ..Contract::PLAIN
    },
    shaders: &[Source { variant: "naive", text: include_str!("copy.wgsl") }],
    ..Kernel::PLAIN
};

static MULTIPLY_ADD: Kernel = Kernel {
    contract: Contract {
        name: "multiply_add",
        summary: "x = sums of repeated products, in registers",
        sizes: &["count"],
        operands: &[Operand::update("x", "1", "count")],
        grid: [GridAxis::Size("count"), GridAxis::One],
        ..Contract::PLAIN
    },
    shaders: &[Source { variant: "naive", text: include_str!("multiply_add.wgsl") }],
    ..Kernel::PLAIN
};

/// Elements that are copied: 64 MiB, more than caches hold.
const COPIED: usize = 1 << 24;

/// Invocations of the loop, and operations of each (see multiply_add.wgsl).
const LOOPS: usize = 1 << 18;
const OPERATIONS: usize = 256 * 16 * 2;

/// The upper limits of an adapter.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Roofline {
    /// Multiplications and additions, in 10⁹ a second.
    pub gflop_per_s: f64,
    /// Bytes read and written, in 10⁹ a second.
    pub gb_per_s: f64,
}

impl Roofline {
    /// Measures them.
    ///
    /// # Errors
    /// When the device refuses.
    pub fn measure(backend: &mut dyn Backend) -> Result<Self> {
        let arithmetic = time(backend, &MULTIPLY_ADD, LOOPS)?.median;
        let copy = time(backend, &COPY, COPIED)?.median;
        Ok(Self {
            gflop_per_s: 1e-9 * (LOOPS * OPERATIONS) as f64 / arithmetic,
            gb_per_s: 1e-9 * (2 * 4 * COPIED) as f64 / copy,
        })
    }
}

fn time(backend: &mut dyn Backend, kernel: &'static Kernel, count: usize) -> Result<Spread> {
    let mut program = Program::default();
    let operands = kernel.contract.operands.iter();
    let tensors: Vec<_> = operands
        .map(|operand| (operand.name, program.tensor(operand.name, Shape::matrix(1, count))))
        .collect();
    let dispatch = program.dispatch(kernel.name(), kernel, Activation::Identity, &tensors, &[])?;
    let pass = program.pass(kernel.name(), vec![dispatch]);
    let mut session = backend.load(&program)?;
    Ok(measure(session.as_mut(), &[pass], SAMPLES)?.0)
}
