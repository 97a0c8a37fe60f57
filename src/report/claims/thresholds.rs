//! The thresholds that decide whether a measurement is for or against a claim.
//!
//! The values below are from two runs of 784-100×5-10 with SGD at 0.1 and batches of 60: the lesson
//! (1,500 steps on the drawn digits) and 10,000 steps on MNIST. Each threshold is far from the
//! values of both, so that a verdict does not depend on the seed.

/// A gradient has vanished if less than this share of the last layer's reaches the first layer: without
/// a norm, sigmoid's is 1/70000.
pub(super) const VANISHED: f64 = 1e-3;

/// A gradient has survived from this share on: with a norm it is 0.2 or more, for ReLU without one 0.5.
pub(super) const SURVIVED: f64 = 1e-2;

/// A gradient is kept from layer to layer if its factor at the start is between these: over five layers it
/// then changes less than threefold. With batch norm sigmoid has 1.02.
pub(super) const KEPT: std::ops::RangeInclusive<f64> = 0.8..=1.25;

/// A gradient decays more slowly than another if its factor per layer is at least this many times the
/// other's: with layer norm sigmoid has 0.39 to 0.44 at the start, without a norm 0.14.
pub(super) const SLOWER: f64 = 1.5;

/// A slope counts as maximal from this share of the maximum on: without a norm sigmoid's is 0.24 of 0.25.
pub(super) const STEEPEST: f64 = 0.9;

/// Two factors agree up to this ratio: the one calculated from slopes and weights is 0.14, the measured
/// one 0.14 to 0.16.
pub(super) const AGREES: f64 = 1.25;

/// Weights have hardly moved up to this ‖W − W₀‖/‖W₀‖: without a norm, sigmoid's first layer has
/// 0.001 and 0.007.
pub(super) const HARDLY_MOVED: f64 = 0.05;

/// Weights have moved from this value on: with a norm, sigmoid's first layer has 0.8 to 1.9.
pub(super) const MOVED: f64 = 0.1;

/// Sigmoid's outputs are the same for every image up to this standard deviation across images: a
/// byte of a picture is 1/255. Without a norm they have 0.0000.
pub(super) const ALIKE: f64 = 0.004;

/// Sigmoid's outputs differ from this value on: with a norm they have 0.24 to 0.28.
pub(super) const DIFFER: f64 = 0.1;

/// Sigmoid's inputs have drifted if their median has moved away from 0 by this many times the initial width
/// of the band of their middle 70 %: without a norm it moves by 0.6 and 2.5 times that width, with
/// batch norm by less than 0.03.
pub(super) const DRIFTED: f64 = 0.25;

/// A unit's inputs have collapsed up to this standard deviation across images: since a sigmoid's slope is
/// at most 1/4, its outputs are then [`ALIKE`]. Without a norm it is 0.0001.
pub(super) const COLLAPSED: f64 = 0.016;

/// Many units: without a norm, 97 % of the last ReLUs start with a whole batch on one side.
pub(super) const MANY_UNITS: f64 = 0.2;

/// Few units: with batch norm none do.
pub(super) const FEW_UNITS: f64 = 0.05;

/// Almost all units: a unit with the same value for all images has no variance to scale.
pub(super) const ALMOST_ALL: f64 = 0.95;

/// How close a mean is to b, and a standard deviation to |a|, relative to |a|: batch norm's epsilon of 1e-5
/// makes this much difference at a variance of 1e-4.
pub(super) const ON_THE_DIAGONAL: f32 = 0.05;

/// Inputs are off centre if their median, or the median of |b| over the units, is at least this many times
/// the norm's a: sigmoid's last hidden layer with batch norm has 0.001 and 0.01.
pub(super) const OFF_CENTRE: f64 = 0.1;

/// The norm's a has grown if its median magnitude is at least this many times the initial one: in sigmoid's
/// last hidden layer it is 1.3 times as large.
pub(super) const SCALE_GREW: f64 = 1.1;

/// The data have spread if the band of the middle 70 % of a layer's inputs is at least this many times as
/// wide as at first: in sigmoid's last hidden layer it is 1.36 times as wide.
pub(super) const SPREAD: f64 = 1.1;

/// Two accuracies differ little up to this gap: at the end, ReLU with and without batch norm are 4
/// percentage points (lesson) and 0.4 (MNIST) apart.
pub(super) const LITTLE: f64 = 0.05;

/// A start is faster if the accuracy after a tenth of the steps is this much higher: with batch norm it is
/// 83 percentage points (lesson) and 3 (MNIST).
pub(super) const FASTER: f64 = 0.02;

/// A learning rate is usable if a network's accuracy is at most this far below that at its best rate. With
/// ReLU and 1,000 steps of 784-100-100-100-10 on the drawn digits, usable rates are up to 4 percentage
/// points below; the others 7 (batch norm at 0.003), 11 (no norm at 0.03) and more.
pub(super) const USABLE: f64 = LITTLE;

/// A range of learning rates is wider from this many more decades on, a factor of 2: one step of the sweep's
/// rates is half a decade, and batch norm's and layer norm's ranges are 2 decades wider.
pub(super) const WIDER: f64 = 0.3;

/// One choice is less accurate than another if its mean is this much lower and its best seed is below the
/// other's worst. Layer norm with one a and b per layer is 0.3 percentage points below one per unit with
/// ReLU, where the seeds of the latter differ by 0.6, and 4 above it with sigmoid.
pub(super) const READS_LESS: f64 = 0.01;
