//! What a command trains or writes: an experiment with the user's flags applied, and its data.

use super::arguments::DeviceArguments;
use super::experiment_flags::ExperimentArguments;
use crate::config::Experiment;
use crate::data::{Dataset, Source};
use crate::error::{Error, Result};
use std::path::PathBuf;

/// The experiment with flags applied, and the device's arguments with its precision.
///
/// # Errors
/// As [`Experiment::validate`]; [`Error::File`] if a path cannot be made absolute.
pub(super) fn with_flags(
    mut experiment: Experiment,
    flags: &ExperimentArguments,
    device: &DeviceArguments,
) -> Result<(Experiment, DeviceArguments)> {
    flags.apply(&mut experiment)?;
    let device = device.agreed(&mut experiment);
    experiment.validate()?;
    Ok((with_absolute_paths(experiment)?, device))
}

/// The experiment with absolute paths, so that its record can be replayed from any folder.
///
/// # Errors
/// [`Error::File`] if one cannot be made absolute.
pub(super) fn with_absolute_paths(experiment: Experiment) -> Result<Experiment> {
    let whole = |path: Option<PathBuf>| {
        let whole = |path: PathBuf| {
            std::path::absolute(&path).map_err(|error| Error::file("find", &path, error))
        };
        path.map(whole).transpose()
    };
    let Experiment { data, test_data, .. } = experiment;
    let (data, test_data) = (whole(data)?, whole(test_data)?);
    Ok(Experiment { data, test_data, ..experiment })
}

/// The data that an experiment asks for.
///
/// # Errors
/// As [`Dataset::load`].
pub(super) fn load(experiment: &Experiment) -> Result<Dataset> {
    let Experiment { transpose, train_images, test_images, binary, .. } = *experiment;
    let (folder, test_folder) = (experiment.data.clone(), experiment.test_data.clone());
    Dataset::load(&Source { folder, test_folder, transpose, train_images, test_images, binary })
}

/// The same data, if the experiment can be trained on it.
///
/// # Errors
/// As [`load`] and [`Experiment::validate_for`].
pub(super) fn load_to_train(experiment: &Experiment) -> Result<Dataset> {
    let data = load(experiment)?;
    experiment.validate_for(data.train.len())?;
    Ok(data)
}
