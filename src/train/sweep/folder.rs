//! The folder of a sweep: its own, or that of a run, whose report then shows the sweep.
//!
//! ```text
//! batch_sizes.jsonl, learning_rates.jsonl, affine.jsonl, sweep.jsonl
//!                       one line per network, written as soon as it has finished
//! batch_sizes.toml, learning_rates.toml, affine.toml, sweep.toml
//!                       the grid of the networks
//! sweep.csv             the networks of a sweep over any keys as a table, see `report::sweeps::csv`
//! experiment.toml       what all networks share, apart from the settings that the sweep varies
//! report.html, pictures the page made from these, see `report::folder`
//! ```

use crate::config::{Cell, Grid};
use crate::error::{Error, Result};
use crate::files::{read_text, replace};
use crate::record::{SweepRecord, Swept};
use crate::train::folder_lock::FolderLock;
use crate::train::lines::Lines;
use crate::train::run_folder::{RunFolder, create_folder, is_of_lesson};
use std::path::{Path, PathBuf};

/// A sweep's folder, with the networks that have finished.
#[derive(Debug)]
pub struct SweepFolder {
    path: PathBuf,
    lines: Lines,
    records: Vec<SweepRecord>,
    /// None in the folder of a run, which has locked it.
    _lock: Option<FolderLock>,
}

/// What becomes of records of the same sweep that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// They are kept, and the new ones refused.
    Refuse,
    /// New ones take their place.
    Replace,
    /// They are kept, and the networks that are missing follow.
    Resume,
}

impl SweepFolder {
    /// Checks that the records may be written to `out`, before anything is computed for them.
    ///
    /// # Errors
    /// [`Error::Config`] when `out` holds such records that are to be refused, or when another run is writing
    /// there. What a lesson has trained of the sweep does not count.
    pub fn check_free(swept: Swept, out: Option<&Path>, older: Older) -> Result<()> {
        out.map_or(Ok(()), FolderLock::check_free)?;
        Self::check_replaces(swept, out, older)
    }

    fn check_replaces(swept: Swept, out: Option<&Path>, older: Older) -> Result<()> {
        match out {
            Some(out) if is_of_lesson(out, swept) => Ok(()),
            Some(out) if older == Older::Refuse && out.join(swept.file()).exists() => {
                Err(Error::Config(format!(
                    "{} already holds {}; continue it with --resume, replace it with --force, or name \
                     another folder with --out",
                    out.display(),
                    swept.file()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Creates the folder: `out` if given, else the first free one of `runs/<name>`, `runs/<name>-2`, …. A run in
    /// `out` is left alone. `kept` are the networks that [`recorded`] has found there.
    ///
    /// # Errors
    /// As [`Self::check_free`]; [`Error::File`] when it cannot be written.
    pub fn create(
        (swept, grid): (Swept, &Grid),
        out: Option<&Path>,
        older: Older,
        kept: Vec<SweepRecord>,
    ) -> Result<Self> {
        Self::check_free(swept, out, older)?;
        let path = create_folder(swept.name(), out)?;
        let lock = FolderLock::take(&path)?;
        let write = |name: &str, text: String| {
            let file = path.join(name);
            replace(&file, text.as_bytes()).map_err(|error| Error::file("create", &file, error))
        };
        write(swept.grid_file(), grid.to_toml()?)?;
        let lines = begin(&path, swept, &kept)?;
        if !holds_run(&path) {
            write("experiment.toml", grid.base.to_toml()?)?;
        }
        Ok(Self { path, lines, records: kept, _lock: Some(lock) })
    }

    /// The records of the additional networks that a run trains, in the folder that it is writing; none if a separate
    /// sweep is already there. With `resumed`, those that it has already trained are kept.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn beside(swept: Swept, run: &RunFolder, resumed: bool) -> Result<Option<Self>> {
        let path = run.path().to_owned();
        if Self::check_replaces(swept, Some(&path), Older::Refuse).is_err() {
            return Ok(None);
        }
        let records = match resumed && path.join(swept.file()).exists() {
            true => read_records(&path, swept)?,
            false => Vec::new(),
        };
        let lines = begin(&path, swept, &records)?;
        Ok(Some(Self { path, lines, records, _lock: None }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a run has left its records there.
    #[must_use]
    pub fn holds_run(&self) -> bool {
        holds_run(&self.path)
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
        self.lines.append(&record)?;
        self.records.push(record);
        Ok(())
    }
}

/// The networks of a sweep that a folder holds already: all those that belong to `cells`, trained on the data
/// whose hash `sha256` gives and by this version.
///
/// # Errors
/// [`Error::Config`] when they are of another sweep, other data or another version; [`Error::File`] when they
/// cannot be read.
pub fn recorded<'a>(
    (swept, grid): (Swept, &Grid),
    folder: &Path,
    cells: &[Cell],
    sha256: impl Fn(&Cell) -> &'a str,
) -> Result<Vec<SweepRecord>> {
    let refuse = |what: &str| {
        Err(Error::Config(format!(
            "{} {what}; name another folder with --out, or begin again with --force",
            folder.display()
        )))
    };
    if !folder.join(swept.file()).exists() || is_of_lesson(folder, swept) {
        return Ok(Vec::new());
    }
    if read(folder, swept.grid_file())? != grid.to_toml()? {
        return refuse("holds another sweep");
    }
    let mut records = read_records(folder, swept)?;
    records.sort_by_key(|record| record.cell);
    records.dedup_by_key(|record| record.cell);
    for record in &records {
        let Some(cell) = record.cell.and_then(|number| cells.get(number)) else {
            return refuse("holds a network that its grid does not have");
        };
        if record.data_sha256.as_deref() != Some(sha256(cell)) {
            return refuse("holds networks that were trained on other data");
        }
        if record.version.as_deref() != Some(env!("CARGO_PKG_VERSION")) {
            return refuse("holds networks that another version has trained");
        }
    }
    Ok(records)
}

/// The networks that a folder's records hold, apart from lines that a killed sweep has cut off.
///
/// # Errors
/// [`Error::File`] when they cannot be read.
pub(super) fn read_records(folder: &Path, swept: Swept) -> Result<Vec<SweepRecord>> {
    let text = read(folder, swept.file())?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

pub(super) fn read(folder: &Path, name: &str) -> Result<String> {
    let path = folder.join(name);
    read_text(&path).map_err(|error| Error::file("read", &path, error))
}

fn holds_run(folder: &Path) -> bool {
    folder.join("metrics.jsonl").exists()
}

/// Begins the records with those that are kept.
fn begin(folder: &Path, swept: Swept, kept: &[SweepRecord]) -> Result<Lines> {
    let path = folder.join(swept.file());
    let failed = |error| Error::file("create", &path, error);
    let mut lines = Vec::new();
    for record in kept {
        serde_json::to_writer(&mut lines, record).map_err(|error| failed(error.into()))?;
        lines.push(b'\n');
    }
    replace(&path, &lines).map_err(failed)?;
    Lines::cut(path, lines.len() as u64)
}
