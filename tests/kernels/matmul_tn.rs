//! `matmul_tn`: c = aᵀ · b, the gradient of `matmul_nn` with respect to its second factor.

use super::support::{Call, agreement, gradients, matrix, normal, properties, transposed, trial};
use crate::support::trial::Trial;
use normlab::kernels::matmul_nn;
use normlab::kernels::matmul_tn::KERNEL;
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
        .real("a", &normal(1, Shape::new(2, 150, 70)))
        .real("b", &normal(2, Shape::new(2, 150, 90)))
}

/// aᵀ is [[1, 3], [2, 4]]: 1·5 + 3·8 = 29, 1·6 + 3·9 = 33, 1·7 + 3·10 = 37; 2·5 + 4·8 = 42,
/// 2·6 + 4·9 = 48, 2·7 + 4·10 = 54.
fn by_hand() {
    let outputs = Call::new(&KERNEL)
        .real("a", &matrix([[1.0, 2.0], [3.0, 4.0]]))
        .real("b", &matrix([[5.0, 6.0, 7.0], [8.0, 9.0, 10.0]]))
        .evaluate::<f64>();
    assert_eq!(*outputs.real("c"), matrix([[29.0, 33.0, 37.0], [42.0, 48.0, 54.0]]));
}

/// Both add up over k in the same order, so the results have the same bits.
fn transpose() {
    let (a, b) = (normal(1, Shape::matrix(13, 7)), normal(2, Shape::matrix(7, 11)));
    let nn = Call::new(&matmul_nn::KERNEL).real("a", &a).real("b", &b).evaluate::<f32>();
    let tn = Call::new(&KERNEL).real("a", &transposed(&a)).real("b", &b).evaluate::<f32>();
    assert_eq!(nn.real("c"), tn.real("c"));
}

fn gradient() {
    for (m, k, n) in [(1, 1, 1), (3, 4, 2), (5, 2, 7)] {
        let forward = Call::new(&matmul_nn::KERNEL)
            .real("a", &normal(1, Shape::matrix(m, k)))
            .real("b", &normal(2, Shape::matrix(k, n)));
        let d_c = normal(3, Shape::matrix(m, n));
        let backward = Call::new(&KERNEL).real("a", forward.given("a")).real("b", &d_c);
        let found = backward.evaluate::<f64>();
        let loss = |outputs: &_| gradients::weighted(outputs, "c", &d_c);
        gradients::assert_gradient(found.real("c"), &forward, "b", &loss);
    }
}
