//! The accuracies of a sweep's networks across seeds, and the scale on which they are judged.

use crate::record::{ConstantGuess, SweepRecord, Swept};
use crate::report::chance::{self, Chance};

/// What a constant guess reaches on the data of a sweep.
pub(super) fn constant_guess(records: &[SweepRecord]) -> ConstantGuess {
    chance::constant_guess(records.iter().map(|record| record.constant_guess))
}

/// The scale of the sweep's accuracies.
///
/// # Errors
/// Why accuracy is meaningless.
pub(in crate::report) fn chance(records: &[SweepRecord]) -> Result<Chance, String> {
    Chance::new(constant_guess(records))
}

/// How to add the missing networks to a run.
pub(in crate::report) fn hint(swept: Swept) -> String {
    format!(
        "train them with `normlab {} --out RUN_DIR`, where RUN_DIR is this folder",
        swept.name()
    )
}

/// The accuracies of networks that differ only in their seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct AcrossSeeds {
    pub(in crate::report) mean: f64,
    pub(in crate::report) least: f64,
    pub(in crate::report) most: f64,
}

impl AcrossSeeds {
    /// None if there is no network.
    pub(in crate::report) fn of(accuracies: impl Iterator<Item = f64>) -> Option<Self> {
        let all: Vec<_> = accuracies.collect();
        Some(Self {
            mean: all.iter().sum::<f64>() / all.len() as f64,
            least: all.iter().copied().reduce(f64::min)?,
            most: all.iter().copied().reduce(f64::max)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_holds_all_seeds() {
        let spread = AcrossSeeds::of([0.5, 0.75, 0.25].into_iter());
        assert_eq!(spread, Some(AcrossSeeds { mean: 0.5, least: 0.25, most: 0.75 }));
        assert_eq!(AcrossSeeds::of(std::iter::empty()), None);
    }
}
