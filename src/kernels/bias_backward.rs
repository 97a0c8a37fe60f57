//! `bias_backward`: the gradients of `bias_forward`: d_x = d_y · f′(z), d_bias = Σ over rows of d_x.

use super::cases::Case;
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::kernels::activation::Activation;
use crate::tensor::{Real, Shape, Tensor, Value};

/// The kernel `bias_backward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
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
        grid: [GridAxis::Size("cols"), GridAxis::One],
        split: Some("cols"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases: || Case::activated_at(&["z"]).into_iter().chain([Case::large()]).collect(),
    shaders: sources!("bias_backward": "naive", "simd8"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (d_x, d_bias) = gradients(call.real("d_y"), call.real("z"), call.activation);
    vec![Value::Real(d_x), Value::Real(d_bias)]
}

/// d_x and d_bias, of `[rows, cols]` both.
pub(super) fn gradients<T: Real>(
    d_y: &Tensor<T>,
    z: &Tensor<T>,
    activation: Activation,
) -> (Tensor<T>, Tensor<T>) {
    let mut d_x = Tensor::filled(d_y.shape, T::zero());
    let mut d_bias = Tensor::filled(Shape::matrix(1, d_y.shape.cols), T::zero());
    for row in 0..d_y.shape.rows {
        for col in 0..d_y.shape.cols {
            let gradient = d_y.at(row, col) * activation.activation_gradient(z.at(row, col));
            d_x.put(row, col, gradient);
            d_bias.row_mut(0)[col] += gradient;
        }
    }
    (d_x, d_bias)
}
