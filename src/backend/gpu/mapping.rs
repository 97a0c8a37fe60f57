//! A buffer of the device on its way to the host.

use futures_intrusive::channel::shared::{OneshotReceiver, oneshot_channel};

/// A buffer that is being mapped.
#[derive(Debug)]
pub(super) struct Mapping {
    buffer: wgpu::Buffer,
    mapped: OneshotReceiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Mapping {
    /// Requests a buffer's contents as they are after everything submitted so far.
    pub(super) fn of(buffer: &wgpu::Buffer) -> Self {
        let (sender, mapped) = oneshot_channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone if the session is: the value is no longer wanted.
            let _ = sender.send(result);
        });
        Self { buffer: buffer.clone(), mapped }
    }

    /// Its contents. The caller has waited for the device.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    pub(super) fn bytes(&self) -> Result<wgpu::BufferView, String> {
        match pollster::block_on(self.mapped.receive()) {
            Some(Ok(())) => self.buffer.get_mapped_range(..).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("it has already been read, or the device is gone".to_owned()),
        }
    }
}
