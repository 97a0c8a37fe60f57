//! `matmul_nn`: c = a · b.

use super::support::{Call, agreement, assert_close, grid, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::matmul_nn::KERNEL;
use normlab::tensor::{Shape, Tensor};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, properties::products));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "identity_changes_nothing", identity));
    trials.push(trial(&KERNEL, "weights_may_be_shared_by_all_replicas", shared));
    trials.push(agreement::tiled_trial(&KERNEL, (&agreement::BLOCKS, &["c"]), ragged));
    trials
}

/// 70 x 150 x 90: no multiple of any block.
fn ragged() -> Call {
    Call::new(&KERNEL)
        .real("a", &normal(1, Shape::new(2, 70, 150)))
        .real("b", &normal(2, Shape::new(2, 150, 90)))
}

/// Row 0: 1·7 + 2·9 + 3·11 = 58 and 1·8 + 2·10 + 3·12 = 64; row 1: 4·7 + 5·9 + 6·11 = 139 and
/// 4·8 + 5·10 + 6·12 = 154.
fn by_hand() {
    let outputs = Call::new(&KERNEL)
        .real("a", &matrix([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
        .real("b", &matrix([[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]))
        .evaluate::<f64>();
    assert_eq!(*outputs.real("c"), matrix([[58.0, 64.0], [139.0, 154.0]]));
}

fn identity() {
    let a = normal(1, Shape::matrix(9, 5));
    let mut identity = Tensor::filled(Shape::matrix(5, 5), 0.0);
    (0..5).for_each(|at| identity.put(at, at, 1.0));
    let outputs = Call::new(&KERNEL).real("a", &a).real("b", &identity).evaluate::<f64>();
    assert_eq!(*outputs.real("c"), a);
}

/// `b` with one replica serves all replicas of `a`.
fn shared() {
    let (a, b) = (grid(1, Shape::new(3, 4, 5)), grid(2, Shape::matrix(5, 6)));
    let call = |a: &Tensor<f64>| Call::new(&KERNEL).real("a", a).real("b", &b).evaluate::<f32>();
    let together = call(&a);
    for replica in 0..3 {
        let apart = call(&a.replica(replica));
        assert_close("c", &together.real("c").replica(replica), apart.real("c"), 0.0);
    }
}
