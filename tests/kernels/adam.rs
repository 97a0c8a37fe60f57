//! `adam`: Kingma and Ba 2015, algorithm 1.

use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, assert_close, indices, matrix, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::adam::KERNEL;
use normlab::kernels::cases::{Case, Fill};
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "first_step_is_the_rate_whatever_the_gradient", first_step));
    trials.push(trial(&KERNEL, "bias_correction_keeps_its_digits", digits));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    (1_usize..400, properties::replicas(), 1_u32..100_000)
        .prop_map(|(count, replicas, step)| {
            Case::new(&[("count", count)])
                .replicas(replicas)
                .fill("second_moment", Fill::Uniform(0.0, 2.0))
                .fill("learning_rate", Fill::Uniform(0.001, 0.1))
                .fill("step", Fill::Count(step))
        })
        .boxed()
}

/// A call with one parameter at 1 whose moments are `m` and `v`.
fn call(gradient: f64, [m, v]: [f64; 2], step: u32) -> Call {
    Call::new(&KERNEL)
        .real("gradients", &matrix([[gradient]]))
        .index("step", &indices([[step]]))
        .real("parameters", &matrix([[1.0]]))
        .real("first_moment", &matrix([[m]]))
        .real("second_moment", &matrix([[v]]))
}

/// With both betas 1/2 and t = 2, the biases are 1 − 1/4 = 3/4.
/// m = 1/2 · 1 + 1/2 · 2 = 1.5, corrected 2; v = 1/2 · 8 + 1/2 · 4 = 6, corrected 8, and with the
/// epsilon 0 the change is 0.25 · 2 / √8.
fn by_hand() {
    let outputs = call(2.0, [1.0, 8.0], 2)
        .real("learning_rate", &matrix([[0.25]]))
        .parameter("beta1", 0.5)
        .parameter("beta2", 0.5)
        .parameter("epsilon", 0.0)
        .evaluate::<f64>();
    assert_eq!(*outputs.real("first_moment"), matrix([[1.5]]));
    assert_eq!(*outputs.real("second_moment"), matrix([[6.0]]));
    let moved = matrix([[1.0 - 0.5 / 8.0_f64.sqrt()]]);
    assert_close("parameters", outputs.real("parameters"), &moved, 1e-15);
}

/// From moments of 0, m / bias1 is the gradient and √(v / bias2) its magnitude.
fn first_step() {
    for gradient in [-1e3, -1e-3, 1e-3, 1.0, 1e3] {
        let outputs = call(gradient, [0.0, 0.0], 1)
            .real("learning_rate", &matrix([[0.5]]))
            .parameter("epsilon", 0.0)
            .evaluate::<f64>();
        let moved = matrix([[1.0 - 0.5 * gradient.signum()]]);
        assert_close("parameters", outputs.real("parameters"), &moved, 1e-14);
    }
}

/// Also in f32, for any gradient: 1 − 0.999 is exact, and √ halves what its square loses.
fn digits() {
    let outputs =
        call(3.0, [0.0, 0.0], 1).real("learning_rate", &matrix([[0.5]])).evaluate::<f32>();
    assert_close("parameters", outputs.real("parameters"), &matrix([[0.5]]), 1e-6);
}

/// Each step from the state that the vectors have before it.
fn expected() -> Vec<Expected> {
    let mut all = Vec::new();
    for case in vectors::read("adam") {
        let mut parameters = case.real("parameters").clone();
        let zeros = Tensor::filled(parameters.shape, 0.0);
        let (mut m, mut v) = (zeros.clone(), zeros);
        for step in 0..case.real("gradients").shape.rows {
            let call = ["beta1", "beta2", "epsilon"]
                .into_iter()
                .fold(Call::new(&KERNEL), |call, name| call.parameter(name, case.parameter(name)));
            let count = Tensor::filled(Shape::matrix(1, 1), step as u32 + 1);
            let call = call
                .real("gradients", &case.step("gradients", step))
                .real("learning_rate", case.real("learning_rate"))
                .index("step", &count)
                .real("parameters", &parameters)
                .real("first_moment", &m)
                .real("second_moment", &v);
            parameters = case.step("parameters_after", step);
            (m, v) = (case.step("m_after", step), case.step("v_after", step));
            let outputs = vec![
                ("parameters", Value::Real(parameters.clone())),
                ("first_moment", Value::Real(m.clone())),
                ("second_moment", Value::Real(v.clone())),
            ];
            all.push(Expected { label: format!("{} step {step}", case.label), call, outputs });
        }
    }
    all
}
