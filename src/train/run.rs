//! One network from its first to its last step: trained, recorded, compared.

use super::diagnosis;
use super::observer::{Observer, ShaderReload};
use super::plan::Plan;
use super::probe::Matrices;
use super::schedule::Schedule;
use super::state::{Carried, Resumed, TrainingState};
use super::trainer::{Trainer, TrainingOutcome};
use crate::backend::{Backend, Reloaded};
use crate::check::Judgement;
use crate::error::Result;
use crate::gradient_check;
use crate::kernels::activation::Activation;
use crate::model::Model;
use crate::record::{
    Evaluation, LateAccuracy, Parity, ReplicaRange, RunRecord, ShaderChange, median,
};
use std::time::{Duration, Instant};

/// The most steps between two reports of progress.
const STRETCH: usize = 100;

/// About how long a training runs before it checks whether it should end.
const UNWATCHED_STRETCH: Duration = Duration::from_millis(250);

/// The same for one that is watched, which also checks for changed shaders.
const WATCHED_STRETCH: Duration = Duration::from_millis(50);

/// Trains one network to the end, or until its loss is not finite, or until the observer interrupts it, in which case
/// it is evaluated once more where it is.
///
/// # Errors
/// When the backend cannot run it, or the observer cannot save an evaluation.
pub fn train(
    backend: &mut dyn Backend,
    plan: &Plan<'_>,
    observer: &mut dyn Observer,
) -> Result<RunRecord> {
    resume(backend, plan, None, observer)
}

/// [`train`], from where an earlier training of the same network stopped, if `from` is given. The results are the same,
/// bit for bit, as those of a training that never stopped.
///
/// # Errors
/// As there; [`crate::error::Error::Data`] when the state is another network's.
pub fn resume(
    backend: &mut dyn Backend,
    plan: &Plan<'_>,
    from: Option<Resumed>,
    observer: &mut dyn Observer,
) -> Result<RunRecord> {
    let schedule = Schedule::new(plan.experiment, plan.verify);
    let mut run = Training::new(backend, plan)?;
    let (mut recorded, mut last) = evaluated(from.as_ref().map_or(&[], |from| &from.evaluations));
    let (mut failure, mut last_losses) = (None, Vec::new());
    match from {
        Some(from) => run.restore(from.state)?,
        None if schedule.probed.contains(&0) => run.probe(&schedule, None, observer)?,
        None => {}
    }
    let done = run.trainer.step();
    for stop in schedule.all().into_iter().filter(|&stop| stop > done) {
        let outcome = run.reach(stop, &schedule, observer)?;
        if let TrainingOutcome::Diverged { replica, step, loss } = outcome {
            last_losses = run.trainer.take_losses().swap_remove(replica);
            failure = Some(diagnosis::explain(&mut run.trainer, (replica, step, loss))?);
            break;
        }
        let interrupted = outcome == TrainingOutcome::Interrupted;
        observer.progress(run.trainer.step());
        if interrupted {
            // Before the evaluation that an uninterrupted training would not have.
            run.keep_state(true, observer)?;
        }
        let evaluated = recorded.last().map_or(0, |evaluation| evaluation.step);
        if schedule.evaluations.contains(&stop) && !interrupted
            || interrupted && run.trainer.step() > evaluated
        {
            let (evaluations, weights) = run.trainer.evaluation()?;
            evaluations
                .iter()
                .try_for_each(|evaluation| observer.evaluation(evaluation, &weights))?;
            recorded.extend(Evaluation::across(&evaluations.iter().collect::<Vec<_>>(), median));
            last = evaluations;
        }
        if interrupted {
            break;
        }
        if stop == plan.experiment.steps {
            run.keep_state(true, observer)?;
        }
    }
    let probe_share = run.probe_share();
    let Training { parity, shader_changes, .. } = run;
    let record = record(plan, &recorded, &last);
    Ok(RunRecord { failure, last_losses, probe_share, parity, shader_changes, ..record })
}

/// Evaluations over the replicas, and the last one of each replica.
fn evaluated(all: &[Evaluation]) -> (Vec<Evaluation>, Vec<Evaluation>) {
    let together: Vec<_> = all.chunk_by(|one, other| one.step == other.step).collect();
    let across = |all: &&[Evaluation]| Evaluation::across(&all.iter().collect::<Vec<_>>(), median);
    let last = together.last().map_or_else(Vec::new, |last| last.to_vec());
    (together.iter().filter_map(across).collect(), last)
}

/// A network in training, with what it runs on and the results so far.
struct Training<'a, 'b> {
    backend: &'a mut dyn Backend,
    trainer: Trainer<'b>,
    /// Whether the first step with other shaders is compared with the CPU.
    verify: bool,
    parity: Parity,
    shader_changes: Vec<ShaderChange>,
    /// Whether changes were checked for before.
    asked: bool,
    /// Steps of the next stretch, adapted to the previous ones.
    stretch: usize,
    /// Time of the steps that were not compared.
    training: Duration,
    /// Time of the probes.
    probing: Duration,
}

