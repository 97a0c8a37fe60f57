//! `column_stats`: the location and spread of each column (unit).
//!
//! ```text
//! mean = Σ x / rows     deviation = √(Σ (x − mean)² / rows)     smallest, largest
//! outside = (number of x with x < low or x > high) / rows
//! ```
//!
//! These are the five rows of `stats`. Sums run over x minus the column's first value, for the reason
//! given in `batch_norm_forward`.

use super::cases::{Case, Fill, LONG, NEXT_TO_ZERO, NOT_FINITE};
use super::contract::{Contract, GridAxis, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// Where the sigmoid reaches .02 and .98: ln(.98 / .02).
pub const SATURATED: f32 = 3.891_820_2;

/// The kernel `column_stats`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "column_stats",
        summary: "mean, deviation, smallest, largest, share below low or above high of each column",
        sizes: &["rows", "cols"],
        operands: &[Operand::read("x", "rows", "cols"), Operand::write("stats", "5", "cols")],
        parameters: &[
            Parameter { name: "low", default: -SATURATED },
            Parameter { name: "high", default: SATURATED },
        ],
        grid: [GridAxis::Size("cols"), GridAxis::One],
        split: Some("cols"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("column_stats": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let x = call.real("x");
    let (low, high) = (call.parameter("low"), call.parameter("high"));
    let rows = call.size("rows");
    let count = T::of(rows as f64);
    let mut stats = call.zeros("stats");
    for col in 0..call.size("cols") {
        let column = || (0..rows).map(|row| x.at(row, col));
        let first = x.at(0, col);
        let shift = column().map(|x| x - first).sum::<T>() / count;
        let squares = column().map(|x| (x - first - shift).powi(2)).sum::<T>();
        let outside = column().filter(|&x| x < low || x > high).count();
        let rows = [
            first + shift,
            (squares / count).sqrt(),
            column().fold(first, T::min),
            column().fold(first, T::max),
            T::of(outside as f64) / count,
        ];
        rows.into_iter().enumerate().for_each(|(row, value)| stats.put(row, col, value));
    }
    vec![Value::Real(stats)]
}

fn cases() -> Vec<Case> {
    let case = |rows, cols| Case::new(&[("rows", rows), ("cols", cols)]);
    // A denormal number counts as outside; treated as 0, it does not.
    let next_to_zero = case(5, 31).fill("x", Fill::Between(NEXT_TO_ZERO));
    vec![
        case(1, 1),
        case(31, 65),
        case(257, 3).replicas(3),
        case(60, 100).fill("x", Fill::Normal(0.0, 6.0)),
        case(65, 31).fill("x", Fill::Normal(1e3, 1.0)).parameter("low", 999.0),
        case(257, 7).fill("x", Fill::Normal(1e4, 1.0)).parameter("high", 1e4),
        case(31, 33).fill("x", Fill::ConstantColumns(1e4)),
        case(9, 5).fill("x", Fill::Extreme(100.0)).replicas(2),
        case(LONG, 3),
        case(5, 33).fill("x", Fill::Between(NOT_FINITE)).replicas(2),
        next_to_zero.parameter("low", 0.0).parameter("high", 0.0),
        case(5, 33).fill("x", Fill::Extreme(1e18)),
    ]
}
