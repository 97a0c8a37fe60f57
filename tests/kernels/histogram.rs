//! `histogram`: how many elements are in each bin.

use super::support::{Call, agreement, indices, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::contract::Sizes;
use normlab::kernels::histogram::KERNEL;
use normlab::tensor::{Shape, Tensor};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "what_is_no_number_is_counted_nowhere", not_numbers));
    trials.push(trial(&KERNEL, "every_element_is_counted_once", counted_once));
    trials.push(trial(&KERNEL, "too_few_or_too_many_slots_are_refused", refused));
    trials
}

fn cases() -> BoxedStrategy<Case> {
    (1_usize..34, 1_usize..34, 3_usize..140, properties::replicas())
        .prop_map(|(rows, cols, slots, replicas)| {
            let sizes = [("rows", rows), ("cols", cols), ("slots", slots)];
            Case::new(&sizes).replicas(replicas).fill("x", Fill::Normal(0.0, 5.0))
        })
        .boxed()
}

/// Bins of a half from −1 to 1: below −1, four bins, from 1 on.
fn call(x: &[f64]) -> Call {
    Call::new(&KERNEL)
        .real("x", &Tensor::new(Shape::matrix(1, x.len()), x.to_vec()))
        .size("slots", 6)
        .parameter("per_unit", 2.0)
        .parameter("first", -2.0)
}

/// An edge belongs to the bin above it.
fn by_hand() {
    let x = [-7.0, -1.01, -1.0, -0.6, -0.5, 0.0, 0.49, 0.5, 0.99, 1.0, 1e9];
    let counted = call(&x).evaluate::<f64>();
    assert_eq!(*counted.index("counts"), indices([[2, 2, 1, 2, 2, 2]]));
    assert_eq!(*call(&x).evaluate::<f32>().index("counts"), *counted.index("counts"));
}

fn not_numbers() {
    let x = [f64::NAN, 0.0, f64::INFINITY, f64::NEG_INFINITY];
    assert_eq!(*call(&x).evaluate::<f64>().index("counts"), indices([[1, 0, 0, 1, 0, 1]]));
}

fn counted_once() {
    properties::hold(&prop::collection::vec(-3.0_f64..3.0, 1..60), |x| {
        let counts = call(&x).evaluate::<f64>().index("counts").data.clone();
        assert_eq!(counts.iter().sum::<u32>() as usize, x.len());
    });
}

fn refused() {
    for slots in [2, 1025] {
        let sizes = [("rows", 1), ("cols", 1), ("slots", slots)];
        let said = Sizes::new(&KERNEL.contract, 1, &sizes).err().map(|error| error.to_string());
        let wanted = format!("histogram: counts has {slots} columns, expected 3 to 1024");
        assert_eq!(said, Some(wanted));
    }
}
