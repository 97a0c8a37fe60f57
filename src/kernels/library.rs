//! The shaders that programs are built from: those that ship with the crate, with a folder of the
//! user's laid over them.
//!
//! The folder has the layout of the project's own: `<kernel>/<variant>.wgsl` and
//! `activations/<name>.wgsl`. A file with a shipped name stands in for the shipped text. Any other file
//! of a kernel is one more variant, used when it is chosen by name; any other activation is used when its
//! file is chosen.

use super::activation::Activation;
use super::kernel::Kernel;
use super::setting::Setting;
use super::shader::Shader;
use super::tunable;
use crate::error::{Error, Result, unknown};
use crate::files::sha256;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the activations, beside those of the kernels.
const ACTIVATIONS: &str = "activations";

/// Shipped variants that had another name once: kernel, that name, and the one they have.
const RENAMED: [(&str, &str, &str); 3] = [
    ("bias_backward", "subgroup", "simd8"),
    ("batch_norm_forward", "subgroup", "simd8"),
    ("batch_norm_backward", "subgroup", "simd8"),
];

/// What was chosen for a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    /// The variant with this name.
    Named(String),
    /// The shader in this file.
    File(PathBuf),
}

/// All shaders, and which variants were chosen.
#[derive(Clone, Debug, Default)]
pub struct Library {
    folder: Option<PathBuf>,
    chosen: BTreeMap<&'static str, Choice>,
    /// Values of tunables by kernel and name.
    tuned: BTreeMap<&'static str, BTreeMap<String, u32>>,
    /// Whether every kernel is a dispatch of its own.
    unfused: bool,
}

impl Library {
    /// The shipped shaders with `folder` laid over them.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read; [`Error::Config`] when it has a subfolder that
    /// is no kernel's.
    pub fn over(folder: &Path) -> Result<Self> {
        for name in names_in(folder)? {
            let inside = folder.join(&name);
            if inside.is_dir() && name != ACTIVATIONS {
                super::find(&name).map_err(|error| {
                    Error::Config(format!("the folder {}: {error}", inside.display()))
                })?;
            }
        }
        Ok(Self { folder: Some(folder.to_owned()), ..Self::default() })
    }

