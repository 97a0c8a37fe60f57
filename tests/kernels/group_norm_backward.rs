//! `group_norm_backward`: the gradient of Wu and He 2018, equations 1 to 4.

use super::group_norm_forward::with_groups;
use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, gradients, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::group_norm_backward::KERNEL;
use normlab::kernels::{group_norm_forward, layer_norm_backward};
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "gradients_are_central_differences", || gradient(false)));
    trials.push(trial(&KERNEL, "shared_gradients_are_central_differences", || gradient(true)));
    trials.push(trial(&KERNEL, "one_group_is_layer_norm", one_group));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    with_groups().prop_map(|case| case.fill("statistics", Fill::StatisticsCols(0.0))).boxed()
}

/// The first group is that of layer norm's test: x̂ = −1, −1, 1, 1 and rstd = 1/2, and with gamma = 3
/// and g = 1, 2, 3, 6, d_x = 1/2 · (−1.5, 1.5, −4.5, 4.5). In the second, x̂ = −1, −1, 1, 1 and
/// rstd = 1/4; g = 2 throughout is its own mean and has nothing of x̂, so d_x = 0. Per unit,
/// d_gamma = g · x̂ and d_beta = g; shared, their sums are 6 + 0 and 12 + 8.
fn by_hand() {
    let call = Call::new(&KERNEL)
        .real("d_y", &matrix([[1.0, 2.0, 3.0, 6.0, 2.0, 2.0, 2.0, 2.0]]))
        .real("z", &matrix([[-3.0, -3.0, 3.0, 3.0, -3.0, -3.0, 3.0, 3.0]]))
        .real("x", &matrix([[1.0, 1.0, 5.0, 5.0, 0.0, 0.0, 8.0, 8.0]]))
        .real("statistics", &matrix([[3.0, 0.5, 4.0, 0.25]]));
    let d_x = matrix([[-0.75, 0.75, -2.25, 2.25, 0.0, 0.0, 0.0, 0.0]]);
    let outputs = call.clone().real("gamma", &matrix([[3.0; 8]])).evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), d_x);
    let d_gamma = matrix([[-1.0, -2.0, 3.0, 6.0, -2.0, -2.0, 2.0, 2.0]]);
    assert_eq!(*outputs.real("d_gamma"), d_gamma);
    assert_eq!(*outputs.real("d_beta"), matrix([[1.0, 2.0, 3.0, 6.0, 2.0, 2.0, 2.0, 2.0]]));
    let outputs = call.real("gamma", &matrix([[3.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), d_x);
    assert_eq!(*outputs.real("d_gamma"), matrix([[6.0]]));
    assert_eq!(*outputs.real("d_beta"), matrix([[20.0]]));
}

fn gradient(shared: bool) {
    let shapes = [
        (Shape::matrix(1, 6), 3),
        (Shape::matrix(3, 8), 2),
        (Shape::matrix(2, 3), 3),
        (Shape::new(2, 3, 10), 2),
    ];
    for (activation, (shape, groups)) in
        Activation::ALL.into_iter().flat_map(|f| shapes.map(|s| (f, s)))
    {
        let kernels = [&group_norm_forward::KERNEL, &KERNEL];
        let affine = if shared { 1 } else { shape.cols };
        gradients::assert_norm_gradients(kernels, shape, (affine, Some(groups)), activation);
    }
}

/// To the last bit: with one group the formula is layer norm's.
fn one_group() {
    let shape = Shape::matrix(7, 9);
    let gradients = |kernel| {
        Call::new(kernel)
            .activation(Activation::Tanh)
            .real("d_y", &normal(1, shape))
            .real("z", &normal(2, shape))
            .real("x", &normal(3, shape))
            .real("gamma", &normal(4, Shape::matrix(1, 9)))
            .real("statistics", &Tensor::filled(Shape::matrix(7, 2), 0.5))
            .evaluate::<f32>()
    };
    let (group, layer) = (gradients(&KERNEL), gradients(&layer_norm_backward::KERNEL));
    for name in ["d_x", "d_gamma", "d_beta"] {
        assert_eq!(group.real(name), layer.real(name), "{name}");
    }
}

/// The statistics are the vectors'; z, which PyTorch does not show, is the forward twin's.
fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let kept = Call::new(&group_norm_forward::KERNEL)
            .real("x", case.real("x"))
            .real("gamma", case.real("gamma"))
            .real("beta", case.real("beta"))
            .size("groups", case.real("statistics").shape.cols / 2)
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
    vectors::read("group_norm").into_iter().map(expected).collect()
}
