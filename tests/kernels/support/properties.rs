//! What holds for every twin at any size: f32 stays near f64, replicas do not see each other, and
//! cutting a dispatch into parts changes nothing.

use super::assert_within;
use crate::support::trial::Trial;
use normlab::backend::twins::TwinNumber;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::Case;
use normlab::kernels::contract::Sizes;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::twin::{self, Arguments};
use normlab::tensor::{Tensor, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::borrow::Cow;

/// Inputs that each property is tried on.
const TRIES: u32 = 48;

/// Largest error of an f32 twin, as a fraction of the tensor's largest magnitude or of 1.
const NEAR: f64 = 1e-4;

/// Tries a property on inputs that are the same in every run.
pub(crate) fn hold<S: Strategy>(inputs: &S, property: impl Fn(S::Value)) {
    let config = Config { cases: TRIES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tried = TestRunner::new_with_rng(config, rng).run(inputs, |input| {
        property(input);
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Cases of any size of a kernel over rows and columns, with any activation.
pub(crate) fn rows_and_cols() -> BoxedStrategy<Case> {
    (1_usize..34, 1_usize..34, replicas(), activation())
        .prop_map(|(rows, cols, replicas, activation)| {
            let case = Case::new(&[("rows", rows), ("cols", cols)]);
            case.replicas(replicas).activation(activation)
        })
        .boxed()
}

/// Cases of any size of a product.
pub(crate) fn products() -> BoxedStrategy<Case> {
    (1_usize..34, 1_usize..34, 1_usize..34, replicas())
        .prop_map(|(m, k, n, replicas)| {
            Case::new(&[("m", m), ("k", k), ("n", n)]).replicas(replicas)
        })
        .boxed()
}

pub(crate) fn replicas() -> impl Strategy<Value = usize> {
    1_usize..4
}

pub(crate) fn activation() -> impl Strategy<Value = Activation> {
    proptest::sample::select(Activation::ALL.to_vec())
}

/// The trials that every kernel has, on cases from `cases`.
pub(crate) fn trials(kernel: &'static Kernel, cases: fn() -> BoxedStrategy<Case>) -> Vec<Trial> {
    let trial = |name: &str, property: fn(&'static Kernel, &Case)| {
        Trial::test(format!("{}::{name}", kernel.name()), move || {
            hold(&cases(), |case| property(kernel, &case));
            Ok(())
        })
    };
    vec![
        trial("twin_in_f32_is_near_the_twin_in_f64", f32_is_near_f64),
        trial("twin_keeps_replicas_apart", |kernel, case| {
            replicas_are_apart::<f32>(kernel, case);
            replicas_are_apart::<f64>(kernel, case);
        }),
        trial("twin_gives_the_same_in_one_piece", |kernel, case| {
            parts_change_nothing::<f32>(kernel, case);
            parts_change_nothing::<f64>(kernel, case);
        }),
    ]
}

/// A case ready to be run in `T`.
struct Prepared<T> {
    sizes: Sizes,
    parameters: Vec<f32>,
    inputs: Vec<Option<Value<T>>>,
}

fn prepare<T: TwinNumber>(kernel: &'static Kernel, case: &Case) -> Prepared<T> {
    let sizes = case.sizes(&kernel.contract).unwrap_or_else(|error| panic!("{error}"));
    let inputs = case.inputs(&kernel.contract).unwrap_or_else(|error| panic!("{error}"));
    let inputs = inputs.iter().map(|input| input.as_ref().map(Value::cast)).collect();
    Prepared { sizes, parameters: case.parameters(&kernel.contract), inputs }
}

fn run<T: TwinNumber>(kernel: &'static Kernel, case: &Case, what: &Prepared<T>) -> Vec<Value<T>> {
    let chosen = (what.parameters.as_slice(), case.activation);
    twin::run(T::twin(kernel), &kernel.contract, &what.sizes, chosen, &what.inputs)
}

/// The parts of [`Prepared`] that belong to one replica.
fn alone<T: TwinNumber>(whole: &Prepared<T>, replica: usize) -> Prepared<T> {
    let mut sizes = whole.sizes.clone();
    sizes.replicas = 1;
    let one = |input: &Option<Value<T>>| input.as_ref().map(|all| super::replica(all, replica));
    let inputs = whole.inputs.iter().map(one).collect();
    Prepared { sizes, parameters: whole.parameters.clone(), inputs }
}

fn f32_is_near_f64(kernel: &'static Kernel, case: &Case) {
    let rough = run(kernel, case, &prepare::<f32>(kernel, case));
    let exact = run(kernel, case, &prepare::<f64>(kernel, case));
    let written = kernel.contract.operands.iter().filter(|operand| operand.access.writes());
    for (operand, (rough, exact)) in written.zip(rough.iter().zip(&exact)) {
        let what = format!("{} of {} at {}", operand.name, kernel.name(), case.describe());
        match (rough.cast::<f64>(), exact) {
            (Value::Real(rough), Value::Real(exact)) => {
                assert!(finite(&rough) && finite(exact), "{what} is not finite");
                let tolerance = NEAR * super::magnitude(exact).max(1.0);
                assert_within(&what, &rough, exact, tolerance);
            }
            (rough, exact) => assert_eq!(rough, *exact, "{what}"),
        }
    }
}

fn finite(tensor: &Tensor<f64>) -> bool {
    tensor.data.iter().all(|x| x.is_finite())
}

fn replicas_are_apart<T: TwinNumber>(kernel: &'static Kernel, case: &Case) {
    let prepared = prepare::<T>(kernel, case);
    let together = run(kernel, case, &prepared);
    for replica in 0..case.replicas {
        let apart = run(kernel, case, &alone(&prepared, replica));
        let cut: Vec<_> = together.iter().map(|all| super::replica(all, replica)).collect();
        assert_eq!(apart, cut, "replica {replica} of {} at {}", kernel.name(), case.describe());
    }
}

fn parts_change_nothing<T: TwinNumber>(kernel: &'static Kernel, case: &Case) {
    let whole = prepare::<T>(kernel, case);
    let first = alone(&whole, 0);
    let whole_call = Arguments {
        contract: &kernel.contract,
        sizes: first.sizes.clone(),
        parameters: &first.parameters,
        activation: case.activation,
        inputs: first.inputs.iter().map(|input| input.as_ref().map(Cow::Borrowed)).collect(),
    };
    let in_one_piece = T::twin(kernel)(&whole_call);
    let in_parts = run(kernel, case, &first);
    assert_eq!(in_one_piece, in_parts, "{} at {}", kernel.name(), case.describe());
}
