//! The folder of a sweep: its own, or that of a run, whose report then shows the sweep.
//!
//! ```text
//! batch_sizes.jsonl, learning_rates.jsonl, affine.jsonl
//!                       one line per network, written as soon as it has finished
//! experiment.toml       what all networks share, apart from the seed and the swept setting
//! report.html, pictures the page made from these, see `report::folder`
//! ```

use super::folder_lock::FolderLock;
use super::run_folder::{RunFolder, create_free, is_of_lesson};
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::files::{read_text, replace};
use crate::record::{SweepRecord, Swept};
use std::fs;
use std::path::{Path, PathBuf};

/// A sweep's folder, with the networks that have finished.
#[derive(Debug)]
pub struct SweepFolder {
    path: PathBuf,
    swept: Swept,
    records: Vec<SweepRecord>,
    /// None in the folder of a run, which has locked it.
    _lock: Option<FolderLock>,
}

impl SweepFolder {
    /// Checks that the records may be written to `out`, before anything is computed for them.
    ///
    /// # Errors
    /// [`Error::Config`] when `out` holds such records and `force` is not given, or when another run is writing
    /// there. What a lesson has trained of the sweep does not count.
    pub fn check_free(swept: Swept, out: Option<&Path>, force: bool) -> Result<()> {
        out.map_or(Ok(()), FolderLock::check_free)?;
        Self::check_replaces(swept, out, force)
    }

    fn check_replaces(swept: Swept, out: Option<&Path>, force: bool) -> Result<()> {
        match out {
            Some(out) if is_of_lesson(out, swept) => Ok(()),
            Some(out) if !force && out.join(swept.file()).exists() => Err(Error::Config(format!(
                "{} already holds {}; name another folder with --out, or replace it with --force",
                out.display(),
                swept.file()
            ))),
            _ => Ok(()),
        }
    }

    /// Creates the folder: `out` if given, else the first free one of `runs/<name>`, `runs/<name>-2`, …. A run in
    /// `out` is left alone.
    ///
    /// # Errors
    /// As [`Self::check_free`]; [`Error::File`] when it cannot be written.
    pub fn create(
        swept: Swept,
        out: Option<&Path>,
        force: bool,
        experiment: &Experiment,
    ) -> Result<Self> {
        Self::check_free(swept, out, force)?;
        let path = match out {
            Some(out) => {
                fs::create_dir_all(out).map_err(|error| Error::file("create", out, error))?;
                out.to_owned()
            }
            None => create_free(swept.name())?,
        };
        let lock = FolderLock::take(&path)?;
        let folder = Self { path, swept, records: Vec::new(), _lock: Some(lock) };
        folder.write("create")?;
        if !folder.holds_run() {
            let toml = folder.path.join("experiment.toml");
            replace(&toml, experiment.to_toml()?.as_bytes())
                .map_err(|error| Error::file("create", &toml, error))?;
        }
        Ok(folder)
    }

    /// The records of the additional networks that a run trains, in the folder that it is writing; none if a separate
    /// sweep is already there. With
    /// `resumed`, those that it has trained already are among them.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn beside(swept: Swept, run: &RunFolder, resumed: bool) -> Result<Option<Self>> {
        let path = run.path().to_owned();
        if Self::check_replaces(swept, Some(&path), false).is_err() {
            return Ok(None);
        }
        let text = Some(path.join(swept.file())).filter(|file| resumed && file.exists());
        let text =
            text.map(|file| read_text(&file).map_err(|error| Error::file("read", &file, error)));
        let text = text.transpose()?.unwrap_or_default();
        let records = text.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
        let folder = Self { path, swept, records, _lock: None };
        folder.write("create")?;
        Ok(Some(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a run has left its records there.
    #[must_use]
    pub fn holds_run(&self) -> bool {
        self.path.join("metrics.jsonl").exists()
    }

    /// The networks that have finished.
    #[must_use]
    pub fn records(&self) -> &[SweepRecord] {
        &self.records
    }

    /// Adds a network that has finished.
    ///
    /// # Errors
    /// [`Error::File`] when the records cannot be written.
    pub fn add(&mut self, record: SweepRecord) -> Result<()> {
        self.records.push(record);
        self.write("write")
    }

    fn write(&self, action: &'static str) -> Result<()> {
        let path = self.path.join(self.swept.file());
        let failed = |error| Error::file(action, &path, error);
        let mut lines = Vec::new();
        for record in &self.records {
            serde_json::to_writer(&mut lines, record).map_err(|error| failed(error.into()))?;
            lines.push(b'\n');
        }
        replace(&path, &lines).map_err(failed)
    }
}
