//! The walk over the layers that training, inference and probes share: each layer is a product followed by
//! its stages.

use super::builder::Builder;
use super::stage::{Stage, Statistics};
use crate::error::Result;
use crate::program::{Dispatch, TensorId};

/// Where a batch norm takes its mean and variance from.
#[derive(Clone, Copy)]
pub(super) enum Mode<'a> {
    /// From the batch itself; `momentum` is the batch's share in the running statistics.
    Training { momentum: f32 },
    /// From known statistics of each layer.
    Inference { statistics: &'a [Option<TensorId>] },
}

/// A walk over the first layers.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    /// The prefix of `layer1` in names of tensors and labels of dispatches.
    pub(super) prefix: &'a str,
    /// How many layers to walk over.
    pub(super) depth: usize,
    /// The first layer's input.
    pub(super) input: TensorId,
    pub(super) mode: Mode<'a>,
}

/// A visited stage.
pub(super) struct WalkedStage {
    pub(super) stage: Stage,
    pub(super) x: TensorId,
    y: TensorId,
    /// What the activation is applied to; none for batch norm in inference.
    pub(super) z: Option<TensorId>,
    /// What a norm kept of `x`; none for a bias.
    pub(super) statistics: Option<TensorId>,
    /// Batch norm's running statistics, in training.
    pub(super) running: Option<TensorId>,
}

/// A visited layer.
pub(super) struct WalkedLayer {
    /// Its name with the walk's prefix.
    pub(super) place: String,
    pub(super) input: TensorId,
    pub(super) stages: Vec<WalkedStage>,
    pub(super) output: TensorId,
}

impl Builder {
    /// Walks over layers and returns the dispatches and the visited layers.
    pub(super) fn layers(&mut self, walk: Walk<'_>) -> Result<(Vec<Dispatch>, Vec<WalkedLayer>)> {
        self.layers_and(walk, |_, _| Ok(Vec::new()))
    }

    /// The same, with additional dispatches after each layer.
    pub(super) fn layers_and(
        &mut self,
        Walk { prefix, depth, input, mode }: Walk<'_>,
        mut visit: impl FnMut(&mut Self, &WalkedLayer) -> Result<Vec<Dispatch>>,
    ) -> Result<(Vec<Dispatch>, Vec<WalkedLayer>)> {
        let (mut dispatches, mut layers) = (Vec::new(), Vec::new());
        let mut values = input;
        for layer in 0..depth {
            let (input, place) = (values, format!("{prefix}layer{}", layer + 1));
            let (dispatch, x) = self.product(&place, layer, input)?;
            dispatches.push(dispatch);
            values = x;
            let mut stages = Vec::new();
            for stage in self.network.stages(layer) {
                let (dispatch, walked) = match mode {
                    Mode::Training { momentum } => {
                        self.train_stage(&place, (layer, stage), values, momentum)?
                    }
                    Mode::Inference { statistics } => {
                        self.infer_stage(&place, (layer, stage), values, statistics[layer])?
                    }
                };
                dispatches.push(dispatch);
                values = walked.y;
                stages.push(walked);
            }
            let walked = WalkedLayer { place, input, stages, output: values };
            dispatches.extend(visit(self, &walked)?);
            layers.push(walked);
        }
        Ok((dispatches, layers))
    }

    /// Adds one stage in training. `momentum` is for batch norm's running statistics.
    fn train_stage(
        &mut self,
        place: &str,
        (layer, stage): (usize, Stage),
        x: TensorId,
        momentum: f32,
    ) -> Result<(Dispatch, WalkedStage)> {
        let shape = self.program.spec(x).shape;
        let kind = stage.kind();
        let z = self.tensor(format!("{place}.{}.z", kind.name), shape.rows, shape.cols);
        let y = self.tensor(format!("{place}.{}.y", kind.name), shape.rows, shape.cols);
        let statistics = self.statistics(place, stage, x);
        let running =
            kind.keeps_running.then(|| self.tensor(format!("{place}.running"), 2, shape.cols));
        let mut tensors = vec![("x", x), ("z", z), ("y", y)];
        tensors.extend(self.layout.values(layer, stage));
        tensors.extend(statistics.map(|id| ("statistics", id)));
        tensors.extend(running.map(|id| ("running", id)));
        let momentum = running.map(|_| ("momentum", momentum));
        let label = format!("{place}.{}", kind.forward.name());
        let activation = stage.activation;
        let dispatch = self.program.dispatch(
            label,
            kind.forward,
            activation,
            &tensors,
            momentum.as_slice(),
        )?;
        Ok((dispatch, WalkedStage { stage, x, y, z: Some(z), statistics, running }))
    }

    /// Adds one stage in inference. Batch norm takes its mean and variance from `known`.
    fn infer_stage(
        &mut self,
        place: &str,
        (layer, stage): (usize, Stage),
        x: TensorId,
        known: Option<TensorId>,
    ) -> Result<(Dispatch, WalkedStage)> {
        let shape = self.program.spec(x).shape;
        let kind = stage.kind();
        let y = self.tensor(format!("{place}.{}.y", kind.name), shape.rows, shape.cols);
        let mut tensors = vec![("x", x), ("y", y)];
        tensors.extend(self.layout.values(layer, stage));
        let (mut z, mut statistics) = (None, None);
        if kind.keeps_running {
            tensors.extend(known.map(|id| ("running", id)));
        } else {
            z = Some(self.tensor(format!("{place}.{}.z", kind.name), shape.rows, shape.cols));
            statistics = self.statistics(place, stage, x);
        }
        tensors.extend(z.map(|id| ("z", id)));
        tensors.extend(statistics.map(|id| ("statistics", id)));
        let dispatch = self.dispatch(place, kind.infer, stage.activation, &tensors)?;
        Ok((dispatch, WalkedStage { stage, x, y, z, statistics, running: None }))
    }

    /// Adds what a stage keeps of its input, in the shape of its kernel; nothing for a bias.
    fn statistics(&mut self, place: &str, stage: Stage, x: TensorId) -> Option<TensorId> {
        let shape = self.program.spec(x).shape;
        let (rows, cols) = match stage.kind().statistics {
            Statistics::None => return None,
            Statistics::OfUnits(numbers) => (numbers, shape.cols),
            Statistics::OfExamples(numbers) => (shape.rows, numbers),
        };
        Some(self.tensor(format!("{place}.statistics"), rows, cols))
    }
}
