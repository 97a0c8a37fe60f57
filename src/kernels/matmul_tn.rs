//! `matmul_tn`: c = aᵀ · b.
//!
//! The gradient of a layer's weights: `a` holds its inputs, `b` the gradient of its outputs.

use super::cases::Case;
use super::contract::{Axis, Contract, Operand, PLAIN};
use super::sources;
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The contract of `matmul_tn`.
pub static CONTRACT: Contract = Contract {
    name: "matmul_tn",
    summary: "c = aᵀ · b",
    sizes: &["m", "k", "n"],
    operands: &[
        Operand::read("a", "k", "m"),
        Operand::read("b", "k", "n"),
        Operand::write("c", "m", "n").strided(),
    ],
    grid: [Axis::Size("n"), Axis::Size("m")],
    split: Some("m"),
    twin_f32: twin,
    twin_f64: twin,
    cases: Case::matmul,
    shaders: sources!("matmul_tn": "naive", "subgroup"),
    ..PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (a, b) = (call.real("a"), call.real("b"));
    let mut c = call.zeros("c");
    for k in 0..call.size("k") {
        for i in 0..call.size("m") {
            let factor = a.at(k, i);
            for (sum, &term) in c.row_mut(i).iter_mut().zip(b.row(k)) {
                *sum += factor * term;
            }
        }
    }
    vec![Value::Real(c)]
}
