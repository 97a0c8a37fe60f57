//! Running a network over a test set, with running statistics.

use super::start;
use crate::backend::Session;
use crate::error::Result;
use crate::model::{DataBuffers, Model};
use crate::tensor::Value;

/// What a replica makes of a test set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    /// Mean cross-entropy, in nats.
    pub(crate) loss: f64,
    /// Share of the examples that are classified correctly.
    pub(crate) accuracy: f64,
}

/// Puts the test set back to its first chunk.
///
/// # Errors
/// When the device is lost or refuses.
pub(crate) fn rewind(session: &mut dyn Session, model: &Model) -> Result<()> {
    session.upload(&[start::index(model, model.test.step, vec![0; model.network.replicas])])
}

/// The scores of all replicas after the pass `evaluate` has run over every chunk.
///
/// # Errors
/// When the device is lost or refuses.
pub(crate) fn scores(session: &mut dyn Session, model: &Model) -> Result<Vec<Score>> {
    let DataBuffers { losses, correct, .. } = model.test;
    let (replicas, chunks) = (model.network.replicas, model.network.test_chunks());
    let (losses, correct) = (session.read(losses)?, session.read(correct)?);
    let (rows, examples) = (model.network.test_batch, model.network.test_examples);
    let sum = |ring: &Value<f32>, replica: usize| -> f64 {
        (0..chunks).map(|chunk| ring.widened(replica * chunks + chunk)).sum()
    };
    let score = |replica| Score {
        // A chunk's loss is the mean over all its rows, also over those without an example.
        loss: sum(&losses, replica) * rows as f64 / examples as f64,
        accuracy: sum(&correct, replica) / examples as f64,
    };
    Ok((0..replicas).map(score).collect())
}
