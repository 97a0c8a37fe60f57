//! How long kernels and training steps take: the ladder of a kernel's variants, and a training step
//! with its time by kernel.
//!
//! Everything is run before it is timed, several samples are taken, and a sample repeats its work
//! until it is long enough for the clock.

mod ceilings;
pub mod ladder;
pub mod scale;
pub mod shape;
pub mod step;

pub use ceilings::Ceilings;

use crate::backend::{Clock, Session};
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
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |place: usize| samples.get(place).copied().unwrap_or(f64::NAN);
        let last = samples.len().saturating_sub(1);
        Self { median: at(samples.len() / 2), min: at(0), max: at(last) }
    }
}

/// Seconds of one round of the passes, from `samples` samples behind a warm-up, and the clock.
fn measure(
    session: &mut dyn Session,
    passes: &[PassId],
    samples: usize,
) -> Result<(Spread, Clock)> {
    let first = session.time(passes, 1)?;
    let fitting = (SAMPLE / first.seconds.max(1e-9)).ceil() as usize;
    let mut rounds = fitting.clamp(1, MOST_ROUNDS);
    if rounds > 1 {
        // A round on its own is mostly start-up: many of them tell how many fit.
        let warm = session.time(passes, rounds)?.seconds / rounds as f64;
        rounds = ((SAMPLE / warm.max(1e-9)).ceil() as usize).clamp(1, MOST_ROUNDS);
    }
    let (mut taken, mut clock) = (Vec::new(), first.clock);
    for _ in 0..samples {
        let timing = session.time(passes, rounds)?;
        taken.push(timing.seconds / rounds as f64);
        clock = timing.clock;
    }
    Ok((Spread::of(taken), clock))
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
