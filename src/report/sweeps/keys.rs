//! What people see of a sweep over any keys before and after it: its grid in words, its cells in rows and as CSV.

use crate::config::{Cell, Grid, KEYS};
use crate::record::{SweepRecord, Swept};
use crate::report::csv::field;
use crate::report::records::distinct;
use crate::train::sweep::shard::Shard;

/// The keys of a sweep with their values, in the order of an experiment's keys.
pub(in crate::report) fn axes(records: &[SweepRecord]) -> Vec<(&str, Vec<&str>)> {
    let axis = |name: &'static str| {
        let values = records.iter().filter_map(|record| record.values.get(name));
        let values = distinct(values.map(String::as_str));
        (!values.is_empty()).then_some((name, values))
    };
    KEYS.iter().filter_map(|key| axis(key.name)).collect()
}

/// Those that have two values or more.
pub(super) fn varied(records: &[SweepRecord]) -> Vec<(&str, Vec<&str>)> {
    let mut axes = axes(records);
    axes.retain(|(_, values)| values.len() > 1);
    axes
}

/// The names of the keys that have two values or more.
#[must_use]
pub fn varied_keys(records: &[SweepRecord]) -> Vec<&str> {
    varied(records).into_iter().map(|(key, _)| key).collect()
}

/// What a sweep is about to do.
#[derive(Debug)]
pub struct Introduction<'a> {
    /// Which sweep it is.
    pub swept: Swept,
    /// Its grid.
    pub grid: &'a Grid,
    /// All cells of the grid.
    pub cells: &'a [Cell],
    /// The names of the data sets.
    pub data: Vec<String>,
    /// The units of the networks' layers, for example `784-100-10`.
    pub layers: Vec<String>,
    /// The part of it that is asked for, and how many cells that has; none for the whole.
    pub shard: Option<(Shard, usize)>,
    /// How many cells are recorded already.
    pub recorded: usize,
}

impl Introduction<'_> {
    /// It in words.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { grid, cells, swept, .. } = self;
        let of = |key: &str| {
            let key = KEYS.iter().find(|known| known.name == key);
            let texts = cells.iter().filter_map(|cell| Some((key?.text)(&cell.experiment)));
            distinct(texts).join(", ")
        };
        let optimizer = of("optimizer").replace("sgd", "SGD").replace("adam", "Adam");
        let affine = match swept {
            Swept::Affine => format!(", affine {}", of("affine")),
            _ => String::new(),
        };
        let mut text = format!(
            "data: {}\nnetworks: {}, {} steps at batch {}, {optimizer} at learning rate {}{affine}",
            self.data.join("; "),
            self.layers.join(", "),
            of("steps"),
            of("batch"),
            of("learning_rate")
        );
        if *swept == Swept::Keys {
            let varied = grid.axes().iter().filter(|axis| axis.len() > 1);
            let varied = varied.map(|axis| format!("{} {}", axis.len(), axis.key.name));
            let axes = varied.collect::<Vec<_>>().join(" × ");
            let replicas = match grid.base.replicas {
                1 => String::new(),
                replicas => format!(", {replicas} replicas each"),
            };
            let axes = if axes.is_empty() { axes } else { format!(" ({axes})") };
            text.push_str(&format!("\ncells: {}{axes}{replicas}", cells.len()));
        }
        if let Some((shard, count)) = self.shard {
            text.push_str(&format!("\nshard {shard}: {count} of these networks"));
        }
        if self.recorded > 0 {
            text.push_str(&format!("\n{} networks are recorded already", self.recorded));
        }
        text
    }
}

/// What a merge has put together, and the cells that are missing.
#[must_use]
pub fn merged(ended: usize, missing: &[usize]) -> String {
    /// Numbers of cells that are listed at most.
    const LISTED: usize = 20;
    let text = format!("merged: {ended} networks");
    if missing.is_empty() {
        return text;
    }
    let listed: Vec<_> = missing.iter().take(LISTED).map(|cell| (cell + 1).to_string()).collect();
    let more = match missing.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{text}; missing: {} (cells {}{more})", missing.len(), listed.join(", "))
}

/// The cells of a sweep as comma-separated values, a line each below the names of the columns.
#[must_use]
pub fn csv(records: &[SweepRecord]) -> String {
    let axes: Vec<_> = axes(records).into_iter().map(|(key, _)| key).collect();
    let head = ["cell"].into_iter().chain(axes.iter().copied()).chain(COLUMNS);
    let mut lines = format!("{}\n", head.collect::<Vec<_>>().join(","));
    for record in records {
        let cell = record.cell.map(|cell| cell.to_string()).unwrap_or_default();
        let values = axes.iter().map(|key| record.values.get(*key).cloned().unwrap_or_default());
        let row = [cell].into_iter().chain(values).chain(columns(record));
        let row: Vec<_> = row.map(|text| field(&text)).collect();
        lines.push_str(&format!("{}\n", row.join(",")));
    }
    lines
}

/// The columns behind the axes. Accuracies are shares, losses in nats, times in what their names say.
const COLUMNS: [&str; 16] = [
    "first_seed",
    "replicas",
    "steps",
    "test_accuracy",
    "test_accuracy_lowest",
    "test_accuracy_highest",
    "train_loss",
    "diverged",
    "parameters",
    "ms_per_step",
    "elapsed_s",
    "data",
    "data_sha256",
    "version",
    "adapter",
    "driver",
];

fn columns(record: &SweepRecord) -> [String; 16] {
    let text = |value: Option<String>| value.unwrap_or_default();
    let number = |value: Option<f64>| text(value.filter(|x| x.is_finite()).map(|x| x.to_string()));
    let diverged = record.run.failure.is_some();
    let ended = || record.replicas.iter().filter_map(|end| end.test_accuracy).filter(|_| !diverged);
    [
        record.seed.to_string(),
        record.replicas.len().max(1).to_string(),
        record.run.steps.to_string(),
        number(record.accuracy()),
        number(ended().reduce(f64::min)),
        number(ended().reduce(f64::max)),
        number(record.run.train_loss.filter(|_| !diverged)),
        diverged.to_string(),
        text(record.parameters.map(|count| count.to_string())),
        number(record.run.ms_per_step),
        number(record.elapsed_s),
        record.data.clone(),
        text(record.data_sha256.clone()),
        text(record.version.clone()),
        record.adapter.adapter.clone(),
        record.adapter.driver.clone(),
    ]
}
