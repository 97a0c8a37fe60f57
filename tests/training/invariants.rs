//! What must hold whatever the weights are.

use super::{Checked, hold, on_cpu, on_gpu, text};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::config::{Experiment, Norm, Optimizer};
use normlab::data::Dataset;
use normlab::kernels::activation::Activation;
use normlab::record::Evaluation;
use normlab::tensor::Value;
use normlab::train::{Plan, Trainer, training_order};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_cpu("batch_size_1::hidden_gradients_are_0_on_the_cpu", || batch_size_1(&mut CpuBackend)),
        on_gpu("batch_size_1::hidden_gradients_are_0_on_the_gpu", |backend| batch_size_1(backend)),
        on_cpu("replicas::train_as_if_alone_on_the_cpu", || replicas(&mut CpuBackend)),
        on_gpu("replicas::train_as_if_alone_on_the_gpu", |backend| replicas(backend)),
        on_gpu("evaluation::does_not_change_training", |backend| evaluation_is_free(backend)),
    ]
}

/// At batch size 1 a batch norm's value is its own mean: the gradients of all hidden weights are
/// exactly 0, while those of layer, group and rms norm are not.
fn batch_size_1(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let experiment = Experiment { batch: 1, hidden: vec![21, 9], ..Experiment::default() };
    for norm in [Norm::BATCH, Norm::LAYER, Norm::group(3), Norm::RMS] {
        let activation = Activation::Sigmoid;
        let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
        let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
        trainer.run_to(3).map_err(text)?;
        let layers = trainer.evaluation().map_err(text)?.0.swap_remove(0).layers;
        let hidden = &layers[..2];
        hold(
            hidden.iter().all(|layer| (layer.gradient_rms == 0.0) == (norm == Norm::BATCH)),
            || format!("with {norm} norm the hidden layers' figures are {hidden:?}"),
        )?;
        hold(layers[2].gradient_rms > 0.0, || "the output layer learns nothing".to_owned())?;
    }
    Ok(())
}

/// Three replicas with seeds 5, 6 and 7 in the same dispatches end with exactly the weights and results
/// that each seed gives alone, and get the same examples when the first ones are used up.
fn replicas(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let optimizers = [
        (Norm::BATCH, Optimizer::Adam),
        (Norm::LAYER, Optimizer::Sgd),
        (Norm::group(3), Optimizer::Sgd),
        (Norm::RMS, Optimizer::Adam),
    ];
    for (norm, optimizer) in optimizers {
        let trained = |backend: &mut dyn Backend, seed, replicas| {
            let hidden = vec![18, 6];
            let experiment = Experiment {
                hidden,
                batch: 13,
                optimizer,
                seed,
                replicas,
                ..Experiment::default()
            };
            Trained::after(backend, &experiment, norm, &data)
        };
        let together = trained(backend, 5, 3)?;
        for (replica, seed) in [5, 6, 7].into_iter().enumerate() {
            let alone = trained(backend, seed, 1)?;
            for ((name, all), (_, one)) in together.tensors.iter().zip(&alone.tensors) {
                let equal = all.iter().skip(replica * one.len()).zip(one).all(|(a, b)| a == b);
                hold(equal && all.len() == 3 * one.len(), || {
                    format!("seed {seed} has another {name} among others")
                })?;
            }
            let (among, alone) = (&together.evaluations[replica], &alone.evaluations[0]);
            let ms_per_step = alone.ms_per_step;
            let renamed = Evaluation { replica: 0, ms_per_step, ..among.clone() };
            hold(among.replica == replica && renamed == *alone, || {
                format!("seed {seed} has the figures {among:?} among others, alone {alone:?}")
            })?;
        }
        hold(together.evaluations[0].losses != together.evaluations[1].losses, || {
            "two seeds give one training".to_owned()
        })?;
    }
    Ok(())
}

/// What a training of 5 steps leaves.
struct Trained {
    evaluations: Vec<Evaluation>,
    /// The bits of weights, running statistics and the next order of examples, by name, replica after
    /// replica.
    tensors: Vec<(String, Vec<u32>)>,
}

impl Trained {
    fn after(
        backend: &mut dyn Backend,
        experiment: &Experiment,
        norm: Norm,
        data: &Dataset,
    ) -> Result<Self, String> {
        let plan = Plan { experiment, activation: Activation::Tanh, norm, data, verify: false };
        let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
        trainer.run_to(5).map_err(text)?;
        let (evaluations, weights) = trainer.evaluation().map_err(text)?;
        let bits = |data: &[f32]| data.iter().map(|x| x.to_bits()).collect();
        let mut tensors: Vec<_> =
            weights.into_iter().map(|(name, one)| (name, bits(&one.data))).collect();
        let model = trainer.model().clone();
        let session = trainer.session();
        session.upload(&[training_order(&model, experiment.seed, 1)]).map_err(text)?;
        match session.read(model.train.batch_indices).map_err(text)? {
            Value::Index(order) => tensors.push(("order".to_owned(), order.data)),
            Value::Real(_) => return Err("an order consists of integers".to_owned()),
        }
        Ok(Self { evaluations, tensors })
    }
}

/// Taking evaluations between the steps leaves the weights as they would be without.
fn evaluation_is_free(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let experiment = Experiment { hidden: vec![20], ..Experiment::default() };
    let (activation, norm) = (Activation::Relu, Norm::BATCH);
    let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
    let mut run = |stops: &[usize]| {
        let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
        for &stop in stops {
            trainer.run_to(stop).map_err(text)?;
            trainer.evaluation().map_err(text)?;
        }
        trainer.weights().map_err(text)
    };
    let (often, once) = (run(&[3, 7, 20])?, run(&[20])?);
    hold(often == once, || "the weights depend on when they were looked at".to_owned())
}
