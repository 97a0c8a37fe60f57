//! `matmul_nt`: c = a · bᵀ.
//!
//! The gradient of a layer's inputs: `a` holds the gradient of its outputs, `b` its weights.

use super::cases::Case;
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Shape, Tensor, Value};

/// The kernel `matmul_nt`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "matmul_nt",
        summary: "c = a · bᵀ",
        sizes: &["m", "k", "n"],
        operands: &[
            Operand::read("a", "m", "k"),
            Operand::read("b", "n", "k").strided(),
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
    shaders: sources!("matmul_nt": "naive", "blocked", "tiled", "subgroup", "cooperative_8", "cooperative_16"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    vec![Value::Real(product(call.real("a"), call.real("b")))]
}

/// a · bᵀ, of `[m, k]` and `[n, k]`.
pub(super) fn product<T: Real>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
    let mut c = Tensor::filled(Shape::matrix(a.shape.rows, b.shape.rows), T::zero());
    for k in 0..a.shape.cols {
        // Column k of b, so that the innermost loop runs over neighbours.
        let column: Vec<T> = (0..b.shape.rows).map(|j| b.at(j, k)).collect();
        for i in 0..a.shape.rows {
            let factor = a.at(i, k);
            for (sum, &term) in c.row_mut(i).iter_mut().zip(&column) {
                *sum += factor * term;
            }
        }
    }
    c
}
