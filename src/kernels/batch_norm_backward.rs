//! `batch_norm_backward`: the gradients of `batch_norm_forward` (Ioffe and Szegedy 2015, section 3).
//!
//! With x̂ = (x − mean) · rstd and g = d_y · f′(z), over each column:
//!
//! ```text
//! d_beta = Σ g               d_gamma = Σ g · x̂
//! d_x = gamma · rstd · (g − d_beta / rows − x̂ · d_gamma / rows)
//! ```

use super::cases::{Case, Fill};
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `batch_norm_backward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "batch_norm_backward",
        summary: "d_x, d_gamma, d_beta of batch_norm_forward, from d_y and the statistics it kept",
        sizes: &["rows", "cols"],
        operands: &[
            Operand::read("d_y", "rows", "cols"),
            Operand::read("z", "rows", "cols"),
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "cols").strided(),
            Operand::read("statistics", "2", "cols"),
            Operand::write("d_x", "rows", "cols"),
            Operand::write("d_gamma", "1", "cols").strided(),
            Operand::write("d_beta", "1", "cols").strided(),
        ],
        activation: true,
        grid: [GridAxis::Size("cols"), GridAxis::One],
        split: Some("cols"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("batch_norm_backward": "naive", "simd8", "lanes"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (d_y, z, x) = (call.real("d_y"), call.real("z"), call.real("x"));
    let (gamma, statistics) = (call.real("gamma"), call.real("statistics"));
    let (mut d_x, mut d_gamma) = (call.zeros("d_x"), call.zeros("d_gamma"));
    let mut d_beta = call.zeros("d_beta");
    let rows = call.size("rows");
    let count = T::of(rows as f64);
    for col in 0..call.size("cols") {
        let (mean, rstd) = (statistics.at(0, col), statistics.at(1, col));
        let normalized = |row: usize| (x.at(row, col) - mean) * rstd;
        let slope = |row: usize| call.activation.activation_gradient(z.at(row, col));
        let d_z: Vec<T> = (0..rows).map(|row| d_y.at(row, col) * slope(row)).collect();
        let sum = d_z.iter().copied().sum::<T>();
        let dot = (0..rows).map(|row| d_z[row] * normalized(row)).sum::<T>();
        for (row, &d_z) in d_z.iter().enumerate() {
            let centred = d_z - sum / count - normalized(row) * (dot / count);
            d_x.put(row, col, gamma.at(0, col) * rstd * centred);
        }
        d_gamma.put(0, col, dot);
        d_beta.put(0, col, sum);
    }
    vec![Value::Real(d_x), Value::Real(d_gamma), Value::Real(d_beta)]
}

fn cases() -> Vec<Case> {
    let offset = Case::activated().into_iter().map(|case| {
        case.fill("x", Fill::Normal(1e3, 1.0)).fill("statistics", Fill::StatisticsRows(1e3))
    });
    let plain = Case::activated().into_iter().chain(Case::replicated()).chain([Case::large()]);
    plain.map(|case| case.fill("statistics", Fill::StatisticsRows(0.0))).chain(offset).collect()
}
