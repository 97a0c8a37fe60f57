//! `matmul_nt`: c = a · bᵀ, the gradient of `matmul_nn` with respect to its first factor.

use super::support::{Call, agreement, gradients, matrix, normal, properties, transposed, trial};
use crate::support::trial::Trial;
use normlab::kernels::matmul_nn;
use normlab::kernels::matmul_nt::KERNEL;
use normlab::tensor::Shape;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, properties::products));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "is_matmul_nn_with_the_transpose", transpose));
    trials.push(trial(&KERNEL, "is_the_gradient_of_matmul_nn", gradient));
    trials.push(agreement::tiled_trial(&KERNEL, (&agreement::BLOCKS, &["c"]), ragged));
    trials
}

/// 70 x 150 x 90: no multiple of any block.
fn ragged() -> Call {
    Call::new(&KERNEL)
        .real("a", &normal(1, Shape::new(2, 70, 150)))
        .real("b", &normal(2, Shape::new(2, 90, 150)))
}

/// 1·5 + 2·6 = 17, 1·7 + 2·8 = 23, 1·9 + 2·10 = 29; 3·5 + 4·6 = 39, 3·7 + 4·8 = 53, 3·9 + 4·10 = 67.
fn by_hand() {
    let outputs = Call::new(&KERNEL)
        .real("a", &matrix([[1.0, 2.0], [3.0, 4.0]]))
        .real("b", &matrix([[5.0, 6.0], [7.0, 8.0], [9.0, 10.0]]))
        .evaluate::<f64>();
    assert_eq!(*outputs.real("c"), matrix([[17.0, 23.0, 29.0], [39.0, 53.0, 67.0]]));
}

/// Both add up over k in the same order, so the results have the same bits.
fn transpose() {
    let (a, b) = (normal(1, Shape::matrix(13, 7)), normal(2, Shape::matrix(7, 11)));
    let nn = Call::new(&matmul_nn::KERNEL).real("a", &a).real("b", &b).evaluate::<f32>();
    let nt = Call::new(&KERNEL).real("a", &a).real("b", &transposed(&b)).evaluate::<f32>();
    assert_eq!(nn.real("c"), nt.real("c"));
}

fn gradient() {
    for (m, k, n) in [(1, 1, 1), (3, 4, 2), (5, 2, 7)] {
        let forward = Call::new(&matmul_nn::KERNEL)
            .real("a", &normal(1, Shape::matrix(m, k)))
            .real("b", &normal(2, Shape::matrix(k, n)));
        let d_c = normal(3, Shape::matrix(m, n));
        let backward = Call::new(&KERNEL).real("a", &d_c).real("b", forward.given("b"));
        let found = backward.evaluate::<f64>();
        let loss = |outputs: &_| gradients::weighted(outputs, "c", &d_c);
        gradients::assert_gradient(found.real("c"), &forward, "a", &loss);
    }
}
