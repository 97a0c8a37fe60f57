//! The papers, and how their experiments are run.

use crate::choice::choice;
use crate::record::Claim;

choice! {
    /// A paper whose experiment can be run again.
    pub enum Paper as "paper" {
        /// Ioffe and Szegedy 2015, figure 1: batch norm speeds up training, and steadies what a sigmoid sees.
        Figure1 = "figure1",
        /// Yang et al. 2019: with batch norm and ReLU, gradients explode with depth.
        Depth = "depth",
        /// Bjorck et al. 2018: the last batch norm brings most of the gain.
        LastLayer = "last-layer",
        /// Wu and He 2018: group norm works at batch sizes that are too small for batch norm.
        BatchSize = "batch-size",
    }
}

impl Paper {
    /// The paper itself.
    #[must_use]
    pub const fn citation(self) -> &'static str {
        match self {
            Self::Figure1 => {
                "Ioffe and Szegedy 2015, Batch Normalization: Accelerating Deep Network Training by \
                 Reducing Internal Covariate Shift, section 4.1, figure 1"
            }
            Self::Depth => {
                "Yang, Pennington, Rao, Sohl-Dickstein and Schoenholz 2019, A Mean Field Theory of Batch \
                 Normalization; Daneshmand, Kohler, Bach, Hofmann and Lucchi 2020, Batch Normalization \
                 Provably Avoids Rank Collapse for Randomly Initialised Deep Networks"
            }
            Self::LastLayer => {
                "Bjorck, Gomes, Selman and Weinberger 2018, Understanding Batch Normalization, section 3.3"
            }
            Self::BatchSize => "Wu and He 2018, Group Normalization, section 4.1, figure 1",
        }
    }

    /// The grid of its networks; none of [`Paper::Depth`], which measures networks instead of training them.
    #[must_use]
    pub const fn grid(self) -> Option<&'static str> {
        match self {
            Self::Figure1 => Some(include_str!("../../../assets/experiments/papers/figure1.toml")),
            Self::Depth => None,
            Self::LastLayer => {
                Some(include_str!("../../../assets/experiments/papers/last-layer.toml"))
            }
            Self::BatchSize => {
                Some(include_str!("../../../assets/experiments/papers/batch-size.toml"))
            }
        }
    }
}

/// How a paper's experiment was run, for its report.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Whether it was shortened.
    pub quick: bool,
    /// Whether it ran on the data of `--data`, and not on the drawn digits.
    pub own_data: bool,
}

/// A claim with its verdict and its evidence, in sentences.
pub(super) fn answer(Claim { claim, verdict, figures, .. }: &Claim) -> String {
    let mut evidence = figures.chars();
    let first = evidence.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{claim}: {verdict}. {first}{}.", evidence.as_str())
}
