//! The pass that evaluates one chunk of the test set: the forward pass with running statistics.

use super::builder::{Builder, DataBuffers};
use super::layers::{Mode, Walk};
use crate::error::Result;
use crate::program::{PassId, TensorId};

/// Adds the pass and returns its data buffers, the pass, and the last hidden layer's outputs with the logits.
pub(super) fn evaluate(builder: &mut Builder) -> Result<(DataBuffers, PassId, [TensorId; 2])> {
    let (chunks, batch) = (builder.network.test_chunks(), builder.network.test_batch);
    let data = builder.data_buffers("test", builder.network.test_examples, (chunks, batch), chunks);
    let (gathered, input, targets) = builder.gather("test", &data, batch)?;
    let depth = builder.network.widths().len();
    let mode = Mode::Inference { statistics: &builder.running(depth) };
    let (walked, layers) = builder.layers(Walk { prefix: "test.", depth, input, mode })?;
    let (outputs, logits) =
        layers.last().map_or((input, input), |layer| (layer.input, layer.output));
    let (loss, _) = builder.loss("test", &data, (logits, targets))?;
    let dispatches = [gathered].into_iter().chain(walked).chain([loss]).collect();
    let pass = builder.program.pass("evaluate", dispatches);
    Ok((data, pass, [outputs, logits]))
}
