//! The passes of a probe: the forward pass over images of its own, counted and measured.

use super::builder::Builder;
use super::evaluation::stage_infer;
use super::{Feed, Role};
use crate::data::CLASSES;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::{histogram, moments};
use crate::program::{Dispatch, PassId, TensorId};
use crate::tensor::Shape;

/// What a probe runs, and where its results are.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The forward pass over training images, with statistics of just these where batch norm takes
    /// some; counts and moments of the inputs to every hidden activation.
    pub pass: PassId,
    /// Which training images these are, `[1, images]`.
    pub order: TensorId,
    /// The forward pass over a test image of each class, with running statistics.
    pub digits: PassId,
    /// Which test images these are, `[1, classes]`.
    pub digits_order: TensorId,
    /// The hidden layers, from the first to the last.
    pub hidden: Vec<ProbedLayer>,
}

/// A hidden layer in a probe.
#[derive(Clone, Debug)]
pub struct ProbedLayer {
    /// How many inputs to the activation lie where: see [`histogram`], with its default bins.
    pub counts: TensorId,
    /// Moments of each unit's inputs to the activation: see [`moments`], outside of where the sigmoid
    /// is saturated.
    pub moments: TensorId,
    /// The layer's outputs for the test images, `[classes, units]`.
    pub outputs: TensorId,
    /// Scale of the layer's norm, if it has one.
    pub gamma: Option<TensorId>,
    /// Shift of the layer's norm, if it has one.
    pub beta: Option<TensorId>,
}

/// Adds the passes; `train` and `test` hold the images.
pub(super) fn probe(builder: &mut Builder, train: &Feed, test: &Feed) -> Result<Probe> {
    let (order, counted, measured) = inputs(builder, train)?;
    let (digits_order, seen, outputs) = outputs(builder, test)?;
    let mut hidden = Vec::new();
    for (layer, ((counts, moments), outputs)) in measured.into_iter().zip(outputs).enumerate() {
        let parameter = |role| builder.layout.find_any(layer, role).map(|known| known.value);
        let (gamma, beta) = (parameter(Role::Gamma), parameter(Role::Beta));
        hidden.push(ProbedLayer { counts, moments, outputs, gamma, beta });
    }
    let pass = builder.program.pass("probe", counted);
    let digits = builder.program.pass("digits", seen);
    Ok(Probe { pass, order, digits, digits_order, hidden })
}

/// A part of the data in an order of the probe's own.
fn feed(builder: &mut Builder, part: &str, images: usize, data: &Feed) -> Feed {
    let replicas = builder.network.replicas;
    let index = |builder: &mut Builder, what: &str, cols| {
        let shape = Shape::new(replicas, 1, cols);
        builder.program.index_tensor(format!("{part}.{what}"), shape)
    };
    let order = index(builder, "order", images);
    Feed { order, step: index(builder, "step", 1), ..*data }
}

/// Counts and moments of a layer's inputs.
type Measured = (TensorId, TensorId);

/// The forward pass over training images: their order, its dispatches, and what is measured.
fn inputs(builder: &mut Builder, train: &Feed) -> Result<(TensorId, Vec<Dispatch>, Vec<Measured>)> {
    let images = builder.network.probe_images;
    let feed = feed(builder, "probe", images, train);
    let (dispatch, mut values, _) = builder.gather("probe", &feed, images)?;
    let (mut dispatches, mut measured) = (vec![dispatch], Vec::new());
    for layer in 0..builder.network.hidden.len() {
        let place = format!("probe.layer{}", layer + 1);
        let (dispatch, x) = builder.product(&place, layer, values)?;
        dispatches.push(dispatch);
        values = x;
        for (number, stage) in builder.network.stages(layer).into_iter().enumerate() {
            let (dispatch, y, trace) = builder.stage_forward(&place, layer, stage, values)?;
            dispatches.push(dispatch);
            values = y;
            // The activation belongs to the first stage, wherever the norm stands.
            if number == 0 {
                let (both, found) = measure(builder, &place, trace.z)?;
                dispatches.extend(both);
                measured.push(found);
            }
        }
    }
    Ok((feed.order, dispatches, measured))
}

/// Counts and measures `z`.
fn measure(builder: &mut Builder, place: &str, z: TensorId) -> Result<([Dispatch; 2], Measured)> {
    let (replicas, cols) = (builder.network.replicas, builder.program.spec(z).shape.cols);
    let shape = Shape::new(replicas, 1, histogram::USUAL_SLOTS);
    let counts = builder.program.index_tensor(format!("{place}.counts"), shape);
    let measured = builder.tensor(format!("{place}.moments"), 5, cols);
    let identity = Activation::Identity;
    let tensors = [("x", z), ("counts", counts)];
    let count = builder.dispatch(place, &histogram::CONTRACT, identity, &tensors)?;
    let tensors = [("x", z), ("moments", measured)];
    let measure = builder.dispatch(place, &moments::CONTRACT, identity, &tensors)?;
    Ok(([count, measure], (counts, measured)))
}

/// The forward pass over test images: their order, its dispatches, and each hidden layer's outputs.
fn outputs(builder: &mut Builder, test: &Feed) -> Result<(TensorId, Vec<Dispatch>, Vec<TensorId>)> {
    let feed = feed(builder, "digits", CLASSES, test);
    let (dispatch, mut values, _) = builder.gather("digits", &feed, CLASSES)?;
    let (mut dispatches, mut outputs) = (vec![dispatch], Vec::new());
    for layer in 0..builder.network.hidden.len() {
        let place = format!("digits.layer{}", layer + 1);
        let (dispatch, x) = builder.product(&place, layer, values)?;
        dispatches.push(dispatch);
        values = x;
        for stage in builder.network.stages(layer) {
            let (dispatch, y) = stage_infer(builder, &place, layer, stage, values)?;
            dispatches.push(dispatch);
            values = y;
        }
        outputs.push(values);
    }
    Ok((feed.order, dispatches, outputs))
}
