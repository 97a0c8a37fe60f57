//! Opens the device that a command computes on, and says which one it is.

use super::arguments::DeviceArguments;
use super::output::print;
use crate::backend::Backend;
use crate::backend::any::AnyBackend;
use crate::backend::cpu::CpuBackend;
use crate::backend::gpu::GpuBackend;
use crate::backend::gpu::adapters::{self, Candidate, DeviceChoice};
use crate::backend::interpreter::InterpreterBackend;
use crate::error::{Error, Result};
use crate::files;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use std::io::Write;

/// Opens the device that the user asked for, and says which one it is.
pub(super) fn open(
    arguments: &DeviceArguments,
    library: Library,
    out: &mut dyn Write,
) -> Result<AnyBackend> {
    let (choice, precision) = (&arguments.device, arguments.precision());
    if *choice == DeviceChoice::Interpreter {
        let backend = open_interpreter(arguments, library)?;
        let found = backend.adapter();
        print(out, &format!("device: {}", found.adapter))?;
        return Ok(AnyBackend::Interpreter(Box::new(backend)));
    }
    let changed = library.is_changed();
    let candidates = adapters::choose(choice)?;
    let none = candidates.is_empty();
    if none && precision == Precision::Mixed {
        let why = if *choice == DeviceChoice::Cpu {
            String::new()
        } else {
            format!(", and {}", adapters::why_none())
        };
        return Err(Error::Config(format!(
            "--precision mixed: the CPU engine computes in f32{why}"
        )));
    }
    let may_do_without = *choice == DeviceChoice::Auto && precision == Precision::F32;
    let opened = match open_best(&candidates, arguments, library, out) {
        Err(refusal @ Error::Device(_)) if may_do_without => {
            print(out, &format!("note: {refusal}; using the CPU engine instead"))?;
            None
        }
        opened => opened?,
    };
    let backend = match opened {
        Some(mut backend) => {
            use_pipelines(&mut backend, out)?;
            AnyBackend::Gpu(Box::new(backend))
        }
        None => AnyBackend::Cpu(CpuBackend),
    };
    let found = backend.adapter();
    print(out, &format!("device: {} ({}, {})", found.adapter, found.backend, found.driver))?;
    if none && *choice == DeviceChoice::Auto {
        print(out, &format!("note: {}. Using the CPU engine.", adapters::why_none()))?;
    }
    if changed && found.is_cpu_engine() {
        print(
            out,
            "note: the CPU engine runs no shaders; --shaders, --variant and --tunable have no effect",
        )?;
    }
    Ok(backend)
}

/// The interpreter of WGSL, which needs no adapter.
///
/// # Errors
/// [`Error::Config`] if products are to use mixed precision.
pub(super) fn open_interpreter(
    arguments: &DeviceArguments,
    library: Library,
) -> Result<InterpreterBackend<f32>> {
    match arguments.precision() {
        Precision::F32 => Ok(InterpreterBackend::new(library)),
        Precision::Mixed => Err(Error::Config(
            "--precision mixed: the interpreter does not support cooperative matrices".to_owned(),
        )),
    }
}

/// Opens an adapter for what only an adapter can do, see [`of_adapters`].
pub(super) fn open_adapter(
    arguments: &DeviceArguments,
    library: Library,
    purpose: (&str, &str),
    out: &mut dyn Write,
) -> Result<GpuBackend> {
    let open = |found: Vec<Candidate>| open_best(&found, arguments, library, out);
    of_adapters(&arguments.device, purpose, open)
}

/// Opens the best adapter that does not refuse, and reports those that did; none if there are no candidates.
pub(super) fn open_best(
    candidates: &[Candidate],
    arguments: &DeviceArguments,
    library: Library,
    out: &mut dyn Write,
) -> Result<Option<GpuBackend>> {
    let open = |candidate: &Candidate| GpuBackend::open_in(candidate, arguments.precision());
    let tell = |refusal: &Error, next: &Candidate| {
        print(out, &format!("note: {refusal}; trying {} next", next.describe().adapter))
    };
    let opened = adapters::open_first(candidates, open, tell)?;
    Ok(opened.map(|backend| backend.with(library).with_time_cap(arguments.time_cap())))
}

/// Loads what the adapter's driver compiled in earlier runs.
pub(super) fn use_pipelines(backend: &mut GpuBackend, out: &mut dyn Write) -> Result<()> {
    let Some(folder) = files::caches() else { return Ok(()) };
    let warning = backend.use_pipeline_cache(&folder.join("pipelines"));
    warning.map_or(Ok(()), |warning| print(out, &format!("warning: {warning}")))
}

/// Saves what an adapter's driver has compiled.
pub(super) fn keep_pipelines(backend: &mut GpuBackend, out: &mut dyn Write) -> Result<()> {
    let warning = backend.keep_pipelines();
    warning.map_or(Ok(()), |warning| print(out, &format!("warning: {warning}")))
}

/// Lets `take` choose from the adapters for something that only an adapter can do: `purpose` says what, for example
/// "check", and `instead` says why the CPU engine cannot replace it.
pub(super) fn of_adapters<T>(
    choice: &DeviceChoice,
    (purpose, instead): (&str, &str),
    take: impl FnOnce(Vec<Candidate>) -> Result<Option<T>>,
) -> Result<T> {
    if *choice == DeviceChoice::Interpreter {
        return Err(Error::Config(format!(
            "--device interpreter: it is not an adapter to {purpose}; name an adapter, or use \
             --device auto"
        )));
    }
    if *choice == DeviceChoice::Cpu {
        return Err(Error::Config(format!(
            "--device cpu: {instead}; name an adapter, or use --device auto"
        )));
    }
    take(adapters::choose(choice)?)?.ok_or_else(|| {
        Error::Device(format!("there is no adapter to {purpose}: {}", adapters::why_none()))
    })
}
