//! A grid of experiments: an experiment file in which any key may have several values.
//!
//! A key with a list is an axis, and every combination of the axes' values is a cell. `activation` and `norm`
//! are lists anyway, and always axes; a list of `hidden` is one network, a list of lists is an axis. Consecutive
//! seeds are no axis: they are trained at once, as the replicas of one network.

use super::key::Key;
use super::{EXPECTED, Experiment, KEYS, MAX_REPLICAS};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;
use toml::{Table, Value};

/// Cells at most.
const MAX_CELLS: usize = 100_000;

/// Keys that cannot differ from cell to cell: one device computes all of them, and no cell keeps probes.
const NO_AXIS: [&str; 2] = ["precision", "probes"];

/// The two axes of networks, which vary fastest.
const NETWORKS: [&str; 2] = ["activation", "norm"];

/// A key of an experiment and its values.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The key.
    pub key: &'static Key<Experiment>,
    values: Vec<Value>,
}

/// A base experiment and the axes that change it.
#[derive(Clone, Debug)]
pub struct Grid {
    /// What all cells have in common; its own values of the axes' keys are not used.
    pub base: Experiment,
    axes: Vec<Axis>,
}

/// One network of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its place in the grid, from 0.
    pub number: usize,
    /// Its value on each axis, as the key's flag has it.
    pub values: Vec<(&'static str, String)>,
    /// Its experiment, of one activation and one norm.
    pub experiment: Experiment,
}

