//! `normlab bench`: how fast kernel variants and training steps are.

use super::arguments::{FusionArguments, MeasureArguments, TuneArguments};
use super::opening::{open, open_adapter};
use super::output::{Status, print, print_json, print_limit, wrong};
use super::terminal;
use super::tuning::apply_settings;
use crate::backend::Backend;
use crate::bench::Roofline;
use crate::bench::scale::{self, Scale, ScaledStep};
use crate::bench::shape::{BenchShape, plan};
use crate::bench::step::{self, StepTime, Workload};
use crate::bench::targets::{self, SpeedTarget};
use crate::bench::variants::{self, KernelVariants, VariantResult};
use crate::config::{Norm, integer};
use crate::data::Dataset;
use crate::error::Result;
use crate::record::Adapter;
use crate::report::bench as tables;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::Write;

/// Arguments of `normlab bench`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    variants: VariantsArguments,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
    /// Time training steps of three networks with each norm, and their kernels.
    Step(StepArguments),
    /// Time training steps at several batch sizes and widths, and show how their time grows, kernel by kernel.
    Scale(ScaleArguments),
    /// Measure this project's speed targets for this kind of adapter, and show which are reached.
    #[command(alias = "reach")]
    Targets(TargetsArguments),
}

#[derive(Args, Clone, Debug)]
struct VariantsArguments {
    /// The kernels to time [default: all], or `step` for whole training steps.
    #[arg(value_name = "KERNEL")]
    kernels: Vec<String>,
    /// Sizes: MxKxN for products, ROWSxCOLS for other kernels; repeatable.
    ///
    /// By default, those of the lesson's first layer.
    #[arg(long, value_name = "SHAPE")]
    shape: Vec<BenchShape>,
    #[command(flatten)]
    measure: MeasureArguments,
}

#[derive(Args, Clone, Debug)]
struct StepArguments {
    #[command(flatten)]
    measure: MeasureArguments,
    #[command(flatten)]
    fusion: FusionArguments,
    #[command(flatten)]
    tune: TuneArguments,
}

#[derive(Args, Clone, Debug)]
struct ScaleArguments {
    /// The norm of the network's three hidden layers, in the form that `train` takes.
    #[arg(long, value_name = "NORM", default_value_t = Norm::BATCH)]
    norm: Norm,
    /// Batch sizes, with layers of 128 units.
    #[arg(long, value_delimiter = ',', value_name = "SIZE,…", value_parser = integer::<usize>, allow_negative_numbers = true, default_values_t = scale::BATCHES)]
    batch: Vec<usize>,
    /// Layer widths in units, with batches of 64.
    #[arg(long, value_delimiter = ',', value_name = "UNITS,…", value_parser = integer::<usize>, allow_negative_numbers = true, default_values_t = scale::WIDTHS)]
    width: Vec<usize>,
    #[command(flatten)]
    measure: MeasureArguments,
    #[command(flatten)]
    fusion: FusionArguments,
}

#[derive(Args, Clone, Debug)]
struct TargetsArguments {
    #[command(flatten)]
    measure: MeasureArguments,
}

/// What `normlab bench --json` prints.
#[derive(Serialize)]
struct Compared {
    device: Adapter,
    ceilings: Roofline,
    ladders: Vec<KernelVariants>,
}

/// What `normlab bench targets --json` prints.
#[derive(Serialize)]
struct Reached<'a> {
    device: Adapter,
    goals: &'a [SpeedTarget],
}

/// What `normlab bench scale --json` prints.
#[derive(Serialize)]
struct Scales<'a> {
    device: Adapter,
    scales: &'a [Scale],
}

/// What `normlab bench step --json` prints.
#[derive(Serialize)]
struct Steps {
    device: Adapter,
    steps: Vec<StepTime>,
}

/// Times what the arguments ask for.
pub(super) fn bench(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    match &arguments.command {
        Some(Command::Step(step)) => steps(step, out),
        Some(Command::Scale(scale)) => scales(scale, out),
        Some(Command::Targets(TargetsArguments { measure })) => targets(measure, out),
        None => compare_variants(&arguments.variants, out),
    }
}

