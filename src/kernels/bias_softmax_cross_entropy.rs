//! `bias_softmax_cross_entropy`: the output layer after its product, forward and backward in one
//! dispatch: logits = x + bias, their loss and how many are correct, and the gradients of x and bias.
//!
//! It computes what `bias_forward`, `softmax_cross_entropy` and `bias_backward` do one after the
//! other, bit for bit.

use super::cases::{Case, Fill};
use super::contract::{Contract, Operand, Part};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use super::{bias_backward, bias_forward, softmax_cross_entropy};
use crate::kernels::activation::Activation;
use crate::tensor::{Real, Value};

/// The kernel `bias_softmax_cross_entropy`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "bias_softmax_cross_entropy",
        summary: "logits = x + bias, losses[step mod slots] = mean of -ln softmax(logits)[target], correct \
                  likewise, step += 1, d_x = (softmax(logits) - onehot(target)) / rows, d_bias = sum over \
                  rows of d_x",
        sizes: &["rows", "classes", "slots"],
        operands: &[
            Operand::read("x", "rows", "classes"),
            Operand::read("bias", "1", "classes").strided(),
            Operand::read("targets", "rows", "1").of_u32().below("classes"),
            Operand::write("d_x", "rows", "classes"),
            Operand::write("d_bias", "1", "classes").strided(),
            Operand::update("losses", "slots", "1").in_part(Part::OneRow),
            Operand::update("correct", "slots", "1").in_part(Part::OneRow).of_u32(),
            Operand::update("step", "1", "1").of_u32(),
        ],
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("bias_softmax_cross_entropy": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let identity = Activation::Identity;
    let (z, logits) = bias_forward::shifted(call.real("x"), call.real("bias"), identity);
    let (d_logits, counted) = softmax_cross_entropy::losses(&logits, call);
    let (d_x, d_bias) = bias_backward::gradients(&d_logits, &z, identity);
    [Value::Real(d_x), Value::Real(d_bias)].into_iter().chain(counted).collect()
}

/// The same with only two distinct biases, so that logits are equal where x is.
fn cases() -> Vec<Case> {
    let cases = softmax_cross_entropy::cases("x");
    let equal = cases.iter().cloned().map(|case| case.fill("bias", Fill::Extreme(1.0)));
    cases.iter().cloned().chain(equal).collect()
}
