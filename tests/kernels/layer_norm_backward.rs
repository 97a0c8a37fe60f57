//! `layer_norm_backward`: the gradient of Ba, Kiros and Hinton 2016, equations 3 and 4.

use super::layer_norm_forward::with_affine;
use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, assert_close, gradients, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::layer_norm_backward::KERNEL;
use normlab::kernels::layer_norm_forward;
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
    trials
}

fn cases() -> BoxedStrategy<Case> {
    with_affine().prop_map(|case| case.fill("statistics", Fill::StatisticsCols(0.0))).boxed()
}

/// x = 1, 1, 5, 5 has the mean 3 and rstd 1/2, so x̂ = −1, −1, 1, 1. With gamma = 3 throughout and
/// g = 1, 2, 3, 6, h = 3 g: d_x = 1/2 · (h − 9 − 4.5 x̂) = 1/2 · (−1.5, 1.5, −4.5, 4.5). Per unit,
/// d_gamma = g · x̂ and d_beta = g; shared, their sums 6 and 12.
fn by_hand() {
    let call = Call::new(&KERNEL)
        .real("d_y", &matrix([[1.0, 2.0, 3.0, 6.0]]))
        .real("z", &matrix([[-3.0, -3.0, 3.0, 3.0]]))
        .real("x", &matrix([[1.0, 1.0, 5.0, 5.0]]))
        .real("statistics", &matrix([[3.0, 0.5]]));
    let d_x = matrix([[-0.75, 0.75, -2.25, 2.25]]);
    let outputs = call.clone().real("gamma", &matrix([[3.0; 4]])).evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), d_x);
    assert_eq!(*outputs.real("d_gamma"), matrix([[-1.0, -2.0, 3.0, 6.0]]));
    assert_eq!(*outputs.real("d_beta"), matrix([[1.0, 2.0, 3.0, 6.0]]));
    let outputs = call.real("gamma", &matrix([[3.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), d_x);
    assert_eq!(*outputs.real("d_gamma"), matrix([[6.0]]));
    assert_eq!(*outputs.real("d_beta"), matrix([[12.0]]));
}

fn gradient(shared: bool) {
    let shapes = [Shape::matrix(1, 7), Shape::matrix(3, 1), Shape::new(2, 3, 5)];
    for (activation, shape) in Activation::ALL.into_iter().flat_map(|f| shapes.map(|s| (f, s))) {
        let kernels = [&layer_norm_forward::KERNEL, &KERNEL];
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
            .real("statistics", &Tensor::filled(Shape::matrix(7, 2), 0.5))
            .evaluate::<f64>()
    };
    let (one, each) = (gradients(matrix([[1.5]])), gradients(Tensor::filled(row, 1.5)));
    assert_eq!(one.real("d_x"), each.real("d_x"));
    for name in ["d_gamma", "d_beta"] {
        let sum = matrix([[each.real(name).data.iter().sum()]]);
        assert_close(name, one.real(name), &sum, 1e-13);
    }
}

/// The statistics are the vectors'; z, which PyTorch does not show, is the forward twin's.
fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let kept = Call::new(&layer_norm_forward::KERNEL)
            .real("x", case.real("x"))
            .real("gamma", case.real("gamma"))
            .real("beta", case.real("beta"))
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
        let outputs = ["d_x", "d_gamma", "d_beta"].map(output).to_vec();
        Expected { label: case.label.clone(), call, outputs }
    };
    vectors::read("layer_norm").into_iter().map(expected).collect()
}
