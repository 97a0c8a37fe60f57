//! The shaders that programs are built from: those that ship with the crate, with a user's folder
//! laid over them, and the choices made among them.
//!
//! A file with a shipped name replaces the shipped one. Any other file of a kernel is an additional variant,
//! used when it is chosen by name; any other activation is used when its file is chosen.

use super::activation::Activation;
use super::composition::{self, Composition, Part, SHARED, shares};
use super::formula::Formula;
use super::kernel::{Kernel, Source};
use super::overlay::{ACTIVATIONS, Overlay};
use super::setting::Setting;
use super::shader::Shader;
use super::variant::{self, Variant};
use crate::error::{Error, Result, unknown};
use crate::files::{self, sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All shaders, and which variants are chosen.
#[derive(Clone, Debug, Default)]
pub struct Library {
    overlay: Option<Overlay>,
    /// The chosen variants by kernel: a name, or a file.
    chosen: BTreeMap<&'static str, String>,
    /// Values of tunables by kernel and name.
    tuned: BTreeMap<&'static str, BTreeMap<String, u32>>,
    /// Whether every kernel gets its own dispatch.
    unfused: bool,
}

impl Library {
    /// The shipped shaders with `folder` laid over them.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read; [`Error::Config`] when a subfolder does not
    /// belong to a kernel, or a shared file is one that no variant shares.
    pub fn over(folder: &Path) -> Result<Self> {
        Ok(Self { overlay: Some(Overlay::open(folder)?), ..Self::default() })
    }

    /// Whether anything but the shipped shaders and their usual variants is requested.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.overlay.is_some() || !self.chosen.is_empty() || !self.tuned.is_empty()
    }

    /// Whether the user has changed anything about a kernel's shipped shaders: a choice, a tunable, a
    /// file, or one that its variants share.
    #[must_use]
    pub fn is_own(&self, kernel: &Kernel) -> bool {
        let name = kernel.name();
        let mut shared = kernel.shaders.iter().flat_map(|source| shares(source.text));
        let has_file = |overlay: &Overlay| overlay.names(name).is_ok_and(|files| !files.is_empty());
        self.chosen.contains_key(name)
            || self.tuned.contains_key(name)
            || self.overlay.as_ref().is_some_and(has_file)
            || shared.any(|name| self.overlaid(composition::FOLDER, name).is_some())
    }

    /// Whether a fused kernel may replace several others.
    #[must_use]
    pub fn fuses(&self) -> bool {
        !self.unfused
    }

    /// The same shaders, with a separate dispatch for every kernel.
    #[must_use]
    pub fn unfused(self) -> Self {
        Self { unfused: true, ..self }
    }

    /// Chooses the variant of a kernel: `KERNEL=NAME`, or `KERNEL=PATH.wgsl` for a file anywhere.
    ///
    /// # Errors
    /// [`Error::Config`] when it has another form, or names an unknown kernel or variant.
    pub fn choose(&mut self, choice: &str) -> Result<()> {
        let (kernel, variant) = choice.split_once('=').ok_or_else(|| {
            Error::Config(format!("--variant {choice}: expected KERNEL=NAME or KERNEL=PATH.wgsl"))
        })?;
        self.choose_variant(super::find(kernel)?, variant)
    }

    /// Chooses the variant of a kernel by its name or file.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no such variant, [`Error::File`] when its file cannot be read.
    pub fn choose_variant(&mut self, kernel: &'static Kernel, variant: &str) -> Result<()> {
        self.chosen.insert(kernel.name(), variant.to_owned());
        // Report what cannot be used before anything runs.
        self.texts(kernel, variant).map(|_| ())
    }

    /// Sets a tunable: `KERNEL.NAME=VALUE`. It applies to the kernel's chosen variant or, if none is
    /// chosen, to all that have it.
    ///
    /// # Errors
    /// [`Error::Config`] when it has another form, or names an unknown kernel, tunable or value.
    pub fn tune(&mut self, setting: &str) -> Result<()> {
        let form = || {
            Error::Config(format!(
                "--tunable {setting}: expected KERNEL.NAME=VALUE, e.g. sgd.TILE=64"
            ))
        };
        let (place, value) = setting.split_once('=').ok_or_else(form)?;
        let (kernel, name) = place.split_once('.').ok_or_else(form)?;
        let value = value.parse().map_err(|_| form())?;
        let kernel = super::find(kernel)?;
        let variants = match self.chosen(kernel) {
            Some(chosen) => vec![chosen],
            None => self.variants(kernel)?,
        };
        let mut refused = Vec::new();
        for variant in &variants {
            let tried = self.texts(kernel, variant)?.set(name, value);
            refused.extend(tried.err().map(|reason| reason.to_string()));
        }
        if refused.len() == variants.len() {
            return Err(Error::Config(format!("--tunable {setting}: {}", refused.join("; "))));
        }
        self.tuned.entry(kernel.name()).or_default().insert(name.to_owned(), value);
        Ok(())
    }

    /// Chooses a setting of a kernel, replacing any earlier choice.
    ///
    /// # Errors
    /// As [`Library::choose_variant`]; [`Error::Config`] where a tunable or its value is not offered.
    pub fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()> {
        self.choose_variant(kernel, &setting.variant)?;
        self.set_texts(kernel, setting)?;
        self.tuned.insert(kernel.name(), setting.tunables.clone());
        Ok(())
    }

    /// A variant with those tunables set by the user that it has.
    ///
    /// # Errors
    /// As [`Library::shader`].
    pub fn setting(&self, kernel: &Kernel, variant: &str) -> Result<Setting> {
        let mut setting = Setting::of(variant);
        if let Some(tuned) = self.tuned.get(kernel.name()) {
            let texts = self.texts(kernel, variant)?;
            let has = |name: &str, value| texts.clone().set(name, value).is_ok();
            setting.tunables.extend(tuned.clone());
            setting.tunables.retain(|name, value| has(name, *value));
        }
        Ok(setting)
    }

    /// A hash of everything that the settings of a kernel depend on: the source of its variants, its
    /// activation's, and the version of the crate.
    ///
    /// # Errors
    /// As [`Library::shader`].
    pub fn fingerprint(&self, kernel: &Kernel, activation: Activation) -> Result<String> {
        let mut all = env!("CARGO_PKG_VERSION").to_owned();
        for variant in self.variants(kernel)? {
            let text = self.texts(kernel, &variant)?.text();
            all.push_str(&format!("\n{variant}\n{text}"));
        }
        if kernel.contract.activation {
            all.push_str(&self.activation(activation)?.text);
        }
        Ok(sha256(all.as_bytes()))
    }

    /// The variant that was chosen for a kernel, if any.
    #[must_use]
    pub fn chosen(&self, kernel: &Kernel) -> Option<String> {
        self.chosen.get(kernel.name()).cloned()
    }

    /// The user's folder and files that shaders are read from.
    #[must_use]
    pub fn places(&self) -> Vec<PathBuf> {
        let folder = self.overlay.iter().map(|overlay| overlay.folder.clone());
        let files = self.chosen.values().filter(|name| variant::is_file(name));
        folder.chain(files.map(PathBuf::from)).collect()
    }

    /// All variants of a kernel: the shipped ones, from the plainest to the fastest, then those that
    /// only the folder has, then a file that was chosen.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read.
    pub fn variants(&self, kernel: &Kernel) -> Result<Vec<String>> {
        let mut names: Vec<_> =
            kernel.shaders.iter().map(|source| source.variant.to_owned()).collect();
        if let Some(overlay) = &self.overlay {
            let own = overlay.names(kernel.name())?;
            names.extend(own.into_iter().filter(|name| !kernel.ships(name)));
        }
        names.extend(self.chosen(kernel).filter(|name| !names.contains(name)));
        Ok(names)
    }

    /// A variant of a kernel, read, composed with its activation and checked against its contract.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no such variant, [`Error::File`] when its file cannot be read,
    /// [`Error::Shader`] when it does not fit.
    pub fn shader(
        &self,
        kernel: &'static Kernel,
        variant: &str,
        activation: Activation,
    ) -> Result<Shader> {
        self.set_shader(kernel, &self.setting(kernel, variant)?, activation)
    }

    /// A setting of a kernel, read, composed with its activation and checked against its contract.
    ///
    /// # Errors
    /// As [`Library::shader`]; [`Error::Config`] where a tunable or its value is not offered.
    pub fn set_shader(
        &self,
        kernel: &'static Kernel,
        setting: &Setting,
        activation: Activation,
    ) -> Result<Shader> {
        let texts = self.set_texts(kernel, setting)?;
        let activation = kernel.contract.activation.then_some(activation);
        let texts = match activation {
            Some(activation) => texts.and_activation(self.activation(activation)?)?,
            None => texts,
        };
        Shader::parse(&kernel.contract, &setting.variant, &texts, activation)
    }

    /// The files of a setting, without an activation.
    fn set_texts(&self, kernel: &Kernel, setting: &Setting) -> Result<Composition> {
        let mut texts = self.texts(kernel, &setting.variant)?;
        setting.tunables.iter().try_for_each(|(name, &value)| texts.set(name, value))?;
        Ok(texts)
    }

    /// The files of a variant, without an activation.
    fn texts(&self, kernel: &Kernel, variant: &str) -> Result<Composition> {
        let own = self.find(kernel, variant)?.part(kernel)?;
        let place = own.place.clone();
        Composition::new(own, |name| {
            if let Some(path) = self.overlaid(composition::FOLDER, name) {
                return variant::part(&path);
            }
            let shipped = SHARED.iter().find(|shared| shared.variant == name);
            let part = |one: &Source| Part::shipped(composition::FOLDER, name, one.text);
            shipped.map(part).ok_or_else(|| {
                let known: Vec<_> = SHARED.iter().map(|shared| shared.variant).collect();
                let complaint = format!("{place}: its header shares {name}, which does not exist");
                Error::Shader(unknown(&complaint, name, &known, ""))
            })
        })
    }

    /// The variant with this name, or in this file. A file need not be the one that is chosen: `check`
    /// tries all variants in turn.
    ///
    /// # Errors
    /// [`Error::Config`] when there is none.
    fn find(&self, kernel: &Kernel, variant: &str) -> Result<Variant> {
        if variant::is_file(variant) {
            return Ok(Variant::File(PathBuf::from(variant)));
        }
        if let Some(path) = self.overlaid(kernel.name(), variant) {
            return Ok(Variant::Overlay(path));
        }
        let shipped = kernel.shaders.iter().find(|source| source.variant == variant);
        let folder = self.overlay.as_ref().map(|overlay| overlay.folder.as_path());
        shipped.map(Variant::Shipped).ok_or_else(|| variant::missing(kernel, variant, folder))
    }

    /// All user's files that affect a variant: its own file, the shared files that it uses and, if the kernel
    /// has an activation, the folder's activations. None if there are neither of the first two.
    #[must_use]
    pub fn own_text(&self, kernel: &Kernel, variant: &str) -> Option<Vec<u8>> {
        let found = self.find(kernel, variant).ok()?;
        let mut own = match &found {
            Variant::Shipped(_) => Vec::new(),
            Variant::Overlay(path) | Variant::File(path) => files::read(path).ok()?,
        };
        let header = match &found {
            Variant::Shipped(source) => source.text.to_owned(),
            _ => String::from_utf8_lossy(&own).into_owned(),
        };
        let overlaid = |name| self.overlaid(composition::FOLDER, name);
        let shared: Vec<_> = shares(&header).filter_map(overlaid).collect();
        if found.file().is_none() && shared.is_empty() {
            return None;
        }
        let folder = self.overlay.iter().filter(|_| kernel.contract.activation);
        let activations = folder.flat_map(|overlay| {
            let names = overlay.names(ACTIVATIONS).unwrap_or_default();
            names.into_iter().filter_map(|name| overlay.file(ACTIVATIONS, &name))
        });
        let behind = shared.into_iter().chain(activations);
        own.extend(behind.flat_map(|path| files::read(&path).unwrap_or_default()));
        Some(own)
    }

    /// The functions of an activation.
    fn activation(&self, activation: Activation) -> Result<Part> {
        match (activation, self.overlaid(ACTIVATIONS, activation.name())) {
            // A file that was named is used as it is.
            (Activation::Own(own), _) => {
                let place = own.path().display().to_string();
                Ok(Part { place, text: activation.shader().into(), ships: false })
            }
            (_, Some(path)) => {
                let part = variant::part(&path)?;
                // Its own errors are reported with its own lines, whichever kernel it is for.
                Formula::read(&part.text, &part.place)?;
                Ok(part)
            }
            _ => Ok(Part::shipped(ACTIVATIONS, activation.name(), activation.shader())),
        }
    }

    /// Whether the user's folder has a file that replaces a shipped activation.
    #[must_use]
    pub fn overlays(&self, activation: Activation) -> bool {
        self.overlaid(ACTIVATIONS, activation.name()).is_some()
    }

    /// The file in the user's folder that replaces a shipped file, if any.
    fn overlaid(&self, place: &str, name: &str) -> Option<PathBuf> {
        self.overlay.as_ref()?.file(place, name)
    }
}
