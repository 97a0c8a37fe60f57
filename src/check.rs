//! Compares one dispatch with its twin: the kernel checks of `normlab check` and the tests, and the
//! building block of the lockstep comparison of a training step.

use crate::backend::{Backend, twins};
use crate::compare::{self, Verdict};
use crate::error::Result;
use crate::isolated::{IsolatedDispatch, Outputs};
use crate::kernels::cases::Case;
use crate::kernels::contract::Sizes;
use crate::kernels::kernel::Kernel;
use crate::kernels::precision::Precision;
use crate::leeway::{self, Leeway, Permitted};
use crate::program::Dispatch;
use crate::rng::{Purpose, Stream};
use crate::tensor::{Tensor, Value};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How one written tensor of a dispatch compares with the twin's.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The dispatch's label.
    pub label: String,
    /// The kernel.
    pub kernel: &'static str,
    /// The operand.
    pub operand: &'static str,
    /// What the comparison found.
    pub verdict: Verdict,
    /// The ways in which the tensor differs from the twin's that WGSL permits.
    pub permitted: Vec<Permitted>,
}

impl Judgement {
    /// One sentence for display, naming kernel, tensor, element and both values.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{}, tensor {}: {}", self.label, self.operand, self.verdict.describe())
    }
}

/// A tensor with fewer elements says too little about the cost of f32: each error is one random draw, and
/// a few may all be small by chance.
const FEW: usize = 8;

/// How many more times the cost of f32 is measured for a tensor of few elements, on inputs that are off
/// by up to [`NEARBY`] units in the last place.
const DRAWS: u64 = 16;

/// See [`DRAWS`].
const NEARBY: f64 = 4.0;

/// Compares the outputs of a dispatch with its twin, on the dispatch's own inputs. `found` has the
/// operands that the kernel writes, in the contract's order; `precision` is that of its products. Leeway
/// is granted only where f32 overflows: training needs neither inputs that are not finite nor denormal ones.
#[must_use]
pub fn judge(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    found: &[Value<f32>],
    precision: Precision,
) -> Vec<Judgement> {
    Reference::strict(dispatch, inputs, precision).judge(dispatch, found)
}

/// The twin's results for a dispatch's inputs, to compare several outputs with.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The written operands in f64, in the contract's order, and the cost of the precision in each.
    exact: Vec<(Value<f64>, f64)>,
    /// What WGSL permits besides, for each of them.
    leeways: Vec<Leeway>,
}

impl Reference {
    /// Runs the twin, and finds what WGSL permits besides.
    #[must_use]
    pub fn of(dispatch: &Dispatch, inputs: &[Option<Value<f32>>], precision: Precision) -> Self {
        let strict = Self::strict(dispatch, inputs, precision);
        let leeways = leeways(dispatch, inputs, &strict.exact);
        Self { leeways, ..strict }
    }

    /// Runs the twin, with leeway only where f32 overflows.
    fn strict(dispatch: &Dispatch, inputs: &[Option<Value<f32>>], precision: Precision) -> Self {
        let (exact, costs, leeways) = exact(dispatch, inputs, precision);
        Self { exact: exact.into_iter().zip(costs).collect(), leeways }
    }

    /// The written operands in the contract's order: each in f64, the cost of f32 in it, and what WGSL permits
    /// besides.
    pub fn operands(&self) -> impl Iterator<Item = (&Value<f64>, f64, &Leeway)> {
        self.exact.iter().zip(&self.leeways).map(|((exact, cost), leeway)| (exact, *cost, leeway))
    }

    /// Compares outputs of the dispatch with it, as [`judge`] does.
    #[must_use]
    pub fn judge(&self, dispatch: &Dispatch, found: &[Value<f32>]) -> Vec<Judgement> {
        let factor = dispatch.tolerance_factor();
        let written = dispatch.kernel.contract.written();
        written
            .zip(found.iter().zip(self.exact.iter().zip(&self.leeways)))
            .map(|(operand, (found, ((exact, cost), leeway)))| {
                let (verdict, permitted) =
                    leeway::compare_with_leeway(found, exact, leeway, *cost, factor);
                Judgement {
                    label: dispatch.label.clone(),
                    kernel: dispatch.kernel.name(),
                    operand: operand.name,
                    verdict,
                    permitted,
                }
            })
            .collect()
    }
}

/// Replacements for inputs that are not finite: a result that changes depends on them.
const STAND_INS: [f32; 4] = [0.0, 1.0, 1e38, -1e38];

