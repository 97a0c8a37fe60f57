//! The folder that a run leaves behind.
//!
//! ```text
//! experiment.toml       complete: `normlab train experiment.toml` replays the run
//! metrics.jsonl         one line a moment, written as it happens
//! weights.safetensors   parameters and running statistics, as `<run>/<layer>.<name>`
//! summary.json          what came out; brought up to date after every network
//! ```
//!
//! A file is written under a temporary name and renamed, so that it is there whole or not at all;
//! lines of `metrics.jsonl` are appended one at a time. A killed run leaves what it had.

use super::trainer::Weights;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::record::{Moment, Summary};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder for runs whose user names none.
const RUNS: &str = "runs";

/// Files that a run leaves; a folder that has one of them holds a run.
const FILES: [&str; 4] =
    ["experiment.toml", "metrics.jsonl", "weights.safetensors", "summary.json"];

/// A run's folder, open for writing.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: File,
    weights: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
}

impl RunFolder {
    /// Makes the folder: `out` if given, else the first of `runs/<name>`, `runs/<name>-2`, … that is
    /// free. With `force`, an older run in `out` is replaced.
    ///
    /// # Errors
    /// [`Error::Config`] when `out` holds a run and `force` is not given; [`Error::File`] when it
    /// cannot be written.
    pub fn create(
        name: &str,
        out: Option<&Path>,
        force: bool,
        experiment: &Experiment,
    ) -> Result<Self> {
        let path = match out {
            Some(out) => out.to_owned(),
            None => free_name(name),
        };
        let old = FILES.iter().map(|file| path.join(file)).filter(|file| file.exists());
        let old: Vec<_> = old.collect();
        if !old.is_empty() && !force {
            return Err(Error::Config(format!(
                "{} holds a run already; name another folder with --out, or replace it with --force",
                path.display()
            )));
        }
        fs::create_dir_all(&path).map_err(|error| Error::file("create", &path, error))?;
        for file in old {
            fs::remove_file(&file).map_err(|error| Error::file("replace", &file, error))?;
        }
        let toml = path.join("experiment.toml");
        let create = |error| Error::file("create", &toml, error);
        replace(&toml, experiment.to_toml()?.as_bytes()).map_err(create)?;
        let lines = path.join("metrics.jsonl");
        let metrics = OpenOptions::new().create(true).append(true).open(&lines);
        let metrics = metrics.map_err(|error| Error::file("create", &lines, error))?;
        Ok(Self { path, metrics, weights: BTreeMap::new() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a moment.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn moment(&mut self, moment: &Moment) -> Result<()> {
        let path = self.path.join("metrics.jsonl");
        let failed = |error| Error::file("write", &path, error);
        let mut line = serde_json::to_vec(moment).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        self.metrics.write_all(&line).map_err(failed)
    }

    /// Writes the weights of one network beside those of the networks before it.
    ///
    /// # Errors
    /// [`Error::File`] when they cannot be written.
    pub fn weights(&mut self, run: &str, weights: &Weights) -> Result<()> {
        for (name, tensor) in weights {
            let bytes = tensor.data.iter().flat_map(|x| x.to_le_bytes()).collect();
            let shape = vec![tensor.shape.rows, tensor.shape.cols];
            self.weights.insert(format!("{run}/{name}"), (shape, bytes));
        }
        let path = self.path.join("weights.safetensors");
        let failed = |error: safetensors::SafeTensorError| {
            Error::file("write", &path, std::io::Error::other(error))
        };
        let views = self.weights.iter().map(|(name, (shape, bytes))| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        });
        let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
        let file = safetensors::serialize(views, None).map_err(failed)?;
        replace(&path, &file).map_err(|error| Error::file("write", &path, error))
    }

    /// Writes what came out so far.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn summary(&self, summary: &Summary) -> Result<()> {
        let path = self.path.join("summary.json");
        let failed = |error| Error::file("write", &path, error);
        let mut text = serde_json::to_vec_pretty(summary).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        replace(&path, &text).map_err(failed)
    }
}

/// `runs/<name>`, or with a number behind it, whichever is free.
fn free_name(name: &str) -> PathBuf {
    let numbered = |number: usize| match number {
        1 => Path::new(RUNS).join(name),
        _ => Path::new(RUNS).join(format!("{name}-{number}")),
    };
    let first_free = (1..).map(numbered).find(|path| !path.exists());
    first_free.unwrap_or_else(|| Path::new(RUNS).join(name))
}

/// Writes a file under a temporary name and renames it.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell; a file that was not made cannot be removed.
        let _ = fs::remove_file(&temporary);
    }
    written
}