impl Axis {
    /// An axis of a key.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no such key, it cannot be an axis, or there is no value.
    pub fn new(name: &str, values: Vec<Value>) -> Result<Self> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            return Err(Error::Config(format!(
                "an experiment has no key {name:?}; there are: {}",
                names.join(", ")
            )));
        };
        if NO_AXIS.contains(&name) {
            return Err(Error::Config(format!("{name} cannot have several values in a sweep")));
        }
        if values.is_empty() {
            return Err(Error::Config(format!(
                "{name} is an empty list; expected at least one value"
            )));
        }
        if values.iter().enumerate().any(|(at, value)| values[..at].contains(value)) {
            return Err(Error::Config(format!("{name} has a value twice")));
        }
        Ok(Self { key, values })
    }

    /// How many values it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl Grid {
    /// A grid of a base experiment's networks and further axes.
    ///
    /// # Errors
    /// [`Error::Config`] when a key is an axis twice.
    pub fn new(base: Experiment, further: Vec<Axis>) -> Result<Self> {
        let table = table_of(&base)?;
        let mut axes = further;
        for name in NETWORKS {
            if axes.iter().all(|axis| axis.key.name != name) {
                let list = table.get(name).and_then(Value::as_array).cloned();
                axes.push(Axis::new(name, list.unwrap_or_default())?);
            }
        }
        for (at, axis) in axes.iter().enumerate() {
            if axes[..at].iter().any(|other| other.key.name == axis.key.name) {
                return Err(Error::Config(format!("{} is an axis twice", axis.key.name)));
            }
        }
        // Networks of equal settings stand next to each other.
        axes.sort_by_key(|axis| NETWORKS.iter().position(|name| *name == axis.key.name));
        Ok(Self { base, axes })
    }

    /// Reads a grid from a file.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read; as [`Grid::parse`].
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            crate::files::read_text(path).map_err(|error| Error::file("read", path, error))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads a grid from TOML. Keys that are not there have their default, but that nothing is probed.
    ///
    /// # Errors
    /// [`Error::Config`] with the key, what it is, and what was expected.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let refuse =
            |what: &dyn std::fmt::Display| Error::Config(format!("{name} is not a grid: {what}"));
        let mut table: Table =
            toml::from_str(text).map_err(|error| refuse(&error.to_string().trim_end()))?;
        ride_as_replicas(&mut table).map_err(|error| refuse(&error))?;
        let mut axes = Vec::new();
        // The networks stay in the base, which makes axes of them.
        for key in KEYS.iter().filter(|key| !NETWORKS.contains(&key.name)) {
            let Some(values) = table.get(key.name).and_then(|value| several(key, value)) else {
                continue;
            };
            table.remove(key.name);
            axes.push(Axis::new(key.name, values).map_err(|error| refuse(&error))?);
        }
        table.entry("probes").or_insert(Value::Integer(0));
        let base = experiment(table).map_err(|error| refuse(&error))?;
        if base.probes > 0 {
            return Err(refuse(
                &"probes must be 0, since a sweep keeps none; train a single cell with probes",
            ));
        }
        Self::new(base, axes).map_err(|error| refuse(&error))
    }

    /// The grid as TOML, complete: the base's keys, with a list for each axis.
    ///
    /// # Errors
    /// [`Error::Config`] when it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        let mut table = table_of(&self.base)?;
        for Axis { key, values } in &self.axes {
            table.insert(key.name.to_owned(), Value::Array(values.clone()));
        }
        toml::to_string(&table).map_err(|error| Error::Config(format!("the grid: {error}")))
    }

    /// Its axes, the one that varies fastest last.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Gives a key one value, that of the base, where it was an axis.
    ///
    /// # Errors
    /// As [`Grid::new`].
    pub fn fix(&mut self, name: &str) -> Result<()> {
        let further = self.axes.iter().filter(|axis| axis.key.name != name).cloned().collect();
        *self = Self::new(self.base.clone(), further)?;
        Ok(())
    }

    /// Changes the values of a key's axis, if it is one.
    ///
    /// # Errors
    /// As `change`.
    pub fn change(&mut self, name: &str, change: impl Fn(&Value) -> Result<Value>) -> Result<()> {
        for axis in self.axes.iter_mut().filter(|axis| axis.key.name == name) {
            axis.values = axis.values.iter().map(&change).collect::<Result<_>>()?;
        }
        Ok(())
    }

    /// Every combination of the axes' values, the last axis' fastest.
    ///
    /// # Errors
    /// [`Error::Config`] with the cell and what is wrong with it, for two cells that are equal, and for more
    /// cells than a sweep may have.
    pub fn cells(&self) -> Result<Vec<Cell>> {
        let count = self.axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.len()));
        let Some(count) = count.filter(|count| *count <= MAX_CELLS) else {
            return Err(Error::Config(format!(
                "the grid has more than {MAX_CELLS} cells; take out an axis or some values"
            )));
        };
        let base = table_of(&self.base)?;
        (0..count).map(|number| self.cell(number, base.clone())).collect()
    }

    fn cell(&self, number: usize, mut table: Table) -> Result<Cell> {
        let mut rest = number;
        for Axis { key, values } in self.axes.iter().rev() {
            let value = values[rest % values.len()].clone();
            rest /= values.len();
            let value =
                if NETWORKS.contains(&key.name) { Value::Array(vec![value]) } else { value };
            table.insert(key.name.to_owned(), value);
        }
        let experiment = experiment(table)?;
        let values: Vec<_> =
            self.axes.iter().map(|axis| (axis.key.name, (axis.key.text)(&experiment))).collect();
        let at: Vec<_> = values.iter().map(|(name, text)| format!("{name} {text}")).collect();
        experiment.validate().map_err(|error| {
            Error::Config(format!("cell {} of the grid ({}): {error}", number + 1, at.join(", ")))
        })?;
        Ok(Cell { number, values, experiment })
    }
}

/// The values of a key that has several; none of one that has a single value.
fn several(key: &Key<Experiment>, value: &Value) -> Option<Vec<Value>> {
    let list = value.as_array()?;
    let is_axis = !key.is_list || (!list.is_empty() && list.iter().all(Value::is_array));
    is_axis.then(|| list.clone())
}

/// Puts consecutive seeds in as the replicas of one network.
fn ride_as_replicas(table: &mut Table) -> Result<()> {
    let Some(list) = table.get("seed").and_then(Value::as_array) else { return Ok(()) };
    let seeds: Option<Vec<_>> = list.iter().map(Value::as_integer).collect();
    let Some(seeds) = seeds.filter(|seeds| (1..=MAX_REPLICAS).contains(&seeds.len())) else {
        return Ok(());
    };
    if seeds.windows(2).any(|pair| pair[0].checked_add(1) != Some(pair[1])) {
        return Ok(());
    }
    if table.contains_key("replicas") {
        return Err(Error::Config(
            "consecutive seeds are trained as replicas: give either a list for seed, or replicas"
                .to_owned(),
        ));
    }
    table.insert("seed".to_owned(), Value::Integer(seeds[0]));
    table.insert("replicas".to_owned(), Value::Integer(seeds.len() as i64));
    Ok(())
}

