//! Training a network on a backend: the loop, what is recorded of it, and how it is checked.

pub mod checkpoint;
pub mod depth;
mod diagnosis;
pub(crate) mod evaluation;
mod figures;
mod folder_lock;
mod lines;
mod lockstep;
mod memory;
mod observer;
mod plan;
mod probe;
mod run;
pub mod run_folder;
mod schedule;
mod start;
mod state;
pub mod study_folder;
pub mod sweep;
mod trainer;

pub use memory::Need;
pub use observer::{Observer, ShaderReload};
pub use plan::{Plan, run_name};
pub use run::{resume, train};
pub use start::{data_set, initial_state, test_set, training_order};
pub use state::{Carried, Resumed, TrainingState};
pub use trainer::{Trainer, TrainingOutcome, Weights};
