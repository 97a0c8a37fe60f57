//! Training a network on a backend: the loop, what is recorded of it, and how it is checked.

mod diagnosis;
mod figures;
mod lockstep;
mod probe;
mod run;
pub mod run_folder;
mod schedule;
mod start;
pub mod sweep;
pub mod sweep_folder;
mod trainer;

pub use run::{Observer, ShaderReload, train};
pub use start::{data_set, initial_state, training_order};
pub use trainer::{Outcome, Plan, Trainer, Weights, run_name};
