//! `normlab batch-sizes`, `normlab learning-rates` and `normlab affine`: the same networks, trained at
//! several values of one setting.

use super::experiment::with_absolute_paths;
use super::experiment_flags::{ExperimentArguments, Keys};
use super::output::Status;
use super::sweep::SweepArguments;
use crate::config::{integer, number};
use crate::record::Swept;
use crate::train::sweep::presets::{Preset, Values};
use clap::Args;
use std::io::Write;

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

/// Arguments of every preset.
#[derive(Args, Clone, Debug)]
struct PresetArguments<K: Keys + Clone + Send + Sync + 'static> {
    #[command(flatten)]
    experiment: ExperimentArguments<K>,
    /// The number of seeds, each with its own networks.
    #[arg(long, value_name = "COUNT", value_parser = integer::<u64>, allow_negative_numbers = true)]
    seeds: Option<u64>,
    #[command(flatten)]
    sweep: SweepArguments,
}

impl<K: Keys + Clone + Send + Sync> PresetArguments<K> {
    /// Overrides the preset's values with the flags that were given, and runs it.
    fn start(&self, mut preset: Preset, out: &mut dyn Write) -> anyhow::Result<Status> {
        preset.seeds = self.seeds.unwrap_or(preset.seeds);
        let experiment = &mut preset.experiment;
        self.experiment.apply(experiment)?;
        experiment.precision = self.sweep.precision();
        *experiment = with_absolute_paths(experiment.clone())?;
        self.sweep.run((preset.values.swept(), &preset.grid()?), None, out)
    }
}

/// Arguments of `normlab batch-sizes`.
#[derive(Args, Clone, Debug)]
pub(super) struct BatchSizesArguments {
    /// The batch sizes to try.
    #[arg(long, value_delimiter = ',', value_name = "EXAMPLES,…", value_parser = integer::<usize>, allow_negative_numbers = true)]
    sizes: Option<Vec<usize>>,
    #[command(flatten)]
    common: PresetArguments<Common<true, false>>,
}

/// Arguments of `normlab learning-rates`.
#[derive(Args, Clone, Debug)]
pub(super) struct LearningRatesArguments {
    /// The learning rates to try.
    #[arg(long, value_delimiter = ',', value_name = "RATE,…", value_parser = number, allow_negative_numbers = true)]
    rates: Option<Vec<f32>>,
    #[command(flatten)]
    common: PresetArguments<Common<false, true>>,
}

/// Arguments of `normlab affine`.
#[derive(Args, Clone, Debug)]
pub(super) struct AffineArguments {
    #[command(flatten)]
    common: PresetArguments<Common<true, true>>,
}

/// Runs the sweep over batch sizes.
pub(super) fn batch_sizes(
    arguments: &BatchSizesArguments,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let mut preset = Preset::batch_sizes();
    if let Some(sizes) = &arguments.sizes {
        preset.values = Values::BatchSizes(sizes.clone());
    }
    arguments.common.start(preset, out)
}

/// Runs the sweep over learning rates.
pub(super) fn learning_rates(
    arguments: &LearningRatesArguments,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let mut preset = Preset::learning_rates();
    if let Some(rates) = &arguments.rates {
        preset.values = Values::LearningRates(rates.clone());
    }
    arguments.common.start(preset, out)
}

/// Runs the sweep over one gamma and beta per unit, or per layer.
pub(super) fn affine(arguments: &AffineArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    arguments.common.start(Preset::affine(), out)
}

/// The default values of a sweep's flags.
pub(super) fn defaults(preset: &Preset) -> String {
    let Preset { experiment, values, seeds, .. } = preset;
    let swept = values.swept();
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
