//! The slope of a function around one x, from values of it nearby.
//!
//! For a step t let D(t) = (f(x + t) − f(x − t)) / 2t, and s(t) the difference quotient on one side. Where
//! f is smooth, Richardson's (4 D(h) − D(2h)) / 3 is its slope, and |D(h) − D(2h)| bounds what the steps
//! leave out. At a kink the slopes of both sides differ, and each is extrapolated separately: E(h) = 2 s(h)
//! − s(2h) eliminates the linear error term, and (4 E(h) − E(2h)) / 3 also the quadratic one; |E(h) − E(2h)|
//! bounds the rest. Any slope between those of both sides is correct there.
//!
//! f counts as smooth where both sides have the same slope with the same error, and the error of D grows as
//! the square of the step. Finer steps distinguish a kink near x from one at x: with them, f is smooth around
//! x.

use super::mismatch::Mismatch;
use crate::compare;

/// The finest step, 1/256; x and all steps from it are exact in f32 for every x that is tried.
const STEP: f32 = 1.0 / 256.0;

/// A much finer step, over which only a function that jumps changes much.
const BESIDE: f32 = 1.0 / 16_384.0;

/// The steps on one side of x. Each scale uses three of them, each twice the one before.
const DISTANCES: [f32; 5] = [STEP, 2.0 * STEP, 4.0 * STEP, 8.0 * STEP, 16.0 * STEP];

/// Where scales begin among the [`DISTANCES`]: the coarsest first, whose differences suffer least from
/// rounding.
const SCALES: [usize; 2] = [2, 0];

/// The number of function values in a [`Samples`].
pub(super) const COUNT: usize = 3 + 2 * DISTANCES.len();

/// A smaller slope moves no f32 weight, so a gradient may ignore it.
const NEGLIGIBLE: f64 = f32::EPSILON as f64;

/// The arguments of a [`Samples`] around x: x, then those below it, then those above.
pub(super) fn arguments(x: f32) -> [f32; COUNT] {
    let side = |sign: f32| [BESIDE].into_iter().chain(DISTANCES).map(move |step| x + sign * step);
    let mut all = [x].into_iter().chain(side(-1.0)).chain(side(1.0));
    std::array::from_fn(|_| all.next().unwrap_or(x))
}

/// A function around one x, at [`arguments`].
pub(super) struct Samples {
    pub(super) values: [f64; COUNT],
    /// How far off each value may be.
    pub(super) rounding: [f64; COUNT],
}

/// A slope, and how far off it may be.
#[derive(Clone, Copy)]
struct Estimate {
    slope: f64,
    /// The error left by the steps, with its sign.
    rest: f64,
    tolerance: f64,
}

/// One side of a [`Samples`] at one scale.
struct Side {
    /// The step, below 0 for the side below x.
    step: f64,
    /// How far from x it starts, in steps: 0, or just next to it where the function jumps.
    from: f64,
    /// The value there.
    start: f64,
    ends: [f64; 3],
}

impl Side {
    /// The slope towards x, if values are off by up to `rounding`.
    fn slope(&self, rounding: f64) -> Estimate {
        let quotient = |place: usize, steps: f64| {
            (self.ends[place] - self.start) / ((steps - self.from) * self.step)
        };
        let quotients = [quotient(0, 1.0), quotient(1, 2.0), quotient(2, 4.0)];
        let linear = |at: usize| 2.0 * quotients[at] - quotients[at + 1];
        let rest = linear(0) - linear(1);
        let slope = (4.0 * linear(0) - linear(1)) / 3.0;
        let tolerance = rest.abs() + 5.5 * rounding / self.step.abs() + NEGLIGIBLE;
        Estimate { slope, rest, tolerance }
    }
}

