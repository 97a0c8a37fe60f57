//! `rms_norm_backward`: the gradient of Zhang and Sennrich 2019, equation 4.

use super::layer_norm_forward::with_affine;
use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, assert_close, gradients, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::rms_norm_backward::KERNEL;
use normlab::kernels::rms_norm_forward;
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "gradients_are_central_differences", || gradient(false)));
    trials.push(trial(&KERNEL, "shared_gradients_are_central_differences", || gradient(true)));
    trials.push(trial(&KERNEL, "shared_gradients_are_the_sums_over_all_units", shared));
    trials.push(trial(&KERNEL, "d_x_is_across_x", across));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    with_affine().prop_map(|case| case.fill("statistics", Fill::Uniform(0.1, 3.0))).boxed()
}

/// x = 1, 2, 2 with rstd 1/2 gives x̂ = 0.5, 1, 1. ReLU lets d_y = 2, 1, 2 through where z is above 0:
/// g = 2, 1, 0. With gamma = 3 throughout, h = 6, 3, 0 and Σ (h · x̂) / 3 = 2, so d_x = 1/2 · (h − 2 x̂) =
/// 1/2 · (5, 1, −2). Per unit, d_gamma = g · x̂; shared, their sum 2.
fn by_hand() {
    let call = Call::new(&KERNEL)
        .activation(Activation::Relu)
        .real("d_y", &matrix([[2.0, 1.0, 2.0]]))
        .real("z", &matrix([[1.5, 3.0, -3.0]]))
        .real("x", &matrix([[1.0, 2.0, 2.0]]))
        .real("statistics", &matrix([[0.5]]));
    let d_x = matrix([[2.5, 0.5, -1.0]]);
    let outputs = call.clone().real("gamma", &matrix([[3.0; 3]])).evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), d_x);
    assert_eq!(*outputs.real("d_gamma"), matrix([[1.0, 1.0, 0.0]]));
    let outputs = call.real("gamma", &matrix([[3.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), d_x);
    assert_eq!(*outputs.real("d_gamma"), matrix([[2.0]]));
}

fn gradient(shared: bool) {
    let shapes = [Shape::matrix(1, 7), Shape::matrix(3, 1), Shape::new(2, 3, 5)];
    for (activation, shape) in Activation::ALL.into_iter().flat_map(|f| shapes.map(|s| (f, s))) {
        let kernels = [&rms_norm_forward::KERNEL, &KERNEL];
        let affine = if shared { 1 } else { shape.cols };
        gradients::assert_norm_gradients(kernels, shape, (affine, None), activation);
    }
}

fn shared() {
    let (shape, row) = (Shape::matrix(7, 9), Shape::matrix(1, 9));
    let gradients = |gamma: Tensor<f64>| {
        Call::new(&KERNEL)
            .activation(Activation::Tanh)
            .real("d_y", &normal(1, shape))
            .real("z", &normal(2, shape))
            .real("x", &normal(3, shape))
            .real("gamma", &gamma)
            .real("statistics", &Tensor::filled(Shape::matrix(7, 1), 0.5))
            .evaluate::<f64>()
    };
    let (one, each) = (gradients(matrix([[1.5]])), gradients(Tensor::filled(row, 1.5)));
    assert_eq!(one.real("d_x"), each.real("d_x"));
    let sum = matrix([[each.real("d_gamma").data.iter().sum()]]);
    assert_close("d_gamma", one.real("d_gamma"), &sum, 1e-13);
}

/// Without epsilon the length of x does not matter, so no gradient points along x.
fn across() {
    let shape = Shape::matrix(5, 9);
    let (x, gamma) = (normal(1, shape), normal(2, Shape::matrix(1, 9)));
    let forward = Call::new(&rms_norm_forward::KERNEL)
        .real("x", &x)
        .real("gamma", &gamma)
        .parameter("epsilon", 0.0)
        .evaluate::<f64>();
    let outputs = Call::new(&KERNEL)
        .real("d_y", &normal(3, shape))
        .real("z", forward.real("z"))
        .real("x", &x)
        .real("gamma", &gamma)
        .real("statistics", forward.real("statistics"))
        .evaluate::<f64>();
    for row in 0..5 {
        let pairs = outputs.real("d_x").row(row).iter().zip(x.row(row));
        let along: f64 = pairs.map(|(d_x, x)| d_x * x).sum();
        assert!(along.abs() < 1e-13, "row {row}: {along:e} along x");
    }
}

/// The statistics are the vectors'; z, which PyTorch does not show, is the forward twin's.
fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let kept = Call::new(&rms_norm_forward::KERNEL)
            .real("x", case.real("x"))
            .real("gamma", case.real("gamma"))
            .parameter("epsilon", case.parameter("epsilon"))
            .evaluate::<f64>();
        let call = Call::new(&KERNEL)
            .activation(case.activation())
            .real("d_y", case.real("d_y"))
            .real("z", kept.real("z"))
            .real("x", case.real("x"))
            .real("gamma", case.real("gamma"))
            .real("statistics", case.real("statistics"));
        let output = |name| (name, Value::Real(case.real(name).clone()));
        let outputs = ["d_x", "d_gamma"].map(output).to_vec();
        Expected { label: case.label.clone(), call, outputs }
    };
    vectors::read("rms_norm").into_iter().map(expected).collect()
}
