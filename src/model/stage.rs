//! What follows the product of a layer: one kind of stage for each norm, and all that tells one kind
//! from another.

use super::role::Role;
use crate::config::Norm;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::{
    batch_norm_backward, batch_norm_forward, batch_norm_infer, bias_backward, bias_forward,
    layer_norm_backward, layer_norm_forward, rms_norm_backward, rms_norm_forward,
};

/// A bias (`Norm::None`) or a norm, with the activation behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) norm: Norm,
    pub(super) activation: Activation,
}

impl Stage {
    /// What the parameters of the stage are for: `[1, units]` each, or `[1, 1]` where a layer shares.
    pub(super) const fn roles(self) -> &'static [Role] {
        match self.norm {
            Norm::None => &[Role::Bias],
            Norm::Batch | Norm::Layer => &[Role::Gamma, Role::Beta],
            Norm::Rms => &[Role::Gamma],
        }
    }

    /// The word for it in names of tensors.
    pub(super) const fn kind(self) -> &'static str {
        if matches!(self.norm, Norm::None) { "bias" } else { "norm" }
    }

    /// The kernels that compute it.
    pub(super) fn kernels(self) -> Kernels {
        match self.norm {
            Norm::None => Kernels {
                forward: &bias_forward::KERNEL,
                infer: &bias_forward::KERNEL,
                backward: &bias_backward::KERNEL,
            },
            Norm::Batch => Kernels {
                forward: &batch_norm_forward::KERNEL,
                infer: &batch_norm_infer::KERNEL,
                backward: &batch_norm_backward::KERNEL,
            },
            Norm::Layer => Kernels {
                forward: &layer_norm_forward::KERNEL,
                infer: &layer_norm_forward::KERNEL,
                backward: &layer_norm_backward::KERNEL,
            },
            Norm::Rms => Kernels {
                forward: &rms_norm_forward::KERNEL,
                infer: &rms_norm_forward::KERNEL,
                backward: &rms_norm_backward::KERNEL,
            },
        }
    }

    /// Rows and columns of what it keeps of its input, which has `rows` and `cols`; nothing for a bias.
    pub(super) const fn statistics(self, rows: usize, cols: usize) -> Option<(usize, usize)> {
        match self.norm {
            Norm::None => None,
            Norm::Batch => Some((2, cols)),
            Norm::Layer => Some((rows, 2)),
            Norm::Rms => Some((rows, 1)),
        }
    }

    /// Whether it has running statistics, from training for inference.
    pub(super) const fn keeps_running(self) -> bool {
        matches!(self.norm, Norm::Batch)
    }
}

/// The kernels of a stage.
pub(super) struct Kernels {
    /// In training.
    pub(super) forward: &'static Kernel,
    /// In inference.
    pub(super) infer: &'static Kernel,
    /// The way back.
    pub(super) backward: &'static Kernel,
}
