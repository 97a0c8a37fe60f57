//! What a probe of a network in training records: a line of `histograms.jsonl`.

use super::{nan_for_null, nans_for_nulls};
use serde::{Deserialize, Serialize};

/// What the hidden layers of a network do at one step, on the same training images every time, and on the first test
/// image of each class. With several replicas, of the first one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The run that it belongs to, for example `sigmoid-batch`.
    pub run: String,
    /// The run's activation; left out in records of older versions, see [`super::parts_of`].
    #[serde(default)]
    pub activation: String,
    /// The run's norm; left out like its activation.
    #[serde(default)]
    pub norm: String,
    /// Steps done; 0 before the first.
    pub step: usize,
    /// Each hidden layer, from the first to the last.
    pub hidden: Vec<LayerProbe>,
    /// Classes without a test image: their rows of the layers' outputs are empty. Left out if every class has one,
    /// and in records of older versions.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub without_image: Vec<usize>,
    /// Each weight matrix, that of the output layer last.
    pub weights: Vec<WeightProbe>,
    /// The first layer's weights into its first units, one image each; only at some steps.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_weights: Option<Images>,
}

/// The inputs to a hidden layer's activation over the probe's training images, and its outputs for the
/// test images. Batch norm takes the statistics of the probe's own images, as in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerProbe {
    /// `layer1`, …
    pub layer: String,
    /// The distribution of the inputs.
    pub histogram: Histogram,
    /// The values below which 15, 50 and 85 % of the inputs lie, within the histogram's bins.
    pub percentiles: [f64; 3],
    /// The same of the inputs to its first unit alone, exact; only of the last hidden layer, and left out in records of
    /// older versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit_percentiles: Option<[f64; 3]>,
    /// Each unit's mean input.
    #[serde(deserialize_with = "nans_for_nulls")]
    pub mean: Vec<f32>,
    /// The standard deviation of each unit's inputs.
    #[serde(deserialize_with = "nans_for_nulls")]
    pub deviation: Vec<f32>,
    /// Share of units whose inputs are all 0 or more: ReLU is linear for them.
    pub all_positive: f64,
    /// Share of units whose inputs are all 0 or less: ReLU blocks them, and their gradient.
    pub all_negative: f64,
    /// Each unit's smallest input; empty in records of older versions.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "nans_for_nulls")]
    pub smallest: Vec<f32>,
    /// Each unit's largest input; empty in records of older versions.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "nans_for_nulls")]
    pub largest: Vec<f32>,
    /// Share of inputs at which a sigmoid is below .02 or above .98.
    pub saturated: f64,
    /// The norm's scale of each unit (one for all if it is shared); empty without a norm.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "nans_for_nulls")]
    pub gamma: Vec<f32>,
    /// The norm's shift of each unit; empty if it has none.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "nans_for_nulls")]
    pub beta: Vec<f32>,
    /// Batch norm's running mean of each unit.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "nans_for_nulls")]
    pub running_mean: Vec<f32>,
    /// Batch norm's running variance of each unit.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "nans_for_nulls")]
    pub running_variance: Vec<f32>,
    /// The layer's outputs for the test images, a row for each class, with running statistics.
    pub outputs: Images,
    /// Standard deviation of the outputs across the existing images, averaged over the units.
    #[serde(deserialize_with = "nan_for_null")]
    pub output_spread: f64,
    /// The same outputs in training mode; none if they do not differ.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub in_training: Option<OutputsInTraining>,
}

impl Probe {
    /// Whether the network behaves differently in training and in inference.
    #[must_use]
    pub fn differs_in_training(&self) -> bool {
        self.hidden.iter().any(|layer| layer.in_training.is_some())
    }
}

impl LayerProbe {
    /// The outputs for the test images and how much they differ: in training, or in inference, with running
    /// statistics.
    #[must_use]
    pub fn outputs_in(&self, mode: Mode) -> (&Images, f64) {
        match (&self.in_training, mode) {
            (Some(seen), Mode::Training) => (&seen.outputs, seen.output_spread),
            _ => (&self.outputs, self.output_spread),
        }
    }
}

/// How a network with batch norm is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With the mean and variance of a batch.
    Training,
    /// With the running mean and variance.
    Inference,
}

/// A layer's outputs for the test images when batch norms use the mean and variance of the probe's training images,
/// not the running ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputsInTraining {
    /// The outputs, a row for each image.
    pub outputs: Images,
    /// Their standard deviation across the images, averaged over the units.
    #[serde(deserialize_with = "nan_for_null")]
    pub output_spread: f64,
}

