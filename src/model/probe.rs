//! The passes of a probe: the forward pass over separate images, with histograms and statistics.

use super::builder::{Builder, DataBuffers};
use super::layers::{Mode, Walk};
use super::role::Role;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::{column_stats, histogram};
use crate::program::{Dispatch, PassId, TensorId};
use crate::tensor::Shape;

/// What a probe runs, and where its results are.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The forward pass over training images, batch norm using the statistics of just these; then counts
    /// and column statistics of the inputs to every hidden activation.
    pub pass: PassId,
    /// Which training images these are, `[1, images]`.
    pub batch_indices: TensorId,
    /// These images and their labels, if not all training images are on the device.
    pub own: Option<[TensorId; 2]>,
    /// The forward pass over a test image of each class, with running statistics; with a batch norm, also
    /// with the statistics of the training images of `pass`.
    pub digits: PassId,
    /// Which test images these are, `[1, classes]`.
    pub digits_indices: TensorId,
    /// The hidden layers, from the first to the last.
    pub hidden: Vec<ProbedLayer>,
}

/// A hidden layer in a probe.
#[derive(Clone, Debug)]
pub struct ProbedLayer {
    /// The inputs to the activation for the training images, `[images, units]`.
    pub inputs: TensorId,
    /// The histogram of the inputs to the activation, with the default bins of [`histogram`].
    pub counts: TensorId,
    /// Statistics of each unit's inputs to the activation: see [`column_stats`], whose default range is where
    /// the sigmoid is not saturated.
    pub stats: TensorId,
    /// The layer's outputs for the test images with running statistics, `[classes, units]`.
    pub outputs: TensorId,
    /// The same with the statistics of the probed training images; none without a batch norm in this layer
    /// or an earlier one, where it would make no difference.
    pub outputs_in_training: Option<TensorId>,
    /// Scale of the layer's norm, if it has one.
    pub gamma: Option<TensorId>,
    /// Shift of the layer's norm, if it has one.
    pub beta: Option<TensorId>,
}

/// Adds the passes; `train` and `test` hold the images.
pub(super) fn probe(
    builder: &mut Builder,
    train: &DataBuffers,
    test: &DataBuffers,
) -> Result<Probe> {
    let (data, counted, measured) = inputs(builder, train)?;
    let classes = builder.network.classes;
    let digits = data_buffers(builder, "digits", classes, test);
    let (gathered, images, _) = builder.gather("digits", &digits, classes)?;
    let running = builder.running(measured.len());
    let (inferred, outputs) = self::outputs(builder, "digits.", images, &running)?;
    let of_batch: Vec<_> = measured.iter().map(|layer| layer.statistics).collect();
    let (trained, in_training) = match of_batch.iter().any(Option::is_some) {
        true => self::outputs(builder, "digits.batch.", images, &of_batch)?,
        false => Default::default(),
    };
    let mut hidden = Vec::new();
    for (layer, (measured, outputs)) in measured.into_iter().zip(outputs).enumerate() {
        let parameter = |role| builder.layout.find_any(layer, role).map(|known| known.value);
        let (gamma, beta) = (parameter(Role::Gamma), parameter(Role::Beta));
        let differs = of_batch[..=layer].iter().any(Option::is_some);
        let outputs_in_training = in_training.get(layer).copied().filter(|_| differs);
        let Measured { inputs, counts, stats, .. } = measured;
        hidden.push(ProbedLayer {
            inputs,
            counts,
            stats,
            outputs,
            outputs_in_training,
            gamma,
            beta,
        });
    }
    let pass = builder.program.pass("probe", counted);
    let dispatches = [gathered].into_iter().chain(inferred).chain(trained).collect();
    let seen = builder.program.pass("digits", dispatches);
    let own = builder.network.window.map(|_| [data.images, data.labels]);
    let (batch_indices, digits_indices) = (data.batch_indices, digits.batch_indices);
    Ok(Probe { pass, batch_indices, own, digits: seen, digits_indices, hidden })
}

