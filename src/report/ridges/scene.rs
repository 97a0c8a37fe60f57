//! What the panels of pictures of histograms share.

use crate::report::axis::Range;
use crate::report::bins::{reach, shares};
use crate::report::probed::{Group, ProbedRun};
use crate::report::slopes;

/// The part of a column to the left of its panel.
pub(super) const LEFT: f64 = 48.0;

/// Points of an activation's curve.
const POINTS: usize = 48;

/// What all panels of an activation share.
pub(in crate::report) struct Scene<'a> {
    pub(in crate::report) group: &'a Group<'a>,
    /// The layers shown, one per row.
    pub(super) layers: Vec<usize>,
    /// The range of inputs shown.
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

    /// The height of a share, from 0 to 1 for the largest, by its square root (a rootogram): one picture then
    /// shows both inputs that have collapsed into a bin and inputs that are widely spread.
    pub(in crate::report) fn height(&self, share: f64) -> f64 {
        (share / self.tallest).sqrt()
    }
}
