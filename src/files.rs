//! Files that are written whole or not at all, and the folder for caches.

use safetensors::tensor::{Dtype, SafeTensorError, TensorView};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Writes a file under a temporary name and renames it.
///
/// # Errors
/// The system's own; then nothing of the file remains, and an older one is unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary(path);
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report; a file that was not created cannot be removed.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// The bytes of a regular file at an unchecked path. Reading a pipe would block, and a device may never end.
///
/// # Errors
/// The system's own, or that it is not a regular file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    match fs::metadata(path)?.is_file() {
        true => fs::read(path),
        false => Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// The text of a file, as [`read`] reads it.
///
/// # Errors
/// As for [`read`], or that it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|error| Error::new(ErrorKind::InvalidData, error))
}

/// Whether a word is safe as part of a file name on every system.
#[must_use]
pub fn is_name(word: &str) -> bool {
    let leads = |c: char| c.is_control() || matches!(c, '/' | '\\');
    !word.is_empty() && !word.starts_with('.') && !word.contains(leads)
}

/// The folder for caches: `normlab` in `$XDG_CACHE_HOME` where that is set, else in `~/Library/Caches` on macOS, in
/// `%LOCALAPPDATA%` on Windows, and in `~/.cache` elsewhere. None if there is no such place.
#[must_use]
pub fn caches() -> Option<PathBuf> {
    let place = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = || match env::consts::OS {
        "windows" => place("LOCALAPPDATA"),
        "macos" => place("HOME").map(|home| home.join("Library/Caches")),
        _ => place("HOME").map(|home| home.join(".cache")),
    };
    Some(place("XDG_CACHE_HOME").or_else(usual)?.join("normlab"))
}

/// The SHA-256 of bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a safetensors file holds under one name.
#[derive(Clone, Debug)]
pub struct TensorBytes {
    /// Its element type.
    pub dtype: Dtype,
    /// The length of each axis, outermost first.
    pub shape: Vec<usize>,
    /// Its elements, row-major and little-endian.
    pub bytes: Vec<u8>,
}

impl TensorBytes {
    /// A tensor of f32.
    #[must_use]
    pub fn reals(shape: &[usize], data: &[f32]) -> Self {
        let bytes = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    /// A tensor of u32.
    #[must_use]
    pub fn indices(shape: &[usize], data: &[u32]) -> Self {
        let bytes = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { dtype: Dtype::U32, shape: shape.to_vec(), bytes }
    }
}

/// Writes tensors as a safetensors file, with metadata.
///
/// # Errors
/// As [`replace`].
pub fn write_tensors(
    path: &Path,
    tensors: &BTreeMap<String, TensorBytes>,
    metadata: Option<HashMap<String, String>>,
) -> Result<()> {
    let failed = |error: SafeTensorError| Error::other(error);
    let views = tensors.iter().map(|(name, TensorBytes { dtype, shape, bytes })| {
        Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?))
    });
    let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
    replace(path, &safetensors::serialize(views, metadata).map_err(failed)?)
}

/// Checks that a file can be written to `path`, before anything is computed for it.
///
/// # Errors
/// The system's own, or that `path` is a folder.
pub fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::from(ErrorKind::IsADirectory));
    }
    let temporary = temporary(path);
    fs::write(&temporary, [])?;
    fs::remove_file(&temporary)
}

/// A name next to `path` that no other process writes to.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    PathBuf::from(name)
}