/// What WGSL permits besides each reference: the twin runs again with 0 for denormal inputs, and with
/// other numbers for those that are not finite.
fn leeways(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    exact: &[(Value<f64>, f64)],
) -> Vec<Leeway> {
    let reals = inputs.iter().flatten().filter_map(|input| match input {
        Value::Real(tensor) => Some(&tensor.data),
        Value::Index(_) => None,
    });
    let has_denormals = reals.clone().flatten().any(|x| x.is_subnormal());
    let not_finite = reals.flatten().filter(|x| !x.is_finite()).count();
    let mut leeways = vec![Leeway { not_finite, ..Leeway::default() }; exact.len()];
    if has_denormals {
        let flushed = changed(dispatch, inputs, |x| if x.is_subnormal() { 0.0 } else { x });
        for (leeway, flushed) in leeways.iter_mut().zip(flushed) {
            leeway.flushed = Some(flushed);
        }
    }
    for stand_in in STAND_INS.iter().filter(|_| not_finite > 0) {
        let others = changed(dispatch, inputs, |x| if x.is_finite() { x } else { *stand_in });
        for (leeway, (other, (exact, _))) in leeways.iter_mut().zip(others.iter().zip(exact)) {
            leeway.resting.resize(exact.shape().len(), false);
            for (at, rests) in leeway.resting.iter_mut().enumerate() {
                *rests |= other.widened(at).to_bits() != exact.widened(at).to_bits();
            }
        }
    }
    leeways
}

/// The twin's results in f64 for inputs whose numbers are changed.
fn changed(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    change: impl Fn(f32) -> f32,
) -> Vec<Value<f64>> {
    let changed = |value: &Value<f32>| match value {
        Value::Real(tensor) => {
            let data = tensor.data.iter().map(|&x| f64::from(change(x))).collect();
            Value::Real(Tensor::new(tensor.shape, data))
        }
        Value::Index(_) => value.cast(),
    };
    let inputs: Vec<_> = inputs.iter().map(|input| input.as_ref().map(changed)).collect();
    twins::evaluate::<f64>(dispatch, &inputs)
}

/// The written operands in f64, the cost of the precision in each, and where it overflows.
fn exact(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    precision: Precision,
) -> (Vec<Value<f64>>, Vec<f64>, Vec<Leeway>) {
    let (twin, reference) = twins(dispatch, inputs, precision);
    let pairs = twin.iter().zip(&reference);
    let overflows = pairs.clone().map(|(twin, reference)| Leeway::of_overflow(twin, reference));
    let overflows = overflows.collect();
    let mut costs: Vec<f64> =
        pairs.map(|(twin, reference)| compare::cost(twin, reference)).collect();
    let real = |value: &Value<f64>| matches!(value, Value::Real(_));
    if reference.iter().any(|value| real(value) && value.shape().len() < FEW) {
        let more = nearby_costs(dispatch, inputs, precision);
        let few = reference.iter().map(|value| value.shape().len() < FEW);
        for ((cost, more), _) in costs.iter_mut().zip(more).zip(few).filter(|(_, few)| *few) {
            *cost = cost.max(more);
        }
    }
    (reference, costs, overflows)
}

/// The twin's results in f32 for the inputs as the precision rounds them, and in f64 for the exact ones.
fn twins(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    precision: Precision,
) -> (Vec<Value<f32>>, Vec<Value<f64>>) {
    (
        twins::evaluate::<f32>(dispatch, &precision.operands(inputs)),
        twins::evaluate::<f64>(dispatch, &widened(inputs)),
    )
}

/// The inputs in f64.
fn widened(inputs: &[Option<Value<f32>>]) -> Vec<Option<Value<f64>>> {
    inputs.iter().map(|input| input.as_ref().map(Value::cast)).collect()
}

/// The largest cost of f32 for each written operand, over nearby inputs.
fn nearby_costs(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    precision: Precision,
) -> Vec<f64> {
    let mut costs = vec![0.0_f64; dispatch.kernel.contract.written().count()];
    for draw in 1..=DRAWS {
        let inputs: Vec<_> = inputs
            .iter()
            .enumerate()
            .map(|(place, input)| input.as_ref().map(|value| nearby(value, draw, place)))
            .collect();
        let (twin, reference) = twins(dispatch, &inputs, precision);
        for ((cost, twin), reference) in costs.iter_mut().zip(&twin).zip(&reference) {
            *cost = cost.max(compare::cost(twin, reference));
        }
    }
    costs
}

/// The tensor with every number off by a few units in the last place.
pub(crate) fn nearby(value: &Value<f32>, draw: u64, place: usize) -> Value<f32> {
    let Value::Real(tensor) = value else { return value.clone() };
    let mut stream = Stream::new(draw, Purpose::Checks, place as u32);
    let mut moved = || 1.0 + f64::from(f32::EPSILON) * stream.range(-NEARBY, NEARBY);
    let data = tensor.data.iter().map(|&x| (f64::from(x) * moved()) as f32).collect();
    Value::Real(Tensor::new(tensor.shape, data))
}

