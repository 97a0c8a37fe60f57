//! `sgd`: velocity = momentum · velocity + gradients, parameters −= learning_rate · velocity.

use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::cases::Case;
use normlab::kernels::sgd::KERNEL;
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "each_replica_has_its_own_rate", rates));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    let momentum = prop_oneof![Just(0.0_f32), 0.1_f32..1.0];
    (1_usize..400, properties::replicas(), momentum)
        .prop_map(|(count, replicas, momentum)| {
            Case::new(&[("count", count)]).replicas(replicas).parameter("momentum", momentum)
        })
        .boxed()
}

/// velocity = 0.5 · [4, −2] + [1, 3] = [3, 2]; parameters = [10, 20] − 0.25 · [3, 2]. Without
/// momentum the velocity stays as it was, and parameters = [10, 20] − 0.25 · [1, 3].
fn by_hand() {
    let call = Call::new(&KERNEL)
        .real("gradients", &matrix([[1.0, 3.0]]))
        .real("learning_rate", &matrix([[0.25]]))
        .real("parameters", &matrix([[10.0, 20.0]]))
        .real("velocity", &matrix([[4.0, -2.0]]));
    let outputs = call.clone().parameter("momentum", 0.5).evaluate::<f64>();
    assert_eq!(*outputs.real("velocity"), matrix([[3.0, 2.0]]));
    assert_eq!(*outputs.real("parameters"), matrix([[9.25, 19.5]]));
    let outputs = call.evaluate::<f64>();
    assert_eq!(*outputs.real("velocity"), matrix([[4.0, -2.0]]));
    assert_eq!(*outputs.real("parameters"), matrix([[9.75, 19.25]]));
}

/// The same gradients with the rates 0, 1 and 2: nothing, one step, two steps.
fn rates() {
    let gradients = normal(1, Shape::matrix(1, 5));
    let shape = Shape::new(3, 1, 5);
    let outputs = Call::new(&KERNEL)
        .real("gradients", &Tensor::new(shape, gradients.data.repeat(3)))
        .real("learning_rate", &Tensor::new(Shape::new(3, 1, 1), vec![0.0, 1.0, 2.0]))
        .real("parameters", &Tensor::filled(shape, 0.0))
        .real("velocity", &Tensor::filled(shape, 0.0))
        .evaluate::<f64>();
    for (replica, learning_rate) in [0.0, 1.0, 2.0].into_iter().enumerate() {
        let moved = outputs.real("parameters").replica(replica);
        let expected = super::support::map(&gradients, |g| -learning_rate * g);
        assert_eq!(moved, expected);
    }
}

/// Each step from the state that the vectors have before it. PyTorch calls the gradient the velocity
/// where there is no momentum; this kernel stores none then.
fn expected() -> Vec<Expected> {
    let mut all = Vec::new();
    for case in vectors::read("sgd") {
        let gradients = case.real("gradients").shape;
        let momentum = case.parameter("momentum");
        let mut parameters = case.real("parameters").clone();
        let mut velocity = Tensor::filled(parameters.shape, 0.0);
        for step in 0..gradients.rows {
            let call = Call::new(&KERNEL)
                .parameter("momentum", momentum)
                .real("gradients", &case.step("gradients", step))
                .real("learning_rate", case.real("learning_rate"))
                .real("parameters", &parameters)
                .real("velocity", &velocity);
            parameters = case.step("parameters_after", step);
            if momentum != 0.0 {
                velocity = case.step("velocity_after", step);
            }
            let outputs = vec![
                ("parameters", Value::Real(parameters.clone())),
                ("velocity", Value::Real(velocity.clone())),
            ];
            all.push(Expected { label: format!("{} step {step}", case.label), call, outputs });
        }
    }
    all
}
