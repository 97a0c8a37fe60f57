//! A run as included in the lesson's page: the evaluations and some of the probes of its networks, and the
//! verdicts on its claims. `assets/page/lesson/record.js` has the same types.

use crate::config::{Experiment, Norm};
use crate::error::{Error, Result};
use crate::export::page;
use crate::kernels::activation::Activation;
use crate::record::{
    Claim, Evaluation, Images, LayerProbe, Probe, Summary, SweepRecord, Swept, WeightProbe,
    is_first,
};
use crate::report::records::{Network, Records};
use crate::train::run_name;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The most probes of a network in the page, which are the stops of its slider.
const MOMENTS: usize = 10;

/// Significant digits of numbers: more than a picture shows.
const DIGITS: usize = 5;

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct RecordedRun {
    /// The command that reproduces it.
    pub command: String,
    /// The version of the crate that recorded it.
    version: String,
    /// The adapter that computed it.
    adapter: String,
    /// Its driver.
    driver: String,
    /// The date of the recording; none in records of older versions.
    date: Option<String>,
    /// The data set.
    data: String,
    /// Test accuracy of a constant guess.
    chance: f64,
    experiment: Experiment,
    networks: Vec<Track>,
    /// Networks trained at batch size 1.
    batch_of_one: Vec<BatchOfOne>,
    claims: Vec<Claim>,
}

/// A network over its training.
#[derive(Clone, Debug, Serialize)]
struct Track {
    name: String,
    activation: String,
    norm: String,
    /// Step and mean training loss since the evaluation before.
    losses: Vec<(usize, f64)>,
    /// Step, test accuracy and test loss.
    evaluations: Vec<(usize, f64, f64)>,
    /// The label of the first class.
    #[serde(skip_serializing_if = "is_first")]
    first_label: usize,
    moments: Vec<Moment>,
}

/// A network at a step.
#[derive(Clone, Debug, Serialize)]
struct Moment {
    step: usize,
    /// The hidden layers.
    layers: Vec<Layer>,
    output: Weights,
    /// Classes without a test image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without_image: Vec<usize>,
}

/// A hidden layer at a step.
#[derive(Clone, Debug, Serialize)]
struct Layer {
    low: f64,
    high: f64,
    below: u32,
    above: u32,
    counts: Vec<u32>,
    percentiles: [f64; 3],
    all_positive: f64,
    all_negative: f64,
    saturated: f64,
    smallest: Vec<f32>,
    largest: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    outputs: Rows,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs_in_training: Option<Rows>,
    #[serde(flatten)]
    weights: Weights,
}

/// A weight matrix at a step.
#[derive(Clone, Debug, Serialize)]
struct Weights {
    /// Root mean square of its gradient.
    gradient: f64,
    /// ‖W − W₀‖ / ‖W₀‖.
    change: f64,
    /// √(units · mean of W²).
    gain: f64,
}

/// Rows of grey values.
#[derive(Clone, Debug, Serialize)]
struct Rows {
    low: f32,
    high: f32,
    width: usize,
    /// The bytes, row after row.
    base64: String,
}

/// A network of the batch-size sweep.
#[derive(Clone, Debug, Serialize)]
struct BatchOfOne {
    norm: String,
    steps: usize,
    accuracy: Option<f64>,
    /// The largest gradient of its hidden weights, as root mean square, at any recorded evaluation.
    hidden_gradient: f64,
}

impl RecordedRun {
    /// The run with these records and claims; `command` reproduces it.
    ///
    /// # Errors
    /// [`Error::Config`] when it lacks a network that the lesson shows.
    pub fn new(
        records: &Records,
        summary: &Summary,
        claims: Vec<Claim>,
        command: String,
    ) -> Result<Self> {
        let chance = records.constant_guess().accuracy;
        let networks = records.networks();
        let missing = missing(records);
        if !missing.is_empty() {
            return Err(Error::Config(format!(
                "the lesson page needs sigmoid and relu networks, each without a norm, with batch norm and with \
                 layer norm, and probes of their hidden layers; this run has none of {}. To train and probe them \
                 all, run `normlab lesson`",
                missing.join(", ")
            )));
        }
        Ok(Self {
            command,
            version: summary.version.clone(),
            adapter: summary.adapter.adapter.clone(),
            driver: summary.adapter.driver.clone(),
            date: summary.date.clone(),
            data: summary.data.clone(),
            chance,
            experiment: records.experiment.clone(),
            networks: networks.into_iter().map(|network| track(records, network)).collect(),
            batch_of_one: records.sweep(Swept::BatchSize).iter().filter_map(batch_of_one).collect(),
            claims,
        })
    }
}

