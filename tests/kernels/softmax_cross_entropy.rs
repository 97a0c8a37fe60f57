//! `softmax_cross_entropy`: loss, gradient and correct examples of one batch.

use super::support::vectors::{self, Expected};
use super::support::{
    Call, agreement, assert_close, assert_within, gradients, grid, indices, map, matrix, normal,
    properties, trial,
};
use crate::support::trial::Trial;
use normlab::kernels::NONE;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::softmax_cross_entropy::KERNEL;
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "gradient_is_a_central_difference", gradient));
    trials.push(trial(&KERNEL, "row_without_a_target_has_no_part", ignored));
    trials.push(trial(&KERNEL, "first_of_equal_logits_is_the_guess", ties));
    trials.push(trial(&KERNEL, "losses_and_hits_are_rings_and_step_counts", ring));
    trials.push(trial(&KERNEL, "far_logits_stay_finite", far));
    trials.push(trial(&KERNEL, "shift_of_a_row_does_not_matter", shift));
    trials
}

/// Cases of any size.
pub(crate) fn cases() -> BoxedStrategy<Case> {
    (1_usize..34, 1_u32..34, 1_usize..4, 0_u32..9, properties::replicas())
        .prop_map(|(rows, classes, slots, step, replicas)| {
            Case::new(&[("rows", rows), ("classes", classes as usize), ("slots", slots)])
                .replicas(replicas)
                .fill("targets", Fill::BelowOrNone(classes))
                .fill("step", Fill::Count(step))
        })
        .boxed()
}

/// A call with one slot for losses and counts.
fn call(logits: &Tensor<f64>, targets: &Tensor<u32>) -> Call {
    let replicas = logits.shape.replicas;
    Call::new(&KERNEL)
        .real("logits", logits)
        .index("targets", targets)
        .real("losses", &Tensor::filled(Shape::new(replicas, 1, 1), 0.0))
        .index("correct", &Tensor::filled(Shape::new(replicas, 1, 1), 0))
        .index("step", &Tensor::filled(Shape::new(replicas, 1, 1), 0))
}

/// Row 0: e to the logits is 1, 2, 5, so p = 1/8, 1/4, 5/8; the target 2 is the largest: a hit, with
/// the loss ln(8/5). Row 1: p = 1/2, 1/4, 1/4; the target 1 is not the largest, the loss ln 4.
/// The gradient is (p − onehot) / 2.
fn by_hand() {
    let logits = matrix([[1.0_f64, 2.0, 5.0], [2.0, 1.0, 1.0]].map(|row| row.map(f64::ln)));
    let outputs = call(&logits, &indices([[2], [1]])).evaluate::<f64>();
    let d_logits = matrix([[1.0, 2.0, -3.0], [4.0, -6.0, 2.0]].map(|row| row.map(|x| x / 16.0)));
    assert_close("d_logits", outputs.real("d_logits"), &d_logits, 1e-15);
    let loss = (1.6_f64.ln() + 4.0_f64.ln()) / 2.0;
    assert_close("losses", outputs.real("losses"), &matrix([[loss]]), 1e-15);
    assert_eq!(*outputs.index("correct"), indices([[1]]));
}

fn gradient() {
    for (rows, classes) in [(1, 1), (1, 4), (7, 5)] {
        let shape = Shape::new(2, rows, classes);
        let targets = (0..2 * rows).map(|row| ((3 * row + 1) % classes) as u32).collect();
        let mut targets = Tensor::new(Shape::new(2, rows, 1), targets);
        targets.data[rows - 1] = NONE;
        let forward = call(&normal(1, shape), &targets);
        let loss = |outputs: &super::support::Outputs| {
            let losses = outputs.real("losses");
            losses.replica(0).at(0, 0) + losses.replica(1).at(0, 0)
        };
        let found = forward.evaluate::<f64>();
        gradients::assert_gradient(found.real("d_logits"), &forward, "logits", &loss);
    }
}

