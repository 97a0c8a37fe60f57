//! The kernels: one file each, holding its contract, its CPU twin and its cases. This module is the
//! registry.
//!
//! A kernel `k` is `src/kernels/k.rs`, `shaders/k/*.wgsl`, which may share files of `shaders/shared` (see
//! [`composition`]), and `tests/kernels/k.rs`. Conventions
//! common to all: tensors are `[replicas, rows, cols]`; rows are examples and columns are units;
//! `d_x` is the gradient of the loss with respect to `x`; `z` is what an activation is applied to,
//! kept for the backward pass, so that forward and backward agree on which side of ReLU's
//! kink a value is. `README.md` in this folder shows how to add a kernel, or a variant of one.
//!
//! # Order
//!
//! A file imports only from files above it in this list, which `tests/architecture.rs` enforces. The
//! kernels come in the order of [`ALL`], so one may use another that is above it.
//!
//! ```text
//! constants      numbers that kernels and their shaders agree on
//! header         what the first lines of a shader require of adapters
//! tunable        the constants that a shader offers for tuning
//! precision      what products are computed in
//! operand        one tensor of a contract
//! contract       a kernel's interface, as plain data
//! tokens         WGSL source as words, numbers and signs
//! nesting        how deeply source nests, checked before a compiler recurses through it
//! wgsl           parses and validates WGSL with naga
//! overrides      override constants get their default values
//! formula        functions of one number in WGSL, evaluated on the CPU
//! activation     the activations that ship, and user-supplied ones
//! twin           runs a formula on the CPU, in parts
//! cases          sizes and inputs on which kernels are checked
//! kernel         a contract with its twin, its cases and its shaders
//! <kernel>       each of them
//! mod            the registry
//! foreign        a user's file that is appended to a kernel's source
//! composition    the files that a shader is composed of
//! shader         a composition checked against its contract
//! setting        a variant with values of its tunables
//! overlay        a user's folder, laid over the shipped shaders
//! variant        where a variant of a kernel is read from
//! library        the shipped shaders, with the user's laid over them, and the choices made
//! export         writes the shipped shaders out
//! cooperative    which cooperative matrices an adapter has, and which ones shaders need
//! capabilities   what an adapter is capable of, and which variants can run on it
//! selection      which setting of a kernel each dispatch uses
//! ```

pub mod activation;
pub mod capabilities;
pub mod cases;
pub mod composition;
mod constants;
pub mod contract;
pub mod cooperative;
pub mod export;
mod foreign;
pub mod formula;
pub mod header;
pub mod kernel;
pub mod library;
mod nesting;
mod operand;
mod overlay;
mod overrides;
pub mod precision;
pub mod selection;
pub mod setting;
pub mod shader;
mod tokens;
pub mod tunable;
pub mod twin;
pub mod variant;
pub mod wgsl;

pub mod adam;
pub mod batch_norm_backward;
pub mod batch_norm_forward;
pub mod batch_norm_infer;
pub mod bias_backward;
pub mod bias_forward;
pub mod bias_softmax_cross_entropy;
pub mod column_stats;
pub mod gather;
pub mod histogram;
pub mod layer_norm_backward;
pub mod layer_norm_forward;
pub mod matmul_backward;
pub mod matmul_bias_forward;
pub mod matmul_nn;
pub mod matmul_nt;
pub mod matmul_tn;
pub mod rms_norm_backward;
pub mod rms_norm_forward;
pub mod sgd;
pub mod softmax_cross_entropy;

use crate::error::{Error, Result, unknown};
pub use constants::{EPSILON, NONE, RUNNING_MOMENTUM};
use kernel::Kernel;

/// Lists kernels by their modules, which are declared outside the macro so that rustfmt finds them.
macro_rules! registry {
    ($($kernel:ident)+) => {
        /// Every kernel, in the order in which lists show them: forward before backward, related ones
        /// together, and last those that do the work of several others, see [`crate::fusion`].
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
    column_stats
    matmul_bias_forward
    matmul_backward
    bias_softmax_cross_entropy
}

/// Renamed kernels: the old name and the new one.
const RENAMED: [(&str, &str); 1] = [("moments", "column_stats")];

/// The kernel called `name`.
///
/// # Errors
/// [`Error::Config`] when there is no such kernel, with its new name or a list of all kernels.
pub fn find(name: &str) -> Result<&'static Kernel> {
    if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
        return Err(Error::Config(format!("the kernel {name} is now called {new}")));
    }
    ALL.into_iter().find(|kernel| kernel.name() == name).ok_or_else(|| {
        let known = ALL.map(Kernel::name);
        Error::Config(unknown(&format!("no kernel is called {name}"), name, &known, ""))
    })
}
