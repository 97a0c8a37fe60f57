//! An experiment: which networks are trained on what, and how. Read from TOML or put together from
//! flags, and validated once, before anything runs.

use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The lesson's own experiment file.
pub const LESSON: &str = include_str!("../assets/experiments/lesson.toml");

/// Layers, units, batch rows and steps that an experiment may have at most.
const MAX_LAYERS: usize = 64;
const MAX_UNITS: usize = 16_384;
const MAX_BATCH: usize = 16_384;
const MAX_STEPS: usize = 100_000_000;
/// TOML's whole numbers are signed.
const MAX_SEED: u64 = i64::MAX as u64;

/// How a layer's values are normalized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Not at all: the layer has a bias instead.
    None,
    /// Over the examples of the batch, for each unit (Ioffe and Szegedy 2015).
    Batch,
    /// Over the units of the layer, for each example (Ba, Kiros and Hinton 2016).
    Layer,
}

impl Norm {
    /// The word for it in experiments and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Batch => "batch",
            Self::Layer => "layer",
        }
    }
}

/// How many gammas and betas a layer norm has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Affine {
    /// One pair for each unit.
    PerUnit,
    /// One pair for the whole layer.
    Shared,
}

/// Where the norm stands in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum NormPosition {
    /// Between the product and the activation, instead of a bias.
    Before,
    /// Behind the activation; the layer keeps its bias.
    After,
}

/// How parameters are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Stochastic gradient descent, with momentum if that is not 0.
    Sgd,
    /// Adam (Kingma and Ba 2015) with beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8.
    Adam,
}

/// The distribution of initial weights. Gammas begin as 1, betas as 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Weights and biases uniform within ±1/√fan_in (PyTorch's for linear layers).
    Uniform,
    /// Weights uniform within ±√(6 / (fan_in + fan_out)), biases 0 (Glorot and Bengio 2010).
    Glorot,
    /// Weights normal with deviation √(2 / fan_in), biases 0 (He et al. 2015).
    He,
    /// Weights normal with this deviation, biases 0.
    Normal(f64),
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Glorot => f.write_str("glorot"),
            Self::He => f.write_str("he"),
            Self::Normal(deviation) => write!(f, "normal:{deviation}"),
        }
    }
}

impl FromStr for Init {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let normal = text.strip_prefix("normal:").and_then(|number| number.parse().ok());
        match (text, normal) {
            ("uniform", _) => Ok(Self::Uniform),
            ("glorot", _) => Ok(Self::Glorot),
            ("he", _) => Ok(Self::He),
            (_, Some(deviation)) if deviation > 0.0 && (deviation as f32).is_normal() => {
                Ok(Self::Normal(deviation))
            }
            _ => Err(format!(
                "{text:?} is no initialization; there are: uniform, glorot, he, and \
                 normal:DEVIATION with a deviation above 0 that f32 can hold, as normal:0.01"
            )),
        }
    }
}

