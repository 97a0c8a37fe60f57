//! An experiment: which networks are trained on what, and how. Read from TOML or assembled from flags, and validated
//! once, before anything runs.

mod choices;
mod grid;
mod key;
mod norm;

pub use choices::{Affine, Init, NormPosition, Optimizer};
pub use grid::{Axis, Cell, Grid};
pub use key::{Key, Override, integer, number};
pub use norm::{Norm, NormKind, NormLayers};

use crate::data::Source;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::precision::Precision;
use key::{FlagValue, INTEGER, NUMBER, one_or_many};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// The lesson's own experiment file.
pub const LESSON: &str = include_str!("../../assets/experiments/lesson.toml");

/// The most layers, units, batch rows, steps, probes and replicas that an experiment may have.
const MAX_LAYERS: usize = 64;
const MAX_UNITS: usize = 16_384;
const MAX_BATCH: usize = 16_384;
const MAX_STEPS: usize = 100_000_000;
const MAX_PROBES: usize = 10_000;
const MAX_REPLICAS: usize = 16;
/// TOML's integers are signed.
const MAX_SEED: u64 = i64::MAX as u64;

/// The parser's words for what it expected, and what users read instead.
const EXPECTED: [(&str, &str); 4] = [
    ("expected usize", INTEGER),
    ("expected u64", INTEGER),
    ("expected f32", NUMBER),
    ("expected a sequence", "expected a list, for example [100, 100]"),
];

