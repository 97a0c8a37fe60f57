//! Which setting of a kernel a dispatch uses: the user's, that of its target, or the kernel's default; where
//! the default would need too many workgroups for its sizes, a variant that fits.

use super::activation::Activation;
use super::capabilities::AdapterCapabilities;
use super::contract::Sizes;
use super::kernel::Kernel;
use super::library::Library;
use super::precision::Precision;
use super::setting::{Setting, Settings, Target};
use super::shader::{MAX_WORKGROUPS, Shader};
use crate::error::{Error, Result};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What a shader is composed of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShaderKey {
    /// The kernel's name.
    pub kernel: &'static str,
    /// The activation; none where the kernel has none.
    pub activation: Option<Activation>,
    /// The variant and its tunables.
    pub setting: Setting,
}

impl ShaderKey {
    /// The key of a kernel's shader, with the activation if it has one.
    #[must_use]
    pub fn of(kernel: &Kernel, activation: Activation, setting: Setting) -> Self {
        let activation = kernel.contract.activation.then_some(activation);
        Self { kernel: kernel.name(), activation, setting }
    }
}

/// The setting that a kernel runs with at given sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The setting.
    pub setting: Setting,
    /// A sentence about why it is not the kernel's default; none where it is.
    pub instead: Option<String>,
}

/// The shaders of a library on an adapter, and the choices made among them.
#[derive(Clone, Debug)]
pub struct Selection {
    capabilities: AdapterCapabilities,
    library: Library,
    /// Settings that dispatches use instead of their kernel's default.
    settings: Settings,
    /// The variants found for kernels so far: finding one reads its shader.
    variants: RefCell<HashMap<&'static str, String>>,
    /// The shaders read so far.
    read: RefCell<HashMap<ShaderKey, Rc<Shader>>>,
}

impl Selection {
    /// The shipped shaders, with nothing chosen.
    #[must_use]
    pub fn new(capabilities: AdapterCapabilities) -> Self {
        let (library, settings) = (Library::default(), Settings::default());
        let (variants, read) = (RefCell::default(), RefCell::default());
        Self { capabilities, library, settings, variants, read }
    }

    /// What the adapter is capable of.
    #[must_use]
    pub fn capabilities(&self) -> &AdapterCapabilities {
        &self.capabilities
    }

    /// The shaders to choose from.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Uses the shaders of `library` from now on.
    pub fn use_library(&mut self, library: Library) {
        self.library = library;
        self.variants.get_mut().clear();
        self.read.get_mut().clear();
    }

    /// A shader as it was when the library first read it.
    ///
    /// # Errors
    /// As [`Library::set_shader`].
    pub fn shader(
        &self,
        kernel: &'static Kernel,
        activation: Activation,
        setting: &Setting,
    ) -> Result<Rc<Shader>> {
        let key = ShaderKey::of(kernel, activation, setting.clone());
        if let Some(known) = self.read.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let shader = Rc::new(self.library.set_shader(kernel, setting, activation)?);
        self.read.borrow_mut().insert(key, Rc::clone(&shader));
        Ok(shader)
    }

    /// Whether a shader was read before.
    #[must_use]
    pub fn has_read(&self, key: &ShaderKey) -> bool {
        self.read.borrow().contains_key(key)
    }

    /// Uses these shaders from now on, and keeps only those read before that `keeps` accepts.
    pub fn take_read(
        &mut self,
        shaders: impl IntoIterator<Item = (ShaderKey, Rc<Shader>)>,
        keeps: impl Fn(&ShaderKey) -> bool,
    ) {
        self.read.get_mut().retain(|key, _| keeps(key));
        self.read.get_mut().extend(shaders);
    }

    /// The settings that dispatches use instead of their kernel's default.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Gives dispatches these settings from now on, unless the user has chosen one for the kernel; the
    /// others use their kernel's default.
    pub fn use_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Uses this variant of a kernel from now on.
    ///
    /// # Errors
    /// [`Error::Config`] when the kernel has no such variant or the adapter cannot run it.
    pub fn choose_variant(&mut self, kernel: &'static Kernel, variant: &str) -> Result<()> {
        self.library.choose_variant(kernel, variant)?;
        self.variants.get_mut().remove(kernel.name());
        self.variant(kernel).map(|_| ())
    }