fn compare_variants(arguments: &VariantsArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let plan = plan(&arguments.kernels, &arguments.shape)?;
    let measure = &arguments.measure;
    let purpose = ("time on", "the CPU engine has no variants of kernels to time");
    let library = measure.shaders.library()?;
    let shown: &mut dyn Write = if measure.json { &mut std::io::sink() } else { &mut *out };
    let mut backend = open_adapter(&measure.device, library, purpose, shown)?;
    let device = backend.adapter();
    print(shown, &format!("device: {} ({})", device.adapter, device.backend))?;
    let ceilings = Roofline::measure(&mut backend)?;
    print(shown, &tables::ceilings(&ceilings))?;
    let mut ladders = Vec::new();
    for (kernel, shapes) in plan {
        for compared in variants::compare(&mut backend, kernel, &shapes)? {
            print(shown, &tables::variants(&compared, &ceilings, terminal::width()))?;
            complain(&compared, shown)?;
            ladders.push(compared);
        }
    }
    print(shown, &format!("\n{}", tables::LADDER_LEGEND))?;
    let good = ladders.iter().all(KernelVariants::passes);
    if !good {
        print_limit(Some(&backend), shown)?;
    }
    if measure.json {
        print_json(&Compared { device, ceilings, ladders }, out)?;
    }
    Ok(if good { Status::Good } else { Status::Failed })
}

/// Says what is wrong with the variants of a kernel.
fn complain(compared: &KernelVariants, out: &mut dyn Write) -> Result<()> {
    for variant in &compared.variants {
        if let VariantResult::Wrong { complaints } = &variant.result {
            let lines = wrong(compared.kernel, &variant.variant, complaints);
            lines.iter().try_for_each(|line| print(out, line))?;
        }
    }
    Ok(())
}

fn targets(measure: &MeasureArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let data = Dataset::drawn()?;
    let purpose = ("time on", "the CPU engine has no targets");
    let library = measure.shaders.library()?;
    let shown: &mut dyn Write = if measure.json { &mut std::io::sink() } else { &mut *out };
    let mut backend = open_adapter(&measure.device, library, purpose, shown)?;
    let device = backend.adapter();
    print(shown, &format!("device: {} ({}, {})\n", device.adapter, device.backend, device.driver))?;
    let mut report = |target: &SpeedTarget| print(shown, &tables::target(target));
    let goals = targets::measure(&mut backend, &data, &mut report)?;
    if measure.json {
        print_json(&Reached { device, goals: &goals }, out)?;
    }
    Ok(Status::Good)
}

fn scales(arguments: &ScaleArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let ScaleArguments { norm, batch, width, measure, fusion } = arguments;
    let data = Dataset::drawn()?;
    let grown = [("batch", batch), ("width", width)];
    for (what, sizes) in grown {
        sizes.iter().try_for_each(|&size| scale::workload(what, size).validate(*norm, &data))?;
    }
    let library = fusion.apply(measure.shaders.library()?);
    let shown: &mut dyn Write = if measure.json { &mut std::io::sink() } else { &mut *out };
    let mut backend = open(&measure.device, library, shown)?;
    let mut scales = Vec::new();
    for (what, sizes) in grown {
        print(shown, &tables::scale_header(what, *norm))?;
        let mut report = |point: &ScaledStep| print(shown, &tables::scale_row(point));
        let scale = scale::measure(&mut *backend, (what, sizes), *norm, &data, &mut report)?;
        print(shown, &tables::growth(&scale))?;
        scales.push(scale);
    }
    if measure.json {
        print_json(&Scales { device: backend.adapter(), scales: &scales }, out)?;
    }
    Ok(Status::Good)
}

fn steps(arguments: &StepArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let StepArguments { measure, fusion, tune } = arguments;
    let library = fusion.apply(measure.shaders.library()?);
    let data = Dataset::drawn()?;
    let shown: &mut dyn Write = if measure.json { &mut std::io::sink() } else { &mut *out };
    let mut backend = open(&measure.device, library, shown)?;
    let workloads = Workload::usual().into_iter();
    let networks: Vec<_> =
        workloads.flat_map(|one| Norm::PLAIN.map(|norm| (one.clone(), norm))).collect();
    let fusion = backend.fusion()?;
    let model = |(workload, norm): &(Workload, Norm)| workload.model(*norm, &data)?.fused(&fusion);
    let models = networks.iter().map(model).collect::<Result<Vec<_>>>()?;
    if let Some(gpu) = backend.gpu_mut() {
        apply_settings(tune.tune, gpu, &models, "normlab tune", shown)?;
    }
    let mut steps = Vec::new();
    for (workload, norm) in networks {
        let step = step::time(&mut *backend, &workload, norm, &data)?;
        print(shown, &tables::step(&step))?;
        steps.push(step);
    }
    print(
        shown,
        "\nThe dispatches of each kernel in a step are timed separately, one after another.",
    )?;
    if measure.json {
        print_json(&Steps { device: backend.adapter(), steps }, out)?;
    }
    Ok(Status::Good)
}
