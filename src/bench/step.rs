//! How long a training step takes, and which kernels take it.

use super::SAMPLES;
use crate::backend::measure::measure;
use crate::backend::{Backend, Session, SubmitStats};
use crate::config::{Experiment, Norm, Optimizer};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::model::{Model, Network};
use crate::program::{Dispatch, PassId, Program};
use crate::record::median;
use crate::train::{Plan, Trainer, data_set, initial_state, training_order};
use serde::Serialize;
use std::time::Instant;

/// Samples of one kernel's time.
const KERNEL_SAMPLES: usize = 3;

/// Steps that are submitted at once when the host's cost is measured, as in a training.
const HANDED_OVER: usize = 100;

/// Steps of one stretch of the training loop when it is compared with its steps alone: as many as between two
/// evaluations of the lesson.
const STRETCH: usize = 50;

/// Pairs of such stretches.
const PAIRS: usize = 9;

/// A learning rate at which each of the networks stays finite for thousands of steps.
const RATE: f32 = 1e-3;

/// A network whose step is timed.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Examples of a batch.
    pub batch: usize,
    /// The hidden layers' activation.
    pub activation: Activation,
    /// How parameters are updated.
    pub optimizer: Optimizer,
}

impl Workload {
    /// The lesson's network, one of three such layers, and a wide one.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let small = |layers| Self {
            hidden: vec![100; layers],
            batch: 60,
            activation: Activation::Sigmoid,
            optimizer: Optimizer::Sgd,
        };
        let wide = Self {
            hidden: vec![1024; 3],
            batch: 128,
            activation: Activation::Relu,
            optimizer: Optimizer::Adam,
        };
        vec![small(5), small(3), wide]
    }

    /// Checks its sizes, with a norm and for a data set.
    ///
    /// # Errors
    /// [`crate::error::Error::Config`] with what is wrong and what it may be.
    pub fn validate(&self, norm: Norm, data: &Dataset) -> Result<()> {
        let experiment = self.experiment(norm);
        experiment.validate()?;
        experiment.validate_for(data.train.len())
    }

    /// Its network's program with a norm, for a data set, with every kernel as its own dispatch.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn model(&self, norm: Norm, data: &Dataset) -> Result<Model> {
        Model::new(Network::new(&self.experiment(norm), (self.activation, norm), data))
    }

    /// The experiment that it represents, with a norm.
    fn experiment(&self, norm: Norm) -> Experiment {
        Experiment {
            norm: vec![norm],
            hidden: self.hidden.clone(),
            batch: self.batch,
            optimizer: self.optimizer,
            learning_rate: RATE,
            probes: 0,
            ..Experiment::default()
        }
    }
}

/// The time of all dispatches of one kernel in a step.
#[derive(Clone, Debug, Serialize)]
pub struct KernelTime {
    /// The kernel.
    pub name: &'static str,
    /// Its dispatches in a step.
    pub dispatches: usize,
    /// Their work: multiplications of a product, elements that another kernel writes.
    pub work: f64,
    /// Milliseconds of all of them, timed separately.
    pub ms: f64,
}

/// The time of a training step of one network.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StepTime {
    /// The widths, for example `784-100-10`.
    pub network: String,
    /// The hidden layers' activation.
    pub activation: &'static str,
    /// The hidden layers' norm, for example batch.
    pub norm: String,
    /// Examples of a batch.
    pub batch: usize,
    /// How parameters are updated: sgd or adam.
    pub optimizer: &'static str,
    /// Milliseconds of a step, the median.
    pub ms_per_step: f64,
    /// The shortest sample.
    pub ms_min: f64,
    /// The longest sample.
    pub ms_max: f64,
    /// Dispatches of a step.
    pub dispatches: usize,
    /// The multiplications of its products.
    pub work: f64,
    /// MiB of all of the network's buffers, including the data's.
    pub mib: f64,
    /// How the times were measured.
    pub clock: &'static str,
    /// Time by kernel, the longest first.
    pub kernels: Vec<KernelTime>,
}

/// Times the step of one network with one norm, on examples of `data`.
///
/// # Errors
/// When the backend cannot hold the network or refuses.
pub fn time(
    backend: &mut dyn Backend,
    workload: &Workload,
    norm: Norm,
    data: &Dataset,
) -> Result<StepTime> {
    let mut model = workload.model(norm, data)?.fused(&backend.fusion()?)?;
    let passes = by_kernel(&mut model);
    let mut session = ready(backend, &model, workload, data)?;
    let steps = model.step_passes();
    let (step, clock) = measure(session.as_mut(), &steps, SAMPLES)?;
    let mut kernels = Vec::new();
    for &(name, pass) in &passes {
        let (spread, _) = measure(session.as_mut(), &[pass], KERNEL_SAMPLES)?;
        let dispatches = &model.program.passes[pass.0].dispatches;
        let work = dispatches.iter().map(|dispatch| work(&model.program, dispatch)).sum();
        let (dispatches, ms) = (dispatches.len(), 1e3 * spread.median);
        kernels.push(KernelTime { name, dispatches, work, ms });
    }
    kernels.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    Ok(StepTime {
        network: model.network.name(),
        activation: workload.activation.name(),
        norm: norm.to_string(),
        batch: workload.batch,
        optimizer: match workload.optimizer {
            Optimizer::Sgd => "sgd",
            Optimizer::Adam => "adam",
        },
        ms_per_step: 1e3 * step.median,
        ms_min: 1e3 * step.min,
        ms_max: 1e3 * step.max,
        dispatches: kernels.iter().map(|kernel| kernel.dispatches).sum(),
        work: multiplications(&model),
        mib: model.program.buffers.iter().map(|buffer| 4 * buffer.len).sum::<usize>() as f64
            / f64::from(1 << 20),
        clock: clock.name(),
        kernels,
    })
}