impl<'a, 'b> Training<'a, 'b> {
    fn new(backend: &'a mut dyn Backend, plan: &Plan<'b>) -> Result<Self> {
        let trainer = Trainer::new(backend, plan)?;
        Ok(Self {
            backend,
            trainer,
            verify: plan.verify,
            parity: Parity::default(),
            shader_changes: Vec::new(),
            asked: false,
            stretch: 1,
            training: Duration::ZERO,
            probing: Duration::ZERO,
        })
    }
}

impl Training<'_, '_> {
    /// Continues from a state.
    fn restore(&mut self, state: TrainingState) -> Result<()> {
        self.trainer.restore(&state)?;
        let Carried { shader_changes, parity, training_s, probing_s, .. } = state.carried;
        (self.shader_changes, self.parity) = (shader_changes, parity);
        [self.training, self.probing] = [training_s, probing_s]
            .map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        Ok(())
    }

    /// Hands the state to the observer if it wants it.
    fn keep_state(&mut self, ends: bool, observer: &mut dyn Observer) -> Result<()> {
        if !observer.wants_state(self.trainer.state_bytes(), ends) {
            return Ok(());
        }
        let mut state = self.trainer.state()?;
        state.carried.shader_changes.clone_from(&self.shader_changes);
        state.carried.parity = self.parity.clone();
        state.carried.training_s = self.training.as_secs_f64();
        state.carried.probing_s = self.probing.as_secs_f64();
        observer.state(state)
    }

    /// Trains up to a stop; compares and probes its last step if that is due.
    fn reach(
        &mut self,
        stop: usize,
        schedule: &Schedule,
        observer: &mut dyn Observer,
    ) -> Result<TrainingOutcome> {
        let (compared, probed) =
            (schedule.compared.contains(&stop), schedule.probed.contains(&stop));
        let before_last = if compared || probed { stop - 1 } else { stop };
        let mut outcome = self.run_to(before_last, observer)?;
        let mut before = None;
        if probed && outcome == TrainingOutcome::Finite {
            let start = Instant::now();
            before = Some(self.trainer.matrices()?);
            self.probing += start.elapsed();
        }
        if before_last < stop && outcome == TrainingOutcome::Finite {
            outcome = match compared {
                true => self.compared_step(observer)?,
                false => self.run_to(stop, observer)?,
            };
        }
        if probed && outcome == TrainingOutcome::Finite {
            self.probe(schedule, before.as_ref(), observer)?;
        }
        Ok(outcome)
    }

    /// Runs one step that is compared with the CPU.
    fn compared_step(&mut self, observer: &mut dyn Observer) -> Result<TrainingOutcome> {
        // The first step with other shaders is compared, too: one comparison serves both.
        match self.reload_shaders(observer.shaders_changed(), observer)? {
            Some(compared) => Ok(compared),
            None => self.trainer.compared_step(&mut self.parity),
        }
    }

    /// Probes the layers and reports the result; `before` are the weights before the last step.
    fn probe(
        &mut self,
        schedule: &Schedule,
        before: Option<&Matrices>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let start = Instant::now();
        let filters = schedule.filtered.contains(&self.trainer.step());
        let probe = self.trainer.probe(before, filters)?;
        self.probing += start.elapsed();
        observer.probed(&probe)
    }

    /// Time of the probes as a share of the time of the steps.
    fn probe_share(&self) -> Option<f64> {
        let (training, probing) = (self.training.as_secs_f64(), self.probing.as_secs_f64());
        (training > 0.0 && probing > 0.0).then_some(probing / training)
    }

    /// Trains up to a step and reports every stretch. Between stretches it reloads shaders that have changed.
    fn run_to(&mut self, step: usize, observer: &mut dyn Observer) -> Result<TrainingOutcome> {
        while self.trainer.step() < step {
            if observer.interrupted() {
                return Ok(TrainingOutcome::Interrupted);
            }
            self.keep_state(false, observer)?;
            let changed = observer.shaders_changed();
            if let Some(outcome) = self.reload_shaders(changed, observer)? {
                if outcome != TrainingOutcome::Finite {
                    return Ok(outcome);
                }
                continue;
            }
            let (first, start) = (self.trainer.step(), Instant::now());
            let next = step.min(first + self.stretch);
            let outcome = self.trainer.run_to(next)?;
            if outcome != TrainingOutcome::Finite {
                return Ok(outcome);
            }
            self.training += start.elapsed();
            let a_step = start.elapsed().as_secs_f64() / (next - first) as f64;
            let stretch = changed.map_or(UNWATCHED_STRETCH, |_| WATCHED_STRETCH);
            let wanted = (stretch.as_secs_f64() / a_step.max(1e-9)) as usize;
            self.stretch = wanted.clamp(1, 2 * self.stretch).min(STRETCH);
            observer.progress(next);
        }
        Ok(TrainingOutcome::Finite)
    }

