//! An open device.

use super::adapters::describe;
use super::capabilities;
use super::device_errors::DeviceErrors;
use super::software::is_software;
use crate::error::{Error, Result};
use crate::kernels::precision::Precision;
use std::sync::Arc;
use std::time::Duration;

/// Features that are used where an adapter has them.
const WANTED: wgpu::Features = wgpu::Features::SUBGROUP
    .union(wgpu::Features::TIMESTAMP_QUERY)
    .union(wgpu::Features::PIPELINE_CACHE);

/// How long one submit may take by default. On some drivers the first dispatch of a pipeline
/// compiles it, which takes seconds.
pub const TIME_CAP: Duration = Duration::from_secs(30);

/// The device's handles, cheap to copy.
#[derive(Clone, Debug)]
pub(super) struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) errors: Arc<DeviceErrors>,
    /// How long one submit may take.
    pub(super) time_cap: Duration,
    /// Whether a submit blocks in the driver until the previous one has finished, as in Mesa's software
    /// Vulkan, where the time cap cannot reach it. If so, it is waited for here instead, which takes no longer.
    pub(super) only_when_idle: bool,
    /// What the driver has compiled before, if that is kept.
    pub(super) pipeline_cache: Option<wgpu::PipelineCache>,
}

impl Gpu {
    /// Opens an adapter with the limits that kernels may need, for products of this precision.
    ///
    /// # Errors
    /// [`Error::Device`] when it refuses.
    pub(super) fn open(adapter: &wgpu::Adapter, precision: Precision) -> Result<Self> {
        let offered = adapter.limits();
        let largest = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            max_compute_invocations_per_workgroup: offered.max_compute_invocations_per_workgroup,
            max_compute_workgroup_size_x: offered.max_compute_workgroup_size_x,
            max_compute_workgroup_size_y: offered.max_compute_workgroup_size_y,
            max_compute_workgroup_size_z: offered.max_compute_workgroup_size_z,
            max_compute_workgroup_storage_size: offered.max_compute_workgroup_storage_size,
            ..wgpu::Limits::default()
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("normlab"),
            required_features: adapter.features() & (WANTED | capabilities::features(precision)),
            experimental_features: capabilities::experimental(precision),
            required_limits: largest.or_worse_values_from(&offered),
            ..wgpu::DeviceDescriptor::default()
        };
        let opened = pollster::block_on(adapter.request_device(&descriptor));
        let (device, queue) = opened.map_err(|error| {
            let name = describe(&adapter.get_info()).adapter;
            Error::Device(format!("the adapter {name} could not be opened: {error}"))
        })?;
        let errors = DeviceErrors::watch(&device);
        let only_when_idle = is_software(&adapter.get_info());
        let (time_cap, pipeline_cache) = (TIME_CAP, None);
        Ok(Self { device, queue, errors, time_cap, only_when_idle, pipeline_cache })
    }

    /// Abandons a device that does not finish its work. Dropping its last handle would wait for its queue
    /// forever, so this one is never dropped.
    pub(super) fn abandon(&self) {
        std::mem::forget(self.clone());
    }
}
