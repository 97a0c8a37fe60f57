//! `bias_softmax_cross_entropy`: the output layer after its product, the same as `bias_forward`,
//! `softmax_cross_entropy` and `bias_backward`.

use super::softmax_cross_entropy::cases;
use super::support::{Call, agreement, assert_close, indices, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::bias_softmax_cross_entropy::KERNEL;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::{NONE, bias_backward, bias_forward, softmax_cross_entropy};
use normlab::tensor::{Shape, Tensor};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "is_what_its_parts_do", parts));
    trials
}

/// What counts: a ring of two slots at step 3, in two replicas.
fn counted(call: Call, targets: &Tensor<u32>) -> Call {
    let replicas = targets.shape.replicas;
    call.index("targets", targets)
        .real("losses", &Tensor::filled(Shape::new(replicas, 2, 1), 0.25))
        .index("correct", &Tensor::filled(Shape::new(replicas, 2, 1), 7))
        .index("step", &Tensor::filled(Shape::new(replicas, 1, 1), 3))
}

/// e to the logits x + bias is [[1, 3], [3, 1]], so p = 1/4 and 3/4; both targets are 1: a hit with
/// the loss ln(4/3), a miss with ln 4. The gradient is (p − onehot) / 2, its sums over rows
/// (1/4 + 3/4) / 2 and (−1/4 − 3/4) / 2.
fn by_hand() {
    let ln3 = 3.0_f64.ln();
    let call = Call::new(&KERNEL)
        .real("x", &matrix([[1.0, ln3 - 1.0], [1.0 + ln3, -1.0]]))
        .real("bias", &matrix([[-1.0, 1.0]]));
    let outputs = counted(call, &indices([[1], [1]])).evaluate::<f64>();
    let d_x = matrix([[0.125, -0.125], [0.375, -0.375]]);
    assert_close("d_x", outputs.real("d_x"), &d_x, 1e-15);
    assert_close("d_bias", outputs.real("d_bias"), &matrix([[0.5, -0.5]]), 1e-15);
    let loss = ((4.0_f64 / 3.0).ln() + 4.0_f64.ln()) / 2.0;
    assert_close("losses", outputs.real("losses"), &matrix([[0.25], [loss]]), 1e-15);
    assert_eq!(*outputs.index("correct"), indices([[7], [1]]));
    assert_eq!(*outputs.index("step"), indices([[4]]));
}

/// To the last bit, in f32.
fn parts() {
    let (x, bias) = (normal(1, Shape::new(2, 6, 4)), normal(2, Shape::new(2, 1, 4)));
    let targets = (0..12).map(|at| if at == 5 { NONE } else { at % 4 }).collect();
    let targets = Tensor::new(Shape::new(2, 6, 1), targets);
    let call = |kernel: &'static Kernel| Call::new(kernel);
    let shifted = call(&bias_forward::KERNEL).real("x", &x).real("bias", &bias).evaluate::<f32>();
    let losses = call(&softmax_cross_entropy::KERNEL).real("logits", shifted.real("y"));
    let losses = counted(losses, &targets).evaluate::<f32>();
    let back = call(&bias_backward::KERNEL)
        .real("d_y", losses.real("d_logits"))
        .real("z", shifted.real("z"))
        .evaluate::<f32>();
    let fused = call(&KERNEL).real("x", &x).real("bias", &bias);
    let fused = counted(fused, &targets).evaluate::<f32>();
    assert_eq!(fused.real("losses"), losses.real("losses"));
    assert_eq!(fused.index("correct"), losses.index("correct"));
    assert_eq!(fused.index("step"), losses.index("step"));
    assert_eq!(fused.real("d_x"), back.real("d_x"));
    assert_eq!(fused.real("d_bias"), back.real("d_bias"));
}
