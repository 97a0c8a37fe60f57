//! What people see of a sweep: its table and its pictures. What it says about its claim is in `claims`.

pub(super) mod across_seeds;
mod heat_map;
pub(super) mod keys;
mod over_steps;
mod over_values;

use super::number;
use super::picture::Picture;
use super::records::distinct;
use super::table::{self, Legend};
use crate::record::{SweepRecord, Swept};
pub use keys::{Introduction, csv, merged, varied_keys};

use across_seeds::constant_guess;

/// The sweep's pictures; empty if it has no records. `map` are the keys of a heat map's columns and rows, in
/// place of those with the most values.
#[must_use]
pub fn pictures(swept: Swept, records: &[SweepRecord], map: Option<&[String; 2]>) -> Vec<Picture> {
    let activations = distinct(records.iter().map(|record| record.run.activation.as_str()));
    match swept {
        Swept::Affine if records.is_empty() => Vec::new(),
        Swept::Affine => vec![over_steps::picture(records)],
        Swept::Keys => heat_map::picture(records, map).into_iter().collect(),
        _ => {
            let one = |activation| over_values::picture(swept, records, activation);
            activations.into_iter().map(one).collect()
        }
    }
}

/// A header row, and one row for each network.
#[must_use]
pub fn rows(swept: Swept, records: &[SweepRecord]) -> Vec<Vec<String>> {
    if swept == Swept::Keys {
        return rows_of_cells(records);
    }
    let last = match swept {
        Swept::BatchSize => Some("peak hidden grad RMS"),
        Swept::LearningRate | Swept::Keys => None,
        Swept::Affine => Some("parameters"),
    };
    let value = match swept {
        Swept::BatchSize => "batch",
        Swept::LearningRate => "rate",
        Swept::Affine => "affine",
        Swept::Keys => "setting",
    };
    let header = ["network", value, "seed", "test accuracy", "train loss"].into_iter().chain(last);
    let mut rows = vec![header.map(str::to_owned).collect()];
    rows.extend(records.iter().map(|record| row(swept, record)));
    rows
}

/// [`rows`] laid out in columns, in tables of this width.
#[must_use]
pub fn results(swept: Swept, records: &[SweepRecord], width: Option<usize>) -> String {
    table::columns(&rows(swept, records), width)
}

/// One row for each cell: its values of the keys that differ, and what came of it.
fn rows_of_cells(records: &[SweepRecord]) -> Vec<Vec<String>> {
    let keys: Vec<_> = keys::varied(records).into_iter().map(|(key, _)| key).collect();
    let header = keys.iter().copied().chain(["test accuracy", "train loss"]);
    let mut rows = vec![header.map(str::to_owned).collect::<Vec<_>>()];
    for record in records {
        let value = |key: &&str| record.values.get(*key).cloned().unwrap_or_default();
        let mut results: Vec<_> = row(Swept::Keys, record).into_iter().skip(3).collect();
        // With several replicas their range says more than that of the last third.
        if let Some(accuracy) = reached(record).filter(|_| record.replicas.len() > 1) {
            results[0] = accuracy;
        }
        rows.push(keys.iter().map(value).chain(results).collect());
    }
    rows
}

/// The median accuracy of a network's replicas, with their range if they differ; none of one that diverged.
pub(super) fn reached(record: &SweepRecord) -> Option<String> {
    let accuracy = record.accuracy()?;
    let ends = record.replicas.iter().filter_map(|end| end.test_accuracy);
    let (low, high) =
        ends.fold((accuracy, accuracy), |(low, high), one| (low.min(one), high.max(one)));
    let range = number::range_around(accuracy, low, high).map(|range| format!(" ({range})"));
    Some(format!("{}{}", number::percent(accuracy), range.unwrap_or_default()))
}

fn row(swept: Swept, record: &SweepRecord) -> Vec<String> {
    let number = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let loss = record.run.train_loss.filter(|_| record.run.failure.is_none());
    let mut row = vec![
        record.run.name.clone(),
        record.value(swept),
        record.seed.to_string(),
        number(record.accuracy().map(|last| table::accuracy(last, record.run.late_accuracy))),
        number(loss.map(|loss| number::decimals(loss, 3))),
    ];
    match swept {
        Swept::BatchSize if record.hidden_gradient == 0.0 => row.push("0".to_owned()),
        Swept::BatchSize => row.push(format!("{:.1e}", record.hidden_gradient)),
        Swept::LearningRate | Swept::Keys => {}
        Swept::Affine => row.push(number(record.parameters.map(|count| count.to_string()))),
    }
    row
}

/// What the columns of [`rows`] mean, a line for each.
#[must_use]
pub fn legend(swept: Swept, records: &[SweepRecord]) -> Legend {
    let last = match swept {
        Swept::BatchSize => (
            "peak hidden grad RMS",
            "largest gradient of a hidden layer's weights at any evaluation",
        ),
        Swept::LearningRate | Swept::Keys => {
            ("–", "the network diverged: its loss is no longer finite")
        }
        Swept::Affine => {
            ("parameters", "trainable parameters of the network, including its weights")
        }
    };
    let last = (last.0, last.1.to_owned());
    let [accuracy, loss] = table::meanings(constant_guess(records));
    let several = swept == Swept::Keys && records.iter().any(|record| record.replicas.len() > 1);
    let accuracy = match several {
        true => accuracy.replace("over the last third of the steps", "over the replicas"),
        false => accuracy,
    };
    vec![("test accuracy", accuracy), ("train loss", loss), last]
}
