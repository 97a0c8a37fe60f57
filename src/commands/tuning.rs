//! Chooses the settings of a run's networks before it begins.

use super::arguments::DeviceArguments;
use super::opening::keep_pipelines;
use super::output::{print, progress_bar};
use crate::backend::Backend;
use crate::backend::any::AnyBackend;
use crate::backend::gpu::GpuBackend;
use crate::backend::gpu::adapters::DeviceChoice;
use crate::config::{Experiment, KEYS};
use crate::error::Result;
use crate::kernels::setting::Target;
use crate::model::Model;
use crate::train::{Need, Plan};
use crate::tune::cache;
use crate::tune::run::{TuneMode, Tuning};
use indicatif::ProgressBar;
use std::borrow::Cow;
use std::io::Write;

/// Gives a run's networks their settings before it begins, and makes sure that the backend can run and hold each.
/// What was compiled for them is saved.
pub(super) fn prepare(
    mode: TuneMode,
    device: &DeviceArguments,
    backend: &mut AnyBackend,
    plans: &[Plan<'_>],
    out: &mut dyn Write,
) -> Result<()> {
    let models = plans.iter().map(|plan| plan.model(&**backend)).collect::<Result<Vec<_>>>()?;
    for (plan, model) in plans.iter().zip(&models) {
        Need::of(model, &**backend).check(&plan.name())?;
    }
    if let Some(gpu) = backend.gpu_mut() {
        apply_settings(mode, gpu, &models, &commands(plans, device), out)?;
    }
    models.iter().try_for_each(|model| backend.load(&model.program).map(drop))?;
    if let Some(slots) = models.iter().find_map(|model| model.network.window) {
        print(
            out,
            &format!(
                "images: the training images are more than the adapter can bind at once; they are \
                 uploaded in parts, for {slots} steps at a time"
            ),
        )?;
    }
    backend.gpu_mut().map_or(Ok(()), |gpu| keep_pipelines(gpu, out))
}

/// Gives networks the fastest known settings, after a search if the run asks for one. Says what is known, and which
/// `command` finds the rest.
pub(super) fn apply_settings(
    mode: TuneMode,
    backend: &mut GpuBackend,
    models: &[Model],
    command: &str,
    out: &mut dyn Write,
) -> Result<()> {
    let mut tuning = Tuning::new(mode, backend.adapter(), cache::folder().as_deref());
    for model in models {
        let mut bar: Option<ProgressBar> = None;
        let mut tell = |target: &Target, waiting: usize| {
            let bar = bar.get_or_insert_with(|| progress_bar("tuning", (waiting + 1, "shapes")));
            bar.set_position(bar.length().unwrap_or_default().saturating_sub(waiting as u64 + 1));
            bar.set_message(target.to_string());
        };
        let applied = tuning.apply(backend, &model.program, &mut tell);
        bar.iter().for_each(ProgressBar::finish_and_clear);
        applied?;
    }
    tuning.finish(command).iter().try_for_each(|line| print(out, line))
}

/// Keys that do not affect the shapes of a network's dispatches.
const SHAPELESS: [&str; 9] = [
    "init",
    "learning_rate",
    "momentum",
    "steps",
    "seed",
    "transpose",
    "binary",
    "evaluate_every",
    "verify_every",
];

/// The commands that fill the cache for these networks.
pub(super) fn commands(plans: &[Plan<'_>], device: &DeviceArguments) -> String {
    let commands = plans.iter().map(|plan| command(plan.experiment, &device.device));
    let mut commands: Vec<_> = commands.collect();
    commands.dedup();
    commands.join("; ")
}

/// The `normlab tune` that searches at the shapes of an experiment's networks.
fn command(experiment: &Experiment, device: &DeviceChoice) -> String {
    let usual = Experiment::default();
    let mut command = "normlab tune".to_owned();
    for key in KEYS.iter().filter(|key| !SHAPELESS.contains(&key.name)) {
        let value = (key.text)(experiment);
        // Without any of an experiment's flags, `tune` takes the networks of `bench step`.
        if value == (key.text)(&usual) && key.name != "norm" {
            continue;
        }
        command.push_str(&match (key.name, value.as_str()) {
            ("hidden", "") => " --depth 0".to_owned(),
            (name, value) => format!(" --{} {}", name.replace('_', "-"), quoted(value)),
        });
    }
    if *device != DeviceChoice::Auto {
        command.push_str(&format!(" --device {}", quoted(&device.to_string())));
    }
    command
}

/// A word, quoted for a shell if necessary.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:=+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(format!("'{}'", word.replace('\'', "'\\''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Norm;

    #[test]
    fn the_command_names_what_changes_shapes_and_no_more() {
        let device = DeviceChoice::Auto;
        let usual = Experiment { learning_rate: 0.5, seed: 7, ..Experiment::default() };
        assert_eq!(command(&usual, &device), "normlab tune --norm batch");
        let other = Experiment {
            norm: vec![Norm::None, Norm::Layer],
            hidden: vec![],
            batch: 7,
            data: Some("it's here".into()),
            ..Experiment::default()
        };
        let flags = r"--norm none,layer --depth 0 --batch 7 --data 'it'\''s here'";
        assert_eq!(command(&other, &device), format!("normlab tune {flags}"));
    }
}
