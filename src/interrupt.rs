//! Requests to end a run: Ctrl-C (SIGINT), SIGTERM, and SIGHUP when a terminal is closed. The first one lets the run
//! finish its step and write its records and its report; a second one ends the process at once.

use crate::error::{Error, Result};
use signal_hook::consts::signal;
use signal_hook::flag;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// What a shell adds to the number of the signal that ended a process, to get its exit status.
const STATUS_OF_SIGNAL: i32 = 128;

#[cfg(unix)]
const SIGNALS: [i32; 3] = [signal::SIGINT, signal::SIGTERM, signal::SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [signal::SIGINT, signal::SIGTERM];

static REQUESTED: OnceLock<Requested> = OnceLock::new();

#[derive(Debug, Default)]
struct Requested {
    once: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

/// Listens from now on. Until then, and in commands that never call this, a signal ends the process as usual.
///
/// # Errors
/// [`Error::Device`] when the system refuses signal handlers.
pub fn listen() -> Result<()> {
    let mut first = false;
    let requested = REQUESTED.get_or_init(|| {
        first = true;
        Requested::default()
    });
    let signals = SIGNALS.into_iter().filter(|&signal| first && !is_ignored(signal));
    for signal in signals {
        let status = STATUS_OF_SIGNAL + signal;
        // In this order: the first signal sets the flag after the shutdown has looked at it.
        flag::register_conditional_shutdown(signal, status, Arc::clone(&requested.once))
            .and_then(|_| flag::register(signal, Arc::clone(&requested.once)))
            .and_then(|_| {
                let number = signal.unsigned_abs() as usize;
                flag::register_usize(signal, Arc::clone(&requested.signal), number)
            })
            .map_err(|error| Error::Device(format!("cannot listen for Ctrl-C: {error}")))?;
    }
    Ok(())
}

/// Whether the run should end.
#[must_use]
pub fn is_requested() -> bool {
    REQUESTED.get().is_some_and(|requested| requested.once.load(Ordering::Relaxed))
}

/// The exit status, as a shell reports it, of a process that ended on a signal: 130 after Ctrl-C.
#[must_use]
pub fn exit_status() -> u8 {
    let signal = REQUESTED.get().map_or(0, |one| one.signal.load(Ordering::Relaxed));
    u8::try_from(STATUS_OF_SIGNAL as usize + signal).unwrap_or(1)
}

/// Whether the process was started with a signal ignored (by `nohup`, for example). Only Linux reports this
/// without `unsafe`; elsewhere the signal counts as a request.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