impl Samples {
    /// Compares a gradient with the slope at x; returns also whether there is a kink at x.
    pub(super) fn compare(&self, x: f32, found: f64) -> (Mismatch, bool) {
        for first in SCALES {
            if let Some(slope) = self.smooth(first) {
                let tolerance = slope.tolerance + rounding_of(found);
                let expected = (slope.slope, slope.slope);
                return (Mismatch { x, found, expected, tolerance }, false);
            }
        }
        let rounding = self.rounding(0);
        let [left, right] = self.sides(0).map(|side| side.slope(rounding));
        let ends = |of: fn(f64, f64) -> f64| of(left.slope, right.slope);
        let expected = (ends(f64::min), ends(f64::max));
        let low = [left, right].into_iter().min_by(|a, b| a.low().total_cmp(&b.low()));
        let high = [left, right].into_iter().max_by(|a, b| a.high().total_cmp(&b.high()));
        // The end that the gradient is closest to, or beyond.
        let end = if found < 0.5 * (expected.0 + expected.1) { low } else { high };
        let tolerance = end.map_or(f64::NAN, |end| end.tolerance) + rounding_of(found);
        let apart = (left.slope - right.slope).abs() > left.tolerance + right.tolerance;
        (Mismatch { x, found, expected, tolerance }, apart && self.jumps() == [false; 2])
    }

    /// The slope at one scale, if the function is smooth over the range of that scale.
    fn smooth(&self, first: usize) -> Option<Estimate> {
        let (step, rounding) = (f64::from(DISTANCES[first]), self.rounding(first));
        let noise = rounding / step;
        let sides = self.sides(first);
        let [left, right] = [&sides[0], &sides[1]].map(|side| side.slope(rounding));
        let central = |place: usize, steps: f64| {
            (sides[1].ends[place] - sides[0].ends[place]) / (2.0 * steps * step)
        };
        let [near, wide, widest] = [central(0, 1.0), central(1, 2.0), central(2, 4.0)];
        let apart = (left.slope - right.slope).abs();
        let rest = left.rest.abs().max(right.rest.abs());
        let smooth = self.jumps() == [false; 2]
            && apart <= 0.5 * rest + 11.0 * noise + NEGLIGIBLE
            && (left.rest - right.rest).abs() <= 0.5 * rest + 9.0 * noise + NEGLIGIBLE
            && (wide - widest - 4.0 * (near - wide)).abs()
                <= 2.0 * (near - wide).abs() + 7.0 * noise + NEGLIGIBLE;
        // A kink too slight to be distinguished from rounding has the slopes of both sides.
        let tolerance = (near - wide).abs() + 0.5 * apart + 1.5 * noise + NEGLIGIBLE;
        smooth.then_some(Estimate { slope: (4.0 * near - wide) / 3.0, rest: 0.0, tolerance })
    }

    /// How far off values may be in the range of a scale.
    fn rounding(&self, first: usize) -> f64 {
        let [left, right] =
            [0, 1].map(|side| places(side, first).map(|place| self.rounding[place]));
        left.into_iter().chain(right).fold(self.rounding[0], f64::max)
    }

    /// Both sides at one scale.
    fn sides(&self, first: usize) -> [Side; 2] {
        let (jumps, step) = (self.jumps(), f64::from(DISTANCES[first]));
        [0, 1].map(|side| Side {
            step: [-step, step][side],
            from: if jumps[side] { f64::from(BESIDE) / step } else { 0.0 },
            start: self.values[if jumps[side] { beside(side) } else { 0 }],
            ends: places(side, first).map(|place| self.values[place]),
        })
    }

    /// Whether the function jumps at x, on either side: over a sixty-fourth of the finest step it changes
    /// by more than half of its change over the whole step.
    fn jumps(&self) -> [bool; 2] {
        [0, 1].map(|side| {
            let change = |place: usize| (self.values[place] - self.values[0]).abs();
            let [near, ..] = places(side, 0);
            change(beside(side)) > 0.5 * change(near) + 4.0 * self.rounding[0]
        })
    }
}

impl Estimate {
    fn low(self) -> f64 {
        self.slope - self.tolerance
    }

    fn high(self) -> f64 {
        self.slope + self.tolerance
    }
}

