//! What a network's layers do to signals and gradients, measured at one step of its training.

use super::figures;
use super::plan::Plan;
use super::trainer::{Trainer, TrainingOutcome};
use crate::backend::Backend;
use crate::error::Result;
use crate::interrupt;
use crate::record::{DepthLayer, DepthRecord};
use crate::tensor::Tensor;
use nalgebra::DMatrix;

/// Images whose outputs count for a rank, at most: the time grows with their square.
const RANKED: usize = 512;

/// Steps between two looks for an interruption.
const STRETCH: usize = 50;

/// Measures a network at its first step, and at step `steps` if that is a later one. Returns what was measured before an
/// interruption. `data_sha256` is the hash of its data.
///
/// # Errors
/// When the backend cannot run it.
pub fn measure(
    backend: &mut dyn Backend,
    (plan, data_sha256): (&Plan<'_>, &str),
    steps: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<DepthRecord>> {
    let mut trainer = Trainer::new(backend, plan)?;
    let adapter = backend.adapter();
    let mut records = Vec::new();
    let last = steps.max(1);
    for stop in [1, last].into_iter().take(if last > 1 { 2 } else { 1 }) {
        let mut failure = None;
        while trainer.step() < stop {
            if interrupt::is_requested() {
                return Ok(records);
            }
            let outcome = trainer.run_to(stop.min(trainer.step() + STRETCH))?;
            progress(trainer.step());
            if let TrainingOutcome::Diverged { step, loss, .. } = outcome {
                failure = Some(format!("the loss is {loss} at step {step}"));
                break;
            }
        }
        let test_accuracy = match (&failure, stop == last) {
            (None, true) if last > 1 => Some(trainer.evaluation()?.0[0].test_accuracy),
            _ => None,
        };
        let ended = failure.is_some();
        records.push(DepthRecord {
            run: plan.name(),
            activation: plan.activation.name().to_owned(),
            norm: plan.norm.to_string(),
            depth: plan.experiment.hidden.len(),
            step: trainer.step(),
            last: stop == last,
            test_accuracy,
            failure,
            layers: layers(&mut trainer)?,
            experiment: plan.experiment.to_json()?,
            data_sha256: data_sha256.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            adapter: adapter.clone(),
        });
        if ended {
            break;
        }
    }
    Ok(records)
}

/// The hidden layers of the first replica at the last step.
fn layers(trainer: &mut Trainer<'_>) -> Result<Vec<DepthLayer>> {
    let model = trainer.model();
    let gradients: Vec<_> = model.weights().map(|one| one.gradient).collect();
    let outputs = model.hidden_outputs.clone();
    let layer = |(output, gradient)| {
        let gradient = trainer.session().read(gradient)?.into_real()?;
        let outputs = trainer.session().read(output)?.into_real()?.replica(0);
        Ok(DepthLayer {
            gradient_rms: figures::rms(gradient.matrix(0)),
            deviation: figures::spread(&outputs),
            rank: entropy_rank(&outputs),
        })
    };
    outputs.into_iter().zip(gradients).map(layer).collect()
}

/// The entropy rank of a matrix, see [`DepthLayer::rank`]; not a number where an element is none.
fn entropy_rank(outputs: &Tensor<f32>) -> f64 {
    let (rows, cols) = (outputs.shape.rows.min(RANKED), outputs.shape.cols);
    let data = &outputs.data[..rows * cols];
    if data.iter().any(|x| !x.is_finite()) {
        return f64::NAN;
    }
    let matrix = DMatrix::from_row_iterator(rows, cols, data.iter().copied().map(f64::from));
    let squares = matrix.singular_values().map(|value| value * value);
    let sum = squares.sum();
    let terms = squares.iter().map(|value| value / sum).filter(|share| *share > 0.0);
    (-terms.map(|share| share * share.ln()).sum::<f64>()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Shape;

    #[test]
    fn ranks_known_by_hand() {
        let rank = |rows, data: &[f32]| {
            let cols = data.len() / rows;
            entropy_rank(&Tensor::new(Shape::matrix(rows, cols), data.to_vec()))
        };
        assert!((rank(2, &[1.0, 0.0, 0.0, 1.0]) - 2.0).abs() < 1e-12);
        assert!((rank(3, &[1.0, 2.0, 2.0, 4.0, -1.0, -2.0]) - 1.0).abs() < 1e-6);
        // Singular values 3 and 1: shares 9/10 and 1/10.
        let expected = (-(0.9_f64 * 0.9_f64.ln() + 0.1 * 0.1_f64.ln())).exp();
        assert!((rank(2, &[3.0, 0.0, 0.0, 1.0]) - expected).abs() < 1e-12);
        assert!(rank(2, &[f32::NAN, 0.0, 0.0, 1.0]).is_nan());
    }
}