/// What checking one kernel on one case found.
#[derive(Clone, Debug)]
pub struct CheckOutcome {
    /// One judgement for each written tensor.
    pub judgements: Vec<Judgement>,
    /// A sentence for each illegal write, into a read-only tensor or outside one.
    pub trespasses: Vec<String>,
    /// How long the kernel took, including its pipeline and the transfer of its tensors.
    pub elapsed: Duration,
}

impl CheckOutcome {
    /// Whether everything is correct.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.trespasses.is_empty() && self.judgements.iter().all(|one| one.verdict.passes())
    }

    /// The worst error as a fraction of its tolerance.
    #[must_use]
    pub fn worst_ratio(&self) -> f64 {
        self.judgements.iter().map(|one| one.verdict.ratio()).fold(0.0, f64::max)
    }

    /// The ways in which results differ from the twin's that WGSL permits.
    #[must_use]
    pub fn permitted(&self) -> BTreeSet<Permitted> {
        self.judgements.iter().flat_map(|one| one.permitted.iter().copied()).collect()
    }

    /// Sentences about everything that is wrong.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let failed = self.judgements.iter().filter(|one| !one.verdict.passes());
        failed.map(Judgement::describe).chain(self.trespasses.clone()).collect()
    }
}

/// A kernel on one case, to be run in one variant after another. Outputs are filled with NaN first,
/// every tensor is followed by guard words, and strided tensors have gaps between replicas.
#[derive(Clone, Debug)]
pub struct Trial {
    isolated: IsolatedDispatch,
    inputs: Vec<Option<Value<f32>>>,
    /// The twin's results for the previous variant, and the precision of its products.
    reference: Option<(Precision, Reference)>,
}

impl Trial {
    /// The kernel on tensors of the case.
    ///
    /// # Errors
    /// [`crate::error::Error::Shape`] when the case's sizes do not fit the kernel.
    pub fn new(kernel: &'static Kernel, case: &Case) -> Result<Self> {
        let (sizes, inputs) = (case.sizes(&kernel.contract)?, case.inputs(&kernel.contract)?);
        let shapes: Vec<_> =
            kernel.contract.operands.iter().map(|operand| sizes.shape(operand)).collect();
        Ok(Self {
            isolated: IsolatedDispatch::new(kernel, case, &shapes)?,
            inputs,
            reference: None,
        })
    }

    /// Names the kernel and the case.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.isolated.dispatch().label
    }

    /// The dispatch with its tensors.
    #[must_use]
    pub fn isolated(&self) -> &IsolatedDispatch {
        &self.isolated
    }

    /// A value for every operand that is read, in the contract's order.
    #[must_use]
    pub fn inputs(&self) -> &[Option<Value<f32>>] {
        &self.inputs
    }

    /// The twin's results for the inputs in f64: the operands that the kernel writes, in the contract's order.
    /// Those of an earlier run are reused.
    #[must_use]
    pub fn exact(&self) -> Vec<Value<f64>> {
        match &self.reference {
            Some((_, known)) => known.operands().map(|(exact, ..)| exact.clone()).collect(),
            None => twins::evaluate(self.isolated.dispatch(), &widened(&self.inputs)),
        }
    }

    /// Runs the variant that the backend uses and compares its results with the twin's.
    ///
    /// # Errors
    /// When the backend cannot run the kernel at all.
    pub fn run(&mut self, backend: &mut dyn Backend) -> Result<CheckOutcome> {
        let start = Instant::now();
        let Outputs { written, trespasses, precision } =
            self.isolated.run(backend, &self.inputs)?;
        let elapsed = start.elapsed();
        let dispatch = self.isolated.dispatch();
        let known = self.reference.take().filter(|(known, _)| *known == precision);
        let asked = || (precision, Reference::of(dispatch, &self.inputs, precision));
        let (_, reference) = self.reference.insert(known.unwrap_or_else(asked));
        let judgements = reference.judge(dispatch, &written);
        Ok(CheckOutcome { judgements, trespasses, elapsed })
    }
}

/// Runs a kernel on one case and compares its results with its twin's, as [`Trial`] does.
///
/// # Errors
/// When the backend cannot run the kernel at all.
pub fn check(
    backend: &mut dyn Backend,
    kernel: &'static Kernel,
    case: &Case,
) -> Result<CheckOutcome> {
    Trial::new(kernel, case)?.run(backend)
}

/// The elements of all operands.
#[must_use]
pub fn elements(kernel: &Kernel, sizes: &Sizes) -> usize {
    kernel.contract.operands.iter().map(|operand| sizes.shape(operand).len()).sum()
}

/// The approximate work of a kernel and its twin: multiplications for a product, elements for others.
#[must_use]
pub fn work(kernel: &Kernel, sizes: &Sizes) -> usize {
    match kernel.contract.is_product() {
        true => kernel.contract.multiplications(sizes),
        false => elements(kernel, sizes),
    }
}
