//! The pass that evaluates one chunk of the test set: the forward pass with running statistics.

use super::builder::Builder;
use super::{Feed, Stage};
use crate::config::Norm;
use crate::error::Result;
use crate::kernels::{batch_norm_infer, bias_forward, layer_norm_forward, rms_norm_forward};
use crate::program::{Dispatch, PassId, TensorId};

/// Adds the pass: what it is fed with, the pass, and the last hidden layer's outputs.
pub(super) fn evaluate(builder: &mut Builder) -> Result<(Feed, PassId, TensorId)> {
    let (chunks, batch) = (builder.network.test_chunks(), builder.network.test_batch);
    let feed = builder.feed("test", builder.network.test_examples, (chunks, batch), chunks);
    let (dispatch, mut hidden, targets) = builder.gather("test", &feed, batch)?;
    let mut dispatches = vec![dispatch];
    let mut outputs = hidden;
    for layer in 0..builder.network.widths().len() {
        outputs = hidden;
        let place = format!("test.layer{}", layer + 1);
        let (dispatch, x) = builder.product(&place, layer, hidden)?;
        dispatches.push(dispatch);
        hidden = x;
        for stage in builder.network.stages(layer) {
            let running = builder.running_of(layer);
            let (dispatch, y) = stage_infer(builder, &place, (layer, stage), running, hidden)?;
            dispatches.push(dispatch);
            hidden = y;
        }
    }
    let (dispatch, _) = builder.loss("test", &feed, (hidden, targets))?;
    dispatches.push(dispatch);
    let pass = builder.program.pass("evaluate", dispatches);
    Ok((feed, pass, outputs))
}

/// Adds one stage of a layer: the dispatch and its output. Batch norm takes its mean and variance from
/// `running`.
pub(super) fn stage_infer(
    builder: &mut Builder,
    place: &str,
    (layer, stage): (usize, Stage),
    running: Option<TensorId>,
    x: TensorId,
) -> Result<(Dispatch, TensorId)> {
    let shape = builder.program.spec(x).shape;
    let kind = stage.kind();
    let y = builder.tensor(format!("{place}.{kind}.y"), shape.rows, shape.cols);
    let mut tensors = vec![("x", x), ("y", y)];
    tensors.extend(builder.layout.values(layer, stage));
    let contract = match stage.norm {
        Norm::None => &bias_forward::CONTRACT,
        Norm::Batch => &batch_norm_infer::CONTRACT,
        Norm::Layer => &layer_norm_forward::CONTRACT,
        Norm::Rms => &rms_norm_forward::CONTRACT,
    };
    match stage.norm {
        Norm::Batch => tensors.extend(running.map(|id| ("running", id))),
        Norm::None | Norm::Layer | Norm::Rms => {
            let z = builder.tensor(format!("{place}.{kind}.z"), shape.rows, shape.cols);
            tensors.push(("z", z));
            let statistics = builder.statistics(place, stage, shape);
            tensors.extend(statistics.map(|id| ("statistics", id)));
        }
    }
    Ok((builder.dispatch(place, contract, stage.activation, &tensors)?, y))
}
