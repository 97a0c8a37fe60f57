//! The folder that a run leaves behind.
//!
//! ```text
//! experiment.toml       complete: `normlab train experiment.toml` replays the run
//! metrics.jsonl         one line per evaluation and replica, written as it happens
//! histograms.jsonl      one line per probe of the first replica's layers, written as it happens
//! weights.safetensors   parameters and running statistics, named `<run>/<layer>.<name>`: `[rows, cols]`,
//!                       or `[replicas, rows, cols]` where there are several; for its metadata see
//!                       [`WeightsRecord`]
//! checkpoint.safetensors what `normlab train --resume` goes on from, see [`super::checkpoint`]
//! summary.json          the results; updated after every network
//! run.lock              while the run writes, so that no other one does
//! report.html           the page made from all these, and its pictures, see `report::folder`
//! ```
//!
//! A file is written under a temporary name and renamed, so that it exists whole or not at all; lines of the two
//! `.jsonl` files are appended one at a time. A killed run leaves what it had.

use super::checkpoint::{self, Checkpoint, CheckpointRecord};
use super::folder_lock::FolderLock;
use super::lines::Lines;
use super::state::{Resumed, TrainingState};
use super::trainer::Weights;
use crate::error::{Error, Result};
use crate::files::{self, TensorBytes, read_tensors, replace, write_tensors};
use crate::record::{
    Evaluation, Probe, RunRecord, ShaderChange, Summary, SweepRecord, Swept, WeightsRecord,
};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The parent folder of runs for which the user names no folder.
const RUNS: &str = "runs";

/// The report of a run or a sweep.
pub const REPORT: &str = "report.html";

/// The animation that a report comes with.
pub const ANIMATION: &str = "training.gif";

/// The lesson's page of a run. It does not mark its folder as that of a run, since it can be written anywhere.
pub const LESSON: &str = "lesson.html";

/// The evaluations and the probes of a run.
pub const METRICS: &str = "metrics.jsonl";
const HISTOGRAMS: &str = "histograms.jsonl";

/// The weights of a run.
pub const WEIGHTS: &str = "weights.safetensors";

/// The folder for the confusion matrices that `normlab evaluate` draws of a run.
pub const CONFUSION: &str = "confusion";

/// Files that a run leaves; a folder that has one of them holds a run.
const FILES: [&str; 8] = [
    "experiment.toml",
    METRICS,
    HISTOGRAMS,
    WEIGHTS,
    checkpoint::FILE,
    "summary.json",
    REPORT,
    ANIMATION,
];

/// A run's folder, open for writing.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: Lines,
    histograms: Lines,
    weights: BTreeMap<String, TensorBytes>,
    about_weights: WeightsRecord,
    checkpoint: Checkpoint,
    _lock: FolderLock,
}

impl RunFolder {
    /// Whether another process is writing a run or a sweep to a folder.
    #[must_use]
    pub fn is_being_written(folder: &Path) -> bool {
        FolderLock::check_free(folder).is_err()
    }

