//! `layer_norm_backward`: the gradients of `layer_norm_forward`.
//!
//! With x̂ = (x − mean) · rstd, g = d_y · f′(z), and h = g · gamma, over each row:
//!
//! ```text
//! d_x = rstd · (h − Σ h / cols − x̂ · Σ (h · x̂) / cols)
//! ```
//!
//! and over each column, or over the whole batch where gamma and beta are shared:
//!
//! ```text
//! d_gamma = Σ g · x̂          d_beta = Σ g
//! ```

use super::cases::{Case, Fill};
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::layer_norm_forward::{ONE_OR_ALL, affine_cases};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `layer_norm_backward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "layer_norm_backward",
        summary: "d_x, d_gamma, d_beta of layer_norm_forward, from d_y and the statistics it kept",
        sizes: &["rows", "cols", "affine"],
        operands: &[
            Operand::read("d_y", "rows", "cols"),
            Operand::read("z", "rows", "cols"),
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "affine").strided(),
            Operand::read("statistics", "rows", "2"),
            Operand::write("d_x", "rows", "cols"),
            Operand::write("d_gamma", "1", "affine").strided(),
            Operand::write("d_beta", "1", "affine").strided(),
        ],
        activation: true,
        grid: [GridAxis::Both("rows", "affine"), GridAxis::One],
        constraints: &[ONE_OR_ALL],
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("layer_norm_backward": "naive", "subgroup", "lanes"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    gradients(call, 1)
}

/// The gradients where each of the `groups` parts of every row was normalized: layer norm has one.
pub(super) fn gradients<T: Real>(call: &Arguments<'_, T>, groups: usize) -> Vec<Value<T>> {
    let (d_y, z, x) = (call.real("d_y"), call.real("z"), call.real("x"));
    let (gamma, statistics) = (call.real("gamma"), call.real("statistics"));
    let (mut d_x, mut d_gamma) = (call.zeros("d_x"), call.zeros("d_gamma"));
    let mut d_beta = call.zeros("d_beta");
    let (width, affine) = (call.size("cols") / groups, call.size("affine"));
    let count = T::of(width as f64);
    let parts = (0..call.size("rows")).flat_map(|row| (0..groups).map(move |group| (row, group)));
    for (row, group) in parts {
        let start = group * width;
        let cols = start..start + width;
        let (mean, rstd) = (statistics.at(row, 2 * group), statistics.at(row, 2 * group + 1));
        let normalized = |col: usize| (x.at(row, col) - mean) * rstd;
        let slope = |col: usize| call.activation.activation_gradient(z.at(row, col));
        let d_z: Vec<T> = cols.clone().map(|col| d_y.at(row, col) * slope(col)).collect();
        let scaled = |col: usize| d_z[col - start] * gamma.at(0, col % affine);
        let sum = cols.clone().map(scaled).sum::<T>();
        let dot = cols.clone().map(|col| scaled(col) * normalized(col)).sum::<T>();
        for col in cols {
            let centred = scaled(col) - sum / count - normalized(col) * (dot / count);
            d_x.put(row, col, rstd * centred);
            d_gamma.row_mut(0)[col % affine] += d_z[col - start] * normalized(col);
            d_beta.row_mut(0)[col % affine] += d_z[col - start];
        }
    }
    vec![Value::Real(d_x), Value::Real(d_gamma), Value::Real(d_beta)]
}

fn cases() -> Vec<Case> {
    let offset = Case::activated().into_iter().map(|case| {
        case.fill("x", Fill::Normal(1e3, 1.0)).fill("statistics", Fill::StatisticsCols(1e3))
    });
    let plain = |case: Case| case.fill("statistics", Fill::StatisticsCols(0.0));
    let cases = Case::activated().into_iter().chain(Case::replicated()).map(plain);
    let cases = affine_cases(cases.chain(offset).collect());
    cases.into_iter().chain(Case::long_and_wide().map(plain)).collect()
}
