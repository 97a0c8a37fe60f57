//! Finds out where a loss that is not finite comes from, by running the step again, dispatch by dispatch.

use super::lockstep::read_outputs;
use super::trainer::{Trainer, TrainingOutcome};
use crate::error::Result;
use crate::program::Dispatch;
use crate::tensor::Value;

/// Explains why the loss of a replica is not finite after `step` steps, naming the first kernel that produced such a
/// value. The training goes back to its last checkpoint, runs up to the step before the bad one, and then one
/// dispatch at a time.
pub(super) fn explain(
    trainer: &mut Trainer<'_>,
    (replica, step, loss): (usize, usize, f32),
) -> Result<String> {
    let whose = match trainer.model().network.replicas {
        1 => String::new(),
        _ => format!(" of replica {replica}"),
    };
    let ended = format!("the loss{whose} is {loss} at step {step}");
    trainer.restore_checkpoint()?;
    let start = step.saturating_sub(2).max(trainer.step());
    if let TrainingOutcome::Diverged { step, loss, .. } = trainer.run_to(start)? {
        return Ok(format!("{ended}; when run again, it was already {loss} at step {step}"));
    }
    for number in start + 1..=step {
        if let Some(culprit) = first_not_finite(trainer)? {
            return Ok(format!(
                "{ended}: the first value that is not finite came from {culprit}, \
                 at step {number}; a smaller learning rate may help"
            ));
        }
    }
    Ok(format!("{ended}; running the step again gave only finite values"))
}

/// Runs one step dispatch by dispatch; names the first output that is not finite.
fn first_not_finite(trainer: &mut Trainer<'_>) -> Result<Option<String>> {
    trainer.load_order()?;
    for pass in trainer.model().step_passes() {
        let count = trainer.model().program.passes[pass.0].dispatches.len();
        for number in 0..count {
            let dispatch = trainer.model().program.passes[pass.0].dispatches[number].clone();
            trainer.session().run_dispatch(pass, number)?;
            let outputs = read_outputs(trainer.session(), &dispatch)?;
            if let Some(found) = not_finite(&dispatch, &outputs) {
                return Ok(Some(found));
            }
        }
    }
    trainer.count_step();
    Ok(None)
}

fn not_finite(dispatch: &Dispatch, outputs: &[Value<f32>]) -> Option<String> {
    let written = dispatch.kernel.contract.written();
    written.zip(outputs).find_map(|(operand, value)| {
        let Value::Real(tensor) = value else { return None };
        let at = tensor.data.iter().position(|number| !number.is_finite())?;
        let [replica, row, col] = tensor.shape.index(at);
        Some(format!(
            "{} (tensor {}, element [{replica}, {row}, {col}] = {})",
            dispatch.label, operand.name, tensor.data[at]
        ))
    })
}
