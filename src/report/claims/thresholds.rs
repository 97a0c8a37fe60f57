//! Where a figure is for a claim, and where it is against it.
//!
//! The reasons rest on two runs of 784-100×5-10 with SGD at 0.1 and batches of 60: the lesson
//! (1,500 steps on the drawn digits) and 10,000 steps on MNIST. Each threshold lies far from the
//! figures of both, so that a verdict does not hang on the seed.

/// A gradient has vanished that reaches the first layer as less than this share of the last layer's:
/// without a norm, sigmoid's is 1/70000.
pub(super) const VANISHED: f64 = 1e-3;

/// A gradient has survived from here: with a norm it is 0.2 and more, ReLU's without one 0.5.
pub(super) const SURVIVED: f64 = 1e-2;

/// A gradient is kept from layer to layer when it changes by a factor between these at the start: five
/// layers then make less than three times of it. With batch norm sigmoid has 1.02.
pub(super) const KEPT: std::ops::RangeInclusive<f64> = 0.8..=1.25;

/// A gradient decays more slowly when its factor a layer is so many times the other: with layer norm
/// sigmoid has 0.39 to 0.44 at the start, without a norm 0.14.
pub(super) const SLOWER: f64 = 1.5;

/// A slope is the greatest there is from this share of it on: sigmoid's is 0.24 of 0.25 without a norm.
pub(super) const STEEPEST: f64 = 0.9;

/// Two factors agree up to this ratio between them: what is worked out from slopes and weights is 0.14
/// where 0.14 to 0.16 are measured.
pub(super) const AGREES: f64 = 1.25;

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

/// Sigmoid's inputs have drifted when their median has moved away from 0 by this many times the width of
/// the band that held 70 % of them at first: without a norm it moves by 0.6 and 2.5 times as much, with
/// batch norm by less than 0.03.
pub(super) const DRIFTED: f64 = 0.25;

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

/// Inputs lie off 0 when their median, or the median of |b| over the units, is at least this many times
/// the norm's a: sigmoid's last hidden layer with batch norm has 0.001 and 0.01.
pub(super) const OFF_CENTRE: f64 = 0.1;

/// The norm's a has grown when its median magnitude is so many times as large as at first: in sigmoid's
/// last hidden layer it is 1.3 times as large.
pub(super) const SCALE_GREW: f64 = 1.1;

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
pub(super) const USABLE: f64 = LITTLE;

/// A range of learning rates is wider by so many decades, a factor of 2: one step of the sweep's rates
/// is half a decade, and batch norm's and layer norm's ranges are 2 decades wider.
pub(super) const WIDER: f64 = 0.3;

/// One choice reads less than another when it is this much less, and its best seed reads less than the
/// other's worst. Layer norm with one a and b a layer reads 0.3 points less than with one a unit with
/// ReLU, where the seeds of the latter differ by 0.6, and 4 points more with sigmoid.
pub(super) const READS_LESS: f64 = 0.01;
