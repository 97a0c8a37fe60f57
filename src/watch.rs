//! Tells when shaders on disk change.

use crate::error::{Error, Result};
use notify_debouncer_full::notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long it must be quiet before a change is told: an editor's save is several steps.
const QUIET: Duration = Duration::from_millis(100);

/// Files and folders under watch, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

/// A watch whose changes are asked for.
#[derive(Debug)]
pub struct Changes {
    heard: Receiver<()>,
    _watch: Watch,
}

impl Changes {
    /// Changes of `places` from now on.
    ///
    /// # Errors
    /// As [`Watch::new`].
    pub fn of(places: &[PathBuf]) -> Result<Self> {
        let (sender, heard) = channel();
        let tell = move || {
            // Nobody asks any more when the watch has ended.
            let _ = sender.send(());
        };
        Ok(Self { heard, _watch: Watch::new(places, tell)? })
    }

    /// Whether there may have been one since this was asked last.
    #[must_use]
    pub fn any(&self) -> bool {
        self.heard.try_iter().count() > 0
    }
}

impl Watch {
    /// Calls `changed` when one of `places` may have changed: a file, or anything in a folder. A file
    /// is watched by the folder that it lies in, since many editors save by putting a new file in its
    /// place; other files there count too, so whoever is told looks for itself.
    ///
    /// # Errors
    /// [`Error::File`] when a place cannot be watched.
    pub fn new(places: &[PathBuf], changed: impl Fn() + Send + 'static) -> Result<Self> {
        let heard = move |result: DebounceEventResult| match result {
            // Reading is no change; whoever is told reads.
            Ok(events) if events.iter().all(|event| matches!(event.kind, EventKind::Access(_))) => {
            }
            // What could not be followed may have changed.
            _ => changed(),
        };
        let failed = |place: &Path, error: notify::Error| {
            Error::file("watch", place, std::io::Error::other(error))
        };
        let mut debouncer = new_debouncer(QUIET, None, heard)
            .map_err(|error| failed(places.first().map_or(Path::new("."), |place| place), error))?;
        for place in places {
            let (folder, mode) = match place.parent() {
                _ if place.is_dir() => (place.as_path(), RecursiveMode::Recursive),
                Some(parent) if parent != Path::new("") => (parent, RecursiveMode::NonRecursive),
                _ => (Path::new("."), RecursiveMode::NonRecursive),
            };
            debouncer.watch(folder, mode).map_err(|error| failed(folder, error))?;
        }
        Ok(Self { _debouncer: debouncer })
    }
}
