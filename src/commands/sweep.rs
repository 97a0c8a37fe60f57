//! `normlab batch-sizes`, `normlab learning-rates` and `normlab affine`: the same networks, trained at
//! several values of one setting.

use super::arguments::{
    DeviceArguments, FusionArguments, OutputArguments, ShaderArguments, TuneArguments,
};
use super::experiment::{load, with_absolute_paths};
use super::experiment_flags::{ExperimentArguments, Keys};
use super::opening::open;
use super::output::{
    Status, compared, open_in_browser, print, print_interrupted, print_json, print_limit,
};
use super::progress::train_of_sweep;
use super::report;
use super::run_text::layers;
use super::terminal;
use super::tuning::prepare;
use crate::config::{integer, number};
use crate::data::Dataset;
use crate::error::Result;
use crate::gradient_check;
use crate::interrupt;
use crate::record::{Adapter, Claim, Parity, SweepRecord, Swept};
use crate::report::records::Records;
use crate::report::{claims, sweeps, table};
use crate::train::sweep::{Sweep, Values};
use crate::train::sweep_folder::SweepFolder;
use crate::train::{Plan, run_folder};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::io::Write;
use std::time::Instant;

/// The keys that all networks of a sweep share, including the learning rate and the batch size if the sweep does not
/// vary them.
#[derive(Clone, Debug)]
struct Common<const RATE: bool, const BATCH: bool>;

/// The keys that every sweep takes.
const COMMON: [&str; 9] = [
    "activation",
    "norm",
    "hidden",
    "steps",
    "seed",
    "data",
    "transpose",
    "train_images",
    "test_images",
];

impl<const RATE: bool, const BATCH: bool> Keys for Common<RATE, BATCH> {
    fn has(name: &str) -> bool {
        match name {
            "learning_rate" => RATE,
            "batch" => BATCH,
            _ => COMMON.contains(&name),
        }
    }
}

/// Arguments of every sweep.
#[derive(Args, Clone, Debug)]
struct SweepArguments<K: Keys + Clone + Send + Sync + 'static> {
    #[command(flatten)]
    experiment: ExperimentArguments<K>,
    /// The number of seeds, each with its own networks.
    #[arg(long, value_name = "COUNT", value_parser = integer::<u64>, allow_negative_numbers = true)]
    seeds: Option<u64>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    #[command(flatten)]
    fusion: FusionArguments,
    #[command(flatten)]
    tune: TuneArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Arguments of `normlab batch-sizes`.
#[derive(Args, Clone, Debug)]
pub(super) struct BatchSizesArguments {
    /// The batch sizes to try.
    #[arg(long, value_delimiter = ',', value_name = "EXAMPLES,…", value_parser = integer::<usize>, allow_negative_numbers = true)]
    sizes: Option<Vec<usize>>,
    #[command(flatten)]
    common: SweepArguments<Common<true, false>>,
}

/// Arguments of `normlab learning-rates`.
#[derive(Args, Clone, Debug)]
pub(super) struct LearningRatesArguments {
    /// The learning rates to try.
    #[arg(long, value_delimiter = ',', value_name = "RATE,…", value_parser = number, allow_negative_numbers = true)]
    rates: Option<Vec<f32>>,
    #[command(flatten)]
    common: SweepArguments<Common<false, true>>,
}

/// Arguments of `normlab affine`.
#[derive(Args, Clone, Debug)]
pub(super) struct AffineArguments {
    #[command(flatten)]
    common: SweepArguments<Common<true, true>>,
}

/// Runs the sweep over batch sizes.
pub(super) fn batch_sizes(
    arguments: &BatchSizesArguments,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let mut sweep = Sweep::new(Swept::BatchSize);
    if let Some(sizes) = &arguments.sizes {
        sweep.values = Values::BatchSizes(sizes.clone());
    }
    arguments.common.start(sweep, out)
}

