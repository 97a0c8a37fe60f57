//! Reference results of a training's first steps, from the reference engine in f64, and their tolerances.
//!
//! The rule is that of [`crate::compare`]: a multiple of the measured f32 error, plus some units in the
//! last place. Here the error is measured on consecutive whole steps, from the start itself and from nearby
//! starts: a value within rounding of ReLU's kink may correctly end up on either side, and a loss is a single
//! number, which one engine may hit by luck.

use super::format::{GradientReference, ReferenceDocument, Sample};
use crate::backend::Session;
use crate::backend::twins::{TwinNumber, TwinSession};
use crate::check::nearby;
use crate::compare::{cost, tolerance};
use crate::error::Result;
use crate::model::Model;
use crate::program::{Dispatch, Upload};
use crate::rng::{Purpose, Stream};
use crate::tensor::{Real, Shape, Tensor, Value};

/// Nearby starts on which the f32 error is measured, besides the start itself.
const STARTS: u64 = 4;

/// Elements kept of each gradient.
const ELEMENTS: usize = 64;

/// The results of a step: the losses, the gradients, and the root mean square of each gradient.
type Step<T> = Vec<Value<T>>;

/// The results of the first `steps`. `uploads` are the initial contents of the device.
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

/// The initial contents of the device, with the parameters off by a few units in the last place.
fn moved(model: &Model, uploads: &[Upload], start: u64) -> Vec<Upload> {
    let is_parameter = |id| model.parameters.iter().any(|known| known.value == id);
    let moved = |(place, upload): (usize, &Upload)| match start > 0 && is_parameter(upload.tensor) {
        true => Upload { value: nearby(&upload.value, start, place).into(), ..upload.clone() },
        false => upload.clone(),
    };
    uploads.iter().enumerate().map(moved).collect()
}

/// Trains on the CPU.
fn run<T: TwinNumber>(model: &Model, uploads: &[Upload], steps: usize) -> Result<Vec<Step<T>>> {
    let mut session = TwinSession::<T>::new(model.program.clone());
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

/// Up to [`ELEMENTS`] positions in a tensor of `len` elements, one in each of as many equal parts.
fn places(len: usize, tensor: usize) -> impl Iterator<Item = usize> {
    let count = len.min(ELEMENTS);
    let mut stream = Stream::new(len as u64, Purpose::Checks, tensor as u32);
    (0..count).map(move |part| {
        let (start, end) = (part * len / count, (part + 1) * len / count);
        start + (stream.uniform() * (end - start) as f64) as usize
    })
}
