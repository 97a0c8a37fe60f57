//! `adam`: Adam over all parameters at once (Kingma and Ba 2015, algorithm 1; no weight decay).
//!
//! ```text
//! m = beta1 · m + (1 − beta1) · g                  v = beta2 · v + (1 − beta2) · g²
//! parameters −= learning_rate · m / (1 − beta1ᵗ) / (√(v / (1 − beta2ᵗ)) + epsilon)
//! ```
//!
//! t is `step`, the number of this step counted from 1. Powers are taken by repeated squaring, so
//! that 1 − betaᵗ keeps its digits where t is small, which a GPU's `pow` does not guarantee.

use super::cases::{Case, Fill, NOT_FINITE};
use super::contract::{Contract, GridAxis, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `adam`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "adam",
        summary: "first and second moments of the gradients move by beta1 and beta2, \
                  parameters -= learning_rate * unbiased first / (sqrt(unbiased second) + epsilon)",
        sizes: &["count"],
        operands: &[
            Operand::read("gradients", "1", "count"),
            Operand::read("learning_rate", "1", "1"),
            Operand::read("step", "1", "1").of_u32(),
            Operand::update("parameters", "1", "count"),
            Operand::update("first_moment", "1", "count"),
            Operand::update("second_moment", "1", "count"),
        ],
        parameters: &[
            Parameter { name: "beta1", default: 0.9 },
            Parameter { name: "beta2", default: 0.999 },
            Parameter { name: "epsilon", default: 1e-8 },
        ],
        grid: [GridAxis::Size("count"), GridAxis::One],
        split: Some("count"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("adam": "naive"),
    ..Kernel::PLAIN
};

/// `base` to the power `exponent`, by repeated squaring.
#[must_use]
pub fn power<T: Real>(base: T, exponent: u32) -> T {
    let (mut result, mut square, mut rest) = (T::one(), base, exponent);
    while rest > 0 {
        if rest % 2 == 1 {
            result = result * square;
        }
        square = square * square;
        rest /= 2;
    }
    result
}

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (gradients, learning_rate) = (call.real("gradients"), call.real("learning_rate").at(0, 0));
    let (beta1, beta2) = (call.parameter("beta1"), call.parameter("beta2"));
    let mut parameters = call.real("parameters").clone();
    let mut first = call.real("first_moment").clone();
    let mut second = call.real("second_moment").clone();
    let step = call.indices("step").at(0, 0);
    let bias1 = T::one() - power(beta1, step);
    let bias2 = T::one() - power(beta2, step);
    for i in 0..call.size("count") {
        let gradient = gradients.at(0, i);
        let m = beta1 * first.at(0, i) + (T::one() - beta1) * gradient;
        let v = beta2 * second.at(0, i) + (T::one() - beta2) * (gradient * gradient);
        let change = m / bias1 / ((v / bias2).sqrt() + call.parameter("epsilon"));
        first.put(0, i, m);
        second.put(0, i, v);
        parameters.put(0, i, parameters.at(0, i) - learning_rate * change);
    }
    vec![Value::Real(parameters), Value::Real(first), Value::Real(second)]
}

fn cases() -> Vec<Case> {
    let case = |count, step| {
        Case::new(&[("count", count)])
            .fill("learning_rate", Fill::Uniform(0.001, 0.1))
            .fill("second_moment", Fill::Uniform(0.0, 2.0))
            .fill("step", Fill::Count(step))
    };
    // Where the gradients vanish, the step is divided by epsilon.
    let tiny = case(65, 3)
        .fill("gradients", Fill::Normal(0.0, 1e-8))
        .fill("first_moment", Fill::Normal(0.0, 1e-8))
        .fill("second_moment", Fill::Uniform(0.0, 1e-16));
    // The step is divided by the root of a denormal number, which is a normal number.
    let denormal = case(65, 3)
        .parameter("epsilon", 1e-20)
        .fill("gradients", Fill::Count(0))
        .fill("first_moment", Fill::Normal(0.0, 1e-20))
        .fill("second_moment", Fill::Uniform(1e-40, 1e-38));
    let between = |operand| case(257, 9).replicas(2).fill(operand, Fill::Between(NOT_FINITE));
    vec![
        case(1, 1),
        case(65, 2),
        case(257, 1500).replicas(3),
        case(70_001, 50_000),
        // Each replica at its own step.
        case(31, 1).replicas(3).fill("step", Fill::Below(1000)),
        tiny,
        denormal,
        between("gradients"),
        between("first_moment"),
        between("parameters"),
        case(65, 5).fill("gradients", Fill::Extreme(1e18)),
    ]
}
