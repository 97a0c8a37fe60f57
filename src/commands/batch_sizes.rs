//! `normlab batch-sizes`: batch norm against layer norm over the size of a batch.

use super::arguments::{DeviceArguments, OutputArguments, ShaderArguments, number, set, whole};
use super::run::{layers, load, rooted};
use super::{Status, compared, open, progress_bar, say, say_json};
use crate::config::{Experiment, Norm};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::record::{Adapter, BatchSizeRecord, Claim, Parity};
use crate::report::{batch_sizes as tables, claims};
use crate::train::batch_sizes::{self, BatchSizes, BatchSizesFolder};
use crate::train::{Plan, run_name, try_loading};
use clap::Args;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `normlab batch-sizes`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// Batch sizes [default: 1,2,4,16,60].
    #[arg(long, value_delimiter = ',', value_name = "EXAMPLES,…", value_parser = whole::<usize>, allow_negative_numbers = true)]
    sizes: Option<Vec<usize>>,
    /// Norms that are compared [default: batch,layer].
    #[arg(long, value_delimiter = ',', value_name = "NORM,…")]
    norm: Option<Vec<Norm>>,
    /// Activations of the hidden layers [default: sigmoid].
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    activation: Option<Vec<Activation>>,
    /// Units of each hidden layer [default: 100,100,100].
    #[arg(long, value_delimiter = ',', value_name = "UNITS,…", value_parser = whole::<usize>, allow_negative_numbers = true)]
    hidden: Option<Vec<usize>>,
    /// Training steps of each network [default: 2000].
    #[arg(long, value_parser = whole::<usize>, allow_negative_numbers = true)]
    steps: Option<usize>,
    /// The learning rate, the same for all sizes [default: 0.01].
    #[arg(long, value_name = "RATE", value_parser = number, allow_negative_numbers = true)]
    learning_rate: Option<f32>,
    /// The first seed of weights and batches [default: 1].
    #[arg(long, value_parser = whole::<u64>, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// How many seeds, each with networks of its own [default: 1].
    #[arg(long, value_name = "COUNT", value_parser = whole::<u64>, allow_negative_numbers = true)]
    seeds: Option<u64>,
    /// A folder with IDX files, as MNIST's [default: the drawn digits].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
    #[command(flatten)]
    output: OutputArguments,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// What `normlab batch-sizes --json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    device: Adapter,
    networks: &'a [BatchSizeRecord],
    claim: Claim,
}

impl Arguments {
    /// The experiment with the flags in place of its values.
    fn batch_sizes(&self) -> Result<BatchSizes> {
        let mut all = BatchSizes::default();
        set(&mut all.sizes, self.sizes.as_ref());
        set(&mut all.seeds, self.seeds.as_ref());
        let experiment = &mut all.experiment;
        set(&mut experiment.norm, self.norm.as_ref());
        set(&mut experiment.activation, self.activation.as_ref());
        set(&mut experiment.hidden, self.hidden.as_ref());
        set(&mut experiment.steps, self.steps.as_ref());
        set(&mut experiment.learning_rate, self.learning_rate.as_ref());
        set(&mut experiment.seed, self.seed.as_ref());
        experiment.data.clone_from(&self.data);
        *experiment = rooted(experiment)?;
        Ok(all)
    }
}

/// Runs the batch-size experiment.
pub(super) fn batch_sizes(arguments: &Arguments, out: &mut dyn Write) -> Result<Status> {
    let start = Instant::now();
    let all = arguments.batch_sizes()?;
    let OutputArguments { out: path, force } = &arguments.output;
    BatchSizesFolder::check_free(path.as_deref(), *force)?;
    let experiment = &all.experiment;
    let data = load(experiment)?;
    all.validate(data.train.len())?;
    let shown: &mut dyn Write = if arguments.json { &mut std::io::sink() } else { &mut *out };
    let library = arguments.shaders.library()?;
    let mut backend = open(&arguments.device, library, shown)?;
    let verify = backend.adapter().backend != "cpu";
    let experiments = all.experiments();
    let plans: Vec<_> = experiments.iter().flat_map(|one| plans(one, &data, verify)).collect();
    plans.iter().try_for_each(|plan| try_loading(backend.as_mut(), plan))?;
    let mut folder = BatchSizesFolder::create(path.as_deref(), *force, experiment)?;
    say(shown, &introduction(&all, &data))?;
    for plan in &plans {
        let name = format!("{} at {}", run_name(plan.activation, plan.norm), plan.experiment.batch);
        let bar = progress_bar(&name, plan.experiment.steps);
        let mut progress = |step: usize| bar.set_position(step as u64);
        let record = batch_sizes::train(backend.as_mut(), plan, &mut progress);
        bar.finish_and_clear();
        folder.add(record?)?;
    }
    say(shown, &conclusion(&folder, start.elapsed().as_secs_f64()))?;
    if arguments.json {
        let networks = folder.records();
        let claim = tables::claim(networks);
        say_json(&Printed { device: backend.adapter(), networks, claim }, out)?;
    }
    let good = folder
        .records()
        .iter()
        .all(|BatchSizeRecord { run, .. }| run.failure.is_none() && run.parity.failures.is_empty());
    Ok(if good { Status::Good } else { Status::Failed })
}

/// The networks of an experiment.
fn plans<'a>(experiment: &'a Experiment, data: &'a Dataset, verify: bool) -> Vec<Plan<'a>> {
    let plan = |(activation, norm)| Plan { experiment, activation, norm, data, verify };
    experiment.networks().into_iter().map(plan).collect()
}

fn introduction(all: &BatchSizes, data: &Dataset) -> String {
    let experiment = &all.experiment;
    let sizes: Vec<_> = all.sizes.iter().map(usize::to_string).collect();
    format!(
        "data: {}\nnetworks: {}, {} steps at batch {}, SGD at learning rate {:?}",
        data.name,
        layers(experiment, data),
        experiment.steps,
        sizes.join(", "),
        experiment.learning_rate,
    )
}

fn conclusion(folder: &BatchSizesFolder, seconds: f64) -> String {
    let records = folder.records();
    let mut parity = Parity::default();
    let mut failures = String::new();
    for BatchSizeRecord { batch, run, .. } in records {
        let name = format!("{} at {batch}", run.name);
        parity.merge(&run.parity, &name);
        if let Some(failure) = &run.failure {
            failures.push_str(&format!("FAILED: {name}: {failure}\n"));
        }
    }
    format!(
        "\n{}\n{}\n{}{}{failures}records: {} ({seconds:.1} s in all)",
        tables::results(records),
        tables::LEGEND,
        claims::text(&[tables::claim(records)]),
        compared(&parity),
        folder.path().display(),
    )
}
