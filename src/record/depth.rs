//! What `normlab depth` records: signals and gradients through the layers of one network, a line of `depth.jsonl`.

use super::{Adapter, nan_for_null};
use serde::{Deserialize, Serialize};

/// One network at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthRecord {
    /// Its name, for example `relu-batch`.
    pub run: String,
    /// Its activation.
    pub activation: String,
    /// Its norm.
    pub norm: String,
    /// Its number of hidden layers.
    pub depth: usize,
    /// The step whose batch, gradients and outputs these are, from 1: at step 1 those of the initial weights.
    pub step: usize,
    /// Whether it is the last step that was asked for.
    pub last: bool,
    /// Share of the test set that it classifies correctly after this step; none at step 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<f64>,
    /// Why its training ended early; none if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Each hidden layer, from the first to the last.
    pub layers: Vec<DepthLayer>,
    /// Its whole experiment, key by key.
    pub experiment: serde_json::Value,
    /// The SHA-256 of its images and labels, in hexadecimal.
    pub data_sha256: String,
    /// The version of the crate that measured it.
    pub version: String,
    /// Hardware and software.
    #[serde(flatten)]
    pub adapter: Adapter,
}

/// One hidden layer at one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthLayer {
    /// √(mean of squares) of the gradient of its weights.
    #[serde(deserialize_with = "nan_for_null")]
    pub gradient_rms: f64,
    /// The standard deviation of its outputs over the batch, averaged over the units.
    #[serde(deserialize_with = "nan_for_null")]
    pub deviation: f64,
    /// The entropy rank of its outputs H, `[batch, units]`: exp(−Σ p ln p) with p the eigenvalues of HᵀH over their sum,
    /// from 1, all images alike but for their size, to the smaller side (Roy and Vetterli 2007, there of singular
    /// values).
    #[serde(deserialize_with = "nan_for_null")]
    pub rank: f64,
}

impl DepthRecord {
    /// The factors by which the gradient changes from the next hidden layer to each but the last.
    #[must_use]
    pub fn factors(&self) -> Vec<f64> {
        self.layers.windows(2).map(|pair| pair[0].gradient_rms / pair[1].gradient_rms).collect()
    }

    /// Their geometric mean without the first, whose layer sees the pixels; none with fewer than three hidden layers, or
    /// where a gradient is 0 or not a number.
    #[must_use]
    pub fn factor(&self) -> Option<f64> {
        let between = self.layers.get(1..)?;
        let [first, .., last] = between else { return None };
        let ratio = first.gradient_rms / last.gradient_rms;
        let factor = ratio.powf(1.0 / (between.len() - 1) as f64);
        (factor.is_finite() && factor > 0.0).then_some(factor)
    }
}
