//! What the sweep over one gamma and beta per unit or per layer says about its claim.

use super::evidence::{Evidence, Measured, weigh};
use super::thresholds::READS_LESS;
use crate::record::{Claim, LateAccuracy, SweepRecord, Swept};
use crate::report::chance::Chance;
use crate::report::number::{percent, range_around, whole};
use crate::report::records::distinct;
use crate::report::style;
use crate::report::sweeps::across_seeds::{AcrossSeeds, chance, hint};

/// Layer norm does not need an a and b for each unit.
pub(super) fn claim(records: &[SweepRecord]) -> Claim {
    let measured = || -> Measured {
        let normed: Vec<_> = records.iter().filter(|record| record.run.norm == "layer").collect();
        if normed.is_empty() {
            return Err(format!(
                "no networks with layer norm and a and b both per unit and per layer: {}",
                hint(Swept::Affine)
            ));
        }
        let (chance, mut evidence) = (chance(records)?, Vec::new());
        for activation in distinct(normed.iter().map(|record| record.run.activation.as_str())) {
            let mine = |affine| AffineNetworks::of(&normed, activation, affine);
            evidence.extend(compare(chance, activation, &mine("shared")?, &mine("per_unit")?));
        }
        Ok(evidence)
    };
    let claim = "Layer norm trains with one a and b for each unit, as in its paper and by default here, and \
                 with one of each for a whole layer, as in the lesson, which is no less accurate";
    weigh("affine", claim, measured())
}

/// Whether both train, and whether one a and b per layer is no less accurate.
fn compare(
    chance: Chance,
    key: &str,
    shared: &AffineNetworks,
    per_unit: &AffineNetworks,
) -> [Evidence; 2] {
    let trains =
        |choice: &AffineNetworks| choice.surely().is_some_and(|reads| chance.succeeds(reads));
    let no_less = match (shared.reads, per_unit.reads) {
        (Some(shared), Some(per_unit)) => {
            let apart = shared.most < per_unit.least;
            !(apart && per_unit.mean - shared.mean >= READS_LESS)
        }
        (shared, _) => shared.is_some(),
    };
    let activation = style::activation(key);
    let both = format!(
        "with {activation}, after {} steps, one a and b per unit {}, one per layer {}",
        whole(shared.steps.max(per_unit.steps)),
        per_unit.surely_text(),
        shared.surely_text()
    );
    let means = format!(
        "with {activation}, one a and b per layer reaches {}, one per unit {}",
        shared.mean(),
        per_unit.mean()
    );
    [Evidence::new(trains(shared) && trains(per_unit), both), Evidence::new(no_less, means)]
}

/// The networks with one of the two choices.
struct AffineNetworks {
    /// Accuracies over the seeds, or for a single seed over the evaluations in the last third of the steps;
    /// none if a seed diverged.
    reads: Option<AcrossSeeds>,
    seeds: usize,
    steps: usize,
    parameters: Option<usize>,
}

impl AffineNetworks {
    /// The networks of an activation.
    ///
    /// # Errors
    /// What the records lack.
    fn of(records: &[&SweepRecord], activation: &str, affine: &str) -> Result<Self, String> {
        let mine = |one: &&&SweepRecord| one.run.activation == activation && one.affine == affine;
        let mine: Vec<_> = records.iter().filter(mine).collect();
        // The last value alone may be luck.
        let late = |record: &SweepRecord| {
            let LateAccuracy { lowest, median, highest, .. } = record.run.late_accuracy?;
            record.accuracy().map(|_| AcrossSeeds { mean: median, least: lowest, most: highest })
        };
        let single = match mine.as_slice() {
            [one] if one.run.late_accuracy.is_some() => Some(late(one)),
            _ => None,
        };
        if mine.len() < 2 && single.is_none() {
            return Err(format!(
                "seeds with {} and one a and b for {}: {}; several are needed to distinguish a gap between \
                 the two from a gap between seeds: `normlab affine --seeds 3`",
                style::activation(activation),
                if affine == "shared" { "a whole layer" } else { "each unit" },
                whole(mine.len())
            ));
        }
        let reads: Option<Vec<f64>> = mine.iter().map(|record| record.accuracy()).collect();
        Ok(Self {
            reads: single
                .unwrap_or_else(|| reads.and_then(|reads| AcrossSeeds::of(reads.into_iter()))),
            seeds: mine.len(),
            steps: mine.iter().map(|record| record.run.steps).max().unwrap_or_default(),
            parameters: mine.first().and_then(|record| record.parameters),
        })
    }

    /// The lowest accuracy of all seeds; for a single seed, the median of its last evaluations.
    fn surely(&self) -> Option<f64> {
        self.reads.map(|reads| if self.seeds == 1 { reads.mean } else { reads.least })
    }

    fn surely_text(&self) -> String {
        match self.surely().map(percent) {
            Some(reads) if self.seeds == 1 => {
                format!("reaches {reads} in at least half of its last evaluations")
            }
            Some(reads) => format!("reaches at least {reads}"),
            None => "diverges".to_owned(),
        }
    }

    /// The mean accuracy, and the number of parameters.
    fn mean(&self) -> String {
        let read = match (self.reads, self.seeds) {
            (None, _) => "no accuracy (diverged)".to_owned(),
            (Some(AcrossSeeds { mean, least, most }), 1) => match range_around(mean, least, most) {
                Some(range) => {
                    format!("{} ({range} in the last third of the steps)", percent(mean))
                }
                None => percent(mean),
            },
            (Some(reads), seeds) => format!("{} (mean of {seeds} seeds)", percent(reads.mean)),
        };
        match self.parameters {
            Some(count) => format!("{read} with {} parameters", whole(count)),
            None => read,
        }
    }
}
