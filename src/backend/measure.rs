//! Measuring how long passes take: several samples, each long enough for the clock.

use super::{Clock, Session};
use crate::error::Result;
use crate::program::PassId;
use serde::{Deserialize, Serialize};

/// Seconds that a sample lasts at least, unless it has [`MOST_ROUNDS`].
const SAMPLE: f64 = 0.02;

/// Rounds that a sample has at most.
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
    /// Whether some sample of one may be as long as some sample of the other.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.min <= other.max && other.min <= self.max
    }

    /// Of at least one sample; the upper one where two lie in the middle.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |place: usize| samples.get(place).copied().unwrap_or(f64::NAN);
        let last = samples.len().saturating_sub(1);
        Self { median: at(samples.len() / 2), min: at(0), max: at(last) }
    }
}

/// Seconds of one round of the passes, from `samples` samples behind a warm-up, and the clock.
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

/// What a sample is to be made of.
#[derive(Clone, Copy, Debug)]
pub struct Fitting {
    /// Rounds of the passes.
    pub rounds: usize,
    /// Seconds of one of them, about.
    pub seconds: f64,
    /// What they were taken with.
    pub clock: Clock,
}

/// How many rounds of the passes a sample of at least so many seconds has. They are warm then.
///
/// # Errors
/// When the device is lost or refuses.
pub fn fitting(session: &mut dyn Session, passes: &[PassId], least: f64) -> Result<Fitting> {
    let fitting = |round: f64| ((least / round.max(1e-9)).ceil() as usize).clamp(1, MOST_ROUNDS);
    let first = session.time(passes, 1)?;
    let (mut rounds, mut seconds) = (fitting(first.seconds), first.seconds);
    if rounds > 1 {
        // A round on its own is mostly start-up: many of them tell how many fit.
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
