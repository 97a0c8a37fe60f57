//! Everything that a run writes, as serde types. The report reads nothing else.

use serde::{Deserialize, Serialize};

/// What computes: an adapter, or the CPU.
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
    /// SHA-256 of the whole text, in hexadecimal.
    pub sha256: String,
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
    /// Takes one comparison in: its error as a fraction of its tolerance, and a sentence about it.
    pub fn note(&mut self, ratio: f64, passes: bool, sentence: impl Fn() -> String) {
        self.compared += 1;
        if self.worst_ratio.is_none_or(|worst| ratio > worst) {
            // JSON has no infinity.
            self.worst_ratio = Some(ratio.min(f64::MAX));
            self.worst_at = Some(sentence());
        }
        if !passes {
            self.failures.push(sentence());
        }
    }

    /// Takes the comparisons of another part of the run in; `context` says which.
    pub fn merge(&mut self, other: &Self, context: &str) {
        self.compared += other.compared;
        self.failures.extend(other.failures.iter().map(|line| format!("{context}: {line}")));
        if other.worst_ratio > self.worst_ratio {
            self.worst_ratio = other.worst_ratio;
            self.worst_at = other.worst_at.as_ref().map(|line| format!("{context}: {line}"));
        }
    }
}

/// Figures of one layer, of its weight matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerFigures {
    /// `layer1`, …; the last one is the output layer.
    pub layer: String,
    /// √(mean of squares) of the weights' gradient at this step's batch.
    pub gradient_rms: f64,
    /// ‖W − W₀‖ / ‖W₀‖, W₀ being the initial weights.
    pub weight_change: f64,
}

/// What is recorded at one moment of a run: a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The run that it belongs to.
    pub run: String,
    /// Steps done.
    pub step: usize,
    /// Mean cross-entropy of each step since the moment before, in nats.
    pub losses: Vec<f32>,
    /// Mean of those.
    pub train_loss: f64,
    /// Share of their examples that were classified rightly while training on them.
    pub train_accuracy: f64,
    /// Mean cross-entropy over the test set, in nats, with running statistics.
    pub test_loss: f64,
    /// Share of the test set that is classified rightly, with running statistics.
    pub test_accuracy: f64,
    /// Figures of each layer at the last step.
    pub layers: Vec<LayerFigures>,
    /// Standard deviation of the last hidden layer's outputs across test images, mean over its units.
    pub output_spread: f64,
    /// Wall time of one step since the moment before, in milliseconds.
    pub ms_per_step: f64,
}

/// How one network's training ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its name, as `sigmoid-batch`.
    pub name: String,
    /// The activation.
    pub activation: String,
    /// The norm.
    pub norm: String,
    /// Steps done.
    pub steps: usize,
    /// Why it ended early, if it did.
    pub failure: Option<String>,
    /// Share of the test set that is classified rightly at the end.
    pub test_accuracy: Option<f64>,
    /// Mean cross-entropy of the last recorded steps, in nats.
    pub train_loss: Option<f64>,
    /// Figures of each layer at the last step.
    pub layers: Vec<LayerFigures>,
    /// Standard deviation of the last hidden layer's outputs across test images, mean over its units.
    pub output_spread: Option<f64>,
    /// Wall time of one training step in milliseconds: median over the recorded stretches.
    pub ms_per_step: Option<f64>,
    /// How its GPU results compared with the CPU reference.
    pub parity: Parity,
}

/// `summary.json`: what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of the crate that wrote it.
    pub version: String,
    /// What computed.
    #[serde(flatten)]
    pub adapter: Adapter,
    /// The data set.
    pub data: String,
    /// The experiment's seed.
    pub seed: u64,
    /// Wall time from start to end, in seconds.
    pub elapsed_s: f64,
    /// How all GPU results compared with the CPU reference.
    pub parity: Parity,
    /// The networks, in the order in which they were trained.
    pub runs: Vec<RunRecord>,
    /// The shaders that ran.
    pub shaders: Vec<ShaderRecord>,
}