/// Runs the sweep over learning rates.
pub(super) fn learning_rates(
    arguments: &LearningRatesArguments,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let mut sweep = Sweep::new(Swept::LearningRate);
    if let Some(rates) = &arguments.rates {
        sweep.values = Values::LearningRates(rates.clone());
    }
    arguments.common.start(sweep, out)
}

/// Runs the sweep over one gamma and beta per unit, or per layer.
pub(super) fn affine(arguments: &AffineArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    arguments.common.start(Sweep::new(Swept::Affine), out)
}

/// The default values of a sweep's flags.
pub(super) fn defaults(swept: Swept) -> String {
    let Sweep { experiment, values, seeds, .. } = Sweep::new(swept);
    let hidden: Vec<_> = experiment.hidden.iter().map(usize::to_string).collect();
    let activations: Vec<_> = experiment.activation.iter().map(ToString::to_string).collect();
    let norms: Vec<_> = experiment.norm.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "Defaults: {} {}; activation {}, norm {}, hidden {}, {} steps",
        swept.setting(),
        values.texts().join(","),
        activations.join(","),
        norms.join(","),
        hidden.join(","),
        experiment.steps,
    );
    if swept != Swept::BatchSize {
        text.push_str(&format!(", batch {}", experiment.batch));
    }
    if swept != Swept::LearningRate {
        text.push_str(&format!(", learning rate {}", experiment.learning_rate));
    }
    format!("{text}, seed {}, seeds {seeds}.", experiment.seed)
}

/// What a sweep prints with `--json`.
#[derive(Serialize)]
struct Printed<'a> {
    device: Adapter,
    networks: &'a [SweepRecord],
    claim: Claim,
}

impl<K: Keys + Clone + Send + Sync> SweepArguments<K> {
    /// Overrides the sweep's values with the flags that were given, and runs it.
    fn start(&self, mut sweep: Sweep, out: &mut dyn Write) -> anyhow::Result<Status> {
        sweep.seeds = self.seeds.unwrap_or(sweep.seeds);
        let experiment = &mut sweep.experiment;
        self.experiment.apply(experiment)?;
        experiment.precision = self.device.precision();
        *experiment = with_absolute_paths(experiment.clone())?;
        self.run(&sweep, out)
    }

    /// Checks everything, then trains every network.
    fn run(&self, sweep: &Sweep, out: &mut dyn Write) -> anyhow::Result<Status> {
        let start = Instant::now();
        let (swept, experiment) = (sweep.values.swept(), &sweep.experiment);
        let OutputArguments { out: path, force, open: to_be_shown } = &self.output;
        SweepFolder::check_free(swept, path.as_deref(), *force)?;
        let data = load(experiment)?;
        sweep.validate(data.train.len())?;
        let shown: &mut dyn Write = if self.json { &mut std::io::sink() } else { &mut *out };
        let library = self.fusion.apply(self.shaders.library()?);
        let mut backend = open(&self.device, library, shown)?;
        for &activation in &experiment.activation {
            gradient_check::require(&*backend, activation)?;
        }
        let verify = !backend.adapter().is_cpu_engine();
        let experiments = sweep.experiments();
        let plans: Vec<_> =
            experiments.iter().flat_map(|one| Plan::all(one, &data, verify)).collect();
        prepare(self.tune.tune, &self.device, &mut backend, &plans, shown)?;
        let mut folder = SweepFolder::create(swept, path.as_deref(), *force, experiment)?;
        interrupt::listen()?;
        print(shown, &introduction(sweep, &data))?;
        let mut train = || -> anyhow::Result<()> {
            for (place, plan) in plans.iter().enumerate() {
                let label = format!("{} {} of {}", plan.name(), place + 1, plans.len());
                let Some(record) = train_of_sweep(&mut *backend, plan, &label)? else { break };
                folder.add(SweepRecord { networks: Some(plans.len()), ..record })?;
            }
            Ok(())
        };
        let trained = train();
        if trained.is_err() && !folder.records().is_empty() {
            report::after_error(Records::read(folder.path()), folder.path(), shown);
        }
        trained.with_context(|| format!("the sweep in {} ended early", folder.path().display()))?;
        let interrupted = folder.records().len() < plans.len();
        if interrupted {
            let (ended, place) = (folder.records().len(), folder.path().display());
            let kept = format!(
                "{ended} of {} networks have finished and are recorded in {place}; run the same \
                 command with --force to start over",
                plans.len()
            );
            print_interrupted(&kept, shown)?;
        }
        if folder.records().is_empty() {
            return Ok(Status::Interrupted);
        }
        print(shown, &conclusion(swept, &folder, start.elapsed().as_secs_f64()))?;
        if folder.records().iter().any(|record| !record.run.parity.failures.is_empty()) {
            print_limit(backend.gpu(), shown)?;
        }
        let shown_whole = show(&folder, shown)?;
        if *to_be_shown && shown_whole == Status::Good {
            open_in_browser(&folder.path().join(run_folder::REPORT))?;
        }
        if self.json {
            let networks = folder.records();
            let claim = claims::of_sweep(swept, networks);
            print_json(&Printed { device: backend.adapter(), networks, claim }, out)?;
        }
        if interrupted {
            return Ok(Status::Interrupted);
        }
        Ok(shown_whole.and(status(swept, folder.records())))
    }
}

