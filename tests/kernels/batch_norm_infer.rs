//! `batch_norm_infer`: Ioffe and Szegedy 2015, algorithm 2.

use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, assert_close, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::batch_norm_infer::KERNEL;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::{EPSILON, batch_norm_forward};
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "is_training_with_the_batch_s_own_statistics", as_trained));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    properties::rows_and_cols()
        .prop_map(|case| case.fill("running", Fill::Uniform(0.1, 2.0)))
        .boxed()
}

/// Variance 3 and epsilon 1 give a deviation of 2: (7 − 3) / 2 · 5 − 1 = 9; (−1 − 3) / 2 · 5 − 1 =
/// −11, which ReLU takes to 0. Each row on its own: the first is the same without the second.
fn by_hand() {
    let call = Call::new(&KERNEL)
        .real("x", &matrix([[7.0], [-1.0]]))
        .real("gamma", &matrix([[5.0]]))
        .real("beta", &matrix([[-1.0]]))
        .real("running", &matrix([[3.0], [3.0]]))
        .activation(Activation::Relu)
        .parameter("epsilon", 1.0);
    assert_eq!(*call.evaluate::<f64>().real("y"), matrix([[9.0], [0.0]]));
    let alone = call.real("x", &matrix([[7.0]]));
    assert_eq!(*alone.evaluate::<f64>().real("y"), matrix([[9.0]]));
}

/// Running statistics equal to a batch's mean and biased variance give what training gives.
fn as_trained() {
    let (shape, row) = (Shape::matrix(13, 5), Shape::matrix(1, 5));
    let [x, gamma, beta] =
        [(1, shape), (2, row), (3, row)].map(|(seed, shape)| normal(seed, shape));
    let both = |call: Call| {
        call.real("x", &x).real("gamma", &gamma).real("beta", &beta).activation(Activation::Sigmoid)
    };
    let running = Tensor::filled(Shape::matrix(2, 5), 1.0);
    let trained = both(Call::new(&batch_norm_forward::KERNEL)).real("running", &running);
    let trained = trained.evaluate::<f64>();
    let mut running = trained.real("statistics").clone();
    let variance = |rstd: f64| rstd.powi(-2) - f64::from(EPSILON);
    running.row_mut(1).iter_mut().for_each(|rstd| *rstd = variance(*rstd));
    let inferred = both(Call::new(&KERNEL)).real("running", &running).evaluate::<f64>();
    assert_close("y", inferred.real("y"), trained.real("y"), 1e-13);
}

fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let call = Call::new(&KERNEL)
            .real("x", case.real("x"))
            .real("gamma", case.real("gamma"))
            .real("beta", case.real("beta"))
            .real("running", case.real("running_after"))
            .activation(case.activation())
            .parameter("epsilon", case.parameter("epsilon"));
        let outputs = vec![("y", Value::Real(case.real("y_infer").clone()))];
        Expected { label: case.label, call, outputs }
    };
    vectors::read("batch_norm").into_iter().map(expected).collect()
}
