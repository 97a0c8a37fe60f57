//! Reference results of the first steps of trainings, for a page to compare its own with.

use super::super::format::{ReferenceDocument, Sample};
use super::super::page;
use super::super::references::references;
use super::combination::Combination;
use crate::config::{Experiment, Init};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::train::{Plan, data_set, initial_state, training_order};
use serde::{Serialize, Serializer};

/// A training of a network of the catalogue whose first steps can be checked.
#[derive(Clone, Debug, Serialize)]
pub struct Start {
    /// The network.
    #[serde(flatten)]
    pub combination: Combination,
    /// Its activation.
    #[serde(serialize_with = "by_name")]
    pub activation: Activation,
    /// Its initial weights.
    pub init: Init,
    /// The seed of the weights and of the order of examples.
    pub seed: u64,
    /// The learning rate.
    pub learning_rate: f32,
    /// How many steps have reference values.
    #[serde(skip)]
    pub steps: usize,
}

fn by_name<S: Serializer>(
    activation: &Activation,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(activation.name())
}

impl Start {
    /// The experiment that trains it.
    #[must_use]
    pub fn experiment(&self) -> Experiment {
        Experiment {
            init: self.init,
            seed: self.seed,
            learning_rate: self.learning_rate,
            ..self.combination.experiment(self.activation)
        }
    }
}

/// The results of a training's first steps, from the reference engine; see [`ReferenceDocument`].
#[derive(Clone, Debug, Serialize)]
pub(super) struct CheckedStart {
    #[serde(flatten)]
    start: Start,
    /// For each parameter's gradient, the indices of the elements that have reference values.
    places: Vec<Vec<usize>>,
    steps: Vec<CheckedStep>,
}

/// The results of a step: numbers, each followed by its tolerance.
#[derive(Clone, Debug, Serialize)]
struct CheckedStep {
    loss: [f64; 2],
    /// For each parameter's gradient, the root mean square, the tolerance of the elements, and the elements.
    gradients: Vec<([f64; 2], f64, Vec<f64>)>,
}

impl CheckedStep {
    fn of(reference: &ReferenceDocument) -> Self {
        let pair = |sample: &Sample| [short(sample.value), short(sample.tolerance)];
        let gradients = reference.gradients.iter().map(|one| {
            let elements = one.elements.iter().map(|&(_, element)| short(element));
            (pair(&one.rms), short(one.tolerance), elements.collect())
        });
        Self {
            loss: reference.losses.first().map_or([f64::NAN; 2], pair),
            gradients: gradients.collect(),
        }
    }
}

/// Significant digits of reference values: a hundred times finer than f32.
const DIGITS: usize = 9;

fn short(number: f64) -> f64 {
    page::short(number, DIGITS)
}

impl CheckedStart {
    /// Computes them.
    ///
    /// # Errors
    /// Those of [`super::super::Export::new`].
    pub(super) fn new(start: &Start, data: &Dataset) -> Result<Self> {
        let experiment = start.experiment();
        let plan = Plan {
            experiment: &experiment,
            activation: start.activation,
            norm: start.combination.norm,
            data,
            verify: false,
        };
        let model = plan.unfused()?;
        let order = training_order(&model, start.seed, 0);
        let uploads = initial_state(&model, &experiment).into_iter().chain(data_set(&model, data));
        let uploads: Vec<_> = uploads.chain([order]).collect();
        let found = references(&model, &uploads, start.steps)?;
        let gradients = found.first().map_or(&[][..], |first| first.gradients.as_slice());
        let places =
            gradients.iter().map(|one| one.elements.iter().map(|&(place, _)| place).collect());
        Ok(Self {
            start: start.clone(),
            places: places.collect(),
            steps: found.iter().map(CheckedStep::of).collect(),
        })
    }
}
