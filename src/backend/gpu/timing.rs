//! How long passes take: by the device's timestamps around each submit where it has them, else by
//! the host's clock around all of them. Software Vulkan's timestamps are good, too: on llvmpipe they
//! are 0.3 ms below the host's time for a submit of any length, which is the submit itself.

use super::device::Gpu;
use super::faults::guarded;
use super::session::{GpuSession, IN_FLIGHT, SUBMIT_TIME};
use super::submissions::Submission;
use crate::backend::{Clock, Timing};
use crate::error::{Error, Result};
use crate::program::PassId;
use std::collections::VecDeque;
use std::sync::mpsc::channel;
use std::time::Instant;

/// Bytes of the two timestamps of a submit.
const STAMPS: u64 = 2 * wgpu::QUERY_SIZE as u64;

/// The most by which the device's clock may run ahead of the host's, as a factor.
const CLOCKS_APART: f64 = 1.05;

/// Timestamps at the beginning and the end of a compute pass.
#[derive(Debug)]
pub(super) struct Stopwatch {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    staging: wgpu::Buffer,
    /// Seconds of one tick.
    period: f64,
}

impl Stopwatch {
    /// A stopwatch, if the device was opened with timestamps.
    pub(super) fn new(gpu: &Gpu) -> Result<Option<Self>> {
        if !gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let buffer = |usage| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("timestamps"),
                size: STAMPS,
                usage: usage | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let what = || "the timestamps could not be stored".to_owned();
        let stopwatch = guarded(&gpu.device, what, || Self {
            queries: gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("timestamps"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            }),
            resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            staging: buffer(wgpu::BufferUsages::MAP_READ),
            period: 1e-9 * f64::from(gpu.queue.get_timestamp_period()),
        })?;
        Ok(Some(stopwatch))
    }

    /// Where a compute pass writes its timestamps.
    pub(super) fn writes(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Copies the timestamps, once they are there, to where the host can read them.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.staging, 0, STAMPS);
    }
}

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
        self.gpu.faults.look()?;
        Ok(timing)
    }

    /// By the device's timestamps, unless they say what cannot be: no time at all, or more than has
    /// passed on the host. Then the host's clock is used from now on.
    fn by_best_clock(&mut self, passes: &[PassId], times: usize, rounds: usize) -> Result<Timing> {
        if self.stopwatch.is_some() {
            let start = Instant::now();
            let timing = self.by_device(passes, times, rounds)?;
            let passed = start.elapsed().as_secs_f64();
            if timing.seconds > 0.0 && timing.seconds <= CLOCKS_APART * passed {
                return Ok(timing);
            }
            self.stopwatch = None;
        }
        self.by_host(passes, times, rounds)
    }

    /// Seconds of a round that is not the first: the first compiles.
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
            queued.push_back(self.submit_rounds(passes, rounds, false)?);
            if queued.len() > IN_FLIGHT {
                queued.pop_front().map_or(Ok(()), |oldest| self.wait(&oldest))?;
            }
        }
        // What is waited for last ended last.
        queued.iter().try_for_each(|submission| self.wait(submission))?;
        Ok(Timing { seconds: start.elapsed().as_secs_f64(), clock: Clock::Host })
    }

    fn by_device(&self, passes: &[PassId], times: usize, rounds: usize) -> Result<Timing> {
        let mut seconds = 0.0;
        for rounds in submits(times, rounds) {
            let submission = self.submit_rounds(passes, rounds, true)?;
            seconds += self.elapsed(&submission)?;
        }
        Ok(Timing { seconds, clock: Clock::Device })
    }

    fn submit_rounds(&self, passes: &[PassId], rounds: usize, stamped: bool) -> Result<Submission> {
        let round = || passes.iter().flat_map(|pass| &self.passes[pass.0]);
        let stopwatch = self.stopwatch.as_ref().filter(|_| stamped);
        self.submit((0..rounds).flat_map(|_| round()), stopwatch)
    }

    /// Seconds between the timestamps of a submit.
    fn elapsed(&self, submission: &Submission) -> Result<f64> {
        let failed = |why: String| Error::Device(format!("timestamps could not be read: {why}"));
        let Some(stopwatch) = &self.stopwatch else {
            return Err(failed("the device has none".to_owned()));
        };
        let (sender, mapped) = channel();
        stopwatch.staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only when waiting failed, which is reported.
            let _ = sender.send(result);
        });
        self.wait(submission)?;
        let mapped = mapped.recv().map_err(|error| failed(error.to_string()))?;
        mapped.map_err(|error| failed(error.to_string()))?;
        let bytes = stopwatch.staging.get_mapped_range(..).map_err(|e| failed(e.to_string()))?;
        let stamps = bytemuck::pod_collect_to_vec::<u8, u64>(&bytes);
        drop(bytes);
        stopwatch.staging.unmap();
        Ok(stamps[1].saturating_sub(stamps[0]) as f64 * stopwatch.period)
    }
}

/// The rounds of each submit, `times` in all.
fn submits(times: usize, rounds: usize) -> impl Iterator<Item = usize> {
    (0..times).step_by(rounds).map(move |done| rounds.min(times - done))
}
