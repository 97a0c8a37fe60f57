//! What follows the product of a layer: one kind of stage for each norm, and how the kinds differ.

use super::role::Role;
use crate::config::Norm;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::{
    batch_norm_backward, batch_norm_forward, batch_norm_infer, bias_backward, bias_forward,
    layer_norm_backward, layer_norm_forward, rms_norm_backward, rms_norm_forward,
};

/// A bias (`Norm::None`) or a norm, followed by the activation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) norm: Norm,
    pub(super) activation: Activation,
}

/// How the kinds of stages differ.
pub(super) struct Kind {
    /// Its name in names of tensors.
    pub(super) name: &'static str,
    /// The roles of its parameters: `[1, units]` each, or `[1, 1]` where a layer shares them.
    pub(super) roles: &'static [Role],
    /// The kernel that computes it in training.
    pub(super) forward: &'static Kernel,
    /// The kernel in inference.
    pub(super) infer: &'static Kernel,
    /// The kernel of the backward pass.
    pub(super) backward: &'static Kernel,
    /// What it keeps of its input.
    pub(super) statistics: Statistics,
    /// Whether training keeps running statistics for inference.
    pub(super) keeps_running: bool,
}

/// What a norm keeps of its input for the backward pass.
#[derive(Clone, Copy, Debug)]
pub(super) enum Statistics {
    /// Nothing.
    None,
    /// This many numbers for each unit: `[numbers, cols]`.
    OfUnits(usize),
    /// This many numbers for each example: `[rows, numbers]`.
    OfExamples(usize),
}

impl Stage {
    /// Its kind: everything a network needs to know of a norm.
    pub(super) fn kind(self) -> Kind {
        let (name, keeps_running) = ("norm", false);
        match self.norm {
            Norm::None => Kind {
                name: "bias",
                roles: &[Role::Bias],
                forward: &bias_forward::KERNEL,
                infer: &bias_forward::KERNEL,
                backward: &bias_backward::KERNEL,
                statistics: Statistics::None,
                keeps_running,
            },
            Norm::Batch => Kind {
                name,
                roles: &[Role::Gamma, Role::Beta],
                forward: &batch_norm_forward::KERNEL,
                infer: &batch_norm_infer::KERNEL,
                backward: &batch_norm_backward::KERNEL,
                statistics: Statistics::OfUnits(2),
                keeps_running: true,
            },
            Norm::Layer => Kind {
                name,
                roles: &[Role::Gamma, Role::Beta],
                forward: &layer_norm_forward::KERNEL,
                infer: &layer_norm_forward::KERNEL,
                backward: &layer_norm_backward::KERNEL,
                statistics: Statistics::OfExamples(2),
                keeps_running,
            },
            Norm::Rms => Kind {
                name,
                roles: &[Role::Gamma],
                forward: &rms_norm_forward::KERNEL,
                infer: &rms_norm_forward::KERNEL,
                backward: &rms_norm_backward::KERNEL,
                statistics: Statistics::OfExamples(1),
                keeps_running,
            },
        }
    }
}