    /// Checks that a run may be written to `out`, before anything is computed for it.
    ///
    /// # Errors
    /// [`Error::Config`] when `out` holds a run and `force` is not given, or when another run is writing there.
    pub fn check_free(out: Option<&Path>, force: bool) -> Result<()> {
        out.map_or(Ok(()), FolderLock::check_free)?;
        match out {
            Some(out) if !force && !old_files(out).is_empty() => Err(Error::Config(format!(
                "{} already holds a run; name another folder with --out, or replace it with --force",
                out.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Creates the folder: `out` if given, else the first free one of `runs/<name>`, `runs/<name>-2`, …. With
    /// `force`, an older run in `out` is replaced. `record` has the experiment and begins the checkpoint.
    ///
    /// # Errors
    /// As [`RunFolder::check_free`]; [`Error::File`] when it cannot be written.
    pub fn create(
        name: &str,
        out: Option<&Path>,
        force: bool,
        record: CheckpointRecord,
    ) -> Result<Self> {
        Self::check_free(out, force)?;
        let path = create_folder(name, out)?;
        let lock = FolderLock::take(&path)?;
        // A separate sweep does not belong to the older run, and stays.
        let beside = Swept::ALL.into_iter().filter(|&swept| is_of_lesson(&path, swept));
        let beside: Vec<_> = beside.map(|swept| path.join(swept.file())).collect();
        let old = old_files(&path);
        // The page that shows the older run goes with it.
        let lesson = Some(path.join(LESSON)).filter(|file| !old.is_empty() && file.exists());
        let confusion = path.join(CONFUSION);
        if !old.is_empty() && confusion.is_dir() {
            fs::remove_dir_all(&confusion)
                .map_err(|error| Error::file("replace", &confusion, error))?;
        }
        for file in old.into_iter().chain(lesson).chain(beside) {
            fs::remove_file(&file).map_err(|error| Error::file("replace", &file, error))?;
        }
        write_experiment(&path, &record.experiment)?;
        let metrics = Lines::create(path.join(METRICS))?;
        let histograms = Lines::create(path.join(HISTOGRAMS))?;
        let about_weights = WeightsRecord::new(record.experiment.clone(), record.data.clone());
        let (weights, checkpoint) = (BTreeMap::new(), Checkpoint::new(record));
        Ok(Self { path, metrics, histograms, weights, about_weights, checkpoint, _lock: lock })
    }

    /// Opens the folder of a run that has stopped, to go on from its checkpoint: what it recorded later is taken
    /// away.
    ///
    /// # Errors
    /// [`Error::Config`] when another run is writing there, [`Error::Data`] when records of the checkpoint are
    /// missing, [`Error::File`] when the folder cannot be written.
    pub fn resume(path: &Path, checkpoint: Checkpoint) -> Result<Self> {
        let lock = FolderLock::take(path)?;
        let record = &checkpoint.record;
        let lines = [METRICS, HISTOGRAMS].map(|file| path.join(file));
        for (file, length) in lines.iter().zip(record.lines) {
            let found = fs::metadata(file).map_or(0, |file| file.len());
            if found < length {
                return Err(Error::Data(format!(
                    "{} has {found} bytes, but the checkpoint beside it goes on after {length}: the file was \
                     replaced or cut off; `normlab train {}` trains again from the first step",
                    file.display(),
                    path.join("experiment.toml").display()
                )));
            }
        }
        let mut about_weights = WeightsRecord::new(record.experiment.clone(), record.data.clone());
        let weights = kept_weights(path, &checkpoint, &mut about_weights)?;
        write_experiment(path, &record.experiment)?;
        let [metrics, histograms] = lines;
        let metrics = Lines::cut(metrics, record.lines[0])?;
        let histograms = Lines::cut(histograms, record.lines[1])?;
        let path = path.to_owned();
        Ok(Self { path, metrics, histograms, weights, about_weights, checkpoint, _lock: lock })
    }

    /// The bytes of its lines.
    fn lengths(&self) -> [u64; 2] {
        [&self.metrics, &self.histograms].map(|lines| lines.length)
    }

    /// Its checkpoint in memory.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Where the training of a network goes on; none where it begins.
    ///
    /// # Errors
    /// [`Error::Data`] when an evaluation that the checkpoint goes on after is damaged, [`Error::File`] when it cannot
    /// be read.
    pub fn resumed(&self, run: &str) -> Result<Option<Resumed>> {
        let Some(state) = self.checkpoint.state(run)? else { return Ok(None) };
        let path = self.path.join(METRICS);
        let text = files::read_text(&path).map_err(|error| Error::file("read", &path, error))?;
        let read = |line| {
            serde_json::from_str(line).map_err(|error| {
                Error::Data(format!("{} has a damaged line: {error}", path.display()))
            })
        };
        let mut evaluations = text.lines().map(read).collect::<Result<Vec<Evaluation>>>()?;
        evaluations.retain(|evaluation| evaluation.run == run);
        Ok(Some(Resumed { state, evaluations }))
    }

    /// Whether the checkpoint is to be written now, with so many bytes of the network in training.
    pub fn is_checkpoint_due(&mut self, bytes: usize) -> bool {
        self.checkpoint.is_due(bytes)
    }

    /// Takes the state of a network into the checkpoint, which is written where it is due.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn keep_state(&mut self, run: &str, state: TrainingState) -> Result<()> {
        let lines = self.lengths();
        self.checkpoint.put(run, state, lines);
        if self.checkpoint.is_begun() { self.write_checkpoint() } else { Ok(()) }
    }

    /// Takes what came out of a network into the checkpoint.
    pub fn end_network(&mut self, record: &RunRecord) {
        let lines = self.lengths();
        self.checkpoint.end(record.clone(), lines);
    }

    /// Takes shaders that have changed into the checkpoint.
    pub fn take_shaders(&mut self, changes: &[ShaderChange]) {
        self.checkpoint.take_shaders(changes);
    }

    /// Writes the checkpoint.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn write_checkpoint(&mut self) -> Result<()> {
        self.checkpoint.write(&self.path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an evaluation.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn evaluation(&mut self, evaluation: &Evaluation) -> Result<()> {
        self.metrics.append(evaluation)
    }

    /// Appends a probe.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn probe(&mut self, probe: &Probe) -> Result<()> {
        self.histograms.append(probe)
    }

    /// Writes the weights of one network after this many steps, along with those of the networks before it.
    ///
    /// # Errors
    /// [`Error::File`] when they cannot be written.
    pub fn weights(&mut self, run: &str, step: usize, weights: &Weights) -> Result<()> {
        self.about_weights.steps.insert(run.to_owned(), step);
        for (name, tensor) in weights {
            let bytes = TensorBytes::reals(&tensor.shape.axes(), &tensor.data);
            self.weights.insert(format!("{run}/{name}"), bytes);
        }
        let path = self.path.join(WEIGHTS);
        write_tensors(&path, &self.weights, Some(self.about_weights.metadata()))
            .map_err(|error| Error::file("write", &path, error))
    }

    /// Writes the results so far.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn summary(&self, summary: &Summary) -> Result<()> {
        write_summary(&self.path, summary)
    }
}

/// Writes the experiment of a run.
fn write_experiment(folder: &Path, text: &str) -> Result<()> {
    let toml = folder.join("experiment.toml");
    replace(&toml, text.as_bytes()).map_err(|error| Error::file("create", &toml, error))
}

/// The weights of networks that a checkpoint has, not later than it has them; `about` gets their steps.
fn kept_weights(
    folder: &Path,
    checkpoint: &Checkpoint,
    about: &mut WeightsRecord,
) -> Result<BTreeMap<String, TensorBytes>> {
    let path = folder.join(WEIGHTS);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let (mut tensors, words) =
        read_tensors(&path).map_err(|error| Error::file("read", &path, error))?;
    let recorded = WeightsRecord::read(&words).map_or_else(BTreeMap::new, |record| record.steps);
    let is_kept = |run: &str, step: usize| {
        let carried = checkpoint.record.networks.iter().find(|network| network.run == run);
        carried.is_some_and(|one| one.carried.as_ref().is_none_or(|at| step <= at.step))
    };
    about.steps = recorded.into_iter().filter(|(run, step)| is_kept(run, *step)).collect();
    tensors.retain(|name, _| {
        name.split_once('/').is_some_and(|(run, _)| about.steps.contains_key(run))
    });
    Ok(tensors)
}

/// Writes the summary of the run in `folder`, replacing an older one.
///
/// # Errors
/// [`Error::File`] when it cannot be written.
pub fn write_summary(folder: &Path, summary: &Summary) -> Result<()> {
    let path = folder.join("summary.json");
    let failed = |error| Error::file("write", &path, error);
    let mut text = serde_json::to_vec_pretty(summary).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    replace(&path, &text).map_err(failed)
}

/// Makes the folder `out` if given, else the first free one of `runs/<name>`, `runs/<name>-2`, ….
pub(super) fn create_folder(name: &str, out: Option<&Path>) -> Result<PathBuf> {
    let Some(out) = out else { return create_free(name) };
    fs::create_dir_all(out).map_err(|error| Error::file("create", out, error))?;
    Ok(out.to_owned())
}

/// Creates `runs/<name>`, or with a number appended, whichever is free: two runs that start at once get two folders.
fn create_free(name: &str) -> Result<PathBuf> {
    let runs = Path::new(RUNS);
    fs::create_dir_all(runs).map_err(|error| Error::file("create", runs, error))?;
    let mut number = 1;
    loop {
        let path = match number {
            1 => runs.join(name),
            _ => runs.join(format!("{name}-{number}")),
        };
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(Error::file("create", &path, error)),
        }
    }
}

/// The files of an older run in a folder.
fn old_files(folder: &Path) -> Vec<PathBuf> {
    FILES.iter().map(|file| folder.join(file)).filter(|file| file.exists()).collect()
}

/// Whether there is a file of a sweep's records that a lesson wrote, not a separate sweep.
pub(super) fn is_of_lesson(folder: &Path, swept: Swept) -> bool {
    let of_lesson =
        |line: &str| serde_json::from_str(line).is_ok_and(|record: SweepRecord| record.of_lesson);
    let text = files::read_text(&folder.join(swept.file()));
    text.is_ok_and(|text| !text.is_empty() && text.lines().all(of_lesson))
}
