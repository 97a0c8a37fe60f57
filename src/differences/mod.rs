//! Whether an activation's `activation_gradient` is the derivative of its `activate`: held against
//! central differences, both functions evaluated on the GPU.
//!
//! For steps h and 2h around x let D(h) = (f(x + h) − f(x − h)) / 2h. Richardson's (4 D(h) − D(2h)) / 3
//! is the expected slope. |D(h) − D(2h)| bounds what the steps leave out, also where the curvature jumps,
//! as ELU's does at 0. The rounding of both functions is allowed for as everywhere (see [`compare`]): it
//! is measured by evaluating them on the CPU in f32 and in f64. At a kink, where the slopes on both sides
//! differ whatever the step, any gradient between the two is right.

use crate::backend::Backend;
use crate::compare;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::contract::{Axis, Contract, Operand, PLAIN, Source};
use crate::program::Program;
use crate::tensor::{Shape, Tensor, Value};

/// A contract like a kernel's, but no kernel: nothing else runs it.
static ACTIVATION: Contract = Contract {
    name: "activation",
    summary: "y = activate(x), slope = activation_gradient(x)",
    sizes: &["count"],
    operands: &[
        Operand::read("x", "1", "count"),
        Operand::write("y", "1", "count"),
        Operand::write("slope", "1", "count"),
    ],
    activation: true,
    grid: [Axis::Size("count"), Axis::One],
    shaders: &[Source { variant: "naive", text: include_str!("activation.wgsl") }],
    ..PLAIN
};

/// The step h. x ± 2h is exact in f32 for every x that is tried.
const STEP: f32 = 1.0 / 64.0;

/// Where `activate` is evaluated around each x, in steps.
const STEPS: [f32; 5] = [0.0, -1.0, 1.0, -2.0, 2.0];

/// Values of x in one unit of the dense part, which goes from −[`NEAR`] to [`NEAR`].
const DENSITY: i16 = 16;
const NEAR: i16 = 8;

/// Values of x beyond it, on both sides.
const FAR: [f32; 6] = [10.0, 13.0, 16.0, 20.0, 32.0, 50.0];

/// A slope that is smaller moves no weight of f32, so that no gradient need have it.
const NEGLIGIBLE: f64 = f32::EPSILON as f64;

/// Where a gradient is not the slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parting {
    /// The argument.
    pub x: f32,
    /// What `activation_gradient` gives.
    pub found: f64,
    /// The slope of `activate`: a single value, or the slopes on both sides of a kink.
    pub expected: (f64, f64),
    /// How far from it a right gradient may be.
    pub tolerance: f64,
}

impl Parting {
    /// x, both values and the tolerance, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { x, found, expected: (low, high), tolerance } = self;
        let expected =
            if low == high { format!("{low:e}") } else { format!("{low:e} to {high:e}") };
        format!("at x = {x} it is {found:e}, expected {expected} ± {tolerance:.1e}")
    }

    fn ratio(&self) -> f64 {
        let (low, high) = self.expected;
        if !(low + high + self.found + self.tolerance).is_finite() {
            return f64::INFINITY;
        }
        (low - self.found).max(self.found - high).max(0.0) / self.tolerance
    }
}

/// What was found out about an activation.
#[derive(Clone, Debug)]
pub struct Differences {
    /// How many values of x were tried.
    pub points: usize,
    /// The largest error as a fraction of its tolerance.
    pub worst_ratio: f64,
    /// Where the slopes on both sides differ.
    pub kinks: Vec<f32>,
    /// Where the gradient is not the slope, from the lowest x to the highest.
    pub partings: Vec<Parting>,
}

impl Differences {
    /// One sentence about what is wrong, if anything is: the worst x, and from where to where.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let worst = self.partings.iter().max_by(|a, b| a.ratio().total_cmp(&b.ratio()))?;
        let (first, last) = (self.partings.first()?, self.partings.last()?);
        let all = match self.partings.len() {
            1 => format!("at this one of {} values of x", self.points),
            count => format!(
                "at {count} of {} values of x in all, from {} to {}",
                self.points, first.x, last.x
            ),
        };
        Some(format!(
            "activation_gradient is not the slope of activate: {}; {all}",
            worst.describe()
        ))
    }
}

/// Holds an activation's gradient against central differences.
///
/// # Errors
/// When the backend cannot run its functions.
pub fn check(backend: &mut dyn Backend, activation: Activation) -> Result<Differences> {
    let places = places();
    let x: Vec<f32> = places.iter().flat_map(|x| STEPS.map(|step| x + step * STEP)).collect();
    let (y, slope) = evaluate(backend, activation, x.clone())?;
    let mut found = Differences {
        points: places.len(),
        worst_ratio: 0.0,
        kinks: Vec::new(),
        partings: Vec::new(),
    };
    for (around, from) in x.chunks(STEPS.len()).zip((0..).step_by(STEPS.len())) {
        let values = std::array::from_fn(|step| y.widened(from + step));
        let point = Point { values, rounding: rounding(activation, around, &values) };
        let (parting, is_kink) = point.compare(around[0], slope.widened(from));
        let ratio = parting.ratio();
        found.worst_ratio = found.worst_ratio.max(ratio);
        found.kinks.extend(is_kink.then_some(parting.x));
        found.partings.extend((ratio > 1.0).then_some(parting));
    }
    Ok(found)
}

