//! Separates logic from rounding: runs a shader in f64 and compares it with its twin in f64. If they agree,
//! the formula is correct and only rounding remains; if not, it is wrong whatever the tolerance says.

use crate::backend::interpreter::{SUBGROUP_SIZE, bindings};
use crate::backend::twins::TwinSession;
use crate::check::{self, Trial};
use crate::error::Result;
use crate::interpreter::Code;
use crate::interpreter::dispatch::{Options, Schedule, dispatch};
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::setting::Setting;
use crate::kernels::shader::Shader;
use crate::tensor::Value;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The allowed difference relative to the twin's value: shaders and twins write the same constants with
/// different precision.
const RELATIVE: f64 = 1e-6;

/// The same relative to the tensor's largest number, for elements in which large terms cancel: a term may be
/// as inaccurate as a polynomial made for f32.
const OF_LARGEST: f64 = 1e-7;

/// The most elements, or multiplications, in a case that is tried.
const MOST_WORK: usize = 25_000;

/// Operations that an invocation may execute.
const MOST: u64 = 20_000_000;

/// Compares a setting with its twin on those trials that are small and have ordinary inputs; returns a
/// sentence about the first wrong element, none if all are right.
///
/// # Errors
/// As [`Library::set_shader`]; when the interpreter cannot run it.
pub fn check(
    library: &Library,
    kernel: &'static Kernel,
    setting: &Setting,
    trials: &[Trial],
) -> Result<Option<String>> {
    let is_tried = |trial: &&Trial| {
        let small = check::work(kernel, &trial.isolated().dispatch().sizes) <= MOST_WORK;
        small && trial.inputs().iter().flatten().all(is_plain)
    };
    let tried: Vec<_> = trials.iter().filter(is_tried).collect();
    let mut compiled = BTreeMap::new();
    for trial in &tried {
        let activation = trial.isolated().dispatch().activation;
        if let Entry::Vacant(free) = compiled.entry(activation.name()) {
            let shader = library.set_shader(kernel, setting, activation)?;
            let code = bindings::code(&shader)?;
            free.insert((shader, code));
        }
    }
    let complaint = |trial: &&Trial| {
        let (shader, code) = &compiled[trial.isolated().dispatch().activation.name()];
        complaint(trial, shader, code).transpose()
    };
    tried.par_iter().find_map_first(complaint).transpose()
}

/// Runs a shader on a trial's inputs; returns a sentence about the first wrong element.
fn complaint(trial: &Trial, shader: &Shader, code: &Code) -> Result<Option<String>> {
    let one = trial.isolated().dispatch();
    let mut memory = TwinSession::<f64>::new(trial.isolated().program().clone());
    for (&tensor, input) in one.tensors.iter().zip(trial.inputs()) {
        input.as_ref().map_or(Ok(()), |input| memory.put(tensor, &input.cast()))?;
    }
    let bound = bindings::bound(&memory, code, one, true);
    let subgroup_size = shader.requires.subgroup_sizes.first().copied().unwrap_or(SUBGROUP_SIZE);
    let schedule = Schedule::Forward;
    let options = Options { subgroup_size, schedule, watch: false, most: MOST };
    let outcome = dispatch::<f64>(code, shader.grid(&one.sizes)?, &bound, options);
    bindings::take(&mut memory, code, one, &outcome);
    let written = one.kernel.contract.operands.iter().zip(&one.tensors);
    let written = written.filter(|(operand, _)| operand.access.writes());
    let complaint = written.zip(trial.exact()).find_map(|((operand, &tensor), expected)| {
        let complaint = apart(&memory.get(tensor), &expected)?;
        Some(format!("{}, tensor {}: {complaint}", trial.label(), operand.name))
    });
    Ok(complaint)
}

/// Whether WGSL leaves nothing undefined for these numbers: all are finite, and none is denormal.
fn is_plain(value: &Value<f32>) -> bool {
    match value {
        Value::Real(tensor) => tensor.data.iter().all(|x| x.is_finite() && !x.is_subnormal()),
        Value::Index(_) => true,
    }
}

/// A sentence about the first element in which two tensors differ.
fn apart(found: &Value<f64>, expected: &Value<f64>) -> Option<String> {
    let shape = expected.shape();
    let numbers = (0..shape.len()).map(|at| expected.widened(at).abs());
    let largest = numbers.filter(|number| number.is_finite()).fold(0.0, f64::max);
    let differs = |&at: &usize| {
        let (found, expected) = (found.widened(at), expected.widened(at));
        let allowed = RELATIVE * expected.abs() + OF_LARGEST * largest;
        let agree = (found - expected).abs() <= allowed;
        expected.is_finite() && !agree
    };
    let at = (0..shape.len()).find(differs)?;
    let [replica, row, col] = shape.index(at);
    Some(format!(
        "in f64 the shader gives {:e} at [{replica}, {row}, {col}] and the twin {:e}: the formulas differ by \
         more than rounding explains",
        found.widened(at),
        expected.widened(at)
    ))
}
