//! Reads files of which parts may be missing or damaged, as a kill leaves them: what can be read, and a sentence about
//! the rest.

use crate::error::{Error, Result};
use crate::files;
use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::path::Path;

/// A file's text; none, and a sentence in `missing`, if it does not exist.
pub(super) fn text(folder: &Path, name: &str, missing: &mut Vec<String>) -> Result<Option<String>> {
    let path = folder.join(name);
    match files::read(&path) {
        // A truncated file may end within a character.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            missing.push(format!("{name} was not found"));
            Ok(None)
        }
        Err(error) => Err(Error::file("read", &path, error)),
    }
}

/// A whole file as a value; none, and a sentence in `missing`, if it is damaged.
pub(super) fn whole<T: DeserializeOwned>(
    text: &str,
    name: &str,
    missing: &mut Vec<String>,
) -> Option<T> {
    let read = serde_json::from_str(text);
    read.map_err(|error| missing.push(format!("{name} is damaged: {error}"))).ok()
}

/// A value per line; a sentence in `missing` if lines are damaged.
pub(super) fn lines<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
    missing: &mut Vec<String>,
) -> Result<Vec<T>> {
    let Some(text) = text(folder, name, missing)? else { return Ok(Vec::new()) };
    let all: Vec<_> = text.lines().collect();
    let read: Vec<T> = all.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if read.len() < all.len() {
        let damaged = all.len() - read.len();
        missing.push(format!("{damaged} of {} lines of {name} are damaged", all.len()));
    }
    Ok(read)
}
