//! Lockstep: one training step, in which every dispatch is held against its twin.
//!
//! Each dispatch is replayed on the CPU from the device's own inputs, so that errors do not add up
//! from one dispatch to the next, and the first kernel out of tolerance is named.

use crate::backend::Session;
use crate::check::{Judgement, judge};
use crate::error::Result;
use crate::model::Model;
use crate::program::Dispatch;
use crate::tensor::Value;

/// Runs one training step and compares every tensor that it writes, in the order of the dispatches.
///
/// # Errors
/// When the device is lost or refuses.
pub(super) fn compare_step(session: &mut dyn Session, model: &Model) -> Result<Vec<Judgement>> {
    let mut judgements = Vec::new();
    for pass in model.step_passes() {
        for (number, dispatch) in model.program.passes[pass.0].dispatches.iter().enumerate() {
            let inputs = read_inputs(session, dispatch)?;
            session.run_dispatch(pass, number)?;
            let outputs = read_outputs(session, dispatch)?;
            judgements.extend(judge(dispatch, &inputs, &outputs));
        }
    }
    Ok(judgements)
}

fn read_inputs(session: &mut dyn Session, dispatch: &Dispatch) -> Result<Vec<Option<Value<f32>>>> {
    let mut values = Vec::new();
    for (operand, &id) in dispatch.contract.operands.iter().zip(&dispatch.tensors) {
        values.push(if operand.access.reads() { Some(session.read(id)?) } else { None });
    }
    Ok(values)
}

/// The operands that a dispatch has written, in the contract's order.
pub(super) fn read_outputs(
    session: &mut dyn Session,
    dispatch: &Dispatch,
) -> Result<Vec<Value<f32>>> {
    let operands = dispatch.contract.operands.iter().zip(&dispatch.tensors);
    let written = operands.filter(|(operand, _)| operand.access.writes());
    written.map(|(_, &id)| session.read(id)).collect()
}
