//! What stands on the device before the first step: initial weights, the data, and the order in which
//! it is shown.

use crate::backend::Session;
use crate::config::Experiment;
use crate::data::batches::{epoch_order, test_order};
use crate::data::{CLASSES, Dataset};
use crate::error::Result;
use crate::kernels;
use crate::model::{Model, Network, Probe, initial_parameters};
use crate::program::TensorId;
use crate::tensor::{Shape, Tensor, Value};

/// Writes initial parameters and running statistics, the learning rate, both parts of the data, the
/// order of the test set, and which images are probed. The order of the training examples is left to [`write_order`].
///
/// # Errors
/// When the device is lost or refuses.
pub fn write_start(
    session: &mut dyn Session,
    model: &Model,
    experiment: &Experiment,
    data: &Dataset,
) -> Result<()> {
    for parameter in &model.parameters {
        let value = initial_parameters(model, parameter, experiment.seed);
        session.write(parameter.value, &Value::Real(value))?;
    }
    for &(_, running) in &model.running {
        let shape = model.program.spec(running).shape;
        // Mean 0 and variance 1, as PyTorch begins.
        let rows = [0.0, 1.0].into_iter().flat_map(|x| std::iter::repeat_n(x, shape.cols));
        let data = rows.cycle().take(shape.len()).collect();
        session.write(running, &Value::Real(Tensor::new(shape, data)))?;
    }
    let replicas = Shape::new(model.network.replicas, 1, 1);
    let rate = Tensor::filled(replicas, experiment.learning_rate);
    session.write(model.rate, &Value::Real(rate))?;
    for (feed, part) in [(model.train, &data.train), (model.test, &data.test)] {
        write_index(session, model, feed.images, part.packed())?;
        let labels = part.labels.iter().map(|&label| u32::from(label)).collect();
        write_index(session, model, feed.labels, labels)?;
    }
    let order = test_order(data.test.len(), model.network.test_batch);
    write_index(session, model, model.test.order, order.repeat(model.network.replicas))?;
    match &model.probe {
        Some(probe) => write_probe_orders(session, model, probe, data),
        None => Ok(()),
    }
}

/// Writes which images are probed: training images evenly over the set, and the first test image of
/// each class.
fn write_probe_orders(
    session: &mut dyn Session,
    model: &Model,
    probe: &Probe,
    data: &Dataset,
) -> Result<()> {
    let Network { replicas, probe_images, train_examples, .. } = model.network;
    let images = (0..probe_images).map(|place| (place * train_examples / probe_images) as u32);
    let classes = (0..CLASSES).map(|class| {
        let found = data.test.labels.iter().position(|&label| usize::from(label) == class);
        found.map_or(kernels::NONE, |place| place as u32)
    });
    let (images, classes): (Vec<_>, Vec<_>) = (images.collect(), classes.collect());
    write_index(session, model, probe.order, images.repeat(replicas))?;
    write_index(session, model, probe.digits_order, classes.repeat(replicas))
}

/// Fills the ring that holds the order of the training examples, that of replica r with the seed
/// `seed + r`; `filling` counts the rings before.
///
/// # Errors
/// When the device is lost or refuses.
pub fn write_order(
    session: &mut dyn Session,
    model: &Model,
    seed: u64,
    filling: usize,
) -> Result<()> {
    let network = &model.network;
    let first = filling * network.epochs_per_order;
    let mut order = Vec::new();
    for replica in 0..network.replicas as u64 {
        for epoch in first..first + network.epochs_per_order {
            let seed = seed.wrapping_add(replica);
            let (examples, batch) = (network.train_examples, network.batch);
            order.extend(epoch_order(seed, epoch as u32, examples, batch));
        }
    }
    write_index(session, model, model.train.order, order)
}

/// Writes whole numbers into a tensor.
pub(super) fn write_index(
    session: &mut dyn Session,
    model: &Model,
    tensor: TensorId,
    data: Vec<u32>,
) -> Result<()> {
    let shape = model.program.spec(tensor).shape;
    session.write(tensor, &Value::Index(Tensor::new(shape, data)))
}
