//! The GPU backend: every dispatch runs its kernel's shader through wgpu. Nothing outside this
//! folder knows wgpu.
//!
//! [`adapters`] chooses a device, `pipelines` compiles shaders once, and `session` holds a program's
//! memory and submits its work, which `timing` times.

pub mod adapters;
mod faults;
mod pipelines;
mod session;
mod timing;

use super::{Backend, Session};
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::contract::Contract;
use crate::kernels::library::Library;
use crate::kernels::shader::Requirements;
use crate::program::{Program, TensorSpec};
use crate::record::{Adapter, ShaderRecord};
use adapters::{Candidate, describe};
use faults::Faults;
use pipelines::Pipelines;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Features that are used where an adapter has them.
const WANTED: wgpu::Features = wgpu::Features::SUBGROUP.union(wgpu::Features::TIMESTAMP_QUERY);

/// A device with what every session on it shares.
#[derive(Debug)]
pub struct GpuBackend {
    adapter: Adapter,
    gpu: Gpu,
    offers: Offers,
    library: Library,
    pipelines: Pipelines,
}

/// The device's handles, cheap to copy.
#[derive(Clone, Debug)]
struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    faults: Arc<Faults>,
}

/// What variants may ask of an adapter.
#[derive(Clone, Copy, Debug)]
pub struct Offers {
    /// Subgroup operations.
    pub subgroups: bool,
    /// The smallest and largest number of lanes of a subgroup.
    pub subgroup_size: (u32, u32),
}

impl Offers {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        Self {
            subgroups: adapter.features().contains(wgpu::Features::SUBGROUP),
            subgroup_size: (info.subgroup_min_size, info.subgroup_max_size),
        }
    }

    /// Why a variant with these requirements cannot run, or nothing if it can.
    #[must_use]
    pub fn lacks(&self, requires: &Requirements) -> Option<String> {
        if requires.subgroups && !self.subgroups {
            return Some("the adapter has no subgroup operations".to_owned());
        }
        let (min, max) = self.subgroup_size;
        match requires.subgroup_size {
            Some(lanes) if (min, max) != (lanes, lanes) => Some(format!(
                "it is made for subgroups of {lanes} lanes; the adapter's have {min} to {max}"
            )),
            _ => None,
        }
    }
}

impl GpuBackend {
    /// Opens an adapter.
    ///
    /// # Errors
    /// [`Error::Device`] when the adapter refuses.
    pub fn open(candidate: &Candidate) -> Result<Self> {
        let wgpu_adapter = &candidate.adapter;
        let adapter = describe(&wgpu_adapter.get_info());
        let offered = wgpu_adapter.limits();
        let largest = wgpu::Limits {
            max_buffer_size: offered.max_buffer_size,
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("normlab"),
            required_features: wgpu_adapter.features() & WANTED,
            required_limits: largest.or_worse_values_from(&offered),
            ..wgpu::DeviceDescriptor::default()
        };
        let opened = pollster::block_on(wgpu_adapter.request_device(&descriptor));
        let (device, queue) = opened.map_err(|error| {
            Error::Device(format!("the adapter {} could not be opened: {error}", adapter.adapter))
        })?;
        let faults = Faults::watch(&device);
        let gpu = Gpu { device, queue, faults };
        let offers = Offers::of(wgpu_adapter);
        Ok(Self {
            adapter,
            gpu,
            offers,
            library: Library::default(),
            pipelines: Pipelines::default(),
        })
    }

    /// The same device with the shaders of `library`.
    #[must_use]
    pub fn with(mut self, library: Library) -> Self {
        self.use_library(library);
        self
    }

    /// Takes the shaders of `library` from now on.
    pub fn use_library(&mut self, library: Library) {
        self.library = library;
        // What is compiled was made from other shaders, perhaps under the same names.
        self.pipelines = Pipelines::default();
    }

    /// The shaders that programs are built from.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Uses a certain variant of a kernel from now on.
    ///
    /// # Errors
    /// [`Error::Config`] when the kernel has no such variant or the adapter cannot run it.
    pub fn choose_variant(&mut self, contract: &'static Contract, variant: &str) -> Result<()> {
        self.library.choose_variant(contract, variant)?;
        self.variant(contract).map(|_| ())
    }

    /// Why the adapter cannot run a variant of a kernel, or nothing if it can.
    ///
    /// # Errors
    /// As [`Library::shader`].
    pub fn lacks(&self, contract: &'static Contract, variant: &str) -> Result<Option<String>> {
        let shader = self.library.shader(contract, variant, Activation::default())?;
        Ok(self.offers.lacks(&shader.requires))
    }

    /// The variant of a kernel that programs get: the one that was chosen, or the last shipped one
    /// that this adapter can run.
    ///
    /// # Errors
    /// As [`Library::shader`]; [`Error::Config`] when the adapter cannot run the chosen one.
    pub fn variant(&self, contract: &'static Contract) -> Result<String> {
        if let Some(chosen) = self.library.chosen(contract) {
            return match self.lacks(contract, &chosen)? {
                None => Ok(chosen),
                Some(reason) => {
                    Err(Error::Config(format!("{} ({chosen}): {reason}", contract.name)))
                }
            };
        }
        for source in contract.shaders.iter().rev() {
            if self.lacks(contract, source.variant)?.is_none() {
                return Ok(source.variant.to_owned());
            }
        }
        Err(Error::Device(format!("the adapter can run no variant of {}", contract.name)))
    }

    fn check_sizes(&self, program: &Program) -> Result<()> {
        let largest = self.gpu.device.limits().max_storage_buffer_binding_size;
        let bytes = |spec: &TensorSpec| 4 * (spec.span() + spec.guard) as u64;
        match program.tensors.iter().find(|spec| bytes(spec) > largest) {
            None => Ok(()),
            Some(spec) => Err(Error::Device(format!(
                "the tensor {} {} takes {} MiB, and this adapter binds at most {} MiB at once",
                spec.name,
                spec.shape,
                bytes(spec) >> 20,
                largest >> 20
            ))),
        }
    }
}

impl Backend for GpuBackend {
    fn adapter(&self) -> Adapter {
        self.adapter.clone()
    }

    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>> {
        self.check_sizes(program)?;
        // Finding a variant reads its shader: once a kernel, not once a dispatch.
        let mut variants = HashMap::new();
        for dispatch in program.passes.iter().flat_map(|pass| &pass.dispatches) {
            let variant = match variants.entry(dispatch.contract.name) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.variant(dispatch.contract)?),
            };
            let (contract, activation) = (dispatch.contract, dispatch.activation);
            if !self.pipelines.has(contract, variant, activation) {
                let shader = self.library.shader(contract, variant, activation)?;
                self.pipelines.compile(&self.gpu, activation, shader)?;
            }
        }
        Ok(Box::new(session::GpuSession::new(self.gpu.clone(), program, &self.pipelines)?))
    }

    fn shaders(&self) -> Vec<ShaderRecord> {
        self.pipelines.records()
    }
}
