//! Warms a pipeline up before its first dispatch, so that software Vulkan does not recompile it again and again.
//!
//! Mesa 22's lavapipe compiles the values of `Params` that bound loops into a shader as constants, and
//! recompiles it at every dispatch whose parameters differ from the previous one's. It stops doing so for a
//! pipeline, for good, at the first values that change its shader little. Where a loop has so few rounds
//! that it is unrolled, that never happens: a step took up to 18 ms longer. So each pipeline is dispatched
//! once over no workgroups, with values that unroll nothing.

use super::device::Gpu;
use super::device_errors::with_error_scopes;
use crate::error::{Error, Result};
use wgpu::util::DeviceExt;

/// A number of rounds that no compiler unrolls: a prime, so a multiple of no unroll factor.
const ROUNDS: u32 = 1009;

/// Bytes of each binding: at least as many as any `Params` has.
const SIZE: usize = 256;

/// Warms up a pipeline whose layout has `bindings` bindings, the first of them `Params`.
///
/// # Errors
/// [`crate::error::Error::Device`] when the device refuses.
pub(super) fn warm_up(
    gpu: &Gpu,
    pipeline: &wgpu::ComputePipeline,
    layout: &wgpu::BindGroupLayout,
    bindings: usize,
) -> Result<()> {
    let device = &gpu.device;
    let words = [ROUNDS; SIZE / 4];
    let buffer = |_| {
        device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("warm_up"),
            contents: bytemuck::cast_slice(&words),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::STORAGE,
        })
    };
    let index = with_error_scopes(
        device,
        || "a pipeline could not be warmed up".to_owned(),
        || {
            let buffers: Vec<_> = (0..bindings).map(buffer).collect();
            let places = buffers.iter().zip(0..);
            let entry = places.map(|(buffer, binding)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            });
            let entries: Vec<_> = entry.collect();
            let bound = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("warm_up"),
                layout,
                entries: &entries,
            });
            let mut encoder = device.create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &bound, &[]);
            pass.dispatch_workgroups(0, 0, 0);
            drop(pass);
            gpu.queue.submit([encoder.finish()])
        },
    )?;
    // The driver compiles now, so that the next submit's time cap does not include it.
    let waited =
        gpu.device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: None });
    waited
        .map(|_| ())
        .map_err(|error| Error::Device(format!("waiting for the device failed: {error}")))
}