/// A network's session, ready for its first step.
fn ready(
    backend: &mut dyn Backend,
    model: &Model,
    workload: &Workload,
    data: &Dataset,
) -> Result<Box<dyn Session>> {
    let experiment = workload.experiment(model.network.norm);
    let mut session = backend.load(&model.program)?;
    session.upload(&initial_state(model, &experiment))?;
    session.upload(&data_set(model, data))?;
    session.upload(&[training_order(model, experiment.seed, 0)])?;
    Ok(session)
}

/// What the steps of a network cost the host, submitted as in a training.
///
/// # Errors
/// As [`time`].
pub fn host_cost(
    backend: &mut dyn Backend,
    workload: &Workload,
    norm: Norm,
    data: &Dataset,
) -> Result<HostCost> {
    let model = workload.model(norm, data)?.fused(&backend.fusion()?)?;
    let mut session = ready(backend, &model, workload, data)?;
    let mut round = || -> Result<SubmitStats> {
        session.run(&model.step_passes(), HANDED_OVER)?;
        session.read(model.train.step)?;
        Ok(session.submit_stats())
    };
    // The first round determines how many steps fit into one submit.
    let (before, after) = (round()?, round()?);
    let [dispatches, submits] =
        [after.dispatches - before.dispatches, after.submits - before.submits];
    let encoding = (after.encoding - before.encoding).as_secs_f64();
    let submitted = submits > 0;
    Ok(HostCost {
        encoding_us: submitted.then(|| 1e6 * encoding / dispatches as f64),
        steps_per_submit: submitted.then(|| HANDED_OVER as f64 / submits as f64),
    })
}

/// What steps cost the host; none if nothing is submitted to a device.
#[derive(Clone, Copy, Debug)]
pub struct HostCost {
    /// Microseconds to encode a dispatch.
    pub encoding_us: Option<f64>,
    /// Steps per submit.
    pub steps_per_submit: Option<f64>,
}

/// The time of steps in the training loop, with uploads and the reading of losses, divided by their time alone: the
/// median over pairs of stretches that follow each other.
///
/// # Errors
/// As [`time`].
pub fn loop_ratio(
    backend: &mut dyn Backend,
    workload: &Workload,
    norm: Norm,
    data: &Dataset,
) -> Result<Option<f64>> {
    let experiment = workload.experiment(norm);
    let plan = Plan {
        experiment: &experiment,
        activation: workload.activation,
        norm,
        data,
        verify: false,
    };
    let mut trainer = Trainer::new(backend, &plan)?;
    let steps = trainer.model().step_passes();
    let mut pair = || -> Result<f64> {
        let alone = trainer.session().time(&steps, STRETCH)?.seconds;
        let (start, end) = (Instant::now(), trainer.step() + STRETCH);
        trainer.run_to(end)?;
        Ok(start.elapsed().as_secs_f64() / alone)
    };
    // The first pair determines how many steps fit into one submit.
    pair()?;
    let ratios = (0..PAIRS).map(|_| pair()).collect::<Result<Vec<_>>>()?;
    Ok(median(&ratios))
}

/// The multiplications of a product, the elements that another kernel writes.
fn work(program: &Program, dispatch: &Dispatch) -> f64 {
    if dispatch.kernel.contract.is_product() {
        return dispatch.kernel.contract.multiplications(&dispatch.sizes) as f64;
    }
    let operands = dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
    let written = operands.filter(|(operand, _)| operand.access.writes());
    written.map(|(_, &id)| program.spec(id).shape.len() as f64).sum()
}

/// The multiplications of all products of a step.
fn multiplications(model: &Model) -> f64 {
    let passes = model.step_passes();
    let all = passes.iter().flat_map(|pass| &model.program.passes[pass.0].dispatches);
    all.map(|dispatch| dispatch.kernel.contract.multiplications(&dispatch.sizes) as f64).sum()
}

/// Adds a pass for each kernel with all its dispatches of a step.
fn by_kernel(model: &mut Model) -> Vec<(&'static str, PassId)> {
    let steps = model.step_passes().map(|pass| model.program.passes[pass.0].dispatches.clone());
    let all = steps.concat();
    let mut names: Vec<_> = all.iter().map(|dispatch| dispatch.kernel.name()).collect();
    names.sort_unstable();
    names.dedup();
    let mut passes = Vec::new();
    for name in names {
        let alike = all.iter().filter(|dispatch| dispatch.kernel.name() == name).cloned();
        passes.push((name, model.program.pass(name, alike.collect())));
    }
    passes
}
