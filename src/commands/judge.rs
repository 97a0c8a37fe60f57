//! `normlab judge`, hidden: judges one variant of a kernel and prints the verdict as JSON. `normlab watch` runs it in
//! a separate process, since a shader may hang or crash it.

use super::arguments::{DeviceArguments, ShaderArguments};
use super::opening::open_adapter;
use super::output::{Status, print};
use crate::bench::shape::BenchShape;
use crate::bench::variants::{self, VariantResult};
use crate::error::{Error, Result};
use crate::kernels;
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::report::watch::Judged;
use crate::sanitize::{self, Depth, Options};
use clap::Args;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Why a verdict needs an adapter, for [`super::open_adapter`].
pub(super) const PURPOSE: (&str, &str) = ("judge", "the CPU engine runs no shaders");

/// Arguments of `normlab judge`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The kernel.
    #[arg(value_name = "KERNEL")]
    kernel: String,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    /// The sizes to time it at.
    #[arg(long, value_name = "SHAPE")]
    shape: Option<BenchShape>,
}

/// Judges the variant that programs get, and prints the verdict.
pub(super) fn judge(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let judged = match verdict(arguments) {
        Ok(result) => Judged::Ended(result),
        Err(error) => Judged::Failed(error.to_string()),
    };
    let text = serde_json::to_string(&judged);
    let text = text.map_err(|error| {
        Error::Device(format!("the verdict cannot be written as JSON: {error}"))
    })?;
    print(out, &text)?;
    Ok(if judged.time().is_some() { Status::Good } else { Status::Failed })
}

fn verdict(arguments: &Arguments) -> Result<VariantResult> {
    let kernel = kernels::find(&arguments.kernel)?;
    let library = arguments.shaders.library()?;
    // Only the verdict is printed.
    let mut backend = open_adapter(&arguments.device, library, PURPOSE, &mut io::sink())?;
    let shape = arguments.shape.unwrap_or_else(|| BenchShape::usual(kernel));
    let sizes = shape.case(kernel)?.sizes(&kernel.contract)?;
    let variant = backend.selection().choice(kernel, &sizes)?.setting.variant;
    let result = variants::judge(&mut backend, kernel, &variant, shape)?;
    match (&result, hidden(backend.selection().library(), kernel, &variant)?) {
        (VariantResult::Good { .. }, Some(fault)) => {
            Ok(VariantResult::Wrong { complaints: vec![fault] })
        }
        _ => Ok(result),
    }
}

/// The first fault of a variant that is right here but not on every adapter.
fn hidden(library: &Library, kernel: &'static Kernel, variant: &str) -> Result<Option<String>> {
    let setting = library.setting(kernel, variant)?;
    let options = Options { depth: Depth::Quick, ..Options::default() };
    let report = sanitize::sanitize(library, kernel, &setting, &options)?;
    Ok(report.faults().next().map(ToString::to_string))
}

/// Everything that a process has written.
#[derive(Debug)]
pub(super) struct Written {
    out: String,
    errors: String,
}

/// A running `normlab judge`, which is killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts one; `ended` is called from another thread with what it wrote.
    pub(super) fn start(
        command: &mut Command,
        ended: impl FnOnce(Written) + Send + 'static,
    ) -> Result<Self> {
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped
            .spawn()
            .map_err(|error| Error::Device(format!("the judging process cannot start: {error}")))?;
        let (out, errors) = (child.stdout.take(), child.stderr.take());
        thread::spawn(move || {
            // Both are read at once: a full pipe blocks its writer.
            let errors = thread::spawn(move || read(errors));
            let out = read(out);
            ended(Written { out, errors: errors.join().unwrap_or_default() });
        });
        Ok(Self { child })
    }

    /// The verdict of a process that has finished writing.
    pub(super) fn verdict(mut self, written: &Written) -> Judged {
        if let Ok(judged) = serde_json::from_str(&written.out) {
            return judged;
        }
        let message = written.errors.trim();
        match self.child.wait() {
            Ok(status) if status.code().is_some() => Judged::Failed(message.to_owned()),
            Ok(status) => Judged::Failed(format!(
                "the judging process crashed ({status}), probably in the driver, on this shader. \
                 {message}"
            )),
            Err(error) => Judged::Failed(format!("the judging process was lost: {error}")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that comes out of a pipe.
fn read(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // If the pipe breaks, what came before is kept.
    let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
