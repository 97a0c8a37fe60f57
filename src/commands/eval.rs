//! `normlab eval`: runs one kernel on the user's tensors.

use super::arguments::{DeviceArguments, ShaderArguments};
use super::opening::open;
use super::output::{Status, print};
use crate::error::{Error, Result};
use crate::eval::{self, Options, Request, Results};
use crate::kernels;
use crate::kernels::activation::Activation;
use crate::kernels::contract::Operand;
use crate::kernels::kernel::Kernel;
use crate::program::Dispatch;
use clap::{Args, Command};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Arguments of `normlab eval`.
#[derive(Args, Clone, Debug)]
#[command(disable_help_flag = true, after_help = SHORT_HELP, after_long_help = listing(&kernels::ALL))]
pub(super) struct Arguments {
    /// The kernel to run.
    #[arg(value_name = "KERNEL")]
    kernel: Option<String>,
    /// A safetensors file with the tensors that the kernel reads, named as in its contract.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The safetensors file to write the kernel's results to; an existing one is replaced.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A parameter of the kernel, e.g. epsilon=1e-5; repeatable.
    #[arg(long = "param", value_name = "NAME=NUMBER", value_parser = assignment::<f32>)]
    parameters: Vec<(String, f32)>,
    /// A size that no tensor gives, e.g. features=784; repeatable.
    #[arg(long = "size", value_name = "NAME=NUMBER", value_parser = assignment::<usize>)]
    sizes: Vec<(String, usize)>,
    /// The activation of a kernel that has one [default: identity].
    #[arg(long, value_name = "NAME")]
    activation: Option<Activation>,
    /// Print short help.
    #[arg(short = 'h')]
    short_help: bool,
    /// Print help with the tensors of all kernels, or only those of KERNEL if it is named.
    #[arg(long)]
    help: bool,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
}

/// The end of the short help.
const SHORT_HELP: &str = "`normlab eval KERNEL --help` lists the tensors of a kernel, and \
                          `normlab shaders list` lists the kernels.";

/// Reads NAME=NUMBER.
fn assignment<T: FromStr>(text: &str) -> std::result::Result<(String, T), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let parts = parts.and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
    parts.ok_or_else(|| "expected NAME=NUMBER".to_owned())
}

/// Runs one kernel. `program` is the whole command line, which contains this command's help.
pub(super) fn eval(
    arguments: &Arguments,
    program: fn() -> Command,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let kernel = arguments.kernel.as_deref().map(kernels::find).transpose()?;
    if arguments.help || arguments.short_help {
        return help(program(), (kernel, arguments.help), out);
    }
    let kernel = kernel.ok_or_else(|| {
        let names = kernels::ALL.map(|kernel| kernel.name()).join(", ");
        Error::Config(format!("normlab eval needs the name of a kernel; available: {names}"))
    })?;
    let input = needed(arguments.input.as_deref(), ("input", kernel), kernel.contract.read())?;
    let output =
        needed(arguments.output.as_deref(), ("output", kernel), kernel.contract.written())?;
    let library = arguments.shaders.library()?;
    eval::check_paths(input, output)?;
    let options = Options {
        activation: arguments.activation,
        parameters: arguments.parameters.clone(),
        sizes: arguments.sizes.clone(),
    };
    let request = Request::read(kernel, input, &options)?;
    let mut backend = open(&arguments.device, library, out)?;
    let results = request.run(&mut *backend)?;
    results.write(output)?;
    let Dispatch { kernel, sizes, .. } = request.dispatch();
    let choice = backend.gpu().map(|gpu| gpu.selection().choice(kernel, sizes)).transpose()?;
    let instead = choice.and_then(|choice| choice.instead);
    print(out, &summary(&results, instead.as_deref(), output))?;
    Ok(Status::Good)
}

/// The path given with a flag, or an error that says what that file must contain.
fn needed<'a>(
    path: Option<&'a Path>,
    (flag, kernel): (&str, &Kernel),
    tensors: impl Iterator<Item = &'static Operand>,
) -> Result<&'a Path> {
    path.ok_or_else(|| {
        let (kernel, tensors) = (kernel.name(), eval::list(tensors));
        Error::Config(format!(
            "normlab eval {kernel} needs --{flag} FILE.safetensors for {tensors}"
        ))
    })
}

/// What was done, line by line.
fn summary(results: &Results, instead: Option<&str>, output: &Path) -> String {
    let name = results.dispatch.kernel.name();
    let mut kernel = format!("kernel: {name} ({})", results.variant());
    if let Some(activation) = results.activation() {
        kernel.push_str(&format!(", activation {activation}"));
    }
    if let Some(misfit) = instead {
        kernel.push_str(&format!("; {misfit}"));
    }
    let mut lines = vec![kernel, format!("sizes: {}", results.sizes())];
    if !results.dispatch.parameters.is_empty() {
        lines.push(format!("parameters: {}", results.parameters()));
    }
    let tensors = results.outputs.iter().map(|one| format!("{} {:?}", one.name, one.axes));
    let tensors = tensors.collect::<Vec<_>>().join(", ");
    lines.push(format!("written to {}: {tensors}", output.display()));
    for one in results.outputs.iter().filter(|one| one.nans() > 0) {
        lines.push(format!(
            "note: {}: {} of {} elements are NaN; one that the kernel never writes is NaN, too",
            one.name,
            one.nans(),
            one.value.shape().len()
        ));
    }
    lines.join("\n")
}

/// Prints the help; in full, it has the tensors of one kernel or of all.
fn help(
    mut program: Command,
    (kernel, in_full): (Option<&'static Kernel>, bool),
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    program.build();
    let command = program.find_subcommand("eval").cloned().unwrap_or(program);
    let mut command = match kernel {
        Some(kernel) => command.after_long_help(listing(&[kernel])),
        None => command,
    };
    let text = if in_full { command.render_long_help() } else { command.render_help() };
    print(out, &text.to_string())?;
    Ok(Status::Good)
}

/// Kernels with their tensors and flags, from their contracts.
fn listing(kernels: &[&Kernel]) -> String {
    let shapes = "A tensor is [replicas, rows, cols] or [rows, cols]; if rows or cols is 1, that \
                  axis may be left out. A shared tensor may have a single replica, which serves all.\n";
    let described = kernels.iter().map(|kernel| describe(kernel));
    shapes.to_owned() + &described.collect::<String>()
}

fn describe(kernel: &Kernel) -> String {
    let tensor = |operand: &Operand| {
        let shared = operand.strided && !operand.access.writes();
        format!("{operand}{}", if shared { ", shared" } else { "" })
    };
    let parameters = kernel.contract.parameters.iter();
    let parameters = parameters.map(|one| format!("--param {}={:?}", one.name, one.default));
    let sizes =
        kernel.contract.explicit_sizes().into_iter().map(|name| format!("--size {name}=NUMBER"));
    let activation = kernel.contract.activation.then(|| "--activation identity".to_owned());
    format!(
        "\n{}: {}\n{}{}{}",
        kernel.name(),
        kernel.contract.summary,
        column("reads", kernel.contract.read().map(tensor)),
        column("writes", kernel.contract.written().map(tensor)),
        column("flags", parameters.chain(sizes).chain(activation))
    )
}

/// Lines, with a word before the first.
fn column(word: &str, lines: impl Iterator<Item = String>) -> String {
    let words = std::iter::once(word).chain(std::iter::repeat(""));
    words.zip(lines).map(|(word, line)| format!("  {word:<8}{line}\n")).collect()
}
