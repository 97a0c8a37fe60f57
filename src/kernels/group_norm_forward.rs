//! `group_norm_forward`: group normalization (Wu and He 2018, equations 1 to 4, over the units of an example).
//!
//! The columns (units) of each row (example) are divided into `groups` of equal width, side by side. Each
//! group is normalized by itself, then scaled, shifted and passed to the activation. Over the `width` columns
//! of a group:
//!
//! ```text
//! mean = Σ x / width         variance = Σ (x − mean)² / width      rstd = 1 / √(variance + epsilon)
//! z = gamma · (x − mean) · rstd + beta                             y = activate(z)
//! ```
//!
//! Layer norm is the case of one group, and the twin is the same; its own kernels remain for their faster
//! variants. `affine` is the number of columns for one gamma and beta per unit, or 1 for one pair that the
//! whole layer shares. `statistics` keeps mean and rstd of group g in columns 2 g and 2 g + 1 for the
//! backward pass. The sums run over x minus the group's first value, for the reason given at
//! `batch_norm_forward`. Training and inference are the same.

use super::activation::Activation;
use super::cases::{Case, Fill};
use super::constants::EPSILON;
use super::contract::{Columns, Contract, GridAxis, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::layer_norm_forward::{ONE_OR_ALL, affine_cases, normalized};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `group_norm_forward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "group_norm_forward",
        summary: "z = gamma * (x - mean) * rstd + beta over each group of a row, y = activate(z)",
        sizes: &["rows", "cols", "affine", "groups"],
        operands: &[
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "affine").strided(),
            Operand::read("beta", "1", "affine").strided(),
            Operand::write("z", "rows", "cols"),
            Operand::write("y", "rows", "cols"),
            Operand::write("statistics", "rows", "2*groups"),
        ],
        parameters: &[Parameter { name: "epsilon", default: EPSILON }],
        activation: true,
        grid: [GridAxis::Size("rows"), GridAxis::Size("groups")],
        split: Some("rows"),
        constraints: GROUPED,
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("group_norm_forward": "naive", "lanes"),
    ..Kernel::PLAIN
};

/// All groups have the same width; one gamma for the layer, or one for each unit.
pub(super) const GROUPED: &[(&str, Columns)] = &[("x", Columns::MultipleOf("groups")), ONE_OR_ALL];

/// A case of these sizes.
fn sized(rows: usize, cols: usize, groups: usize) -> Case {
    Case::new(&[("rows", rows), ("cols", cols), ("groups", groups)])
}

/// Sizes with one group, with one unit to a group, and with all of them different; with and without replicas.
pub(super) fn grouped() -> Vec<Case> {
    vec![
        sized(1, 1, 1),
        sized(1, 65, 13).activation(Activation::Tanh),
        sized(65, 30, 2).activation(Activation::Relu),
        sized(60, 100, 10).activation(Activation::Sigmoid),
        sized(257, 3, 3).activation(Activation::Tanh),
        sized(31, 256, 64).activation(Activation::Sigmoid).replicas(3),
        sized(17, 31, 1).activation(Activation::Relu),
        sized(157, 6, 2).activation(Activation::Sigmoid).replicas(4),
        sized(5, 33, 3).activation(Activation::Sigmoid).replicas(4),
    ]
}

/// More rows than a batch has at most, and more columns than a layer: in one group, and in groups of 8.
pub(super) fn long_and_wide() -> Vec<Case> {
    let wide = |groups| {
        move |mut case: Case| {
            case.sizes.push(("groups", groups));
            case
        }
    };
    let [long, shared, row] = Case::long_and_wide();
    vec![wide(2)(long), wide(2)(shared), wide(1)(row.clone()), wide(row.size("cols") / 8)(row)]
}

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    normalized(call, call.size("groups"))
}

/// Also offsets, and groups without variance.
fn cases() -> Vec<Case> {
    let mut cases = grouped();
    cases.extend([
        sized(31, 65, 5).fill("x", Fill::Normal(1e3, 1.0)).activation(Activation::Relu),
        sized(7, 256, 4).fill("x", Fill::Normal(1e4, 1.0)),
        sized(65, 30, 3).fill("x", Fill::ConstantRows(1.0)),
        sized(9, 256, 2).fill("x", Fill::ConstantRows(1e4)).replicas(2),
    ]);
    affine_cases(cases).into_iter().chain(long_and_wide()).collect()
}
