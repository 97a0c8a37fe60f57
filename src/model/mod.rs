//! A network becomes a program: memory, and the passes `forward`, `backward`, `update`, `evaluate`,
//! and `probe` and `digits`, which only observe.
//!
//! A hidden layer is `matmul_nn` followed by one *stage*: a bias, or a norm in its place; with the norm
//! after the activation it has two stages. The output layer has a bias and no activation. All
//! parameters are in one buffer and their gradients in another of the same layout, so that the
//! optimizer is one dispatch; with several replicas the betas are in separate buffers, and it is two.

mod builder;
mod evaluation;
mod initial;
mod layers;
mod network;
mod parameters;
mod probe;
mod role;
mod stage;
mod training;

pub use builder::DataBuffers;
pub use initial::initial_parameters;
pub use network::{HISTORY, Network};
pub use parameters::Parameter;
pub use probe::{Probe, ProbedLayer};
pub use role::Role;

use crate::error::Result;
use crate::fusion::{Fusion, fuse};
use crate::kernels::activation::Activation;
use crate::program::{PassId, Program, TensorId};
use crate::tensor::Shape;
use builder::Builder;

/// A network as a program, with the tensors that its user needs.
#[derive(Clone, Debug)]
pub struct Model {
    /// What to run.
    pub program: Program,
    /// The network.
    pub network: Network,
    /// From the indices of a batch to loss, correct examples and the gradient of the logits.
    pub forward: PassId,
    /// From there to the gradients of all parameters.
    pub backward: PassId,
    /// From there to new parameters.
    pub update: PassId,
    /// One chunk of the test set, with running statistics.
    pub evaluate: PassId,
    /// All parameters.
    pub parameters: Vec<Parameter>,
    /// Running statistics of batch norms: the layer, counted from 0, and a tensor `[2, units]`.
    pub running: Vec<(usize, TensorId)>,
    /// The optimizer's memory.
    pub optimizer_state: Vec<TensorId>,
    /// The learning rate of each replica, `[1, 1]`.
    pub learning_rate: TensorId,
    /// What else training reads and writes.
    pub train: DataBuffers,
    /// What else an evaluation reads and writes.
    pub test: DataBuffers,
    /// The last hidden layer's outputs for the last chunk of the test set, `[test_batch, units]`; the
    /// images themselves if there is no hidden layer.
    pub test_outputs: TensorId,
    /// The logits of a chunk of the test set, `[test_batch, classes]`; a network that was fused may not write them.
    pub test_logits: TensorId,
    /// The outputs of each hidden layer for the batch of a training step, `[batch, units]`.
    pub hidden_outputs: Vec<TensorId>,
    /// What a probe runs; none if nothing is probed.
    pub probe: Option<Probe>,
}

impl Model {
    /// Everything needed to continue a training: parameters, running statistics, the optimizer's
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

    /// All parameters and running statistics, with the names that they have in files, for example `layer1.weight`.
    #[must_use]
    pub fn named_weights(&self) -> Vec<(String, TensorId)> {
        let parameters = self.parameters.iter().map(|one| (one.name.clone(), one.value));
        let running = self.running.iter();
        let running = running.map(|&(layer, id)| (format!("layer{}.running", layer + 1), id));
        parameters.chain(running).collect()
    }

    /// The passes of one training step.
    #[must_use]
    pub const fn step_passes(&self) -> [PassId; 3] {
        [self.forward, self.backward, self.update]
    }

    /// Takes over an activation that was read again from the network's file.
    pub fn take_activation(&mut self, newer: Activation) {
        self.network.activation = self.network.activation.or_newer(newer);
        self.program.take_activation(newer);
    }

    /// The same network with fewer dispatches in a step and in an evaluation.
    ///
    /// # Errors
    /// Those of [`fuse`].
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
        let (replicas, examples) = (network.replicas, network.images_held());
        let train = builder.data_buffers("train", examples, (slots, batch), history);
        let (forward, layers, d_logits) = builder.forward(&train)?;
        let hidden = layers.len().saturating_sub(1);
        let hidden_outputs = layers.iter().take(hidden).map(|layer| layer.output).collect();
        let backward = builder.backward(&layers, d_logits)?;
        let learning_rate = builder.program.tensor("learning_rate", Shape::new(replicas, 1, 1));
        let (update, optimizer_state) = builder.update(learning_rate, &train)?;
        let forward = builder.program.pass("forward", forward);
        let backward = builder.program.pass("backward", backward);
        let update = builder.program.pass("update", update);
        let (test, evaluate, [test_outputs, test_logits]) = evaluation::evaluate(&mut builder)?;
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
            learning_rate,
            train,
            test,
            test_outputs,
            test_logits,
            hidden_outputs,
            probe,
        })
    }
}
