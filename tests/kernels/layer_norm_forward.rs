//! `layer_norm_forward`: Ba, Kiros and Hinton 2016, equations 3 and 4.

use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, grid, map, matrix, normal, properties, transposed, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::batch_norm_forward;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::contract::Sizes;
use normlab::kernels::layer_norm_forward::KERNEL;
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "constant_row_is_normalized_to_beta", constant_row));
    trials.push(trial(&KERNEL, "examples_do_not_see_each_other", one_at_a_time));
    trials.push(trial(&KERNEL, "shared_affine_is_the_same_for_every_unit", shared));
    trials.push(trial(&KERNEL, "shift_and_scale_of_x_do_not_matter", shift_and_scale));
    trials.push(trial(&KERNEL, "is_batch_norm_of_the_transpose", transpose));
    trials.push(trial(&KERNEL, "affine_of_another_width_is_refused", widths));
    trials
}

/// Any size, gamma and beta per unit or shared.
pub(crate) fn with_affine() -> BoxedStrategy<Case> {
    (properties::rows_and_cols(), any::<bool>())
        .prop_map(|(mut case, shared)| {
            let cols = case.size("cols");
            case.sizes.push(("affine", if shared { 1 } else { cols }));
            case
        })
        .boxed()
}

fn cases() -> BoxedStrategy<Case> {
    (with_affine(), proptest::sample::select(vec![0.0, 10.0, 1e3]))
        .prop_map(|(case, offset)| case.fill("x", Fill::Normal(offset, 1.0)))
        .boxed()
}

fn call(x: &Tensor<f64>, gamma: &Tensor<f64>, beta: &Tensor<f64>) -> Call {
    Call::new(&KERNEL).real("x", x).real("gamma", gamma).real("beta", beta)
}

/// Row 0: 1, 5 has the mean 3 and the variance 4, so x̂ = −1, 1. Row 1: 0, 8 has the mean 4 and the
/// variance 16, so x̂ is the same. z = 3 x̂ + 1 in column 0 and −x̂ + 0.5 in column 1, or 2 x̂ + 1 in
/// both.
fn by_hand() {
    let x = matrix([[1.0, 5.0], [0.0, 8.0]]);
    let call = |gamma, beta| call(&x, &gamma, &beta).parameter("epsilon", 0.0);
    let outputs = call(matrix([[3.0, -1.0]]), matrix([[1.0, 0.5]]))
        .activation(Activation::Relu)
        .evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[-2.0, -0.5], [-2.0, -0.5]]));
    assert_eq!(*outputs.real("y"), matrix([[0.0, 0.0], [0.0, 0.0]]));
    assert_eq!(*outputs.real("statistics"), matrix([[3.0, 0.5], [4.0, 0.25]]));
    let outputs = call(matrix([[2.0]]), matrix([[1.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[-1.0, 3.0], [-1.0, 3.0]]));
}

/// One unit alone, or all units equal: nothing of x is left, to the last bit.
fn constant_row() {
    let inputs = (1_usize..34, -1e6_f64..1e6, properties::activation());
    properties::hold(&inputs, |(cols, constant, activation)| {
        let row = Shape::matrix(1, cols);
        let (gamma, beta) = (normal(1, row), normal(2, row));
        let x = Tensor::filled(Shape::matrix(2, cols), constant);
        let outputs = call(&x, &gamma, &beta).activation(activation).evaluate::<f32>();
        let expected = |beta: f64| f64::from(activation.activate(beta as f32));
        for row in 0..2 {
            assert_eq!(outputs.real("y").row(row), map(&beta, expected).data);
        }
    });
}

/// Each row of a batch is what it is alone: layer norm works on a batch of one.
fn one_at_a_time() {
    let x = normal(1, Shape::matrix(7, 13));
    let (gamma, beta) = (normal(2, Shape::matrix(1, 13)), normal(3, Shape::matrix(1, 13)));
    let together = call(&x, &gamma, &beta).evaluate::<f32>();
    for row in 0..7 {
        let alone = Tensor::new(Shape::matrix(1, 13), x.row(row).to_vec());
        let alone = call(&alone, &gamma, &beta).evaluate::<f32>();
        for name in ["z", "y", "statistics"] {
            assert_eq!(together.real(name).row(row), alone.real(name).row(0), "{name}");
        }
    }
}

fn shared() {
    let x = normal(1, Shape::matrix(5, 9));
    let spread = |value: f64| Tensor::filled(Shape::matrix(1, 9), value);
    let shared = call(&x, &matrix([[1.5]]), &matrix([[-0.5]])).evaluate::<f32>();
    let per_unit = call(&x, &spread(1.5), &spread(-0.5)).evaluate::<f32>();
    for name in ["z", "y", "statistics"] {
        assert_eq!(shared.real(name), per_unit.real(name), "{name}");
    }
}

/// As for batch norm: to the last bit even in f32, on a grid on which the sums are exact.
fn shift_and_scale() {
    properties::hold(&(-10_000_i32..10_000, -8_i32..8), |(shift, exponent)| {
        let x = grid(1, Shape::matrix(9, 31));
        let row = Shape::matrix(1, 31);
        let z = |x: &Tensor<f64>| {
            let call = call(x, &normal(2, row), &normal(3, row)).parameter("epsilon", 0.0);
            call.evaluate::<f32>().real("z").clone()
        };
        assert_eq!(z(&x), z(&map(&x, |x| x + f64::from(shift))), "shifted by {shift}");
        let scale = f64::from(exponent).exp2();
        assert_eq!(z(&x), z(&map(&x, |x| x * scale)), "times {scale}");
    });
}

/// With one gamma and beta for all, the rows of the one are the columns of the other.
fn transpose() {
    let x = normal(1, Shape::matrix(7, 5));
    let layer = call(&x, &matrix([[1.5]]), &matrix([[-0.5]])).evaluate::<f64>();
    let row = |value| Tensor::filled(Shape::matrix(1, 7), value);
    let batch = Call::new(&batch_norm_forward::KERNEL)
        .real("x", &transposed(&x))
        .real("gamma", &row(1.5))
        .real("beta", &row(-0.5))
        .real("running", &Tensor::filled(Shape::matrix(2, 7), 0.0))
        .evaluate::<f64>();
    for name in ["z", "statistics"] {
        assert_eq!(transposed(layer.real(name)), *batch.real(name), "{name}");
    }
}

fn widths() {
    let sizes = [("rows", 2), ("cols", 6), ("affine", 3)];
    let Err(refused) = Sizes::new(&KERNEL.contract, 1, &sizes) else { panic!("a width of 3 of 6") };
    let message = refused.to_string();
    assert!(message.contains("gamma has 3 columns, expected 1 or 6"), "{message}");
}

fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let call = call(case.real("x"), case.real("gamma"), case.real("beta"))
            .activation(case.activation())
            .parameter("epsilon", case.parameter("epsilon"));
        let output = |name| (name, Value::Real(case.real(name).clone()));
        let outputs = ["y", "statistics"].map(output).to_vec();
        Expected { label: case.label.clone(), call, outputs }
    };
    vectors::read("layer_norm").into_iter().map(expected).collect()
}
