//! How long passes take: by the device's timestamps around each submit where it has them, else by
//! the host's clock around all of them. Software Vulkan's timestamps are good too: on llvmpipe they
//! are 0.3 ms below the host's time for a submit of any length, which is the cost of the submit itself.

use super::session::{GpuSession, IN_FLIGHT, SUBMIT_TIME};
use super::stopwatch::Stopwatch;
use super::submissions::Submission;
use crate::backend::{Clock, Timing};
use crate::error::Result;
use crate::program::PassId;
use std::collections::VecDeque;
use std::time::Instant;

/// The largest plausible ratio of the device's time to the host's.
const CLOCKS_APART: f64 = 1.05;

impl GpuSession {
    /// Runs `times` rounds of the passes and times them, in submits of about [`SUBMIT_TIME`].
    pub(super) fn timed_rounds(&mut self, passes: &[PassId], times: usize) -> Result<Timing> {
        while !self.in_flight.is_empty() {
            self.finish_oldest()?;
        }
        let round = match &self.timed {
            Some((same, round)) if same == passes => *round,
            _ => self.first_round(passes)?,
        };
        let fitting = (SUBMIT_TIME.as_secs_f64() / round.max(1e-9)) as usize;
        let rounds = fitting.clamp(1, times.max(1));
        let timing = self.by_best_clock(passes, times, rounds)?;
        self.timed = Some((passes.to_vec(), timing.seconds / times.max(1) as f64));
        self.gpu.errors.take_error()?;
        Ok(timing)
    }

    /// Times by the device's timestamps, unless they are impossible: no time at all, or more than has
    /// passed on the host. Then the host's clock is used from now on.
    fn by_best_clock(&mut self, passes: &[PassId], times: usize, rounds: usize) -> Result<Timing> {
        if let Some(stopwatch) = &self.stopwatch {
            let start = Instant::now();
            let timing = self.by_device(stopwatch, (passes, times, rounds))?;
            let passed = start.elapsed().as_secs_f64();
            if timing.seconds > 0.0 && timing.seconds <= CLOCKS_APART * passed {
                return Ok(timing);
            }
            self.stopwatch = None;
        }
        self.by_host(passes, times, rounds)
    }

    /// Seconds of the second round, as the first one compiles; of the first if that already takes long.
    fn first_round(&self, passes: &[PassId]) -> Result<f64> {
        let first = self.by_host(passes, 1, 1)?.seconds;
        if first > SUBMIT_TIME.as_secs_f64() {
            return Ok(first);
        }
        Ok(self.by_host(passes, 1, 1)?.seconds)
    }

    fn by_host(&self, passes: &[PassId], times: usize, rounds: usize) -> Result<Timing> {
        let start = Instant::now();
        let mut queued = VecDeque::new();
        for rounds in submits(times, rounds) {
            queued.push_back(self.submit_rounds(passes, rounds, None)?);
            if queued.len() > IN_FLIGHT {
                queued.pop_front().map_or(Ok(()), |oldest| self.wait(&oldest))?;
            }
        }
        // The last one waited for finished last.
        queued.iter().try_for_each(|submission| self.wait(submission))?;
        Ok(Timing { seconds: start.elapsed().as_secs_f64(), clock: Clock::Host })
    }

    fn by_device(
        &self,
        stopwatch: &Stopwatch,
        (passes, times, rounds): (&[PassId], usize, usize),
    ) -> Result<Timing> {
        let mut seconds = 0.0;
        for rounds in submits(times, rounds) {
            let submission = self.submit_rounds(passes, rounds, Some(stopwatch))?;
            seconds += stopwatch.elapsed(|| self.wait(&submission))?;
        }
        Ok(Timing { seconds, clock: Clock::Device })
    }

    fn submit_rounds(
        &self,
        passes: &[PassId],
        rounds: usize,
        stopwatch: Option<&Stopwatch>,
    ) -> Result<Submission> {
        let round = || passes.iter().flat_map(|pass| &self.passes[pass.0]);
        self.submit((0..rounds).flat_map(|_| round()), stopwatch)
    }
}

/// The rounds of each submit, `times` in all.
fn submits(times: usize, rounds: usize) -> impl Iterator<Item = usize> {
    (0..times).step_by(rounds).map(move |done| rounds.min(times - done))
}
