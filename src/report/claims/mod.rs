//! The lesson's claims, each tested against the measurements of a run.
//!
//! A claim is weighed by *evidence*: measurements, each for or against it by a threshold of
//! `thresholds.rs`. Only the records count, so a network that trains where the lesson's did not, because
//! of its initial weights or its depth, changes the verdict. Claims that take more than one experiment are
//! decided by the records of a sweep, if the run's folder has them.

mod affine;
pub mod answer;
mod backward;
mod batch_sizes;
pub(super) mod evidence;
mod learning_rates;
mod probed;
mod thresholds;
mod trained;

use super::markup::plain;
use super::records::Records;
use crate::record::{Claim, SweepRecord, Swept, Verdict};
use std::fmt::Write;

/// All claims, tested against the records of a run.
#[must_use]
pub fn claims(records: &Records) -> Vec<Claim> {
    let mut all = vec![
        probed::one_sided_batches(records),
        probed::scale_and_shift(records),
        trained::vanishing_gradients(records),
        backward::slope_times_weights(records),
        probed::drifting_inputs(records),
        backward::batch_norm_keeps(records),
        backward::layer_norm_slows(records),
        trained::norms_train(records),
        probed::location(records),
        probed::spread(records),
        trained::relu_survives(records),
    ];
    let of = |swept| of_sweep(swept, records.sweep(swept));
    all.extend(Swept::PRESETS.into_iter().filter_map(of));
    all
}

/// A sweep's claim, tested against its records; none if there is no claim about what was swept.
#[must_use]
pub fn of_sweep(swept: Swept, records: &[SweepRecord]) -> Option<Claim> {
    match swept {
        Swept::BatchSize => Some(batch_sizes::claim(records)),
        Swept::LearningRate => Some(learning_rates::claim(records)),
        Swept::Affine => Some(affine::claim(records)),
        Swept::Keys => None,
    }
}

/// The measured claims as text for a terminal, with the figures of those that do not fully hold, and the
/// number of claims not measured; empty if none was measured.
#[must_use]
pub fn text(claims: &[Claim]) -> String {
    let measured: Vec<_> =
        claims.iter().filter(|claim| claim.verdict != Verdict::NotMeasured).collect();
    let mut text = String::new();
    let width = measured.iter().map(|one| one.verdict.words().len()).max().unwrap_or_default();
    for Claim { claim, verdict, figures, .. } in &measured {
        let (claim, figures) = (plain(claim), plain(figures));
        let _ = writeln!(text, "{verdict:width$}  {claim}");
        if *verdict != Verdict::Holds {
            let _ = writeln!(text, "{:width$}  {figures}", "");
        }
    }
    let rest = claims.len() - measured.len();
    if rest > 0 && !measured.is_empty() {
        let _ =
            writeln!(text, "not measured here: {rest} more; see summary.json for what they need");
    }
    text
}

/// A claim with its figures, or with what is missing, as text for a terminal.
#[must_use]
pub fn in_full(Claim { claim, verdict, figures, .. }: &Claim) -> String {
    let width = verdict.words().len();
    let (claim, figures) = (plain(claim), plain(figures));
    format!("{verdict}  {claim}\n{:width$}  {figures}\n", "")
}

#[cfg(test)]
mod tests {
    use super::evidence::{Evidence, weigh};
    use super::*;

    #[test]
    fn a_verdict_follows_from_its_evidence() {
        let weighed = |sides: &[bool]| {
            let figure = |(at, &supports)| Evidence::new(supports, format!("figure {at}"));
            weigh("so", "so it is", Ok(sides.iter().enumerate().map(figure).collect()))
        };
        let all = weighed(&[true, true]);
        assert_eq!(
            (all.verdict, all.figures.as_str()),
            (Verdict::Holds, "evidence for: figure 0; figure 1")
        );
        let some = weighed(&[false, true]);
        assert_eq!(some.verdict, Verdict::HoldsPartly);
        assert_eq!(some.figures, "evidence for: figure 1. evidence against: figure 0");
        let none = weighed(&[false]);
        assert_eq!(
            (none.verdict, none.figures.as_str()),
            (Verdict::DoesNotHold, "evidence against: figure 0")
        );
        let lacking = weigh("so", "so it is", Err("no run relu-none".into()));
        assert_eq!(
            (lacking.verdict, lacking.figures.as_str()),
            (Verdict::NotMeasured, "no run relu-none")
        );
        let lines = "holds partly  so it is\n              evidence for: figure 1. evidence against: figure 0\n\
                     not measured here: 1 more; see summary.json for what they need\n";
        assert_eq!(text(&[some, lacking.clone()]), lines);
        assert_eq!(text(&[all, lacking.clone()]).lines().next(), Some("holds  so it is"));
        assert_eq!(text(&[lacking]), "");
        let code = weigh("so", "so it is", Err("see `normlab affine`".into()));
        assert_eq!(in_full(&code), "not measured  so it is\n              see normlab affine\n");
    }
}
