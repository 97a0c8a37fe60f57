//! Claims decided by the evaluations of a run.

use super::super::number::{percent, range, range_around};
use super::evidence::{Evidence, Measured, weigh};
use super::learning_rates::widened_by_batch_norm;
use super::thresholds::{ALIKE, DIFFER, FASTER, HARDLY_MOVED, LITTLE, MOVED, SURVIVED, VANISHED};
use crate::record::{Claim, Evaluation, LateAccuracy, Swept, Verdict};
use crate::report::chance::Chance;
use crate::report::records::Records;
use crate::report::style;
use crate::report::table::fraction;
use std::fmt::Write;

/// Sigmoid without a norm does not learn.
pub(super) fn vanishing_gradients(records: &Records) -> Claim {
    let measured = || -> Measured {
        let (chance, end) = (records.chance()?, Ending::of(records, "sigmoid-none")?);
        Ok(vec![
            Evidence::new(end.gradient <= VANISHED, end.gradient_text()),
            Evidence::new(end.change <= HARDLY_MOVED, end.change_text()),
            Evidence::new(end.spread <= ALIKE, end.spread_text()),
            Evidence::new(chance.guesses(end.late.highest), end.accuracy_text(chance)),
        ])
    };
    let claim = "Sigmoid without a norm: gradients vanish on the way back, the first layer hardly \
                 moves, and the outputs become indistinguishable";
    weigh("vanishing-gradients", claim, measured())
}

/// Sigmoid with a norm learns.
pub(super) fn norms_train(records: &Records) -> Claim {
    let measured = || -> Measured {
        let chance = records.chance()?;
        let mut evidence = Vec::new();
        for norm in ["batch", "layer"] {
            let run = format!("sigmoid-{norm}");
            let label = style::stroke(norm).label;
            if let Some(failure) = failure(records, &run) {
                evidence.push(Evidence::new(false, format!("{label}: {failure}")));
                continue;
            }
            let end = Ending::of(records, &run)?;
            let figures = [
                (end.change >= MOVED, end.change_text()),
                (end.spread >= DIFFER, end.spread_text()),
                (chance.succeeds(end.late.median), end.accuracy_text(chance)),
            ];
            for side in [true, false] {
                let on_it = figures.iter().filter(|(supports, _)| *supports == side);
                let texts: Vec<_> = on_it.map(|(_, text)| text.as_str()).collect();
                if !texts.is_empty() {
                    evidence.push(Evidence::new(side, format!("{label}: {}", texts.join(", "))));
                }
            }
        }
        Ok(evidence)
    };
    let claim = "With batch norm, and with layer norm, the sigmoid network trains: its first layer moves, \
                 and its outputs differ from image to image";
    weigh("norms-train", claim, measured())
}

/// ReLU needs no norm for its gradient; batch norm still speeds up the start and, if there is a sweep to
/// show it, widens the range of learning rates.
pub(super) fn relu_survives(records: &Records) -> Claim {
    let widened = widened_by_batch_norm(records.sweep(Swept::LearningRate));
    let end = match widened {
        Ok(_) => ", speeds up the start, and widens the range of usable learning rates",
        Err(_) => ", but speeds up the start",
    };
    let claim = format!(
        "With ReLU, the gradient survives without a norm; batch norm changes little in the end{end}"
    );
    match widened {
        Ok(evidence) => weigh(
            "relu-survives",
            &claim,
            relu_with_batch_norm(records).map(|mut all| {
                all.push(evidence);
                all
            }),
        ),
        Err(lacking) => {
            let mut claim = weigh("relu-survives", &claim, relu_with_batch_norm(records));
            if claim.verdict != Verdict::NotMeasured {
                let _ = write!(
                    claim.figures,
                    ". whether it widens the range of usable learning rates: {lacking}"
                );
            }
            claim
        }
    }
}