/// How far off a gradient may be through its own rounding.
fn rounding_of(found: f64) -> f64 {
    compare::ULPS * f64::from(f32::EPSILON) * found.abs()
}

/// The index of the value next to x, on the side below it (0) or above it (1).
fn beside(side: usize) -> usize {
    1 + side * (1 + DISTANCES.len())
}

/// The indices of a scale's values on a side.
fn places(side: usize, first: usize) -> [usize; 3] {
    [1, 2, 3].map(|more| beside(side) + first + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gradient's error as a fraction of its tolerance, and whether there is a kink, for a function
    /// evaluated with the rounding of f32.
    fn compared(f: impl Fn(f64) -> f64, x: f32, found: f64) -> (f64, bool) {
        let values = arguments(x).map(|x| f(f64::from(x)));
        let rounding = values.map(|value| 8.0 * f64::from(f32::EPSILON) * value.abs());
        let values = values.map(|value| f64::from(value as f32));
        let (mismatch, is_kink) = Samples { values, rounding }.compare(x, found);
        (mismatch.ratio(), is_kink)
    }

    fn ratio(f: impl Fn(f64) -> f64, x: f32, found: f64) -> f64 {
        compared(f, x, found).0
    }

    #[test]
    fn a_slope_is_told_from_one_that_is_a_thousandth_off() {
        for x in [-3.0_f32, -0.5, 0.0, 1.25, 4.0] {
            let slope = 1.0 - f64::from(x).tanh().powi(2);
            assert!(ratio(f64::tanh, x, slope) < 0.5, "at {x}");
            assert!(ratio(f64::tanh, x, slope + 1e-3) > 1.0, "at {x}");
        }
    }

    #[test]
    fn at_a_kink_any_slope_between_those_of_both_sides_is_right() {
        type Kink = (fn(f64) -> f64, f32, [f64; 2]);
        let kinks: [Kink; 8] = [
            (|x| x.max(0.0), 0.0, [0.0, 1.0]),
            (|x| if x > 0.0 { x } else { 0.01 * x }, 0.0, [0.01, 1.0]),
            (f64::abs, 0.0, [-1.0, 1.0]),
            // The curved side is the steep one.
            (selu, 0.0, [SCALE, SCALE * ALPHA]),
            (|x| if x > 0.0 { x } else { 2.0 * x.exp_m1() }, 0.0, [1.0, 2.0]),
            (hard_swish, -3.0, [-0.5, 0.0]),
            (hard_swish, 3.0, [1.0, 1.5]),
            // Slight, compared with the curvature.
            (|x| x * x + 0.01 * x.abs(), 0.0, [-0.01, 0.01]),
        ];
        for (f, x, [low, high]) in kinks {
            let is_kink = compared(f, x, low).1;
            assert!(is_kink, "at {x} between {low} and {high}");
            for slope in [low, high, 0.5 * (low + high)] {
                assert!(ratio(f, x, slope) <= 1.0, "{slope} at {x} between {low} and {high}");
            }
            let beyond = 0.02 * (high - low);
            for slope in [low - beyond, high + beyond, low - 1.0, high + 1.0] {
                assert!(ratio(f, x, slope) > 1.0, "{slope} at {x} beyond {low} and {high}");
            }
        }
    }

    const SCALE: f64 = 1.050_700_987_355_480_5;
    const ALPHA: f64 = 1.673_263_242_354_377_2;

    fn selu(x: f64) -> f64 {
        SCALE * if x > 0.0 { x } else { ALPHA * x.exp_m1() }
    }

    fn hard_swish(x: f64) -> f64 {
        x * (x + 3.0).clamp(0.0, 6.0) / 6.0
    }

    #[test]
    fn where_the_curvature_jumps_the_slope_is_found() {
        let elu = |x: f64| if x > 0.0 { x } else { x.exp_m1() };
        assert!(!compared(elu, 0.0, 1.0).1);
        assert!(ratio(elu, 0.0, 1.0) < 1.0 && ratio(elu, 0.0, 0.995) > 1.0);
    }

    /// Near a kink a single slope is correct, wherever the kink is relative to the sampled values.
    #[test]
    fn beside_a_kink_the_slope_of_its_side_is_found() {
        for sixtyfourths in (-40..=40).filter(|place: &i32| place.abs() > 4) {
            let kink = f64::from(sixtyfourths) / 1_000.0;
            let f = |x: f64| 2.0 * x + 3.0 * (x - kink).max(0.0);
            let slope = if kink < 0.0 { 5.0 } else { 2.0 };
            assert!(ratio(f, 0.0, slope) <= 1.0, "{slope} near a kink at {kink}");
            assert!(kink.abs() < 0.016 || ratio(f, 0.0, slope + 0.01) > 1.0, "{kink}");
            assert!(kink.abs() < 0.016 || ratio(f, 0.0, 3.5) > 1.0, "{kink}");
        }
    }

    #[test]
    fn two_kinks_near_each_other_are_two() {
        let narrow = |x: f64| x.clamp(0.0, 1.0 / 32.0);
        for (x, good, bad) in [(0.0, [0.0, 1.0], 1.1), (1.0 / 32.0, [1.0, 0.0], -0.1)] {
            assert!(good.into_iter().all(|slope| ratio(narrow, x, slope) <= 1.0), "at {x}");
            assert!(ratio(narrow, x, bad) > 1.0 && compared(narrow, x, 0.0).1, "at {x}");
        }
        let middle = |x: f64| x.clamp(-1.0 / 48.0, 1.0 / 48.0);
        assert!(ratio(middle, 0.0, 1.0) <= 1.0 && ratio(middle, 0.0, 0.9) > 1.0);
    }

    /// For a function that jumps, no slope between those of its sides and infinity is accepted.
    #[test]
    fn at_a_jump_the_slopes_of_its_sides_are_right_and_no_other() {
        let hard_shrink = |x: f64| if x > 0.5 { x } else { 0.0 };
        let step = |x: f64| if x < 0.5 { 2.0 * x } else { 2.0 * x + 1.0 };
        for slope in [0.0, 1.0] {
            assert!(ratio(hard_shrink, 0.5, slope) <= 1.0, "{slope}");
        }
        for slope in [-0.1, 1.1, 16.0, 64.0] {
            assert!(ratio(hard_shrink, 0.5, slope) > 1.0, "{slope}");
        }
        assert!(!compared(hard_shrink, 0.5, 0.0).1 && !compared(step, 0.5, 2.0).1);
        assert!(ratio(step, 0.5, 2.0) <= 1.0 && ratio(step, 0.5, 30.0) > 1.0);
        assert!(ratio(step, 0.5, 2.1) > 1.0);
    }

    #[test]
    fn what_is_smooth_has_no_kink() {
        type Smooth = (fn(f64) -> f64, fn(f64) -> f64);
        let all: [Smooth; 4] = [
            (f64::tanh, |x| 1.0 - x.tanh().powi(2)),
            (|x| x / (1.0 + x.abs()), |x| (1.0 + x.abs()).powi(-2)),
            (|x| (3.0 * x).sin(), |x| 3.0 * (3.0 * x).cos()),
            (
                |x| x * x.exp().ln_1p().tanh(),
                |x| {
                    let (soft, slope) = (x.exp().ln_1p().tanh(), 1.0 / (1.0 + (-x).exp()));
                    soft + x * (1.0 - soft * soft) * slope
                },
            ),
        ];
        for (f, slope) in all {
            for place in -128_i16..=128 {
                let x = f32::from(place) / 16.0;
                let (ratio, is_kink) = compared(f, x, slope(f64::from(x)));
                assert!(ratio <= 1.0 && !is_kink, "{ratio} at {x}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_wrong() {
        assert_eq!(ratio(f64::tanh, 1.0, f64::NAN), f64::INFINITY);
        assert_eq!(ratio(|x| x / 0.0, 1.0, 1.0), f64::INFINITY);
    }
}
