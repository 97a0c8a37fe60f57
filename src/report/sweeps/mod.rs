//! What people see of a sweep: its table, its pictures, and what it says about its claim.

mod affine;
mod batch_sizes;
mod learning_rates;
mod over_steps;
mod over_values;

pub(super) use learning_rates::widened_by_batch_norm;

use super::chance::Chance;
use super::picture::Picture;
use super::records::distinct;
use super::table::{self, Legend};
use crate::record::{Claim, ConstantGuess, SweepRecord, Swept};

/// The sweep's claim, held against its records.
#[must_use]
pub fn claim(swept: Swept, records: &[SweepRecord]) -> Claim {
    match swept {
        Swept::BatchSize => batch_sizes::claim(records),
        Swept::LearningRate => learning_rates::claim(records),
        Swept::Affine => affine::claim(records),
    }
}

/// The sweep's pictures; none where it has no records.
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

/// What a constant guess reaches on the data of a sweep: that of ten equally frequent classes where its
/// records are of an older version.
fn constant_guess(records: &[SweepRecord]) -> ConstantGuess {
    let known = records.iter().find_map(|record| record.constant_guess);
    known.unwrap_or(ConstantGuess::TEN_CLASSES)
}

/// The scale of the sweep's accuracies.
///
/// # Errors
/// Why an accuracy says nothing.
fn chance(records: &[SweepRecord]) -> Result<Chance, String> {
    Chance::new(constant_guess(records))
}

/// How to get what a run lacks.
fn hint(swept: Swept) -> String {
    format!("train them with `normlab {} --out RUN_DIR`, RUN_DIR being this folder", swept.name())
}

/// What networks read that differ in their seed alone.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    mean: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// None of no network.
    fn of(accuracies: impl Iterator<Item = f64>) -> Option<Self> {
        let all: Vec<_> = accuracies.collect();
        Some(Self {
            mean: all.iter().sum::<f64>() / all.len() as f64,
            least: all.iter().copied().reduce(f64::min)?,
            most: all.iter().copied().reduce(f64::max)?,
        })
    }
}

/// One row for each network, below a row that says what the columns are.
#[must_use]
pub fn rows(swept: Swept, records: &[SweepRecord]) -> Vec<Vec<String>> {
    let last = match swept {
        Swept::BatchSize => Some("most hidden grad RMS"),
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

/// [`rows`] laid out in columns.
#[must_use]
pub fn results(swept: Swept, records: &[SweepRecord]) -> String {
    table::columns(&rows(swept, records))
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
            "most hidden grad RMS",
            "largest gradient of a hidden layer's weights at any evaluation",
        ),
        Swept::LearningRate => ("–", "the network diverged: its loss is no longer finite"),
        Swept::Affine => ("parameters", "numbers that the network learns, weights among them"),
    };
    let last = (last.0, last.1.to_owned());
    let [accuracy, loss] = table::meanings(constant_guess(records));
    vec![("test accuracy", accuracy), ("train loss", loss), last]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_holds_all_seeds() {
        let spread = Spread::of([0.5, 0.75, 0.25].into_iter());
        assert_eq!(spread, Some(Spread { mean: 0.5, least: 0.25, most: 0.75 }));
        assert_eq!(Spread::of(std::iter::empty()), None);
    }
}
