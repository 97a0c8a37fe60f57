//! `gather`: the batch of a step, out of images that all replicas share.

use super::support::{Call, agreement, assert_close, indices, matrix, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::NONE;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::gather::{BYTES_PER_WORD, KERNEL};
use normlab::tensor::{Shape, Tensor};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "replicas_share_the_images", shared));
    trials.push(trial(&KERNEL, "order_is_a_ring_of_slots", ring));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    (1_u32..20, 1_usize..40, 1_usize..4, 1_usize..20, 0_u32..9, properties::replicas())
        .prop_map(|(examples, features, slots, batch, step, replicas)| {
            let words = features.div_ceil(BYTES_PER_WORD);
            let sizes = [
                ("examples", examples as usize),
                ("words", words),
                ("slots", slots),
                ("batch", batch),
                ("features", features),
            ];
            Case::new(&sizes)
                .replicas(replicas)
                .fill("labels", Fill::Below(10))
                .fill("batch_indices", Fill::BelowOrNone(examples))
                .fill("step", Fill::Count(step))
        })
        .boxed()
}

/// Two images of five bytes: 0, 51, 102, 255, 204 and 255, 0, 0, 0, 51. The first byte of a word is
/// its lowest. The bytes of the last word after the fifth byte belong to no feature.
fn images() -> Tensor<u32> {
    indices([[0xff66_3300, 0xaaaa_aacc], [0x0000_00ff, 0xbbbb_bb33]])
}

fn call(batch_indices: &Tensor<u32>, step: &Tensor<u32>) -> Call {
    Call::new(&KERNEL)
        .size("features", 5)
        .index("images", &images())
        .index("labels", &indices([[7], [3]]))
        .index("batch_indices", batch_indices)
        .index("step", step)
}

/// 51, 102, 204 and 255 of 255 are 0.2, 0.4, 0.8 and 1.
fn by_hand() {
    let outputs = call(&indices([[1, NONE, 0]]), &indices([[0]])).evaluate::<f64>();
    let x = matrix([[1.0, 0.0, 0.0, 0.0, 0.2], [0.0; 5], [0.0, 0.2, 0.4, 1.0, 0.8]]);
    assert_close("x", outputs.real("x"), &x, 1e-15);
    assert_eq!(*outputs.index("targets"), indices([[3], [NONE], [7]]));
}

/// One replica of images and labels serves replicas with separate orders and steps.
fn shared() {
    let batch_indices = Tensor::new(Shape::new(2, 1, 2), vec![0, 1, 1, 1]);
    let step = Tensor::new(Shape::new(2, 1, 1), vec![5, 0]);
    let together = call(&batch_indices, &step).evaluate::<f64>();
    for replica in 0..2 {
        let apart = call(&batch_indices.replica(replica), &step.replica(replica)).evaluate::<f64>();
        assert_eq!(together.real("x").replica(replica), *apart.real("x"));
        assert_eq!(together.index("targets").replica(replica), *apart.index("targets"));
    }
}

/// Steps 0, 1, 2, 3, … use slots 0, 1, 2, 0, …
fn ring() {
    let batch_indices = indices([[0], [1], [NONE]]);
    let target =
        |step| call(&batch_indices, &indices([[step]])).evaluate::<f64>().index("targets").data[0];
    let found: Vec<u32> = (0..7).map(target).collect();
    assert_eq!(found, [7, 3, NONE, 7, 3, NONE, 7]);
}
