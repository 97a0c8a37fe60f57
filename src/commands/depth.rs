//! `normlab depth`: what normalization does to signals and gradients over the depth of a network.

use super::arguments::{DeviceArguments, FusionArguments, OutputArguments, ShaderArguments};
use super::experiment::{Datasets, with_absolute_paths};
use super::experiment_flags::{ExperimentArguments, Keys};
use super::opening::open;
use super::output::{Status, print, print_interrupted, print_json, progress_bar};
use super::report::after_study;
use super::terminal;
use super::tuning::prepare;
use crate::config::{Experiment, Norm, integer};
use crate::error::{Error, Result};
use crate::gradient_check;
use crate::interrupt;
use crate::kernels::activation::Activation;
use crate::record::DepthRecord;
use crate::report::{depth as report, table};
use crate::train::Plan;
use crate::train::depth;
use crate::train::study_folder::StudyFolder;
use crate::tune::run::TuneMode;
use anyhow::Context;
use clap::Args;
use std::io::Write;

/// The name of the folder and of its records.
const NAME: &str = "depth";

/// The deepest networks by default, their width, and the size of their batch.
const DEPTHS: [usize; 5] = [1, 2, 5, 10, 20];
const WIDTH: usize = 100;

/// The keys that all networks share.
#[derive(Clone, Debug)]
struct Common;

impl Keys for Common {
    fn has(name: &str) -> bool {
        let others = [
            "hidden",
            "steps",
            "replicas",
            "precision",
            "probes",
            "evaluate_every",
            "verify_every",
        ];
        !others.contains(&name)
    }
}

/// Arguments of `normlab depth`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The numbers of hidden layers to try [default: 1,2,5,10,20].
    #[arg(long, value_delimiter = ',', value_name = "LAYERS,…", value_parser = integer::<usize>, allow_negative_numbers = true, help_heading = "Network")]
    depths: Option<Vec<usize>>,
    /// Units of each hidden layer.
    #[arg(long, value_name = "UNITS", default_value_t = WIDTH, value_parser = integer::<usize>, allow_negative_numbers = true, help_heading = "Network")]
    width: usize,
    /// Steps to train, for a second look at their end; 0 for the initial weights only.
    #[arg(long, value_name = "STEPS", default_value_t = 0, value_parser = integer::<usize>, allow_negative_numbers = true, help_heading = "Training")]
    steps: usize,
    #[command(flatten)]
    experiment: ExperimentArguments<Common>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    #[command(flatten)]
    fusion: FusionArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// One experiment for each depth.
    fn experiments(&self) -> Result<Vec<Experiment>> {
        let mut base = Experiment {
            activation: vec![Activation::Sigmoid, Activation::Relu],
            norm: vec![Norm::NONE, Norm::BATCH, Norm::LAYER, Norm::RMS],
            steps: self.steps.max(1),
            probes: 0,
            ..Experiment::default()
        };
        self.experiment.apply(&mut base)?;
        base.precision = self.device.precision();
        let base = with_absolute_paths(base)?;
        let depths = self.depths.clone().unwrap_or_else(|| DEPTHS.to_vec());
        if depths.iter().enumerate().any(|(at, depth)| *depth == 0 || depths[..at].contains(depth))
        {
            return Err(Error::Config(
                "--depths: expected one or more numbers of hidden layers from 1, each only once"
                    .to_owned(),
            ));
        }
        let of = |&depth: &usize| Experiment { hidden: vec![self.width; depth], ..base.clone() };
        let experiments: Vec<_> = depths.iter().map(of).collect();
        experiments.iter().try_for_each(Experiment::validate)?;
        Ok(experiments)
    }
}

/// Measures every network, and shows what came out.
pub(super) fn depth(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let experiments = arguments.experiments()?;
    let OutputArguments { out: path, force, open: shown_at_end } = &arguments.output;
    StudyFolder::check_free(path.as_deref(), *force)?;
    let data = Datasets::load(experiments.iter())?;
    let shown: &mut dyn Write = if arguments.json { &mut std::io::sink() } else { &mut *out };
    let library = arguments.fusion.apply(arguments.shaders.library()?);
    let mut backend = open(&arguments.device, library, shown)?;
    for experiment in &experiments {
        experiment.validate_for(data.of(experiment).train.len())?;
        for &activation in &experiment.activation {
            gradient_check::require(&*backend, activation)?;
        }
    }
    let plans = experiments.iter().flat_map(|one| Plan::all(one, data.of(one)));
    let plans: Vec<_> = plans.collect();
    prepare(TuneMode::default(), &arguments.device, &mut backend, &plans, shown)?;
    let mut folder = StudyFolder::create(NAME, path.as_deref(), *force)?;
    interrupt::listen()?;
    let mut records: Vec<DepthRecord> = Vec::new();
    for plan in &plans {
        let label = format!("{} {}", plan.name(), plan.experiment.hidden.len());
        let bar = progress_bar(&label, (arguments.steps.max(1), "steps"));
        let of = (plan, data.sha256(plan.experiment));
        let measured = depth::measure(&mut *backend, of, arguments.steps, &mut |step| {
            bar.set_position(step as u64);
        });
        bar.finish_and_clear();
        for record in measured.with_context(|| format!("measuring {label}"))? {
            folder.add(&record)?;
            records.push(record);
        }
        if interrupt::is_requested() {
            break;
        }
    }
    let interrupted = interrupt::is_requested();
    if interrupted {
        let kept =
            format!("{} measurements are recorded in {}", records.len(), folder.path().display());
        print_interrupted(&kept, shown)?;
    }
    print(
        shown,
        &format!(
            "\n{}\n{}",
            table::columns(&report::rows(&records), terminal::width()),
            table::legend_text(&report::table_legend())
        ),
    )?;
    for sentence in report::sentences(&records) {
        print(shown, &sentence)?;
    }
    after_study(folder.path(), &report::study(&records), *shown_at_end, shown)?;
    if arguments.json {
        print_json(&records, out)?;
    }
    if interrupted {
        return Ok(Status::Interrupted);
    }
    let failed = records.iter().any(|record| record.failure.is_some());
    Ok(if failed { Status::Failed } else { Status::Good })
}
