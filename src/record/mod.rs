//! Everything that a run writes, as serde types. The report reads nothing else.

mod claim;
mod classification;
mod depth;
mod probe;
mod replicas;
mod run;
mod sweep;
mod weights;

pub use claim::{Claim, Verdict};
pub use classification::{ClassRecord, Classification};
pub use depth::{DepthLayer, DepthRecord};
pub use probe::{Histogram, Images, LayerProbe, Mode, OutputsInTraining, Probe, WeightProbe};
pub use replicas::{Figures, Pick, ReplicaRange, highest, lowest, median};
pub use run::{LateAccuracy, RunRecord, Summary};
pub use sweep::{ReplicaEnd, SweepRecord, Swept};
pub use weights::{DataRecord, WeightsRecord};

use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The device that computes: an adapter, or the CPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapter {
    /// Its name as its driver gives it.
    pub adapter: String,
    /// `vulkan`, `metal`, `dx12`, `gl`, or `cpu`.
    pub backend: String,
    /// What kind of device it is: `discrete gpu`, `integrated gpu`, `software`, …
    pub kind: String,
    /// The driver's name and version.
    pub driver: String,
}

impl Adapter {
    /// Whether the twins compute, on the CPU, instead of shaders.
    #[must_use]
    pub fn is_cpu_engine(&self) -> bool {
        self.backend == "cpu"
    }

    /// Whether it shares the machine's memory.
    #[must_use]
    pub fn shares_memory(&self) -> bool {
        ["cpu", "software", "integrated gpu"].contains(&self.kind.as_str())
    }

    /// A name for files about it: adapter, backend and driver.
    #[must_use]
    pub fn file_stem(&self) -> String {
        let words = format!("{} {} {}", self.adapter, self.backend, self.driver);
        let words = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    }
}

/// A shader that ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShaderRecord {
    /// The kernel.
    pub kernel: String,
    /// The variant.
    pub variant: String,
    /// The activation composed in, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub activation: Option<String>,
    /// The values of its tunable constants, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub tunables: BTreeMap<String, u32>,
    /// The classes of shapes that it ran at, where the kernel ran with several settings.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub shapes: Vec<String>,
    /// SHA-256 of the whole source, in hexadecimal.
    pub sha256: String,
}

/// A shader that was reloaded during a training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShaderChange {
    /// The first step that ran with it, counted from 1.
    pub step: usize,
    /// The shader.
    #[serde(flatten)]
    pub shader: ShaderRecord,
}

/// The worst of many comparisons of a GPU result with its reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parity {
    /// Largest error as a fraction of its tolerance; none where nothing was compared.
    pub worst_ratio: Option<f64>,
    /// Where that was, in words.
    pub worst_at: Option<String>,
    /// Tensors compared.
    pub compared: usize,
    /// Tensors out of tolerance, each with a sentence that names kernel, element and both values.
    pub failures: Vec<String>,
}

impl Parity {
    /// Adds one comparison: its error as a fraction of its tolerance, and a sentence about it.
    pub fn note(&mut self, ratio: f64, passes: bool, sentence: impl Fn() -> String) {
        self.compared += 1;
        // JSON has no infinity. Clamped before it is compared, so that the first of several stays.
        let ratio = ratio.min(f64::MAX);
        if self.worst_ratio.is_none_or(|worst| ratio > worst) {
            self.worst_ratio = Some(ratio);
            self.worst_at = Some(sentence());
        }
        if !passes {
            self.failures.push(sentence());
        }
    }

    /// Adds the comparisons of another part of the run; `context` says which.
    pub fn merge(&mut self, other: &Self, context: &str) {
        self.compared += other.compared;
        self.failures.extend(other.failures.iter().map(|line| format!("{context}: {line}")));
        if other.worst_ratio > self.worst_ratio {
            self.worst_ratio = other.worst_ratio;
            self.worst_at = other.worst_at.as_ref().map(|line| format!("{context}: {line}"));
        }
    }
}

/// JSON has no NaN and no infinity: they are written as null, and read as NaN.
fn nan_for_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Whether an index is the first, 0.
pub(crate) fn is_first(number: &usize) -> bool {
    *number == 0
}

/// As [`nan_for_null`], for all of a list.
fn nans_for_nulls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    let numbers = Vec::<Option<f32>>::deserialize(deserializer)?;
    Ok(numbers.into_iter().map(|number| number.unwrap_or(f32::NAN)).collect())
}

/// Figures of one layer, of its weight matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerFigures {
    /// `layer1`, …; the last one is the output layer.
    pub layer: String,
    /// √(mean of squares) of the weights' gradient at this step's batch.
    #[serde(deserialize_with = "nan_for_null")]
    pub gradient_rms: f64,
    /// ‖W − W₀‖ / ‖W₀‖, where W₀ are the initial weights.
    #[serde(deserialize_with = "nan_for_null")]
    pub weight_change: f64,
}

