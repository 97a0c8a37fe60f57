//! `sgd`: stochastic gradient descent with momentum, over all parameters at once.
//!
//! velocity = momentum · velocity + gradients, parameters −= learning_rate · velocity: PyTorch's form
//! (Sutskever et al. 2013, with the learning rate outside). With momentum 0 the velocity is the
//! gradient and is not stored. Each replica has its own learning rate.

use super::cases::{Case, Fill, NOT_FINITE};
use super::contract::{Contract, GridAxis, Operand, Parameter, Part};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Value};

/// The kernel `sgd`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "sgd",
        summary: "velocity = momentum * velocity + gradients, parameters -= learning_rate * velocity",
        sizes: &["count"],
        operands: &[
            Operand::read("gradients", "1", "count"),
            Operand::read("learning_rate", "1", "1"),
            Operand::update("parameters", "1", "count"),
            Operand::update("velocity", "1", "count").in_part(Part::UnlessZero("momentum")),
        ],
        parameters: &[Parameter { name: "momentum", default: 0.0 }],
        grid: [GridAxis::Size("count"), GridAxis::One],
        split: Some("count"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("sgd": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (gradients, learning_rate) = (call.real("gradients"), call.real("learning_rate").at(0, 0));
    let momentum = call.parameter("momentum");
    let mut parameters = call.real("parameters").clone();
    let mut velocity = call.real("velocity").clone();
    for i in 0..call.size("count") {
        let mut step = gradients.at(0, i);
        if momentum != T::zero() {
            step = momentum * velocity.at(0, i) + step;
            velocity.put(0, i, step);
        }
        parameters.put(0, i, parameters.at(0, i) - learning_rate * step);
    }
    vec![Value::Real(parameters), Value::Real(velocity)]
}

fn cases() -> Vec<Case> {
    let case = |count, momentum| {
        Case::new(&[("count", count)])
            .parameter("momentum", momentum)
            .fill("learning_rate", Fill::Uniform(0.01, 0.5))
    };
    let between = |momentum, operand| {
        case(257, momentum).replicas(2).fill(operand, Fill::Between(NOT_FINITE))
    };
    // The learning rate turns denormal numbers into normal ones.
    let denormal = |momentum, operand| {
        case(65, momentum)
            .fill("gradients", Fill::Count(0))
            .fill("velocity", Fill::Count(0))
            .fill(operand, Fill::Uniform(1e-40, 1e-38))
            .fill("learning_rate", Fill::Uniform(1e20, 2e20))
            .fill("parameters", Fill::Normal(0.0, 1e-18))
    };
    vec![
        case(1, 0.0),
        case(65, 0.9),
        case(257, 0.0).replicas(3),
        case(70_001, 0.0),
        case(70_001, 0.9).replicas(2),
        between(0.0, "gradients"),
        between(0.9, "gradients"),
        between(0.9, "velocity"),
        between(0.9, "parameters"),
        denormal(0.0, "gradients"),
        denormal(0.9, "gradients"),
        denormal(0.9, "velocity"),
        case(65, 0.0).fill("gradients", Fill::Extreme(1e37)),
        case(65, 0.9).fill("gradients", Fill::Extreme(1e37)),
    ]
}
