//! `bias_forward`: z = x + bias, y = f(z).

use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, assert_close, map, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::bias_forward::KERNEL;
use normlab::kernels::kernel::Kernel;
use normlab::tensor::{Shape, Tensor};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, properties::rows_and_cols));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(agreement::gpu_trial(&KERNEL, "naive", "is_right_at_every_scale", |backend| {
        vectors::agree(backend, &KERNEL, &every_scale(&KERNEL, scaled))
    }));
    trials
}

fn scaled(x: &Tensor<f64>, activation: Activation) -> Call {
    let bias = Tensor::filled(Shape { rows: 1, ..x.shape }, 0.0);
    Call::new(&KERNEL).activation(activation).real("x", x).real("bias", &bias)
}

/// Calls on numbers of one magnitude each, from next to nothing to where e to their power is beyond
/// f32, for every activation; each with 0 and -0 among them. A tensor is judged by its largest
/// magnitude, so that a layer of small numbers must have all their digits.
pub(crate) fn every_scale(
    kernel: &'static Kernel,
    call: fn(&Tensor<f64>, Activation) -> Call,
) -> Vec<Expected> {
    let mut all = Vec::new();
    for activation in Activation::ALL {
        for scale in [1e-30, 1e-6, 1e-3, 0.05, 1.0, 30.0, 100.0, 1e4] {
            let mut x = map(&normal(1, Shape::matrix(3, 7)), |x| f64::from((scale * x) as f32));
            x.data[..4].copy_from_slice(&[0.0, -0.0, scale, -scale].map(|x| f64::from(x as f32)));
            let call = call(&x, activation);
            let exact = call.evaluate::<f64>();
            let written = kernel.contract.operands.iter().filter(|operand| operand.access.writes());
            let outputs = written.map(|o| (o.name, exact.value(o.name).clone())).collect();
            let label = format!("{} at the scale {scale:e}", activation.name());
            all.push(Expected { label, call, outputs });
        }
    }
    all
}

/// z = [[1 − 1, −3 + 2], [ln 3 + 1 − 1, 0 + 2]]. ReLU keeps what is positive; the sigmoid of 0 is
/// 1/2, of −1 it is 1 / (1 + e), of ln 3 it is 3/4, of 2 it is 1 / (1 + e⁻²); tanh of ln 3 is
/// (9 − 1) / (9 + 1).
fn by_hand() {
    let ln3 = 3.0_f64.ln();
    let call = Call::new(&KERNEL)
        .real("x", &matrix([[1.0, -3.0], [ln3 + 1.0, 0.0]]))
        .real("bias", &matrix([[-1.0, 2.0]]));
    let z = matrix([[0.0, -1.0], [ln3, 2.0]]);
    let sigmoid =
        matrix([[0.5, 1.0 / (1.0 + 1.0_f64.exp())], [0.75, 1.0 / (1.0 + (-2.0_f64).exp())]]);
    let tanh = matrix([[0.0, (-1.0_f64).tanh()], [0.8, 2.0_f64.tanh()]]);
    for (activation, y) in [
        (Activation::Identity, z.clone()),
        (Activation::Sigmoid, sigmoid),
        (Activation::Relu, matrix([[0.0, 0.0], [ln3, 2.0]])),
        (Activation::Tanh, tanh),
    ] {
        let outputs = call.clone().activation(activation).evaluate::<f64>();
        assert_close("z", outputs.real("z"), &z, 1e-15);
        assert_close(activation.name(), outputs.real("y"), &y, 1e-15);
    }
}
