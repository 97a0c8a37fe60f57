//! Claims about the gradient on its way back from hidden layer to hidden layer.

use super::evidence::{Evidence, Measured, weigh};
use super::probed::first;
use super::thresholds::{AGREES, KEPT, SLOWER, STEEPEST};
use crate::kernels::activation::Activation;
use crate::record::{Claim, Evaluation};
use crate::report::backward::{Cause, a_layer, sizes};
use crate::report::number::figure;
use crate::report::records::Records;
use crate::report::slopes::Curve;

/// Why sigmoid's gradient vanishes without a norm.
pub(super) fn slope_times_weights(records: &Records) -> Claim {
    let measured = || -> Measured {
        let factor = factor_at_start(records, "sigmoid-none")?;
        let probe = first(records, "sigmoid-none")?;
        let counted = probe.hidden.first().ok_or_else(|| too_shallow("sigmoid-none"))?;
        let curve = Curve::new(Activation::Sigmoid, &counted.histogram);
        let cause = Cause::mean(&Cause::between(probe, &curve)).ok_or_else(|| {
            "the weights were not measured at the start of sigmoid-none".to_owned()
        })?;
        let (product, steepest) = (cause.product(), curve.range.high);
        let [slope, weights] = [cause.slope, cause.weights].map(figure);
        Ok(vec![
            Evidence::new(
                cause.slope >= STEEPEST * steepest,
                format!("at the start the slope at its inputs is {slope} (at most {steepest})"),
            ),
            Evidence::new(
                product < 1.0 && (factor / product).max(product / factor) <= AGREES,
                format!(
                    "slope × weights is {slope} × {weights}, together {} per layer; the gradient changes \
                     by {} per layer",
                    figure(product),
                    figure(factor)
                ),
            ),
        ])
    };
    let claim = "Sigmoid without a norm: a gradient shrinks by slope × weights at every layer, even where \
                 the slope is at its greatest; saturation is a second cause";
    weigh("slope-times-weights", claim, measured())
}

/// Batch norm preserves the gradient's size.
pub(super) fn batch_norm_keeps(records: &Records) -> Claim {
    let measured = || -> Measured {
        let factor = factor_at_start(records, "sigmoid-batch")?;
        Ok(vec![Evidence::new(KEPT.contains(&factor), text("with batch norm", factor))])
    };
    weigh(
        "batch-norm-keeps",
        "Batch norm keeps sigmoid's gradient at about the same size from layer to layer",
        measured(),
    )
}

/// Layer norm only slows its decay.
pub(super) fn layer_norm_slows(records: &Records) -> Claim {
    let measured = || -> Measured {
        let none = factor_at_start(records, "sigmoid-none")?;
        let layer = factor_at_start(records, "sigmoid-layer")?;
        let both = format!("{}, {} without a norm", text("with layer norm", layer), figure(none));
        Ok(vec![
            Evidence::new(layer >= SLOWER * none, both),
            Evidence::new(
                layer < *KEPT.start(),
                format!(
                    "with layer norm, ten layers would leave {} of a gradient",
                    figure(layer.powi(10))
                ),
            ),
        ])
    };
    let claim = "Layer norm only slows the decay of sigmoid's gradient from layer to layer: \
                 enough for a few layers, but not for many";
    weigh("layer-norm-slows", claim, measured())
}

fn text(with: &str, factor: f64) -> String {
    format!(
        "at the start it changes by a factor of {} from one hidden layer to the one before {with}",
        figure(factor)
    )
}

/// The factor by which the initial weights' gradient changes from hidden layer to hidden layer.
fn factor_at_start(records: &Records, run: &str) -> Result<f64, String> {
    let first: &Evaluation = records
        .evaluations_of(run)
        .next()
        .filter(|evaluation| evaluation.step == 1)
        .ok_or_else(|| format!("the first step of {run} was not recorded"))?;
    a_layer(&sizes(&first.layers)).ok_or_else(|| too_shallow(run))
}

fn too_shallow(run: &str) -> String {
    format!("{run} has fewer than three hidden layers, or a gradient that is 0")
}
