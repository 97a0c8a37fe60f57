//! The three sweeps that commands of their own run: the same networks trained at several values of one setting,
//! with all else equal.
//!
//! After the same number of steps, a larger batch has seen more examples, and a smaller learning rate has gone less
//! far: compare two norms at one value, not two values of one norm.

use crate::config::{Affine, Axis, Experiment, Grid, Norm};
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::record::Swept;
use crate::train::schedule;
use toml::Value;

/// The most steps of the lesson's additional networks at batch size 1, and their hidden layers: few, so that a
/// network with layer norm learns something from single examples in so few steps.
const BESIDE_STEPS: usize = 400;
const BESIDE_HIDDEN: [usize; 2] = [100, 100];

/// The most seeds.
const MAX_SEEDS: u64 = 1_000;

/// Every network of an experiment, at every value of one setting, with every seed.
#[derive(Clone, Debug)]
pub struct Preset {
    /// What all networks share; its value of the swept setting is not used, and its seed is the first one.
    pub experiment: Experiment,
    /// The setting and its values.
    pub values: Values,
    /// How many seeds.
    pub seeds: u64,
    /// Evaluations of a network besides the first.
    evaluations: usize,
}

/// A setting, and the values to try.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Examples of a batch.
    BatchSizes(Vec<usize>),
    /// Learning rates.
    LearningRates(Vec<f32>),
    /// How many gammas and betas a norm has.
    Affines(Vec<Affine>),
}

impl Values {
    /// The setting.
    #[must_use]
    pub const fn swept(&self) -> Swept {
        match self {
            Self::BatchSizes(_) => Swept::BatchSize,
            Self::LearningRates(_) => Swept::LearningRate,
            Self::Affines(_) => Swept::Affine,
        }
    }

    /// Each value as text.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::BatchSizes(sizes) => sizes.iter().map(usize::to_string).collect(),
            Self::LearningRates(rates) => rates.iter().map(f32::to_string).collect(),
            Self::Affines(affines) => {
                affines.iter().map(|affine| affine.name().to_owned()).collect()
            }
        }
    }

    /// The setting as an axis of a grid.
    fn axis(&self) -> Result<Axis> {
        let integer = |size: &usize| Value::Integer(i64::try_from(*size).unwrap_or(i64::MAX));
        // Through its text, so that an f32 has the digits that it was given with.
        let number =
            |rate: &f32| rate.to_string().parse().map_or(Value::Float(f64::NAN), Value::Float);
        match self {
            Self::BatchSizes(sizes) => Axis::new("batch", sizes.iter().map(integer).collect()),
            Self::LearningRates(rates) => {
                Axis::new("learning_rate", rates.iter().map(number).collect())
            }
            Self::Affines(affines) => {
                let name = |affine: &Affine| Value::String(affine.name().to_owned());
                Axis::new("affine", affines.iter().map(name).collect())
            }
        }
    }
}

impl Preset {
    /// The preset of a setting; none of any keys.
    #[must_use]
    pub fn of(swept: Swept) -> Option<Self> {
        match swept {
            Swept::BatchSize => Some(Self::batch_sizes()),
            Swept::LearningRate => Some(Self::learning_rates()),
            Swept::Affine => Some(Self::affine()),
            Swept::Keys => None,
        }
    }

    /// Batch norm needs a batch: the learning rate 0.01 is what single examples tolerate.
    #[must_use]
    pub fn batch_sizes() -> Self {
        let experiment =
            Experiment { norm: vec![Norm::BATCH, Norm::LAYER], learning_rate: 0.01, ..common() };
        let values = Values::BatchSizes(vec![1, 2, 4, 16, 60]);
        Self { experiment, values, seeds: 1, evaluations: 5 }
    }

    /// ReLU trains without a norm, but at fewer rates. These are half a decade apart, up to one that is too large for
    /// every network.
    #[must_use]
    pub fn learning_rates() -> Self {
        let experiment = Experiment {
            activation: vec![Activation::Relu],
            norm: vec![Norm::NONE, Norm::BATCH, Norm::LAYER],
            steps: 1_000,
            ..common()
        };
        let values = Values::LearningRates(vec![0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]);
        Self { experiment, values, seeds: 1, evaluations: 5 }
    }

