//! A buffer of the device on its way to the host.

use futures_intrusive::channel::shared::{OneshotReceiver, oneshot_channel};

/// A buffer that is being mapped.
#[derive(Debug)]
pub(super) struct Mapping {
    buffer: wgpu::Buffer,
    mapped: OneshotReceiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Mapping {
    /// Asks for a buffer, as it is after everything that was submitted so far.
    pub(super) fn of(buffer: &wgpu::Buffer) -> Self {
        let (sender, mapped) = oneshot_channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone when the session is: nobody wants the value then.
            let _ = sender.send(result);
        });
        Self { buffer: buffer.clone(), mapped }
    }

    /// What it holds. The device has done what was submitted: it was waited for.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    pub(super) fn bytes(&self) -> Result<wgpu::BufferView, String> {
        match pollster::block_on(self.mapped.receive()) {
            Some(Ok(())) => self.buffer.get_mapped_range(..).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("it was asked for before, or the device is gone".to_owned()),
        }
    }
}
