//! A network becomes a program: memory, and the passes `forward`, `backward`, `update`, `evaluate`,
//! and `probe` and `digits`, which only look.
//!
//! A hidden layer is `matmul_nn` and then one *stage*: a bias, or a norm in its place; with the norm
//! behind the activation it is two stages. The output layer has a bias and no activation. All
//! parameters lie in one buffer, their gradients in another of the same layout, so that the
//! optimizer is one dispatch.

mod builder;
mod evaluation;
mod parameters;
mod probe;
mod training;

pub use parameters::initial_parameters;
pub use probe::{Probe, ProbedLayer};

use crate::config::{Affine, Experiment, Init, Norm, NormPosition, Optimizer};
use crate::data::{CLASSES, Dataset, batches};
use crate::error::Result;
use crate::fusion::{Fusion, fuse};
use crate::kernels::activation::Activation;
use crate::program::{PassId, Program, TensorId};
use crate::tensor::Shape;
use builder::Builder;

/// A fully connected network and the shapes of what it is trained on.
#[derive(Clone, Debug)]
pub struct Network {
    /// Independent copies of the whole experiment.
    pub replicas: usize,
    /// Inputs of the first layer.
    pub features: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Outputs of the last layer.
    pub classes: usize,
    /// The hidden layers' activation.
    pub activation: Activation,
    /// The hidden layers' norm.
    pub norm: Norm,
    /// Gammas and betas of a layer norm, gammas of an rms norm.
    pub affine: Affine,
    /// Where the norm stands.
    pub norm_position: NormPosition,
    /// Initial weights.
    pub init: Init,
    /// How parameters are updated.
    pub optimizer: Optimizer,
    /// SGD's momentum.
    pub momentum: f32,
    /// Examples of a training batch.
    pub batch: usize,
    /// Batches of an epoch.
    pub steps_per_epoch: usize,
    /// Epochs whose order is on the device at a time: enough that short epochs need no visit to the
    /// host within the steps whose losses are kept.
    pub epochs_per_order: usize,
    /// Steps whose loss and hits are kept until they are read.
    pub history: usize,
    /// Training examples.
    pub train_examples: usize,
    /// Test examples.
    pub test_examples: usize,
    /// Examples of one chunk of an evaluation.
    pub test_batch: usize,
    /// Training images of a probe; 0 where nothing is probed.
    pub probe_images: usize,
}

/// Steps whose losses stay on the device until they are read.
pub const HISTORY: usize = 256;

/// Training images of a probe, at most.
const PROBE_IMAGES: usize = 200;

/// Examples evaluated at once, at most.
const TEST_BATCH: usize = 500;

impl Network {
    /// One network of an experiment, for a data set.
    #[must_use]
    pub fn new(
        experiment: &Experiment,
        (activation, norm): (Activation, Norm),
        data: &Dataset,
    ) -> Self {
        let (train_examples, test_examples) = (data.train.len(), data.test.len());
        let steps_per_epoch = batches::steps_per_epoch(train_examples, experiment.batch);
        Self {
            replicas: experiment.replicas,
            features: data.train.features(),
            hidden: experiment.hidden.clone(),
            classes: CLASSES,
            activation,
            norm,
            affine: experiment.affine,
            norm_position: experiment.norm_position,
            init: experiment.init,
            optimizer: experiment.optimizer,
            momentum: experiment.momentum,
            batch: experiment.batch,
            steps_per_epoch,
            epochs_per_order: HISTORY.div_ceil(steps_per_epoch),
            history: HISTORY,
            train_examples,
            test_examples,
            test_batch: test_examples.min(TEST_BATCH),
            probe_images: if experiment.probes > 0 { train_examples.min(PROBE_IMAGES) } else { 0 },
        }
    }

    /// Batches in the ring that holds the order of the examples.
    #[must_use]
    pub fn order_slots(&self) -> usize {
        self.epochs_per_order * self.steps_per_epoch
    }

    /// Chunks of one evaluation.
    #[must_use]
    pub fn test_chunks(&self) -> usize {
        self.test_examples.div_ceil(self.test_batch)
    }

    /// Units of each layer, the output layer last.
    fn widths(&self) -> Vec<usize> {
        self.hidden.iter().copied().chain([self.classes]).collect()
    }

    /// What follows the product of layer `layer`, counted from 0.
    fn stages(&self, layer: usize) -> Vec<Stage> {
        let activation = self.activation;
        if layer == self.hidden.len() {
            return vec![Stage { norm: Norm::None, activation: Activation::Identity }];
        }
        match (self.norm, self.norm_position) {
            (Norm::None, _) | (_, NormPosition::Before) => {
                vec![Stage { norm: self.norm, activation }]
            }
            (norm, NormPosition::After) => vec![
                Stage { norm: Norm::None, activation },
                Stage { norm, activation: Activation::Identity },
            ],
        }
    }
}

/// A bias (`Norm::None`) or a norm, with the activation behind it.
#[derive(Clone, Copy, Debug)]
struct Stage {
    norm: Norm,
    activation: Activation,
}

impl Stage {
    /// What the parameters of the stage are for: `[1, units]` each, or `[1, 1]` where a layer shares.
    const fn roles(self) -> &'static [Role] {
        match self.norm {
            Norm::None => &[Role::Bias],
            Norm::Batch | Norm::Layer => &[Role::Gamma, Role::Beta],
            Norm::Rms => &[Role::Gamma],
        }
    }

    /// The word for it in names of tensors.
    const fn kind(self) -> &'static str {
        if matches!(self.norm, Norm::None) { "bias" } else { "norm" }
    }
}

