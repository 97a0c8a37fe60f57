//! One network from its first to its last step: trained, recorded, compared.

use super::trainer::{Outcome, Plan, Trainer, Weights, run_name};
use super::{diagnosis, figures, schedule};
use crate::backend::Backend;
use crate::error::Result;
use crate::record::{Moment, Parity, RunRecord};
use std::collections::BTreeSet;

/// Steps between two words about progress, at most.
const STRETCH: usize = 100;

/// What a training tells while it runs.
pub trait Observer {
    /// So many steps are done.
    fn progress(&mut self, step: usize);

    /// A moment was recorded; `weights` are those of this moment.
    ///
    /// # Errors
    /// When it cannot be kept: the training ends then.
    fn moment(&mut self, moment: &Moment, weights: &Weights) -> Result<()>;
}

/// Trains one network to the end, or until its loss is not finite.
///
/// # Errors
/// When the backend cannot run it, or the observer cannot keep a moment.
pub fn train(
    backend: &mut dyn Backend,
    plan: &Plan<'_>,
    observer: &mut dyn Observer,
) -> Result<RunRecord> {
    let mut trainer = Trainer::new(backend, plan)?;
    let moments = schedule::moments(plan.experiment);
    let compared = if plan.verify { schedule::compared(plan.experiment) } else { BTreeSet::new() };
    let mut parity = Parity::default();
    let mut times = Vec::new();
    let (mut last, mut failure, mut last_losses) = (None, None, Vec::new());
    for &stop in moments.union(&compared) {
        let uncompared = if compared.contains(&stop) { stop - 1 } else { stop };
        let mut outcome = run_to(&mut trainer, uncompared, observer)?;
        if outcome == Outcome::Finite && uncompared < stop {
            outcome = trainer.compared_step(&mut parity)?;
        }
        if let Outcome::Diverged { step, loss } = outcome {
            last_losses = trainer.take_losses();
            failure = Some(diagnosis::explain(&mut trainer, step, loss)?);
            break;
        }
        observer.progress(stop);
        if moments.contains(&stop) {
            let (moment, weights) = trainer.moment()?;
            observer.moment(&moment, &weights)?;
            times.extend((moment.ms_per_step > 0.0).then_some(moment.ms_per_step));
            last = Some(moment);
        }
    }
    let ms_per_step = figures::median(&times);
    Ok(RunRecord { failure, last_losses, ms_per_step, parity, ..record(plan, last) })
}

/// Trains up to a step and tells of every stretch.
fn run_to(trainer: &mut Trainer<'_>, step: usize, observer: &mut dyn Observer) -> Result<Outcome> {
    while trainer.step() < step {
        let next = step.min(trainer.step() + STRETCH);
        let outcome = trainer.run_to(next)?;
        if outcome != Outcome::Finite {
            return Ok(outcome);
        }
        observer.progress(next);
    }
    Ok(Outcome::Finite)
}

/// Loads a network and lets it go again: whether the backend can hold it, before a run is begun.
///
/// # Errors
/// When the backend cannot run or hold it.
pub fn try_loading(backend: &mut dyn Backend, plan: &Plan<'_>) -> Result<()> {
    backend.load(&plan.model()?.program).map(|_| ())
}

/// What the last moment says about a run.
fn record(plan: &Plan<'_>, last: Option<Moment>) -> RunRecord {
    let figure = |of: fn(&Moment) -> f64| last.as_ref().map(of);
    RunRecord {
        name: run_name(plan.activation, plan.norm),
        activation: plan.activation.name().to_owned(),
        norm: plan.norm.name().to_owned(),
        steps: last.as_ref().map_or(0, |moment| moment.step),
        failure: None,
        last_losses: Vec::new(),
        test_accuracy: figure(|moment| moment.test_accuracy),
        train_loss: figure(|moment| moment.train_loss),
        output_spread: figure(|moment| moment.output_spread),
        layers: last.map_or_else(Vec::new, |moment| moment.layers),
        ms_per_step: None,
        parity: Parity::default(),
    }
}
