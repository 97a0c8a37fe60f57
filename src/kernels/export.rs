//! Exporting the shipped shaders, to be changed and laid over.

use super::activation::Activation;
use super::overlay::ACTIVATIONS;
use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

/// Writes all shipped shaders into `folder`, in the layout of an overlay, each with what it shares, so
/// that a changed file needs no other. Returns their number.
///
/// # Errors
/// [`Error::Config`] when a file already exists, [`Error::File`] when one cannot be written.
pub fn export(folder: &Path) -> Result<usize> {
    let kernels = super::ALL.into_iter().flat_map(|kernel| {
        let shaders = kernel.shaders.iter();
        shaders.map(|source| (kernel.name(), source.variant, source.composed()))
    });
    let activations = Activation::ALL.into_iter();
    let activations = activations.map(|one| (ACTIVATIONS, one.name(), one.shader().to_owned()));
    let path = |place: &str, name: &str| folder.join(place).join(format!("{name}.wgsl"));
    let all: Vec<_> = kernels.chain(activations).collect();
    let mut paths = all.iter().map(|(place, name, _)| path(place, name));
    if let Some(known) = paths.find(|path| path.exists()) {
        return Err(Error::Config(format!(
            "{} already exists; name an empty or new folder, so that nothing of yours is overwritten",
            known.display()
        )));
    }
    for (place, name, text) in &all {
        let (parent, path) = (folder.join(place), path(place, name));
        fs::create_dir_all(&parent).map_err(|error| Error::file("create", &parent, error))?;
        fs::write(&path, text).map_err(|error| Error::file("write", &path, error))?;
    }
    Ok(all.len())
}
