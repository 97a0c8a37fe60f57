//! Checks that an activation's `activation_gradient` is the derivative of its `activate`, by comparison with
//! finite differences; both functions are evaluated on the GPU, or on the CPU if training runs there.
//!
//! `slope` explains how the slope around each x is found. At a kink, where the slopes on both sides differ
//! whatever the step, any gradient between the two is correct. The rounding of `activate` is allowed for as
//! everywhere (see [`compare`]): it is measured by evaluating it on the CPU in f32 and in f64. Where WGSL
//! leaves a function undefined, such as `pow` of a negative base, the CPU gives NaN: such an activation is
//! wrong, whatever a GPU gives there.

mod mismatch;
mod slope;

pub use mismatch::Mismatch;

use crate::backend::Backend;
use crate::compare;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::contract::{Contract, GridAxis, Operand};
use crate::kernels::kernel::{Kernel, Source};
use crate::kernels::twin::Arguments;
use crate::program::Program;
use crate::tensor::{Real, Shape, Tensor, Value};
use slope::{COUNT, Samples, arguments};

/// Built like a kernel, but not registered: nothing else runs it.
static ACTIVATION: Kernel = Kernel {
    contract: Contract {
        name: "activation",
        summary: "y = activate(x), slope = activation_gradient(x)",
        sizes: &["count"],
        operands: &[
            Operand::read("x", "1", "count"),
            Operand::write("y", "1", "count"),
            Operand::write("slope", "1", "count"),
        ],
        activation: true,
        grid: [GridAxis::Size("count"), GridAxis::One],
        split: Some("count"),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    shaders: &[Source { variant: "naive", text: include_str!("activation.wgsl") }],
    ..Kernel::PLAIN
};

/// Both functions on the CPU.
fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (x, activation) = (call.real("x"), call.activation);
    let of = |function: &dyn Fn(T) -> T| {
        let data = x.data.iter().map(|&x| function(x)).collect();
        Value::Real(Tensor::new(x.shape, data))
    };
    vec![of(&|x| activation.activate(x)), of(&|x| activation.activation_gradient(x))]
}

/// Values of x per unit in the dense part, which goes from −[`NEAR`] to [`NEAR`].
const DENSITY: i16 = 16;
const NEAR: i16 = 8;

/// Values of x beyond it, on both sides.
const FAR: [f32; 6] = [10.0, 13.0, 16.0, 20.0, 32.0, 50.0];

/// The result of checking an activation.
#[derive(Clone, Debug)]
pub struct Findings {
    /// How many values of x were tried.
    pub points: usize,
    /// The largest error as a fraction of its tolerance.
    pub worst_ratio: f64,
    /// Where the slopes on both sides differ.
    pub kinks: Vec<f32>,
    /// Where the gradient is not the slope, from the lowest x to the highest.
    pub mismatches: Vec<Mismatch>,
    /// Where one of the functions is not finite, from the lowest x to the highest.
    pub undefined: Vec<Undefined>,
}

/// A place where a function of an activation is infinite or NaN.
#[derive(Clone, Debug)]
pub struct Undefined {
    /// The argument.
    pub x: f32,
    /// `activate` or `activation_gradient`.
    pub function: &'static str,
    /// Its value there.
    pub found: f64,
    /// Which step in it is NaN, and why, if known.
    pub cause: Option<String>,
}

impl Findings {
    /// One sentence about what is wrong, if anything is: the worst x, and the range of x affected.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        if let Some(undefined) = self.undefined.first() {
            let Undefined { x, function, found, cause } = undefined;
            let cause = cause.as_ref().map_or(String::new(), |cause| format!(": {cause}"));
            let all = self.among(self.undefined.iter().map(|one| one.x));
            return Some(format!("{function}({x}) is {found}{cause}; {all}"));
        }
        let worst = self.mismatches.iter().max_by(|a, b| a.ratio().total_cmp(&b.ratio()))?;
        let all = self.among(self.mismatches.iter().map(|one| one.x));
        Some(format!(
            "activation_gradient is not the slope of activate: {}; {all}",
            worst.describe()
        ))
    }

    /// How many of the values of x these are, and their range, from the lowest to the highest.
    fn among(&self, x: impl ExactSizeIterator<Item = f32> + Clone) -> String {
        let (count, mut ends) = (x.len(), x.clone());
        match (ends.next(), ends.last()) {
            (Some(first), Some(last)) => {
                format!("at {count} of {} values of x in all, from {first} to {last}", self.points)
            }
            _ => format!("at this one of {} values of x", self.points),
        }
    }
}

