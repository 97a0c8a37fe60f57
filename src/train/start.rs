//! What the device holds before the first step, as data: initial weights, and separately the data set and the order
//! in which it is shown.

use crate::config::Experiment;
use crate::data::Dataset;
use crate::data::batches::{epoch_order, test_order};
use crate::kernels;
use crate::model::{Model, Network, Probe, initial_parameters};
use crate::program::{TensorId, Upload};
use crate::tensor::{Shape, Tensor, Value};
use std::sync::Arc;

/// Initial parameters and running statistics, and the learning rate.
#[must_use]
pub fn initial_state(model: &Model, experiment: &Experiment) -> Vec<Upload> {
    let parameters = model.parameters.iter().map(|parameter| {
        real(parameter.value, initial_parameters(model, parameter, experiment.seed))
    });
    let running = model.running.iter().map(|&(_, running)| {
        let shape = model.program.spec(running).shape;
        // Mean 0 and variance 1, as in PyTorch.
        let rows = [0.0, 1.0].into_iter().flat_map(|x| std::iter::repeat_n(x, shape.cols));
        real(running, Tensor::new(shape, rows.cycle().take(shape.len()).collect()))
    });
    let replicas = Shape::new(model.network.replicas, 1, 1);
    let learning_rate =
        real(model.learning_rate, Tensor::filled(replicas, experiment.learning_rate));
    parameters.chain(running).chain([learning_rate]).collect()
}

/// Both parts of the data, the order of the test set, and which images are probed. The order of the training examples
/// is left to [`training_order`]; if the device does not hold all of their images at a time, `batches` uploads them
/// along with it.
#[must_use]
pub fn data_set(model: &Model, data: &Dataset) -> Vec<Upload> {
    let mut uploads = Vec::new();
    if model.network.window.is_none() {
        uploads.push(Upload { tensor: model.train.images, value: data.train.packed() });
        uploads.push(index(model, model.train.labels, integers(&data.train.labels)));
    }
    if model.network.window.is_some() {
        // The images are stored in the order in which they are shown.
        let order = (0..model.network.images_held() as u32).collect();
        uploads.push(index(model, model.train.batch_indices, order));
    }
    uploads.extend(test_set(model, data));
    uploads.extend(model.probe.iter().flat_map(|probe| probe_orders(model, probe, data)));
    uploads
}

/// The test part alone, and its order.
#[must_use]
pub fn test_set(model: &Model, data: &Dataset) -> Vec<Upload> {
    let images = Upload { tensor: model.test.images, value: data.test.packed() };
    let labels = index(model, model.test.labels, integers(&data.test.labels));
    vec![images, labels, test_indices(model, data)]
}

fn test_indices(model: &Model, data: &Dataset) -> Upload {
    let order = test_order(data.test.len(), model.network.test_batch);
    index(model, model.test.batch_indices, order.repeat(model.network.replicas))
}

/// Which images are probed: training images evenly over the set, and the first test image of each class.
fn probe_orders(model: &Model, probe: &Probe, data: &Dataset) -> Vec<Upload> {
    let Network { replicas, classes, probe_images, train_examples, .. } = model.network;
    let images = (0..probe_images).map(|place| (place * train_examples / probe_images) as u32);
    let images: Vec<_> = images.collect();
    let (images, own) = match probe.own {
        None => (images, Vec::new()),
        Some(own) => ((0..probe_images as u32).collect(), picked(model, own, (data, &images))),
    };
    let classes = (0..classes).map(|class| {
        let found = data.test.labels.iter().position(|&label| usize::from(label) == class);
        found.map_or(kernels::NONE, |place| place as u32)
    });
    let classes: Vec<_> = classes.collect();
    let orders = [
        index(model, probe.batch_indices, images.repeat(replicas)),
        index(model, probe.digits_indices, classes.repeat(replicas)),
    ];
    own.into_iter().chain(orders).collect()
}

/// These training images and their labels for two tensors.
fn picked(
    model: &Model,
    [images, labels]: [TensorId; 2],
    (data, places): (&Dataset, &[u32]),
) -> Vec<Upload> {
    let (packed, of) = data.train.pick(places);
    let packed = Upload { tensor: images, value: Arc::new(packed) };
    vec![packed, index(model, labels, integers(&of))]
}

/// One filling of the ring that holds the order of the training examples; replica r uses the seed `seed + r`, and
/// `refill` counts the fillings before.
#[must_use]
pub fn training_order(model: &Model, seed: u64, refill: usize) -> Upload {
    index(model, model.train.batch_indices, order(&model.network, seed, refill))
}

/// What the steps of one filling of the ring need: their order, or, if the device does not hold all images, the
/// images that they show.
pub(super) fn batches(model: &Model, data: &Dataset, seed: u64, refill: usize) -> Vec<Upload> {
    if model.network.window.is_none() {
        return vec![training_order(model, seed, refill)];
    }
    let order = order(&model.network, seed, refill);
    picked(model, [model.train.images, model.train.labels], (data, &order))
}

/// The examples that the steps of one filling of the ring show, `[replicas, slots, batch]`.
fn order(network: &Network, seed: u64, refill: usize) -> Vec<u32> {
    let (slots, epoch_slots) = (network.order_slots(), network.steps_per_epoch);
    let (first, end) = (refill * slots, (refill + 1) * slots);
    let mut order = Vec::new();
    for replica in 0..network.replicas as u64 {
        let seed = seed.wrapping_add(replica);
        for epoch in first / epoch_slots..end.div_ceil(epoch_slots) {
            let shown = epoch_order(seed, epoch as u32, network.train_examples, network.batch);
            let begin = epoch * epoch_slots;
            let [from, to] = [first.max(begin), end.min(begin + epoch_slots)];
            order.extend(&shown[(from - begin) * network.batch..(to - begin) * network.batch]);
        }
    }
    order
}

fn integers(labels: &[u8]) -> Vec<u32> {
    labels.iter().copied().map(u32::from).collect()
}

fn real(tensor: TensorId, value: Tensor<f32>) -> Upload {
    Upload { tensor, value: Arc::new(Value::Real(value)) }
}

/// Integers for a tensor.
pub(super) fn index(model: &Model, tensor: TensorId, data: Vec<u32>) -> Upload {
    let shape = model.program.spec(tensor).shape;
    Upload { tensor, value: Arc::new(Value::Index(Tensor::new(shape, data))) }
}
