//! Lockstep: passes in which every dispatch is compared with its twin.
//!
//! Each dispatch is replayed on the CPU from the device's own inputs, so that errors do not add up
//! from one dispatch to the next, and the first kernel out of tolerance is named.

use crate::backend::Session;
use crate::check::{Judgement, judge};
use crate::error::Result;
use crate::isolated::unwritten;
use crate::kernels::contract::Access;
use crate::model::Model;
use crate::program::{Dispatch, PassId};
use crate::tensor::Value;

/// Runs passes and compares every tensor that they write, in the order of the dispatches.
///
/// # Errors
/// When the device is lost or refuses.
pub(super) fn compare_passes(
    session: &mut dyn Session,
    model: &Model,
    passes: &[PassId],
) -> Result<Vec<Judgement>> {
    let mut judgements = Vec::new();
    for &pass in passes {
        for (number, dispatch) in model.program.passes[pass.0].dispatches.iter().enumerate() {
            let inputs = read_inputs(session, dispatch)?;
            forget_outputs(session, model, dispatch)?;
            session.run_dispatch(pass, number)?;
            let outputs = read_outputs(session, dispatch)?;
            judgements.extend(judge(dispatch, &inputs, &outputs, session.precision(pass, number)));
        }
    }
    Ok(judgements)
}

fn read_inputs(session: &mut dyn Session, dispatch: &Dispatch) -> Result<Vec<Option<Value<f32>>>> {
    let operands = dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
    operands
        .map(|(operand, &id)| operand.access.reads().then(|| session.read(id)).transpose())
        .collect()
}

/// Fills what is only written with NaN: an element that the dispatch skips must not keep its value from an earlier
/// step.
fn forget_outputs(session: &mut dyn Session, model: &Model, dispatch: &Dispatch) -> Result<()> {
    for (operand, &id) in dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors) {
        if operand.access == Access::Write {
            let shape = model.program.spec(id).shape;
            session.write(id, &unwritten(operand.element, shape))?;
        }
    }
    Ok(())
}

/// The operands that a dispatch has written, in the contract's order.
pub(super) fn read_outputs(
    session: &mut dyn Session,
    dispatch: &Dispatch,
) -> Result<Vec<Value<f32>>> {
    let operands = dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
    let written: Vec<_> =
        operands.filter(|(operand, _)| operand.access.writes()).map(|(_, &id)| id).collect();
    session.read_all(&written)
}
