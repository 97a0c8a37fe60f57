//! What must hold whatever the weights are.

use crate::{Checked, hold, on_cpu, on_gpu, text};
use libtest_mimic::Trial;
use normlab::backend::cpu::CpuBackend;
use normlab::backend::{Backend, Session};
use normlab::config::{Experiment, Norm, Optimizer};
use normlab::data::Dataset;
use normlab::data::batches::epoch_order;
use normlab::kernels::activation::Activation;
use normlab::model::{Model, Network, initial_parameters};
use normlab::tensor::{Shape, Tensor, Value};
use normlab::train::{Plan, Trainer};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_cpu("batch_size_1::hidden_gradients_are_0_on_the_cpu", || {
            batch_size_1(&mut CpuBackend::<f32>::default())
        }),
        on_gpu("batch_size_1::hidden_gradients_are_0_on_the_gpu", |backend| batch_size_1(backend)),
        on_cpu("replicas::train_as_if_alone_on_the_cpu", || {
            replicas(&mut CpuBackend::<f32>::default())
        }),
        on_gpu("replicas::train_as_if_alone_on_the_gpu", |backend| replicas(backend)),
        on_gpu("evaluation::does_not_change_training", |backend| evaluation_is_free(backend)),
    ]
}

/// At batch size 1 a batch norm's value is its own mean: the gradients of all hidden weights are
/// exactly 0, while those of layer and rms norm are not.
fn batch_size_1(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::load(None, None, false).map_err(text)?;
    let experiment = Experiment { batch: 1, hidden: vec![20, 9], ..Experiment::default() };
    for norm in [Norm::Batch, Norm::Layer, Norm::Rms] {
        let activation = Activation::Sigmoid;
        let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
        let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
        trainer.run_to(3).map_err(text)?;
        let (moment, _) = trainer.moment().map_err(text)?;
        let hidden = &moment.layers[..2];
        hold(
            hidden.iter().all(|layer| (layer.gradient_rms == 0.0) == (norm == Norm::Batch)),
            || format!("with {} norm the hidden layers' figures are {hidden:?}", norm.name()),
        )?;
        hold(moment.layers[2].gradient_rms > 0.0, || "the output layer learns nothing".to_owned())?;
    }
    Ok(())
}

/// Three replicas with seeds 5, 6 and 7 in the same dispatches end with the very weights that each
/// seed gives alone.
fn replicas(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::load(None, None, false).map_err(text)?;
    let optimizers = [
        (Norm::Batch, Optimizer::Adam),
        (Norm::Layer, Optimizer::Sgd),
        (Norm::Rms, Optimizer::Adam),
    ];
    for (norm, optimizer) in optimizers {
        let together = replicated(backend, &data, (norm, optimizer), &[5, 6, 7])?;
        for (replica, seed) in [5, 6, 7].into_iter().enumerate() {
            let alone = replicated(backend, &data, (norm, optimizer), &[seed])?;
            for (all, one) in together.iter().zip(&alone) {
                let equal = all.replica(replica).data == one.data;
                hold(equal, || format!("seed {seed} trains otherwise among others"))?;
            }
        }
    }
    Ok(())
}

/// Parameters after 5 steps of a network with one replica a seed.
fn replicated(
    backend: &mut dyn Backend,
    data: &Dataset,
    (norm, optimizer): (Norm, Optimizer),
    seeds: &[u64],
) -> Result<Vec<Tensor<f32>>, String> {
    let experiment =
        Experiment { hidden: vec![19, 7], batch: 13, optimizer, ..Experiment::default() };
    let mut network = Network::new(&experiment, (Activation::Tanh, norm), data);
    network.replicas = seeds.len();
    let model = Model::new(network).map_err(text)?;
    let mut session = backend.load(&model.program).map_err(text)?;
    prepare(session.as_mut(), &model, data, seeds).map_err(text)?;
    session.run(&model.step_passes(), 5).map_err(text)?;
    let read = |id| match session.read(id).map_err(text)? {
        Value::Real(tensor) => Ok(tensor),
        Value::Index(_) => Err("parameters are numbers".to_owned()),
    };
    model.parameters.iter().map(|parameter| parameter.value).map(read).collect()
}

fn prepare(
    session: &mut dyn Session,
    model: &Model,
    data: &Dataset,
    seeds: &[u64],
) -> normlab::error::Result<()> {
    for parameter in &model.parameters {
        let value = initial_parameters(model, parameter, seeds[0]);
        session.write(parameter.value, &Value::Real(value))?;
    }
    let index = |tensor, data: Vec<u32>| {
        (tensor, Value::Index(Tensor::new(model.program.spec(tensor).shape, data)))
    };
    let order = seeds.iter().flat_map(|&seed| epoch_order(seed, 0, data.train.len(), 13));
    let labels = data.train.labels.iter().map(|&label| u32::from(label)).collect();
    for (tensor, value) in [
        index(model.train.images, data.train.packed()),
        index(model.train.labels, labels),
        index(model.train.order, order.collect()),
    ] {
        session.write(tensor, &value)?;
    }
    let rates = Tensor::new(Shape::new(seeds.len(), 1, 1), vec![0.05; seeds.len()]);
    session.write(model.rate, &Value::Real(rates))
}

/// Taking moments between the steps leaves the weights as they would be without.
fn evaluation_is_free(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::load(None, None, false).map_err(text)?;
    let experiment = Experiment { hidden: vec![20], ..Experiment::default() };
    let (activation, norm) = (Activation::Relu, Norm::Batch);
    let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
    let mut run = |stops: &[usize]| {
        let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
        for &stop in stops {
            trainer.run_to(stop).map_err(text)?;
            trainer.moment().map_err(text)?;
        }
        trainer.weights().map_err(text)
    };
    let (often, once) = (run(&[3, 7, 20])?, run(&[20])?);
    hold(often == once, || "the weights depend on when they were looked at".to_owned())
}
