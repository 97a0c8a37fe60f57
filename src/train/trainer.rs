//! A network in training: its program on a backend, and the loop over its steps.
//!
//! Steps are submitted to the backend in stretches, without waiting between them; losses stay on the device until a
//! stretch has ended. At an *evaluation* the test set is run and the layers' figures are computed.

use super::evaluation::{self, Score};
use super::plan::Plan;
use super::probe::{self, Matrices, View};
use super::state::{self, Carried, TrainingState};
use super::{figures, lockstep, start};
use crate::backend::{Backend, Reloaded, Session};
use crate::check::Judgement;
use crate::error::Result;
use crate::model::{HISTORY, Model, Parameter, Role, initial_parameters};
use crate::record::{Evaluation, LayerFigures, Parity, Probe, ShaderChange};
use crate::tensor::{Tensor, Value};
use std::time::Instant;

/// Named tensors of a network, with all replicas: parameters and running statistics.
pub type Weights = Vec<(String, Tensor<f32>)>;

/// How a stretch of steps ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrainingOutcome {
    /// All losses are finite.
    Finite,
    /// All losses are finite, and the user has interrupted the training.
    Interrupted,
    /// The loss of a replica at a step, counted from 1, is not finite.
    Diverged {
        /// The replica.
        replica: usize,
        /// The step.
        step: usize,
        /// Its loss.
        loss: f32,
    },
}

/// A network in training.
pub struct Trainer<'a> {
    plan: Plan<'a>,
    session: Box<dyn Session>,
    model: Model,
    /// Initial weight matrices of all replicas, by layer.
    initial: Vec<Tensor<f32>>,
    step: usize,
    /// Which refill of the ring of batches is on the device.
    refill: Option<usize>,
    /// Steps done and state at the last evaluation, to go back to.
    checkpoint: (usize, Vec<Value<f32>>),
    /// Losses and correct examples of each replica since the last evaluation.
    losses: Vec<Vec<f32>>,
    correct: Vec<f64>,
    /// Shaders that were reloaded since the last evaluation.
    shader_changes: Vec<ShaderChange>,
    /// Steps and seconds of uncompared stretches since the last evaluation.
    timed: (usize, f64),
}

impl<'a> Trainer<'a> {
    /// A network with its initial weights and its data on the backend.
    ///
    /// # Errors
    /// When the backend cannot hold it.
    pub fn new(backend: &mut dyn Backend, plan: &Plan<'a>) -> Result<Self> {
        let model = plan.model(backend)?;
        let mut session = backend.load(&model.program)?;
        session.upload(&start::initial_state(&model, plan.experiment))?;
        session.upload(&start::data_set(&model, plan.data))?;
        let seed = plan.experiment.seed;
        let initial = model.weights().map(|one| initial_parameters(&model, one, seed)).collect();
        let replicas = model.network.replicas;
        let mut trainer = Self {
            plan: *plan,
            session,
            model,
            initial,
            step: 0,
            refill: None,
            checkpoint: (0, Vec::new()),
            losses: vec![Vec::new(); replicas],
            correct: vec![0.0; replicas],
            shader_changes: Vec::new(),
            timed: (0, 0.0),
        };
        trainer.save_checkpoint()?;
        Ok(trainer)
    }

    /// Steps done.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// The network's program.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The program's memory.
    pub fn session(&mut self) -> &mut dyn Session {
        self.session.as_mut()
    }

    /// Uploads what the next steps are shown, unless it is on the device already.
    pub(super) fn load_order(&mut self) -> Result<()> {
        let refill = self.step / self.model.network.order_slots();
        if self.refill == Some(refill) {
            return Ok(());
        }
        self.refill = Some(refill);
        let seed = self.plan.experiment.seed;
        self.session.upload(&start::batches(&self.model, self.plan.data, seed, refill))
    }

