//! What the pictures of layers' outputs say, in sentences.

use super::OutputsView;
use crate::config::NormPosition;
use crate::record::Mode;
use crate::report::number::figure;
use crate::report::probed::{ProbedRun, listed, with_norm};
use std::collections::BTreeSet;

impl OutputsView<'_> {
    /// Where batch norm's statistics come from, in sentences.
    pub(super) fn statistics(&self) -> &'static str {
        match self.has_modes() {
            true => {
                "Shown in training mode, where batch norm uses the mean and variance of a batch, here of the \
                 probed training images. In inference it uses running statistics, which have seen no data at \
                 step 0: with mean 0 and variance 1, batch norm does nothing yet."
            }
            false => "Batch norm uses its running statistics, which have seen no data at step 0.",
        }
    }

    /// How much the last outputs differ at the end, in a sentence.
    pub(super) fn end(&self) -> String {
        let spread = |run: &ProbedRun| {
            let (_, spread) = run.last()?.hidden.last()?.outputs_in(Mode::Training);
            Some(format!("{} {}", figure(spread), with_norm(run.norm)))
        };
        let spreads: Vec<_> = self.group.runs.iter().filter_map(spread).collect();
        format!(
            "At the end, the outputs of the last hidden layer differ by {} from class to class.",
            listed(&spreads)
        )
    }

    /// The classes without a test image in any run.
    pub(super) fn without_image(&self) -> Vec<String> {
        let classes: BTreeSet<usize> =
            self.group.probes().flat_map(|probe| probe.without_image.iter().copied()).collect();
        classes.iter().map(|&class| self.group.class(class)).collect()
    }

    /// What black, white and a dash mean.
    pub(super) fn note(&self) -> String {
        let greys = match (self.group.activation, self.position) {
            ("sigmoid", NormPosition::Before) => "black 0, white 1",
            ("tanh", NormPosition::Before) => "black -1, white 1",
            _ => "black 0 or the smallest, white the largest output of the layer at the end",
        };
        let missing = if self.without_image().is_empty() { "" } else { "; –: no test image" };
        format!("{greys}{missing}")
    }
}
