//! `rms_norm_forward`: RMS normalization (Zhang and Sennrich 2019, equation 4).
//!
//! Each row (example) is divided by the root mean square of its columns (units), then scaled and
//! passed to the activation:
//!
//! ```text
//! rstd = 1 / √(Σ x² / cols + epsilon)          z = gamma · x · rstd          y = activate(z)
//! ```
//!
//! Unlike layer norm it subtracts no mean and has no beta. `affine` is the number of columns for one
//! gamma per unit, or 1 for one that the whole layer shares. `statistics` keeps rstd for the backward
//! pass. Training and inference are the same.
//!
//! A sum of squares has no cancellation, so x needs no shift here. But x² must fit in f32: the sum of a
//! row whose root mean square is above 1e19 / √cols may be infinite, and then rstd and z are 0, as in
//! PyTorch (WGSL itself guarantees nothing about infinities). At the other end nothing is lost: where x²
//! is too small for f32, epsilon dominates.

use super::cases::{Case, Fill};
use super::constants::EPSILON;
use super::contract::{Contract, GridAxis, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::layer_norm_forward::{ONE_OR_ALL, affine_cases};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `rms_norm_forward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "rms_norm_forward",
        summary: "z = gamma * x * rstd over each row, y = activate(z)",
        sizes: &["rows", "cols", "affine"],
        operands: &[
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "affine").strided(),
            Operand::write("z", "rows", "cols"),
            Operand::write("y", "rows", "cols"),
            Operand::write("statistics", "rows", "1"),
        ],
        parameters: &[Parameter { name: "epsilon", default: EPSILON }],
        activation: true,
        grid: [GridAxis::Size("rows"), GridAxis::One],
        split: Some("rows"),
        constraint: Some(ONE_OR_ALL),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("rms_norm_forward": "naive", "subgroup", "lanes"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, gamma) = (call.real("x"), call.real("gamma"));
    let (cols, affine) = (call.size("cols"), call.size("affine"));
    let (mut z, mut y) = (call.zeros("z"), call.zeros("y"));
    let mut statistics = call.zeros("statistics");
    let count = T::of(cols as f64);
    for row in 0..call.size("rows") {
        let squares = (0..cols).map(|col| x.at(row, col) * x.at(row, col)).sum::<T>();
        let rstd = T::one() / (squares / count + call.parameter("epsilon")).sqrt();
        for col in 0..cols {
            let value = gamma.at(0, col % affine) * (x.at(row, col) * rstd);
            z.put(row, col, value);
            y.put(row, col, call.activation.activate(value));
        }
        statistics.put(row, 0, rstd);
    }
    vec![Value::Real(z), Value::Real(y), Value::Real(statistics)]
}

/// Also rows in which epsilon dominates, and values whose squares are near both ends of f32.
fn cases() -> Vec<Case> {
    let case = Case::new(&[("rows", 9), ("cols", 31)]);
    let ends = [Fill::Normal(0.0, 1e-3), Fill::Count(0), Fill::Extreme(1e17), Fill::Extreme(1e-20)];
    let ends = ends.map(|fill| case.clone().fill("x", fill));
    let cases = Case::normalized("cols", "rows").into_iter().chain(ends);
    affine_cases(cases.collect()).into_iter().chain(Case::long_and_wide()).collect()
}
