//! The autotuner: which setting of a kernel is the fastest at a class of shapes, on this adapter.
//!
//! It searches what the shaders themselves declare: a kernel's variants, and the values that they offer
//! for their tunables. What shapes have in common is told in [`crate::kernels::setting`].
//!
//! # Checked before it is timed
//!
//! A candidate is validated first (`validation`): on the kernel's own cases, on the dispatch's sizes with
//! several seeds, at the largest sizes of the class, and at ragged ones. A candidate that is wrong is
//! named and never timed. Then it is timed against the best so far, sample by sample in turn, so that a
//! drift of the clock hits both, and wins only by more than [`MARGIN`] and than the samples spread.
//!
//! # The same bits
//!
//! An experiment gives the same bits on the same adapter, tuned or not. So what a validation asks first is
//! whether a candidate has the bits of the kernel's default in every element. That is asked at many
//! sizes of the class, not at all of them: two orders of a sum do not agree by chance over so many
//! elements, but a shader that changes its order at some size between must not be shipped.
//!
//! What is found is kept in the [`cache`]. A [`run`] searches for nothing once it has begun:
//!
//! - `quick`, the default, takes what the cache holds, and of that only settings with the default's bits: it
//!   never changes a run's results.
//! - `full` searches before the first step for what the cache does not hold. It may also take a setting that
//!   is right but rounds differently, where that is faster still; the run's record names every setting.
//! - `off` runs what ships, and leaves the cache alone.
//!
//! Where the user has a say in a kernel (`--variant`, `--tunable`, a file of its own in `--shaders`), no
//! run tunes it: what was chosen runs.

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

/// The share of its time that a candidate must at least save to be taken.
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

/// What a search has found for one target.
#[derive(Clone, Debug, Serialize)]
pub struct Tuned {
    /// What was searched for.
    pub target: Target,
    /// The kernel.
    #[serde(skip)]
    pub kernel: &'static Kernel,
    /// The activation that was composed in, where the kernel has one.
    #[serde(skip)]
    pub activation: Activation,
    /// What runs where nothing is tuned.
    pub default: Timed,
    /// The fastest setting with the default's bits: the default itself where none is faster.
    pub chosen: Timed,
    /// One that is faster still and right, but rounds differently.
    pub other_bits: Option<Timed>,
    /// What became of the candidates.
    pub candidates: Tally,
}

impl Tuned {
    /// How many times as fast as the default a setting is.
    #[must_use]
    pub fn gain(&self, timed: &Timed) -> f64 {
        self.default.time.median / timed.time.median
    }
}

/// What became of the candidates of a search.
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
