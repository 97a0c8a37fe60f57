//! `bias_backward`: d_x = d_y · f′(z), d_bias = the sum of d_x over the rows.

use super::bias_forward::every_scale;
use super::support::{Call, agreement, gradients, matrix, normal, properties, trial, vectors};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::bias_backward::KERNEL;
use normlab::kernels::bias_forward;
use normlab::tensor::{Shape, Tensor};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, properties::rows_and_cols));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "gradients_are_central_differences", gradient));
    trials.push(agreement::gpu_trial(&KERNEL, "naive", "is_right_at_every_scale", |backend| {
        vectors::agree(backend, &KERNEL, &every_scale(&KERNEL, scaled))
    }));
    trials
}

/// Among z is ReLU's kink.
fn scaled(z: &Tensor<f64>, activation: Activation) -> Call {
    let d_y = Tensor::filled(z.shape, 1.0);
    Call::new(&KERNEL).activation(activation).real("d_y", &d_y).real("z", z)
}

/// ReLU passes on what belongs to a positive z, and nothing at its kink.
fn by_hand() {
    let outputs = Call::new(&KERNEL)
        .activation(Activation::Relu)
        .real("d_y", &matrix([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
        .real("z", &matrix([[0.5, -1.0], [0.0, 2.0], [3.0, -0.1]]))
        .evaluate::<f64>();
    assert_eq!(*outputs.real("d_x"), matrix([[1.0, 0.0], [0.0, 4.0], [5.0, 0.0]]));
    assert_eq!(*outputs.real("d_bias"), matrix([[6.0, 4.0]]));
}

fn gradient() {
    let shapes = [Shape::matrix(1, 1), Shape::matrix(5, 3), Shape::new(2, 3, 4)];
    for (activation, shape) in Activation::ALL.into_iter().flat_map(|f| shapes.map(|s| (f, s))) {
        let forward = gradients::away_from_kink(|seed| {
            Call::new(&bias_forward::KERNEL)
                .activation(activation)
                .real("x", &normal(seed, shape))
                .real("bias", &normal(seed + 100, Shape { rows: 1, ..shape }))
        });
        let d_y = normal(300, shape);
        let found = Call::new(&KERNEL)
            .activation(activation)
            .real("d_y", &d_y)
            .real("z", forward.evaluate::<f64>().real("z"))
            .evaluate::<f64>();
        let loss = |outputs: &_| gradients::weighted(outputs, "y", &d_y);
        gradients::assert_gradient(found.real("d_x"), &forward, "x", &loss);
        gradients::assert_gradient(found.real("d_bias"), &forward, "bias", &loss);
    }
}