/// The values of x, from the lowest to the highest.
fn places() -> Vec<f32> {
    let near = (-NEAR * DENSITY..=NEAR * DENSITY).map(|at| f32::from(at) / f32::from(DENSITY));
    let mut all: Vec<f32> = near.chain(FAR).chain(FAR.map(|x| -x)).collect();
    all.sort_by(f32::total_cmp);
    all
}

/// Both functions of all x.
fn evaluate(
    backend: &mut dyn Backend,
    activation: Activation,
    x: Vec<f32>,
) -> Result<(Value<f32>, Value<f32>)> {
    let shape = Shape::matrix(1, x.len());
    let mut program = Program::default();
    let names = ACTIVATION.operands.iter().map(|operand| operand.name);
    let tensors: Vec<_> = names.map(|name| (name, program.tensor(name, shape))).collect();
    let dispatch = program.dispatch(ACTIVATION.name, &ACTIVATION, activation, &tensors, &[])?;
    let pass = program.pass(ACTIVATION.name, vec![dispatch]);
    let mut session = backend.load(&program)?;
    session.write(tensors[0].1, &Value::Real(Tensor::new(shape, x)))?;
    session.run_dispatch(pass, 0)?;
    Ok((session.read(tensors[1].1)?, session.read(tensors[2].1)?))
}

/// How far off `activate` may be at these arguments, where it gave these values.
fn rounding(activation: Activation, around: &[f32], values: &[f64; STEPS.len()]) -> f64 {
    let cost = |&x: &f32| {
        let exact = activation.activate(f64::from(x));
        (f64::from(activation.activate(x)) - exact).abs()
    };
    let cost = around.iter().map(cost).fold(0.0, f64::max);
    let largest = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    activation.tolerance_factor() * compare::FACTOR * cost
        + compare::ULPS * f64::from(f32::EPSILON) * largest
}

/// `activate` around one x, at [`STEPS`].
struct Point {
    values: [f64; STEPS.len()],
    /// How far off each value may be.
    rounding: f64,
}

impl Point {
    /// Holds a gradient against the slope at x; and whether there is a kink.
    fn compare(&self, x: f32, found: f64) -> (Parting, bool) {
        let Self { values: [middle, low, high, lower, higher], rounding } = *self;
        let step = f64::from(STEP);
        let (left, right) = ((middle - low) / step, (high - middle) / step);
        let (near, wide) = ((high - low) / (2.0 * step), (higher - lower) / (4.0 * step));
        let slope = (4.0 * near - wide) / 3.0;
        // Of a smooth function the second difference over twice the step is four times as large.
        let (bend, wider_bend) = (high - 2.0 * middle + low, higher - 2.0 * middle + lower);
        let is_kink = (wider_bend - 4.0 * bend).abs() > bend.abs() + 20.0 * rounding + NEGLIGIBLE;
        let expected = if is_kink {
            (left.min(right).min(slope), left.max(right).max(slope))
        } else {
            (slope, slope)
        };
        let ulps = compare::ULPS * f64::from(f32::EPSILON) * found.abs();
        let tolerance = (near - wide).abs() + 1.5 * rounding / step + ulps + NEGLIGIBLE;
        (Parting { x, found, expected, tolerance }, is_kink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point of a function that is evaluated exactly.
    fn point(f: impl Fn(f64) -> f64, x: f32) -> Point {
        Point { values: STEPS.map(|step| f(f64::from(x + step * STEP))), rounding: 1e-7 }
    }

    fn ratio(f: impl Fn(f64) -> f64, x: f32, found: f64) -> f64 {
        point(f, x).compare(x, found).0.ratio()
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
        let relu = |x: f64| x.max(0.0);
        assert!(point(relu, 0.0).compare(0.0, 0.0).1);
        for (slope, good) in [(0.0, true), (0.3, true), (1.0, true), (-0.1, false), (1.1, false)] {
            assert_eq!(ratio(relu, 0.0, slope) <= 1.0, good, "{slope}");
        }
        assert!(
            !point(relu, 1.0).compare(1.0, 1.0).1 && !point(f64::tanh, 0.5).compare(0.5, 1.0).1
        );
    }

    #[test]
    fn where_the_curvature_jumps_the_slope_is_found() {
        let elu = |x: f64| if x > 0.0 { x } else { x.exp_m1() };
        assert!(ratio(elu, 0.0, 1.0) < 1.0 && ratio(elu, 0.0, 0.99) > 1.0);
    }

    #[test]
    fn what_is_not_finite_is_wrong() {
        assert_eq!(ratio(f64::tanh, 1.0, f64::NAN), f64::INFINITY);
        assert_eq!(ratio(|x| x / 0.0, 1.0, 1.0), f64::INFINITY);
    }
}
