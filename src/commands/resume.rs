//! `normlab train --resume`: what may be gone on with, and with what.

use super::arguments::DeviceArguments;
use super::experiment_flags::ExperimentArguments;
use super::output::print;
use super::report::read_experiment;
use crate::backend::any::AnyBackend;
use crate::config::Experiment;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::record::{DataRecord, ShaderRecord};
use crate::train::Plan;
use crate::train::checkpoint::Checkpoint;
use crate::train::run_folder::RunFolder;
use crate::tune::run::TuneMode;
use std::io::Write;
use std::path::Path;

/// The experiment of a run that is gone on with, and its checkpoint, where the flags leave the experiment as it is.
///
/// # Errors
/// [`Error::Config`] with the flag that would change it, when another run is writing to the folder, or when it holds
/// no run; as [`Checkpoint::read`].
pub(super) fn read(
    folder: &Path,
    (flags, device): (&ExperimentArguments, &DeviceArguments),
) -> Result<(Experiment, Checkpoint)> {
    RunFolder::check_free(Some(folder), true)?;
    let experiment = read_experiment(folder, "run")?;
    refuse_changes(folder, &experiment, (flags, device))?;
    let checkpoint = Checkpoint::read(folder)?;
    let then = Experiment::parse(&checkpoint.record.experiment, "the checkpoint's experiment")?;
    if (Experiment { steps: then.steps, ..experiment.clone() }) != then {
        return Err(Error::Data(format!(
            "the checkpoint in {} is of another experiment than experiment.toml; put back the run's own file, or \
             `normlab train {}` trains from the first step",
            folder.display(),
            folder.join("experiment.toml").display()
        )));
    }
    Ok((experiment, checkpoint))
}

/// Refuses flags that would make another experiment of it.
fn refuse_changes(
    folder: &Path,
    experiment: &Experiment,
    (flags, device): (&ExperimentArguments, &DeviceArguments),
) -> Result<()> {
    let mut changed = experiment.clone();
    flags.apply(&mut changed)?;
    device.agreed(&mut changed);
    let folder = folder.display();
    if changed.steps < experiment.steps {
        return Err(Error::Config(format!(
            "--steps {}: the run in {folder} has {} steps; give more to train its networks on, or leave the flag out",
            changed.steps, experiment.steps
        )));
    }
    let others = flags.flags().into_iter().filter(|name| name != "--steps");
    let precision = (changed.precision != experiment.precision).then(|| "--precision".to_owned());
    match others.chain(precision).next() {
        None => Ok(()),
        Some(flag) => Err(Error::Config(format!(
            "{flag}: --resume {folder} goes on with the experiment of that run, of which only --steps may be \
             raised; leave the flag out, or train anew with `normlab train {folder}/experiment.toml {flag} …`"
        ))),
    }
}

/// Checks that the data are those that the run has seen.
///
/// # Errors
/// [`Error::Data`] when they are others.
pub(super) fn check_data(
    folder: &Path,
    checkpoint: &Checkpoint,
    (data, seen): (&Dataset, &DataRecord),
) -> Result<()> {
    if *seen == checkpoint.record.data {
        return Ok(());
    }
    Err(Error::Data(format!(
        "the training images or labels of {} are not those that the run in {} was trained on; put those back, or \
         train from the first step with `normlab train {}`",
        data.name,
        folder.display(),
        folder.join("experiment.toml").display()
    )))
}

/// Gives the networks the settings that they had, on the device that had them; else those that are known now.
pub(super) fn use_settings(
    checkpoint: &Checkpoint,
    backend: &mut AnyBackend,
    watched: bool,
) -> TuneMode {
    let same = backend.adapter() == checkpoint.record.adapter;
    if let Some(gpu) = backend.gpu_mut().filter(|_| same) {
        gpu.use_settings(checkpoint.record.settings.iter().cloned().collect());
    }
    if same || watched { TuneMode::Off } else { TuneMode::Quick }
}

/// Checks that the networks run the shaders that they ran; on another device it says that they may not.
///
/// # Errors
/// [`Error::Config`] when the same device would run others.
pub(super) fn check_shaders(
    folder: &Path,
    checkpoint: &Checkpoint,
    backend: &AnyBackend,
    out: &mut dyn Write,
) -> Result<()> {
    let (then, now) = (&checkpoint.record.adapter, backend.adapter());
    if *then != now {
        return print(
            out,
            &format!(
                "note: the run was begun on {} ({}, {}); from here on its results are not those, to the bit, of \
                 a run that never stopped",
                then.adapter, then.backend, then.driver
            ),
        );
    }
    let (before, shaders) = (&checkpoint.record.shaders, backend.shaders());
    let (mut lost, mut new) = (
        before.iter().filter(|one| !shaders.contains(one)),
        shaders.iter().filter(|one| !before.contains(one)),
    );
    let name = |one: Option<&ShaderRecord>| {
        one.map_or_else(|| "none".to_owned(), |one| format!("{} of {}", one.variant, one.kernel))
    };
    match (lost.next(), new.next()) {
        (None, None) => Ok(()),
        (lost, new) => Err(Error::Config(format!(
            "the run in {} ran other shaders than these options give ({} then, {} now, or another text); give \
             --shaders, --variant, --tunable, --no-fuse and --watch as then, or train from the first step with \
             `normlab train {}`",
            folder.display(),
            name(lost),
            name(new),
            folder.join("experiment.toml").display()
        ))),
    }
}

/// Which networks go on from where, in a line.
pub(super) fn where_it_goes_on(checkpoint: &Checkpoint, plans: &[Plan<'_>]) -> String {
    let networks = &checkpoint.record.networks;
    let place = |plan: &Plan<'_>| {
        let name = plan.name();
        let carried = networks.iter().find(|network| network.run == name);
        let step = carried.and_then(|network| Some(network.carried.as_ref()?.step));
        match (checkpoint.ended(&name), step) {
            (Some(_), _) => format!("{name} has ended"),
            (None, Some(step)) => format!("{name} from step {step} of {}", plan.experiment.steps),
            (None, None) => format!("{name} from its first step"),
        }
    };
    format!("resumed: {}", plans.iter().map(place).collect::<Vec<_>>().join(", "))
}
