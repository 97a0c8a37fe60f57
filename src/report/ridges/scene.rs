//! What the panels of pictures of histograms have in common.

use crate::report::axis::Range;
use crate::report::bins::{reach, shares};
use crate::report::probed::{Group, ProbedRun};
use crate::report::slopes;

/// What of a column lies left of its panel.
pub(super) const LEFT: f64 = 48.0;

/// Points of an activation's curve.
const POINTS: usize = 48;

/// What all panels of an activation have in common.
pub(in crate::report) struct Scene<'a> {
    pub(in crate::report) group: &'a Group<'a>,
    /// The layers shown, a row each.
    pub(super) layers: Vec<usize>,
    /// The inputs shown.
    pub(in crate::report) x: Range,
    /// The activation's values over `x`.
    pub(in crate::report) curve: Vec<(f64, f64)>,
    /// The activation's slopes over the bins of the inputs.
    pub(super) slopes: Option<slopes::Curve>,
    /// The largest share of a layer's inputs in one bin.
    pub(in crate::report) tallest: f64,
}

impl<'a> Scene<'a> {
    pub(in crate::report) fn new(group: &'a Group<'a>) -> Self {
        let layers = group.ends();
        let shown = || {
            let of_run = |run: &'a ProbedRun<'a>| {
                layers.iter().flat_map(|&at| run.layer(at)).map(|(_, layer)| &layer.histogram)
            };
            group.runs.iter().flat_map(of_run)
        };
        let far = shown().map(reach).fold(2.0, f64::max);
        let x = Range { low: -far, high: far };
        let curve = group.function.map_or_else(Vec::new, |function| {
            let place = |at| x.low + (x.high - x.low) * at as f64 / POINTS as f64;
            (0..=POINTS).map(place).map(|x| (x, function.activate(x))).collect()
        });
        let tallest =
            shown().flat_map(|h| shares(h, x)).map(|(_, share)| share).fold(0.0, f64::max);
        let tallest = if tallest > 0.0 { tallest } else { 1.0 };
        Self { group, layers, x, curve, slopes: group.curve(), tallest }
    }

    /// How tall a share stands, from 0 to 1 for the largest. By its square root, so that one sees inputs
    /// that have collapsed into a bin and inputs that are spread wide in one picture (a rootogram).
    pub(in crate::report) fn height(&self, share: f64) -> f64 {
        (share / self.tallest).sqrt()
    }
}
