//! The command line: one file per subcommand.

mod arguments;
mod bench;
mod beside;
mod check;
mod check_activations;
mod check_engine;
mod compare;
mod depth;
mod devices;
mod eval;
mod evaluate;
mod experiment;
mod experiment_flags;
mod export;
mod judge;
mod opening;
mod output;
mod page;
mod predict;
mod progress;
mod records;
mod report;
mod reproduce;
mod resume;
mod run;
mod run_text;
mod sanitize;
mod shaders;
mod sweep;
mod sweep_presets;
mod tally;
pub mod terminal;
mod tune;
mod tuning;
mod watch;

pub use output::Status;

use crate::train::sweep::presets::Preset;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::Write;

/// The default values of flags.
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
    /// Train networks of your own, from a file or from flags.
    #[command(after_help = DEFAULTS)]
    Train(run::TrainArguments),
    /// Rebuild a run's report from its records.
    Report(report::Arguments),
    /// Classify a test set with a run's networks.
    Evaluate(evaluate::Arguments),
    /// Classify your own pictures with a run's network.
    Predict(predict::Arguments),
    /// Compare runs: the settings that differ, and their curves on one page.
    Compare(compare::Arguments),
    /// Write a run's records as comma-separated values.
    Records(records::Arguments),
    /// Write the lesson as a page that opens in any browser, and trains there.
    Page(page::Arguments),
    /// Train every combination of several settings' values, on one or more machines.
    Sweep(sweep::Arguments),
    /// Compare batch norm with layer norm at several batch sizes.
    #[command(after_help = sweep_presets::defaults(&Preset::batch_sizes()))]
    BatchSizes(sweep_presets::BatchSizesArguments),
    /// Train ReLU at several learning rates, without a norm and with one.
    #[command(after_help = sweep_presets::defaults(&Preset::learning_rates()))]
    LearningRates(sweep_presets::LearningRatesArguments),
    /// Train layer norm with one gamma and beta per unit, and with one per layer.
    #[command(after_help = sweep_presets::defaults(&Preset::affine()))]
    Affine(sweep_presets::AffineArguments),
    /// Measure signals and gradients over the depth of a network.
    Depth(depth::Arguments),
    /// Run a paper's experiment again, next to the paper's results, with a verdict.
    Reproduce(reproduce::Arguments),
    /// List the adapters, the one that would be used, and what each can do.
    Devices(devices::Arguments),
    /// List the shaders, or export them for editing.
    #[command(subcommand)]
    Shaders(shaders::Command),
    /// Compare each kernel's results on the GPU with its CPU reference.
    Check(check::Arguments),
    /// Run each kernel's shaders on the CPU, without an adapter, to find data races, out-of-bounds accesses and other
    /// mistakes that adapters hide.
    Sanitize(sanitize::Arguments),
    /// Run one kernel on your own tensors, from one safetensors file to another.
    Eval(eval::Arguments),
    /// Write networks as files that a browser can train.
    Export(export::Arguments),
    /// Check and time kernels' variants, or time whole training steps (`bench step`).
    Bench(bench::Arguments),
    /// Find the shaders' fastest settings on this adapter, and save them.
    Tune(tune::Arguments),
    /// Check and time a kernel's shaders whenever they are saved.
    Watch(watch::Arguments),
    /// Judge one variant of a kernel, for `watch`.
    #[command(hide = true)]
    Judge(judge::Arguments),
}

/// Runs the command that the arguments name, and prints to `out`.
///
/// # Errors
/// Those of the command, with context; the [`Error`](crate::error::Error) in it determines the exit status.
pub fn execute(cli: Cli, out: &mut dyn Write) -> anyhow::Result<Status> {
    match cli.command.unwrap_or(Command::Lesson(cli.lesson)) {
        Command::Lesson(arguments) => run::lesson(&arguments, out),
        Command::Train(arguments) => run::train(&arguments, out),
        Command::Report(arguments) => report::report(&arguments, out),
        Command::Evaluate(arguments) => evaluate::evaluate(&arguments, out),
        Command::Predict(arguments) => predict::predict(&arguments, out),
        Command::Compare(arguments) => compare::compare(&arguments, out),
        Command::Records(arguments) => records::records(&arguments, out),
        Command::Page(arguments) => page::page(&arguments, out),
        Command::Sweep(arguments) => sweep::sweep(&arguments, out),
        Command::BatchSizes(arguments) => sweep_presets::batch_sizes(&arguments, out),
        Command::LearningRates(arguments) => sweep_presets::learning_rates(&arguments, out),
        Command::Affine(arguments) => sweep_presets::affine(&arguments, out),
        Command::Depth(arguments) => depth::depth(&arguments, out),
        Command::Reproduce(arguments) => reproduce::reproduce(&arguments, out),
        Command::Devices(arguments) => devices::list(&arguments, out),
        Command::Shaders(command) => shaders::execute(&command, out),
        Command::Check(arguments) => check::check(&arguments, out),
        Command::Sanitize(arguments) => sanitize::sanitize(&arguments, out),
        Command::Eval(arguments) => eval::eval(&arguments, Cli::command, out),
        Command::Export(arguments) => export::export(&arguments, out),
        Command::Bench(arguments) => bench::bench(&arguments, out),
        Command::Tune(arguments) => tune::tune(&arguments, out),
        Command::Watch(arguments) => watch::watch(&arguments, out),
        Command::Judge(arguments) => judge::judge(&arguments, out),
    }
}
