//! What a run does about the settings of its networks before it begins.

use super::arguments::DeviceArguments;
use super::opening::keep_pipelines;
use super::say::{progress_bar, say};
use crate::backend::Backend;
use crate::backend::any::AnyBackend;
use crate::backend::gpu::adapters::DeviceChoice;
use crate::config::{Experiment, Norm};
use crate::error::Result;
use crate::kernels::setting::Target;
use crate::model::Model;
use crate::train::Plan;
use crate::tune::cache;
use crate::tune::run::{Mode, Tuning};
use indicatif::ProgressBar;
use std::io::Write;

/// Gives a run's networks their settings before it begins, and makes sure that the backend can run and hold
/// each. What was compiled for them is kept.
pub(super) fn prepare(
    mode: Mode,
    device: &DeviceArguments,
    backend: &mut AnyBackend,
    plans: &[Plan<'_>],
    out: &mut dyn Write,
) -> Result<()> {
    let models = plans.iter().map(|plan| plan.model(&**backend)).collect::<Result<Vec<_>>>()?;
    let mut commands: Vec<_> = plans.iter().map(|plan| command(plan.experiment, device)).collect();
    commands.dedup();
    apply_settings(mode, backend, &models, &commands.join("; "), out)?;
    models.iter().try_for_each(|model| backend.load(&model.program).map(drop))?;
    backend.gpu_mut().map_or(Ok(()), |gpu| keep_pipelines(gpu, out))
}

/// Gives networks the settings that are known to be the fastest, after a search for them where the run asks for
/// it. Says what is known, and which `command` finds the rest.
pub(super) fn apply_settings(
    mode: Mode,
    backend: &mut AnyBackend,
    models: &[Model],
    command: &str,
    out: &mut dyn Write,
) -> Result<()> {
    let Some(backend) = backend.gpu_mut() else { return Ok(()) };
    let mut tuning = Tuning::new(mode, backend.adapter(), cache::folder().as_deref());
    for model in models {
        let mut bar: Option<ProgressBar> = None;
        let mut tell = |target: &Target, waiting: usize| {
            let bar = bar.get_or_insert_with(|| progress_bar("tuning", waiting + 1));
            bar.set_position(bar.length().unwrap_or_default().saturating_sub(waiting as u64 + 1));
            bar.set_message(target.to_string());
        };
        let applied = tuning.apply(backend, &model.program, &mut tell);
        bar.iter().for_each(ProgressBar::finish_and_clear);
        applied?;
    }
    tuning.finish(command).iter().try_for_each(|line| say(out, line))
}

/// The `normlab tune` that searches at the shapes of an experiment's networks.
fn command(experiment: &Experiment, device: &DeviceArguments) -> String {
    let usual = Experiment::default();
    let mut command = "normlab tune".to_owned();
    let mut add = |flag: &str, value: &str| {
        let quote = if value.contains([' ', '(']) { "'" } else { "" };
        command.push_str(&format!(" --{flag} {quote}{value}{quote}"));
    };
    let activations: Vec<_> = experiment.activation.iter().map(ToString::to_string).collect();
    add("activation", &activations.join(","));
    add("norm", &experiment.norm.iter().copied().map(Norm::name).collect::<Vec<_>>().join(","));
    match &experiment.hidden[..] {
        [] => add("depth", "0"),
        hidden => {
            let units: Vec<_> = hidden.iter().map(usize::to_string).collect();
            add("hidden", &units.join(","));
        }
    }
    add("batch", &experiment.batch.to_string());
    for (flag, value, usual) in [
        ("affine", experiment.affine.name(), usual.affine.name()),
        ("precision", experiment.precision.name(), usual.precision.name()),
    ] {
        if value != usual {
            add(flag, value);
        }
    }
    if experiment.norm_position != usual.norm_position {
        add("norm-position", "after");
    }
    if experiment.optimizer != usual.optimizer {
        add("optimizer", "adam");
    }
    for (flag, value, usual) in [
        ("replicas", experiment.replicas, usual.replicas),
        ("probes", experiment.probes, usual.probes),
    ] {
        if value != usual {
            add(flag, &value.to_string());
        }
    }
    for (flag, path) in [("data", &experiment.data), ("test-data", &experiment.test_data)] {
        path.iter().for_each(|path| add(flag, &path.to_string_lossy()));
    }
    if device.device != DeviceChoice::Auto {
        add("device", &device.device.to_string());
    }
    command
}
