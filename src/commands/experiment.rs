//! What a command trains or writes: an experiment with the user's flags applied, and its data.

use super::arguments::DeviceArguments;
use super::experiment_flags::ExperimentArguments;
use crate::config::{Experiment, Grid};
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

/// A grid with whole paths, as [`with_absolute_paths`].
///
/// # Errors
/// As there.
pub(super) fn with_absolute_paths_in(mut grid: Grid) -> Result<Grid> {
    grid.base = with_absolute_paths(grid.base)?;
    for name in ["data", "test_data"] {
        grid.change(name, |value| {
            let path = value.as_str().unwrap_or_default();
            let whole = std::path::absolute(path)
                .map_err(|error| Error::file("find", path.as_ref(), error))?;
            Ok(toml::Value::String(whole.display().to_string()))
        })?;
    }
    Ok(grid)
}

/// The data that an experiment asks for.
///
/// # Errors
/// As [`Dataset::load`].
pub(super) fn load(experiment: &Experiment) -> Result<Dataset> {
    Dataset::load(&experiment.source())
}

/// The data sets of several experiments, each loaded once, with their hashes.
pub(super) struct Datasets(Vec<(Source, Dataset, String)>);

impl Datasets {
    /// Loads all data that experiments ask for.
    ///
    /// # Errors
    /// As [`Dataset::load`].
    pub(super) fn load<'a>(experiments: impl Iterator<Item = &'a Experiment>) -> Result<Self> {
        let mut all: Vec<(Source, Dataset, String)> = Vec::new();
        for source in experiments.map(Experiment::source) {
            if all.iter().all(|(loaded, ..)| *loaded != source) {
                let data = Dataset::load(&source)?;
                let hash = data.sha256();
                all.push((source, data, hash));
            }
        }
        Ok(Self(all))
    }

    /// The data of one of these experiments.
    ///
    /// # Panics
    /// Where it is none of them: a mistake of the caller.
    pub(super) fn of(&self, experiment: &Experiment) -> &Dataset {
        &self.entry(experiment).1
    }

    /// Their [`Dataset::sha256`].
    ///
    /// # Panics
    /// As [`Datasets::of`].
    pub(super) fn sha256(&self, experiment: &Experiment) -> &str {
        &self.entry(experiment).2
    }

    #[allow(
        clippy::expect_used,
        reason = "an experiment that was not given to `load` is a mistake of the caller"
    )]
    fn entry(&self, experiment: &Experiment) -> &(Source, Dataset, String) {
        let wanted = experiment.source();
        let found = self.0.iter().find(|(source, ..)| *source == wanted);
        found.expect("the data of every experiment are loaded")
    }

    /// Their names, for people.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, data, _)| data.name.clone()).collect()
    }
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
