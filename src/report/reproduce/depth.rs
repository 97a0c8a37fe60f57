//! Signals and gradients over depth: Yang et al. 2019, and Daneshmand et al. 2020.

use super::paper::{Paper, Setting, answer};
use crate::record::{Claim, DepthRecord};
use crate::report::claims::evidence::{Evidence, weigh};
use crate::report::depth as over_depth;
use crate::report::number::figure;
use crate::report::page::study::Study;
use crate::report::probed::with_norm;
use crate::report::style;

/// Networks that are measured at their initial weights, with what is expected of them.
#[derive(Clone, Copy, Debug)]
pub struct DepthNetworks {
    /// Their activation and norms.
    pub activation: &'static str,
    /// Their norms, separated by commas.
    pub norms: &'static str,
    /// Hidden layers, units of each, and examples of the batch.
    pub sizes: [usize; 3],
    /// Their initial weights.
    pub init: &'static str,
}

/// The networks of the study.
pub const DEPTH_NETWORKS: [DepthNetworks; 4] = [
    DepthNetworks { activation: "relu", norms: "none,batch", sizes: [20, 128, 128], init: "he" },
    DepthNetworks {
        activation: "identity",
        norms: "none,batch",
        sizes: [20, 128, 128],
        init: "he",
    },
    DepthNetworks {
        activation: "sigmoid",
        norms: "none,batch,layer,rms",
        sizes: [20, 100, 60],
        init: "uniform",
    },
    DepthNetworks {
        activation: "identity",
        norms: "none,batch",
        sizes: [50, 64, 60],
        init: "normal:0.125",
    },
];

/// Factors per layer, with how far off they may be, where theory or PyTorch gives them.
const FACTORS: [(&str, &str, usize, f64, f64); 8] = [
    ("relu", "batch", 20, 1.211, 0.03),
    ("relu", "none", 20, 1.01, 0.03),
    ("identity", "batch", 20, 1.00, 0.03),
    ("identity", "none", 20, 1.00, 0.03),
    ("sigmoid", "none", 20, 0.139, 0.01),
    ("sigmoid", "batch", 20, 1.016, 0.03),
    ("sigmoid", "layer", 20, 0.392, 0.03),
    ("sigmoid", "rms", 20, 0.384, 0.03),
];

/// The rank of the linear network's last outputs: at most without a norm, at least √units with batch norm.
const COLLAPSED: f64 = 2.0;
const KEPT: f64 = 8.0;

/// The depth of the linear network whose rank is compared.
const RANKED: usize = 50;

/// The study of [`DEPTH_NETWORKS`].
#[must_use]
pub fn depth(records: &[DepthRecord], setting: Setting) -> (Study, Vec<Claim>) {
    let claims = vec![factors(records), ranks(records)];
    let mut study = over_depth::study(records);
    study.answer = claims.iter().map(answer).collect();
    study.choices = vec![
        "The paper's theory is of infinitely wide layers; here they have 64 to 128 units, and one seed.".to_owned(),
        "The gradients are those of the weights, whose factor is that of the signal's gradient where all layers' \
         outputs have the same size."
            .to_owned(),
        "The rank is the exponential of the entropy of the eigenvalues, where Daneshmand et al. bound a soft rank.".to_owned(),
    ];
    if !setting.own_data {
        study.choices.push(
            "The images are the drawn digits; the factors hardly depend on the data.".to_owned(),
        );
    }
    study.facts.insert(0, ("Paper", Paper::Depth.citation().to_owned()));
    (study, claims)
}

fn factors(records: &[DepthRecord]) -> Claim {
    let evidence = |&(activation, norm, depth, expected, off): &(&str, &str, usize, f64, f64)| {
        let is_it = |one: &&DepthRecord| {
            (&*one.activation, &*one.norm, one.depth) == (activation, norm, depth)
        };
        let record = records.iter().find(is_it);
        let name = style::activation(activation);
        let Some(factor) = record.and_then(DepthRecord::factor) else {
            return Err(format!("{name} {} was not measured", with_norm(norm)));
        };
        Ok(Evidence::new(
            (factor - expected).abs() <= off,
            format!(
                "{name} {}: {} ({} ± {} expected)",
                with_norm(norm),
                figure(factor),
                figure(expected),
                figure(off)
            ),
        ))
    };
    weigh(
        "depth-factors",
        "At the initial weights, the gradient changes per layer by the factors of theory and of PyTorch",
        FACTORS.iter().map(evidence).collect(),
    )
}

fn ranks(records: &[DepthRecord]) -> Claim {
    let rank = |norm: &str| {
        let record = records.iter().find(|one| one.depth == RANKED && one.norm == norm);
        let rank = record.and_then(|one| Some(one.layers.last()?.rank));
        rank.ok_or_else(|| format!("the linear network {} was not measured", with_norm(norm)))
    };
    let measured = || {
        let [none, batch] = [rank("none")?, rank("batch")?];
        let said = |rank: f64, norm: &str| {
            format!(
                "the linear network's rank at layer {RANKED} is {} {}",
                figure(rank),
                with_norm(norm)
            )
        };
        Ok(vec![
            Evidence::new(none < COLLAPSED, said(none, "none")),
            Evidence::new(batch >= KEPT, said(batch, "batch")),
        ])
    };
    weigh(
        "depth-ranks",
        "Without a norm the rank of a deep linear network's outputs collapses, and batch norm keeps it",
        measured(),
    )
}
