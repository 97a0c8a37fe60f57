//! `bias_forward`: what follows a layer's product where it has no norm: z = x + bias, y = f(z).

use super::cases::Case;
use super::contract::{Axis, Contract, Operand, PLAIN};
use super::sources;
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The contract of `bias_forward`.
pub static CONTRACT: Contract = Contract {
    name: "bias_forward",
    summary: "z = x + bias, y = activate(z)",
    sizes: &["rows", "cols"],
    operands: &[
        Operand::read("x", "rows", "cols"),
        Operand::read("bias", "1", "cols").strided(),
        Operand::write("z", "rows", "cols"),
        Operand::write("y", "rows", "cols"),
    ],
    activation: true,
    grid: [Axis::Size("cols"), Axis::Size("rows")],
    split: Some("rows"),
    twin_f32: twin,
    twin_f64: twin,
    cases: || Case::activated_at(&["x", "bias"]),
    shaders: sources!("bias_forward": "naive"),
    ..PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, bias) = (call.real("x"), call.real("bias"));
    let (mut z, mut y) = (call.zeros("z"), call.zeros("y"));
    for row in 0..call.size("rows") {
        for col in 0..call.size("cols") {
            let sum = x.at(row, col) + bias.at(0, col);
            z.put(row, col, sum);
            y.put(row, col, call.activation.activate(sum));
        }
    }
    vec![Value::Real(z), Value::Real(y)]
}
