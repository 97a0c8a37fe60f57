//! What the sweep over learning rates says about its claim: which rates are usable.

use super::evidence::{Evidence, Measured, weigh};
use super::thresholds::{USABLE, WIDER};
use crate::record::{Claim, SweepRecord, Swept};
use crate::report::chance::Chance;
use crate::report::number::decimals;
use crate::report::probed::with_norm;
use crate::report::records::distinct;
use crate::report::style;
use crate::report::sweeps::across_seeds::{AcrossSeeds, chance, hint};

/// The activation that the claim is about.
const ACTIVATION: &str = "relu";

/// More learning rates are usable with a norm than without.
pub(super) fn claim(records: &[SweepRecord]) -> Claim {
    let measured =
        || -> Measured { Ok(vec![widened_by(records, "batch")?, widened_by(records, "layer")?]) };
    let claim = "With ReLU, a norm widens the range of usable learning rates, batch norm as well as \
                 layer norm";
    weigh("learning-rates", claim, measured())
}

/// Whether more rates are usable with batch norm than without a norm.
///
/// # Errors
/// What the records lack.
pub(super) fn widened_by_batch_norm(records: &[SweepRecord]) -> Result<Evidence, String> {
    widened_by(records, "batch")
}

/// Whether a norm's range is wider than that without one.
fn widened_by(records: &[SweepRecord], norm: &str) -> Result<Evidence, String> {
    let [none, normed] = ["none", norm].map(|norm| UsableRates::of(records, norm));
    let (none, normed) = (none?, normed?);
    let width = |range: &Option<UsableRates>| range.as_ref().map(UsableRates::decades);
    let wider = match (width(&none), width(&normed)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(none), Some(normed)) => normed >= none + WIDER,
    };
    let said = format!("usable rates: {}, {}", describe(&normed, norm), describe(&none, "none"));
    // A range that reaches an end of the tried rates may continue beyond it: its width is only a lower bound.
    let unknown = [none.as_ref(), normed.as_ref().filter(|_| !wider)];
    match unknown.into_iter().flatten().any(|range| range.open.contains(&true)) {
        true => Err(format!("{said}; extend --rates to find its end")),
        false => Ok(Evidence::new(wider, said)),
    }
}

/// A norm's range in words.
fn describe(range: &Option<UsableRates>, norm: &str) -> String {
    let norm = with_norm(norm);
    match range {
        None => format!("{norm} none"),
        Some(range) => format!("{norm} {}", range.describe()),
    }
}

/// The usable rates of one norm: those around the best one that are little less accurate.
#[derive(Clone, Debug, PartialEq)]
struct UsableRates {
    lowest: f32,
    highest: f32,
    /// Whether the lowest and the highest rate tried are among them: the range may continue there.
    open: [bool; 2],
}

impl UsableRates {
    /// None if no rate trains.
    ///
    /// # Errors
    /// What the records lack.
    fn of(records: &[SweepRecord], norm: &str) -> Result<Option<Self>, String> {
        let mine =
            |record: &&SweepRecord| record.run.activation == ACTIVATION && record.run.norm == norm;
        let mine: Vec<_> = records.iter().filter(mine).collect();
        let mut rates = distinct(mine.iter().map(|record| record.learning_rate));
        rates.sort_by(f32::total_cmp);
        if rates.is_empty() {
            let hint = hint(Swept::LearningRate);
            let (name, norm) = (style::activation(ACTIVATION), with_norm(norm));
            return Err(format!("no {name} network {norm} at several learning rates: {hint}"));
        }
        let reads: Vec<_> = rates.iter().map(|&rate| accuracy_at(&mine, rate)).collect();
        Ok(Self::around_best(chance(records)?, &rates, &reads))
    }

    /// The usable range of `rates`, which ascend, by the accuracy at each.
    fn around_best(chance: Chance, rates: &[f32], reads: &[Option<f64>]) -> Option<Self> {
        let places = reads.iter().enumerate().filter_map(|(at, read)| Some((at, (*read)?)));
        let (best, most) = places.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let usable = |read: &&Option<f64>| read.is_some_and(|read| read >= most - USABLE);
        let below = reads[..best].iter().rev().take_while(usable).count();
        let above = reads[best..].iter().take_while(usable).count();
        let (first, last) = (best - below, best + above - 1);
        chance.succeeds(most).then(|| Self {
            lowest: rates[first],
            highest: rates[last],
            open: [first == 0, last + 1 == rates.len()],
        })
    }

    fn decades(&self) -> f64 {
        f64::from(self.highest / self.lowest).log10()
    }

    fn describe(&self) -> String {
        let [below, above] = self.open;
        let text = |end: f32, open, word| match open {
            true => format!("{end} or {word}"),
            false => end.to_string(),
        };
        format!(
            "{} to {} ({} decades{})",
            text(self.lowest, below, "less"),
            text(self.highest, above, "more"),
            decimals(self.decades(), 1),
            if below || above { " or more" } else { "" }
        )
    }
}

/// The networks' mean accuracy at a rate over their seeds; none if one of them diverged.
fn accuracy_at(records: &[&SweepRecord], rate: f32) -> Option<f64> {
    let there = records.iter().filter(|record| record.learning_rate == rate);
    let reads: Option<Vec<f64>> = there.map(|record| record.accuracy()).collect();
    AcrossSeeds::of(reads?.into_iter()).map(|spread| spread.mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(reads: &[Option<f64>]) -> Option<UsableRates> {
        let chance = Chance::new(crate::record::ConstantGuess::TEN_CLASSES).unwrap();
        UsableRates::around_best(chance, &[0.01, 0.1, 1.0, 10.0], reads)
    }

    #[test]
    fn a_range_surrounds_the_best_rate_without_a_gap() {
        let whole = range(&[Some(0.9), Some(0.95), None, Some(0.95)]);
        let expected = UsableRates { lowest: 10.0, highest: 10.0, open: [false, true] };
        assert_eq!(whole, Some(expected));
        let inner = range(&[Some(0.5), Some(0.92), Some(0.95), None]);
        assert_eq!(inner, Some(UsableRates { lowest: 0.1, highest: 1.0, open: [false, false] }));
        let said = "with batch norm 0.1 to 1 (1.0 decades)";
        assert_eq!(describe(&inner, "batch"), said);
        assert_eq!(range(&[Some(0.3), Some(0.3), Some(0.1), None]), None);
        assert_eq!(range(&[None; 4]), None);
    }

    #[test]
    fn an_open_end_of_a_range_is_reported() {
        let open = range(&[Some(0.9), Some(0.9), None, None]);
        let said = "without a norm 0.01 or less to 0.1 (1.0 decades or more)";
        assert_eq!(describe(&open, "none"), said);
        assert_eq!(describe(&None, "none"), "without a norm none");
    }
}
