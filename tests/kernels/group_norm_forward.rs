//! `group_norm_forward`: Wu and He 2018, equations 1 to 4.

use super::support::vectors::{self, Expected};
use super::support::{Call, agreement, map, matrix, normal, properties, trial};
use crate::support::trial::Trial;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::contract::Sizes;
use normlab::kernels::group_norm_forward::KERNEL;
use normlab::kernels::layer_norm_forward;
use normlab::tensor::{Shape, Tensor, Value};
use proptest::prelude::*;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = agreement::trials(&KERNEL);
    trials.extend(properties::trials(&KERNEL, cases));
    trials.extend(vectors::trials(&KERNEL, expected));
    trials.push(trial(&KERNEL, "values_known_by_hand", by_hand));
    trials.push(trial(&KERNEL, "constant_group_is_normalized_to_beta", constant_group));
    trials.push(trial(&KERNEL, "one_group_is_layer_norm", one_group));
    trials.push(trial(&KERNEL, "a_group_is_layer_norm_of_its_units", a_group_alone));
    trials.push(trial(&KERNEL, "groups_that_do_not_divide_the_units_are_refused", uneven));
    trials
}

/// Any number of rows, of groups and of units in them, gamma and beta per unit or shared.
pub(crate) fn with_groups() -> BoxedStrategy<Case> {
    (properties::rows_and_cols(), 1_usize..7, 1_usize..7, any::<bool>())
        .prop_map(|(mut case, groups, width, shared)| {
            let cols = groups * width;
            case.sizes.retain(|(name, _)| *name == "rows");
            let affine = if shared { 1 } else { cols };
            case.sizes.extend([("cols", cols), ("affine", affine), ("groups", groups)]);
            case
        })
        .boxed()
}

fn cases() -> BoxedStrategy<Case> {
    (with_groups(), proptest::sample::select(vec![0.0, 10.0, 1e3]))
        .prop_map(|(case, offset)| case.fill("x", Fill::Normal(offset, 1.0)))
        .boxed()
}

fn call(x: &Tensor<f64>, gamma: &Tensor<f64>, beta: &Tensor<f64>, groups: usize) -> Call {
    let call = Call::new(&KERNEL).real("x", x).real("gamma", gamma).real("beta", beta);
    call.size("groups", groups)
}

/// Units 1, 5 have the mean 3 and the variance 4, units 0, 8 the mean 4 and the variance 16, so x̂ is
/// −1, 1 in both groups. z = 3 x̂ + 1, −x̂ + 0.5, x̂ and 2 x̂ − 1 in the columns, or 2 x̂ + 1 in all.
fn by_hand() {
    let x = matrix([[1.0, 5.0, 0.0, 8.0]]);
    let call = |gamma, beta| call(&x, &gamma, &beta, 2).parameter("epsilon", 0.0);
    let outputs =
        call(matrix([[3.0, -1.0, 1.0, 2.0]]), matrix([[1.0, 0.5, 0.0, -1.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[-2.0, -0.5, -1.0, 1.0]]));
    assert_eq!(*outputs.real("y"), *outputs.real("z"));
    assert_eq!(*outputs.real("statistics"), matrix([[3.0, 0.5, 4.0, 0.25]]));
    let outputs = call(matrix([[2.0]]), matrix([[1.0]])).evaluate::<f64>();
    assert_eq!(*outputs.real("z"), matrix([[-1.0, 3.0, -1.0, 3.0]]));
}

/// Groups of one unit, or of equal units, with another group beside them: nothing of x is left, to the
/// last bit.
fn constant_group() {
    let inputs = (1_usize..17, -1e6_f64..1e6, properties::activation());
    properties::hold(&inputs, |(width, constant, activation)| {
        let row = Shape::matrix(1, 2 * width);
        let (gamma, beta) = (normal(1, row), normal(2, row));
        let mut x = normal(3, row);
        x.data[width..].fill(constant);
        let outputs = call(&x, &gamma, &beta, 2).activation(activation).evaluate::<f32>();
        let expected = map(&beta, |beta| f64::from(activation.activate(beta as f32)));
        assert_eq!(outputs.real("y").data[width..], expected.data[width..]);
    });
}

/// To the last bit: with one group the formula is layer norm's.
fn one_group() {
    let x = normal(1, Shape::matrix(7, 13));
    let row = Shape::matrix(1, 13);
    let (gamma, beta) = (normal(2, row), normal(3, row));
    let group = call(&x, &gamma, &beta, 1).evaluate::<f32>();
    let layer = Call::new(&layer_norm_forward::KERNEL)
        .real("x", &x)
        .real("gamma", &gamma)
        .real("beta", &beta)
        .evaluate::<f32>();
    for name in ["z", "y", "statistics"] {
        assert_eq!(group.real(name), layer.real(name), "{name}");
    }
}

/// With one gamma and beta for all, the groups of a row are rows of a layer norm.
fn a_group_alone() {
    let (gamma, beta) = (matrix([[1.5]]), matrix([[-0.5]]));
    let x = normal(1, Shape::matrix(6, 12));
    let grouped = call(&x, &gamma, &beta, 3).evaluate::<f32>();
    let parts = Tensor::new(Shape::matrix(18, 4), x.data.clone());
    let layer = Call::new(&layer_norm_forward::KERNEL)
        .real("x", &parts)
        .real("gamma", &gamma)
        .real("beta", &beta)
        .evaluate::<f32>();
    for name in ["z", "y", "statistics"] {
        assert_eq!(grouped.real(name).data, layer.real(name).data, "{name}");
    }
}

fn uneven() {
    let said = |groups, affine| {
        let sizes = [("rows", 2), ("cols", 6), ("affine", affine), ("groups", groups)];
        Sizes::new(&KERNEL.contract, 1, &sizes).err().map(|error| error.to_string())
    };
    let of_groups = "group_norm_forward: x has 6 columns, expected a multiple of 4 (groups)";
    assert_eq!(said(4, 6).as_deref(), Some(of_groups));
    assert_eq!(said(12, 1).map(|text| text.contains("a multiple of 12")), Some(true));
    let of_gamma = "group_norm_forward: gamma has 3 columns, expected 1 or 6";
    assert_eq!(said(3, 3).as_deref(), Some(of_gamma));
    assert_eq!(said(0, 6).as_deref(), Some("group_norm_forward: the size groups is 0"));
    assert_eq!(said(6, 1), None);
}

fn expected() -> Vec<Expected> {
    let expected = |case: vectors::VectorCase| {
        let groups = case.real("statistics").shape.cols / 2;
        let call = call(case.real("x"), case.real("gamma"), case.real("beta"), groups)
            .activation(case.activation())
            .parameter("epsilon", case.parameter("epsilon"));
        let output = |name| (name, Value::Real(case.real(name).clone()));
        let outputs = ["y", "statistics"].map(output).to_vec();
        Expected { label: case.label.clone(), call, outputs }
    };
    vectors::read("group_norm").into_iter().map(expected).collect()
}
