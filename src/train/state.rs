//! Everything that a training needs to continue as if it had never stopped.

use crate::error::{Error, Result};
use crate::model::Model;
use crate::program::TensorId;
use crate::record::{Evaluation, Parity, ShaderChange};
use crate::tensor::{Element, Value};
use serde::{Deserialize, Serialize};

/// A training between two of its steps, after everything that is recorded of the steps so far.
#[derive(Clone, Debug)]
pub struct TrainingState {
    /// What the loop carries from step to step.
    pub carried: Carried,
    /// Parameters, running statistics, the optimizer's memory and the step counter, by their names in the program,
    /// with all replicas.
    pub tensors: Vec<(String, Value<f32>)>,
}

/// What the loop over the steps carries beside tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// Steps done. The order of the examples follows from it.
    pub step: usize,
    /// Losses of each replica since the last evaluation, in nats.
    pub losses: Vec<Vec<f32>>,
    /// How many of their examples were classified correctly, of each replica.
    pub correct: Vec<f64>,
    /// Steps since the last evaluation that were timed, and their seconds.
    pub timed: (usize, f64),
    /// Shaders that were taken since the last evaluation.
    pub new_shaders: Vec<ShaderChange>,
    /// Shaders that were taken since the first step.
    pub shader_changes: Vec<ShaderChange>,
    /// How the steps so far compared with the CPU.
    pub parity: Parity,
    /// Seconds of the steps that were not compared.
    pub training_s: f64,
    /// Seconds of the probes.
    pub probing_s: f64,
}

/// Where a stopped training continues.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// Its state.
    pub state: TrainingState,
    /// Its evaluations so far, of every replica, in the order in which they were recorded.
    pub evaluations: Vec<Evaluation>,
}

/// The tensors of a network's state, with their names.
pub(super) fn named(model: &Model) -> Vec<(String, TensorId)> {
    model.state().into_iter().map(|id| (model.program.spec(id).name.clone(), id)).collect()
}

/// The bytes of a network's state.
pub(super) fn bytes(model: &Model) -> usize {
    model.state().into_iter().map(|id| 4 * model.program.spec(id).shape.len()).sum()
}

/// The values of a state in the order of [`named`].
///
/// # Errors
/// [`Error::Data`] when the state is another network's.
pub(super) fn fitted<'a>(
    model: &Model,
    state: &'a TrainingState,
) -> Result<Vec<(TensorId, &'a Value<f32>)>> {
    let fit = |(name, id): (String, TensorId)| {
        let found = state.tensors.iter().find(|(known, _)| *known == name);
        let (shape, element) = (model.program.spec(id).shape, model.program.element(id));
        let fits = |value: &&Value<f32>| value.shape() == shape && value.element() == element;
        found.map(|(_, value)| value).filter(fits).map(|value| (id, value)).ok_or_else(|| {
            let kind = if element == Element::F32 { "numbers" } else { "integers" };
            Error::Data(format!(
                "the checkpoint has no tensor {name} of {kind} {shape}: it is of another network; train \
                 again from the first step"
            ))
        })
    };
    let replicas = model.network.replicas;
    let Carried { losses, correct, .. } = &state.carried;
    if losses.len() != replicas || correct.len() != replicas {
        return Err(Error::Data(format!(
            "the checkpoint is not of {replicas} replicas: it is of another network; train again from the \
             first step"
        )));
    }
    named(model).into_iter().map(fit).collect()
}
