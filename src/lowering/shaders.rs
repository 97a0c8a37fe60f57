//! Chooses a shader for each dispatch of a program, reads each shader once, and remembers which are in use.

use super::Lowered;
use crate::error::Result;
use crate::fusion::{self, Fusion};
use crate::kernels::activation::Activation;
use crate::kernels::capabilities::AdapterCapabilities;
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::selection::{Selection, ShaderKey};
use crate::kernels::setting::{Setting, Settings, ShapeClass};
use crate::kernels::shader::Shader;
use crate::program::{Dispatch, Program};
use crate::record::ShaderRecord;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// A shader as it is in the library now, if the adapter can run it.
fn read(
    key: &ShaderKey,
    kernel: &'static Kernel,
    library: &Library,
    capabilities: &AdapterCapabilities,
) -> Result<Shader> {
    let activation = key.activation.unwrap_or_default();
    let shader = library.set_shader(kernel, &key.setting, activation)?;
    capabilities.allow(&shader).map(|()| shader)
}

/// The key with the newest version of its activation among a program's dispatches.
fn or_newer(mut key: ShaderKey, program: &Program) -> ShaderKey {
    let dispatches = program.passes.iter().flat_map(|pass| &pass.dispatches);
    let newest = |old| dispatches.fold(old, |old: Activation, one| old.or_newer(one.activation));
    key.activation = key.activation.map(newest);
    key
}

/// A shader that programs use, and the shape classes that they use it for.
#[derive(Clone, Debug)]
struct Used {
    kernel: &'static Kernel,
    shader: Rc<Shader>,
    classes: BTreeSet<ShapeClass>,
}

/// Lowers programs with the shaders of a selection.
#[derive(Clone, Debug)]
pub struct Lowering {
    selection: Selection,
    used: HashMap<ShaderKey, Used>,
}

