//! What the first steps of a training give, from the exact engine in f64, and how far from it one may be.
//!
//! The rule is the project's own ([`crate::compare`]): so many times what f32 costs, and some units in the
//! last place. That cost is measured on whole steps here, one after another, from the start itself and from
//! starts nearby: where a value comes within rounding of ReLU's kink, a right result may lie on its other
//! side, and a loss is a single number, of which one engine may be near to the truth by luck.

use super::format::{GradientReference, ReferenceDocument, Sample};
use crate::backend::Session;
use crate::backend::cpu::{CpuSession, Engine};
use crate::check::nearby;
use crate::compare::{cost, tolerance};
use crate::error::Result;
use crate::model::Model;
use crate::program::{Dispatch, Upload};
use crate::rng::{Purpose, Stream};
use crate::tensor::{Real, Shape, Tensor, Value};

/// Starts nearby on which the cost of f32 is measured, beside the start itself.
const STARTS: u64 = 4;

/// Elements of a gradient that are kept.
const ELEMENTS: usize = 64;

/// What a step gives: the losses, the gradients and, as one tensor, the root mean square of each of these.
type Step<T> = Vec<Value<T>>;

/// What the first `steps` give. `uploads` are all that stands on the device at first.
///
/// # Errors
/// When an upload does not fit its tensor.
pub(super) fn references(
    model: &Model,
    uploads: &[Upload],
    steps: usize,
) -> Result<Vec<ReferenceDocument>> {
    let steps = steps.min(model.network.order_slots()).min(model.network.history);
    if steps == 0 {
        return Ok(Vec::new());
    }
    let exact = run::<f64>(model, uploads, steps)?;
    let mut costs: Vec<Vec<f64>> = exact.iter().map(|step| vec![0.0; step.len()]).collect();
    for start in 0..=STARTS {
        let moved = moved(model, uploads, start);
        let twin = run::<f32>(model, &moved, steps)?;
        let exact = if start == 0 { exact.clone() } else { run::<f64>(model, &moved, steps)? };
        for (costs, (twin, exact)) in costs.iter_mut().zip(twin.iter().zip(&exact)) {
            for (known, (twin, exact)) in costs.iter_mut().zip(twin.iter().zip(exact)) {
                *known = known.max(cost(twin, exact));
            }
        }
    }
    let steps = exact.iter().zip(&costs).enumerate();
    Ok(steps.map(|(at, (values, costs))| reference(model, at + 1, values, costs)).collect())
}

/// All that stands on the device, with parameters a few units in the last place off.
fn moved(model: &Model, uploads: &[Upload], start: u64) -> Vec<Upload> {
    let is_parameter = |id| model.parameters.iter().any(|known| known.value == id);
    let moved = |(place, upload): (usize, &Upload)| match start > 0 && is_parameter(upload.tensor) {
        true => Upload { value: nearby(&upload.value, start, place).into(), ..upload.clone() },
        false => upload.clone(),
    };
    uploads.iter().enumerate().map(moved).collect()
}

/// Trains on the CPU.
fn run<T: Engine>(model: &Model, uploads: &[Upload], steps: usize) -> Result<Vec<Step<T>>> {
    let mut session = CpuSession::<T>::new(model.program.clone());
    session.upload(uploads)?;
    let mut found = Vec::new();
    for step in 0..steps {
        session.run(&model.step_passes(), 1)?;
        let losses = session.get(model.train.losses);
        let replicas = model.network.replicas;
        let loss = |replica| T::of(losses.widened(replica * model.network.history + step));
        let losses = (0..replicas).map(loss).collect();
        let losses = Value::Real(Tensor::new(Shape::new(replicas, 1, 1), losses));
        let gradients = model.parameters.iter().map(|one| session.get(one.gradient));
        let gradients: Vec<_> = gradients.collect();
        let rms = gradients
            .iter()
            .map(|gradient| Value::Real(Tensor::filled(Shape::matrix(1, 1), rms(gradient))));
        let rms: Vec<_> = rms.collect();
        found.push([losses].into_iter().chain(gradients).chain(rms).collect());
    }
    Ok(found)
}

fn rms<T: Real>(value: &Value<T>) -> T {
    let len = value.shape().len();
    let squares: f64 = (0..len).map(|at| value.widened(at).powi(2)).sum();
    T::of((squares / len as f64).sqrt())
}

fn reference(
    model: &Model,
    step: usize,
    values: &[Value<f64>],
    costs: &[f64],
) -> ReferenceDocument {
    let dispatches = model.program.passes.iter().flat_map(|pass| &pass.dispatches);
    let factors = dispatches.map(Dispatch::tolerance_factor);
    let factor = factors.fold(0.0, f64::max);
    let bound = |at: usize| tolerance(&values[at], costs[at], factor);
    let sample =
        |at: usize, element| Sample { value: values[at].widened(element), tolerance: bound(at) };
    let count = model.parameters.len();
    let gradients = model.parameters.iter().enumerate().map(|(place, parameter)| {
        let gradient = &values[1 + place];
        GradientReference {
            parameter: parameter.name.clone(),
            rms: sample(1 + count + place, 0),
            tolerance: bound(1 + place),
            elements: places(gradient.shape().len(), place)
                .map(|at| (at, gradient.widened(at)))
                .collect(),
        }
    });
    ReferenceDocument {
        step,
        losses: (0..model.network.replicas).map(|replica| sample(0, replica)).collect(),
        gradients: gradients.collect(),
    }
}

/// Up to [`ELEMENTS`] places in a tensor of so many elements, one in each of as many equal parts.
fn places(len: usize, tensor: usize) -> impl Iterator<Item = usize> {
    let count = len.min(ELEMENTS);
    let mut stream = Stream::new(len as u64, Purpose::Checks, tensor as u32);
    (0..count).map(move |part| {
        let (start, end) = (part * len / count, (part + 1) * len / count);
        start + (stream.uniform() * (end - start) as f64) as usize
    })
}
