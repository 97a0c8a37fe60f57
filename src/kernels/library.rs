//! The shaders that programs are built from: those that ship with the crate, with a folder of the
//! user's laid over them, and what was chosen among them.
//!
//! A file with a shipped name stands in for the shipped text. Any other file of a kernel is one more variant,
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

/// All shaders, and which variants were chosen.
#[derive(Clone, Debug, Default)]
pub struct Library {
    overlay: Option<Overlay>,
    /// The variants that were chosen, by kernel: a name, or a file.
    chosen: BTreeMap<&'static str, String>,
    /// Values of tunables by kernel and name.
    tuned: BTreeMap<&'static str, BTreeMap<String, u32>>,
    /// Whether every kernel is a dispatch of its own.
    unfused: bool,
}

impl Library {
    /// The shipped shaders with `folder` laid over them.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read; [`Error::Config`] when it has a subfolder that is
    /// no kernel's, or a text among the shared ones that no variant shares.
    pub fn over(folder: &Path) -> Result<Self> {
        Ok(Self { overlay: Some(Overlay::open(folder)?), ..Self::default() })
    }

    /// Whether anything but the shipped shaders and their usual variants is asked for.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.overlay.is_some() || !self.chosen.is_empty() || !self.tuned.is_empty()
    }

    /// Whether anything of the user's stands in for a kernel's shipped shaders: a choice, a tunable, a
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

    /// Whether a kernel that does what several do may stand in for them.
    #[must_use]
    pub fn fuses(&self) -> bool {
        !self.unfused
    }

    /// The same shaders, every kernel a dispatch of its own.
    #[must_use]
    pub fn unfused(self) -> Self {
        Self { unfused: true, ..self }
    }

    /// Chooses the variant of a kernel: `KERNEL=NAME`, or `KERNEL=PATH.wgsl` for a file anywhere.
    ///
    /// # Errors
    /// [`Error::Config`] when it has another form, or names a kernel or variant that is not there.
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
        // What cannot be used is said before anything runs.
        self.texts(kernel, variant).map(|_| ())
    }

    /// Sets a tunable: `KERNEL.NAME=VALUE`. It holds for the kernel's chosen variant, or, where none is
    /// chosen, for all that have it.
    ///
    /// # Errors
    /// [`Error::Config`] when it has another form, or names a kernel, tunable or value that is not there.
    pub fn tune(&mut self, setting: &str) -> Result<()> {
        let form = || {
            Error::Config(format!(
                "--tunable {setting}: expected KERNEL.NAME=VALUE, as sgd.TILE=64"
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

    /// Chooses a setting of a kernel, in place of what was chosen before.
    ///
    /// # Errors
    /// As [`Library::choose_variant`]; [`Error::Config`] where a tunable or its value is not offered.
    pub fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()> {
        self.choose_variant(kernel, &setting.variant)?;
        self.set_texts(kernel, setting)?;
        self.tuned.insert(kernel.name(), setting.tunables.clone());
        Ok(())
    }

    /// A variant with the tunables that the user has set and it has.
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

    /// A hash of all that settings of a kernel choose from: the texts of its variants, with the
    /// activation composed in, and the version of the crate.
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

    /// The variant that was chosen for a kernel, if one was.
    #[must_use]
    pub fn chosen(&self, kernel: &Kernel) -> Option<String> {
        self.chosen.get(kernel.name()).cloned()
    }

    /// The folder and the files of the user's that shaders are read from.
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

    /// A variant of a kernel, read, composed with its activation and held against its contract.
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

    /// A setting of a kernel, read, composed with its activation and held against its contract.
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

    /// The texts of a setting, without an activation.
    fn set_texts(&self, kernel: &Kernel, setting: &Setting) -> Result<Composition> {
        let mut texts = self.texts(kernel, &setting.variant)?;
        setting.tunables.iter().try_for_each(|(name, &value)| texts.set(name, value))?;
        Ok(texts)
    }

    /// The texts of a variant, without an activation.
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
                let complaint = format!("{place}: its header shares {name}, which is not there");
                Error::Shader(unknown(&complaint, name, &known, ""))
            })
        })
    }

    /// The variant with this name, or in this file. A file counts whether it is the one chosen now or not:
    /// `check` tries all variants in turn.
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

    /// What the user's files make of a variant: its own file, those of the folder that it shares, and where
    /// the kernel has an activation, those that the folder has. None where neither of the first is there.
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
            // A file that was named stands for itself.
            (Activation::Own(own), _) => {
                let place = own.path().display().to_string();
                Ok(Part { place, text: activation.shader().into(), ships: false })
            }
            (_, Some(path)) => {
                let part = variant::part(&path)?;
                // What is wrong with it by itself is told by its own lines, whatever kernel is asked for.
                Formula::read(&part.text, &part.place)?;
                Ok(part)
            }
            _ => Ok(Part::shipped(ACTIVATIONS, activation.name(), activation.shader())),
        }
    }

    /// Whether the user's folder has a file that stands in for a shipped activation.
    #[must_use]
    pub fn overlays(&self, activation: Activation) -> bool {
        self.overlaid(ACTIVATIONS, activation.name()).is_some()
    }

    /// The file of the user's folder that stands in for a text, if there is one.
    fn overlaid(&self, place: &str, name: &str) -> Option<PathBuf> {
        self.overlay.as_ref()?.file(place, name)
    }
}
