//! Tests of whole training steps: against PyTorch, against each other, and of what a training does
//! when something goes wrong. Those that need a GPU are ignored, with the reason, where there is none.

mod data;
mod diagnosis;
mod engines;
mod invariants;
mod one_layer;
mod probes;
mod reference;
mod resumed;

use crate::support::gpu::{self, Gpu};
use crate::support::trial::Trial;
use libtest_mimic::{Completion, Failed};
use normlab::backend::gpu::GpuBackend;

pub(crate) fn trials() -> Vec<Trial> {
    let trials = [
        reference::trials(),
        engines::trials(),
        invariants::trials(),
        one_layer::trials(),
        diagnosis::trials(),
        data::trials(),
        probes::trials(),
        resumed::trials(),
    ];
    trials.into_iter().flatten().collect()
}

/// The result of a check: nothing, or what is wrong.
type Checked = Result<(), String>;

/// A trial that needs no GPU.
fn on_cpu<F>(name: impl Into<String>, check: F) -> Trial
where
    F: FnOnce() -> Checked + Send + 'static,
{
    Trial::test(name, move || check().map_err(Failed::from))
}

/// A trial that gets an open adapter, or is ignored with the reason.
fn on_gpu<F>(name: impl Into<String>, check: F) -> Trial
where
    F: Fn(&mut GpuBackend) -> Checked + Send + 'static,
{
    Trial::ignorable_test(name, move || match gpu::open()? {
        Gpu::Open(mut backend) => {
            check(&mut backend).map(|()| Completion::Completed).map_err(Failed::from)
        }
        Gpu::Missing(reason) => Ok(Completion::ignored_with(reason)),
    })
}

/// An error as a failed check.
fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn hold(condition: bool, sentence: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(sentence()) }
}
