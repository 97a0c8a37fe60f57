//! `bias_backward`: the gradients of `bias_forward`: d_x = d_y · f′(z), d_bias = Σ over rows of d_x.

use super::cases::Case;
use super::contract::{Axis, Contract, Operand, PLAIN};
use super::sources;
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The contract of `bias_backward`.
pub static CONTRACT: Contract = Contract {
    name: "bias_backward",
    summary: "d_x = d_y * activation_gradient(z), d_bias = sum over rows of d_x",
    sizes: &["rows", "cols"],
    operands: &[
        Operand::read("d_y", "rows", "cols"),
        Operand::read("z", "rows", "cols"),
        Operand::write("d_x", "rows", "cols"),
        Operand::write("d_bias", "1", "cols").strided(),
    ],
    activation: true,
    grid: [Axis::Size("cols"), Axis::One],
    split: Some("cols"),
    twin_f32: twin,
    twin_f64: twin,
    cases: || Case::activated_at(&["z"]),
    shaders: sources!("bias_backward": "naive"),
    ..PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (d_y, z) = (call.real("d_y"), call.real("z"));
    let (mut d_x, mut d_bias) = (call.zeros("d_x"), call.zeros("d_bias"));
    for row in 0..call.size("rows") {
        for col in 0..call.size("cols") {
            let gradient = d_y.at(row, col) * call.activation.activation_gradient(z.at(row, col));
            d_x.put(row, col, gradient);
            d_bias.row_mut(0)[col] += gradient;
        }
    }
    vec![Value::Real(d_x), Value::Real(d_bias)]
}
