//! The folder that a run leaves behind.
//!
//! ```text
//! experiment.toml       complete: `normlab train experiment.toml` replays the run
//! metrics.jsonl         one line an evaluation and replica, written as it happens
//! histograms.jsonl      one line a probe of the first replica's layers, written as it happens
//! weights.safetensors   parameters and running statistics, as `<run>/<layer>.<name>`: `[rows, cols]`,
//!                       or `[replicas, rows, cols]` where there are several; its metadata say where they
//!                       come from, see [`WeightsRecord`]
//! summary.json          what came out; brought up to date after every network
//! run.lock              while the run writes: no other one does then
//! report.html           the page made from all these, and its pictures, see `report::folder`
//! ```
//!
//! A file is written under a temporary name and renamed, so that it is there whole or not at all;
//! lines of the two `.jsonl` files are appended one at a time. A killed run leaves what it had.

use super::folder_lock::FolderLock;
use super::trainer::Weights;
use crate::config::Experiment;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::files::{self, TensorBytes, replace, write_tensors};
use crate::record::{Evaluation, Probe, Summary, SweepRecord, Swept, WeightsRecord};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The folder for runs whose user names none.
const RUNS: &str = "runs";

/// The report of a run or a sweep.
pub const REPORT: &str = "report.html";

/// The animation that a report comes with.
pub const ANIMATION: &str = "training.gif";

/// The lesson's page of a run. It does not make its folder that of a run: it can be written anywhere.
pub const LESSON: &str = "lesson.html";

/// Files that a run leaves; a folder that has one of them holds a run.
const FILES: [&str; 7] = [
    "experiment.toml",
    "metrics.jsonl",
    "histograms.jsonl",
    "weights.safetensors",
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
    _lock: FolderLock,
}

impl RunFolder {
    /// Whether another process is writing a run or a sweep to a folder.
    #[must_use]
    pub fn is_being_written(folder: &Path) -> bool {
        FolderLock::check_free(folder).is_err()
    }

    /// Whether a run may go to `out`: before anything is computed for it.
    ///
    /// # Errors
    /// [`Error::Config`] when `out` holds a run and `force` is not given, or when another run is writing there.
    pub fn check_free(out: Option<&Path>, force: bool) -> Result<()> {
        out.map_or(Ok(()), FolderLock::check_free)?;
        match out {
            Some(out) if !force && !old_files(out).is_empty() => Err(Error::Config(format!(
                "{} holds a run already; name another folder with --out, or replace it with --force",
                out.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Makes the folder: `out` if given, else the first of `runs/<name>`, `runs/<name>-2`, … that is
    /// free. With `force`, an older run in `out` is replaced.
    ///
    /// # Errors
    /// As [`RunFolder::check_free`]; [`Error::File`] when it cannot be written.
    pub fn create(
        name: &str,
        out: Option<&Path>,
        force: bool,
        (experiment, data): (&Experiment, &Dataset),
    ) -> Result<Self> {
        Self::check_free(out, force)?;
        let text = experiment.to_toml()?;
        let path = match out {
            Some(out) => {
                fs::create_dir_all(out).map_err(|error| Error::file("create", out, error))?;
                out.to_owned()
            }
            None => create_free(name)?,
        };
        let lock = FolderLock::take(&path)?;
        // A sweep by itself is not the older run's, and stays.
        let beside = Swept::ALL.into_iter().filter(|&swept| is_of_lesson(&path, swept));
        let beside: Vec<_> = beside.map(|swept| path.join(swept.file())).collect();
        let old = old_files(&path);
        // What shows the older run goes with it.
        let lesson = Some(path.join(LESSON)).filter(|file| !old.is_empty() && file.exists());
        for file in old.into_iter().chain(lesson).chain(beside) {
            fs::remove_file(&file).map_err(|error| Error::file("replace", &file, error))?;
        }
        let toml = path.join("experiment.toml");
        let create = |error| Error::file("create", &toml, error);
        replace(&toml, text.as_bytes()).map_err(create)?;
        let metrics = Lines::create(path.join("metrics.jsonl"))?;
        let histograms = Lines::create(path.join("histograms.jsonl"))?;
        let about_weights = WeightsRecord::new(text, data.train.sha256());
        Ok(Self { path, metrics, histograms, weights: BTreeMap::new(), about_weights, _lock: lock })
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

    /// Writes the weights of one network after so many steps, beside those of the networks before it.
    ///
    /// # Errors
    /// [`Error::File`] when they cannot be written.
    pub fn weights(&mut self, run: &str, step: usize, weights: &Weights) -> Result<()> {
        self.about_weights.steps.insert(run.to_owned(), step);
        for (name, tensor) in weights {
            let shape = [tensor.shape.replicas, tensor.shape.rows, tensor.shape.cols];
            let shape = if tensor.shape.replicas == 1 { &shape[1..] } else { &shape };
            let bytes = TensorBytes::reals(shape, &tensor.data);
            self.weights.insert(format!("{run}/{name}"), bytes);
        }
        let path = self.path.join("weights.safetensors");
        write_tensors(&path, &self.weights, Some(self.about_weights.metadata()))
            .map_err(|error| Error::file("write", &path, error))
    }

    /// Writes what came out so far.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn summary(&self, summary: &Summary) -> Result<()> {
        write_summary(&self.path, summary)
    }
}

/// Writes the summary of the run in `folder`, in place of an older one.
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

/// A file that grows by a line of JSON at a time.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
}

impl Lines {
    fn create(path: PathBuf) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|error| Error::file("create", &path, error))?;
        Ok(Self { path, file })
    }

    fn append(&mut self, value: &impl Serialize) -> Result<()> {
        let failed = |error| Error::file("write", &self.path, error);
        let mut line = serde_json::to_vec(value).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(failed)
    }
}

/// Makes `runs/<name>`, or with a number behind it, whichever is free: two runs that start at once
/// get two folders.
pub(super) fn create_free(name: &str) -> Result<PathBuf> {
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

/// Whether a file of a sweep's records is there that a lesson wrote, and not the sweep by itself.
pub(super) fn is_of_lesson(folder: &Path, swept: Swept) -> bool {
    let of_lesson =
        |line: &str| serde_json::from_str(line).is_ok_and(|record: SweepRecord| record.of_lesson);
    let text = files::read_text(&folder.join(swept.file()));
    text.is_ok_and(|text| !text.is_empty() && text.lines().all(of_lesson))
}
