//! Keeps compiled pipelines from one run to the next in wgpu's pipeline cache: one file for each adapter and
//! driver.
//!
//! A file is written whole or not at all. A damaged file is ignored with a warning, and replaced; a file of
//! another version of this program, whose shaders may differ, is replaced. Whether the driver can use the
//! data is checked by wgpu and the driver themselves: the driver's version is in the data.

use super::device_errors::with_error_scopes;
use crate::error::{Error, Result};
use crate::files::{self, sha256};
use crate::record::Adapter;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The first words of a file; the version and the data's SHA-256 follow, then a newline and the data.
const FORM: &str = "normlab pipelines";

/// The cache of one device, and its file.
#[derive(Debug)]
pub(super) struct PipelineCache {
    cache: wgpu::PipelineCache,
    path: PathBuf,
    /// The contents of the file.
    kept: Vec<u8>,
}

impl PipelineCache {
    /// The cache of a device, filled from its file in `folder`, and a warning if that file cannot be used.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub(super) fn open(
        device: &wgpu::Device,
        folder: &Path,
        adapter: &Adapter,
    ) -> Result<(Self, Option<String>)> {
        let path = folder.join(format!("{}.bin", adapter.file_stem()));
        let ignored = |why: &str| {
            format!("the pipeline cache {} is ignored and will be replaced: {why}", path.display())
        };
        let (kept, warning) = match files::read(&path) {
            Ok(file) => match unpacked(&file) {
                Ok(data) => (data.unwrap_or_default().to_vec(), None),
                Err(why) => (Vec::new(), Some(ignored(why))),
            },
            // A folder that cannot exist is reported when it is written to.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                (Vec::new(), None)
            }
            Err(error) => (Vec::new(), Some(ignored(&error.to_string()))),
        };
        let refused = || "the adapter's pipeline cache could not be opened".to_owned();
        let cache = with_error_scopes(device, refused, || {
            let descriptor = wgpu::PipelineCacheDescriptor {
                label: Some("normlab"),
                data: Some(kept.as_slice()).filter(|data| !data.is_empty()),
                fallback: true,
            };
            // SAFETY: the data must come from `PipelineCache::get_data`. `save` writes nothing else, its
            // SHA-256 has been checked, and wgpu checks that adapter and driver are the same.
            #[allow(unsafe_code, reason = "wgpu opens a pipeline cache in no other way")]
            unsafe {
                device.create_pipeline_cache(&descriptor)
            }
        })?;
        Ok((Self { cache, path, kept }, warning))
    }

    /// wgpu's handle, for compiling pipelines.
    pub(super) fn handle(&self) -> wgpu::PipelineCache {
        self.cache.clone()
    }

    /// Writes what was compiled, if that is new. Returns a warning if that fails.
    pub(super) fn save(&mut self) -> Option<String> {
        let data = self.cache.get_data().filter(|data| *data != self.kept)?;
        let folder = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| files::replace(&self.path, &packed(&data)));
        self.kept = data;
        let error = Error::file("write", &self.path, written.err()?);
        Some(format!("{error}: compiled pipelines are not kept"))
    }
}

/// The file for the given data.
fn packed(data: &[u8]) -> Vec<u8> {
    let head = format!("{FORM} {} {}\n", env!("CARGO_PKG_VERSION"), sha256(data));
    [head.as_bytes(), data].concat()
}

/// The data of a file; none where another version wrote it.
fn unpacked(file: &[u8]) -> std::result::Result<Option<&[u8]>, &'static str> {
    let foreign = "it was not written by normlab";
    let end = file.iter().position(|byte| *byte == b'\n').ok_or(foreign)?;
    let (head, data) = (&file[..end], &file[end + 1..]);
    let head = str::from_utf8(head).ok().and_then(|head| head.strip_prefix(FORM)).ok_or(foreign)?;
    let (version, hash) = head.trim_start().split_once(' ').ok_or(foreign)?;
    if version != env!("CARGO_PKG_VERSION") {
        return Ok(None);
    }
    (hash == sha256(data)).then_some(Some(data)).ok_or("its checksum does not match")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        for data in [&b""[..], b"one\ntwo", &[0, 255, b'\n']] {
            assert_eq!(unpacked(&packed(data)), Ok(Some(data)));
        }
    }

    #[test]
    fn what_is_damaged_is_not_data() {
        let good = packed(b"what a driver has compiled");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_ne!(unpacked(&bad), Ok(Some(&b"what a driver has compiled"[..])), "byte {at}");
            assert!(unpacked(&good[..at]).is_err(), "cut at {at}");
        }
        assert!(unpacked(&[&good[..], b"more"].concat()).is_err());
    }

    #[test]
    fn what_another_version_has_written_is_left() {
        let old =
            String::from_utf8_lossy(&packed(b"data")).replace(env!("CARGO_PKG_VERSION"), "0.0");
        assert_eq!(unpacked(old.as_bytes()), Ok(None));
    }
}
