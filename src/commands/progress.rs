//! What a user sees of a network in training, and what is saved of it meanwhile.

use super::output::{print, progress_bar};
use crate::backend::Backend;
use crate::config::Experiment;
use crate::error::Result;
use crate::interrupt;
use crate::kernels::activation::Activation;
use crate::record::{Evaluation, Probe, SweepRecord};
use crate::report::{number, watch as words};
use crate::train::run_folder::RunFolder;
use crate::train::sweep::cell::{self, CellPlan};
use crate::train::{Observer, ShaderReload, TrainingState, Weights};
use crate::watch::Changes;
use anyhow::Context;
use indicatif::ProgressBar;
use std::io::Write;
use std::time::{Duration, Instant};

/// The time between two writes of the weights of a network in training.
const WEIGHTS_EVERY: Duration = Duration::from_secs(2);

/// Trains one network of a sweep with a labelled progress bar; none if the user interrupts it.
///
/// # Errors
/// As [`cell::train`], with the network's name.
pub(super) fn train_of_sweep(
    backend: &mut dyn Backend,
    of: CellPlan<'_>,
    label: &str,
) -> anyhow::Result<Option<SweepRecord>> {
    let bar = progress_bar(label, (of.plan.experiment.steps, "steps"));
    let record = cell::train(backend, of, &mut |step| bar.set_position(step as u64));
    bar.finish_and_clear();
    record.with_context(|| format!("training {}", of.plan.name()))
}

/// Shows the progress of one network and records its evaluations.
pub(super) struct Progress<'a> {
    run: String,
    bar: ProgressBar,
    folder: &'a mut RunFolder,
    /// Those of the last evaluation, and its step.
    weights: Option<(usize, Weights)>,
    written: Instant,
    /// Reports changes of shaders, if they are watched.
    changes: Option<&'a Changes>,
    /// The activation that was reloaded last, if any.
    pub(super) activation: Option<Activation>,
    out: &'a mut dyn Write,
}

impl<'a> Progress<'a> {
    pub(super) fn new(
        run: &str,
        experiment: &Experiment,
        folder: &'a mut RunFolder,
        (changes, out): (Option<&'a Changes>, &'a mut dyn Write),
    ) -> Self {
        let (bar, run) = (progress_bar(run, (experiment.steps, "steps")), run.to_owned());
        let (weights, activation) = (None, None);
        let written = Instant::now();
        Self { run, bar, folder, weights, written, changes, activation, out }
    }

    /// Writes the last weights and removes the bar.
    pub(super) fn finish(self) -> Result<()> {
        self.bar.finish_and_clear();
        match &self.weights {
            Some((step, weights)) => self.folder.weights(&self.run, *step, weights),
            None => Ok(()),
        }
    }
}

impl Observer for Progress<'_> {
    fn progress(&mut self, step: usize) {
        self.bar.set_position(step as u64);
    }

    fn evaluation(&mut self, evaluation: &Evaluation, weights: &Weights) -> Result<()> {
        self.folder.evaluation(evaluation)?;
        // `weights` is the same for all replicas of an evaluation, and contains those of all.
        if evaluation.replica > 0 {
            return Ok(());
        }
        self.bar.set_message(format!("accuracy {}", number::percent(evaluation.test_accuracy)));
        self.weights = Some((evaluation.step, weights.clone()));
        if self.written.elapsed() >= WEIGHTS_EVERY {
            self.folder.weights(&self.run, evaluation.step, weights)?;
            self.written = Instant::now();
        }
        Ok(())
    }

    fn probed(&mut self, probe: &Probe) -> Result<()> {
        self.folder.probe(probe)
    }

    fn wants_state(&mut self, bytes: usize, ends: bool) -> bool {
        self.folder.is_checkpoint_due(bytes) || ends
    }

    fn state(&mut self, state: TrainingState) -> Result<()> {
        self.folder.keep_state(&self.run, state)
    }

    fn interrupted(&self) -> bool {
        interrupt::is_requested()
    }

    fn shaders_changed(&mut self) -> Option<bool> {
        self.changes.map(Changes::any)
    }

    fn shaders_reloaded(&mut self, reload: &ShaderReload) -> Result<()> {
        if let ShaderReload::Taken { activation, changes, .. } = reload {
            self.folder.take_shaders(changes);
            self.activation = activation.or(self.activation);
        }
        let text = format!("{}: {}", self.run, words::reload(reload));
        let Self { bar, out, .. } = self;
        bar.suspend(|| print(*out, &text))
    }
}
