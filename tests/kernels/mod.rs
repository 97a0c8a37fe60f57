//! The tests of the kernels: one module per kernel, and one about the checks themselves.
//!
//! A kernel's twin is compared with hand-computed values, with central differences, with
//! vectors from an independent implementation, and with itself in other sizes and precisions.
//! Every variant of its shader is compared with the twin. Trials that need an adapter are ignored,
//! with the reason, where there is none; `NORMLAB_REQUIRE_GPU=1` makes them fail.

mod support;

mod adam;
mod batch_norm_backward;
mod batch_norm_forward;
mod batch_norm_infer;
mod bias_backward;
mod bias_forward;
mod bias_softmax_cross_entropy;
mod column_stats;
mod gather;
mod harness;
mod histogram;
mod layer_norm_backward;
mod layer_norm_forward;
mod matmul_backward;
mod matmul_bias_forward;
mod matmul_nn;
mod matmul_nt;
mod matmul_tn;
mod rms_norm_backward;
mod rms_norm_forward;
mod sgd;
mod softmax_cross_entropy;

use crate::support::trial::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let modules = [
        gather::trials(),
        matmul_nn::trials(),
        matmul_nt::trials(),
        matmul_tn::trials(),
        bias_forward::trials(),
        bias_backward::trials(),
        batch_norm_forward::trials(),
        batch_norm_backward::trials(),
        batch_norm_infer::trials(),
        layer_norm_forward::trials(),
        layer_norm_backward::trials(),
        rms_norm_forward::trials(),
        rms_norm_backward::trials(),
        softmax_cross_entropy::trials(),
        sgd::trials(),
        adam::trials(),
        histogram::trials(),
        column_stats::trials(),
        matmul_bias_forward::trials(),
        matmul_backward::trials(),
        bias_softmax_cross_entropy::trials(),
    ];
    let mut trials: Vec<Trial> = modules.into_iter().flatten().collect();
    let names: Vec<String> = trials.iter().map(|trial| trial.name().to_owned()).collect();
    trials.extend(harness::trials(names));
    trials
}