    /// Uses this setting of a kernel from now on, for all shapes.
    ///
    /// # Errors
    /// As [`Selection::choose_variant`], and when a tunable or its value is not offered.
    pub fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()> {
        self.library.choose_setting(kernel, setting)?;
        self.variants.get_mut().insert(kernel.name(), setting.variant.clone());
        Ok(())
    }

    /// Why the adapter cannot run a variant of a kernel, or nothing if it can.
    ///
    /// # Errors
    /// As [`Library::shader`].
    pub fn lacks(&self, kernel: &'static Kernel, variant: &str) -> Result<Option<String>> {
        let shader = self.as_set(kernel, variant, Activation::default())?;
        Ok(self.capabilities.lacks(&shader))
    }

    /// A variant with the tunables that the user has set.
    fn as_set(
        &self,
        kernel: &'static Kernel,
        variant: &str,
        activation: Activation,
    ) -> Result<Rc<Shader>> {
        self.shader(kernel, activation, &self.library.setting(kernel, variant)?)
    }

    /// The variant of a kernel that programs use: the one that was chosen, or the [usual](Self::usual) one.
    ///
    /// # Errors
    /// As [`Selection::usual`]; [`Error::Config`] when the adapter cannot run the chosen one.
    pub fn variant(&self, kernel: &'static Kernel) -> Result<String> {
        self.variant_with(kernel, Activation::default())
    }

    /// The same, reading the shader with an activation that it is needed with anyway.
    fn variant_with(&self, kernel: &'static Kernel, activation: Activation) -> Result<String> {
        if let Some(known) = self.variants.borrow().get(kernel.name()) {
            return Ok(known.clone());
        }
        let found = match self.library.chosen(kernel) {
            Some(chosen) => {
                let shader = self.as_set(kernel, &chosen, activation)?;
                self.capabilities.allow(&shader).map(|()| chosen)
            }
            None => self.usual(kernel, activation, None),
        }?;
        self.variants.borrow_mut().insert(kernel.name(), found.clone());
        Ok(found)
    }

    /// The variant of a kernel that programs use where none was chosen: of the shipped ones that can
    /// run, the last that is not passed over; one of mixed precision if the adapter is opened for it and
    /// the kernel has one. With `sizes`, one that does not need too many workgroups for them.
    ///
    /// # Errors
    /// As [`Library::shader`]; [`Error::Device`] when none can run, [`Error::Config`] when none can in
    /// mixed precision.
    pub fn usual(
        &self,
        kernel: &'static Kernel,
        activation: Activation,
        sizes: Option<&Sizes>,
    ) -> Result<String> {
        let lacks = |shader: &Shader| {
            let misfit = || sizes.and_then(|sizes| shader.misfit(sizes));
            self.capabilities.lacks(shader).or_else(misfit)
        };
        let precision = self.capabilities.cooperative.precision();
        let (mut reasons, mut passed_over, mut mixed) = (Vec::new(), None, false);
        for source in kernel.shaders.iter().rev() {
            let shader = self.as_set(kernel, source.variant, activation)?;
            match (lacks(&shader), self.capabilities.passes_over(&shader)) {
                // Mixed precision does not fall back to f32.
                (None, _) if mixed && shader.precision() == Precision::F32 => break,
                (None, None) => return Ok(shader.variant.clone()),
                (None, Some(_)) => passed_over = passed_over.or(Some(shader.variant.clone())),
                (Some(reason), _) => {
                    mixed |= precision == Precision::Mixed && shader.precision() == precision;
                    reasons.push(format!("{}: {reason}", source.variant));
                }
            }
        }
        passed_over.ok_or_else(|| {
            let reasons = reasons.join("; ");
            let none =
                format!("the adapter cannot run any variant of {} ({reasons})", kernel.name());
            match precision {
                Precision::F32 => Error::Device(none),
                Precision::Mixed => Error::Config(format!("--precision mixed: {none}")),
            }
        })
    }

