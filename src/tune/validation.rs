//! Validates a candidate before it is timed: whether it has the bits of the default, and if not, whether it is right.

use crate::backend::gpu::GpuBackend;
use crate::check::{Judgement, Reference, elements, work};
use crate::error::Result;
use crate::isolated::{IsolatedDispatch, Outputs};
use crate::kernels::cases::Case;
use crate::kernels::contract::Sizes;
use crate::kernels::kernel::Kernel;
use crate::tensor::Value;
use std::collections::BTreeSet;

/// Multiplications of a product, or elements of another kernel, above which the twin is not run.
const SLOW_TWIN: usize = 1 << 24;

/// The most elements of all operands of a question.
const MOST_ELEMENTS: usize = 1 << 20;

/// What sizes are cut to: first, so that a question does not have too many elements; then, so that the twin is quick.
const CUTS: [usize; 2] = [1024, 256];

/// Seeds of the inputs at the dispatch's own sizes.
const SEEDS: u32 = 3;

/// The result of a validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Validity {
    /// It has the default's bits everywhere.
    BitIdentical,
    /// It is right, but rounds differently.
    WithinTolerance,
    /// It is wrong; the sentences say how.
    Wrong(Vec<String>),
}

/// One dispatch with its inputs, the results of the default, and those of the twin; none where the twin is slow.
#[derive(Clone, Debug)]
struct Question {
    isolated: IsolatedDispatch,
    inputs: Vec<Option<Value<f32>>>,
    expected: Vec<Value<f32>>,
    reference: Option<Reference>,
}

/// All questions about one target.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    questions: Vec<Question>,
    /// What is wrong with the default.
    pub(super) complaints: Vec<String>,
}

impl Validation {
    /// Runs the setting that `backend` has chosen, the default, and compares it with the twin. `case` has the
    /// dispatch's own sizes.
    pub(super) fn new(
        backend: &mut GpuBackend,
        kernel: &'static Kernel,
        case: &Case,
    ) -> Result<Self> {
        let mut validation = Self { questions: Vec::new(), complaints: Vec::new() };
        for case in cases(kernel, case)? {
            let sizes = case.sizes(&kernel.contract)?;
            // The class may have sizes at which the default needs too many workgroups.
            let default = backend.selection().default_setting(kernel)?;
            if backend.selection().misfit(kernel, &default, &sizes)?.is_some() {
                continue;
            }
            let inputs = case.inputs(&kernel.contract)?;
            let shapes: Vec<_> =
                kernel.contract.operands.iter().map(|one| sizes.shape(one)).collect();
            let isolated = IsolatedDispatch::new(kernel, &case, &shapes)?;
            let Outputs { written, trespasses, precision } = isolated.run(backend, &inputs)?;
            let quick = work(kernel, &sizes) <= SLOW_TWIN;
            let reference = quick.then(|| Reference::of(isolated.dispatch(), &inputs, precision));
            validation.complaints.extend(trespasses);
            let judged =
                reference.iter().flat_map(|twin| twin.judge(isolated.dispatch(), &written));
            validation.complaints.extend(complaints(judged));
            validation.questions.push(Question { isolated, inputs, expected: written, reference });
        }
        Ok(validation)
    }

    /// Validates the setting that `backend` has chosen now.
    pub(super) fn validate(&self, backend: &mut GpuBackend) -> Result<Validity> {
        let mut validity = Validity::BitIdentical;
        for Question { isolated, inputs, expected, reference } in &self.questions {
            let Outputs { written, trespasses, .. } = isolated.run(backend, inputs)?;
            if !trespasses.is_empty() {
                return Ok(Validity::Wrong(trespasses));
            }
            // What has the bits of the default is as right as the default.
            if written.iter().zip(expected).all(|(found, expected)| found.has_bits_of(expected)) {
                continue;
            }
            validity = Validity::WithinTolerance;
            let judged =
                reference.iter().flat_map(|twin| twin.judge(isolated.dispatch(), &written));
            let complaints = complaints(judged);
            if !complaints.is_empty() {
                return Ok(Validity::Wrong(complaints));
            }
        }
        Ok(validity)
    }
}

fn complaints(judged: impl Iterator<Item = Judgement>) -> Vec<String> {
    judged.filter(|one| !one.verdict.passes()).map(|one| one.describe()).collect()
}