impl Lowering {
    /// Lowers with the shaders of this selection.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        Self { selection, used: HashMap::new() }
    }

    /// The same selection without settings, for independent programs. It reads the shaders again: files may
    /// have changed.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut selection = self.selection.clone();
        selection.use_settings(Settings::default());
        selection.take_read([], |_| false);
        Self { selection, used: HashMap::new() }
    }

    /// Which shaders dispatches use.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Uses the shaders of `library` from now on.
    pub fn use_library(&mut self, library: Library) {
        self.used.clear();
        self.selection.use_library(library);
    }

    /// See [`Selection::use_settings`].
    pub fn use_settings(&mut self, settings: Settings) {
        self.selection.use_settings(settings);
    }

    /// See [`Selection::choose_variant`].
    ///
    /// # Errors
    /// The same.
    pub fn choose_variant(&mut self, kernel: &'static Kernel, variant: &str) -> Result<()> {
        let chosen = self.selection.choose_variant(kernel, variant);
        self.forget(kernel);
        chosen
    }

    /// See [`Selection::choose_setting`].
    ///
    /// # Errors
    /// The same.
    pub fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()> {
        self.selection.choose_setting(kernel, setting)?;
        self.forget(kernel);
        Ok(())
    }

    /// Forgets the shaders in use of a kernel, because another setting was chosen.
    fn forget(&mut self, kernel: &Kernel) {
        self.used.retain(|key, _| key.kernel != kernel.name());
    }

    /// The rules that rewrite programs before they are lowered.
    ///
    /// # Errors
    /// Those of [`Selection::may_replace`].
    pub fn fusion(&self) -> Result<Fusion> {
        let mut good = Vec::new();
        for rule in &fusion::ALL {
            if self.selection.may_replace(rule.kernel, rule.parts)? {
                good.push(rule.name);
            }
        }
        Ok(Fusion::of(|rule| good.contains(&rule.name)))
    }

    /// A program with the shaders that its dispatches use.
    ///
    /// # Errors
    /// The first, in the order of the dispatches, of [`Selection::setting`], [`Library::set_shader`]
    /// and [`AdapterCapabilities::allow`]; then those of [`Lowered::new`].
    pub fn lower(&mut self, program: &Program) -> Result<Lowered> {
        let (mut wanted, mut failed) = (Vec::new(), None);
        for dispatch in program.passes.iter().flat_map(|pass| &pass.dispatches) {
            let Dispatch { kernel, activation, sizes, .. } = dispatch;
            match self.selection.setting(kernel, *activation, sizes) {
                Ok(setting) => {
                    wanted.push((dispatch, ShaderKey::of(kernel, *activation, setting)));
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        // An earlier dispatch's error is reported first.
        self.read_all(&wanted)?;
        failed.map_or(Ok(()), Err)?;
        let shaders = wanted.iter().map(|(dispatch, key)| {
            let shader =
                self.selection.shader(dispatch.kernel, dispatch.activation, &key.setting)?;
            self.selection.capabilities().allow(&shader).map(|()| shader)
        });
        let shaders = shaders.collect::<Result<Vec<_>>>()?;
        let lowered = Lowered::new(program, &shaders)?;
        for ((dispatch, key), shader) in wanted.into_iter().zip(shaders) {
            let class = ShapeClass::of(&dispatch.kernel.contract, &dispatch.sizes);
            let new = || Used { kernel: dispatch.kernel, shader, classes: BTreeSet::new() };
            self.used.entry(key).or_insert_with(new).classes.insert(class);
        }
        Ok(lowered)
    }

    /// Reads the shaders that have not been read yet, on all cores.
    ///
    /// # Errors
    /// The first in the order of the dispatches.
    fn read_all(&mut self, wanted: &[(&Dispatch, ShaderKey)]) -> Result<()> {
        let mut missing = HashSet::new();
        let new = |(_, key): &&(&Dispatch, ShaderKey)| {
            !self.selection.has_read(key) && missing.insert(key.clone())
        };
        let new: Vec<_> = wanted.iter().filter(new).collect();
        let (library, capabilities) = (self.selection.library(), self.selection.capabilities());
        let read = |(dispatch, key): &&(&Dispatch, ShaderKey)| {
            read(key, dispatch.kernel, library, capabilities)
        };
        let shaders: Vec<_> = new.par_iter().map(read).collect();
        let shaders = new
            .into_iter()
            .zip(shaders)
            .map(|((_, key), shader)| shader.map(|shader| (key.clone(), Rc::new(shader))));
        let shaders = shaders.collect::<Result<Vec<_>>>()?;
        self.selection.take_read(shaders, |_| true);
        Ok(())
    }

    /// Reads the shaders in use again, with the activations of `program`, and takes over those whose source
    /// has changed. If one is faulty, nothing changes.
    ///
    /// # Errors
    /// Those of [`Lowering::lower`].
    pub fn renew(&mut self, program: &Program) -> Result<()> {
        let (library, capabilities) = (self.selection.library(), self.selection.capabilities());
        let mut used = HashMap::new();
        for (key, mut one) in self.used.clone() {
            let key = or_newer(key, program);
            let shader = read(&key, one.kernel, library, capabilities)?;
            if shader.text != one.shader.text {
                one.shader = Rc::new(shader);
            }
            used.insert(key, one);
        }
        let read = used.iter().map(|(key, one)| (key.clone(), Rc::clone(&one.shader)));
        // Shaders that are not in use may be out of date.
        self.selection.take_read(read.collect::<Vec<_>>(), |_| false);
        self.used = used;
        Ok(())
    }

    /// Which shaders programs use, in a fixed order. If a kernel is used with several settings, each
    /// lists the shape classes that it is used for.
    #[must_use]
    pub fn records(&self) -> Vec<ShaderRecord> {
        let place = |key: &ShaderKey| (key.kernel, key.activation);
        let record = |(key, Used { shader, classes, .. }): (&ShaderKey, &Used)| {
            let several = self.used.keys().filter(|other| place(other) == place(key)).count() > 1;
            let shapes = classes.iter().filter(|_| several);
            ShaderRecord {
                kernel: shader.contract.name.to_owned(),
                variant: shader.variant.clone(),
                activation: shader.activation.map(|known| known.name().to_owned()),
                tunables: shader.tuned(),
                shapes: shapes.map(ShapeClass::to_string).collect(),
                sha256: shader.hash(),
            }
        };
        let mut records: Vec<_> = self.used.iter().map(record).collect();
        records.sort();
        records
    }
}
