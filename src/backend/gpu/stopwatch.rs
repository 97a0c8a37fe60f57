//! The device's timestamps around a compute pass.

use super::device::Gpu;
use super::device_errors::with_error_scopes;
use super::mapping::Mapping;
use crate::error::{Error, Result};

/// Bytes of the two timestamps of a submit.
const STAMPS: u64 = 2 * wgpu::QUERY_SIZE as u64;

/// Timestamps at the beginning and the end of a compute pass.
#[derive(Debug)]
pub(super) struct Stopwatch {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    staging: wgpu::Buffer,
    /// Seconds per tick.
    period: f64,
}

impl Stopwatch {
    /// A stopwatch, if the device has timestamps.
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
        let stopwatch = with_error_scopes(&gpu.device, what, || Self {
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

    /// Copies the timestamps, once written, to where the host can read them.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.staging, 0, STAMPS);
    }

    /// Seconds between the timestamps of the last submit; `wait` waits for it.
    ///
    /// # Errors
    /// Those of `wait`, and when they cannot be read.
    pub(super) fn elapsed(&self, wait: impl FnOnce() -> Result<()>) -> Result<f64> {
        let failed = |why: String| Error::Device(format!("timestamps could not be read: {why}"));
        let mapping = Mapping::of(&self.staging);
        wait()?;
        let bytes = mapping.bytes().map_err(failed)?;
        let stamps = bytemuck::pod_collect_to_vec::<u8, u64>(&bytes);
        drop(bytes);
        self.staging.unmap();
        Ok(stamps[1].saturating_sub(stamps[0]) as f64 * self.period)
    }
}
