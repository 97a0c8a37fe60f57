//! Errors of the device are kept here and returned to the caller at the next call, as a sentence.
//! Nothing panics.

use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// The first error of the device that has not been returned yet.
#[derive(Debug, Default)]
pub(super) struct DeviceErrors {
    first: Mutex<Option<String>>,
}

impl DeviceErrors {
    /// Listens to a device.
    pub(super) fn watch(device: &wgpu::Device) -> Arc<Self> {
        let errors = Arc::new(Self::default());
        let heard = Arc::clone(&errors);
        device
            .on_uncaptured_error(Arc::new(move |error: wgpu::Error| heard.note(sentence(&error))));
        let heard = Arc::clone(&errors);
        device.set_device_lost_callback(move |reason, message| {
            // A device that the program itself drops at its end is not lost.
            if reason != wgpu::DeviceLostReason::Destroyed {
                heard.note(format!("the device was lost: {message}"));
            }
        });
        errors
    }

    fn note(&self, error: String) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
    }

    /// The first error that the device has reported since the last call.
    pub(super) fn take_error(&self) -> Result<()> {
        let error = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.map_or(Ok(()), |error| Err(Error::Device(error)))
    }
}

/// A readable line from wgpu's message.
pub(super) fn sentence(error: &wgpu::Error) -> String {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            "the device ran out of memory: use smaller layers, a smaller batch or fewer replicas"
                .to_owned()
        }
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            let lines: Vec<_> = description.lines().map(str::trim).collect();
            format!("the device refused: {}", lines.join(" "))
        }
    }
}

/// Runs `make` and turns an error of the device into one that begins with `what`.
pub(super) fn with_error_scopes<T>(
    device: &wgpu::Device,
    what: impl Fn() -> String,
    make: impl FnOnce() -> T,
) -> Result<T> {
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let made = make();
    let mut found = None;
    for scope in [internal, validation, memory] {
        let error = pollster::block_on(scope.pop());
        found = found.or(error);
    }
    match found {
        None => Ok(made),
        Some(error) => Err(Error::Device(format!("{}: {}", what(), sentence(&error)))),
    }
}
