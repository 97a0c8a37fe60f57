//! Locks the folder that a run or a sweep writes to, so that no other one does. The system releases the lock when the
//! process ends, however it ends.

use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The locked file. It contains the ID of the writing process.
const NAME: &str = "run.lock";

/// A folder that only this process writes to, until this is dropped.
#[derive(Debug)]
pub(super) struct FolderLock {
    path: PathBuf,
    _file: File,
}

impl FolderLock {
    /// Locks a folder that exists.
    ///
    /// # Errors
    /// [`Error::Config`] when another run writes to it, [`Error::File`] when the lock cannot be written.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        loop {
            let open =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = open.map_err(|error| Error::file("create", &path, error))?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(taken(folder, &mut file)),
                // A file system without locks: keeping two simultaneous runs apart is up to the user.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // A run that ended in the meantime may have removed the file.
            if path.exists() {
                let written = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                written.map_err(|error| Error::file("write", &path, error))?;
                return Ok(Self { path, _file: file });
            }
        }
    }

    /// Fails if another run is writing to the folder.
    ///
    /// # Errors
    /// [`Error::Config`] if one is.
    pub(super) fn check_free(folder: &Path) -> Result<()> {
        let Ok(mut file) = File::open(folder.join(NAME)) else { return Ok(()) };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Err(taken(folder, &mut file)),
            _ => Ok(()),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A file that stays behind locks nothing.
        let _ = fs::remove_file(&self.path);
    }
}

fn taken(folder: &Path, file: &mut File) -> Error {
    // Windows lets nobody read a file that another process has locked.
    let mut process = String::new();
    let _ = file.read_to_string(&mut process);
    let process = match process.trim().parse::<u32>() {
        Ok(number) => format!(" (process {number})"),
        Err(_) => String::new(),
    };
    Error::Config(format!(
        "another run{process} is writing to {}; wait until it has ended, or name another folder with --out",
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Tested = std::result::Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn one_run_at_a_time_has_a_folder() -> Tested {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        FolderLock::check_free(path)?;
        let lock = FolderLock::take(path)?;
        for refused in [FolderLock::check_free(path).err(), FolderLock::take(path).err()] {
            let said = refused.map(|error| error.to_string()).unwrap_or_default();
            let process = format!("another run (process {}) is writing to ", std::process::id());
            assert!(cfg!(windows) || said.starts_with(&process), "{said}");
        }
        drop(lock);
        assert!(!path.join(NAME).exists());
        // What a killed run leaves locks nothing.
        fs::write(path.join(NAME), "1")?;
        FolderLock::check_free(path)?;
        FolderLock::take(path)?;
        Ok(())
    }
}
