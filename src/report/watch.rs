//! The lines printed by `normlab watch`, and by a training run that reloads shaders as they change.

use super::bench::figures;
use crate::bench::Spread;
use crate::bench::variants::VariantResult;
use crate::check::Judgement;
use crate::compare::ratio_text;
use crate::record::ShaderChange;
use crate::train::ShaderReload;
use serde::{Deserialize, Serialize};

/// The result of judging a shader.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judged {
    /// It was checked, and timed if correct.
    Ended(VariantResult),
    /// It does not compile, or the device could not finish it: the message.
    Failed(String),
}

impl Judged {
    /// The time of a correct shader.
    #[must_use]
    pub fn time(&self) -> Option<Spread> {
        match self {
            Self::Ended(result) => result.time(),
            Self::Failed(_) => None,
        }
    }
}

/// One line about a judgement, or several if its message has several; `last` is the time of the last
/// good version.
#[must_use]
pub fn verdict(judged: &Judged, last: Option<Spread>) -> String {
    match judged {
        Judged::Ended(VariantResult::Good { time, gflop_per_s, gb_per_s, worst_error, .. }) => {
            let rate = match gflop_per_s {
                Some(rate) => format!("{} GFLOP/s", figures(*rate)),
                None => format!("{} GB/s", figures(*gb_per_s)),
            };
            let change = last.map_or_else(String::new, |last| format!("  {}", change(*time, last)));
            let error = ratio_text(*worst_error);
            format!("good, error {error} of its tolerance  {}  {rate}{change}", duration(*time))
        }
        Judged::Ended(VariantResult::Wrong { complaints }) => {
            let more = match complaints.len() {
                0 | 1 => String::new(),
                count => format!(" (and {} more)", count - 1),
            };
            let first = complaints.first().map_or("", String::as_str);
            format!("WRONG: {first}{more}; {}", kept(last))
        }
        Judged::Ended(VariantResult::Skipped { reason }) => {
            format!("cannot run here: {reason}; {}", kept(last))
        }
        Judged::Failed(message) => format!("FAILED: {}\n  {}", message.trim_end(), kept(last)),
    }
}

/// The last good version in words.
#[must_use]
pub fn kept(last: Option<Spread>) -> String {
    match last {
        Some(last) => format!("the last good version stays in use: {}", duration(last)),
        None => "there is no good version yet".to_owned(),
    }
}

/// Microseconds of one dispatch.
#[must_use]
pub fn duration(time: Spread) -> String {
    format!("{} µs", figures(1e6 * time.median))
}

/// How a time compares with the previous one. If the samples of both overlap, the difference may be
/// measurement noise.
fn change(now: Spread, last: Spread) -> String {
    let behind = "the last good version";
    if now.overlaps(last) {
        return format!("about as fast as {behind}");
    }
    let (ratio, word) = match last.median / now.median {
        faster if faster > 1.0 => (faster, "faster"),
        slower => (1.0 / slower, "slower"),
    };
    match ratio {
        large if large >= 2.0 => format!("{} times {word} than {behind}", figures(large)),
        small => format!("{:.0} % {word} than {behind}", 100.0 * (small - 1.0)),
    }
}

/// One line about shaders that have changed during training, or several if a message has several.
#[must_use]
pub fn reload(reload: &ShaderReload) -> String {
    match reload {
        ShaderReload::Taken { changes, activation, comparison } => {
            let step = changes.first().map_or(0, |change| change.step);
            let activation = activation.map(|one| format!("the activation {} with ", one.name()));
            let (activation, compared) = (activation.unwrap_or_default(), compared(comparison));
            format!("step {step}: loaded {activation}{}{compared}", names(changes))
        }
        ShaderReload::Refused { step, message } => {
            format!(
                "step {step}: FAILED: {}\n  the last good shaders stay in use",
                message.trim_end()
            )
        }
    }
}

/// Kernels and variants, each once.
fn names(changes: &[ShaderChange]) -> String {
    let name =
        |change: &ShaderChange| format!("{} ({})", change.shader.kernel, change.shader.variant);
    let mut names: Vec<_> = changes.iter().map(name).collect();
    names.dedup();
    names.join(", ")
}

/// The worst comparison in words, or the first that is out of tolerance.
fn compared(comparison: &[Judgement]) -> String {
    if let Some(wrong) = comparison.iter().find(|judgement| !judgement.verdict.passes()) {
        return format!(", OUT OF TOLERANCE: {}", wrong.describe());
    }
    let worst = comparison.iter().map(|judgement| judgement.verdict.ratio()).reduce(f64::max);
    worst.map_or_else(String::new, |worst| format!(", {} of its tolerance", ratio_text(worst)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn spread(min: f64, median: f64, max: f64) -> Spread {
        Spread { median, min, max }
    }

    fn good(time: Spread) -> Judged {
        Judged::Ended(VariantResult::Good {
            time,
            worst_error: 0.152,
            gflop_per_s: Some(24.4),
            gb_per_s: 1.0,
            ratio: None,
        })
    }

    #[test]
    fn a_change_within_the_spread_is_none() {
        let last = Some(spread(9e-6, 10e-6, 11e-6));
        let said = |time| verdict(&good(time), last);
        assert_eq!(
            said(spread(5e-6, 8e-6, 8.5e-6)),
            "good, error 0.152 of its tolerance  8.00 µs  24.4 GFLOP/s  25 % faster than the last \
             good version"
        );
        assert!(
            said(spread(12e-6, 12e-6, 13e-6)).ends_with("20 % slower than the last good version")
        );
        assert!(said(spread(30e-6, 30e-6, 30e-6)).contains("  3.00 times slower than"));
        assert!(said(spread(8e-6, 8e-6, 9e-6)).contains("about as fast as"));
        assert!(verdict(&good(spread(1e-6, 1e-6, 1e-6)), None).ends_with("24.4 GFLOP/s"));
    }

    #[test]
    fn a_bad_version_leaves_the_last_good_one_in_use() {
        let last = Some(spread(9e-6, 10e-6, 11e-6));
        let complaints = vec!["tensor z".to_owned(), "tensor y".to_owned()];
        let wrong = verdict(&Judged::Ended(VariantResult::Wrong { complaints }), last);
        assert_eq!(
            wrong,
            "WRONG: tensor z (and 1 more); the last good version stays in use: 10.0 µs"
        );
        let failed = verdict(&Judged::Failed("no".to_owned()), None);
        assert_eq!(failed, "FAILED: no\n  there is no good version yet");
    }
}
