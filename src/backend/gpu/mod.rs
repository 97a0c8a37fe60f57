//! The GPU backend: every dispatch runs its kernel's shader through wgpu. Nothing outside this
//! folder uses wgpu.
//!
//! [`adapters`] chooses an adapter, `capabilities` reads what it can do, `device` opens it, `pipelines`
//! compiles each shader once, `warm_up` keeps software Vulkan from recompiling them, `pipeline_cache` keeps
//! compiled pipelines, `session` holds a lowered program's memory and submits its work, and `timing` times it.
//! `loop_limit` measures after how many rounds a driver ends loops.

pub mod adapters;
mod capabilities;
mod device;
mod device_errors;
mod loop_limit;
mod mapping;
mod pipeline_cache;
mod pipelines;
mod session;
mod software;
mod stopwatch;
mod submissions;
mod timing;
mod warm_up;

use super::{Backend, Reloaded, Session, ShaderBackend};
use crate::error::{Error, Result};
use crate::fusion::Fusion;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::kernels::selection::Selection;
use crate::kernels::setting::{Setting, Settings};
use crate::lowering::Lowered;
use crate::lowering::shaders::Lowering;
use crate::program::Program;
use crate::record::{Adapter, ShaderRecord};
use adapters::{Candidate, describe};
use device::Gpu;
pub use device::TIME_CAP;
use pipeline_cache::PipelineCache;
use pipelines::Pipelines;
use session::GpuSession;
use std::path::Path;
use std::time::Duration;

/// A device, with everything that its sessions share.
#[derive(Debug)]
pub struct GpuBackend {
    adapter: Adapter,
    gpu: Gpu,
    lowering: Lowering,
    pipelines: Pipelines,
    /// Where compiled pipelines are kept, if they are.
    kept: Option<PipelineCache>,
}

impl GpuBackend {
    /// Opens an adapter.
    ///
    /// # Errors
    /// [`Error::Device`] when the adapter refuses.
    pub fn open(candidate: &Candidate) -> Result<Self> {
        Self::open_in(candidate, Precision::F32)
    }

    /// Opens an adapter so that products can be computed in this precision.
    ///
    /// # Errors
    /// [`Error::Config`] when the adapter has no matrices for it, [`Error::Device`] when it refuses.
    pub fn open_in(candidate: &Candidate, precision: Precision) -> Result<Self> {
        let wgpu_adapter = &candidate.adapter;
        let adapter = describe(&wgpu_adapter.get_info());
        let mut capabilities = capabilities::of(wgpu_adapter);
        capabilities.cooperative.open(precision).map_err(|lacking| {
            Error::Config(format!(
                "--precision {precision}: the adapter {} {lacking}",
                adapter.adapter
            ))
        })?;
        let gpu = Gpu::open(wgpu_adapter, precision)?;
        Ok(Self {
            adapter,
            gpu,
            lowering: Lowering::new(Selection::new(capabilities)),
            pipelines: Pipelines::default(),
            kept: None,
        })
    }

    /// Uses what the driver compiled in earlier runs, from this adapter's file in `folder`, and keeps what it
    /// compiles from now on there. Returns a warning if that is not possible; does nothing where the adapter
    /// has no such cache.
    pub fn use_pipeline_cache(&mut self, folder: &Path) -> Option<String> {
        if !self.gpu.device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        match PipelineCache::open(&self.gpu.device, folder, &self.adapter) {
            Ok((cache, warning)) => {
                self.gpu.pipeline_cache = Some(cache.handle());
                self.kept = Some(cache);
                warning
            }
            Err(error) => Some(format!("{error}: compiled pipelines are not kept")),
        }
    }

    /// Writes compiled pipelines to the folder of [`GpuBackend::use_pipeline_cache`]. Returns a warning if
    /// that fails.
    pub fn keep_pipelines(&mut self) -> Option<String> {
        self.kept.as_mut()?.save()
    }

    /// The same device with the shaders of `library`.
    #[must_use]
    pub fn with(mut self, library: Library) -> Self {
        self.use_library(library);
        self
    }

    /// Uses the shaders of `library` from now on.
    pub fn use_library(&mut self, library: Library) {
        self.lowering.use_library(library);
    }

