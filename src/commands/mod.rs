//! The command line: one file a subcommand.

mod arguments;
mod bench;
mod beside;
mod check;
mod devices;
mod eval;
mod judge;
mod progress;
mod report;
mod run;
mod shaders;
mod sweep;
mod tune;
mod tuning;
mod watch;

use crate::backend::Backend;
use crate::backend::cpu::CpuBackend;
use crate::backend::gpu::GpuBackend;
use crate::backend::gpu::adapters::{self, Candidate, DeviceChoice};
use crate::compare::ratio_text;
use crate::error::{Error, Result};
use crate::files;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::loops;
use crate::record::{Parity, Swept};
use arguments::DeviceArguments;
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// What flags stand for where they are not given.
const DEFAULTS: &str = "Defaults: SGD at learning rate 0.1, batch 60, seed 1, initial weights uniform. \
    `lesson`: sigmoid and relu with none, batch and layer norm, 5 hidden layers of 100 units, 1500 \
    steps. `train`: sigmoid with batch norm, 3 hidden layers of 100 units, 5000 steps.";

/// A laboratory for normalization layers on the GPU.
///
/// Without a command it runs the lesson: the same deep network is trained with sigmoid and with ReLU,
/// each without a norm, with batch norm and with layer norm, from the same weights and on the same
/// batches. Watch the gradient that reaches the first layer.
#[derive(Debug, Parser)]
#[command(name = "normlab", version, args_conflicts_with_subcommands = true, after_help = DEFAULTS)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    lesson: run::RunArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train the lesson's six networks and show what normalization changes (the default).
    #[command(after_help = DEFAULTS)]
    Lesson(run::RunArguments),
    /// Train networks of your own: from a file, from flags, or from a file changed by flags.
    #[command(after_help = DEFAULTS)]
    Train(run::TrainArguments),
    /// Make a run's report again, from the records that it has left.
    Report(report::Arguments),
    /// Train at several batch sizes: batch norm against layer norm.
    #[command(after_help = sweep::defaults(Swept::BatchSize))]
    BatchSizes(sweep::BatchSizesArguments),
    /// Train ReLU at several learning rates: at which it trains without a norm, and with one.
    #[command(after_help = sweep::defaults(Swept::LearningRate))]
    LearningRates(sweep::LearningRatesArguments),
    /// Train layer norm with one gamma and beta for each unit, and with one for a whole layer.
    #[command(after_help = sweep::defaults(Swept::Affine))]
    Affine(sweep::AffineArguments),
    /// List the adapters, the one that would be used, and what each can do.
    Devices(devices::Arguments),
    /// List the shaders, or write them out to be changed.
    #[command(subcommand)]
    Shaders(shaders::Command),
    /// Hold each kernel's results on the GPU against its CPU reference.
    Check(check::Arguments),
    /// Run one kernel over tensors of your own, from one safetensors file into another.
    Eval(eval::Arguments),
    /// Time kernels, each variant checked before, or whole training steps (`bench step`).
    Bench(bench::Arguments),
    /// Search for the fastest settings of the kernels' shaders on this adapter, and keep them for runs.
    Tune(tune::Arguments),
    /// Check and time the shaders of a kernel again whenever they are saved.
    Watch(watch::Arguments),
    /// Judge one variant of a kernel, for `watch`.
    #[command(hide = true)]
    Judge(judge::Arguments),
}

/// How a command ended, when nothing stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All is good.
    Good,
    /// A run failed, or a comparison was out of tolerance.
    Failed,
}

/// Runs what the arguments ask for; what it prints goes to `out`.
///
/// # Errors
/// As the command says: [`Error::exit_status`] tells the exit status.
pub fn execute(cli: Cli, out: &mut dyn Write) -> Result<Status> {
    match cli.command.unwrap_or(Command::Lesson(cli.lesson)) {
        Command::Lesson(arguments) => run::lesson(&arguments, out),
        Command::Train(arguments) => run::train(&arguments, out),
        Command::Report(arguments) => report::report(&arguments, out),
        Command::BatchSizes(arguments) => sweep::batch_sizes(&arguments, out),
        Command::LearningRates(arguments) => sweep::learning_rates(&arguments, out),
        Command::Affine(arguments) => sweep::affine(&arguments, out),
        Command::Devices(arguments) => devices::list(&arguments, out),
        Command::Shaders(command) => shaders::execute(&command, out),
        Command::Check(arguments) => check::check(&arguments, out),
        Command::Eval(arguments) => eval::eval(&arguments, out),
        Command::Bench(arguments) => bench::bench(&arguments, out),
        Command::Tune(arguments) => tune::tune(&arguments, out),
        Command::Watch(arguments) => watch::watch(&arguments, out),
        Command::Judge(arguments) => judge::judge(&arguments, out),
    }
}

/// Prints one line, or several that end in one. A reader who has gone, having seen enough, does not
/// end a run.
fn say(out: &mut dyn Write, text: &str) -> Result<()> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{end}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::file("write", Path::new("standard output"), error))
        }
        _ => Ok(()),
    }
}

/// Prints a value as JSON.
fn say_json(value: &impl Serialize, out: &mut dyn Write) -> Result<()> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Error::Device(format!("no JSON of the results: {error}")))?;
    say(out, &text)
}

