//! Training a network on a backend: the loop, what is recorded of it, and how it is checked.

mod diagnosis;
mod figures;
mod folder_lock;
mod lockstep;
mod memory;
mod plan;
mod probe;
mod run;
pub mod run_folder;
mod schedule;
mod start;
pub mod sweep;
pub mod sweep_folder;
mod trainer;

pub use memory::Need;
pub use plan::{Plan, run_name};
pub use run::{Observer, ShaderReload, train};
pub use start::{data_set, initial_state, training_order};
pub use trainer::{Trainer, TrainingOutcome, Weights};
