//! `batch_norm_backward`: Ioffe and Szegedy 2015, section 3.

use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, gradients, map, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::backend::twins::TwinNumber;
use normlab::kernels::activation::Activation;
use normlab::kernels::batch_norm_backward::KERNEL;
use normlab::kernels::batch_norm_forward;
use normlab::kernels::cases::{Case, Fill};
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "gradients_are_central_differences", gradient));
    trials.push(trial(&KERNEL, "one_row_has_no_gradient", one_row));
    trials.push(trial(&KERNEL, "gradient_of_a_column_sums_to_nothing", sums));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    properties::rows_and_cols()
        .prop_map(|case| case.fill("statistics", Fill::StatisticsRows(0.0)))
        .boxed()
}

/// x = 1, 1, 5, 5 has the mean 3 and rstd 1/2, so x̂ = −1, −1, 1, 1; gamma = 3, and z = 3 x̂.
///
/// With no activation g = 1, 2, 3, 6: d_beta = 12, d_gamma = −1 − 2 + 3 + 6 = 6, and d_x = 3/2 ·
/// (g − 3 − 1.5 x̂) = 3/2 · (−0.5, 0.5, −1.5, 1.5). With ReLU g = 0, 0, 3, 6: d_beta = d_gamma = 9,
/// and d_x = 3/2 · (g − 2.25 − 2.25 x̂) = 3/2 · (0, 0, −1.5, 1.5).
fn by_hand() {
    let call = Call::new(&KERNEL)
        .real("d_y", &matrix([[1.0], [2.0], [3.0], [6.0]]))
        .real("z", &matrix([[-3.0], [-3.0], [3.0], [3.0]]))
        .real("x", &matrix([[1.0], [1.0], [5.0], [5.0]]))
        .real("gamma", &matrix([[3.0]]))
        .real("statistics", &matrix([[3.0], [0.5]]));
    let outputs = call.evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), matrix([[-0.75], [0.75], [-2.25], [2.25]]));
    assert_eq!(*outputs.real("d_gamma"), matrix([[6.0]]));
    assert_eq!(*outputs.real("d_beta"), matrix([[12.0]]));
    let outputs = call.activation(Activation::Relu).evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), matrix([[0.0], [0.0], [-2.25], [2.25]]));
    assert_eq!(*outputs.real("d_gamma"), matrix([[9.0]]));
    assert_eq!(*outputs.real("d_beta"), matrix([[9.0]]));
}

fn gradient() {
    let shapes = [Shape::matrix(1, 3), Shape::matrix(7, 1), Shape::new(2, 5, 3)];
    for (activation, shape) in Activation::ALL.into_iter().flat_map(|f| shapes.map(|s| (f, s))) {
        let kernels = [&batch_norm_forward::KERNEL, &KERNEL];
        gradients::assert_norm_gradients(kernels, shape, (shape.cols, None), activation);
    }
}

/// The gradients of a batch, with z and the statistics as the forward pass in `T` kept them.
fn backward<T: TwinNumber>(x: &Tensor<f64>, activation: Activation) -> super::support::Outputs {
    let row = Shape { rows: 1, ..x.shape };
    let gamma = normal(2, row);
    let kept = Call::new(&batch_norm_forward::KERNEL)
        .real("x", x)
        .real("gamma", &gamma)
        .real("beta", &normal(3, row))
        .real("running", &Tensor::filled(Shape { rows: 2, ..x.shape }, 1.0))
        .activation(activation)
        .evaluate::<T>();
    Call::new(&KERNEL)
        .activation(activation)
        .real("d_y", &normal(4, x.shape))
        .real("z", kept.real("z"))
        .real("x", x)
        .real("gamma", &gamma)
        .real("statistics", kept.real("statistics"))
        .evaluate::<T>()
}

/// The lesson's batch of one: layers before the norm learn exactly nothing.
fn one_row() {
    properties::hold(&(1_usize..34, properties::activation()), |(cols, activation)| {
        let x = map(&normal(1, Shape::matrix(1, cols)), |x| 1e3 * x);
        let rough = backward::<f32>(&map(&x, |x| f64::from(x as f32)), activation);
        for outputs in [rough, backward::<f64>(&x, activation)] {
            assert!(outputs.real("d_x").data.iter().all(|d_x| *d_x == 0.0));
            assert!(outputs.real("d_gamma").data.iter().all(|d_gamma| *d_gamma == 0.0));
        }
    });
}

/// A shift of a whole column changes nothing, so the gradient along it is 0.
fn sums() {
    properties::hold(&(2_usize..34, 1_usize..9, properties::activation()), |input| {
        let (rows, cols, activation) = input;
        let x = map(&normal(1, Shape::matrix(rows, cols)), |x| 5.0 + x);
        let outputs = backward::<f64>(&x, activation);
        let d_x = outputs.real("d_x");
        for col in 0..cols {
            let sum = (0..rows).map(|row| d_x.at(row, col)).sum::<f64>();
            assert!(sum.abs() < 1e-9, "{sum}");
        }
    });
}

/// The statistics are the vectors'; z, which PyTorch does not show, is the forward twin's.
fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let kept = Call::new(&batch_norm_forward::KERNEL)
            .real("x", case.real("x"))
            .real("gamma", case.real("gamma"))
            .real("beta", case.real("beta"))
            .real("running", case.real("running_before"))
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
    vectors::read("batch_norm").into_iter().map(expected).collect()
}
