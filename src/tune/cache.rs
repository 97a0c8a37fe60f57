//! The results of earlier searches, in one file for each adapter, backend and driver:
//! `normlab/tuning/<name>.json` in the platform's folder for caches.
//!
//! A file is written whole or not at all, and includes what another process has written in the meantime. One that is
//! damaged, in another format or of another adapter is ignored with a warning, and replaced.

use super::{Timed, Tuned};
use crate::error::Error;
use crate::files;
use crate::kernels::setting::Target;
use crate::record::Adapter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The format version of the file: a file of another version is not read.
const FORM: u32 = 2;

/// What is known about one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The target.
    pub target: Target,
    /// The hash of the shaders that were searched, see
    /// [`crate::kernels::library::Library::fingerprint`].
    pub fingerprint: String,
    /// What runs without tuning.
    pub default: Timed,
    /// The fastest setting that gives the default's bits.
    pub chosen: Timed,
    /// One that is even faster, but rounds differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_bits: Option<Timed>,
}

impl Entry {
    /// The result of a search among shaders with this hash.
    #[must_use]
    pub fn new(tuned: &Tuned, fingerprint: String) -> Self {
        Self {
            target: tuned.target.clone(),
            fingerprint,
            default: tuned.default.clone(),
            chosen: tuned.chosen.clone(),
            other_bits: tuned.other_bits.clone(),
        }
    }
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    form: u32,
    adapter: Adapter,
    entries: Vec<Entry>,
}

/// What is known about an adapter.
#[derive(Debug)]
pub struct Cache {
    adapter: Adapter,
    /// None if nothing is saved.
    path: Option<PathBuf>,
    entries: BTreeMap<Target, Entry>,
    /// What this process has found.
    own: Vec<Entry>,
}

/// The folder for the files; none if the platform has no place for caches.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(files::caches()?.join("tuning"))
}

impl Cache {
    /// What `folder` knows about an adapter, and a warning if its file cannot be used. Without a folder nothing is
    /// known, and nothing is saved.
    #[must_use]
    pub fn open(folder: Option<&Path>, adapter: Adapter) -> (Self, Option<String>) {
        let path = folder.map(|folder| folder.join(file_name(&adapter)));
        let cache = Self { adapter, path, entries: BTreeMap::new(), own: Vec::new() };
        match cache.read() {
            Ok(entries) => (Self { entries, ..cache }, None),
            Err(warning) => (cache, Some(warning)),
        }
    }

    /// What is known about a target, if its shaders still have this hash.
    #[must_use]
    pub fn get(&self, target: &Target, fingerprint: &str) -> Option<&Entry> {
        self.entries.get(target).filter(|entry| entry.fingerprint == fingerprint)
    }

    /// Adds an entry, replacing an older one.
    pub fn put(&mut self, entry: Entry) {
        self.own.push(entry.clone());
        self.entries.insert(entry.target.clone(), entry);
    }

    /// Saves what was added, with what another process has written in the meantime. Returns a warning if that fails:
    /// nothing is saved from then on.
    pub fn save(&mut self) -> Option<String> {
        if self.own.is_empty() {
            return None;
        }
        let path = self.path.clone()?;
        // If it cannot be read, there was a warning when it was opened.
        let mut all = self.read().unwrap_or_default();
        all.extend(self.own.drain(..).map(|entry| (entry.target.clone(), entry)));
        let file = File {
            form: FORM,
            adapter: self.adapter.clone(),
            entries: all.into_values().collect(),
        };
        let written = serde_json::to_vec_pretty(&file).map_err(Into::into).and_then(|bytes| {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            files::replace(&path, &bytes)
        });
        let error = Error::file("write", &path, written.err()?);
        self.path = None;
        Some(format!("{error}: the tuning results are not saved"))
    }

    /// What the file knows; empty if there is none.
    fn read(&self) -> Result<BTreeMap<Target, Entry>, String> {
        let Some(path) = &self.path else { return Ok(BTreeMap::new()) };
        let ignored = |why: &str| {
            format!(
                "the tuning cache {} is ignored, and the next tuning replaces it: {why}",
                path.display()
            )
        };
        let bytes = match files::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(ignored(&error.to_string())),
        };
        let file: File =
            serde_json::from_slice(&bytes).map_err(|error| ignored(&error.to_string()))?;
        if file.form != FORM {
            return Err(ignored(&format!("its format version is {}, not {FORM}", file.form)));
        }
        if file.adapter != self.adapter {
            return Err(ignored("it belongs to another adapter or driver"));
        }
        Ok(file.entries.into_iter().map(|one| (one.target.clone(), one)).collect())
    }
}