    /// Trains until `step` steps are done, or until a loss is not finite.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub fn run_to(&mut self, step: usize) -> Result<TrainingOutcome> {
        while self.step < step {
            self.load_order()?;
            let slots = self.model.network.order_slots();
            let count = (step - self.step).min(slots - self.step % slots).min(HISTORY);
            let start = Instant::now();
            self.session.run(&self.model.step_passes(), count)?;
            self.step += count;
            let outcome = self.read_history(count)?;
            self.timed.0 += count;
            self.timed.1 += start.elapsed().as_secs_f64();
            if outcome != TrainingOutcome::Finite {
                return Ok(outcome);
            }
        }
        Ok(TrainingOutcome::Finite)
    }

    /// Continues with other shaders from the current state: `model` is the same network, lowered again. Returns the
    /// shaders, with the first step that runs with them.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub(super) fn take_shaders(
        &mut self,
        model: Model,
        reloaded: Reloaded,
    ) -> Result<Vec<ShaderChange>> {
        self.session.swap_pipelines(reloaded.lowered)?;
        self.model = model;
        self.plan.activation = self.model.network.activation;
        let step = self.step + 1;
        let changes = reloaded.changed.into_iter().map(|shader| ShaderChange { step, shader });
        let changes: Vec<_> = changes.collect();
        self.shader_changes.extend(changes.clone());
        Ok(changes)
    }

    /// Runs one step, and then one chunk of an evaluation and a probe, in lockstep with the CPU, and records every
    /// comparison.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub fn compared_step(&mut self, parity: &mut Parity) -> Result<TrainingOutcome> {
        self.judged_step(parity).map(|(outcome, _)| outcome)
    }

    /// [`Trainer::compared_step`] with its comparisons.
    pub(super) fn judged_step(
        &mut self,
        parity: &mut Parity,
    ) -> Result<(TrainingOutcome, Vec<Judgement>)> {
        self.load_order()?;
        let number = self.step + 1;
        let passes = self.model.step_passes();
        let mut judgements = lockstep::compare_passes(self.session.as_mut(), &self.model, &passes)?;
        self.step += 1;
        let outcome = self.read_history(1)?;
        evaluation::rewind(self.session.as_mut(), &self.model)?;
        let probe = self.model.probe.as_ref().map(|probe| [probe.pass, probe.digits]);
        let passes: Vec<_> =
            [self.model.evaluate].into_iter().chain(probe.into_iter().flatten()).collect();
        judgements.extend(lockstep::compare_passes(self.session.as_mut(), &self.model, &passes)?);
        for judgement in &judgements {
            let sentence = || format!("step {number}: {}", judgement.describe());
            parity.note(judgement.verdict.ratio(), judgement.verdict.passes(), sentence);
        }
        Ok((outcome, judgements))
    }

    /// Counts a step that was run dispatch by dispatch.
    pub(super) fn count_step(&mut self) {
        self.step += 1;
    }

    /// The losses of each replica since the last evaluation, which no evaluation has recorded.
    pub(super) fn take_losses(&mut self) -> Vec<Vec<f32>> {
        self.losses.iter_mut().map(std::mem::take).collect()
    }

    /// Reads the losses and correct examples of the last `count` steps.
    fn read_history(&mut self, count: usize) -> Result<TrainingOutcome> {
        let train = &self.model.train;
        let history = self.session.read_all(&[train.losses, train.correct])?;
        let (losses, correct) = (&history[0], &history[1]);
        for step in self.step - count..self.step {
            for replica in 0..self.model.network.replicas {
                let at = replica * HISTORY + step % HISTORY;
                let loss = losses.widened(at) as f32;
                if !loss.is_finite() {
                    return Ok(TrainingOutcome::Diverged { replica, step: step + 1, loss });
                }
                self.losses[replica].push(loss);
                self.correct[replica] += correct.widened(at);
            }
        }
        Ok(TrainingOutcome::Finite)
    }

    /// The bytes of the tensors of [`Trainer::state`].
    pub(super) fn state_bytes(&self) -> usize {
        state::bytes(&self.model)
    }

    /// What the training needs to continue from here.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub(super) fn state(&mut self) -> Result<TrainingState> {
        let (names, ids): (Vec<_>, Vec<_>) = state::named(&self.model).into_iter().unzip();
        let tensors = names.into_iter().zip(self.session.read_all(&ids)?).collect();
        let carried = Carried {
            step: self.step,
            losses: self.losses.clone(),
            correct: self.correct.clone(),
            timed: self.timed,
            new_shaders: self.shader_changes.clone(),
            ..Carried::default()
        };
        Ok(TrainingState { carried, tensors })
    }

    /// Continues from a state.
    ///
    /// # Errors
    /// [`crate::error::Error::Data`] when it is another network's; when the device is lost or refuses.
    pub(super) fn restore(&mut self, state: &TrainingState) -> Result<()> {
        for (id, value) in state::fitted(&self.model, state)? {
            self.session.write(id, value)?;
        }
        let Carried { step, losses, correct, timed, new_shaders, .. } = state.carried.clone();
        (self.step, self.refill) = (step, None);
        (self.losses, self.correct, self.timed) = (losses, correct, timed);
        self.shader_changes = new_shaders;
        self.save_checkpoint()
    }

    fn save_checkpoint(&mut self) -> Result<()> {
        self.checkpoint = (self.step, self.session.read_all(&self.model.state())?);
        Ok(())
    }

    /// Goes back to the last evaluation.
    pub(super) fn restore_checkpoint(&mut self) -> Result<()> {
        for (id, value) in self.model.state().into_iter().zip(&self.checkpoint.1) {
            self.session.write(id, value)?;
        }
        // The bad loss is still there; steps that are run again must not be blamed for it.
        let losses = self.model.train.losses;
        let shape = self.model.program.spec(losses).shape;
        self.session.write(losses, &Value::Real(Tensor::filled(shape, 0.0)))?;
        self.step = self.checkpoint.0;
        self.refill = None;
        Ok(())
    }

    /// The current weight matrices, to be compared with those after the next step.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub(super) fn matrices(&mut self) -> Result<Matrices> {
        probe::matrices(self.session.as_mut(), &self.model)
    }

    /// Probes the layers. `before` are the weights before the last step, and `filters` says whether
    /// the first layer's weights are recorded.
    ///
    /// # Errors
    /// When the network has no probe, or the device is lost or refuses.
    pub(super) fn probe(&mut self, before: Option<&Matrices>, filters: bool) -> Result<Probe> {
        let view = View {
            run: self.plan.name(),
            step: self.step,
            initial: &self.initial,
            before,
            filters,
        };
        probe::take(self.session.as_mut(), &self.model, &view)
    }

    /// Evaluates the test set and returns one evaluation per replica, with the weights of all.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub fn evaluation(&mut self) -> Result<(Vec<Evaluation>, Weights)> {
        self.save_checkpoint()?;
        let tested = self.evaluate()?;
        let outputs = self.session.read(self.model.test_outputs)?.into_real()?;
        let weights = self.weights()?;
        let layers = self.layer_figures(&weights)?;
        let shader_changes = std::mem::take(&mut self.shader_changes);
        let (steps, seconds) = std::mem::take(&mut self.timed);
        let mut evaluations = Vec::new();
        for (replica, (losses, layers)) in self.take_losses().into_iter().zip(layers).enumerate() {
            let examples = (losses.len() * self.model.network.batch) as f64;
            let Score { loss: test_loss, accuracy: test_accuracy } = tested[replica];
            let sum = losses.iter().copied().map(f64::from).sum::<f64>();
            evaluations.push(Evaluation {
                run: self.plan.name(),
                activation: self.plan.activation.name().to_owned(),
                norm: self.plan.norm.to_string(),
                replica,
                step: self.step,
                shader_changes: shader_changes.clone(),
                train_loss: sum / losses.len() as f64,
                train_accuracy: std::mem::take(&mut self.correct[replica]) / examples,
                test_loss,
                test_accuracy,
                layers,
                output_spread: figures::spread(&outputs.replica(replica)),
                ms_per_step: if steps > 0 { 1e3 * seconds / steps as f64 } else { 0.0 },
                losses,
            });
        }
        Ok((evaluations, weights))
    }

    /// What each replica makes of the test set.
    fn evaluate(&mut self) -> Result<Vec<Score>> {
        evaluation::rewind(self.session.as_mut(), &self.model)?;
        self.session.run(&[self.model.evaluate], self.model.network.test_chunks())?;
        evaluation::scores(self.session.as_mut(), &self.model)
    }

    /// Figures of every weight matrix of each replica; `weights` are the current ones, parameters first.
    fn layer_figures(&mut self, weights: &Weights) -> Result<Vec<Vec<LayerFigures>>> {
        let mut replicas = vec![Vec::new(); self.model.network.replicas];
        let named = self.model.parameters.iter().zip(weights);
        let is_weight = |(parameter, _): &(&Parameter, _)| parameter.role == Role::Weight;
        for (parameter, (_, value)) in named.filter(is_weight) {
            let gradient = self.session.read(parameter.gradient)?.into_real()?;
            let before = &self.initial[parameter.layer];
            for (replica, figures) in replicas.iter_mut().enumerate() {
                let (now, before) = (value.matrix(replica), before.matrix(replica));
                figures.push(LayerFigures {
                    layer: format!("layer{}", parameter.layer + 1),
                    gradient_rms: figures::rms(gradient.matrix(replica)),
                    weight_change: figures::relative_change(now, before),
                });
            }
        }
        Ok(replicas)
    }

    /// The current parameters and running statistics, by name.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub fn weights(&mut self) -> Result<Weights> {
        let (names, ids): (Vec<_>, Vec<_>) = self.model.named_weights().into_iter().unzip();
        let values = self.session.read_all(&ids)?.into_iter().map(Value::into_real);
        names.into_iter().zip(values).map(|(name, value)| Ok((name, value?))).collect()
    }
}
