//! One network of an experiment, before it is trained.

use crate::backend::Backend;
use crate::config::{Experiment, Norm};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::model::{Model, Network};

/// One network of an experiment, to be trained.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The network's activation.
    pub activation: Activation,
    /// The network's norm.
    pub norm: Norm,
    /// What it is trained on.
    pub data: &'a Dataset,
    /// Whether chosen steps are compared with the twins.
    pub verify: bool,
}

impl<'a> Plan<'a> {
    /// The networks of an experiment, in its order, to be compared.
    #[must_use]
    pub fn all(experiment: &'a Experiment, data: &'a Dataset) -> Vec<Self> {
        let plan = |(activation, norm)| Self { experiment, activation, norm, data, verify: true };
        experiment.networks().into_iter().map(plan).collect()
    }

    /// The name of the network in its experiment, for example `sigmoid-batch`.
    #[must_use]
    pub fn name(&self) -> String {
        run_name(self.activation, self.norm)
    }

    /// The network as a program, with every kernel as its own dispatch.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn unfused(&self) -> Result<Model> {
        Model::new(self.network())
    }

    /// The network itself.
    pub(crate) fn network(&self) -> Network {
        Network::new(self.experiment, (self.activation, self.norm), self.data)
    }

    /// The network as a program for a backend.
    ///
    /// # Errors
    /// As [`Network::check_parameters`], [`Plan::unfused`] and [`Backend::fusion`].
    pub fn model(&self, backend: &dyn Backend) -> Result<Model> {
        let largest = backend.largest_tensor();
        self.network().check_parameters(largest, "this adapter")?;
        Model::new(self.network().within(largest))?.fused(&backend.fusion()?)
    }
}

/// The name of a network in an experiment, for example `sigmoid-batch`; `sigmoid-group10` with the norm
/// group:10, since not every file system allows colons.
#[must_use]
pub fn run_name(activation: Activation, norm: Norm) -> String {
    format!("{}-{}", activation.name(), norm.to_string().replace(':', ""))
}