/// Counts of values in bins of equal width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Where the first bin begins.
    pub low: f64,
    /// Where the last bin ends.
    pub high: f64,
    /// Values below `low`.
    pub below: u32,
    /// Values at or above `high`.
    pub above: u32,
    /// Values in each bin.
    pub counts: Vec<u32>,
}

impl Histogram {
    /// All values that were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        let inside: u64 = self.counts.iter().copied().map(u64::from).sum();
        inside + u64::from(self.below) + u64::from(self.above)
    }

    /// The value below which `share` of the values lie, taking each bin as evenly filled; clamped to the range of the
    /// bins.
    #[must_use]
    pub fn percentile(&self, share: f64) -> f64 {
        let width = (self.high - self.low) / self.counts.len() as f64;
        let mut missing = share * self.total() as f64 - f64::from(self.below);
        if missing <= 0.0 {
            return self.low;
        }
        for (bin, &count) in self.counts.iter().enumerate() {
            if missing <= f64::from(count) {
                return self.low + width * (bin as f64 + missing / f64::from(count));
            }
            missing -= f64::from(count);
        }
        self.high
    }
}

/// Figures of one weight matrix at a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightProbe {
    /// `layer1`, …; the last one is the output layer.
    pub layer: String,
    /// √(mean of squares) of its gradient at this step's batch; 0 before the first step.
    #[serde(deserialize_with = "nan_for_null")]
    pub gradient_rms: f64,
    /// ‖ΔW‖ / ‖W‖, where ΔW is the change of this step; 0 before the first step.
    #[serde(deserialize_with = "nan_for_null")]
    pub update_ratio: f64,
    /// ‖W − W₀‖ / ‖W₀‖, where W₀ are the initial weights.
    #[serde(deserialize_with = "nan_for_null")]
    pub change: f64,
    /// √(units · mean of W²), with the units of this layer: the factor by which W scales a gradient on its way back
    /// if the signs of its parts are independent. NaN in records of older versions.
    #[serde(deserialize_with = "nan_for_null", default = "nan")]
    pub backward_gain: f64,
}

fn nan() -> f64 {
    f64::NAN
}

/// Rows of numbers as grey values, one byte each: `low` is 0, `high` is 255.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Images {
    /// The number at byte 0.
    pub low: f32,
    /// The number at byte 255.
    pub high: f32,
    /// Bytes of a row.
    pub width: usize,
    /// All rows, two hexadecimal digits per byte.
    pub hex: String,
}

impl Images {
    /// Maps numbers to bytes, from the smallest to the largest; each row has `width` of them.
    #[must_use]
    pub fn new(numbers: &[f32], width: usize) -> Self {
        let finite = || numbers.iter().copied().filter(|x| x.is_finite());
        let low = finite().reduce(f32::min).unwrap_or(0.0);
        let high = finite().reduce(f32::max).unwrap_or(0.0);
        let range = if high > low { high - low } else { 1.0 };
        let grey = |x: &f32| ((x - low) / range * 255.0).round().clamp(0.0, 255.0) as u8;
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
        let digits = |byte: u8| [digit(byte >> 4), digit(byte & 15)];
        let hex = numbers.iter().flat_map(|x| digits(grey(x))).collect();
        Self { low, high, width, hex }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.hex.len() / 2 / self.width.max(1)
    }

    /// The bytes; empty if `hex` is not hexadecimal.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let pairs = self.hex.as_bytes().chunks_exact(2);
        let byte = |pair: &[u8]| {
            std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        };
        pairs.map(byte).collect::<Option<_>>().unwrap_or_default()
    }

    /// The number that a byte represents.
    #[must_use]
    pub fn number(&self, byte: u8) -> f32 {
        self.low + (self.high - self.low) * f32::from(byte) / 255.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_even_within_their_bin() {
        let histogram =
            Histogram { low: -1.0, high: 1.0, below: 2, above: 2, counts: vec![0, 4, 2, 0] };
        assert_eq!(histogram.total(), 10);
        assert_eq!(histogram.percentile(0.1), -1.0);
        assert_eq!(histogram.percentile(0.4), -0.25);
        assert_eq!(histogram.percentile(0.7), 0.25);
        assert_eq!(histogram.percentile(0.9), 1.0);
    }

    #[test]
    fn images_keep_their_range_and_shape() {
        let images = Images::new(&[-1.0, 0.0, 1.0, 3.0], 2);
        assert_eq!((images.low, images.high, images.hex.as_str()), (-1.0, 3.0, "004080ff"));
        assert_eq!(images.bytes(), [0, 64, 128, 255]);
        assert!((images.number(64) - 0.0).abs() < 0.01);
        assert_eq!(Images::new(&[2.0, 2.0], 2).bytes(), [0, 0]);
        assert_eq!(Images { hex: "zz".into(), ..images }.bytes(), [0; 0]);
    }
}
