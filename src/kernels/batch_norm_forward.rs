//! `batch_norm_forward`: batch normalization while training (Ioffe and Szegedy 2015, algorithm 1).
//!
//! Each column (unit) is normalized over the rows (examples) of the batch, then scaled, shifted and
//! passed to the activation:
//!
//! ```text
//! mean = Σ x / rows          variance = Σ (x − mean)² / rows       rstd = 1 / √(variance + epsilon)
//! z = gamma · (x − mean) · rstd + beta                             y = activate(z)
//! ```
//!
//! `statistics` keeps mean (row 0) and rstd (row 1) for the backward pass. The running statistics,
//! mean (row 0) and variance (row 1), move as in PyTorch: new = (1 − momentum) · old + momentum ·
//! batch, with momentum 0.1, and with the *unbiased* variance Σ (x − mean)² / (rows − 1). For a
//! single row, where that is 0/0, the variance is 0 (PyTorch refuses such a batch).
//!
//! The sums run over x minus the column's first value. That changes no result on paper, and in f32
//! keeps a column of 10,000 ± 1 from losing its digits: a constant column has variance 0 exactly.
//! (Chan, Golub and LeVeque 1983, *Algorithms for Computing the Sample Variance*.)

use super::cases::{Case, Fill};
use super::constants::{EPSILON, RUNNING_MOMENTUM};
use super::contract::{Contract, GridAxis, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `batch_norm_forward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "batch_norm_forward",
        summary: "z = gamma * (x - mean) * rstd + beta over each column, y = activate(z); \
                  running statistics move by momentum",
        sizes: &["rows", "cols"],
        operands: &[
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "cols").strided(),
            Operand::read("beta", "1", "cols").strided(),
            Operand::update("running", "2", "cols"),
            Operand::write("z", "rows", "cols"),
            Operand::write("y", "rows", "cols"),
            Operand::write("statistics", "2", "cols"),
        ],
        parameters: &[
            Parameter { name: "epsilon", default: EPSILON },
            Parameter { name: "momentum", default: RUNNING_MOMENTUM },
        ],
        activation: true,
        grid: [GridAxis::Size("cols"), GridAxis::One],
        split: Some("cols"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("batch_norm_forward": "naive", "simd8", "lanes"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, gamma, beta) = (call.real("x"), call.real("gamma"), call.real("beta"));
    let (epsilon, momentum) = (call.parameter("epsilon"), call.parameter("momentum"));
    let mut running = call.real("running").clone();
    let (mut z, mut y) = (call.zeros("z"), call.zeros("y"));
    let mut statistics = call.zeros("statistics");
    let rows = call.size("rows");
    let count = T::of(rows as f64);
    for col in 0..call.size("cols") {
        let first = x.at(0, col);
        let shift = (0..rows).map(|row| x.at(row, col) - first).sum::<T>() / count;
        let centred = |row: usize| x.at(row, col) - first - shift;
        let squares = (0..rows).map(|row| centred(row) * centred(row)).sum::<T>();
        let (mean, rstd) = (first + shift, T::one() / (squares / count + epsilon).sqrt());
        for row in 0..rows {
            let affine = gamma.at(0, col) * (centred(row) * rstd) + beta.at(0, col);
            z.put(row, col, affine);
            y.put(row, col, call.activation.activate(affine));
        }
        statistics.put(0, col, mean);
        statistics.put(1, col, rstd);
        let unbiased = squares / (count - T::one()).max(T::one());
        for (row, new) in [mean, unbiased].into_iter().enumerate() {
            let old = running.at(row, col);
            running.put(row, col, (T::one() - momentum) * old + momentum * new);
        }
    }
    vec![Value::Real(running), Value::Real(z), Value::Real(y), Value::Real(statistics)]
}

fn cases() -> Vec<Case> {
    let running = |case: Case| case.fill("running", Fill::Uniform(0.1, 2.0));
    let cases = Case::normalized("rows", "cols").into_iter().chain([Case::large()]);
    cases.map(running).collect()
}