/// What the parameters of a layer are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The matrix, `[fan_in, fan_out]`.
    Weight,
    /// Added to the product.
    Bias,
    /// The norm's scale.
    Gamma,
    /// The norm's shift.
    Beta,
}

impl Role {
    /// Its name in files of weights and in the contracts of stages.
    const fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Bias => "bias",
            Self::Gamma => "gamma",
            Self::Beta => "beta",
        }
    }

    /// The name of its gradient there.
    const fn gradient_name(self) -> &'static str {
        match self {
            Self::Weight => "d_weight",
            Self::Bias => "d_bias",
            Self::Gamma => "d_gamma",
            Self::Beta => "d_beta",
        }
    }
}

/// One segment of the parameters.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in files of weights, as `layer1.weight`.
    pub name: String,
    /// The layer, counted from 0.
    pub layer: usize,
    /// What it is for.
    pub role: Role,
    /// Its shape in one replica.
    pub shape: Shape,
    /// Its values.
    pub value: TensorId,
    /// The gradient of the loss with respect to it.
    pub gradient: TensorId,
}

/// A network as a program, with the tensors that its user needs.
#[derive(Clone, Debug)]
pub struct Model {
    /// What to run.
    pub program: Program,
    /// The network.
    pub network: Network,
    /// From a batch of the order to loss, hits and the gradient of the logits.
    pub forward: PassId,
    /// From there to the gradients of all parameters.
    pub backward: PassId,
    /// From there to new parameters.
    pub update: PassId,
    /// One chunk of the test set, with running statistics.
    pub evaluate: PassId,
    /// All parameters.
    pub parameters: Vec<Parameter>,
    /// Running statistics of batch norms: layer counted from 0, and `[2, units]`.
    pub running: Vec<(usize, TensorId)>,
    /// The optimizer's memory.
    pub optimizer_state: Vec<TensorId>,
    /// The learning rate of each replica, `[1, 1]`.
    pub rate: TensorId,
    /// What training reads and writes besides.
    pub train: Feed,
    /// What an evaluation reads and writes besides.
    pub test: Feed,
    /// The last hidden layer's outputs for the last chunk of the test set, `[test_batch, units]`; the
    /// images themselves where there is no hidden layer.
    pub test_outputs: TensorId,
    /// What a probe runs; none where nothing is probed.
    pub probe: Option<Probe>,
}

/// One part of the data on the device, and the loop over it.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    /// Packed images, `[examples, words]`, shared by all replicas.
    pub images: TensorId,
    /// Classes, `[examples, 1]`, shared by all replicas.
    pub labels: TensorId,
    /// A ring of batches, `[slots, batch]`.
    pub order: TensorId,
    /// Batches done, `[1, 1]`.
    pub step: TensorId,
    /// A ring of mean losses, `[slots, 1]`.
    pub losses: TensorId,
    /// A ring of numbers of hits, `[slots, 1]`.
    pub hits: TensorId,
}

impl Model {
    /// Everything that a training goes on from: parameters, running statistics, the optimizer's
    /// memory and the step counter.
    #[must_use]
    pub fn state(&self) -> Vec<TensorId> {
        let parameters = self.parameters.iter().map(|parameter| parameter.value);
        let running = self.running.iter().map(|&(_, id)| id);
        let optimizer = self.optimizer_state.iter().copied();
        parameters.chain(running).chain(optimizer).chain([self.train.step]).collect()
    }

    /// The weight matrices, from the first layer to the last.
    pub fn weights(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|one| one.role == Role::Weight)
    }

    /// The passes of one training step.
    #[must_use]
    pub const fn step_passes(&self) -> [PassId; 3] {
        [self.forward, self.backward, self.update]
    }

    /// Takes an activation that was read again from the file of the network's own.
    pub fn take_activation(&mut self, newer: Activation) {
        self.network.activation = self.network.activation.or_newer(newer);
        self.program.take_activation(newer);
    }

    /// The same network with fewer dispatches in a step and in an evaluation.
    ///
    /// # Errors
    /// As [`fuse`].
    pub fn fused(mut self, fusion: &Fusion) -> Result<Self> {
        self.program = fuse(&self.program, &self.step_passes(), fusion)?;
        self.program = fuse(&self.program, &[self.evaluate], fusion)?;
        Ok(self)
    }

    /// Makes the program of a network.
    ///
    /// # Errors
    /// [`crate::error::Error::Shape`] when its tensors do not fit together: a mistake in this module.
    pub fn new(network: Network) -> Result<Self> {
        let mut builder = Builder::new(network);
        let network = &builder.network;
        let (slots, batch, history) = (network.order_slots(), network.batch, network.history);
        let (replicas, examples) = (network.replicas, network.train_examples);
        let train = builder.feed("train", examples, (slots, batch), history);
        let (forward, traces, d_logits) = builder.forward(&train)?;
        let backward = builder.backward(&traces, d_logits)?;
        let rate = builder.program.tensor("rate", Shape::new(replicas, 1, 1));
        let (update, optimizer_state) = builder.update(rate, &train)?;
        let forward = builder.program.pass("forward", forward);
        let backward = builder.program.pass("backward", backward);
        let update = builder.program.pass("update", vec![update]);
        let (test, evaluate, test_outputs) = evaluation::evaluate(&mut builder)?;
        let probed = builder.network.probe_images > 0;
        let probe = probed.then(|| probe::probe(&mut builder, &train, &test)).transpose()?;
        let Builder { network, program, layout, running } = builder;
        Ok(Self {
            program,
            network,
            forward,
            backward,
            update,
            evaluate,
            parameters: layout.parameters,
            running,
            optimizer_state,
            rate,
            train,
            test,
            test_outputs,
            probe,
        })
    }
}
