//! What people see of a sweep: its table and its pictures. What it says about its claim is in `claims`.

pub(super) mod across_seeds;
mod over_steps;
mod over_values;

use super::picture::Picture;
use super::records::distinct;
use super::table::{self, Legend};
use crate::record::{SweepRecord, Swept};
use across_seeds::constant_guess;

/// The sweep's pictures; empty if it has no records.
#[must_use]
pub fn pictures(swept: Swept, records: &[SweepRecord]) -> Vec<Picture> {
    let activations = distinct(records.iter().map(|record| record.run.activation.as_str()));
    match swept {
        Swept::Affine if records.is_empty() => Vec::new(),
        Swept::Affine => vec![over_steps::picture(records)],
        _ => {
            let one = |activation| over_values::picture(swept, records, activation);
            activations.into_iter().map(one).collect()
        }
    }
}

/// A header row, and one row for each network.
#[must_use]
pub fn rows(swept: Swept, records: &[SweepRecord]) -> Vec<Vec<String>> {
    let last = match swept {
        Swept::BatchSize => Some("peak hidden grad RMS"),
        Swept::LearningRate => None,
        Swept::Affine => Some("parameters"),
    };
    let value = match swept {
        Swept::BatchSize => "batch",
        Swept::LearningRate => "rate",
        Swept::Affine => "affine",
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

fn row(swept: Swept, record: &SweepRecord) -> Vec<String> {
    let number = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let loss = record.run.train_loss.filter(|_| record.run.failure.is_none());
    let mut row = vec![
        record.run.name.clone(),
        record.value(swept),
        record.seed.to_string(),
        number(record.accuracy().map(|last| table::accuracy(last, record.run.late_accuracy))),
        number(loss.map(|loss| format!("{loss:.3}"))),
    ];
    match swept {
        Swept::BatchSize if record.hidden_gradient == 0.0 => row.push("0".to_owned()),
        Swept::BatchSize => row.push(format!("{:.1e}", record.hidden_gradient)),
        Swept::LearningRate => {}
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
        Swept::LearningRate => ("–", "the network diverged: its loss is no longer finite"),
        Swept::Affine => {
            ("parameters", "trainable parameters of the network, including its weights")
        }
    };
    let last = (last.0, last.1.to_owned());
    let [accuracy, loss] = table::meanings(constant_guess(records));
    vec![("test accuracy", accuracy), ("train loss", loss), last]
}