    /// One gamma and beta for each unit, or for the whole layer: three seeds distinguish the gap between the two from
    /// that between seeds.
    #[must_use]
    pub fn affine() -> Self {
        let experiment = Experiment {
            activation: vec![Activation::Sigmoid, Activation::Relu],
            norm: vec![Norm::LAYER],
            ..common()
        };
        let values = Values::Affines(vec![Affine::PerUnit, Affine::Shared]);
        Self { experiment, values, seeds: 3, evaluations: 20 }
    }

    /// The small part of a sweep that the lesson trains besides its own networks, on the same data: batch size 1, or
    /// the other number of gammas and betas. None if that takes long, or if the lesson lacks the networks concerned.
    #[must_use]
    pub fn beside(swept: Swept, lesson: &Experiment) -> Option<Self> {
        let has = |norm| lesson.norm.contains(&norm);
        let sigmoid = lesson.activation.contains(&Activation::Sigmoid);
        let sweep = Self { seeds: 1, ..Self::of(swept)? };
        match swept {
            Swept::BatchSize if sigmoid && has(Norm::BATCH) && has(Norm::LAYER) => {
                let experiment = Experiment {
                    activation: vec![Activation::Sigmoid],
                    hidden: BESIDE_HIDDEN.to_vec(),
                    steps: lesson.steps.min(BESIDE_STEPS),
                    data: lesson.data.clone(),
                    test_data: lesson.test_data.clone(),
                    binary: lesson.binary,
                    seed: lesson.seed,
                    precision: lesson.precision,
                    ..sweep.experiment.clone()
                };
                let values = Values::BatchSizes(vec![1]);
                Some(Self { experiment, values, ..sweep })
            }
            Swept::Affine if sigmoid && has(Norm::LAYER) => {
                let other = match lesson.affine {
                    Affine::PerUnit => Affine::Shared,
                    Affine::Shared => Affine::PerUnit,
                };
                let (activation, norm) = (vec![Activation::Sigmoid], vec![Norm::LAYER]);
                // A third of the way shows the difference in a third of the time.
                let third = lesson.steps.div_ceil(3);
                let steps = schedule::evaluations(lesson)
                    .range(..=third)
                    .next_back()
                    .map_or(1, |&last| last);
                let experiment = Experiment {
                    activation,
                    norm,
                    steps,
                    probes: 0,
                    verify_every: 0,
                    ..lesson.clone()
                };
                Some(Self { experiment, values: Values::Affines(vec![other]), ..sweep })
            }
            _ => None,
        }
    }

    /// The networks at each value, with each seed.
    ///
    /// # Errors
    /// [`Error::Config`] with what is wrong and what it may be.
    pub fn grid(&self) -> Result<Grid> {
        if !(1..=MAX_SEEDS).contains(&self.seeds) {
            return Err(Error::Config(format!(
                "seeds is {}; expected an integer from 1 to {MAX_SEEDS}",
                self.seeds
            )));
        }
        let fixed = self.experiment.norm.iter().find(|norm| !norm.kind.may_share());
        if let (Values::Affines(_), Some(norm)) = (&self.values, fixed) {
            return Err(Error::Config(format!(
                "norm is {norm}; expected layer, group:GROUPS or rms, whose units may share one gamma"
            )));
        }
        let seeds = (0..self.seeds).map(|more| self.experiment.seed.saturating_add(more));
        let seeds = seeds.map(|seed| Value::Integer(i64::try_from(seed).unwrap_or(i64::MAX)));
        let evaluate_every = self.experiment.steps.div_ceil(self.evaluations);
        let base = Experiment { evaluate_every, ..self.experiment.clone() };
        Grid::new(base, vec![self.values.axis()?, Axis::new("seed", seeds.collect())?])
    }
}

