//! The results of a kernel over all cases that it is checked on.

use crate::check::CheckOutcome;
use crate::leeway::Permitted;
use std::collections::BTreeSet;
use std::time::Duration;

/// The results of one setting over all its cases.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) cases: usize,
    pub(super) tensors: usize,
    pub(super) worst: f64,
    /// The ways in which results differ from the twin's as WGSL permits.
    pub(super) permitted: BTreeSet<Permitted>,
    pub(super) complaints: Vec<String>,
    /// Whether the shader is right except for rounding; none if unknown.
    pub(super) formula: Option<bool>,
    pub(super) elapsed: Duration,
    /// Whether it hung: nothing else can run on the device.
    pub(super) stuck: bool,
}

impl Tally {
    /// Adds the results of one case.
    pub(super) fn add(&mut self, outcome: &CheckOutcome) {
        self.cases += 1;
        self.elapsed += outcome.elapsed;
        self.tensors += outcome.judgements.len();
        self.worst = self.worst.max(outcome.worst_ratio());
        self.permitted.extend(outcome.permitted());
        self.complaints.extend(outcome.complaints());
    }
}
