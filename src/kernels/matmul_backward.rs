//! `matmul_backward`: both gradients of a layer's product y = x · weight in one dispatch:
//! d_weight = xᵀ · d_y and d_x = d_y · weightᵀ.
//!
//! It does what `matmul_tn` and `matmul_nt` do one after the other, to the same bits. The two do not
//! depend on each other, so that one dispatch keeps a device busier than two.

use super::cases::{Case, Fill};
use super::contract::{Axis, Contract, Operand, PLAIN};
use super::twin::Arguments;
use super::{matmul_nt, matmul_tn, sources};
use crate::tensor::{Real, Value};

/// The contract of `matmul_backward`.
pub static CONTRACT: Contract = Contract {
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
    grid: [Axis::Size("inputs"), Axis::Tiles("outputs", "batch")],
    products: 2,
    split: Some("inputs"),
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("matmul_backward": "naive", "tiled", "subgroup"),
    ..PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, d_y) = (call.real("x"), call.real("d_y"));
    let d_weight = matmul_tn::product(x, d_y);
    let d_x = matmul_nt::product(d_y, call.real("weight"));
    vec![Value::Real(d_weight), Value::Real(d_x)]
}

fn cases() -> Vec<Case> {
    let case = |batch, inputs, outputs| {
        Case::new(&[("batch", batch), ("inputs", inputs), ("outputs", outputs)])
    };
    vec![
        case(1, 1, 1),
        case(1, 31, 65),
        case(31, 65, 257),
        case(257, 1, 31),
        case(65, 257, 1),
        case(60, 100, 10),
        case(33, 9, 57).replicas(3),
        case(65, 31, 10).fill("d_y", Fill::Normal(1e3, 1.0)),
    ]
}