/// What the sweeps have in common by default.
fn common() -> Experiment {
    Experiment { steps: 2_000, probes: 0, ..Experiment::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(preset: &Preset) -> Vec<(usize, f32, u64)> {
        let cells = preset.grid().unwrap().cells().unwrap();
        let pair =
            |experiment: &Experiment| (experiment.batch, experiment.learning_rate, experiment.seed);
        cells.iter().map(|cell| pair(&cell.experiment)).collect()
    }

    #[test]
    fn every_value_is_trained_with_every_seed() {
        for preset in Swept::PRESETS.map(|swept| Preset::of(swept).unwrap()) {
            assert!(preset.grid().unwrap().cells().is_ok_and(|cells| cells.len() >= 10));
        }
        let mut of = Preset { seeds: 2, ..Preset::batch_sizes() };
        of.experiment.norm = vec![Norm::BATCH];
        of.values = Values::BatchSizes(vec![1, 60]);
        assert_eq!(pairs(&of), [(1, 0.01, 1), (1, 0.01, 2), (60, 0.01, 1), (60, 0.01, 2)]);
        of.values = Values::LearningRates(vec![0.003, 1.0]);
        let rates = [(60, 0.003, 1), (60, 0.003, 2), (60, 1.0, 1), (60, 1.0, 2)];
        assert_eq!(pairs(&of), rates);
        let refused = |values: Values| {
            let preset = Preset { values, ..of.clone() };
            preset.grid().and_then(|grid| grid.cells()).is_err()
        };
        for sizes in [vec![], vec![2, 2], vec![0]] {
            assert!(refused(Values::BatchSizes(sizes.clone())), "{sizes:?}");
        }
        for rates in [vec![], vec![0.1, 0.1], vec![0.0], vec![f32::NAN], vec![-1.0]] {
            assert!(refused(Values::LearningRates(rates.clone())), "{rates:?}");
        }
        for seeds in [0, u64::MAX] {
            assert!(Preset { seeds, ..of.clone() }.grid().is_err(), "{seeds}");
        }
    }

    #[test]
    fn only_norms_that_may_share_are_swept_over_affine() {
        for (norm, fits) in
            [(Norm::NONE, false), (Norm::BATCH, false), (Norm::LAYER, true), (Norm::RMS, true)]
        {
            let mut preset = Preset::affine();
            preset.experiment.norm = vec![norm];
            assert_eq!(preset.grid().is_ok(), fits, "{norm:?}");
        }
    }

    #[test]
    fn the_lesson_takes_in_what_it_has_the_networks_for() {
        let lesson = Experiment::lesson().unwrap();
        let values = |lesson: &Experiment| {
            let beside = |swept| Preset::beside(swept, lesson).map(|sweep| sweep.values.texts());
            Swept::PRESETS.map(|swept| beside(swept).unwrap_or_default().join(","))
        };
        assert_eq!(values(&lesson), ["1", "", "shared"]);
        let shared = Experiment { affine: Affine::Shared, ..lesson.clone() };
        assert_eq!(values(&shared), ["1", "", "per_unit"]);
        let without = |norm| {
            let norm = lesson.norm.iter().copied().filter(|one| *one != norm).collect();
            values(&Experiment { norm, ..lesson.clone() })
        };
        assert_eq!(without(Norm::BATCH), ["", "", "shared"]);
        assert_eq!(without(Norm::LAYER), ["", "", ""]);
        let relu = Experiment { activation: vec![Activation::Relu], ..lesson.clone() };
        assert_eq!(values(&relu), ["", "", ""]);
        let short = Experiment { steps: 20, seed: 9, ..lesson };
        for (swept, steps) in [(Swept::BatchSize, 20), (Swept::Affine, 7)] {
            let sweep = Preset::beside(swept, &short).unwrap();
            assert!(sweep.grid().and_then(|grid| grid.cells()).is_ok(), "{sweep:?}");
            assert_eq!((sweep.experiment.steps, sweep.experiment.seed), (steps, 9));
        }
    }
}