/// The networks of the lesson that have no evaluation, or no probe of a hidden layer.
fn missing(records: &Records) -> Vec<String> {
    let activations = [Activation::Sigmoid, Activation::Relu];
    let norms = [Norm::None, Norm::Batch, Norm::Layer];
    let names = activations.into_iter().flat_map(|one| norms.map(|norm| run_name(one, norm)));
    let is_there = |name: &String| {
        let probed = records.probes_of(name).any(|probe| !probe.hidden.is_empty());
        probed && records.evaluations_of(name).next().is_some()
    };
    names.filter(|name| !is_there(name)).collect()
}

fn track(records: &Records, network: Network<'_>) -> Track {
    let evaluations: Vec<&Evaluation> = records.evaluations_of(network.run).collect();
    let probes: Vec<&Probe> = records.probes_of(network.run).collect();
    Track {
        name: network.run.to_owned(),
        activation: network.activation.to_owned(),
        norm: network.norm.to_owned(),
        losses: evaluations.iter().map(|one| (one.step, short(one.train_loss))).collect(),
        evaluations: evaluations
            .iter()
            .map(|one| (one.step, short(one.test_accuracy), short(one.test_loss)))
            .collect(),
        first_label: records.first_label(),
        moments: thinned(&probes).into_iter().map(moment).collect(),
    }
}

/// At most [`MOMENTS`] of the probes: always the first two, because the first step's gradients are those of
/// the initial weights, and the last.
fn thinned<'a>(probes: &[&'a Probe]) -> Vec<&'a Probe> {
    let (first, others) = probes.split_at(probes.len().min(2));
    let count = others.len().min(MOMENTS - first.len());
    let evenly = (1..=count).map(|at| others[at * others.len() / count - 1]);
    first.iter().copied().chain(evenly).collect()
}

fn moment(probe: &Probe) -> Moment {
    let layers = probe.hidden.iter().zip(&probe.weights).map(layer);
    let output = probe
        .weights
        .last()
        .map_or(Weights { gradient: f64::NAN, change: f64::NAN, gain: f64::NAN }, weights);
    Moment {
        step: probe.step,
        layers: layers.collect(),
        output,
        without_image: probe.without_image.clone(),
    }
}

fn layer((layer, matrix): (&LayerProbe, &WeightProbe)) -> Layer {
    let histogram = &layer.histogram;
    Layer {
        low: histogram.low,
        high: histogram.high,
        below: histogram.below,
        above: histogram.above,
        counts: histogram.counts.clone(),
        percentiles: layer.percentiles.map(short),
        all_positive: layer.all_positive,
        all_negative: layer.all_negative,
        saturated: short(layer.saturated),
        smallest: layer.smallest.clone(),
        largest: layer.largest.clone(),
        gamma: layer.gamma.clone(),
        beta: layer.beta.clone(),
        outputs: rows(&layer.outputs),
        outputs_in_training: layer.in_training.as_ref().map(|seen| rows(&seen.outputs)),
        weights: weights(matrix),
    }
}

fn weights(matrix: &WeightProbe) -> Weights {
    Weights {
        gradient: short(matrix.gradient_rms),
        change: short(matrix.change),
        gain: short(matrix.backward_gain),
    }
}

fn rows(images: &Images) -> Rows {
    Rows {
        low: images.low,
        high: images.high,
        width: images.width,
        base64: STANDARD.encode(images.bytes()),
    }
}

fn batch_of_one(record: &SweepRecord) -> Option<BatchOfOne> {
    (record.batch == 1).then(|| BatchOfOne {
        norm: record.run.norm.clone(),
        steps: record.run.steps,
        accuracy: record.run.test_accuracy.map(short),
        hidden_gradient: short(record.hidden_gradient),
    })
}

fn short(number: f64) -> f64 {
    page::short(number, DIGITS)
}
