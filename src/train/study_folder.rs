//! The folder of a study that measures networks without training them as runs: `NAME.jsonl`, a line per measurement, and
//! the report made from these.

use super::folder_lock::FolderLock;
use super::lines::Lines;
use super::run_folder::{REPORT, create_folder};
use crate::error::{Error, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A study's folder, open for writing.
#[derive(Debug)]
pub struct StudyFolder {
    path: PathBuf,
    lines: Lines,
    _lock: FolderLock,
}

impl StudyFolder {
    /// Checks that a study may be written to `out`, before anything is computed for it.
    ///
    /// # Errors
    /// [`Error::Config`] when `out` holds a report and `force` is not given, or when another run is writing there.
    pub fn check_free(out: Option<&Path>, force: bool) -> Result<()> {
        out.map_or(Ok(()), FolderLock::check_free)?;
        match out {
            Some(out)
                if !force
                    && (out.join(REPORT).exists() || out.join("experiment.toml").exists()) =>
            {
                Err(Error::Config(format!(
                    "{} already holds a run or a study; name another folder with --out, or replace it with \
                     --force",
                    out.display()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Creates the folder: `out` if given, else the first free one of `runs/<name>`, `runs/<name>-2`, ….
    ///
    /// # Errors
    /// As [`Self::check_free`]; [`Error::File`] when it cannot be written.
    pub fn create(name: &str, out: Option<&Path>, force: bool) -> Result<Self> {
        Self::check_free(out, force)?;
        let path = create_folder(name, out)?;
        let lock = FolderLock::take(&path)?;
        let records = path.join(format!("{name}.jsonl"));
        crate::files::replace(&records, &[])
            .map_err(|error| Error::file("create", &records, error))?;
        let lines = Lines::create(records)?;
        Ok(Self { path, lines, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a measurement.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn add(&mut self, record: &impl Serialize) -> Result<()> {
        self.lines.append(record)
    }
}