    /// Whether anything but the shipped shaders and their usual variants is asked for.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.folder.is_some() || !self.chosen.is_empty() || !self.tuned.is_empty()
    }

    /// Whether anything of the user's stands in for a kernel's shipped shaders: a choice, a tunable, or
    /// a file.
    #[must_use]
    pub fn is_own(&self, kernel: &Kernel) -> bool {
        let name = kernel.name();
        let has_file =
            |folder: &PathBuf| wgsl_in(&folder.join(name)).is_ok_and(|files| !files.is_empty());
        self.chosen.contains_key(name)
            || self.tuned.contains_key(name)
            || self.folder.as_ref().is_some_and(has_file)
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
        let choice = if is_file(variant) {
            Choice::File(PathBuf::from(variant))
        } else {
            Choice::Named(variant.to_owned())
        };
        self.chosen.insert(kernel.name(), choice);
        // What cannot be used is said before anything runs.
        self.text(kernel, variant).map(|_| ())
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
            let (place, text) = self.text(kernel, variant)?;
            let tried = tunable::set(&text, name, value);
            refused.extend(tried.err().map(|reason| format!("{place}: {reason}")));
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
        self.set_text(kernel, setting)?;
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
            let (_, text) = self.text(kernel, variant)?;
            let has = |name: &str, value| tunable::set(&text, name, value).is_ok();
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
            let (_, text) = self.text(kernel, &variant)?;
            all.push_str(&format!("\n{variant}\n{text}"));
        }
        if kernel.contract.activation {
            all.push_str(&self.activation(activation)?);
        }
        Ok(sha256(all.as_bytes()))
    }

    /// The variant that was chosen for a kernel, if one was.
    #[must_use]
    pub fn chosen(&self, kernel: &Kernel) -> Option<String> {
        Some(match self.chosen.get(kernel.name())? {
            Choice::Named(name) => name.clone(),
            Choice::File(path) => path.display().to_string(),
        })
    }

    /// The folder and the files of the user's that shaders are read from.
    #[must_use]
    pub fn places(&self) -> Vec<PathBuf> {
        let file = |choice: &Choice| match choice {
            Choice::Named(_) => None,
            Choice::File(path) => Some(path.clone()),
        };
        self.folder.iter().cloned().chain(self.chosen.values().filter_map(file)).collect()
    }

    /// All variants of a kernel: the shipped ones, from the plainest to the fastest, then those that
    /// only the folder has, then a file that was chosen.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be read.
    pub fn variants(&self, kernel: &Kernel) -> Result<Vec<String>> {
        let mut names: Vec<_> =
            kernel.shaders.iter().map(|source| source.variant.to_owned()).collect();
        if let Some(folder) = &self.folder {
            let own = wgsl_in(&folder.join(kernel.name()))?;
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
        let (place, text) = self.set_text(kernel, setting)?;
        let functions = self.activation(activation)?;
        let parsed = Shader::parse(
            &kernel.contract,
            (&setting.variant, &place),
            &text,
            (activation, &functions),
        )?;
        let own_activation = kernel.contract.activation && matches!(functions, Cow::Owned(_))
            || matches!(activation, Activation::Own(_));
        let ships = self.own_file(kernel, &setting.variant).is_none() && !own_activation;
        Ok(Shader { ships, ..parsed })
    }

    /// Where a setting's variant stands, for messages, and its text with the tunables set.
    fn set_text(&self, kernel: &Kernel, setting: &Setting) -> Result<(String, Cow<'static, str>)> {
        let (place, mut text) = self.text(kernel, &setting.variant)?;
        for (name, &value) in &setting.tunables {
            let set = tunable::set(&text, name, value);
            text = Cow::Owned(set.map_err(|why| Error::Config(format!("{place}: {why}")))?);
        }
        Ok((place, text))
    }

    /// Where a variant stands, for messages, and its text.
    fn text(&self, kernel: &Kernel, variant: &str) -> Result<(String, Cow<'static, str>)> {
        if let Some(path) = self.own_file(kernel, variant) {
            return Ok((path.display().to_string(), Cow::Owned(read(&path)?)));
        }
        let shipped = kernel.shaders.iter().find(|source| source.variant == variant);
        let place = format!("shaders/{}/{variant}.wgsl", kernel.name());
        shipped.map(|source| (place, Cow::Borrowed(source.text))).ok_or_else(|| {
            let known: Vec<_> = kernel.shaders.iter().map(|source| source.variant).collect();
            let folder = match &self.folder {
                Some(folder) => format!(", and none in {}", folder.join(kernel.name()).display()),
                None => String::new(),
            };
            let name = kernel.name();
            let renamed = RENAMED.into_iter().find(|(of, old, _)| (*of, *old) == (name, variant));
            if let Some((_, _, new)) = renamed {
                return Error::Config(format!(
                    "the variant {variant} of {name} is called {new} now"
                ));
            }
            let complaint = format!("{name} has no variant {variant}");
            Error::Config(unknown(&complaint, variant, &known, &folder))
        })
    }

    /// What the user's files make of a variant: the text of its own file and, where the kernel has an
    /// activation, the texts of those that the folder has. None where no such file is there.
    #[must_use]
    pub fn own_text(&self, kernel: &Kernel, variant: &str) -> Option<Vec<u8>> {
        let mut text = fs::read(self.own_file(kernel, variant)?).ok()?;
        let folder = self.folder.as_ref().filter(|_| kernel.contract.activation);
        if let Some(folder) = folder.map(|folder| folder.join(ACTIVATIONS)) {
            for name in wgsl_in(&folder).unwrap_or_default() {
                text.extend(fs::read(folder.join(format!("{name}.wgsl"))).unwrap_or_default());
            }
        }
        Some(text)
    }

    /// The user's file that a variant is read from; none where it is a shipped text, or nothing.
    fn own_file(&self, kernel: &Kernel, variant: &str) -> Option<PathBuf> {
        // A file counts whether it is the one chosen now or not: `check` tries all variants in turn.
        if is_file(variant) {
            return Some(PathBuf::from(variant));
        }
        self.overlaid(kernel.name(), variant)
    }

    /// The functions of an activation.
    fn activation(&self, activation: Activation) -> Result<Cow<'static, str>> {
        let own = matches!(activation, Activation::Own(_));
        match self.overlaid(ACTIVATIONS, activation.name()) {
            // A file that was named stands for itself.
            Some(path) if !own => Ok(Cow::Owned(read(&path)?)),
            _ => Ok(Cow::Borrowed(activation.shader())),
        }
    }

    /// Whether the user's folder has a file that stands in for a shipped activation.
    #[must_use]
    pub fn overlays(&self, activation: Activation) -> bool {
        self.overlaid(ACTIVATIONS, activation.name()).is_some()
    }

    /// The file of the user's folder that stands in for a shader, if there is one.
    fn overlaid(&self, place: &str, name: &str) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join(place).join(format!("{name}.wgsl"));
        path.is_file().then_some(path)
    }

    /// Writes all shipped shaders into `folder`, in the layout in which they are laid over.
    ///
    /// # Errors
    /// [`Error::Config`] when a file is there already, [`Error::File`] when one cannot be written.
    pub fn export(folder: &Path) -> Result<usize> {
        let kernels = super::ALL.into_iter().flat_map(|kernel| {
            kernel.shaders.iter().map(|source| (kernel.name(), source.variant, source.text))
        });
        let activations =
            Activation::ALL.into_iter().map(|one| (ACTIVATIONS, one.name(), one.shader()));
        let all: Vec<_> = kernels.chain(activations).collect();
        let path = |place: &str, name: &str| folder.join(place).join(format!("{name}.wgsl"));
        if let Some((place, name, _)) =
            all.iter().find(|(place, name, _)| path(place, name).exists())
        {
            return Err(Error::Config(format!(
                "{} is there already; name an empty or new folder, so that nothing of yours is \
                 overwritten",
                path(place, name).display()
            )));
        }
        for (place, name, text) in &all {
            let (parent, path) = (folder.join(place), path(place, name));
            fs::create_dir_all(&parent).map_err(|error| Error::file("create", &parent, error))?;
            fs::write(&path, text).map_err(|error| Error::file("write", &path, error))?;
        }
        Ok(all.len())
    }
}

/// Whether a variant is named by its file.
fn is_file(variant: &str) -> bool {
    Path::new(variant).extension().is_some_and(|end| end == "wgsl")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::file("read", path, error))
}

/// The names in a folder, sorted.
fn names_in(folder: &Path) -> Result<Vec<String>> {
    let failed = |error| Error::file("read", folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The shaders in a folder by name, sorted; none where there is no such folder.
fn wgsl_in(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let names = names_in(folder)?.into_iter();
    Ok(names.filter_map(|name| name.strip_suffix(".wgsl").map(str::to_owned)).collect())
}
