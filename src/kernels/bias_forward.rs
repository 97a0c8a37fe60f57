//! `bias_forward`: what follows a layer's product where it has no norm: z = x + bias, y = f(z).

use super::cases::Case;
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::kernels::activation::Activation;
use crate::tensor::{Real, Tensor, Value};

/// The kernel `bias_forward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
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
        grid: [GridAxis::Size("cols"), GridAxis::Size("rows")],
        split: Some("rows"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases: || Case::activated_at(&["x", "bias"]),
    shaders: sources!("bias_forward": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (z, y) = shifted(call.real("x"), call.real("bias"), call.activation);
    vec![Value::Real(z), Value::Real(y)]
}

/// z and y, of `[rows, cols]` and `[1, cols]`.
pub(super) fn shifted<T: Real>(
    x: &Tensor<T>,
    bias: &Tensor<T>,
    activation: Activation,
) -> (Tensor<T>, Tensor<T>) {
    let zeros = Tensor::filled(x.shape, T::zero());
    let (mut z, mut y) = (zeros.clone(), zeros);
    for row in 0..x.shape.rows {
        for col in 0..x.shape.cols {
            let sum = x.at(row, col) + bias.at(0, col);
            z.put(row, col, sum);
            y.put(row, col, activation.activate(sum));
        }
    }
    (z, y)
}
