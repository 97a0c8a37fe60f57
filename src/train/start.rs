//! What stands on the device before the first step, as data: initial weights, and apart from them the data
//! set and the order in which it is shown.

use crate::config::Experiment;
use crate::data::batches::{epoch_order, test_order};
use crate::data::{CLASSES, Dataset};
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
        // Mean 0 and variance 1, as PyTorch begins.
        let rows = [0.0, 1.0].into_iter().flat_map(|x| std::iter::repeat_n(x, shape.cols));
        real(running, Tensor::new(shape, rows.cycle().take(shape.len()).collect()))
    });
    let replicas = Shape::new(model.network.replicas, 1, 1);
    let learning_rate =
        real(model.learning_rate, Tensor::filled(replicas, experiment.learning_rate));
    parameters.chain(running).chain([learning_rate]).collect()
}

/// Both parts of the data, the order of the test set, and which images are probed. The order of the training
/// examples is left to [`training_order`].
#[must_use]
pub fn data_set(model: &Model, data: &Dataset) -> Vec<Upload> {
    let mut uploads = Vec::new();
    for (buffers, part) in [(model.train, &data.train), (model.test, &data.test)] {
        uploads.push(Upload { tensor: buffers.images, value: part.packed() });
        let labels = part.labels.iter().map(|&label| u32::from(label)).collect();
        uploads.push(index(model, buffers.labels, labels));
    }
    let order = test_order(data.test.len(), model.network.test_batch);
    uploads.push(index(model, model.test.batch_indices, order.repeat(model.network.replicas)));
    uploads.extend(model.probe.iter().flat_map(|probe| probe_orders(model, probe, data)));
    uploads
}

/// Which images are probed: training images evenly over the set, and the first test image of each class.
fn probe_orders(model: &Model, probe: &Probe, data: &Dataset) -> [Upload; 2] {
    let Network { replicas, probe_images, train_examples, .. } = model.network;
    let images = (0..probe_images).map(|place| (place * train_examples / probe_images) as u32);
    let classes = (0..CLASSES).map(|class| {
        let found = data.test.labels.iter().position(|&label| usize::from(label) == class);
        found.map_or(kernels::NONE, |place| place as u32)
    });
    let (images, classes): (Vec<_>, Vec<_>) = (images.collect(), classes.collect());
    [
        index(model, probe.batch_indices, images.repeat(replicas)),
        index(model, probe.digits_indices, classes.repeat(replicas)),
    ]
}

/// What fills the ring that holds the order of the training examples, that of replica r with the seed
/// `seed + r`; `refill` counts the rings before.
#[must_use]
pub fn training_order(model: &Model, seed: u64, refill: usize) -> Upload {
    let network = &model.network;
    let first = refill * network.epochs_per_order;
    let mut order = Vec::new();
    for replica in 0..network.replicas as u64 {
        for epoch in first..first + network.epochs_per_order {
            let seed = seed.wrapping_add(replica);
            let (examples, batch) = (network.train_examples, network.batch);
            order.extend(epoch_order(seed, epoch as u32, examples, batch));
        }
    }
    index(model, model.train.batch_indices, order)
}

fn real(tensor: TensorId, value: Tensor<f32>) -> Upload {
    Upload { tensor, value: Arc::new(Value::Real(value)) }
}

/// Whole numbers for a tensor.
pub(super) fn index(model: &Model, tensor: TensorId, data: Vec<u32>) -> Upload {
    let shape = model.program.spec(tensor).shape;
    Upload { tensor, value: Arc::new(Value::Index(Tensor::new(shape, data))) }
}
