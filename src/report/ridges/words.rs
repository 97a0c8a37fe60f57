//! What the pictures of histograms say about the last hidden layer, in sentences.

use super::scene::Scene;
use crate::report::number::figure;
use crate::report::probed::{ProbedRun, listed, with_norm};

impl Scene<'_> {
    /// How steep the activation is at the last layer's inputs at a step, in a sentence.
    pub(super) fn how_steep(&self, step: usize) -> String {
        let (Some(curve), Some(&layer)) = (&self.slopes, self.layers.last()) else {
            return String::new();
        };
        let part = |run: &ProbedRun| {
            let slopes = curve.at(&run.at(step)?.hidden.get(layer)?.histogram)?;
            Some(format!("{} {}", figure(slopes.rms), with_norm(run.norm)))
        };
        let parts: Vec<_> = self.group.runs.iter().filter_map(part).collect();
        format!(
            " At the end, the root mean square slope at the last hidden layer's inputs is {} (at most {}); \
             for the combined effect of slopes and weights, see the picture of the gradient on its way \
             back.",
            listed(&parts),
            figure(curve.range.high)
        )
    }

    /// The distribution of the last layer's inputs at a step, in a sentence.
    pub(super) fn where_they_lie(&self, step: usize) -> String {
        let Some(&layer) = self.layers.last() else { return String::new() };
        let part = |run: &ProbedRun| {
            let [low, middle, high] = run.at(step)?.hidden.get(layer)?.percentiles.map(figure);
            Some(format!("between {low} and {high} (median {middle}) {}", with_norm(run.norm)))
        };
        let parts: Vec<_> = self.group.runs.iter().filter_map(part).collect();
        format!(
            "At the end, the middle 70 % of the last hidden layer's inputs are {}.",
            listed(&parts)
        )
    }
}