/// A bar for the steps of a training. Where stderr is no terminal, nothing is drawn.
fn progress_bar(network: &str, steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    let style = ProgressStyle::with_template("{prefix:16} {bar:40} {pos}/{len} {eta:>4} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(network.to_owned());
    bar
}

/// Lines about all comparisons of the GPU with the CPU.
fn compared(parity: &Parity) -> String {
    let mut text = match (parity.worst_ratio, &parity.worst_at) {
        (Some(ratio), Some(place)) => format!(
            "\nGPU against CPU reference: {} tensors compared, worst error {} of its \
             tolerance\n  ({place})\n",
            parity.compared,
            ratio_text(ratio)
        ),
        _ => "\nGPU against CPU reference: nothing to compare, the CPU engine computed\n".into(),
    };
    let failures = parity.failures.iter().map(|line| format!("OUT OF TOLERANCE: {line}"));
    for line in first_few(failures.collect()) {
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// After a wrong result: says so where it may come from the driver, which ends loops.
fn say_limit(backend: &mut dyn Backend, out: &mut dyn Write) -> Result<()> {
    let rounds = backend.gpu().map(|gpu| loops::limit(gpu)).transpose()?.flatten();
    let Some(rounds) = rounds else { return Ok(()) };
    say(
        out,
        &format!(
            "note: this driver ends the loops of an invocation after {rounds} rounds in all, and what \
             they would have added is missing. If a kernel adds up more, take a smaller batch or \
             narrower layers, or compute with --device cpu"
        ),
    )
}

/// Lines that a screen shows of a long list of complaints.
const FEW: usize = 8;

/// The first lines, and how many more there are.
fn first_few(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(FEW);
    lines.truncate(FEW);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// Opens an adapter for what only an adapter can do, see [`of_adapters`].
fn open_adapter(
    arguments: &DeviceArguments,
    library: Library,
    purpose: (&str, &str),
    out: &mut dyn Write,
) -> Result<GpuBackend> {
    let open = |found: Vec<Candidate>| open_best(&found, arguments, library, out);
    of_adapters(&arguments.device, purpose, open)
}

/// Opens the best adapter that does not refuse, and tells of those that did; none where there are none.
fn open_best(
    candidates: &[Candidate],
    arguments: &DeviceArguments,
    library: Library,
    out: &mut dyn Write,
) -> Result<Option<GpuBackend>> {
    let open = |candidate: &Candidate| GpuBackend::open_in(candidate, arguments.precision());
    let tell = |refusal: &Error, next: &Candidate| {
        say(out, &format!("note: {refusal}; {} is tried next", next.describe().adapter))
    };
    let opened = adapters::open_first(candidates, open, tell)?;
    Ok(opened.map(|backend| backend.with(library).with_time_cap(arguments.time_cap())))
}

/// Uses what the adapter's driver has compiled at earlier starts.
fn use_pipelines(backend: &mut GpuBackend, out: &mut dyn Write) -> Result<()> {
    let Some(folder) = files::caches() else { return Ok(()) };
    let warning = backend.use_pipeline_cache(&folder.join("pipelines"));
    warning.map_or(Ok(()), |warning| say(out, &format!("warning: {warning}")))
}

/// Keeps what an adapter's driver has compiled.
fn keep_pipelines(backend: &mut dyn Backend, out: &mut dyn Write) -> Result<()> {
    let warning = backend.gpu().and_then(GpuBackend::keep_pipelines);
    warning.map_or(Ok(()), |warning| say(out, &format!("warning: {warning}")))
}

/// What `take` takes of the adapters for what only an adapter can do: `purpose` says what, as "check", and
/// `instead` why the CPU engine cannot take its place.
fn of_adapters<T>(
    choice: &DeviceChoice,
    (purpose, instead): (&str, &str),
    take: impl FnOnce(Vec<Candidate>) -> Result<Option<T>>,
) -> Result<T> {
    if *choice == DeviceChoice::Cpu {
        return Err(Error::Config(format!(
            "--device cpu: {instead}; name an adapter, or leave the choice to auto"
        )));
    }
    take(adapters::choose(choice)?)?.ok_or_else(|| {
        Error::Device(format!("there is nothing to {purpose}: {}", adapters::why_none()))
    })
}

/// Lines about a variant that is wrong.
fn wrong(kernel: &str, variant: &str, complaints: &[String]) -> Vec<String> {
    let line = |complaint: &String| format!("WRONG: {kernel} ({variant}): {complaint}");
    first_few(complaints.iter().map(line).collect())
}

/// Opens what the user asked to compute on, and says what it is.
fn open(
    arguments: &DeviceArguments,
    library: Library,
    out: &mut dyn Write,
) -> Result<Box<dyn Backend>> {
    let (choice, precision) = (&arguments.device, arguments.precision());
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
            say(out, &format!("note: {refusal}; the CPU engine computes instead"))?;
            None
        }
        opened => opened?,
    };
    let backend: Box<dyn Backend> = match opened {
        Some(mut backend) => {
            use_pipelines(&mut backend, out)?;
            Box::new(backend)
        }
        None => Box::new(CpuBackend::<f32>::default()),
    };
    let found = backend.adapter();
    say(out, &format!("device: {} ({}, {})", found.adapter, found.backend, found.driver))?;
    if none && *choice == DeviceChoice::Auto {
        say(out, &format!("note: {}. Here the CPU engine computes.", adapters::why_none()))?;
    }
    if changed && found.backend == "cpu" {
        say(
            out,
            "note: the CPU engine runs no shaders; --shaders, --variant and --tunable change nothing",
        )?;
    }
    Ok(backend)
}
