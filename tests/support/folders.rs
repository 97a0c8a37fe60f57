//! What a test prepares for the program: files, and a folder for its caches.

use super::program::normlab;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Puts a file into a folder, which is created if necessary; returns its path.
pub(crate) fn put(folder: &Path, file: &str, text: &str) -> PathBuf {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

/// The program with its own cache folder.
pub(crate) fn with_cache(folder: &Path) -> Command {
    let mut command = normlab();
    command.env("XDG_CACHE_HOME", folder);
    command
}
