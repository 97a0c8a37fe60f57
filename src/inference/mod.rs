//! Uses the weights of a run on a test set or on pictures.

mod classified;
mod network;
pub mod npy;
pub mod picture;
mod weights;

pub use classified::{class, classify, probabilities};
pub use network::{Inference, Scored};
pub use weights::Trained;