/// A part of the data in the probe's own order.
fn data_buffers(
    builder: &mut Builder,
    part: &str,
    images: usize,
    data: &DataBuffers,
) -> DataBuffers {
    let replicas = builder.network.replicas;
    let index = |builder: &mut Builder, what: &str, cols| {
        let shape = Shape::new(replicas, 1, cols);
        builder.program.index_tensor(format!("{part}.{what}"), shape)
    };
    let batch_indices = index(builder, "batch_indices", images);
    DataBuffers { batch_indices, step: index(builder, "step", 1), ..*data }
}

/// What is measured on a layer's inputs.
struct Measured {
    inputs: TensorId,
    counts: TensorId,
    stats: TensorId,
    /// Mean and variance of these images, for a batch norm: `[2, units]`.
    statistics: Option<TensorId>,
}

/// With this momentum the running statistics become those of the batch.
const ALL_OF_THE_BATCH: f32 = 1.0;

/// The forward pass over training images: their data, its dispatches, and what is measured.
fn inputs(
    builder: &mut Builder,
    train: &DataBuffers,
) -> Result<(DataBuffers, Vec<Dispatch>, Vec<Measured>)> {
    let images = builder.network.probe_images;
    let data = match builder.network.window {
        None => data_buffers(builder, "probe", images, train),
        Some(_) => builder.data_buffers("probe", images, (1, images), 1),
    };
    let (gathered, input, _) = builder.gather("probe", &data, images)?;
    let depth = builder.network.hidden.len();
    let mode = Mode::Training { momentum: ALL_OF_THE_BATCH };
    let walk = Walk { prefix: "probe.", depth, input, mode };
    let mut measured = Vec::new();
    let (walked, _) = builder.layers_and(walk, |builder, layer| {
        // The activation belongs to the first stage, whether the norm comes before or after it.
        let Some(z) = layer.stages.first().and_then(|stage| stage.z) else {
            return Ok(Vec::new());
        };
        let (both, (counts, stats)) = measure(builder, &layer.place, z)?;
        let statistics = layer.stages.iter().find_map(|stage| stage.running);
        measured.push(Measured { inputs: z, counts, stats, statistics });
        Ok(both.into())
    })?;
    Ok((data, [gathered].into_iter().chain(walked).collect(), measured))
}

/// Counts and measures `z`: the dispatches, the counts and the statistics.
fn measure(
    builder: &mut Builder,
    place: &str,
    z: TensorId,
) -> Result<([Dispatch; 2], (TensorId, TensorId))> {
    let (replicas, cols) = (builder.network.replicas, builder.program.spec(z).shape.cols);
    let shape = Shape::new(replicas, 1, histogram::USUAL_SLOTS);
    let counts = builder.program.index_tensor(format!("{place}.counts"), shape);
    let measured = builder.tensor(format!("{place}.stats"), 5, cols);
    let identity = Activation::Identity;
    let tensors = [("x", z), ("counts", counts)];
    let count = builder.dispatch(place, &histogram::KERNEL, identity, &tensors)?;
    let tensors = [("x", z), ("stats", measured)];
    let measure = builder.dispatch(place, &column_stats::KERNEL, identity, &tensors)?;
    Ok(([count, measure], (counts, measured)))
}

/// The forward pass over test images, with each layer's mean and variance for a batch norm: its
/// dispatches, and each hidden layer's outputs.
fn outputs(
    builder: &mut Builder,
    prefix: &str,
    images: TensorId,
    statistics: &[Option<TensorId>],
) -> Result<(Vec<Dispatch>, Vec<TensorId>)> {
    let (depth, mode) = (statistics.len(), Mode::Inference { statistics });
    let (walked, layers) = builder.layers(Walk { prefix, depth, input: images, mode })?;
    Ok((walked, layers.iter().map(|layer| layer.output).collect()))
}