/// The name of an adapter's file.
fn file_name(adapter: &Adapter) -> String {
    format!("{}.json", adapter.file_stem())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::measure::Spread;
    use crate::error::Result;
    use crate::kernels::contract::Sizes;
    use crate::kernels::setting::Setting;
    use crate::kernels::{activation::Activation, matmul_nn};

    fn adapter(driver: &str) -> Adapter {
        Adapter {
            adapter: "llvmpipe (LLVM 15.0.6, 256 bits)".to_owned(),
            backend: "vulkan".to_owned(),
            kind: "software".to_owned(),
            driver: driver.to_owned(),
        }
    }

    fn entry(n: usize) -> Result<Entry> {
        let kernel = &matmul_nn::KERNEL;
        let sizes = Sizes::new(&kernel.contract, 1, &[("m", 1), ("k", 1), ("n", n)])?;
        let time = Spread { median: 1e-5, min: 0.9e-5, max: 1.1e-5 };
        let timed = Timed { setting: Setting::of("naive"), time };
        Ok(Entry {
            target: Target::of(&kernel.contract, Activation::Identity, &sizes),
            fingerprint: "abc".to_owned(),
            default: timed.clone(),
            chosen: timed,
            other_bits: None,
        })
    }

    fn io(error: std::io::Error) -> Error {
        Error::file("write", Path::new("a test's folder"), error)
    }

    fn filled(folder: &Path) -> Result<PathBuf> {
        let (mut cache, warning) = Cache::open(Some(folder), adapter("Mesa 22.3.6"));
        assert_eq!(warning, None);
        cache.put(entry(1)?);
        assert_eq!(cache.save(), None);
        Ok(folder.join(file_name(&adapter("Mesa 22.3.6"))))
    }

    #[test]
    fn names_are_those_of_adapter_backend_and_driver() {
        let name = file_name(&adapter("Mesa 22.3.6 (LLVM 15.0.6)"));
        assert_eq!(name, "llvmpipe-LLVM-15.0.6-256-bits-vulkan-Mesa-22.3.6-LLVM-15.0.6.json");
    }

    #[test]
    fn what_is_kept_is_found_again_for_the_same_shaders() -> Result<()> {
        let folder = tempfile::tempdir().map_err(io)?;
        filled(folder.path())?;
        let (cache, warning) = Cache::open(Some(folder.path()), adapter("Mesa 22.3.6"));
        assert_eq!(warning, None);
        let wanted = entry(1)?;
        assert_eq!(cache.get(&wanted.target, "abc"), Some(&wanted));
        assert_eq!(cache.get(&wanted.target, "abd"), None);
        assert_eq!(cache.get(&entry(2)?.target, "abc"), None);
        let (other, warning) = Cache::open(Some(folder.path()), adapter("Mesa 23.0.0"));
        assert_eq!((other.get(&wanted.target, "abc"), warning), (None, None));
        Ok(())
    }

    #[test]
    fn what_two_processes_find_is_kept() -> Result<()> {
        let folder = tempfile::tempdir().map_err(io)?;
        let open = || Cache::open(Some(folder.path()), adapter("Mesa 22.3.6")).0;
        let (mut first, mut second) = (open(), open());
        first.put(entry(1)?);
        second.put(entry(2)?);
        assert_eq!((first.save(), second.save()), (None, None));
        for n in [1, 2] {
            assert!(open().get(&entry(n)?.target, "abc").is_some(), "{n}");
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_used_is_ignored_with_a_warning_and_replaced() -> Result<()> {
        let folder = tempfile::tempdir().map_err(io)?;
        let path = filled(folder.path())?;
        let good = fs::read_to_string(&path).map_err(io)?;
        let damaged = [
            (String::new(), "EOF"),
            ("not JSON".to_owned(), "expected"),
            (good[..good.len() / 2].to_owned(), "EOF"),
            (good.replace("\"form\": 2", "\"form\": 3"), "its format version is 3"),
            (good.replace("\"chosen\"", "\"taken\""), "unknown field"),
            (good.replace("Mesa 22.3.6", "Mesa 9"), "another adapter or driver"),
        ];
        for (text, word) in damaged {
            fs::write(&path, text).map_err(io)?;
            let (mut cache, warning) = Cache::open(Some(folder.path()), adapter("Mesa 22.3.6"));
            let warning = warning.unwrap_or_default();
            assert!(warning.contains(word) && warning.contains("ignored"), "{word}: {warning}");
            assert_eq!(cache.get(&entry(1)?.target, "abc"), None, "{word}");
            cache.put(entry(1)?);
            assert_eq!(cache.save(), None, "{word}");
            assert_eq!(fs::read_to_string(&path).map_err(io)?, good, "{word}");
        }
        Ok(())
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_warned_of_once() -> Result<()> {
        let folder = tempfile::tempdir().map_err(io)?;
        let file = folder.path().join("a file");
        fs::write(&file, "").map_err(io)?;
        let (mut cache, _) = Cache::open(Some(&file.join("tuning")), adapter("Mesa 22.3.6"));
        cache.put(entry(1)?);
        let warning = cache.save().unwrap_or_default();
        assert!(warning.starts_with("cannot write") && warning.contains("not saved"), "{warning}");
        cache.put(entry(2)?);
        assert_eq!(cache.save(), None);
        assert!(cache.get(&entry(2)?.target, "abc").is_some());
        Ok(())
    }
}
