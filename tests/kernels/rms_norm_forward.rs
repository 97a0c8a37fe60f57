//! `rms_norm_forward`: Zhang and Sennrich 2019, equation 4.

use super::layer_norm_forward::with_affine;
use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, assert_close, grid, map, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::contract::Sizes;
use normlab::kernels::layer_norm_forward;
use normlab::kernels::rms_norm_forward::KERNEL;
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "a_row_of_zeros_stays_zeros", zeros));
    trials.push(trial(&KERNEL, "examples_do_not_see_each_other", one_at_a_time));
    trials.push(trial(&KERNEL, "shared_gamma_is_the_same_for_every_unit", shared));
    trials.push(trial(&KERNEL, "scale_of_x_does_not_matter", scale));
    trials.push(trial(&KERNEL, "is_layer_norm_where_the_mean_is_0", layer_norm));
    trials.push(trial(&KERNEL, "squares_beyond_f32_give_0", beyond));
    trials.push(trial(&KERNEL, "gamma_of_another_width_is_refused", widths));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    (with_affine(), proptest::sample::select(vec![0.0, 10.0, 1e3]))
        .prop_map(|(case, offset)| case.fill("x", Fill::Normal(offset, 1.0)))
        .boxed()
}

fn call(x: &Tensor<f64>, gamma: &Tensor<f64>) -> Call {
    Call::new(&KERNEL).real("x", x).real("gamma", gamma)
}

/// With epsilon = 1: 1, 2, 2 has the mean square 3, so rstd = 1/√4 and x̂ = 0.5, 1, 1; 5, −4, 2 has 15,
/// so rstd = 1/√16 and x̂ = 1.25, −1, 0.5. z = 2 x̂, −x̂ and 4 x̂ in the columns, or 2 x̂ in all.
fn by_hand() {
    let x = matrix([[1.0, 2.0, 2.0], [5.0, -4.0, 2.0]]);
    let call = |gamma| call(&x, &gamma).parameter("epsilon", 1.0);
    let outputs = call(matrix([[2.0, -1.0, 4.0]])).activation(Activation::Relu).evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[1.0, -1.0, 4.0], [2.5, 1.0, 2.0]]));
    assert_eq!(*outputs.real("y"), matrix([[1.0, 0.0, 4.0], [2.5, 1.0, 2.0]]));
    assert_eq!(*outputs.real("statistics"), matrix([[0.5], [0.25]]));
    let outputs = call(matrix([[2.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[1.0, 2.0, 2.0], [2.5, -2.0, 1.0]]));
}

/// Epsilon keeps the root from 0.
fn zeros() {
    let x = Tensor::filled(Shape::matrix(2, 5), 0.0);
    let outputs = call(&x, &normal(1, Shape::matrix(1, 5))).evaluate::<f32>();
    assert_eq!(map(outputs.real("z"), f64::abs), x);
    let rstd = 1.0 / f64::from(normlab::kernels::EPSILON).sqrt();
    let expected = Tensor::filled(Shape::matrix(2, 1), rstd);
    assert_close("rstd", outputs.real("statistics"), &expected, 1e-6);
}

/// Each row of a batch is what it is alone: the norm works on a batch of one.
fn one_at_a_time() {
    let x = normal(1, Shape::matrix(7, 13));
    let gamma = normal(2, Shape::matrix(1, 13));
    let together = call(&x, &gamma).evaluate::<f32>();
    for row in 0..7 {
        let alone = Tensor::new(Shape::matrix(1, 13), x.row(row).to_vec());
        let alone = call(&alone, &gamma).evaluate::<f32>();
        for name in ["z", "y", "statistics"] {
            assert_eq!(together.real(name).row(row), alone.real(name).row(0), "{name}");
        }
    }
}

fn shared() {
    let x = normal(1, Shape::matrix(5, 9));
    let shared = call(&x, &matrix([[1.5]])).evaluate::<f32>();
    let per_unit = call(&x, &Tensor::filled(Shape::matrix(1, 9), 1.5)).evaluate::<f32>();
    for name in ["z", "y", "statistics"] {
        assert_eq!(shared.real(name), per_unit.real(name), "{name}");
    }
}

/// To the last bit even in f32: powers of 2 are exact there.
fn scale() {
    properties::hold(&(-30_i32..30), |exponent| {
        let x = grid(1, Shape::matrix(9, 31));
        let z = |x: &Tensor<f64>| {
            let call = call(x, &normal(2, Shape::matrix(1, 31))).parameter("epsilon", 0.0);
            call.evaluate::<f32>().real("z").clone()
        };
        let scale = f64::from(exponent).exp2();
        assert_eq!(z(&x), z(&map(&x, |x| x * scale)), "times {scale}");
        assert_eq!(map(&z(&x), |z| -z), z(&map(&x, |x| -x)));
    });
}

/// Rows that have every value with both signs.
fn layer_norm() {
    let half = normal(1, Shape::matrix(5, 4));
    let rows = (0..5).flat_map(|row| half.row(row).iter().flat_map(|&x| [x, -x]));
    let x = Tensor::new(Shape::matrix(5, 8), rows.collect());
    let gamma = normal(2, Shape::matrix(1, 8));
    let layer = Call::new(&layer_norm_forward::KERNEL)
        .real("x", &x)
        .real("gamma", &gamma)
        .real("beta", &Tensor::filled(Shape::matrix(1, 8), 0.0))
        .evaluate::<f64>();
    assert_close("z", call(&x, &gamma).evaluate::<f64>().real("z"), layer.real("z"), 1e-13);
}

/// As the docs of the kernel say: 1e20 has no square in f32.
fn beyond() {
    let call = call(&Tensor::filled(Shape::matrix(1, 3), 1e20), &matrix([[2.0]]));
    assert_eq!(*call.evaluate::<f32>().real("z"), matrix([[0.0; 3]]));
    assert_close("z", call.evaluate::<f64>().real("z"), &matrix([[2.0; 3]]), 1e-13);
}

fn widths() {
    let sizes = [("rows", 2), ("cols", 6), ("affine", 3)];
    let Err(refused) = Sizes::new(&KERNEL.contract, 1, &sizes) else { panic!("a width of 3 of 6") };
    let message = refused.to_string();
    assert!(message.contains("gamma has 3 columns, expected 1 or 6"), "{message}");
}

fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let call = call(case.real("x"), case.real("gamma"))
            .activation(case.activation())
            .parameter("epsilon", case.parameter("epsilon"));
        let output = |name| (name, Value::Real(case.real(name).clone()));
        let outputs = ["y", "statistics"].map(output).to_vec();
        Expected { label: case.label.clone(), call, outputs }
    };
    vectors::read("rms_norm").into_iter().map(expected).collect()
}
