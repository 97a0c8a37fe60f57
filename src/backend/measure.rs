//! Measuring how long passes take: several samples, each long enough for the clock.

use super::{Clock, Session};
use crate::error::Result;
use crate::program::PassId;
use serde::{Deserialize, Serialize};

/// The least duration of a sample, in seconds, unless it has [`MOST_ROUNDS`].
const SAMPLE: f64 = 0.02;

/// The most rounds in a sample.
const MOST_ROUNDS: usize = 10_000;

/// Samples of one measurement.
pub const SAMPLES: usize = 7;

/// The median of several samples and how far they spread, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The median.
    #[serde(rename = "median_s")]
    pub median: f64,
    /// The shortest.
    #[serde(rename = "min_s")]
    pub min: f64,
    /// The longest.
    #[serde(rename = "max_s")]
    pub max: f64,
}

impl Spread {
    /// Whether the two ranges overlap.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.min <= other.max && other.min <= self.max
    }

    /// The spread of at least one sample. Of two middle samples, the longer one is the median.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |place: usize| samples.get(place).copied().unwrap_or(f64::NAN);
        let last = samples.len().saturating_sub(1);
        Self { median: at(samples.len() / 2), min: at(0), max: at(last) }
    }
}

/// Seconds per round of the passes, from `samples` samples after a warm-up, and the clock used.
///
/// # Errors
/// When the device is lost or refuses.
pub fn measure(
    session: &mut dyn Session,
    passes: &[PassId],
    samples: usize,
) -> Result<(Spread, Clock)> {
    let Fitting { rounds, mut clock, .. } = fitting(session, passes, SAMPLE)?;
    let mut taken = Vec::new();
    for _ in 0..samples {
        let timing = session.time(passes, rounds)?;
        taken.push(timing.seconds / rounds as f64);
        clock = timing.clock;
    }
    Ok((Spread::of(taken), clock))
}

/// How many rounds a sample needs.
#[derive(Clone, Copy, Debug)]
pub struct Fitting {
    /// Rounds of the passes.
    pub rounds: usize,
    /// The approximate duration of one of them, in seconds.
    pub seconds: f64,
    /// The clock that measured them.
    pub clock: Clock,
}

/// How many rounds of the passes make a sample of at least `least` seconds. It warms the passes up.
///
/// # Errors
/// When the device is lost or refuses.
pub fn fitting(session: &mut dyn Session, passes: &[PassId], least: f64) -> Result<Fitting> {
    let fitting = |round: f64| ((least / round.max(1e-9)).ceil() as usize).clamp(1, MOST_ROUNDS);
    let first = session.time(passes, 1)?;
    let (mut rounds, mut seconds) = (fitting(first.seconds), first.seconds);
    if rounds > 1 {
        // A single round is mostly start-up, so many rounds are timed to find how many fit.
        seconds = session.time(passes, rounds)?.seconds / rounds as f64;
        rounds = fitting(seconds);
    }
    Ok(Fitting { rounds, seconds, clock: first.clock })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_median_and_both_ends() {
        let spread = Spread::of(vec![3.0, 1.0, 9.0, 2.0, 4.0]);
        assert_eq!(spread, Spread { median: 3.0, min: 1.0, max: 9.0 });
    }
}
