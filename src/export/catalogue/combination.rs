//! What distinguishes the networks of a catalogue.

use crate::config::{Affine, Experiment, Norm, NormPosition, Optimizer};
use crate::kernels::activation::Activation;
use serde::Serialize;

/// A network of the catalogue, apart from its activation, initial weights, seed and learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Combination {
    /// The norm.
    pub norm: Norm,
    /// Hidden layers.
    pub depth: usize,
    /// Units of each.
    pub units: usize,
    /// Examples per training batch.
    pub batch: usize,
    /// Where the norm is placed.
    pub position: NormPosition,
    /// One gamma and beta per unit, or one per layer.
    pub affine: Affine,
    /// How parameters are updated.
    pub optimizer: Optimizer,
}

impl Combination {
    /// The usual network of this norm, depth, width and batch.
    #[must_use]
    pub fn usual(norm: Norm, depth: usize, units: usize, batch: usize) -> Self {
        let usual = Experiment::default();
        Self {
            norm,
            depth,
            units,
            batch,
            position: usual.norm_position,
            affine: usual.affine,
            optimizer: usual.optimizer,
        }
    }

    /// The experiment that trains it, with this activation.
    #[must_use]
    pub fn experiment(&self, activation: Activation) -> Experiment {
        Experiment {
            activation: vec![activation],
            norm: vec![self.norm],
            hidden: vec![self.units; self.depth],
            batch: self.batch,
            norm_position: self.position,
            affine: self.affine,
            optimizer: self.optimizer,
            ..Experiment::default()
        }
    }
}
