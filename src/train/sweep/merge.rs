//! The parts of a sweep that several machines have trained, put together.

use super::folder::{read, read_records};
use crate::config::{Cell, Grid};
use crate::data::Source;
use crate::error::{Error, Result};
use crate::record::{SweepRecord, Swept};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Keys that say where data lie: machines may keep equal data in different places.
const PLACES: [&str; 2] = ["data", "test_data"];

/// A sweep put together from its parts.
#[derive(Debug)]
pub struct Merged {
    /// Which sweep it is.
    pub swept: Swept,
    /// Its grid.
    pub grid: Grid,
    /// Its networks, in the order of its cells.
    pub records: Vec<SweepRecord>,
    /// The numbers of the cells that no part holds, from 0.
    pub missing: Vec<usize>,
}

/// Puts the folders of a sweep's parts together.
///
/// # Errors
/// [`Error::Config`] when a folder holds no sweep, or when the parts are of different sweeps, were trained on
/// different data or by different versions, or disagree about a cell; [`Error::File`] when one cannot be read.
pub fn merge(folders: &[PathBuf]) -> Result<Merged> {
    let mut merged: Option<(&Path, Swept, Grid, Vec<Cell>)> = None;
    let mut records: BTreeMap<usize, (SweepRecord, &Path)> = BTreeMap::new();
    for folder in folders {
        let swept = sweep_of(folder)?;
        let text = read(folder, swept.grid_file())?;
        let grid = Grid::parse(&text, &folder.join(swept.grid_file()).display().to_string())?;
        match &merged {
            Some((first, other, first_grid, _)) => {
                if swept != *other || without_places(&grid)? != without_places(first_grid)? {
                    return Err(differ(first, folder, "are parts of different sweeps"));
                }
            }
            None => {
                let cells = grid.cells()?;
                merged = Some((folder, swept, grid, cells));
            }
        }
        let Some((.., cells)) = &merged else { continue };
        for record in read_records(folder, swept)? {
            let number = record.cell.filter(|&number| number < cells.len());
            let Some(number) = number.filter(|_| record.networks == Some(cells.len())) else {
                return Err(Error::Config(format!(
                    "{} holds a network that its grid does not have",
                    folder.display()
                )));
            };
            if let Some((other, place)) = records.get(&number) {
                if comparable(other) != comparable(&record) {
                    let what = format!("have different results of cell {}", number + 1);
                    return Err(differ(place, folder, &what));
                }
                continue;
            }
            records.insert(number, (record, folder));
        }
    }
    let Some((_, swept, grid, cells)) = merged else {
        return Err(Error::Config(
            "there is nothing to merge: name the folders of a sweep's parts".to_owned(),
        ));
    };
    check_equal(&records, &cells)?;
    let missing = (0..cells.len()).filter(|number| !records.contains_key(number)).collect();
    let records = records.into_values().map(|(record, _)| record).collect();
    Ok(Merged { swept, grid, records, missing })
}

/// Which sweep a folder holds.
fn sweep_of(folder: &Path) -> Result<Swept> {
    let held: Vec<_> = Swept::ALL
        .into_iter()
        .filter(|swept| {
            folder.join(swept.file()).is_file() && folder.join(swept.grid_file()).is_file()
        })
        .collect();
    match held.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::Config(format!(
            "{} holds no sweep: there is no {} in it",
            folder.display(),
            Swept::Keys.file()
        ))),
        _ => Err(Error::Config(format!(
            "{} holds several sweeps; keep each in a folder of its own to merge it",
            folder.display()
        ))),
    }
}

/// A grid's text, apart from where its data lie.
fn without_places(grid: &Grid) -> Result<String> {
    let mut grid = grid.clone();
    for name in PLACES {
        grid.change(name, |_| Ok(toml::Value::String(String::new())))?;
    }
    (grid.base.data, grid.base.test_data) = (None, None);
    grid.to_toml()
}

/// What two trainings of one cell have in common: all but what took time, and what it ran on.
fn comparable(record: &SweepRecord) -> (Vec<(usize, f64)>, Option<f64>, Option<String>) {
    (record.accuracies.clone(), record.run.train_loss, record.run.failure.clone())
}

/// Checks that all networks are of one version, and that those with one data set saw the same data.
fn check_equal(records: &BTreeMap<usize, (SweepRecord, &Path)>, cells: &[Cell]) -> Result<()> {
    let mut first: Option<(&SweepRecord, &Path)> = None;
    let mut sources: Vec<(Source, &SweepRecord, &Path)> = Vec::new();
    for (number, (record, place)) in records {
        let (other, there) = *first.get_or_insert((record, place));
        if other.version != record.version {
            return Err(differ(there, place, "were trained by different versions of normlab"));
        }
        let source = cells[*number].experiment.source();
        match sources.iter().find(|(known, ..)| *known == source) {
            Some((_, other, there)) if other.data_sha256 != record.data_sha256 => {
                return Err(differ(there, place, "were trained on different data"));
            }
            Some(_) => {}
            None => sources.push((source, record, place)),
        }
    }
    Ok(())
}

fn differ(first: &Path, second: &Path, what: &str) -> Error {
    Error::Config(format!("{} and {} {what}", first.display(), second.display()))
}
