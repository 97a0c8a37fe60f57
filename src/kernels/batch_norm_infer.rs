//! `batch_norm_infer`: batch normalization with the running statistics, for inference
//! (Ioffe and Szegedy 2015, algorithm 2): y = f(gamma · (x − mean) / √(variance + epsilon) + beta).

use super::cases::{Case, Fill};
use super::constants::EPSILON;
use super::contract::{Contract, GridAxis, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `batch_norm_infer`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "batch_norm_infer",
        summary: "y = activate(gamma * (x - mean) / sqrt(variance + epsilon) + beta), running statistics",
        sizes: &["rows", "cols"],
        operands: &[
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "cols").strided(),
            Operand::read("beta", "1", "cols").strided(),
            Operand::read("running", "2", "cols"),
            Operand::write("y", "rows", "cols"),
        ],
        parameters: &[Parameter { name: "epsilon", default: EPSILON }],
        activation: true,
        grid: [GridAxis::Size("cols"), GridAxis::Size("rows")],
        split: Some("rows"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("batch_norm_infer": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, gamma, beta) = (call.real("x"), call.real("gamma"), call.real("beta"));
    let (running, epsilon) = (call.real("running"), call.parameter("epsilon"));
    let mut y = call.zeros("y");
    for col in 0..call.size("cols") {
        let rstd = T::one() / (running.at(1, col) + epsilon).sqrt();
        for row in 0..call.size("rows") {
            let normalized = (x.at(row, col) - running.at(0, col)) * rstd;
            let z = gamma.at(0, col) * normalized + beta.at(0, col);
            y.put(row, col, call.activation.activate(z));
        }
    }
    vec![Value::Real(y)]
}

fn cases() -> Vec<Case> {
    let running = |case: Case| case.fill("running", Fill::Uniform(0.1, 2.0));
    Case::activated().into_iter().chain(Case::replicated()).map(running).collect()
}