/// Compares an activation's gradient with finite differences.
///
/// # Errors
/// When the backend cannot run its functions.
pub fn check(backend: &mut dyn Backend, activation: Activation) -> Result<Findings> {
    let places = places();
    let x: Vec<f32> = places.iter().copied().flat_map(arguments).collect();
    let (y, slope) = evaluate(backend, activation, x.clone())?;
    let mut found = Findings {
        points: places.len(),
        worst_ratio: 0.0,
        kinks: Vec::new(),
        mismatches: Vec::new(),
        undefined: Vec::new(),
    };
    for (around, from) in x.chunks(COUNT).zip((0..).step_by(COUNT)) {
        let at = around[0];
        if let Some(undefined) = undefined(activation, at, (y.widened(from), slope.widened(from))) {
            found.worst_ratio = f64::INFINITY;
            found.undefined.push(undefined);
            continue;
        }
        let values = std::array::from_fn(|step| y.widened(from + step));
        let point = Samples { values, rounding: rounding(activation, around, &values) };
        let (mismatch, is_kink) = point.compare(at, slope.widened(from));
        let ratio = mismatch.ratio();
        found.worst_ratio = found.worst_ratio.max(ratio);
        found.kinks.extend(is_kink.then_some(at));
        found.mismatches.extend((ratio > 1.0).then_some(mismatch));
    }
    Ok(found)
}

/// Refuses to train with a user-supplied activation, from a file or a folder that replaces a shipped one,
/// whose gradient is wrong. Shipped ones are not checked here: tests do that.
///
/// # Errors
/// [`Error::Shader`] with what is wrong, where, and what to do; when the backend cannot run its functions.
pub fn require(backend: &dyn Backend, activation: Activation) -> Result<()> {
    let own = matches!(activation, Activation::Own(_));
    if !own && !backend.overlays(activation) {
        return Ok(());
    }
    // On a fork: this does not run the training's shaders.
    let found = check(backend.fork().as_mut(), activation)?;
    let refuse = |complaint| {
        Err(Error::Shader(format!(
            "{activation}: {complaint}. Nothing can be learned with it: correct the file, and check it \
             with `normlab check --activation`"
        )))
    };
    found.complaint().map_or(Ok(()), refuse)
}

/// Which of the functions, with these values at x, is not finite there; none if both are finite, also on the
/// CPU.
fn undefined(activation: Activation, x: f32, (y, slope): (f64, f64)) -> Option<Undefined> {
    let twins = [activation.activate(x), activation.activation_gradient(x)];
    let names = ["activate", "activation_gradient"];
    names.into_iter().zip([y, slope].into_iter().zip(twins)).find_map(
        |(function, (found, twin))| {
            let wrong = [found, f64::from(twin)].into_iter().find(|value| !value.is_finite())?;
            let cause = activation.undefined(function, x);
            Some(Undefined { x, function, found: wrong, cause })
        },
    )
}

/// The values of x, from the lowest to the highest.
fn places() -> Vec<f32> {
    let near = (-NEAR * DENSITY..=NEAR * DENSITY).map(|at| f32::from(at) / f32::from(DENSITY));
    let mut all: Vec<f32> = near.chain(FAR).chain(FAR.map(|x| -x)).collect();
    all.sort_by(f32::total_cmp);
    all
}

/// Both functions at all x.
fn evaluate(
    backend: &mut dyn Backend,
    activation: Activation,
    x: Vec<f32>,
) -> Result<(Value<f32>, Value<f32>)> {
    let shape = Shape::matrix(1, x.len());
    let mut program = Program::default();
    let names = ACTIVATION.contract.operands.iter().map(|operand| operand.name);
    let tensors: Vec<_> = names.map(|name| (name, program.tensor(name, shape))).collect();
    let dispatch = program.dispatch(ACTIVATION.name(), &ACTIVATION, activation, &tensors, &[])?;
    let pass = program.pass(ACTIVATION.name(), vec![dispatch]);
    let mut session = backend.load(&program)?;
    session.write(tensors[0].1, &Value::Real(Tensor::new(shape, x)))?;
    session.run_dispatch(pass, 0)?;
    Ok((session.read(tensors[1].1)?, session.read(tensors[2].1)?))
}

/// How far off `activate` may be at each of these arguments, given its values there.
fn rounding(activation: Activation, around: &[f32], values: &[f64; COUNT]) -> [f64; COUNT] {
    let cost = |&x: &f32| {
        let exact = activation.activate(f64::from(x));
        (f64::from(activation.activate(x)) - exact).abs()
    };
    let cost = around.iter().map(cost).fold(0.0, f64::max);
    let cost = activation.tolerance_factor() * compare::FACTOR * cost;
    values.map(|value| cost + compare::ULPS * f64::from(f32::EPSILON) * value.abs())
}
