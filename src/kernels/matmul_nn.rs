//! `matmul_nn`: c = a · b.
//!
//! A layer's forward pass: `a` holds its inputs, `b` its weights.

use super::cases::Case;
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Shape, Tensor, Value};

/// The kernel `matmul_nn`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "matmul_nn",
        summary: "c = a · b",
        sizes: &["m", "k", "n"],
        operands: &[
            Operand::read("a", "m", "k"),
            Operand::read("b", "k", "n").strided(),
            Operand::write("c", "m", "n"),
        ],
        grid: [GridAxis::Size("n"), GridAxis::Size("m")],
        products: 1,
        split: Some("m"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases: Case::matmul,
    shaders: sources!("matmul_nn": "naive", "blocked", "tiled", "subgroup", "cooperative_8", "cooperative_16"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    vec![Value::Real(product(call.real("a"), call.real("b")))]
}

/// a · b, of `[m, k]` and `[k, n]`.
pub(super) fn product<T: Real>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
    let mut c = Tensor::filled(Shape::matrix(a.shape.rows, b.shape.cols), T::zero());
    for i in 0..a.shape.rows {
        for k in 0..b.shape.rows {
            let factor = a.at(i, k);
            for (sum, &term) in c.row_mut(i).iter_mut().zip(b.row(k)) {
                *sum += factor * term;
            }
        }
    }
    c
}