impl Serialize for Init {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Init {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One name or a list of them, in a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn one_or_many<'de, D, T>(deserializer: D) -> std::result::Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: clap::ValueEnum,
{
    use serde::de::Error;
    let values = T::value_variants().iter().filter_map(T::to_possible_value);
    let known =
        values.map(|value| format!("`{}`", value.get_name())).collect::<Vec<_>>().join(", ");
    let names = match OneOrMany::deserialize(deserializer) {
        Ok(OneOrMany::One(name)) => vec![name],
        Ok(OneOrMany::Many(names)) => names,
        Err(_) => {
            return Err(D::Error::custom(format!("expected one of {known}, or a list of them")));
        }
    };
    let find = |name: &String| {
        let unknown =
            |_| D::Error::custom(format!("unknown value `{name}`, expected one of {known}"));
        T::from_str(name, false).map_err(unknown)
    };
    names.iter().map(find).collect()
}

/// The parser's words for what it expected, and words for people.
const EXPECTED: [(&str, &str); 4] = [
    ("expected usize", "expected a whole number, 0 or more"),
    ("expected u64", "expected a whole number, 0 or more"),
    ("expected f32", "expected a number, as 0.1"),
    ("expected a sequence", "expected a list, as [100, 100]"),
];

/// An experiment. Every pair of an activation and a norm is one network; all networks begin with the
/// same weights and see the same batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Activations of the hidden layers.
    #[serde(deserialize_with = "one_or_many")]
    pub activation: Vec<Activation>,
    /// Norms of the hidden layers.
    #[serde(deserialize_with = "one_or_many")]
    pub norm: Vec<Norm>,
    /// Gammas and betas of layer norm.
    pub affine: Affine,
    /// Where the norm stands.
    pub norm_position: NormPosition,
    /// Units of each hidden layer; none for a linear softmax classifier.
    pub hidden: Vec<usize>,
    /// Initial weights.
    pub init: Init,
    /// How parameters are updated.
    pub optimizer: Optimizer,
    /// The learning rate.
    pub learning_rate: f32,
    /// SGD's momentum.
    pub momentum: f32,
    /// Examples of a batch.
    pub batch: usize,
    /// Training steps of each network.
    pub steps: usize,
    /// The seed of weights and batches.
    pub seed: u64,
    /// A folder with IDX files; the drawn digits where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// A folder with IDX files to test on instead of the data's own test part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_data: Option<PathBuf>,
    /// Whether pixels are made black or white.
    pub binary: bool,
    /// Steps between two recorded moments; 0 for about 30 moments in all.
    pub evaluate_every: usize,
    /// Steps between two comparisons of the GPU with the CPU; 0 for the first, a middle and the last
    /// step only.
    pub verify_every: usize,
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            activation: vec![Activation::Sigmoid],
            norm: vec![Norm::Batch],
            affine: Affine::PerUnit,
            norm_position: NormPosition::Before,
            hidden: vec![100; 3],
            init: Init::Uniform,
            optimizer: Optimizer::Sgd,
            learning_rate: 0.1,
            momentum: 0.0,
            batch: 60,
            steps: 5_000,
            seed: 1,
            data: None,
            test_data: None,
            binary: false,
            evaluate_every: 0,
            verify_every: 0,
        }
    }
}

impl Experiment {
    /// The lesson.
    ///
    /// # Errors
    /// [`Error::Config`] when the carried file is not valid.
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

    /// Reads an experiment from TOML. Keys that are not there keep their default.
    ///
    /// # Errors
    /// [`Error::Config`] with the line, naming an unknown key or value and those that there are.
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

    /// Its networks, all activations with the first norm first.
    #[must_use]
    pub fn networks(&self) -> Vec<(Activation, Norm)> {
        let norms = |&activation| self.norm.iter().map(move |&norm| (activation, norm));
        self.activation.iter().flat_map(norms).collect()
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Config`] with the key, what it is, and the values that it may have.
    pub fn validate(&self) -> Result<()> {
        at_least_one("activation", self.activation.len())?;
        at_least_one("norm", self.norm.len())?;
        unique("activation", &self.activation)?;
        unique("norm", &self.norm)?;
        within("hidden (the number of layers)", self.hidden.len(), 0, MAX_LAYERS)?;
        for &units in &self.hidden {
            within("hidden (units of a layer)", units, 1, MAX_UNITS)?;
        }
        within("batch", self.batch, 1, MAX_BATCH)?;
        within("steps", self.steps, 1, MAX_STEPS)?;
        if self.seed > MAX_SEED {
            return Err(refuse("seed", self.seed, &format!("a whole number from 0 to {MAX_SEED}")));
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
        let mut warnings = Vec::new();
        if self.batch == 1 && self.norm.contains(&Norm::Batch) {
            warnings.push(
                "batch norm at batch size 1: each unit's only value is its own mean, so every \
                 normalized value and every gradient of the hidden weights is exactly 0. Hidden \
                 layers will not learn; layer norm works here"
                    .to_owned(),
            );
        }
        if self.norm.contains(&Norm::Layer) && self.hidden.contains(&1) {
            warnings.push(
                "layer norm on a layer of 1 unit: its only value is its own mean, so its output is \
                 the same for every image"
                    .to_owned(),
            );
        }
        if self.hidden.is_empty() && self.networks().len() > 1 {
            warnings.push(
                "without hidden layers activation and norm change nothing: all networks are the \
                 same linear softmax classifier"
                    .to_owned(),
            );
        }
        if self.affine == Affine::Shared && !self.norm.contains(&Norm::Layer) {
            warnings.push("affine = \"shared\" changes layer norm only, and none is used".into());
        }
        warnings
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
    Err(refuse(key, found, &format!("a whole number from {low} to {high}")))
}
