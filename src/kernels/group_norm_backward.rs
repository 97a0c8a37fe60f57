//! `group_norm_backward`: the gradients of `group_norm_forward`.
//!
//! With x̂ = (x − mean) · rstd, g = d_y · f′(z), and h = g · gamma, over the `width` columns of each group
//! of a row:
//!
//! ```text
//! d_x = rstd · (h − Σ h / width − x̂ · Σ (h · x̂) / width)
//! ```
//!
//! and over each column, or over the whole batch where gamma and beta are shared:
//!
//! ```text
//! d_gamma = Σ g · x̂          d_beta = Σ g
//! ```

use super::cases::{Case, Fill};
use super::contract::{Contract, GridAxis, Operand};
use super::group_norm_forward::{GROUPED, grouped, long_and_wide};
use super::kernel::{Kernel, sources};
use super::layer_norm_backward::gradients;
use super::layer_norm_forward::affine_cases;
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `group_norm_backward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "group_norm_backward",
        summary: "d_x, d_gamma, d_beta of group_norm_forward, from d_y and the statistics it kept",
        sizes: &["rows", "cols", "affine", "groups"],
        operands: &[
            Operand::read("d_y", "rows", "cols"),
            Operand::read("z", "rows", "cols"),
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "affine").strided(),
            Operand::read("statistics", "rows", "2*groups"),
            Operand::write("d_x", "rows", "cols"),
            Operand::write("d_gamma", "1", "affine").strided(),
            Operand::write("d_beta", "1", "affine").strided(),
        ],
        activation: true,
        grid: [GridAxis::Both("rows", "affine"), GridAxis::Size("groups")],
        constraints: GROUPED,
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("group_norm_backward": "naive", "lanes"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    gradients(call, call.size("groups"))
}

fn cases() -> Vec<Case> {
    let offset = grouped().into_iter().map(|case| {
        case.fill("x", Fill::Normal(1e3, 1.0)).fill("statistics", Fill::StatisticsCols(1e3))
    });
    let plain = |case: Case| case.fill("statistics", Fill::StatisticsCols(0.0));
    let cases = affine_cases(grouped().into_iter().map(plain).chain(offset).collect());
    cases.into_iter().chain(long_and_wide().into_iter().map(plain)).collect()
}