/// The kernel's own cases with the activation of `case`; then its sizes with several seeds, the largest ones of its
/// class, and ragged ones; if these are slow for the twin, smaller ones, too.
fn cases(kernel: &'static Kernel, case: &Case) -> Result<Vec<Case>> {
    let mut known = BTreeSet::new();
    let own = (kernel.cases)().into_iter().map(|own| match kernel.contract.activation {
        true => own.activation(case.activation),
        false => own,
    });
    let mut cases: Vec<_> = own.filter(|own| known.insert(own.describe())).collect();
    let largest = resized(kernel, case, usize::next_power_of_two);
    let class = [Some(case.clone()), largest, resized(kernel, case, ragged)];
    for sized in class.into_iter().flatten() {
        let many = elements(kernel, &sized.sizes(&kernel.contract)?) > MOST_ELEMENTS;
        let cut = |most: usize| resized(kernel, &sized, |size| size.min(most));
        let asked = if many { cut(CUTS[0]) } else { Some(sized.clone()) };
        let Some(asked) = asked else { continue };
        let slow = work(kernel, &asked.sizes(&kernel.contract)?) > SLOW_TWIN;
        cases.extend(slow.then(|| cut(CUTS[1])).flatten());
        let seeds = if slow { 1 } else { SEEDS };
        cases.extend((0..seeds).map(|seed| Case { seed, ..asked.clone() }));
    }
    Ok(cases)
}

/// A case with all sizes and the replicas changed in the same way; none if the kernel has no such sizes.
fn resized(kernel: &'static Kernel, case: &Case, change: impl Fn(usize) -> usize) -> Option<Case> {
    let sizes: Vec<_> = case.sizes.iter().map(|&(name, size)| (name, change(size))).collect();
    let sizes = Sizes::new(&kernel.contract, change(case.replicas), &sizes).ok()?;
    let mut resized = kernel.case(&sizes, case.activation);
    resized.parameters.clone_from(&case.parameters);
    Some(resized)
}

/// A size of the same class that no tile divides, unless the class has only one.
fn ragged(size: usize) -> usize {
    let largest = size.next_power_of_two();
    if largest < 8 { size } else { largest - largest / 8 - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::Activation;
    use crate::kernels::setting::ShapeClass;
    use crate::kernels::{self, gather, matmul_nn};

    fn case(kernel: &'static Kernel, sizes: &[(&str, usize)]) -> Result<Case> {
        let sizes = Sizes::new(&kernel.contract, 1, sizes)?;
        Ok(kernel.case(&sizes, Activation::Relu))
    }

    fn of_class(kernel: &'static Kernel, cases: &[Case], class: &str) -> Result<usize> {
        let classes = cases
            .iter()
            .map(|one| Ok(ShapeClass::of(&kernel.contract, &one.sizes(&kernel.contract)?)));
        let classes = classes.collect::<Result<Vec<_>>>()?;
        Ok(classes.iter().filter(|known| known.to_string() == class).count())
    }

    #[test]
    fn a_class_is_asked_at_its_own_its_largest_and_ragged_sizes() -> Result<()> {
        let kernel = &matmul_nn::KERNEL;
        let cases = cases(kernel, &case(kernel, &[("m", 60), ("k", 784), ("n", 100)])?)?;
        assert!(of_class(kernel, &cases, "m64 k1024 n128")? > 5);
        let has = |m: usize| cases.iter().any(|one| one.size("m") == m);
        assert!(has(60) && has(64) && has(55));
        assert!(cases.len() > (kernel.cases)().len() + 5);
        Ok(())
    }

    #[test]
    fn indices_stay_below_what_they_choose_from() -> Result<()> {
        let sizes =
            [("examples", 60_000), ("words", 196), ("slots", 9), ("batch", 60), ("features", 784)];
        for case in cases(&gather::KERNEL, &case(&gather::KERNEL, &sizes)?)? {
            let sizes = case.sizes(&gather::KERNEL.contract)?;
            let small = elements(&gather::KERNEL, &sizes) <= MOST_ELEMENTS;
            assert!(small, "{}", case.describe());
            let inputs = case.inputs(&gather::KERNEL.contract)?;
            for (operand, input) in gather::KERNEL.contract.operands.iter().zip(inputs) {
                let (Some(size), Some(Value::Index(input))) = (operand.below, input) else {
                    continue;
                };
                let below = |&at: &u32| at == kernels::NONE || (at as usize) < sizes.get(size);
                assert!(input.data.iter().all(below), "{}", case.describe());
            }
        }
        Ok(())
    }
}
