//! What a training tells whoever has started it, and what it asks them.

use super::state::TrainingState;
use super::trainer::Weights;
use crate::check::Judgement;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::record::{Evaluation, Probe, ShaderChange};

/// What a training tells while it runs.
pub trait Observer {
    /// So many steps are done.
    fn progress(&mut self, step: usize);

    /// An evaluation of one replica was recorded; told of every replica in turn. `weights` are those of this
    /// evaluation, of all replicas.
    ///
    /// # Errors
    /// When it cannot be kept: the training ends then.
    fn evaluation(&mut self, evaluation: &Evaluation, weights: &Weights) -> Result<()>;

    /// The layers were probed; not told where the experiment asks for no probes.
    ///
    /// # Errors
    /// When it cannot be kept: the training ends then.
    fn probed(&mut self, _probe: &Probe) -> Result<()> {
        Ok(())
    }

    /// Whether the training is to end, with what it has.
    fn interrupted(&self) -> bool {
        false
    }

    /// Whether the state of the training, of so many bytes, is to be kept now. It is asked often; `ends` says that
    /// there will be no later one of this training.
    fn wants_state(&mut self, _bytes: usize, _ends: bool) -> bool {
        false
    }

    /// The state that is to be kept: all that was recorded so far belongs to it.
    ///
    /// # Errors
    /// When it cannot be kept: the training ends then.
    fn state(&mut self, _state: TrainingState) -> Result<()> {
        Ok(())
    }

    /// Whether shaders may have changed since this was asked last; none where nobody watches them.
    fn shaders_changed(&mut self) -> Option<bool> {
        None
    }

    /// Shaders that have changed were taken, or refused.
    ///
    /// # Errors
    /// When it cannot be told: the training ends then.
    fn shaders_reloaded(&mut self, _: &ShaderReload) -> Result<()> {
        Ok(())
    }
}

/// What became of shaders that have changed in the middle of a training.
#[derive(Clone, Debug)]
pub enum ShaderReload {
    /// They are used from now on.
    Taken {
        /// The shaders, with the first step that ran with them.
        changes: Vec<ShaderChange>,
        /// The network's activation, where its file is what has changed.
        activation: Option<Activation>,
        /// How that step's results of their kernels compared with the CPU; empty where nothing was
        /// compared.
        comparison: Vec<Judgement>,
    },
    /// One is wrong: the last good ones stay.
    Refused {
        /// Steps done.
        step: usize,
        /// What is wrong.
        message: String,
    },
}
