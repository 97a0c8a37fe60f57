//! `matmul_backward`: both gradients of a layer's product y = x · weight in one dispatch:
//! d_weight = xᵀ · d_y and d_x = d_y · weightᵀ.
//!
//! It computes what `matmul_tn` and `matmul_nt` do one after the other, bit for bit. The two are
//! independent, so one dispatch keeps a device busier than two.

use super::cases::{Case, LONG};
use super::contract::{Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use super::{matmul_nt, matmul_tn};
use crate::tensor::{Real, Value};

/// The kernel `matmul_backward`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "matmul_backward",
        summary: "d_weight = xᵀ · d_y, d_x = d_y · weightᵀ",
        sizes: &["batch", "inputs", "outputs"],
        operands: &[
            Operand::read("x", "batch", "inputs"),
            Operand::read("d_y", "batch", "outputs"),
            Operand::read("weight", "inputs", "outputs").strided(),
            Operand::write("d_weight", "inputs", "outputs").strided(),
            Operand::write("d_x", "batch", "inputs"),
        ],
        grid: [GridAxis::Size("inputs"), GridAxis::Tiles("outputs", "batch")],
        products: 2,
        split: Some("inputs"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("matmul_backward": "naive", "tiled", "subgroup"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, d_y) = (call.real("x"), call.real("d_y"));
    let d_weight = matmul_tn::product(x, d_y);
    let d_x = matmul_nt::product(d_y, call.real("weight"));
    vec![Value::Real(d_weight), Value::Real(d_x)]
}

/// The cases of a product, and long sums: d_weight's over the batch, d_x's over the outputs.
fn cases() -> Vec<Case> {
    let case = |batch, outputs| Case::new(&[("batch", batch), ("inputs", 3), ("outputs", outputs)]);
    let products = Case::products(["batch", "inputs", "outputs"], "d_y").into_iter();
    products.chain([case(LONG, 5), case(5, LONG)]).collect()
}
