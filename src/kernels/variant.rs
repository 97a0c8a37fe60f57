//! Variants of a kernel, and where each is read from.

use super::composition::Part;
use super::kernel::{Kernel, Source};
use crate::error::{Error, Result, unknown};
use crate::files;
use std::path::{Path, PathBuf};

/// A variant of a kernel.
#[derive(Clone, Debug)]
pub enum Variant {
    /// One that ships with the crate.
    Shipped(&'static Source),
    /// A file of the user's folder, chosen by its name there.
    Overlay(PathBuf),
    /// A file chosen by its path.
    File(PathBuf),
}

/// Renamed variants: the kernel, the old name and the new one.
const RENAMED: [(&str, &str, &str); 3] = [
    ("bias_backward", "subgroup", "simd8"),
    ("batch_norm_forward", "subgroup", "simd8"),
    ("batch_norm_backward", "subgroup", "simd8"),
];

impl Variant {
    /// The user's file that it is read from; none for a shipped one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Shipped(_) => None,
            Self::Overlay(path) | Self::File(path) => Some(path),
        }
    }

    /// Its own source.
    ///
    /// # Errors
    /// [`Error::File`] when its file cannot be read.
    pub fn part(&self, kernel: &Kernel) -> Result<Part> {
        match self {
            Self::Shipped(source) => Ok(Part::shipped(kernel.name(), source.variant, source.text)),
            Self::Overlay(path) | Self::File(path) => part(path),
        }
    }
}

/// The source in a user's file.
///
/// # Errors
/// [`Error::File`] when it cannot be read.
pub(super) fn part(path: &Path) -> Result<Part> {
    let text = files::read_text(path).map_err(|error| Error::file("read", path, error))?;
    Ok(Part { place: path.display().to_string(), text: text.into(), ships: false })
}

/// Whether a variant's name is a file.
pub(super) fn is_file(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "wgsl")
}

/// The error for a variant that a kernel has neither shipped nor in `folder`.
pub(super) fn missing(kernel: &Kernel, variant: &str, folder: Option<&Path>) -> Error {
    let name = kernel.name();
    let renamed = RENAMED.into_iter().find(|(of, old, _)| (*of, *old) == (name, variant));
    if let Some((_, _, new)) = renamed {
        return Error::Config(format!("the variant {variant} of {name} is now called {new}"));
    }
    let known: Vec<_> = kernel.shaders.iter().map(|source| source.variant).collect();
    let folder = match folder {
        Some(folder) => format!(", and none in {}", folder.join(name).display()),
        None => String::new(),
    };
    Error::Config(unknown(&format!("{name} has no variant {variant}"), variant, &known, &folder))
}
