//! Where a figure is for a claim, and where it is against it.
//!
//! The reasons rest on two runs of 784-100×5-10 with SGD at 0.1 and batches of 60: the lesson
//! (1,500 steps on the drawn digits) and 10,000 steps on MNIST. Each threshold lies far from the
//! figures of both, so that a verdict does not hang on the seed.

use crate::data::CLASSES;

/// What guessing reads.
pub(in crate::report) const CHANCE: f64 = 1.0 / CLASSES as f64;

/// A network reads as guessing does up to here: without a norm, sigmoid reads 10 to 11 %.
pub(in crate::report) const GUESSES: f64 = 1.5 * CHANCE;

/// A network that has learned something reads at least this: with layer norm at batch size 1 it reads
/// 67 % after 2,000 steps on the drawn digits, 89 % after 10,000 on MNIST.
pub(in crate::report) const LEARNS: f64 = 3.0 * CHANCE;

/// A training has succeeded from here: with a norm, sigmoid reads 85 to 98 %.
pub(in crate::report) const SUCCEEDS: f64 = 5.0 * CHANCE;

/// A gradient has vanished that reaches the first layer as less than this share of the last layer's:
/// without a norm, sigmoid's is 1/70000.
pub(super) const VANISHED: f64 = 1e-3;

/// A gradient has survived from here: with a norm it is 0.2 and more, ReLU's without one 0.5.
pub(super) const SURVIVED: f64 = 1e-2;

/// Weights have hardly moved up to this ‖W − W₀‖/‖W₀‖: without a norm, sigmoid's first layer has
/// 0.001 and 0.007.
pub(super) const HARDLY_MOVED: f64 = 0.05;

/// Weights have moved from here: with a norm, sigmoid's first layer has 0.8 to 1.9.
pub(super) const MOVED: f64 = 0.1;

/// Sigmoid's outputs are the same for every image up to this standard deviation across images: a
/// byte of a picture is 1/255. Without a norm they have 0.0000.
pub(super) const ALIKE: f64 = 0.004;

/// Sigmoid's outputs differ from here: with a norm they have 0.24 to 0.28.
pub(super) const DIFFER: f64 = 0.1;

/// Sigmoid's inputs have drifted when their median has moved this far: without a norm it moves by
/// 0.38 and 1.55, with batch norm by less than 0.05.
pub(super) const DRIFTED: f64 = 0.2;

/// A unit's inputs have collapsed up to this standard deviation across images: a sigmoid, whose slope
/// is at most 1/4, then gives outputs that are [`ALIKE`]. Without a norm it is 0.0001.
pub(super) const COLLAPSED: f64 = 0.016;

/// Many units: without a norm, 97 % of the last ReLUs have a whole batch on one side at first.
pub(super) const MANY_UNITS: f64 = 0.2;

/// Few units: with batch norm none has.
pub(super) const FEW_UNITS: f64 = 0.05;

/// Almost all units: a unit that gives one value for all images has no variance to be scaled.
pub(super) const ALMOST_ALL: f64 = 0.95;

/// How near a mean lies to b, and a standard deviation to |a|, relative to the latter: batch norm's
/// epsilon of 1e-5 takes so much of it where the variance is 1e-4.
pub(super) const ON_THE_DIAGONAL: f32 = 0.05;

/// The norm's a has moved when its median magnitude is this far from 1, where it begins: sigmoid's
/// last hidden layer has 1.3.
pub(super) const SCALE_MOVED: f64 = 0.1;

/// The data have spread when the band of 15 to 85 % of a layer's inputs is so many times as wide as at
/// first: in sigmoid's last hidden layer it is 1.36 times as wide.
pub(super) const SPREAD: f64 = 1.1;

/// Two accuracies differ little up to here: at the end, ReLU with and without batch norm are 4 (lesson)
/// and 0.4 (MNIST) points apart.
pub(super) const LITTLE: f64 = 0.05;

/// A start is faster when this much more is read after a tenth of the steps: with batch norm it is 83
/// (lesson) and 3 (MNIST) points.
pub(super) const FASTER: f64 = 0.02;

/// A learning rate is usable where a network reads at most this much less than at its best one. With
/// ReLU and 1,000 steps of 784-100-100-100-10 on the drawn digits, what lies within reads up to 4
/// points less, and what lies without 7 points (batch norm at 0.003), 11 points (no norm at 0.03) and more.
pub(in crate::report) const USABLE: f64 = LITTLE;

/// A range of learning rates is wider by so many decades, a factor of 2: one step of the sweep's rates
/// is half a decade, and batch norm's and layer norm's ranges are 2 decades wider.
pub(in crate::report) const WIDER: f64 = 0.3;

/// One choice reads less than another when it is this much less, and its best seed reads less than the
/// other's worst. Layer norm with one a and b a layer reads 0.3 points less than with one a unit with
/// ReLU, where the seeds of the latter differ by 0.6, and 4 points more with sigmoid.
pub(in crate::report) const READS_LESS: f64 = 0.01;