/// What is recorded of one replica at one evaluation of a run: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The run that it belongs to, for example `sigmoid-batch`.
    pub run: String,
    /// The run's activation; left out in records of older versions, see [`parts_of`].
    #[serde(default)]
    pub activation: String,
    /// The run's norm; left out like its activation.
    #[serde(default)]
    pub norm: String,
    /// Which replica of it; the first, 0, is left out.
    #[serde(default, skip_serializing_if = "is_first")]
    pub replica: usize,
    /// Steps done.
    pub step: usize,
    /// Shaders that were reloaded since the previous evaluation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shader_changes: Vec<ShaderChange>,
    /// Mean cross-entropy of each step since the previous evaluation, in nats.
    pub losses: Vec<f32>,
    /// Mean of those.
    #[serde(deserialize_with = "nan_for_null")]
    pub train_loss: f64,
    /// Share of their examples that were classified correctly while training on them.
    #[serde(deserialize_with = "nan_for_null")]
    pub train_accuracy: f64,
    /// Mean cross-entropy over the test set, in nats, with running statistics.
    #[serde(deserialize_with = "nan_for_null")]
    pub test_loss: f64,
    /// Share of the test set that is classified correctly, with running statistics.
    #[serde(deserialize_with = "nan_for_null")]
    pub test_accuracy: f64,
    /// Figures of each layer at the last step.
    pub layers: Vec<LayerFigures>,
    /// Standard deviation of the last hidden layer's outputs (of the pixels, where there is no hidden layer) across
    /// the last 500 test images, or all if there are fewer; averaged over its units.
    #[serde(deserialize_with = "nan_for_null")]
    pub output_spread: f64,
    /// Wall time of one step since the previous evaluation, of all replicas together, in milliseconds.
    #[serde(deserialize_with = "nan_for_null")]
    pub ms_per_step: f64,
}

/// The activation and the norm in a run's name, which is all that records of older versions have.
#[must_use]
pub fn parts_of(run: &str) -> (&str, &str) {
    run.rsplit_once('-').unwrap_or((run, "none"))
}

/// The best result of a guess that does not look at the images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConstantGuess {
    /// Its accuracy: the share of the commonest class among the test labels.
    pub accuracy: f64,
    /// Its mean cross-entropy in training, in nats: the entropy of the training labels.
    pub loss: f64,
}

impl ConstantGuess {
    /// For ten equally frequent classes, as records of older versions assumed.
    pub const TEN_CLASSES: Self = Self { accuracy: 0.1, loss: std::f64::consts::LN_10 };

    /// For these labels.
    #[must_use]
    pub fn of(train: &[u8], test: &[u8]) -> Self {
        let accuracy = shares(test).fold(0.0, f64::max);
        Self { accuracy, loss: shares(train).map(|share| -share * share.ln()).sum() }
    }
}

/// The share of each class that occurs.
fn shares(labels: &[u8]) -> impl Iterator<Item = f64> {
    let mut counts = BTreeMap::new();
    labels.iter().for_each(|label| *counts.entry(*label).or_insert(0_usize) += 1);
    let all = labels.len() as f64;
    counts.into_values().map(move |count| count as f64 / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_are_not_finite_survive_json() -> serde_json::Result<()> {
        let figures = LayerFigures {
            layer: "layer1".into(),
            gradient_rms: f64::INFINITY,
            weight_change: 0.5,
        };
        let read: LayerFigures = serde_json::from_str(&serde_json::to_string(&figures)?)?;
        assert!(read.gradient_rms.is_nan());
        assert_eq!(read.weight_change, 0.5);
        Ok(())
    }

    #[test]
    fn a_constant_guess_is_the_commonest_class() {
        let uniform = ConstantGuess::of(&[0, 1, 2, 3], &[3, 3, 1, 3]);
        assert_eq!(uniform.accuracy, 0.75);
        assert!((uniform.loss - 4_f64.ln()).abs() < 1e-12, "{uniform:?}");
        let skewed = ConstantGuess::of(&[7, 7, 7, 2], &[5]);
        let entropy = -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln());
        assert!((skewed.loss - entropy).abs() < 1e-12 && skewed.accuracy == 1.0, "{skewed:?}");
    }

    #[test]
    fn records_of_runs_before_shaders_were_watched_are_read() -> serde_json::Result<()> {
        let evaluation: Evaluation = serde_json::from_str(
            r#"{"run": "relu-none", "step": 1, "losses": [2.5], "train_loss": 2.5,
                "train_accuracy": 0.1, "test_loss": 2.5, "test_accuracy": 0.1, "layers": [],
                "output_spread": 0.5, "ms_per_step": 1.0}"#,
        )?;
        assert_eq!((evaluation.shader_changes.as_slice(), evaluation.replica), ([].as_slice(), 0));
        let line = serde_json::to_string(&evaluation)?;
        assert!(!line.contains("shader_changes") && !line.contains("replica"), "{line}");
        let other = Evaluation { replica: 2, ..evaluation };
        assert_eq!(serde_json::from_str::<Evaluation>(&serde_json::to_string(&other)?)?, other);
        let run: RunRecord = serde_json::from_str(
            r#"{"name": "relu-none", "activation": "relu", "norm": "none", "steps": 1,
                "failure": null, "test_accuracy": null, "train_loss": null, "layers": [],
                "output_spread": null, "ms_per_step": null,
                "parity": {"worst_ratio": null, "worst_at": null, "compared": 0, "failures": []}}"#,
        )?;
        assert_eq!((run.shader_changes.as_slice(), run.range), ([].as_slice(), None));
        Ok(())
    }

    #[test]
    fn the_worst_comparison_is_kept_and_failures_are_listed() {
        let mut all = Parity::default();
        all.note(0.25, true, || "a".into());
        let mut other = Parity::default();
        other.note(f64::INFINITY, false, || "b".into());
        other.note(f64::INFINITY, false, || "c".into());
        all.merge(&other, "run");
        assert_eq!((all.compared, all.worst_at.as_deref()), (3, Some("run: b")));
        assert_eq!(all.failures, ["run: b", "run: c"]);
        assert_eq!(all.worst_ratio, Some(f64::MAX));
    }
}
