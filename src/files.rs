//! Files that are written whole or not at all, and the folder for caches.

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata, SafeTensorError, TensorInfo, TensorView};
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

/// Writes a file under a temporary name and renames it.
///
/// # Errors
/// The system's own; then nothing of the file remains, and an older one is unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_with(path, |file| file.write_all(bytes))
}

/// [`replace`] with what `write` puts into the file.
///
/// # Errors
/// As there, and those of `write`.
pub fn replace_with(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let temporary = temporary(path);
    let written = File::create(&temporary).and_then(|mut file| write(&mut file));
    let written = written.and_then(|()| fs::rename(&temporary, path));
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

    /// Its elements as f32, where they are.
    #[must_use]
    pub fn to_reals(&self) -> Option<Vec<f32>> {
        let (words, _) = self.bytes.as_chunks();
        let numbers = words.iter().map(|&word| f32::from_le_bytes(word));
        (self.dtype == Dtype::F32).then(|| numbers.collect())
    }

    /// Its elements as u32, where they are.
    #[must_use]
    pub fn to_indices(&self) -> Option<Vec<u32>> {
        let (words, _) = self.bytes.as_chunks();
        let numbers = words.iter().map(|&word| u32::from_le_bytes(word));
        (self.dtype == Dtype::U32).then(|| numbers.collect())
    }

    /// A tensor of u32.
    #[must_use]
    pub fn indices(shape: &[usize], data: &[u32]) -> Self {
        let bytes = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { dtype: Dtype::U32, shape: shape.to_vec(), bytes }
    }
}

/// Writes tensors as a safetensors file, with metadata. Equal tensors and metadata give equal files.
///
/// # Errors
/// As [`replace`].
pub fn write_tensors(
    path: &Path,
    tensors: &BTreeMap<String, TensorBytes>,
    metadata: Option<BTreeMap<String, String>>,
) -> Result<()> {
    let mut ordered: Vec<_> = tensors.iter().collect();
    // Wide elements first, so that all are aligned.
    ordered.sort_by_key(|(_, tensor)| Reverse(tensor.dtype));
    let header = header(&ordered, metadata)?;
    replace_with(path, |file| {
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        ordered.iter().try_for_each(|(_, tensor)| file.write_all(&tensor.bytes))?;
        file.flush()
    })
}

/// The tensors of a safetensors file, and its metadata.
///
/// # Errors
/// As [`read`]; of the kind [`ErrorKind::InvalidData`] where it is no whole safetensors file.
pub fn read_tensors(
    path: &Path,
) -> Result<(BTreeMap<String, TensorBytes>, HashMap<String, String>)> {
    let bytes = read(path)?;
    let damaged = |error: SafeTensorError| Error::new(ErrorKind::InvalidData, error);
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let owned = |(name, view): (&str, TensorView<'_>)| {
        let (shape, bytes) = (view.shape().to_vec(), view.data().to_vec());
        (name.to_owned(), TensorBytes { dtype: view.dtype(), shape, bytes })
    };
    Ok((tensors.iter().map(owned).collect(), metadata.metadata().clone().unwrap_or_default()))
}

/// The header of a safetensors file. The library writes metadata in an order that changes from call to call.
fn header(
    tensors: &[(&String, &TensorBytes)],
    metadata: Option<BTreeMap<String, String>>,
) -> Result<Vec<u8>> {
    let mut end = 0;
    let infos = tensors.iter().map(|(name, TensorBytes { dtype, shape, bytes })| {
        let start = end;
        end += bytes.len();
        let data_offsets = (start, end);
        ((*name).clone(), TensorInfo { dtype: *dtype, shape: shape.clone(), data_offsets })
    });
    let infos = Metadata::new(None, infos.collect()).map_err(Error::other)?;
    let mut header = serde_json::to_string(&infos)?;
    if let Some(metadata) = metadata {
        let comma = if tensors.is_empty() { "" } else { "," };
        let metadata = serde_json::to_string(&metadata)?;
        header.insert_str(1, &format!("\"__metadata__\":{metadata}{comma}"));
    }
    let aligned = header.len().next_multiple_of(8);
    Ok(format!("{header:<aligned$}").into_bytes())
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
