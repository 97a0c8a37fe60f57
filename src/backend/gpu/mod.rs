//! The GPU backend: every dispatch runs its kernel's shader through wgpu. Nothing outside this
//! folder knows wgpu.
//!
//! [`adapters`] chooses a device, `pipelines` compiles shaders once, and `session` holds a program's
//! memory and submits its work, which `timing` times.

pub mod adapters;
mod faults;
mod pipelines;
mod session;
mod submissions;
mod timing;

use super::{Backend, Reloaded, Session};
use crate::error::{Error, Result};
use crate::fusion::{self, Fusion};
use crate::kernels::activation::Activation;
use crate::kernels::contract::Contract;
use crate::kernels::library::Library;
use crate::kernels::shader::Shader;
use crate::program::{Program, TensorSpec};
use crate::record::{Adapter, ShaderRecord};
use adapters::{Candidate, describe};
use faults::Faults;
use pipelines::Pipelines;
use std::sync::Arc;
use std::time::Duration;

/// Features that are used where an adapter has them.
const WANTED: wgpu::Features = wgpu::Features::SUBGROUP.union(wgpu::Features::TIMESTAMP_QUERY);

/// How long one submit may take where nothing else is said. The first dispatch of a pipeline
/// compiles it on some drivers, which takes seconds.
pub const TIME_CAP: Duration = Duration::from_secs(30);

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
    /// How long one submit may take.
    time_cap: Duration,
    /// Whether a submit waits in the driver for the one before, as Mesa's software Vulkan does: out
    /// of reach of the time cap. It is waited for here then, which takes no longer.
    only_when_idle: bool,
}

/// What variants may ask of an adapter.
#[derive(Clone, Copy, Debug)]
pub struct Offers {
    /// Whether it is hardware, and not a program that computes on the CPU.
    pub hardware: bool,
    /// Subgroup operations.
    pub subgroups: bool,
    /// The smallest and largest number of lanes of a subgroup.
    pub subgroup_size: (u32, u32),
    /// Invocations of a workgroup, at most.
    pub invocations: u32,
    /// Invocations of a workgroup on each axis, at most.
    pub workgroup_size: [u32; 3],
    /// Bytes of workgroup memory, at most.
    pub workgroup_memory: u32,
}