/// What batch norm changes at the experiment's learning rate.
fn relu_with_batch_norm(records: &Records) -> Measured {
    let (none, batch) = (Ending::of(records, "relu-none")?, Ending::of(records, "relu-batch")?);
    let tenth = records.experiment.steps.div_ceil(10);
    let early_none = first_at(records, "relu-none", tenth)?;
    let early_batch = first_at(records, "relu-batch", tenth)?;
    let gap = (batch.late.median - none.late.median).abs();
    let ahead = early_batch.test_accuracy - early_none.test_accuracy;
    Ok(vec![
        Evidence::new(none.gradient >= SURVIVED, none.gradient_text()),
        Evidence::new(
            gap <= LITTLE,
            format!(
                "in the last third of the steps {} without a norm, {} with batch norm",
                none.late_range(),
                batch.late_range()
            ),
        ),
        Evidence::new(
            ahead >= FASTER,
            format!(
                "after {} steps {} without, {} with",
                early_none.step,
                percent(early_none.test_accuracy),
                percent(early_batch.test_accuracy)
            ),
        ),
    ])
}

/// Measurements at the end of a run.
struct Ending {
    /// Gradient RMS of the first layer's weights over that of the last layer's, at the last step.
    gradient: f64,
    /// The same at the first step.
    first_gradient: f64,
    /// ‖W − W₀‖/‖W₀‖ of the first layer, at the last step.
    change: f64,
    /// How much the last hidden layer's outputs differ from image to image, at the last step.
    spread: f64,
    /// Test accuracy at the last step.
    accuracy: f64,
    /// Accuracy over the last third of the steps: the last one alone may be luck.
    late: LateAccuracy,
}

impl Ending {
    /// The measurements, or why there are none.
    fn of(records: &Records, run: &str) -> Result<Self, String> {
        let evaluations = || records.evaluations_of(run);
        let accuracies: Vec<_> = evaluations().map(|one| (one.step, one.test_accuracy)).collect();
        let (last, late) = evaluations()
            .last()
            .zip(LateAccuracy::of(&accuracies))
            .ok_or_else(|| format!("there is no run {run}"))?;
        if let Some(failure) = failure(records, run) {
            return Err(format!("{run}: {failure}"));
        }
        let steps = records.experiment.steps;
        if last.step < steps {
            return Err(format!("{run} has only reached step {} of {steps}", last.step));
        }
        let share = |evaluation: &Evaluation| match evaluation.layers.as_slice() {
            [first, .., output] => Ok(first.gradient_rms / output.gradient_rms),
            _ => Err(format!("{run} has no hidden layer")),
        };
        Ok(Self {
            gradient: share(last)?,
            first_gradient: evaluations().next().map_or(Ok(f64::NAN), share)?,
            change: last.layers.first().map_or(f64::NAN, |layer| layer.weight_change),
            spread: last.output_spread,
            accuracy: last.test_accuracy,
            late,
        })
    }

    /// The accuracies of the last third of the steps.
    fn late_range(&self) -> String {
        range(self.late.lowest, self.late.highest)
    }

    fn gradient_text(&self) -> String {
        let [first, last] = [self.first_gradient, self.gradient]
            .map(|share| fraction(share).unwrap_or_else(|| "nothing".to_owned()));
        format!(
            "the first layer's gradient is {last} of the last layer's ({first} at the first step)"
        )
    }

    fn change_text(&self) -> String {
        format!("the first layer's weights moved by {}", percent(self.change))
    }

    fn spread_text(&self) -> String {
        format!("the last outputs differ by {:.4} from image to image", self.spread)
    }

    fn accuracy_text(&self, chance: Chance) -> String {
        let range = range_around(self.accuracy, self.late.lowest, self.late.highest);
        let range = range.map(|range| format!("{range} in the last third of the steps; "));
        format!(
            "{} of the test images are classified correctly ({}{})",
            percent(self.accuracy),
            range.unwrap_or_default(),
            chance.text()
        )
    }
}

/// Why a run ended early, if it did.
fn failure<'a>(records: &'a Records, run: &str) -> Option<&'a str> {
    let runs = &records.summary.as_ref()?.runs;
    runs.iter().find(|record| record.name == run)?.failure.as_deref()
}

/// The first evaluation of a run at or after a step.
fn first_at<'a>(records: &'a Records, run: &'a str, step: usize) -> Result<&'a Evaluation, String> {
    let mut evaluations = records.evaluations_of(run);
    evaluations
        .find(|evaluation| evaluation.step >= step)
        .ok_or_else(|| format!("{run} has no step {step}"))
}
