//! The GPU backend: every dispatch runs its kernel's shader through wgpu. Nothing outside this
//! folder knows wgpu.
//!
//! [`adapters`] chooses an adapter, `device` opens it, `choice` a variant for each dispatch, `pipelines` compiles shaders once, which `settle` holds
//! software Vulkan to, `pipeline_cache` keeps what was compiled, and `session` holds a program's memory and
//! submits its work, which `timing` times.

pub mod adapters;
mod choice;
mod cooperative;
mod device;
mod faults;
mod offers;
mod pipeline_cache;
mod pipelines;
mod session;
mod settle;
mod software;
mod submissions;
mod timing;

use super::{Backend, Reloaded, Session};
use crate::error::{Error, Result};
use crate::fusion::{self, Fusion};
use crate::kernels::activation::Activation;
use crate::kernels::contract::Contract;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::kernels::setting::{Setting, Settings, ShapeClass};
use crate::program::{Program, TensorSpec};
use crate::record::{Adapter, ShaderRecord};
use adapters::{Candidate, describe};
pub use choice::Choice;
pub use cooperative::Cooperative;
use device::Gpu;
pub use offers::Offers;
use pipeline_cache::PipelineCache;
use pipelines::{Pipeline, Pipelines, Recipe};
use session::GpuSession;
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

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
    /// What dispatches get instead of their kernel's default.
    settings: Settings,
    /// The variants that were found for kernels: finding one reads its shader.
    variants: RefCell<HashMap<&'static str, String>>,
    pipelines: Pipelines,
    /// Where what is compiled is kept, if it is.
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

    /// Opens an adapter so that its products may be of this precision.
    ///
    /// # Errors
    /// [`Error::Config`] when the adapter has no matrices for it, [`Error::Device`] when it refuses.
    pub fn open_in(candidate: &Candidate, precision: Precision) -> Result<Self> {
        let wgpu_adapter = &candidate.adapter;
        let adapter = describe(&wgpu_adapter.get_info());
        let mut offers = Offers::of(wgpu_adapter);
        offers.cooperative.open(precision).map_err(|lacking| {
            Error::Config(format!(
                "--precision {precision}: the adapter {} {lacking}",
                adapter.adapter
            ))
        })?;
        let gpu = Gpu::open(wgpu_adapter, precision)?;
        Ok(Self {
            adapter,
            gpu,
            offers,
            library: Library::default(),
            settings: Settings::default(),
            variants: RefCell::default(),
            pipelines: Pipelines::default(),
            kept: None,
        })
    }

    /// Uses what the driver has compiled at earlier starts, from this adapter's file in `folder`, and keeps
    /// there what it compiles from now on. A warning where that is not possible; nothing happens where the
    /// adapter has no such cache.
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
            Err(error) => Some(format!("{error}: what was compiled is not kept")),
        }
    }

    /// Writes what was compiled to the folder of [`GpuBackend::use_pipeline_cache`]. A warning where that
    /// fails.
    pub fn keep_pipelines(&mut self) -> Option<String> {
        self.kept.as_mut()?.save()
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
        self.variants.get_mut().clear();
    }

    /// Gives dispatches these settings from now on, where the user has chosen none for the kernel; the
    /// others get their kernel's default.
    pub fn use_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// The settings that dispatches get instead of their kernel's default.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A backend on the same device that starts with the same shaders and shares what is compiled of
    /// them, to try settings on: none of its programs is this one's.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self {
            adapter: self.adapter.clone(),
            gpu: self.gpu.clone(),
            offers: self.offers,
            library: self.library.clone(),
            settings: Settings::default(),
            variants: RefCell::default(),
            pipelines: self.pipelines.shared(),
            kept: None,
        }
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
        self.variants.get_mut().remove(contract.name);
        self.pipelines.forget(contract);
        self.variant(contract).map(|_| ())
    }

    /// Uses a certain setting of a kernel from now on, for all shapes.
    ///
    /// # Errors
    /// As [`GpuBackend::choose_variant`], and where a tunable or its value is not offered.
    pub fn choose_setting(&mut self, contract: &'static Contract, setting: &Setting) -> Result<()> {
        self.library.choose_setting(contract, setting)?;
        self.variants.get_mut().insert(contract.name, setting.variant.clone());
        self.pipelines.forget(contract);
        Ok(())
    }

    /// Why the adapter cannot run a variant of a kernel, or nothing if it can.
    ///
    /// # Errors
    /// As [`Library::shader`].
    pub fn lacks(&self, contract: &'static Contract, variant: &str) -> Result<Option<String>> {
        let shader = self.library.shader(contract, variant, Activation::default())?;
        Ok(self.offers.lacks(&shader))
    }

    /// What variants may ask of the adapter.
    #[must_use]
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// The pipelines of all dispatches of a program, in its order.
    fn pipelines(&mut self, program: &Program) -> Result<Vec<Rc<Pipeline>>> {
        let (mut wanted, mut failed) = (Vec::new(), None);
        for dispatch in program.passes.iter().flat_map(|pass| &pass.dispatches) {
            match self.setting(dispatch) {
                Ok(setting) => {
                    let class = ShapeClass::of(dispatch.contract, &dispatch.sizes);
                    wanted.push((Recipe::of(dispatch, setting), class));
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let (library, offers) = (&self.library, &self.offers);
        let read = |one: &Recipe| offers.allow(one.shader(library)?);
        // What is wrong with an earlier dispatch is told first.
        let pipelines = self.pipelines.prepare(&self.gpu, wanted, &read)?;
        failed.map_or(Ok(pipelines), Err)
    }

    /// Gives the dispatches of a session that runs `program` the settings of now. Its memory stays as it
    /// is.
    ///
    /// # Errors
    /// As [`Backend::load`]; [`Error::Device`] for a session of another backend.
    pub fn refit(&mut self, program: &Program, session: &mut dyn Session) -> Result<()> {
        let pipelines = self.pipelines(program)?;
        let session = (session as &mut dyn Any).downcast_mut::<GpuSession>();
        let foreign = || Error::Device("a session of another backend has no pipelines".to_owned());
        session.ok_or_else(foreign)?.refit(program, pipelines)
    }

    /// [`Backend::reload`]; `before` are the shaders that were loaded.
    fn load_changed(
        &mut self,
        program: &Program,
        before: &[ShaderRecord],
    ) -> Result<Option<Reloaded>> {
        let (library, offers) = (&self.library, &self.offers);
        let read = |one: &Recipe| offers.allow(one.shader(library)?);
        self.pipelines.renew(&self.gpu, program, &read)?;
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
        let pipelines = self.pipelines(program)?;
        Ok(Box::new(GpuSession::new(self.gpu.clone(), program, pipelines)?))
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

    fn gpu(&mut self) -> Option<&mut GpuBackend> {
        Some(self)
    }
}