    /// The setting that a kernel's dispatches use if no other is set and it fits their sizes.
    ///
    /// # Errors
    /// As [`Selection::variant`].
    pub fn default_setting(&self, kernel: &'static Kernel) -> Result<Setting> {
        self.library.setting(kernel, &self.variant(kernel)?)
    }

    /// The setting that a kernel runs with at these sizes: its default, or where that would need too many
    /// workgroups, the best variant that fits.
    ///
    /// # Errors
    /// [`Error::Shape`] when the default is the user's choice and does not fit, with a variant that does;
    /// or when none does. As [`Selection::variant`].
    pub fn choice(&self, kernel: &'static Kernel, sizes: &Sizes) -> Result<Choice> {
        self.choice_with(kernel, Activation::default(), sizes)
    }

    /// The same, reading the shader with an activation that it is needed with anyway.
    fn choice_with(
        &self,
        kernel: &'static Kernel,
        activation: Activation,
        sizes: &Sizes,
    ) -> Result<Choice> {
        let setting = self.library.setting(kernel, &self.variant_with(kernel, activation)?)?;
        let Some(misfit) = self.misfit(kernel, &setting, sizes)? else {
            return Ok(Choice { setting, instead: None });
        };
        let name = kernel.name();
        let Ok(fitting) = self.usual(kernel, activation, Some(sizes)) else {
            return Err(Error::Shape(format!(
                "{misfit}, and no other variant of {name} that this adapter can run needs fewer: use \
                 smaller layers or a smaller batch"
            )));
        };
        if self.library.chosen(kernel).is_some() {
            return Err(Error::Shape(format!(
                "{misfit}: choose {fitting}, which fits (--variant {name}={fitting}), or use smaller \
                 layers or a smaller batch"
            )));
        }
        let setting = self.library.setting(kernel, &fitting)?;
        Ok(Choice { setting, instead: Some(misfit) })
    }

    /// Why a setting of a kernel cannot run at these sizes, or nothing if it can.
    ///
    /// # Errors
    /// As [`Library::set_shader`].
    pub fn misfit(
        &self,
        kernel: &'static Kernel,
        setting: &Setting,
        sizes: &Sizes,
    ) -> Result<Option<String>> {
        // With so few items no shader needs too many workgroups, whatever each covers: none need be read.
        let few = |items: usize| items <= MAX_WORKGROUPS as usize;
        if few(sizes.replicas)
            && kernel.contract.grid.iter().all(|axis| few(axis.workgroups(sizes, 1)))
        {
            return Ok(None);
        }
        let shader = self.shader(kernel, Activation::default(), setting)?;
        Ok(shader.misfit(sizes))
    }

    /// The setting that dispatches of a kernel with an activation use at these sizes: the user's, that of
    /// their target, or the kernel's [`choice`](Self::choice).
    ///
    /// # Errors
    /// As [`Selection::choice`].
    pub fn setting(
        &self,
        kernel: &'static Kernel,
        activation: Activation,
        sizes: &Sizes,
    ) -> Result<Setting> {
        if !self.settings.is_empty() && !self.library.is_own(kernel) {
            let target = Target::of(&kernel.contract, activation, sizes);
            // It was found for another size of the class and may not fit this one.
            if let Some(setting) = self.settings.get(&target)
                && self.misfit(kernel, setting, sizes)?.is_none()
            {
                return Ok(setting.clone());
            }
        }
        self.choice_with(kernel, activation, sizes).map(|choice| choice.setting)
    }

    /// Whether a fused kernel may replace these: none of them is changed by the user, whose shader must
    /// take effect; and the fused kernel uses the same variant as the first of them, since it would be
    /// slower otherwise, unless the user has chosen it.
    ///
    /// # Errors
    /// As [`Selection::variant`].
    pub fn may_replace(&self, kernel: &'static Kernel, parts: &[&'static Kernel]) -> Result<bool> {
        if !self.library.fuses() || parts.iter().any(|part| self.library.is_own(part)) {
            return Ok(false);
        }
        Ok(self.library.is_own(kernel) || self.variant(kernel)? == self.variant(parts[0])?)
    }
}
