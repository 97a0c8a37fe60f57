//! What the sweep over one gamma and beta for each unit, or for a whole layer, says about its claim.

use super::{Spread, hint};
use crate::record::{Claim, SweepRecord, Swept};
use crate::report::claims::thresholds::{READS_LESS, SUCCEEDS};
use crate::report::claims::{Evidence, Measured, weigh};
use crate::report::number::{percent, whole};
use crate::report::records::distinct;
use crate::report::style;

/// Layer norm needs no a and b of each unit.
pub(super) fn claim(records: &[SweepRecord]) -> Claim {
    let measured = || -> Measured {
        let normed: Vec<_> = records.iter().filter(|record| record.run.norm == "layer").collect();
        if normed.is_empty() {
            return Err(format!("no network with layer norm and both: {}", hint(Swept::Affine)));
        }
        let mut evidence = Vec::new();
        for activation in distinct(normed.iter().map(|record| record.run.activation.as_str())) {
            let mine = |affine| Choice::of(&normed, activation, affine);
            evidence.extend(compare(activation, &mine("shared")?, &mine("per_unit")?));
        }
        Ok(evidence)
    };
    let claim = "Layer norm trains with one a and b for each unit, and with one of each for a whole \
                 layer, which reads no less";
    weigh(claim, measured())
}

/// Whether both train, and whether the one for the layer reads no less.
fn compare(key: &str, shared: &Choice, per_unit: &Choice) -> [Evidence; 2] {
    let trains = |choice: &Choice| choice.reads.is_some_and(|reads| reads.least >= SUCCEEDS);
    let no_less = match (shared.reads, per_unit.reads) {
        (Some(shared), Some(per_unit)) => {
            let apart = shared.most < per_unit.least;
            !(apart && per_unit.mean - shared.mean >= READS_LESS)
        }
        (shared, _) => shared.is_some(),
    };
    let least = |choice: &Choice| match choice.reads {
        Some(reads) => format!("reads at least {}", percent(reads.least)),
        None => "diverges".to_owned(),
    };
    let activation = style::activation(key);
    let both = format!(
        "with {activation}, one a and b a unit {}, one a layer {}",
        least(per_unit),
        least(shared)
    );
    let means = format!(
        "with {activation}, one a and b a layer reads {}, one a unit {}, as a mean of the seeds",
        shared.mean(),
        per_unit.mean()
    );
    [Evidence::new(trains(shared) && trains(per_unit), both), Evidence::new(no_less, means)]
}

/// The networks with one of the two.
struct Choice {
    /// None where a seed diverged.
    reads: Option<Spread>,
    parameters: Option<usize>,
}

impl Choice {
    /// The networks of an activation.
    ///
    /// # Errors
    /// What the records lack.
    fn of(records: &[&SweepRecord], activation: &str, affine: &str) -> Result<Self, String> {
        let mine = |one: &&&SweepRecord| one.run.activation == activation && one.affine == affine;
        let mine: Vec<_> = records.iter().filter(mine).collect();
        if mine.len() < 2 {
            return Err(format!(
                "seeds with {} and one a and b for {}: {}; it takes several to tell a gap between the \
                 two from one between seeds: `normlab affine --seeds 3`",
                style::activation(activation),
                if affine == "shared" { "a whole layer" } else { "each unit" },
                whole(mine.len())
            ));
        }
        let reads: Option<Vec<f64>> = mine.iter().map(|record| record.accuracy()).collect();
        Ok(Self {
            reads: reads.and_then(|reads| Spread::of(reads.into_iter())),
            parameters: mine.first().and_then(|record| record.parameters),
        })
    }

    /// What is read on average, and with how many parameters.
    fn mean(&self) -> String {
        let read = self.reads.map_or_else(|| "nothing".to_owned(), |reads| percent(reads.mean));
        match self.parameters {
            Some(count) => format!("{read} with {} parameters", whole(count)),
            None => read,
        }
    }
}