    /// Reloads shaders if they have changed, and reports it. Returns how the step ended that is compared then; none
    /// if no step was run.
    fn reload_shaders(
        &mut self,
        changed: Option<bool>,
        observer: &mut dyn Observer,
    ) -> Result<Option<TrainingOutcome>> {
        // A file that changed while an earlier network was trained is not reported again.
        let first = !std::mem::replace(&mut self.asked, true);
        if !changed.is_some_and(|changed| changed || first) {
            return Ok(None);
        }
        match self.reload() {
            Ok(None) => Ok(None),
            Ok(Some((model, reloaded))) => self.take_shaders(model, reloaded, observer),
            Err(error) => {
                let (step, message) = (self.trainer.step(), error.to_string());
                observer.shaders_reloaded(&ShaderReload::Refused { step, message })?;
                Ok(None)
            }
        }
    }

    /// The network, with its activation as in the file now, loaded again; none if nothing has changed.
    fn reload(&mut self) -> Result<Option<(Model, Reloaded)>> {
        let mut model = self.trainer.model().clone();
        let changed = model.network.activation.changed()?;
        // A shipped one may be overridden by a file that has changed.
        if changed.is_some() || Activation::ALL.contains(&model.network.activation) {
            gradient_check::require(self.backend, changed.unwrap_or(model.network.activation))?;
        }
        if let Some(activation) = changed {
            model.take_activation(activation);
        }
        let reloaded = self.backend.reload(&model.program)?;
        Ok(reloaded.map(|reloaded| (model, reloaded)))
    }

    fn take_shaders(
        &mut self,
        model: Model,
        reloaded: Reloaded,
        observer: &mut dyn Observer,
    ) -> Result<Option<TrainingOutcome>> {
        let (before, now) = (self.trainer.model().network.activation, model.network.activation);
        let activation = (now != before).then_some(now);
        let changes = self.trainer.take_shaders(model, reloaded)?;
        self.shader_changes.extend(changes.clone());
        let (mut outcome, mut comparison) = (None, Vec::new());
        if self.verify {
            let (ended, judgements) = self.trainer.judged_step(&mut self.parity)?;
            let of_theirs = |judgement: &Judgement| {
                changes.iter().any(|change| change.shader.kernel == judgement.kernel)
            };
            comparison = judgements.into_iter().filter(of_theirs).collect();
            outcome = Some(ended);
            observer.progress(self.trainer.step());
        }
        observer.shaders_reloaded(&ShaderReload::Taken { changes, activation, comparison })?;
        Ok(outcome)
    }
}

/// The median over the stretches between evaluations, except those much shorter than the longest: in them the wait at
/// the end outweighs the steps.
fn ms_per_step(evaluations: &[Evaluation]) -> Option<f64> {
    let longest = evaluations.iter().map(|evaluation| evaluation.losses.len()).max()?;
    let long = evaluations.iter().filter(|evaluation| 2 * evaluation.losses.len() >= longest);
    let times: Vec<_> =
        long.map(|evaluation| evaluation.ms_per_step).filter(|&ms| ms > 0.0).collect();
    median(&times)
}

/// The record of a run, from a network's evaluations over its replicas and the last evaluation of each replica.
pub(super) fn record(
    plan: &Plan<'_>,
    evaluations: &[Evaluation],
    replicas: &[Evaluation],
) -> RunRecord {
    let last = evaluations.last();
    let figure = |of: fn(&Evaluation) -> f64| last.map(of);
    let layers = |evaluation: Option<&Evaluation>| {
        evaluation.map_or_else(Vec::new, |one| one.layers.clone())
    };
    let evaluated: Vec<_> = evaluations.iter().map(|one| (one.step, one.test_accuracy)).collect();
    RunRecord {
        name: plan.name(),
        activation: plan.activation.name().to_owned(),
        norm: plan.norm.to_string(),
        steps: last.map_or(0, |evaluation| evaluation.step),
        failure: None,
        last_losses: Vec::new(),
        test_accuracy: figure(|evaluation| evaluation.test_accuracy),
        train_loss: figure(|evaluation| evaluation.train_loss),
        output_spread: figure(|evaluation| evaluation.output_spread),
        range: ReplicaRange::of(&replicas.iter().collect::<Vec<_>>()),
        shader_changes: Vec::new(),
        late_accuracy: LateAccuracy::of(&evaluated),
        first_layers: layers(evaluations.first()),
        layers: layers(last),
        ms_per_step: ms_per_step(evaluations),
        probe_share: None,
        parity: Parity::default(),
    }
}
