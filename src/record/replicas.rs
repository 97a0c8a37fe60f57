//! Replicas combined: the median over them, and their range.

use super::{Evaluation, LayerFigures};
use serde::{Deserialize, Serialize};

/// How a figure's values over the replicas are reduced to one.
pub type Pick = fn(&[f64]) -> Option<f64>;

/// The middle value, or the mean of the two in the middle; none if there are no values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let (low, high) =
        (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    // Equal values stay the same to the last bit, even if they are infinite.
    Some(if low == high { *high } else { low + (high - low) / 2.0 })
}

/// The lowest value; none if there are no values.
#[must_use]
pub fn lowest(values: &[f64]) -> Option<f64> {
    sorted(values).first().copied()
}

/// The highest value, or NaN if there is one; none if there are no values.
#[must_use]
pub fn highest(values: &[f64]) -> Option<f64> {
    sorted(values).last().copied()
}

/// From the lowest to the highest, NaNs last.
fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
    sorted
}

impl Evaluation {
    /// Combines the evaluations of all replicas at one step into one: each figure and each step's loss is picked
    /// independently, and everything else is the first one's. A single evaluation stays as it is. None if there are
    /// no evaluations.
    #[must_use]
    pub fn across(replicas: &[&Self], pick: Pick) -> Option<Self> {
        let first = *replicas.first()?;
        let of = |figure: &dyn Fn(&Self) -> f64| {
            pick(&replicas.iter().map(|evaluation| figure(evaluation)).collect::<Vec<_>>())
        };
        let steps = replicas.iter().map(|evaluation| evaluation.losses.len()).min()?;
        let losses = (0..steps).map(|at| Some(of(&|one| one.losses[at].into())? as f32));
        let depth = replicas.iter().map(|evaluation| evaluation.layers.len()).min()?;
        let layer = |at: usize| {
            Some(LayerFigures {
                layer: first.layers[at].layer.clone(),
                gradient_rms: of(&|one| one.layers[at].gradient_rms)?,
                weight_change: of(&|one| one.layers[at].weight_change)?,
            })
        };
        Some(Self {
            run: first.run.clone(),
            activation: first.activation.clone(),
            norm: first.norm.clone(),
            replica: first.replica,
            step: first.step,
            shader_changes: first.shader_changes.clone(),
            losses: losses.collect::<Option<_>>()?,
            train_loss: of(&|one| one.train_loss)?,
            train_accuracy: of(&|one| one.train_accuracy)?,
            test_loss: of(&|one| one.test_loss)?,
            test_accuracy: of(&|one| one.test_accuracy)?,
            layers: (0..depth).map(layer).collect::<Option<_>>()?,
            output_spread: of(&|one| one.output_spread)?,
            ms_per_step: of(&|one| one.ms_per_step)?,
        })
    }
}

/// The final figures of a network over its replicas: the lowest and the highest of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplicaRange {
    /// How many replicas.
    pub replicas: usize,
    /// The lowest of each figure.
    pub lowest: Figures,
    /// The highest of each figure.
    pub highest: Figures,
}

impl ReplicaRange {
    /// The range of the evaluations of all replicas at one step; none for a single one.
    #[must_use]
    pub fn of(replicas: &[&Evaluation]) -> Option<Self> {
        let end = |pick| Evaluation::across(replicas, pick).map(Figures::from);
        match replicas.len() {
            0 | 1 => None,
            count => Some(Self { replicas: count, lowest: end(lowest)?, highest: end(highest)? }),
        }
    }
}

/// One end of a [`ReplicaRange`]. A figure that is not finite becomes none when it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Share of the test set that is classified correctly.
    pub test_accuracy: Option<f64>,
    /// Mean cross-entropy of the last recorded steps, in nats.
    pub train_loss: Option<f64>,
    /// Figures of each layer at the last step.
    pub layers: Vec<LayerFigures>,
    /// As [`Evaluation::output_spread`].
    pub output_spread: Option<f64>,
}

impl From<Evaluation> for Figures {
    fn from(evaluation: Evaluation) -> Self {
        Self {
            test_accuracy: Some(evaluation.test_accuracy),
            train_loss: Some(evaluation.train_loss),
            layers: evaluation.layers,
            output_spread: Some(evaluation.output_spread),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ends_known_by_hand() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[f64::INFINITY; 2]), Some(f64::INFINITY));
        assert_eq!((lowest(&[2.0, -1.0]), highest(&[2.0, -1.0])), (Some(-1.0), Some(2.0)));
        assert_eq!([median, lowest, highest].map(|pick: Pick| pick(&[])), [None; 3]);
        // On some machines 0/0 has a sign.
        let broken = [1.0, -f64::NAN, 2.0];
        assert_eq!((median(&broken), lowest(&broken)), (Some(2.0), Some(1.0)));
        assert!(highest(&broken).is_some_and(f64::is_nan));
    }

    #[test]
    fn figures_are_picked_one_by_one() {
        let evaluation = |accuracy: f64, loss: f32, gradient: f64| Evaluation {
            run: "relu-none".into(),
            activation: "relu".into(),
            norm: "none".into(),
            replica: 0,
            step: 2,
            shader_changes: Vec::new(),
            losses: vec![1.0, loss],
            train_loss: loss.into(),
            train_accuracy: 0.5,
            test_loss: 1.0,
            test_accuracy: accuracy,
            layers: vec![LayerFigures {
                layer: "layer1".into(),
                gradient_rms: gradient,
                weight_change: 0.0,
            }],
            output_spread: 0.25,
            ms_per_step: 1.0,
        };
        let all = [evaluation(0.9, 3.0, 0.1), evaluation(0.8, 1.0, 0.3), evaluation(0.7, 2.0, 0.2)];
        let all: Vec<_> = all.iter().collect();
        assert_eq!(Evaluation::across(&all, median), Some(evaluation(0.8, 2.0, 0.2)));
        assert_eq!(Evaluation::across(&all, lowest), Some(evaluation(0.7, 1.0, 0.1)));
        assert_eq!(Evaluation::across(&all[..1], median).as_ref(), Some(all[0]));
        assert_eq!((Evaluation::across(&[], median), ReplicaRange::of(&all[..1])), (None, None));
        let range = ReplicaRange::of(&all).map(|range| (range.replicas, range.highest));
        assert_eq!(range, Some((3, evaluation(0.9, 3.0, 0.3).into())));
    }
}
