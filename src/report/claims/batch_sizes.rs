//! What the sweep over batch sizes says about its claim.

use super::evidence::{Evidence, Measured, weigh};
use crate::record::{Claim, SweepRecord, Swept};
use crate::report::number::{figure, percent, whole};
use crate::report::sweeps::across_seeds::{AcrossSeeds, chance, hint};

/// Batch norm needs a batch; layer norm does not.
pub(super) fn claim(records: &[SweepRecord]) -> Claim {
    let measured = || -> Measured {
        let [batch, layer] = ["batch", "layer"].map(|norm| of_one(records, norm));
        let lacking = |norm| {
            let hint = hint(Swept::BatchSize);
            format!("no network with {norm} norm at batch size 1: {hint}")
        };
        let (gradient, batch) = batch.ok_or_else(|| lacking("batch"))?;
        let (_, layer) = layer.ok_or_else(|| lacking("layer"))?;
        let chance = chance(records)?;
        let steps = records.iter().filter(|one| one.batch == 1).map(|one| one.run.steps).max();
        let steps = whole(steps.unwrap_or_default());
        let reads = |accuracy: f64| {
            format!("reaches {} at batch size 1 after {steps} steps", percent(accuracy))
        };
        Ok(vec![
            Evidence::new(
                gradient == 0.0,
                match gradient {
                    0.0 => {
                        "with batch norm, every gradient of the hidden weights is exactly 0".into()
                    }
                    most => {
                        format!(
                            "with batch norm, hidden weights have gradients up to {}",
                            figure(most)
                        )
                    }
                },
            ),
            Evidence::new(
                chance.guesses(batch.most),
                format!("batch norm {} ({})", reads(batch.most), chance.text()),
            ),
            Evidence::new(chance.learns(layer.least), format!("layer norm {}", reads(layer.least))),
        ])
    };
    let claim = "Batch norm cannot work at batch size 1, where every variance is 0; layer norm works \
                 on one example at a time";
    weigh("batch-size-one", claim, measured())
}

/// The largest gradient and the accuracies of the networks with one norm at batch size 1; none if
/// none finished training.
fn of_one(records: &[SweepRecord], norm: &str) -> Option<(f64, AcrossSeeds)> {
    let alone = |record: &&SweepRecord| record.batch == 1 && record.run.norm == norm;
    let all: Vec<_> = records.iter().filter(alone).collect();
    // If one is NaN, so is the largest: it must not count as 0.
    let gradient = all.iter().map(|one| one.hidden_gradient.abs()).max_by(f64::total_cmp)?;
    Some((gradient, AcrossSeeds::of(all.iter().filter_map(|record| record.accuracy()))?))
}
