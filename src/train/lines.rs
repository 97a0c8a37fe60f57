//! A file that grows by a line of JSON at a time.

use crate::error::{Error, Result};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// The file, open for writing.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: File,
    /// Its bytes.
    pub(super) length: u64,
}

impl Lines {
    /// A file that is not there yet.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        Self::cut(path, 0)
    }

    /// A file of which so many bytes stay.
    pub(super) fn cut(path: PathBuf, length: u64) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.and_then(|file| file.set_len(length).map(|()| file));
        let file = file.map_err(|error| Error::file("create", &path, error))?;
        Ok(Self { path, file, length })
    }

    /// Adds a line.
    pub(super) fn append(&mut self, value: &impl Serialize) -> Result<()> {
        let failed = |error| Error::file("write", &self.path, error);
        let mut line = serde_json::to_vec(value).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        self.length += line.len() as u64;
        self.file.write_all(&line).map_err(failed)
    }
}
