//! `layer_norm_forward`: layer normalization (Ba, Kiros and Hinton 2016, equations 3 and 4).
//!
//! Each row (example) is normalized over its columns (units), then scaled, shifted and passed to the
//! activation:
//!
//! ```text
//! mean = Σ x / cols          variance = Σ (x − mean)² / cols       rstd = 1 / √(variance + epsilon)
//! z = gamma · (x − mean) · rstd + beta                             y = activate(z)
//! ```
//!
//! `affine` is the number of columns for one gamma and beta per unit, or 1 for one pair that the
//! whole layer shares. `statistics` keeps mean (column 0) and rstd (column 1) for the backward pass.
//! The sums run over x minus the row's first value, for the reason given in `batch_norm_forward`.
//! Training and inference are the same.

use super::cases::Case;
use super::constants::EPSILON;
use super::contract::{Columns, Contract, GridAxis, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `layer_norm_forward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "layer_norm_forward",
        summary: "z = gamma * (x - mean) * rstd + beta over each row, y = activate(z)",
        sizes: &["rows", "cols", "affine"],
        operands: &[
            Operand::read("x", "rows", "cols"),
            Operand::read("gamma", "1", "affine").strided(),
            Operand::read("beta", "1", "affine").strided(),
            Operand::write("z", "rows", "cols"),
            Operand::write("y", "rows", "cols"),
            Operand::write("statistics", "rows", "2"),
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
    shaders: sources!("layer_norm_forward": "naive", "subgroup", "lanes"),
    ..Kernel::PLAIN
};

/// One gamma for the layer, or one for each unit, and nothing in between. Beta is as wide as gamma.
pub(super) const ONE_OR_ALL: (&str, Columns) = ("gamma", Columns::OneOrAll("cols"));

/// Every case with one gamma for each unit, and again with one that all units share.
pub(super) fn affine_cases(cases: Vec<Case>) -> Vec<Case> {
    let with = |case: &Case, shared: bool| {
        let cols = case.size("cols");
        let mut case = case.clone();
        case.sizes.push(("affine", if shared { 1 } else { cols }));
        case
    };
    let both = |case: Case| [with(&case, false), with(&case, true)];
    cases.into_iter().flat_map(both).collect()
}

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, gamma, beta) = (call.real("x"), call.real("gamma"), call.real("beta"));
    let (cols, affine) = (call.size("cols"), call.size("affine"));
    let (mut z, mut y) = (call.zeros("z"), call.zeros("y"));
    let mut statistics = call.zeros("statistics");
    let count = T::of(cols as f64);
    for row in 0..call.size("rows") {
        let first = x.at(row, 0);
        let shift = (0..cols).map(|col| x.at(row, col) - first).sum::<T>() / count;
        let centred = |col: usize| x.at(row, col) - first - shift;
        let squares = (0..cols).map(|col| centred(col) * centred(col)).sum::<T>();
        let rstd = T::one() / (squares / count + call.parameter("epsilon")).sqrt();
        for col in 0..cols {
            let unit = col % affine;
            let value = gamma.at(0, unit) * (centred(col) * rstd) + beta.at(0, unit);
            z.put(row, col, value);
            y.put(row, col, call.activation.activate(value));
        }
        statistics.put(row, 0, first + shift);
        statistics.put(row, 1, rstd);
    }
    vec![Value::Real(z), Value::Real(y), Value::Real(statistics)]
}

fn cases() -> Vec<Case> {
    let cases = affine_cases(Case::normalized("cols", "rows"));
    cases.into_iter().chain(Case::long_and_wide()).collect()
}
