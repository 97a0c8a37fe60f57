//! Sweeps: the same networks trained at several values of one setting, with all else equal.
//!
//! After the same number of steps, a larger batch has seen more examples, and a smaller learning rate has gone less
//! far: compare two norms at one value, not two values of one norm.

use super::observer::Observer;
use super::plan::Plan;
use super::trainer::Weights;
use super::{run, schedule};
use crate::backend::Backend;
use crate::config::{Affine, Experiment, Norm};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::kernels::activation::Activation;
use crate::record::{Evaluation, RunRecord, SweepRecord, Swept};
use std::fmt::Display;

/// The most steps of the lesson's additional networks at batch size 1, and their hidden layers: few, so that a
/// network with layer norm learns something from single examples in so few steps.
const BESIDE_STEPS: usize = 400;
const BESIDE_HIDDEN: [usize; 2] = [100, 100];

/// The most seeds.
const MAX_SEEDS: u64 = 1_000;

/// What is trained: every network of an experiment, at every value, with every seed.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// What all networks share; its value of the swept setting is not used, and its seed is the first one.
    pub experiment: Experiment,
    /// The setting and its values.
    pub values: Values,
    /// How many seeds.
    pub seeds: u64,
    /// Evaluations of a network, besides the first.
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

    /// The experiment at each value.
    fn applied_to(&self, experiment: &Experiment) -> Vec<Experiment> {
        let experiment = || experiment.clone();
        match self {
            Self::BatchSizes(sizes) => {
                sizes.iter().map(|&batch| Experiment { batch, ..experiment() }).collect()
            }
            Self::LearningRates(rates) => {
                let at = |&learning_rate| Experiment { learning_rate, ..experiment() };
                rates.iter().map(at).collect()
            }
            Self::Affines(affines) => {
                affines.iter().map(|&affine| Experiment { affine, ..experiment() }).collect()
            }
        }
    }

    /// Checks that there are values, each only once.
    fn validate(&self) -> Result<()> {
        let values = self.texts();
        let repeated = |(at, value): (usize, &String)| values[..at].contains(value);
        if values.is_empty() || values.iter().enumerate().any(repeated) {
            let setting = self.swept().setting();
            return Err(Error::Config(format!(
                "expected one or more values of {setting}, each only once"
            )));
        }
        Ok(())
    }
}

impl Sweep {
    /// The default sweep of a setting.
    #[must_use]
    pub fn new(swept: Swept) -> Self {
        match swept {
            Swept::BatchSize => Self::batch_sizes(),
            Swept::LearningRate => Self::learning_rates(),
            Swept::Affine => Self::affine(),
        }
    }

    /// Batch norm needs a batch: the learning rate 0.01 is what single examples tolerate.
    fn batch_sizes() -> Self {
        let experiment =
            Experiment { norm: vec![Norm::BATCH, Norm::LAYER], learning_rate: 0.01, ..common() };
        let values = Values::BatchSizes(vec![1, 2, 4, 16, 60]);
        Self { experiment, values, seeds: 1, evaluations: 5 }
    }

