//! `matmul_backward`: both gradients of a product, the same as from `matmul_tn` and `matmul_nt`.

use super::support::{Call, agreement, gradients, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::cases::Case;
use normlab::kernels::matmul_backward::KERNEL;
use normlab::kernels::{matmul_nn, matmul_nt, matmul_tn};
use normlab::tensor::{Shape, Tensor};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "is_what_its_parts_do", parts));
    trials.push(trial(&KERNEL, "gradients_are_central_differences", gradient));
    trials.push(agreement::tiled_trial(&KERNEL, (&BLOCKS, &["d_weight", "d_x"]), ragged));
    trials
}

/// Block sizes of the tiled variant; those not named are as in the file.
const BLOCKS: [&[&str]; 5] =
    [&[], &["TILE=32"], &["TERMS=8"], &["SPAN=8"], &["TILE=128", "TERMS=8", "SPAN=8"]];

/// 70 x 150 x 90: no multiple of any block.
fn ragged() -> Call {
    let (x, d_y) = (normal(1, Shape::new(2, 70, 150)), normal(2, Shape::new(2, 70, 90)));
    call(&x, &d_y, &normal(3, Shape::new(2, 150, 90)))
}

fn cases() -> BoxedStrategy<Case> {
    (1_usize..34, 1_usize..34, 1_usize..34, properties::replicas())
        .prop_map(|(batch, inputs, outputs, replicas)| {
            let sizes = [("batch", batch), ("inputs", inputs), ("outputs", outputs)];
            Case::new(&sizes).replicas(replicas)
        })
        .boxed()
}

fn call(x: &Tensor<f64>, d_y: &Tensor<f64>, weight: &Tensor<f64>) -> Call {
    Call::new(&KERNEL).real("x", x).real("d_y", d_y).real("weight", weight)
}

/// xᵀ · d_y = [[1·5 + 3·7, 1·6 + 3·8], [2·5 + 4·7, 2·6 + 4·8]]; with the weights [[1, 10], [2, 20]],
/// d_y · weightᵀ = [[5·1 + 6·10, 5·2 + 6·20], [7·1 + 8·10, 7·2 + 8·20]].
fn by_hand() {
    let x = matrix([[1.0, 2.0], [3.0, 4.0]]);
    let d_y = matrix([[5.0, 6.0], [7.0, 8.0]]);
    let outputs = call(&x, &d_y, &matrix([[1.0, 10.0], [2.0, 20.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("d_weight"), matrix([[26.0, 30.0], [38.0, 44.0]]));
    assert_eq!(*outputs.real("d_x"), matrix([[65.0, 130.0], [87.0, 174.0]]));
}

/// To the last bit, in f32.
fn parts() {
    let (x, d_y) = (normal(1, Shape::new(2, 7, 5)), normal(2, Shape::new(2, 7, 9)));
    let weight = normal(3, Shape::new(2, 5, 9));
    let tn = Call::new(&matmul_tn::KERNEL).real("a", &x).real("b", &d_y).evaluate::<f32>();
    let nt = Call::new(&matmul_nt::KERNEL).real("a", &d_y).real("b", &weight).evaluate::<f32>();
    let fused = call(&x, &d_y, &weight).evaluate::<f32>();
    assert_eq!(fused.real("d_weight"), tn.real("c"));
    assert_eq!(fused.real("d_x"), nt.real("c"));
}

fn gradient() {
    let forward = Call::new(&matmul_nn::KERNEL)
        .real("a", &normal(1, Shape::matrix(4, 3)))
        .real("b", &normal(2, Shape::matrix(3, 5)));
    let d_y = normal(3, Shape::matrix(4, 5));
    let found = call(forward.given("a"), &d_y, forward.given("b")).evaluate::<f64>();
    let loss = |outputs: &_| gradients::weighted(outputs, "c", &d_y);
    gradients::assert_gradient(found.real("d_x"), &forward, "a", &loss);
    gradients::assert_gradient(found.real("d_weight"), &forward, "b", &loss);
}
