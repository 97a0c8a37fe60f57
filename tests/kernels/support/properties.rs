//! What holds for every twin at any size: f32 stays near f64, replicas do not see each other, and
//! cutting a dispatch into parts changes nothing.

use super::assert_within;
use libtest_mimic::Trial;
use normlab::backend::cpu::Engine;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::Case;
use normlab::kernels::contract::{Contract, Sizes};
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
pub(crate) fn trials(
    contract: &'static Contract,
    cases: fn() -> BoxedStrategy<Case>,
) -> Vec<Trial> {
    let trial = |name: &str, property: fn(&'static Contract, &Case)| {
        Trial::test(format!("{}::{name}", contract.name), move || {
            hold(&cases(), |case| property(contract, &case));
            Ok(())
        })
    };
    vec![
        trial("twin_in_f32_is_near_the_twin_in_f64", f32_is_near_f64),
        trial("twin_keeps_replicas_apart", |contract, case| {
            replicas_are_apart::<f32>(contract, case);
            replicas_are_apart::<f64>(contract, case);
        }),
        trial("twin_gives_the_same_in_one_piece", |contract, case| {
            parts_change_nothing::<f32>(contract, case);
            parts_change_nothing::<f64>(contract, case);
        }),
    ]
}

/// A case ready to be run in `T`.
struct Prepared<T> {
    sizes: Sizes,
    parameters: Vec<f32>,
    inputs: Vec<Option<Value<T>>>,
}

fn prepare<T: Engine>(contract: &'static Contract, case: &Case) -> Prepared<T> {
    let sizes = case.sizes(contract).unwrap_or_else(|error| panic!("{error}"));
    let inputs = case.inputs(contract).unwrap_or_else(|error| panic!("{error}"));
    let inputs = inputs.iter().map(|input| input.as_ref().map(Value::cast)).collect();
    Prepared { sizes, parameters: case.parameters(contract), inputs }
}

fn run<T: Engine>(contract: &'static Contract, case: &Case, what: &Prepared<T>) -> Vec<Value<T>> {
    let chosen = (what.parameters.as_slice(), case.activation);
    twin::run(T::twin(contract), contract, &what.sizes, chosen, &what.inputs)
}

/// The parts of [`Prepared`] that belong to one replica.
fn alone<T: Engine>(whole: &Prepared<T>, replica: usize) -> Prepared<T> {
    let mut sizes = whole.sizes.clone();
    sizes.replicas = 1;
    let one = |input: &Option<Value<T>>| input.as_ref().map(|all| super::replica(all, replica));
    let inputs = whole.inputs.iter().map(one).collect();
    Prepared { sizes, parameters: whole.parameters.clone(), inputs }
}

fn f32_is_near_f64(contract: &'static Contract, case: &Case) {
    let rough = run(contract, case, &prepare::<f32>(contract, case));
    let exact = run(contract, case, &prepare::<f64>(contract, case));
    let written = contract.operands.iter().filter(|operand| operand.access.writes());
    for (operand, (rough, exact)) in written.zip(rough.iter().zip(&exact)) {
        let what = format!("{} of {} at {}", operand.name, contract.name, case.describe());
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

fn replicas_are_apart<T: Engine>(contract: &'static Contract, case: &Case) {
    let prepared = prepare::<T>(contract, case);
    let together = run(contract, case, &prepared);
    for replica in 0..case.replicas {
        let apart = run(contract, case, &alone(&prepared, replica));
        let cut: Vec<_> = together.iter().map(|all| super::replica(all, replica)).collect();
        assert_eq!(apart, cut, "replica {replica} of {} at {}", contract.name, case.describe());
    }
}

fn parts_change_nothing<T: Engine>(contract: &'static Contract, case: &Case) {
    let whole = prepare::<T>(contract, case);
    let first = alone(&whole, 0);
    let whole_call = Arguments {
        contract,
        sizes: first.sizes.clone(),
        parameters: &first.parameters,
        activation: case.activation,
        inputs: first.inputs.iter().map(|input| input.as_ref().map(Cow::Borrowed)).collect(),
    };
    let in_one_piece = T::twin(contract)(&whole_call);
    let in_parts = run(contract, case, &first);
    assert_eq!(in_one_piece, in_parts, "{} at {}", contract.name, case.describe());
}
