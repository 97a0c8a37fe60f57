//! How long kernels and training steps take: the ladder of a kernel's variants, and a training step
//! with its time by kernel.
//!
//! Everything is run before it is timed, several samples are taken, and a sample repeats its work
//! until it is long enough for the clock.

mod roofline;
pub mod scale;
pub mod shape;
pub mod step;
pub mod targets;
pub mod variants;

pub use crate::backend::measure::{SAMPLES, Spread};
pub use roofline::Roofline;
