//! Watches shaders on disk for changes.

use crate::error::{Error, Result};
use notify_debouncer_full::notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long it must be quiet before a change is reported: an editor saves in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// Watches files and folders until it is dropped.
#[derive(Debug)]
pub struct Watch {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

/// A watch that is polled for changes.
#[derive(Debug)]
pub struct Changes {
    heard: Receiver<()>,
    _watch: Watch,
}

impl Changes {
    /// Changes to `places` from now on.
    ///
    /// # Errors
    /// As [`Watch::new`].
    pub fn of(places: &[PathBuf]) -> Result<Self> {
        let (sender, heard) = channel();
        let tell = move || {
            // Nobody polls any more once the watch has ended.
            let _ = sender.send(());
        };
        Ok(Self { heard, _watch: Watch::new(places, tell)? })
    }

    /// Whether there may have been one since the last call.
    #[must_use]
    pub fn any(&self) -> bool {
        self.heard.try_iter().count() > 0
    }
}

impl Watch {
    /// Calls `changed` when one of `places` may have changed: a file, or anything in a folder. A file is watched
    /// through its folder, since many editors save by putting a new file in its place; other files there trigger the
    /// call, too, so `changed` must check for itself.
    ///
    /// # Errors
    /// [`Error::File`] when a place cannot be watched.
    pub fn new(places: &[PathBuf], changed: impl Fn() + Send + 'static) -> Result<Self> {
        let heard = move |result: DebounceEventResult| match result {
            // Reading is not a change, and `changed` may read.
            Ok(events) if events.iter().all(|event| matches!(event.kind, EventKind::Access(_))) => {
            }
            // What could not be tracked may have changed.
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
