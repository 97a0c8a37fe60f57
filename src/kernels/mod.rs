//! The kernels: one file each, holding its contract, its CPU twin and its cases. This module is the
//! registry.
//!
//! A kernel `k` is `src/kernels/k.rs`, `shaders/k/*.wgsl` and `tests/kernels/k.rs`. Conventions that
//! all of them share: tensors are `[replicas, rows, cols]`; rows are examples and columns are units;
//! `d_x` is the gradient of the loss with respect to `x`; `z` is what an activation is applied to,
//! kept for the backward pass, so that forward and backward decide alike on which side of ReLU's
//! kink a value lies. `README.md` beside this file shows how to add a kernel, or a variant of one.

pub mod activation;
pub mod capabilities;
pub mod cases;
mod constants;
pub mod contract;
pub mod cooperative;
pub mod formula;
pub mod header;
pub mod kernel;
pub mod library;
mod operand;
mod overrides;
pub mod precision;
pub mod selection;
pub mod setting;
pub mod shader;
pub mod tunable;
pub mod twin;
pub mod wgsl;

pub mod adam;
pub mod batch_norm_backward;
pub mod batch_norm_forward;
pub mod batch_norm_infer;
pub mod bias_backward;
pub mod bias_forward;
pub mod bias_softmax_cross_entropy;
pub mod gather;
pub mod histogram;
pub mod layer_norm_backward;
pub mod layer_norm_forward;
pub mod matmul_backward;
pub mod matmul_bias_forward;
pub mod matmul_nn;
pub mod matmul_nt;
pub mod matmul_tn;
pub mod moments;
pub mod rms_norm_backward;
pub mod rms_norm_forward;
pub mod sgd;
pub mod softmax_cross_entropy;

use crate::error::{Error, Result, unknown};
pub use constants::{EPSILON, NONE, RUNNING_MOMENTUM};
use kernel::Kernel;

/// Lists kernels by their modules. (These are declared as usual: rustfmt finds no others.)
macro_rules! registry {
    ($($kernel:ident)+) => {
        /// Every kernel, in the order in which lists show them: forward before backward, kin together,
        /// and last those that do what several others do, see [`crate::fusion`].
        pub const ALL: [&Kernel; [$(stringify!($kernel)),+].len()] = [$(&$kernel::KERNEL),+];
    };
}

registry! {
    gather
    matmul_nn
    matmul_nt
    matmul_tn
    bias_forward
    bias_backward
    batch_norm_forward
    batch_norm_backward
    batch_norm_infer
    layer_norm_forward
    layer_norm_backward
    rms_norm_forward
    rms_norm_backward
    softmax_cross_entropy
    sgd
    adam
    histogram
    moments
    matmul_bias_forward
    matmul_backward
    bias_softmax_cross_entropy
}

/// The kernel called `name`.
///
/// # Errors
/// [`Error::Config`] listing all kernels when there is none of that name.
pub fn find(name: &str) -> Result<&'static Kernel> {
    ALL.into_iter().find(|kernel| kernel.name() == name).ok_or_else(|| {
        let known = ALL.map(Kernel::name);
        Error::Config(unknown(&format!("no kernel is called {name}"), name, &known, ""))
    })
}
