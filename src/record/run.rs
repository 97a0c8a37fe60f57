//! How trainings ended.

use super::claim::Claim;
use super::replicas::{ReplicaRange, highest, lowest, median};
use super::{Adapter, ConstantGuess, LayerFigures, Parity, ShaderChange, ShaderRecord, is_first};
use serde::{Deserialize, Serialize};

/// How one network's training ended. With several replicas each figure is the median over them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its name, for example `sigmoid-batch`.
    pub name: String,
    /// The activation.
    pub activation: String,
    /// The norm.
    pub norm: String,
    /// Steps done at the last evaluation, which the figures below are from. A run that ended early went further:
    /// `failure` gives the step.
    pub steps: usize,
    /// Why it ended early, if it did.
    pub failure: Option<String>,
    /// Losses of the steps between the last evaluation and an early end, in nats: those of the replica that
    /// `failure` names.
    #[serde(default)]
    pub last_losses: Vec<f32>,
    /// Share of the test set that is classified correctly at the end.
    pub test_accuracy: Option<f64>,
    /// Mean cross-entropy of the last recorded steps, in nats.
    pub train_loss: Option<f64>,
    /// Shaders that were reloaded while it was trained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shader_changes: Vec<ShaderChange>,
    /// The range of the test accuracy at the evaluations in the last third of the steps; none in
    /// records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_accuracy: Option<LateAccuracy>,
    /// Figures of each layer at the first step, whose gradients are those of the initial weights; empty
    /// in records of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_layers: Vec<LayerFigures>,
    /// Figures of each layer at the last step.
    pub layers: Vec<LayerFigures>,
    /// Standard deviation of the last hidden layer's outputs (of the pixels, where there is no hidden layer) across
    /// the last 500 test images, or all if there are fewer; averaged over its units.
    pub output_spread: Option<f64>,
    /// The range of these figures over the replicas; none if there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<ReplicaRange>,
    /// Wall time of one training step, of all replicas together, in milliseconds: median over the
    /// recorded stretches.
    pub ms_per_step: Option<f64>,
    /// Time of the probes as a share of the time of the training steps; none if there were none.
    #[serde(default)]
    pub probe_share: Option<f64>,
    /// How its GPU results compared with the CPU reference.
    pub parity: Parity,
}

/// The range of the test accuracy in the last third of a training's steps: the last value alone is luck if a network
/// still fluctuates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LateAccuracy {
    /// The number of evaluations.
    pub evaluations: usize,
    /// The lowest accuracy.
    pub lowest: f64,
    /// The median accuracy.
    pub median: f64,
    /// The highest accuracy.
    pub highest: f64,
}

impl LateAccuracy {
    /// The range of accuracies at their steps; none if there are none.
    #[must_use]
    pub fn of(evaluated: &[(usize, f64)]) -> Option<Self> {
        let last = evaluated.iter().map(|(step, _)| *step).max()?;
        let late = evaluated.iter().filter(|(step, _)| 3 * step > 2 * last);
        let late: Vec<_> = late.map(|(_, accuracy)| *accuracy).collect();
        Some(Self {
            evaluations: late.len(),
            lowest: lowest(&late)?,
            median: median(&late)?,
            highest: highest(&late)?,
        })
    }
}

/// `summary.json`: the results of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of the crate that wrote it.
    pub version: String,
    /// The device that computed.
    #[serde(flatten)]
    pub adapter: Adapter,
    /// The data set.
    pub data: String,
    /// What a constant guess reaches on it; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant_guess: Option<ConstantGuess>,
    /// The label of the first class, from which the others count up: 1 if the files' labels start there; 0 is left
    /// out.
    #[serde(default, skip_serializing_if = "is_first")]
    pub first_label: usize,
    /// The experiment's seed, that of the first replica.
    pub seed: u64,
    /// Wall time from start to end, in seconds.
    pub elapsed_s: f64,
    /// The date on which it was written, for example `2026-11-29`; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The SHA-256 of the run's `experiment.toml`, in hexadecimal; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// How all GPU results compared with the CPU reference.
    pub parity: Parity,
    /// The networks, in the order in which they were trained.
    pub runs: Vec<RunRecord>,
    /// The shaders that ran.
    pub shaders: Vec<ShaderRecord>,
    /// The fusion rules that were applied; none in records of older versions.
    #[serde(default)]
    pub fusion: Vec<String>,
    /// The lesson's claims, compared with this run; none in records of older versions.
    #[serde(default)]
    pub claims: Vec<Claim>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_third_of_the_steps_counts() {
        let evaluated = [(1, 0.0), (50, 0.2), (100, 0.9), (101, 0.7), (125, 0.8), (150, 0.75)];
        let late = LateAccuracy { evaluations: 3, lowest: 0.7, median: 0.75, highest: 0.8 };
        assert_eq!(LateAccuracy::of(&evaluated), Some(late));
        assert_eq!(LateAccuracy::of(&[]), None);
    }
}
