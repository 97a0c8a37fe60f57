//! One network from its first to its last step: trained, recorded, compared.

use super::trainer::{Outcome, Plan, Trainer, Weights, run_name};
use super::{diagnosis, figures, schedule};
use crate::backend::Backend;
use crate::error::Result;
use crate::record::{Moment, Parity, RunRecord};
use std::collections::BTreeSet;

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
    let (mut last, mut failure) = (None, None);
    for &stop in moments.union(&compared) {
        let outcome = if compared.contains(&stop) {
            run_to_compared(&mut trainer, stop, &mut parity)?
        } else {
            trainer.run_to(stop)?
        };
        if let Outcome::Diverged { step, loss } = outcome {
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
    Ok(RunRecord { failure, ms_per_step, parity, ..record(plan, last) })
}

/// Trains up to a step and runs that one in lockstep with the CPU.
fn run_to_compared(trainer: &mut Trainer<'_>, step: usize, parity: &mut Parity) -> Result<Outcome> {
    match trainer.run_to(step - 1)? {
        Outcome::Finite => trainer.compared_step(parity),
        diverged => Ok(diverged),
    }
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
        test_accuracy: figure(|moment| moment.test_accuracy),
        train_loss: figure(|moment| moment.train_loss),
        output_spread: figure(|moment| moment.output_spread),
        layers: last.map_or_else(Vec::new, |moment| moment.layers),
        ms_per_step: None,
        parity: Parity::default(),
    }
}