/// Makes [`Experiment`] and [`KEYS`] from one list: under each heading of the help, keys with their docs (the help of
/// the flag), type, default, and placeholder for the value in the help.
macro_rules! experiment {
    ($($heading:literal { $(
        $(#[doc = $help:literal])+
        $(#[serde($($serde:tt)+)])*
        $key:ident: $type:ty = $default:expr, $value_name:literal;
    )+ })+) => {
        /// An experiment. Every pair of an activation and a norm is one network; all networks start with the same
        /// weights and see the same batches.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Experiment {
            $($($(#[doc = $help])+ $(#[serde($($serde)+)])* pub $key: $type,)+)+
        }

        impl Default for Experiment {
            fn default() -> Self {
                Self { $($($key: $default,)+)+ }
            }
        }

        /// Every key of an experiment, in the order of files.
        pub const KEYS: [Key<Experiment>; [$($(stringify!($key)),+),+].len()] = [$($(Key {
            heading: $heading,
            name: stringify!($key),
            help: concat!($($help),+),
            value_name: $value_name,
            words: <$type as FlagValue>::WORDS,
            is_list: <$type as FlagValue>::IS_LIST,
            alone: <$type as FlagValue>::ALONE,
            read: |text| {
                let value = <$type as FlagValue>::read(text)?;
                Ok(Box::new(move |experiment: &mut Experiment| experiment.$key = value))
            },
            text: |experiment| experiment.$key.text(),
        }),+),+];
    };
}

experiment! {
    "Network" {
        /// Activations of the hidden layers: identity, sigmoid, relu, tanh, or PATH.wgsl with two functions of your
        /// own; several, separated by commas, train several networks.
        #[serde(deserialize_with = "one_or_many")]
        activation: Vec<Activation> = vec![Activation::Sigmoid], "NAME,…";

        /// Norms of the hidden layers; several, separated by commas, train several networks. NORM@first, NORM@last
        /// and NORM@LAYER, for example batch@2, are in one hidden layer only, and the others have none.
        #[serde(deserialize_with = "one_or_many")]
        norm: Vec<Norm> = vec![Norm::BATCH], "NORM,…";

        /// Gammas and betas of layer and group norm, gammas of rms norm: one for each unit, or one for the whole layer.
        affine: Affine = Affine::PerUnit, "AFFINE";

        /// Whether the norm comes before or after the activation.
        norm_position: NormPosition = NormPosition::Before, "NORM_POSITION";

        /// Units of each hidden layer, for example 100,100,100.
        hidden: Vec<usize> = vec![100; 3], "UNITS,…";

        /// Initial weights: uniform, glorot, he, or normal:DEVIATION, for example normal:0.01.
        init: Init = Init::Uniform, "INIT";
    }

    "Training" {
        /// How parameters are updated.
        optimizer: Optimizer = Optimizer::Sgd, "OPTIMIZER";

        /// The learning rate.
        learning_rate: f32 = 0.1, "RATE";

        /// SGD's momentum.
        momentum: f32 = 0.0, "MOMENTUM";

        /// Examples per batch.
        batch: usize = 60, "EXAMPLES";

        /// Training steps of each network.
        steps: usize = 5_000, "STEPS";

        /// The seed of weights and batches, from 0 to 2^63 − 1.
        seed: u64 = 1, "SEED";

        /// Independent copies of each network that train at once, in the same dispatches, from 1 to 16: replica r
        /// uses the seed SEED + r. The report shows their median and range.
        replicas: usize = 1, "REPLICAS";

        /// Precision of matrix products: f32; or mixed, f16 operands and f32 sums on cooperative matrices (tensor
        /// cores), where the adapter has them [default: f32].
        precision: Precision = Precision::F32, "PRECISION";
    }

    "Data" {
        /// A folder with IDX files such as MNIST's, gzip-compressed or not; if it holds several data sets, a file of
        /// one [default: the drawn digits].
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<PathBuf> = None, "DIR";

        /// A folder with IDX files to test on, instead of the test part of the training data's set.
        #[serde(skip_serializing_if = "Option::is_none")]
        test_data: Option<PathBuf> = None, "DIR";

        /// Swap rows and columns of images read from files [default: only of files named emnist-…].
        #[serde(skip_serializing_if = "Option::is_none")]
        transpose: Option<bool> = None, "BOOL";

        /// How many training images to use, from the first on; 0 for all.
        train_images: usize = 0, "IMAGES";

        /// How many test images to use, from the first on; 0 for all.
        test_images: usize = 0, "IMAGES";

        /// Make every pixel black or white.
        binary: bool = false, "BOOL";
    }

    "Records" {
        /// Steps between evaluations; 0 for about 30 evaluations in total.
        evaluate_every: usize = 0, "STEPS";

        /// Steps between comparisons of the GPU with the CPU, besides the first, a middle and the last step; 0 for
        /// those three only.
        verify_every: usize = 0, "STEPS";

        /// How many times to probe the layers over the run, more often at the start; 0 for never.
        probes: usize = 60, "TIMES";
    }
}

impl Experiment {
    /// The lesson.
    ///
    /// # Errors
    /// [`Error::Config`] when the bundled file is not valid.
    pub fn lesson() -> Result<Self> {
        Self::parse(LESSON, "assets/experiments/lesson.toml")
    }

    /// Reads an experiment from a file.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, [`Error::Config`] when it is not an experiment.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|error| Error::file("read", path, error))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads an experiment from TOML. Missing keys keep their defaults.
    ///
    /// # Errors
    /// [`Error::Config`] with the line, and for an unknown key or value with the known ones.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let said = error.to_string();
            let said = EXPECTED.iter().fold(said, |said, (word, plain)| said.replace(word, plain));
            Error::Config(format!("{name} is not an experiment: {}", said.trim_end()))
        })
    }

    /// The experiment as TOML, complete.
    ///
    /// # Errors
    /// [`Error::Config`] when it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::Config(format!("the experiment: {error}")))
    }

    /// Where its data come from, and which of them it takes.
    #[must_use]
    pub fn source(&self) -> Source {
        let Self { transpose, train_images, test_images, binary, .. } = *self;
        let (folder, test_folder) = (self.data.clone(), self.test_data.clone());
        Source { folder, test_folder, transpose, train_images, test_images, binary }
    }

    /// The experiment as a JSON object, its numbers with the digits that they were given with.
    ///
    /// # Errors
    /// [`Error::Config`] when it cannot be written as JSON.
    pub fn to_json(&self) -> Result<serde_json::Value> {
        serde_json::to_string(self)
            .and_then(|text| serde_json::from_str(&text))
            .map_err(|error| Error::Config(format!("the experiment: {error}")))
    }

    /// Its networks: each activation in turn, with every norm.
    #[must_use]
    pub fn networks(&self) -> Vec<(Activation, Norm)> {
        let norms = |&activation| self.norm.iter().map(move |&norm| (activation, norm));
        self.activation.iter().flat_map(norms).collect()
    }

    /// The seed of the last replica.
    #[must_use]
    pub fn last_seed(&self) -> u64 {
        self.seed.saturating_add(self.replicas.saturating_sub(1) as u64)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Config`] with the key, its value, and the values that it may have.
    pub fn validate(&self) -> Result<()> {
        at_least_one("activation", self.activation.len())?;
        at_least_one("norm", self.norm.len())?;
        // Two files may have the same name, which is all that records distinguish them by.
        unique("activation", &self.activation.iter().map(|one| one.name()).collect::<Vec<_>>())?;
        within("hidden (the number of layers)", self.hidden.len(), 0, MAX_LAYERS)?;
        for &units in &self.hidden {
            within("hidden (units of a layer)", units, 1, MAX_UNITS)?;
        }
        for norm in &self.norm {
            norm.misfit(&self.hidden)
                .map_or(Ok(()), |expected| Err(refuse("norm", norm, &expected)))?;
        }
        self.validate_networks_differ()?;
        within("batch", self.batch, 1, MAX_BATCH)?;
        within("steps", self.steps, 1, MAX_STEPS)?;
        within("probes", self.probes, 0, MAX_PROBES)?;
        within("replicas", self.replicas, 1, MAX_REPLICAS)?;
        let last = MAX_SEED - (self.replicas as u64 - 1);
        if self.seed > last {
            return Err(refuse("seed", self.seed, &format!("an integer from 0 to {last}")));
        }
        if !self.learning_rate.is_finite() || self.learning_rate <= 0.0 {
            return Err(refuse("learning_rate", self.learning_rate, "a finite number above 0"));
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(refuse("momentum", self.momentum, "a number from 0 to below 1"));
        }
        if self.momentum != 0.0 && self.optimizer == Optimizer::Adam {
            return Err(refuse("momentum", self.momentum, "0 with adam, which has its own"));
        }
        Ok(())
    }

    /// Checks that no two norms make the same network, as batch@last and batch@3 do with 3 hidden layers.
    fn validate_networks_differ(&self) -> Result<()> {
        let kinds = |norm: &Norm| -> Vec<_> {
            let layers = self.kinds(*norm).map(|(kind, _)| kind);
            [norm.kind].into_iter().chain(layers).collect()
        };
        for (at, one) in self.norm.iter().enumerate() {
            if let Some(other) = self.norm[..at].iter().find(|other| kinds(other) == kinds(one)) {
                let found = format!("a list with repetitions, {other} and {one}");
                return Err(refuse("norm", found, "each network once"));
            }
        }
        Ok(())
    }

    /// The norm of each hidden layer and its units, where this is the network's.
    fn kinds(&self, norm: Norm) -> impl Iterator<Item = (NormKind, usize)> {
        let depth = self.hidden.len();
        let units = self.hidden.iter().copied().enumerate();
        units.map(move |(layer, units)| (norm.of_layer(layer, depth), units))
    }

    /// Checks the experiment against the number of training examples.
    ///
    /// # Errors
    /// [`Error::Config`] when a batch is larger than the data.
    pub fn validate_for(&self, examples: usize) -> Result<()> {
        if self.batch <= examples {
            return Ok(());
        }
        let expected = format!("at most {examples}, the number of training examples");
        Err(refuse("batch", self.batch, &expected))
    }

    /// What a user should know before it runs.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let layers: Vec<_> = self.norm.iter().flat_map(|&norm| self.kinds(norm)).collect();
        let uses = |kind| layers.iter().any(|(known, _)| *known == kind);
        let alone = |kind| layers.contains(&(kind, 1));
        let parts = |kind, units| matches!(kind, NormKind::Group(groups) if groups == units);
        let shares = self.affine == Affine::Shared;
        let known = [
            (
                self.batch == 1 && uses(NormKind::Batch),
                "batch norm at batch size 1: each unit's only value is its own mean, so every \
                 normalized value and every gradient of the hidden weights is exactly 0. Hidden \
                 layers will not learn; layer, group and rms norm work here",
            ),
            (
                alone(NormKind::Layer),
                "layer norm on a layer of 1 unit: its only value is its own mean, so its output is \
                 the same for every image",
            ),
            (
                alone(NormKind::Rms),
                "rms norm on a layer of 1 unit: its only value is divided by its own magnitude, so \
                 little but its sign is left",
            ),
            (
                layers.iter().any(|&(kind, units)| parts(kind, units)),
                "group norm with a single unit in each group: its only value is its own mean, so its \
                 output is the same for every image",
            ),
            (
                self.hidden.is_empty() && self.networks().len() > 1,
                "without hidden layers activation and norm change nothing: all networks are the \
                 same linear softmax classifier",
            ),
            (
                shares && !self.norm.iter().any(|norm| norm.kind.may_share()),
                "affine = \"shared\" affects only layer, group and rms norm, and none of them is used",
            ),
        ];
        known.into_iter().filter(|(holds, _)| *holds).map(|(_, what)| what.to_owned()).collect()
    }
}

fn refuse(key: &str, found: impl fmt::Display, expected: &str) -> Error {
    Error::Config(format!("{key} is {found}; expected {expected}"))
}

fn at_least_one(key: &str, count: usize) -> Result<()> {
    if count > 0 { Ok(()) } else { Err(refuse(key, "an empty list", "at least one value")) }
}

fn unique<T: PartialEq>(key: &str, values: &[T]) -> Result<()> {
    let repeated = values.iter().enumerate().any(|(at, value)| values[..at].contains(value));
    if repeated { Err(refuse(key, "a list with repetitions", "each value once")) } else { Ok(()) }
}

fn within(key: &str, found: usize, low: usize, high: usize) -> Result<()> {
    if (low..=high).contains(&found) {
        return Ok(());
    }
    Err(refuse(key, found, &format!("an integer from {low} to {high}")))
}
