//! One dispatch held against its twin: the kernel checks of `normlab check` and the tests, and what
//! the lockstep comparison of a training step is made of.

use crate::backend::{Backend, cpu};
use crate::compare::{self, Verdict};
use crate::error::Result;
use crate::kernels::cases::Case;
use crate::kernels::contract::Contract;
use crate::program::Dispatch;
use crate::single::{Left, Single};
use crate::tensor::Value;

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
}

impl Judgement {
    /// One sentence for people, naming kernel, tensor, element and both values.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{}, tensor {}: {}", self.label, self.operand, self.verdict.describe())
    }
}

/// Holds the outputs of a dispatch against its twin, on the inputs that the dispatch had. `found`
/// has the operands that the kernel writes, in the contract's order.
#[must_use]
pub fn judge(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    found: &[Value<f32>],
) -> Vec<Judgement> {
    let exact_inputs: Vec<_> = inputs.iter().map(|input| input.as_ref().map(Value::cast)).collect();
    let twin = cpu::evaluate::<f32>(dispatch, inputs);
    let reference = cpu::evaluate::<f64>(dispatch, &exact_inputs);
    let factor = dispatch.contract.tolerance_factor * dispatch.activation.tolerance_factor();
    let written = dispatch.contract.written();
    written
        .zip(found.iter().zip(twin.iter().zip(&reference)))
        .map(|(operand, (found, (twin, reference)))| Judgement {
            label: dispatch.label.clone(),
            kernel: dispatch.contract.name,
            operand: operand.name,
            verdict: compare::compare(found, twin, reference, factor),
        })
        .collect()
}

/// What checking one kernel on one case found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One judgement for each written tensor.
    pub judgements: Vec<Judgement>,
    /// A sentence for each tensor that the kernel must not write and did, inside or behind it.
    pub trespasses: Vec<String>,
}

impl Outcome {
    /// Whether everything is as it must be.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.trespasses.is_empty() && self.judgements.iter().all(|one| one.verdict.passes())
    }

    /// The worst error as a fraction of its tolerance.
    #[must_use]
    pub fn worst_ratio(&self) -> f64 {
        self.judgements.iter().map(|one| one.verdict.ratio()).fold(0.0, f64::max)
    }

    /// Sentences about everything that is wrong.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let failed = self.judgements.iter().filter(|one| !one.verdict.passes());
        failed.map(Judgement::describe).chain(self.trespasses.clone()).collect()
    }
}

/// Runs a kernel on one case and holds what it did against its twin. Outputs are filled with NaN
/// before, every tensor has guard words behind it, and replicas of strided tensors lie apart.
///
/// # Errors
/// When the backend cannot run the kernel at all.
pub fn check(
    backend: &mut dyn Backend,
    contract: &'static Contract,
    case: &Case,
) -> Result<Outcome> {
    let (sizes, inputs) = (case.sizes(contract)?, case.inputs(contract)?);
    let shapes: Vec<_> = contract.operands.iter().map(|operand| sizes.shape(operand)).collect();
    let single = Single::new(contract, case, &shapes)?;
    let Left { written, trespasses } = single.run(backend, &inputs)?;
    let judgements = judge(single.dispatch(), &inputs, &written);
    Ok(Outcome { judgements, trespasses })
}
