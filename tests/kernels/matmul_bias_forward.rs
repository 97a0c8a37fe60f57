//! `matmul_bias_forward`: z = a · b + bias, y = f(z), the same as `matmul_nn` and `bias_forward`.

use super::support::{Call, agreement, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::Case;
use normlab::kernels::matmul_bias_forward::KERNEL;
use normlab::kernels::{bias_forward, matmul_nn};
use normlab::tensor::Shape;
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "is_what_its_parts_do", parts));
    trials.push(agreement::tiled_trial(&KERNEL, (&agreement::BLOCKS, &["z", "y"]), ragged));
    trials
}

/// 70 x 150 x 90: no multiple of any block.
fn ragged() -> Call {
    Call::new(&KERNEL)
        .activation(Activation::Sigmoid)
        .real("a", &normal(1, Shape::new(2, 70, 150)))
        .real("b", &normal(2, Shape::new(2, 150, 90)))
        .real("bias", &normal(3, Shape::new(2, 1, 90)))
}

fn cases() -> BoxedStrategy<Case> {
    (properties::products(), properties::activation())
        .prop_map(|(case, activation)| case.activation(activation))
        .boxed()
}

/// 1·5 + 2·7 − 20 = −1 and 1·6 + 2·8 + 0.5 = 22.5; 3·5 + 4·7 − 20 = 23 and 3·6 + 4·8 + 0.5 = 50.5.
fn by_hand() {
    let outputs = Call::new(&KERNEL)
        .activation(Activation::Relu)
        .real("a", &matrix([[1.0, 2.0], [3.0, 4.0]]))
        .real("b", &matrix([[5.0, 6.0], [7.0, 8.0]]))
        .real("bias", &matrix([[-20.0, 0.5]]))
        .evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[-1.0, 22.5], [23.0, 50.5]]));
    assert_eq!(*outputs.real("y"), matrix([[0.0, 22.5], [23.0, 50.5]]));
}

/// To the last bit, in f32.
fn parts() {
    let (a, b) = (normal(1, Shape::new(2, 7, 5)), normal(2, Shape::new(2, 5, 9)));
    let bias = normal(3, Shape::new(2, 1, 9));
    for activation in Activation::ALL {
        let product = Call::new(&matmul_nn::KERNEL).real("a", &a).real("b", &b).evaluate::<f32>();
        let shifted = Call::new(&bias_forward::KERNEL)
            .activation(activation)
            .real("x", product.real("c"))
            .real("bias", &bias)
            .evaluate::<f32>();
        let fused = Call::new(&KERNEL).activation(activation);
        let fused = fused.real("a", &a).real("b", &b).real("bias", &bias).evaluate::<f32>();
        assert_eq!(fused.real("z"), shifted.real("z"));
        assert_eq!(fused.real("y"), shifted.real("y"));
    }
}
