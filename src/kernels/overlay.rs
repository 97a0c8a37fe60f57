//! A user's folder laid over the shipped shaders. It has the same layout as theirs:
//! `<kernel>/<variant>.wgsl`, `activations/<name>.wgsl` and `shared/<name>.wgsl`.

use super::composition::{self, SHARED};
use crate::error::{Error, Result, unknown};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the activations, next to those of the kernels.
pub(super) const ACTIVATIONS: &str = "activations";

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    pub(super) folder: PathBuf,
}

impl Overlay {
    /// # Errors
    /// [`Error::File`] when the folder cannot be read; [`Error::Config`] when a subfolder does not belong
    /// to a kernel, or a shared file is one that no variant shares.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        for name in names_in(folder)? {
            let inside = folder.join(&name);
            let is_kernels = ![ACTIVATIONS, composition::FOLDER].contains(&name.as_str());
            if inside.is_dir() && is_kernels {
                super::find(&name).map_err(|error| {
                    Error::Config(format!("the folder {}: {error}", inside.display()))
                })?;
            }
        }
        let overlay = Self { folder: folder.to_owned() };
        let known: Vec<_> = SHARED.iter().map(|shared| shared.variant).collect();
        for name in overlay.names(composition::FOLDER)? {
            if !known.contains(&name.as_str()) {
                let place = folder.join(composition::FOLDER);
                let complaint = format!(
                    "the folder {}: no variant shares a file called {name}",
                    place.display()
                );
                return Err(Error::Config(unknown(&complaint, &name, &known, "")));
            }
        }
        Ok(overlay)
    }

    /// The file with this name in one of its folders, if there is one.
    pub(super) fn file(&self, place: &str, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(place).join(format!("{name}.wgsl"));
        path.is_file().then_some(path)
    }

    /// The names of the files in one of its folders, sorted; none if there is no such folder.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read.
    pub(super) fn names(&self, place: &str) -> Result<Vec<String>> {
        let folder = self.folder.join(place);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let names = names_in(&folder)?.into_iter();
        Ok(names.filter_map(|name| name.strip_suffix(".wgsl").map(str::to_owned)).collect())
    }
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
