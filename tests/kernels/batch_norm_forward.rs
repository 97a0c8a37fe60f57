//! `batch_norm_forward`: Ioffe and Szegedy 2015, algorithm 1.

use super::support::vectors::{self, Expected};
use super::support::{Call, Outputs, agreement, grid, map, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::backend::twins::TwinNumber;
use normlab::kernels::activation::Activation;
use normlab::kernels::batch_norm_forward::KERNEL;
use normlab::kernels::cases::{Case, Fill};
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "one_row_is_normalized_to_beta", one_row));
    trials.push(trial(&KERNEL, "constant_column_is_normalized_to_beta", constant_column));
    trials.push(trial(&KERNEL, "output_has_mean_beta_and_deviation_gamma", moments));
    trials.push(trial(&KERNEL, "shift_and_scale_of_x_do_not_matter", shift_and_scale));
    trials.push(trial(&KERNEL, "order_of_the_columns_does_not_matter", columns));
    trials
}

/// Any size, x anywhere between plain and far from 0.
fn cases() -> BoxedStrategy<Case> {
    (properties::rows_and_cols(), proptest::sample::select(vec![0.0, 10.0, 1e3]))
        .prop_map(|(case, offset)| {
            case.fill("x", Fill::Normal(offset, 1.0)).fill("running", Fill::Uniform(0.1, 2.0))
        })
        .boxed()
}

/// A call with the running statistics 0 and 0.
fn call(x: &Tensor<f64>, gamma: &Tensor<f64>, beta: &Tensor<f64>) -> Call {
    let running = Tensor::filled(Shape { rows: 2, ..gamma.shape }, 0.0);
    Call::new(&KERNEL)
        .real("x", x)
        .real("gamma", gamma)
        .real("beta", beta)
        .real("running", &running)
}

/// Column 0: 1, 5 has the mean 3 and the variance 4, so x̂ = −1, 1; z = 3 x̂ + 1. Column 1: 0, 4 has
/// the mean 2 and the variance 4; z = −x̂ + 0.5. The unbiased variances are 8. The running means go
/// a quarter of the way from 10 and −2 to 3 and 2, the running variances from 4 and 0 to 8.
fn by_hand() {
    let gamma = matrix([[3.0, -1.0]]);
    let outputs = call(&matrix([[1.0, 0.0], [5.0, 4.0]]), &gamma, &matrix([[1.0, 0.5]]))
        .real("running", &matrix([[10.0, -2.0], [4.0, 0.0]]))
        .activation(Activation::Relu)
        .parameter("epsilon", 0.0)
        .parameter("momentum", 0.25)
        .evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[-2.0, 1.5], [4.0, -0.5]]));
    assert_eq!(*outputs.real("y"), matrix([[0.0, 1.5], [4.0, 0.0]]));
    assert_eq!(*outputs.real("statistics"), matrix([[3.0, 2.0], [0.5, 0.5]]));
    assert_eq!(*outputs.real("running"), matrix([[8.25, -1.0], [5.0, 2.0]]));
}

/// Compares y with activate(beta) in every row, to the last bit.
fn assert_only_beta<T: TwinNumber>(call: &Call, beta: &Tensor<f64>, activation: Activation) {
    let outputs = call.clone().activation(activation).evaluate::<T>();
    for (at, y) in outputs.real("y").data.iter().enumerate() {
        let beta = T::of(beta.data[at % beta.data.len()]);
        assert_eq!(*y, activation.activate(beta).widen(), "{activation:?} at {at}");
    }
}

/// The lesson's batch of one: nothing of x is left, and the running variance takes in a 0.
fn one_row() {
    properties::hold(&(1_usize..34, properties::activation()), |(cols, activation)| {
        let shape = Shape::matrix(1, cols);
        let (x, beta) = (map(&normal(1, shape), |x| 1e4 * x), normal(2, shape));
        let call = call(&x, &normal(3, shape), &beta).parameter("momentum", 0.5);
        assert_only_beta::<f32>(&call, &beta, activation);
        assert_only_beta::<f64>(&call, &beta, activation);
        let outputs = call.evaluate::<f64>();
        assert!(outputs.real("running").row(1).iter().all(|variance| *variance == 0.0));
    });
}