fn table_of(experiment: &Experiment) -> Result<Table> {
    // Through its text, in which an f32 has the digits that it was given with.
    let failed = |error: toml::de::Error| Error::Config(format!("the experiment: {error}"));
    toml::from_str(&experiment.to_toml()?).map_err(failed)
}

fn experiment(table: Table) -> Result<Experiment> {
    Experiment::deserialize(Value::Table(table)).map_err(|error| {
        let said = error.to_string();
        let said = EXPECTED.iter().fold(said, |said, (word, plain)| said.replace(word, plain));
        Error::Config(said.trim_end().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Cell> {
        Grid::parse(text, "grid.toml").unwrap().cells().unwrap()
    }

    #[test]
    fn every_key_with_a_list_is_an_axis() {
        let cells = cells(
            "norm = ['none', 'batch']\nbatch = [2, 4]\nhidden = [[10], [10, 10]]\nbinary = [true, false]\n\
             learning_rate = [0.1, 1]\noptimizer = ['sgd', 'adam']\nsteps = 7",
        );
        assert_eq!(cells.len(), 64);
        let numbers: Vec<_> = cells.iter().map(|cell| cell.number).collect();
        assert_eq!(numbers, (0..64).collect::<Vec<_>>());
        let first = [
            ("hidden", "10"),
            ("optimizer", "sgd"),
            ("learning_rate", "0.1"),
            ("batch", "2"),
            ("binary", "true"),
            ("activation", "sigmoid"),
            ("norm", "none"),
        ];
        assert_eq!(cells[0].values, first.map(|(key, text)| (key, text.to_owned())));
        assert_eq!(cells[63].experiment.hidden, [10, 10]);
        assert!(cells.iter().all(|cell| cell.experiment.steps == 7 && cell.experiment.probes == 0));
        assert!(cells.iter().all(|cell| cell.experiment.networks().len() == 1));
        let base = Grid::parse("norm = ['none', 'batch']", "g").unwrap().base;
        assert_eq!(base.networks().len(), 2, "the base has all networks");
    }

    #[test]
    fn consecutive_seeds_are_replicas_and_others_an_axis() {
        let alone = cells("seed = [3, 4, 5]");
        assert_eq!(alone.len(), 1);
        assert_eq!((alone[0].experiment.seed, alone[0].experiment.replicas), (3, 3));
        assert_eq!(cells("seed = [1, 5]").len(), 2);
        assert!(Grid::parse("seed = [1, 2]\nreplicas = 2", "g").is_err());
        assert!(cells("hidden = [[], [3]]")[0].experiment.hidden.is_empty());
    }

    #[test]
    fn a_grid_survives_its_file() {
        let grid = Grid::parse("batch = [1, 2]\nhidden = [[3], [4]]\nseed = [1, 2]", "g").unwrap();
        let again = Grid::parse(&grid.to_toml().unwrap(), "g").unwrap();
        assert_eq!(grid.cells().unwrap(), again.cells().unwrap());
    }

    #[test]
    fn what_is_no_grid_is_refused_by_its_key() {
        for (text, said) in [
            ("batch = []", "batch is an empty list"),
            ("batch = [1, 1.5]", "batch"),
            ("bach = [1, 2]", "bach"),
            ("learning_rate = [0.1, 'a']", "learning_rate"),
            ("precision = ['f32', 'mixed']", "precision cannot have several values"),
            ("probes = [1, 2]", "probes"),
            ("probes = 3", "probes must be 0"),
            ("batch = [0, 4]", "cell 1 of the grid (batch 0"),
            ("hidden = [[10], 20]", "hidden"),
            ("norm = ['bach']", "bach"),
            ("batch = [1, 2", "grid.toml is not a grid"),
        ] {
            let said_now = Grid::parse(text, "grid.toml")
                .and_then(|grid| grid.cells())
                .unwrap_err()
                .to_string();
            assert!(said_now.contains(said), "{text}: {said_now}");
        }
        let many = format!(
            "batch = {:?}\nsteps = {:?}",
            (1..400).collect::<Vec<_>>(),
            (1..400).collect::<Vec<_>>()
        );
        assert!(Grid::parse(&many, "g").unwrap().cells().is_err());
    }

    #[test]
    fn equal_values_are_refused() {
        let said = Grid::parse("batch = [2, 2]", "g").unwrap_err().to_string();
        assert!(said.contains("batch has a value twice"), "{said}");
    }
}
