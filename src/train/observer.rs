//! What a training reports while it runs, and what it asks whoever started it.

use super::state::TrainingState;
use super::trainer::Weights;
use crate::check::Judgement;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::record::{Evaluation, Probe, ShaderChange};

/// What a training reports while it runs.
pub trait Observer {
    /// This many steps are done.
    fn progress(&mut self, step: usize);

    /// An evaluation of one replica was recorded; called for every replica in turn. `weights` are those of all
    /// replicas at this evaluation.
    ///
    /// # Errors
    /// When it cannot be saved: the training ends then.
    fn evaluation(&mut self, evaluation: &Evaluation, weights: &Weights) -> Result<()>;

    /// The layers were probed; not called if the experiment asks for no probes.
    ///
    /// # Errors
    /// When it cannot be saved: the training ends then.
    fn probed(&mut self, _probe: &Probe) -> Result<()> {
        Ok(())
    }

    /// Whether the training should end, with what it has.
    fn interrupted(&self) -> bool {
        false
    }

    /// Whether the state of the training, of this many bytes, should be kept now. Asked often; `ends` says that this is
    /// the last state of this training.
    fn wants_state(&mut self, _bytes: usize, _ends: bool) -> bool {
        false
    }

    /// The state to keep: everything that was recorded so far belongs to it.
    ///
    /// # Errors
    /// When it cannot be kept: the training ends then.
    fn state(&mut self, _state: TrainingState) -> Result<()> {
        Ok(())
    }

    /// Whether shaders may have changed since the last call; none if they are not watched.
    fn shaders_changed(&mut self) -> Option<bool> {
        None
    }

    /// Shaders that have changed were reloaded, or refused.
    ///
    /// # Errors
    /// When it cannot be reported: the training ends then.
    fn shaders_reloaded(&mut self, _: &ShaderReload) -> Result<()> {
        Ok(())
    }
}

/// What happened to shaders that changed during a training.
#[derive(Clone, Debug)]
pub enum ShaderReload {
    /// They are used from now on.
    Taken {
        /// The shaders, with the first step that ran with them.
        changes: Vec<ShaderChange>,
        /// The network's activation, if its file has changed.
        activation: Option<Activation>,
        /// How the results of their kernels at that step compared with the CPU; empty if nothing was compared.
        comparison: Vec<Judgement>,
    },
    /// One is faulty, and the last good ones stay in use.
    Refused {
        /// Steps done.
        step: usize,
        /// What is wrong.
        message: String,
    },
}