    /// ReLU trains without a norm, but at fewer rates. These are half a decade apart, up to one that is too large for
    /// every network.
    fn learning_rates() -> Self {
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
    fn affine() -> Self {
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
        let sweep = Self { seeds: 1, ..Self::new(swept) };
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
                    ..sweep.experiment
                };
                let values = Values::BatchSizes(vec![1]);
                Some(Self { experiment, values, ..Self::new(swept) })
            }
            Swept::Affine if sigmoid && has(Norm::LAYER) => {
                let other = match lesson.affine {
                    Affine::PerUnit => Affine::Shared,
                    Affine::Shared => Affine::PerUnit,
                };
                let (activation, norm) = (vec![Activation::Sigmoid], vec![Norm::LAYER]);
                // A third of the steps shows the difference in a third of the time.
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

    /// One experiment for each value and seed.
    #[must_use]
    pub fn experiments(&self) -> Vec<Experiment> {
        let evaluate_every = self.experiment.steps.div_ceil(self.evaluations);
        let seeded = |experiment: Experiment| {
            (0..self.seeds).map(move |more| Experiment {
                seed: experiment.seed.saturating_add(more),
                evaluate_every,
                ..experiment.clone()
            })
        };
        self.values.applied_to(&self.experiment).into_iter().flat_map(seeded).collect()
    }

    /// Checks every value, given the number of training examples.
    ///
    /// # Errors
    /// [`Error::Config`] with what is wrong and what it may be.
    pub fn validate(&self, examples: usize) -> Result<()> {
        self.values.validate()?;
        let refuse = |key: &str, found: &dyn Display, expected: &str| {
            Err(Error::Config(format!("{key} is {found}; expected {expected}")))
        };
        if !(1..=MAX_SEEDS).contains(&self.seeds) {
            let expected = format!("an integer from 1 to {MAX_SEEDS}");
            return refuse("seeds", &self.seeds, &expected);
        }
        let fixed = self.experiment.norm.iter().find(|norm| !norm.kind.may_share());
        if let (Values::Affines(_), Some(norm)) = (&self.values, fixed) {
            let expected = "layer, group:GROUPS or rms, whose units may share one gamma";
            return refuse("norm", norm, expected);
        }
        for experiment in self.experiments() {
            experiment.validate()?;
            experiment.validate_for(examples)?;
        }
        Ok(())
    }
}

/// What the sweeps share by default.
fn common() -> Experiment {
    Experiment { steps: 2_000, probes: 0, ..Experiment::default() }
}

/// Trains one network of a sweep; none if the user interrupts it.
///
/// # Errors
/// As [`run::train`].
pub fn train(
    backend: &mut dyn Backend,
    plan: &Plan<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<Option<SweepRecord>> {
    let mut watch = Watch { progress, evaluations: Vec::new() };
    let run = run::train(backend, plan, &mut watch)?;
    if run.steps < plan.experiment.steps && run.failure.is_none() {
        return Ok(None);
    }
    record(backend, plan, run, &watch.evaluations).map(Some)
}

/// The sweep's record of a trained network, as it was after the steps of `plan`.
///
/// # Errors
/// As [`Plan::model`].
pub fn record_up_to(
    backend: &dyn Backend,
    plan: &Plan<'_>,
    run: &RunRecord,
    evaluations: &[Evaluation],
) -> Result<SweepRecord> {
    let steps = plan.experiment.steps;
    let evaluations =
        &evaluations[..evaluations.partition_point(|evaluation| evaluation.step <= steps)];
    let then = run::record(plan, evaluations, &[]);
    let failure = run.failure.clone().filter(|_| run.steps < steps);
    record(backend, plan, RunRecord { failure, ..then }, evaluations)
}

/// The sweep's record of a trained network and its evaluations.
///
/// # Errors
/// As [`Plan::model`].
fn record(
    backend: &dyn Backend,
    plan: &Plan<'_>,
    run: RunRecord,
    evaluations: &[Evaluation],
) -> Result<SweepRecord> {
    let experiment = plan.experiment;
    let hidden =
        evaluations.iter().filter_map(|evaluation| Some(evaluation.layers.split_last()?.1));
    let gradients = hidden.flatten().map(|layer| layer.gradient_rms.abs());
    Ok(SweepRecord {
        batch: experiment.batch,
        seed: experiment.seed,
        learning_rate: experiment.learning_rate,
        affine: experiment.affine.name().to_owned(),
        hidden: experiment.hidden.clone(),
        data: plan.data.name.clone(),
        constant_guess: Some(plan.data.constant_guess()),
        parameters: Some(count_parameters(backend, plan)?),
        accuracies: evaluations.iter().map(|one| (one.step, one.test_accuracy)).collect(),
        // NaN counts as the largest: it must not pass for 0.
        hidden_gradient: gradients.max_by(f64::total_cmp).unwrap_or_default(),
        networks: None,
        of_lesson: false,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        adapter: backend.adapter(),
        run,
    })
}

/// How many parameters the network of a plan learns.
fn count_parameters(backend: &dyn Backend, plan: &Plan<'_>) -> Result<usize> {
    Ok(plan.model(backend)?.parameters.iter().map(|parameter| parameter.shape.len()).sum())
}

/// Keeps the evaluations.
struct Watch<'a> {
    progress: &'a mut dyn FnMut(usize),
    evaluations: Vec<Evaluation>,
}

impl Observer for Watch<'_> {
    fn interrupted(&self) -> bool {
        interrupt::is_requested()
    }

    fn progress(&mut self, step: usize) {
        (self.progress)(step);
    }

    fn evaluation(&mut self, evaluation: &Evaluation, _: &Weights) -> Result<()> {
        self.evaluations.push(evaluation.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_trained_with_every_seed() {
        assert!(Swept::ALL.map(Sweep::new).iter().all(|sweep| sweep.validate(60).is_ok()));
        let of = |values: Values| Sweep { values, seeds: 2, ..Sweep::new(Swept::BatchSize) };
        let all = of(Values::BatchSizes(vec![1, 60]));
        let pairs: Vec<_> = all.experiments().iter().map(|one| (one.batch, one.seed)).collect();
        assert_eq!(pairs, [(1, 1), (1, 2), (60, 1), (60, 2)]);
        assert!(all.validate(60).is_ok());
        for sizes in [vec![], vec![2, 2], vec![0], vec![61]] {
            assert!(of(Values::BatchSizes(sizes.clone())).validate(60).is_err(), "{sizes:?}");
        }
        for rates in [vec![], vec![0.1, 0.1], vec![0.0], vec![f32::NAN], vec![-1.0]] {
            assert!(of(Values::LearningRates(rates.clone())).validate(60).is_err(), "{rates:?}");
        }
        for seeds in [0, u64::MAX] {
            assert!(Sweep { seeds, ..all.clone() }.validate(60).is_err(), "{seeds}");
        }
        let rates = of(Values::LearningRates(vec![0.003, 1.0])).experiments();
        let rates: Vec<_> = rates.iter().map(|one| (one.learning_rate, one.batch)).collect();
        assert_eq!(rates, [(0.003, 60), (0.003, 60), (1.0, 60), (1.0, 60)]);
    }

    #[test]
    fn only_norms_that_may_share_are_swept_over_affine() {
        for (norm, fits) in
            [(Norm::NONE, false), (Norm::BATCH, false), (Norm::LAYER, true), (Norm::RMS, true)]
        {
            let mut sweep = Sweep::new(Swept::Affine);
            sweep.experiment.norm = vec![norm];
            assert_eq!(sweep.validate(60).is_ok(), fits, "{norm:?}");
        }
    }

    #[test]
    fn the_lesson_takes_in_what_it_has_the_networks_for() {
        let lesson = Experiment::lesson().unwrap();
        let values = |lesson: &Experiment| {
            let beside = |swept| Sweep::beside(swept, lesson).map(|sweep| sweep.values.texts());
            Swept::ALL.map(|swept| beside(swept).unwrap_or_default().join(","))
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
            let sweep = Sweep::beside(swept, &short).unwrap();
            assert!(sweep.validate(60).is_ok(), "{sweep:?}");
            assert_eq!((sweep.experiment.steps, sweep.experiment.seed), (steps, 9));
        }
    }
}
