//! `column_stats`: the location and spread of each column.

use super::support::{Call, agreement, assert_close, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::cases::Case;
use normlab::kernels::column_stats::KERNEL;
use normlab::kernels::{EPSILON, batch_norm_forward};
use normlab::tensor::{Shape, Tensor};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "are_those_that_batch_norm_takes", as_batch_norm));
    trials.push(trial(&KERNEL, "a_constant_column_has_no_deviation", constant));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    (1_usize..34, 1_usize..34, properties::replicas())
        .prop_map(|(rows, cols, replicas)| {
            Case::new(&[("rows", rows), ("cols", cols)]).replicas(replicas)
        })
        .boxed()
}

/// 1, 3, 5, 7 has the mean 4 and the mean square (9 + 1 + 1 + 9) / 4 = 5; of −2, −2, 0, 8 the mean is
/// 1, (9 + 9 + 1 + 49) / 4 = 17. Below 0 or above 6 are one of the first and three of the second;
/// values equal to a bound are not outside.
fn by_hand() {
    let x = matrix([[1.0, -2.0], [3.0, -2.0], [5.0, 0.0], [7.0, 8.0]]);
    let call = Call::new(&KERNEL).real("x", &x).parameter("low", 0.0).parameter("high", 6.0);
    let expected =
        matrix([[4.0, 1.0], [5_f64.sqrt(), 17_f64.sqrt()], [1.0, -2.0], [7.0, 8.0], [0.25, 0.75]]);
    assert_close("stats", call.evaluate::<f64>().real("stats"), &expected, 1e-15);
}

fn as_batch_norm() {
    let (shape, row) = (Shape::matrix(13, 5), Shape::matrix(1, 5));
    let x = normal(1, shape);
    let found = Call::new(&KERNEL).real("x", &x).evaluate::<f64>();
    let forward = Call::new(&batch_norm_forward::KERNEL)
        .real("x", &x)
        .real("gamma", &Tensor::filled(row, 1.0))
        .real("beta", &Tensor::filled(row, 0.0))
        .real("running", &Tensor::filled(Shape::matrix(2, 5), 0.0))
        .evaluate::<f64>();
    let (stats, statistics) = (found.real("stats"), forward.real("statistics"));
    for col in 0..5 {
        let rstd = (stats.at(1, col).powi(2) + f64::from(EPSILON)).powf(-0.5);
        assert!((stats.at(0, col) - statistics.at(0, col)).abs() < 1e-14);
        assert!((rstd - statistics.at(1, col)).abs() < 1e-13);
    }
}

fn constant() {
    let x = Tensor::filled(Shape::matrix(31, 1), f64::from(1e4_f32 / 3.0));
    let found = Call::new(&KERNEL).real("x", &x).evaluate::<f32>();
    assert_eq!(found.real("stats").at(1, 0), 0.0);
}