/// Two rows, one without a target: the mean is still over two.
fn ignored() {
    let row = [0.5, -1.0, 2.0];
    let alone = call(&matrix([row]), &indices([[0]])).evaluate::<f64>();
    let both = call(&matrix([[9.0, 9.0, 9.0], row]), &indices([[NONE], [0]])).evaluate::<f64>();
    assert_eq!(both.real("d_logits").row(0), [0.0; 3]);
    let half = map(alone.real("d_logits"), |x| x / 2.0);
    assert_eq!(both.real("d_logits").row(1), half.row(0));
    assert_eq!(*both.real("losses"), map(alone.real("losses"), |x| x / 2.0));
    assert_eq!(both.index("correct"), alone.index("correct"));
    let none = call(&matrix([row]), &indices([[NONE]])).evaluate::<f64>();
    assert_eq!((none.real("losses").at(0, 0), none.index("correct").at(0, 0)), (0.0, 0));
}

fn ties() {
    let logits = matrix([[1.0, 1.0, 1.0], [0.0, 2.0, 2.0]]);
    let correct =
        |targets| call(&logits, &indices(targets)).evaluate::<f64>().index("correct").at(0, 0);
    assert_eq!(correct([[0], [1]]), 2);
    assert_eq!(correct([[1], [2]]), 0);
}

/// Step 7 of a ring of three writes slot 1 and leaves the others; the count goes on to 8, and from
/// the largest to 0.
fn ring() {
    let call = call(&matrix([[0.0]]), &indices([[0]]))
        .real("losses", &matrix([[1.0], [3.0], [5.0]]))
        .index("correct", &indices([[2], [4], [6]]));
    let outputs = call.clone().index("step", &indices([[7]])).evaluate::<f64>();
    assert_eq!(*outputs.real("losses"), matrix([[1.0], [0.0], [5.0]]));
    assert_eq!(*outputs.index("correct"), indices([[2], [1], [6]]));
    assert_eq!(*outputs.index("step"), indices([[8]]));
    let last = call.index("step", &indices([[u32::MAX]])).evaluate::<f64>();
    assert_eq!(*last.index("step"), indices([[0]]));
}

/// Certain and right costs nothing, certain and wrong costs the distance.
fn far() {
    let logits = matrix([[1e4, -1e4], [1e4, -1e4]]);
    for target in [0, 1] {
        let outputs = call(&logits, &indices([[target], [target]])).evaluate::<f32>();
        let (loss, correct) = if target == 0 { (0.0, 2) } else { (2e4, 0) };
        assert_eq!(*outputs.real("losses"), matrix([[loss]]));
        assert_eq!(*outputs.index("correct"), indices([[correct]]));
        let gradient = if target == 0 { [0.0, 0.0] } else { [0.5, -0.5] };
        assert_eq!(*outputs.real("d_logits"), matrix([gradient; 2]));
    }
}

/// To the last bit, even in f32, on a grid on which the sums are exact; and a row's gradient sums to
/// nothing.
fn shift() {
    properties::hold(&(1_usize..20, -10_000_i32..10_000), |(classes, shift)| {
        let logits = grid(1, Shape::matrix(3, classes));
        let targets = Tensor::filled(Shape::matrix(3, 1), classes as u32 - 1);
        let outputs = call(&logits, &targets).evaluate::<f32>();
        let shifted = map(&logits, |x| x + f64::from(shift));
        let moved = call(&shifted, &targets).evaluate::<f32>();
        for name in ["d_logits", "losses"] {
            assert_eq!(outputs.real(name), moved.real(name), "{name}");
        }
        let sums = (0..3).map(|row| outputs.real("d_logits").row(row).iter().sum()).collect();
        let sums = Tensor::new(Shape::matrix(1, 3), sums);
        assert_within("sum", &sums, &matrix([[0.0; 3]]), 1e-6);
    });
}

fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let outputs = vec![
            ("d_logits", Value::Real(case.real("d_logits").clone())),
            ("losses", Value::Real(matrix([[case.real("loss").data[0]]]))),
            ("correct", Value::Index(indices([[case.index("correct").data[0]]]))),
            ("step", Value::Index(indices([[1]]))),
        ];
        let call = call(case.real("logits"), case.index("targets"));
        Expected { label: case.label, call, outputs }
    };
    vectors::read("softmax_cross_entropy").into_iter().map(expected).collect()
}