/// A network that diverged is a failure, unless the sweep is meant to find out which do.
fn status(swept: Swept, records: &[SweepRecord]) -> Status {
    let good = |SweepRecord { run, .. }: &SweepRecord| {
        (run.failure.is_none() || swept.may_diverge()) && run.parity.failures.is_empty()
    };
    if records.iter().all(good) { Status::Good } else { Status::Failed }
}

fn introduction(sweep: &Sweep, data: &Dataset) -> String {
    let (experiment, values) = (&sweep.experiment, sweep.values.texts().join(", "));
    let (batch, rate) = (experiment.batch.to_string(), experiment.learning_rate.to_string());
    let (batch, rate, affine) = match sweep.values.swept() {
        Swept::BatchSize => (values, rate, String::new()),
        Swept::LearningRate => (batch, values, String::new()),
        Swept::Affine => (batch, rate, format!(", affine {values}")),
    };
    format!(
        "data: {}\nnetworks: {}, {} steps at batch {batch}, SGD at learning rate {rate}{affine}",
        data.name,
        layers(experiment, data),
        experiment.steps,
    )
}

fn conclusion(swept: Swept, folder: &SweepFolder, seconds: f64) -> String {
    let records = folder.records();
    let mut parity = Parity::default();
    let mut failures = String::new();
    let word = if swept.may_diverge() { "diverged" } else { "FAILED" };
    for record in records {
        let (name, run) = (record.name(swept), &record.run);
        parity.merge(&run.parity, &name);
        if let Some(failure) = &run.failure {
            failures.push_str(&format!("{word}: {name}: {failure}\n"));
        }
    }
    format!(
        "\n{}\n{}\n{}{}{failures}records: {} ({seconds:.1} s in all)",
        sweeps::results(swept, records, terminal::width()),
        table::legend_text(&sweeps::legend(swept, records)),
        claims::in_full(&claims::of_sweep(swept, records)),
        compared(&parity),
        folder.path().display(),
    )
}

/// Makes the report of a sweep, or of the run in its folder, whose summary is updated with the sweep's claim.
fn show(folder: &SweepFolder, out: &mut dyn Write) -> Result<Status> {
    let path = folder.path();
    let mut records = Records::read(path)?;
    let claims = claims::claims(&records);
    if let Some(summary) = &mut records.summary {
        summary.claims = claims;
        run_folder::write_summary(path, summary)?;
    }
    report::after_run(path, records, None, out)
}
