//! `matmul_bias_forward`: a layer without a norm in one dispatch: z = a · b + bias, y = f(z).
//!
//! It computes what `matmul_nn` and `bias_forward` do one after the other, bit for bit.

use super::cases::Case;
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use super::{bias_forward, matmul_nn};
use crate::kernels::activation::Activation;
use crate::tensor::{Real, Value};

/// The kernel `matmul_bias_forward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "matmul_bias_forward",
        summary: "z = a · b + bias, y = activate(z)",
        sizes: &["m", "k", "n"],
        operands: &[
            Operand::read("a", "m", "k"),
            Operand::read("b", "k", "n").strided(),
            Operand::read("bias", "1", "n").strided(),
            Operand::write("z", "m", "n"),
            Operand::write("y", "m", "n"),
        ],
        activation: true,
        grid: [GridAxis::Size("n"), GridAxis::Size("m")],
        products: 1,
        split: Some("m"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("matmul_bias_forward": "naive", "tiled", "subgroup"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let product = matmul_nn::product(call.real("a"), call.real("b"));
    let (z, y) = bias_forward::shifted(&product, call.real("bias"), call.activation);
    vec![Value::Real(z), Value::Real(y)]
}

/// The cases of a product, with each activation in turn.
fn cases() -> Vec<Case> {
    let activations = Activation::ALL.into_iter().cycle();
    let cases = Case::matmul().into_iter().zip(activations);
    cases.map(|(case, activation)| case.activation(activation)).collect()
}
