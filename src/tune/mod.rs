//! The autotuner: finds the fastest setting of a kernel for a class of shapes, on this adapter.
//!
//! It searches what the shaders themselves declare: a kernel's variants, and the values of their tunables. For
//! classes of shapes see [`crate::kernels::setting`].
//!
//! # Checked before it is timed
//!
//! A candidate is validated first (`validation`): on the kernel's own cases, on the dispatch's sizes with several
//! seeds, at the largest sizes of the class, and at ragged ones. A candidate that is wrong is reported and never
//! timed. One that is right is timed against the best so far, sample by sample in turn, so that a drift of the clock
//! affects both, and wins only by more than [`MARGIN`] and more than the spread of the samples.
//!
//! # The same bits
//!
//! An experiment gives the same bits on the same adapter, tuned or not. So a validation first checks whether a
//! candidate has the bits of the kernel's default in every element. It checks many sizes of the class, but not all:
//! two orders of a sum do not agree by chance over so many elements, but a shader that changes its order at some size
//! in between must not be shipped.
//!
//! The results are saved in the [`cache`]. A [`run`] never searches once it has begun:
//!
//! - `quick`, the default, uses settings from the cache, and only those with the default's bits: it never
//!   changes a run's results.
//! - `full` searches, before the first step, for what the cache lacks. It may also use a setting that is
//!   right but rounds differently, if that is even faster; the run's record names every setting.
//! - `off` runs the shipped settings, and leaves the cache alone.
//!
//! A kernel that the user has a say in (`--variant`, `--tunable`, a file of its own in `--shaders`) is never tuned:
//! it runs as chosen.

pub mod cache;
mod candidates;
pub mod run;
pub mod search;
mod validation;

use crate::backend::measure::Spread;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::setting::{Setting, Target};
use serde::{Deserialize, Serialize};

/// The share of the time that a candidate must save at least to be chosen.
pub const MARGIN: f64 = 0.05;

/// A setting and how long it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timed {
    /// The setting.
    pub setting: Setting,
    /// Seconds of one dispatch.
    pub time: Spread,
}

/// The result of a search for one target.
#[derive(Clone, Debug, Serialize)]
pub struct Tuned {
    /// What was searched for.
    pub target: Target,
    /// The kernel.
    #[serde(skip)]
    pub kernel: &'static Kernel,
    /// The activation that was composed in, if the kernel has one.
    #[serde(skip)]
    pub activation: Activation,
    /// What runs without tuning.
    pub default: Timed,
    /// The fastest setting with the default's bits: the default itself if none is faster.
    pub chosen: Timed,
    /// One that is even faster and right, but rounds differently.
    pub other_bits: Option<Timed>,
    /// What happened to the candidates.
    pub candidates: Tally,
}

impl Tuned {
    /// How many times as fast as the default a setting is.
    #[must_use]
    pub fn gain(&self, timed: &Timed) -> f64 {
        self.default.time.median / timed.time.median
    }
}

/// What happened to the candidates of a search.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// How many were tried, the default not counted.
    pub tried: usize,
    /// Those that round differently.
    pub other_bits: usize,
    /// Those that are wrong, each with sentences about what is wrong.
    pub wrong: Vec<(Setting, Vec<String>)>,
    /// Those that the adapter cannot run, with the reason.
    pub not_runnable: Vec<(Setting, String)>,
}