    /// See [`Selection::use_settings`].
    pub fn use_settings(&mut self, settings: Settings) {
        self.lowering.use_settings(settings);
    }

    /// Which shaders the dispatches of programs use.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        self.lowering.selection()
    }

    /// [`Backend::fork`]; both share compiled pipelines.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            adapter: self.adapter.clone(),
            gpu: self.gpu.clone(),
            lowering: self.lowering.fork(),
            pipelines: self.pipelines.clone(),
            kept: None,
        }
    }

    /// The same device, abandoned when a submit takes longer than this.
    #[must_use]
    pub fn with_time_cap(mut self, time_cap: Duration) -> Self {
        self.gpu.time_cap = time_cap;
        self
    }

    /// Measures after how many rounds in total the driver ends the loops of an invocation; none if it lets them
    /// finish.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub fn loop_limit(&self) -> Result<Option<usize>> {
        loop_limit::measure(self.gpu.clone(), self.pipelines.clone())
    }

    /// See [`Selection::choose_variant`].
    ///
    /// # Errors
    /// The same.
    pub fn choose_variant(&mut self, kernel: &'static Kernel, variant: &str) -> Result<()> {
        self.lowering.choose_variant(kernel, variant)
    }

    /// See [`Selection::choose_setting`].
    ///
    /// # Errors
    /// The same.
    pub fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()> {
        self.lowering.choose_setting(kernel, setting)
    }

    /// A program with the shaders that its dispatches use, for [`Session::swap_pipelines`].
    ///
    /// # Errors
    /// Those of [`Lowering::lower`].
    pub fn lower(&mut self, program: &Program) -> Result<Lowered> {
        self.lowering.lower(program)
    }

    /// [`Backend::reload`]; `before` are the shaders that were loaded.
    fn lower_changed(
        &mut self,
        program: &Program,
        before: &[ShaderRecord],
    ) -> Result<Option<Reloaded>> {
        self.lowering.renew(program)?;
        let mut changed = self.lowering.records();
        changed.retain(|shader| !before.contains(shader) && uses(program, shader));
        if changed.is_empty() {
            return Ok(None);
        }
        let lowered = self.lowering.lower(program)?;
        self.pipelines.forget_unused();
        self.pipelines.prepare(&self.gpu, &lowered.pipelines)?;
        Ok(Some(Reloaded { lowered, changed }))
    }
}

/// Whether a dispatch of the program runs a shader.
fn uses(program: &Program, shader: &ShaderRecord) -> bool {
    let mut dispatches = program.passes.iter().flat_map(|pass| &pass.dispatches);
    dispatches.any(|dispatch| {
        let activation = dispatch.activation.name();
        let same = shader.activation.as_ref().is_none_or(|known| known == activation);
        same && dispatch.kernel.name() == shader.kernel
    })
}

impl ShaderBackend for GpuBackend {
    fn selection(&self) -> &Selection {
        self.selection()
    }

    fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()> {
        self.choose_setting(kernel, setting)
    }
}

impl Backend for GpuBackend {
    fn adapter(&self) -> Adapter {
        self.adapter.clone()
    }

    fn largest_tensor(&self) -> usize {
        let limits = self.gpu.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) as usize
    }

    fn fusion(&self) -> Result<Fusion> {
        self.lowering.fusion()
    }

    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>> {
        program.check_sizes(self.largest_tensor(), "this adapter")?;
        if self.adapter.shares_memory() {
            program.check_memory()?;
        }
        let lowered = self.lowering.lower(program)?;
        Ok(Box::new(GpuSession::new(self.gpu.clone(), self.pipelines.clone(), lowered)?))
    }

    fn reload(&mut self, program: &Program) -> Result<Option<Reloaded>> {
        let before = self.lowering.clone();
        let reloaded = self.lower_changed(program, &before.records());
        if reloaded.is_err() {
            self.lowering = before;
        }
        reloaded
    }

    fn shaders(&self) -> Vec<ShaderRecord> {
        self.lowering.records()
    }

    fn fork(&self) -> Box<dyn Backend> {
        Box::new(Self::fork(self))
    }

    fn overlays(&self, activation: Activation) -> bool {
        self.selection().library().overlays(activation)
    }
}