/// Whatever the constant is, its column's variance is 0 exactly.
fn constant_column() {
    let inputs = (1_usize..34, -1e6_f64..1e6, properties::activation());
    properties::hold(&inputs, |(rows, constant, activation)| {
        let (gamma, beta) = (normal(1, Shape::matrix(1, 3)), normal(2, Shape::matrix(1, 3)));
        let call = call(&Tensor::filled(Shape::matrix(rows, 3), constant), &gamma, &beta);
        assert_only_beta::<f32>(&call, &beta, activation);
        assert_only_beta::<f64>(&call, &beta, activation);
    });
}

/// Over each column of a batch, z has the mean beta and the standard deviation |gamma|.
fn moments() {
    properties::hold(&(2_usize..70, 1_usize..9), |(rows, cols)| {
        let affine = Shape::matrix(1, cols);
        let (gamma, beta) = (normal(1, affine), normal(2, affine));
        let x = map(&normal(3, Shape::matrix(rows, cols)), |x| 100.0 + 5.0 * x);
        let outputs = call(&x, &gamma, &beta).parameter("epsilon", 0.0).evaluate::<f64>();
        let z = outputs.real("z");
        for col in 0..cols {
            let count = rows as f64;
            let mean = (0..rows).map(|row| z.at(row, col)).sum::<f64>() / count;
            let square = |row| (z.at(row, col) - mean).powi(2);
            let deviation = ((0..rows).map(square).sum::<f64>() / count).sqrt();
            assert!((mean - beta.at(0, col)).abs() < 1e-11, "mean {mean}");
            assert!((deviation - gamma.at(0, col).abs()).abs() < 1e-11, "deviation {deviation}");
        }
    });
}

/// Without epsilon, adding a constant or multiplying by a power of 2 leaves z as it is, to the last
/// bit even in f32: x is on a grid on which its sums with the constant are exact.
fn shift_and_scale() {
    let inputs = (2_usize..34, 1_usize..20, -10_000_i32..10_000, -8_i32..8);
    properties::hold(&inputs, |(rows, cols, shift, exponent)| {
        let affine = Shape::matrix(1, cols);
        let x = grid(1, Shape::matrix(rows, cols));
        let z = |x: &Tensor<f64>| {
            let call = call(x, &normal(2, affine), &normal(3, affine)).parameter("epsilon", 0.0);
            call.evaluate::<f32>().real("z").clone()
        };
        if has_constant_column(&x) {
            return;
        }
        assert_eq!(z(&x), z(&map(&x, |x| x + f64::from(shift))), "shifted by {shift}");
        let scale = f64::from(exponent).exp2();
        assert_eq!(z(&x), z(&map(&x, |x| x * scale)), "times {scale}");
    });
}

/// Such a column has no z without epsilon: 0 times infinity.
fn has_constant_column(x: &Tensor<f64>) -> bool {
    let same = |col| (1..x.shape.rows).all(|row| x.at(row, col) == x.at(0, col));
    (0..x.shape.cols).any(same)
}

/// Columns do not see each other: reversing them reverses everything that is written.
fn columns() {
    let reversed = |tensor: &Tensor<f64>| {
        let rows = tensor.data.chunks(tensor.shape.cols);
        let data = rows.flat_map(|row| row.iter().rev()).copied().collect();
        Tensor::new(tensor.shape, data)
    };
    let row = Shape::matrix(1, 21);
    let [x, gamma, beta] = [Shape::matrix(9, 21), row, row].map(|shape| normal(1, shape));
    let outputs: Outputs = call(&x, &gamma, &beta).evaluate::<f32>();
    let mirrored = call(&reversed(&x), &reversed(&gamma), &reversed(&beta)).evaluate::<f32>();
    for name in ["z", "y", "statistics", "running"] {
        assert_eq!(reversed(outputs.real(name)), *mirrored.real(name), "{name}");
    }
}

fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let call = call(case.real("x"), case.real("gamma"), case.real("beta"))
            .real("running", case.real("running_before"))
            .activation(case.activation())
            .parameter("epsilon", case.parameter("epsilon"))
            .parameter("momentum", case.parameter("momentum"));
        let outputs = vec![
            ("y", Value::Real(case.real("y").clone())),
            ("statistics", Value::Real(case.real("statistics").clone())),
            ("running", Value::Real(case.real("running_after").clone())),
        ];
        Expected { label: case.label, call, outputs }
    };
    vectors::read("batch_norm").into_iter().map(expected).collect()
}