impl Offers {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let (info, limits) = (adapter.get_info(), adapter.limits());
        Self {
            hardware: info.device_type != wgpu::DeviceType::Cpu,
            subgroups: adapter.features().contains(wgpu::Features::SUBGROUP),
            subgroup_size: (info.subgroup_min_size, info.subgroup_max_size),
            invocations: limits.max_compute_invocations_per_workgroup,
            workgroup_size: [
                limits.max_compute_workgroup_size_x,
                limits.max_compute_workgroup_size_y,
                limits.max_compute_workgroup_size_z,
            ],
            workgroup_memory: limits.max_compute_workgroup_storage_size,
        }
    }

    /// Why a shader cannot run, or nothing if it can.
    #[must_use]
    pub fn lacks(&self, shader: &Shader) -> Option<String> {
        if shader.requires.subgroups && !self.subgroups {
            return Some("the adapter has no subgroup operations".to_owned());
        }
        let (min, max) = self.subgroup_size;
        match shader.requires.subgroup_size {
            Some(lanes) if (min, max) != (lanes, lanes) => Some(format!(
                "it is made for subgroups of {lanes} lanes; the adapter's have {min} to {max}"
            )),
            _ => self.too_large(shader),
        }
    }

    /// Why programs do not get a shader that can run unless it is chosen, or nothing if they may.
    #[must_use]
    pub fn passes_over(&self, shader: &Shader) -> Option<&'static str> {
        (shader.prefers_hardware && !self.hardware).then_some("made for hardware")
    }

    /// The variant of a kernel that programs get where none was chosen: of the shipped ones that can
    /// run, the last that is not passed over.
    ///
    /// # Errors
    /// As [`Library::shader`]; [`Error::Device`] when none can run.
    pub fn usual(&self, library: &Library, contract: &'static Contract) -> Result<String> {
        let (mut reasons, mut passed_over) = (Vec::new(), None);
        for source in contract.shaders.iter().rev() {
            let shader = library.shader(contract, source.variant, Activation::default())?;
            match (self.lacks(&shader), self.passes_over(&shader)) {
                (None, None) => return Ok(shader.variant),
                (None, Some(_)) => passed_over = passed_over.or(Some(shader.variant)),
                (Some(reason), _) => reasons.push(format!("{}: {reason}", source.variant)),
            }
        }
        passed_over.ok_or_else(|| {
            let (name, reasons) = (contract.name, reasons.join("; "));
            Error::Device(format!("the adapter can run no variant of {name} ({reasons})"))
        })
    }

    /// A shader that can run.
    fn allow(&self, shader: Shader) -> Result<Shader> {
        match self.lacks(&shader) {
            None => Ok(shader),
            Some(reason) => Err(Error::Config(format!("{}: {reason}", shader.place))),
        }
    }

    /// How a shader's workgroup is too large, or nothing if it is not.
    fn too_large(&self, shader: &Shader) -> Option<String> {
        let size = shader.workgroup_size;
        let [x, y, z] = size;
        let invocations = size.iter().map(|&count| u64::from(count)).product::<u64>();
        if invocations > u64::from(self.invocations) {
            return Some(format!(
                "its workgroup has {invocations} invocations ({x} x {y} x {z}); the adapter's have \
                 at most {}",
                self.invocations
            ));
        }
        let axes = size.into_iter().zip(self.workgroup_size).zip(["x", "y", "z"]);
        for ((count, most), axis) in axes {
            if count > most {
                return Some(format!(
                    "its workgroup has {count} invocations along {axis}; the adapter's have at \
                     most {most}"
                ));
            }
        }
        let (bytes, most) = (shader.workgroup_memory(), self.workgroup_memory);
        (bytes > most).then(|| {
            format!("its workgroup takes {bytes} bytes of workgroup memory; the adapter has {most}")
        })
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
            max_compute_invocations_per_workgroup: offered.max_compute_invocations_per_workgroup,
            max_compute_workgroup_size_x: offered.max_compute_workgroup_size_x,
            max_compute_workgroup_size_y: offered.max_compute_workgroup_size_y,
            max_compute_workgroup_size_z: offered.max_compute_workgroup_size_z,
            max_compute_workgroup_storage_size: offered.max_compute_workgroup_storage_size,
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
        let only_when_idle = wgpu_adapter.get_info().device_type == wgpu::DeviceType::Cpu;
        let gpu = Gpu { device, queue, faults, time_cap: TIME_CAP, only_when_idle };
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

    /// The same device, given up where one submit takes longer than this.
    #[must_use]
    pub fn with_time_cap(mut self, time_cap: Duration) -> Self {
        self.gpu.time_cap = time_cap;
        self
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
        self.pipelines.forget_variant(contract);
        self.variant(contract).map(|_| ())
    }

    /// Why the adapter cannot run a variant of a kernel, or nothing if it can.
    ///
    /// # Errors
    /// As [`Library::shader`].
    pub fn lacks(&self, contract: &'static Contract, variant: &str) -> Result<Option<String>> {
        let shader = self.library.shader(contract, variant, Activation::default())?;
        Ok(self.offers.lacks(&shader))
    }

    /// The variant of a kernel that programs get: the one that was chosen, or the [usual](Offers::usual)
    /// one.
    ///
    /// # Errors
    /// As [`Offers::usual`]; [`Error::Config`] when the adapter cannot run the chosen one.
    pub fn variant(&self, contract: &'static Contract) -> Result<String> {
        if let Some(chosen) = self.library.chosen(contract) {
            let shader = self.library.shader(contract, &chosen, Activation::default())?;
            return self.offers.allow(shader).map(|_| chosen);
        }
        self.offers.usual(&self.library, contract)
    }

    /// [`Backend::reload`], which leaves the pipelines in disorder where a shader is wrong; `before`
    /// are the shaders that were loaded.
    fn load_changed(
        &mut self,
        program: &Program,
        before: &[ShaderRecord],
    ) -> Result<Option<Reloaded>> {
        let (library, offers) = (&self.library, &self.offers);
        self.pipelines.renew(&self.gpu, |old| {
            let activation = old.activation.unwrap_or_default();
            offers.allow(library.shader(old.contract, &old.variant, activation)?)
        })?;
        let mut changed = self.pipelines.records();
        changed.retain(|shader| !before.contains(shader) && uses(program, shader));
        if changed.is_empty() {
            return Ok(None);
        }
        Ok(Some(Reloaded { session: self.load(program)?, changed }))
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

/// Whether a dispatch of the program runs a shader.
fn uses(program: &Program, shader: &ShaderRecord) -> bool {
    let mut dispatches = program.passes.iter().flat_map(|pass| &pass.dispatches);
    dispatches.any(|dispatch| {
        let activation = dispatch.activation.name();
        let same = shader.activation.as_ref().is_none_or(|known| known == activation);
        same && dispatch.contract.name == shader.kernel
    })
}

impl Backend for GpuBackend {
    fn adapter(&self) -> Adapter {
        self.adapter.clone()
    }

    /// The rules whose parts are all as they ship: a shader of the user's must have its effect. A
    /// fused kernel must have the variant that its first part has here, or it would be a slower one,
    /// unless the user has chosen it.
    fn fusion(&self) -> Result<Fusion> {
        let mut good = Vec::new();
        for rule in self.library.fuses().then_some(&fusion::ALL).into_iter().flatten() {
            let touched = rule.parts.iter().any(|part| self.library.is_own(part));
            let chosen = self.library.is_own(rule.kernel);
            if !touched && (chosen || self.variant(rule.kernel)? == self.variant(rule.parts[0])?) {
                good.push(rule.name);
            }
        }
        Ok(Fusion::of(|rule| good.contains(&rule.name)))
    }

    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>> {
        self.check_sizes(program)?;
        for dispatch in program.passes.iter().flat_map(|pass| &pass.dispatches) {
            let (contract, activation) = (dispatch.contract, dispatch.activation);
            let variant = match self.pipelines.variant(contract) {
                Some(known) => known.to_owned(),
                None => self.variant(contract)?,
            };
            if !self.pipelines.has(contract, &variant, activation) {
                let shader = self.library.shader(contract, &variant, activation)?;
                self.pipelines.compile(&self.gpu, activation, shader)?;
            }
            // Finding a variant reads its shader: once a kernel, not once a dispatch or a program.
            self.pipelines.note_variant(contract, variant);
        }
        Ok(Box::new(session::GpuSession::new(self.gpu.clone(), program, &self.pipelines)?))
    }

    fn reload(&mut self, program: &Program) -> Result<Option<Reloaded>> {
        let before = self.pipelines.clone();
        let reloaded = self.load_changed(program, &before.records());
        if reloaded.is_err() {
            self.pipelines = before;
        }
        reloaded
    }

    fn shaders(&self) -> Vec<ShaderRecord> {
        self.pipelines.records()
    }
}
