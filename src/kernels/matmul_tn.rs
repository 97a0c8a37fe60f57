//! `matmul_tn`: c = aᵀ · b.
//!
//! The gradient of a layer's weights: `a` holds its inputs, `b` the gradient of its outputs.

use super::cases::Case;
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Shape, Tensor, Value};

/// The kernel `matmul_tn`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "matmul_tn",
        summary: "c = aᵀ · b",
        sizes: &["m", "k", "n"],
        operands: &[
            Operand::read("a", "k", "m"),
            Operand::read("b", "k", "n"),
            Operand::write("c", "m", "n").strided(),
        ],
        grid: [GridAxis::Size("n"), GridAxis::Size("m")],
        products: 1,
        split: Some("m"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases: Case::matmul,
    shaders: sources!("matmul_tn": "naive", "blocked", "tiled", "subgroup", "cooperative_8", "cooperative_16"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    vec![Value::Real(product(call.real("a"), call.real("b")))]
}

/// aᵀ · b, of `[k, m]` and `[k, n]`.
pub(super) fn product<T: Real>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
    let mut c = Tensor::filled(Shape::matrix(a.shape.cols, b.shape.cols), T::zero());
    for k in 0..b.shape.rows {
        for i in 0..a.shape.cols {
            let factor = a.at(k, i);
            for (sum, &term) in c.row_mut(i).iter_mut().zip(b.row(k)) {
                *sum += factor * term;
            }
        }
    }
    c
}
