//! `rms_norm_backward`: the gradients of `rms_norm_forward`.
//!
//! With x̂ = x · rstd, g = d_y · f′(z), and h = g · gamma, over each row:
//!
//! ```text
//! d_x = rstd · (h − x̂ · Σ (h · x̂) / cols)
//! ```
//!
//! and over each column, or over the whole batch where gamma is shared:
//!
//! ```text
//! d_gamma = Σ g · x̂
//! ```

use super::cases::{Case, Fill};
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::layer_norm_forward::{ONE_OR_ALL, affine_cases};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `rms_norm_backward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "rms_norm_backward",
        summary: "d_x, d_gamma of rms_norm_forward, from d_y and the statistics it kept",
        sizes: &["rows", "cols", "affine"],
        operands: &[
            Operand::read("d_y", "rows", "cols"),
            Operand::read("z", "rows", "cols"),
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "affine").strided(),
            Operand::read("statistics", "rows", "1"),
            Operand::write("d_x", "rows", "cols"),
            Operand::write("d_gamma", "1", "affine").strided(),
        ],
        activation: true,
        grid: [GridAxis::Both("rows", "affine"), GridAxis::One],
        constraint: Some(ONE_OR_ALL),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("rms_norm_backward": "naive", "subgroup", "lanes"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (d_y, z, x) = (call.real("d_y"), call.real("z"), call.real("x"));
    let (gamma, statistics) = (call.real("gamma"), call.real("statistics"));
    let (mut d_x, mut d_gamma) = (call.zeros("d_x"), call.zeros("d_gamma"));
    let (cols, affine) = (call.size("cols"), call.size("affine"));
    let count = T::of(cols as f64);
    for row in 0..call.size("rows") {
        let rstd = statistics.at(row, 0);
        let normalized = |col: usize| x.at(row, col) * rstd;
        let slope = |col: usize| call.activation.activation_gradient(z.at(row, col));
        let d_z: Vec<T> = (0..cols).map(|col| d_y.at(row, col) * slope(col)).collect();
        let scaled = |col: usize| d_z[col] * gamma.at(0, col % affine);
        let dot = (0..cols).map(|col| scaled(col) * normalized(col)).sum::<T>();
        for (col, &d_z) in d_z.iter().enumerate() {
            d_x.put(row, col, rstd * (scaled(col) - normalized(col) * (dot / count)));
            d_gamma.row_mut(0)[col % affine] += d_z * normalized(col);
        }
    }
    vec![Value::Real(d_x), Value::Real(d_gamma)]
}

/// Statistics of rows of normal numbers, and of very large and very small ones.
fn cases() -> Vec<Case> {
    let scaled = |(scale, rstd): (f64, f64)| {
        Case::activated().into_iter().map(move |case| {
            let statistics = Fill::Uniform(0.5 * rstd, 1.5 * rstd);
            case.fill("x", Fill::Normal(0.0, scale)).fill("statistics", statistics)
        })
    };
    let scales = [(1.0, 1.0), (1e17, 1e-17), (1e-3, 300.0)];
    let plain = |case: Case| case.fill("statistics", Fill::Uniform(0.5, 1.5));
    let replicated = Case::replicated().map(plain);
    let cases = affine_cases(scales.into_iter().flat_map(scaled).chain(replicated).collect());
    cases.into_iter().chain(Case::long_and_wide().map(plain)).collect()
}
