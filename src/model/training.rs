//! The passes of a training step: forward, backward and update.

use super::builder::Builder;
use super::{Feed, Role, Stage};
use crate::config::{Norm, Optimizer};
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::{
    RUNNING_MOMENTUM, adam, batch_norm_backward, batch_norm_forward, bias_backward, bias_forward,
    layer_norm_backward, layer_norm_forward, matmul_nt, matmul_tn, rms_norm_backward,
    rms_norm_forward, sgd,
};
use crate::program::{Dispatch, TensorId};

/// What the backward pass needs of one stage of the forward pass.
pub(super) struct StageTrace {
    stage: Stage,
    x: TensorId,
    /// What the activation is applied to.
    pub(super) z: TensorId,
    /// What a norm kept; none behind a bias.
    statistics: Option<TensorId>,
    /// Batch norm's running statistics.
    pub(super) running: Option<TensorId>,
}

/// What the backward pass needs of one layer of the forward pass.
pub(super) struct LayerTrace {
    input: TensorId,
    stages: Vec<StageTrace>,
}

impl Builder {
    /// The forward pass: its dispatches, what the backward pass needs, and the logits' gradient.
    pub(super) fn forward(
        &mut self,
        feed: &Feed,
    ) -> Result<(Vec<Dispatch>, Vec<LayerTrace>, TensorId)> {
        let (dispatch, mut hidden, targets) = self.gather("train", feed, self.network.batch)?;
        let mut dispatches = vec![dispatch];
        let mut traces = Vec::new();
        for layer in 0..self.network.widths().len() {
            let input = hidden;
            let place = format!("layer{}", layer + 1);
            let (dispatch, x) = self.product(&place, layer, input)?;
            dispatches.push(dispatch);
            hidden = x;
            let mut stages = Vec::new();
            for stage in self.network.stages(layer) {
                let (dispatch, y, trace) =
                    self.stage_forward(&place, layer, stage, hidden, RUNNING_MOMENTUM)?;
                self.running.extend(trace.running.map(|id| (layer, id)));
                dispatches.push(dispatch);
                stages.push(trace);
                hidden = y;
            }
            traces.push(LayerTrace { input, stages });
        }
        let (dispatch, d_logits) = self.loss("train", feed, (hidden, targets))?;
        dispatches.push(dispatch);
        Ok((dispatches, traces, d_logits))
    }

    /// Adds one stage of the forward pass: the dispatch, its output, and its trace. `momentum` is that
    /// of batch norm's running statistics.
    pub(super) fn stage_forward(
        &mut self,
        place: &str,
        layer: usize,
        stage: Stage,
        x: TensorId,
        momentum: f32,
    ) -> Result<(Dispatch, TensorId, StageTrace)> {
        let shape = self.program.spec(x).shape;
        let kind = stage.kind();
        let z = self.tensor(format!("{place}.{kind}.z"), shape.rows, shape.cols);
        let y = self.tensor(format!("{place}.{kind}.y"), shape.rows, shape.cols);
        let mut tensors = vec![("x", x), ("z", z), ("y", y)];
        tensors.extend(self.layout.values(layer, stage));
        let statistics = self.statistics(place, stage, shape);
        tensors.extend(statistics.map(|id| ("statistics", id)));
        let (mut running, mut parameters) = (None, Vec::new());
        let contract = match stage.norm {
            Norm::None => &bias_forward::CONTRACT,
            Norm::Batch => {
                let kept = self.tensor(format!("{place}.running"), 2, shape.cols);
                tensors.push(("running", kept));
                running = Some(kept);
                parameters.push(("momentum", momentum));
                &batch_norm_forward::CONTRACT
            }
            Norm::Layer => &layer_norm_forward::CONTRACT,
            Norm::Rms => &rms_norm_forward::CONTRACT,
        };
        let label = format!("{place}.{}", contract.name);
        let dispatch =
            self.program.dispatch(label, contract, stage.activation, &tensors, &parameters)?;
        Ok((dispatch, y, StageTrace { stage, x, z, statistics, running }))
    }

    /// The backward pass, from the gradient of the logits.
    pub(super) fn backward(
        &mut self,
        traces: &[LayerTrace],
        d_logits: TensorId,
    ) -> Result<Vec<Dispatch>> {
        let mut dispatches = Vec::new();
        let mut gradient = d_logits;
        let identity = Activation::Identity;
        for (layer, trace) in traces.iter().enumerate().rev() {
            let place = format!("layer{}", layer + 1);
            for stage in trace.stages.iter().rev() {
                let (dispatch, d_x) = self.stage_backward(layer, stage, gradient)?;
                dispatches.push(dispatch);
                gradient = d_x;
            }
            let weight = self.layout.find(layer, Role::Weight).clone();
            let tensors = [("a", trace.input), ("b", gradient), ("c", weight.gradient)];
            dispatches.push(self.dispatch(&place, &matmul_tn::CONTRACT, identity, &tensors)?);
            // Nothing learns from the gradient of the images.
            if layer > 0 {
                let shape = self.program.spec(trace.input).shape;
                let d_input = self.tensor(format!("{place}.d_input"), shape.rows, shape.cols);
                let tensors = [("a", gradient), ("b", weight.value), ("c", d_input)];
                dispatches.push(self.dispatch(&place, &matmul_nt::CONTRACT, identity, &tensors)?);
                gradient = d_input;
            }
        }
        Ok(dispatches)
    }

    /// Adds one stage of the backward pass: the dispatch, and the gradient of its input.
    fn stage_backward(
        &mut self,
        layer: usize,
        trace: &StageTrace,
        d_y: TensorId,
    ) -> Result<(Dispatch, TensorId)> {
        let place = format!("layer{}", layer + 1);
        let shape = self.program.spec(d_y).shape;
        let stage = trace.stage;
        let d_x = self.tensor(format!("{place}.{}.d_x", stage.kind()), shape.rows, shape.cols);
        let mut tensors = vec![("d_y", d_y), ("z", trace.z), ("d_x", d_x)];
        let contract = match stage.norm {
            Norm::None => &bias_backward::CONTRACT,
            Norm::Batch => &batch_norm_backward::CONTRACT,
            Norm::Layer => &layer_norm_backward::CONTRACT,
            Norm::Rms => &rms_norm_backward::CONTRACT,
        };
        tensors.extend(self.layout.gradients(layer, stage));
        if let Some(statistics) = trace.statistics {
            let gamma = self.layout.find(layer, Role::Gamma).value;
            tensors.extend([("x", trace.x), ("statistics", statistics), ("gamma", gamma)]);
        }
        Ok((self.dispatch(&place, contract, stage.activation, &tensors)?, d_x))
    }

    /// The optimizer's one dispatch, and its memory.
    pub(super) fn update(
        &mut self,
        rate: TensorId,
        feed: &Feed,
    ) -> Result<(Dispatch, Vec<TensorId>)> {
        let (values, gradients) = (self.layout.values, self.layout.gradients);
        let shape = self.program.spec(values).shape;
        let mut tensors = vec![("parameters", values), ("gradients", gradients), ("rate", rate)];
        let names: &[&str] = match self.network.optimizer {
            Optimizer::Sgd => &["velocity"],
            Optimizer::Adam => &["first_moment", "second_moment"],
        };
        let state: Vec<_> = names.iter().map(|&name| self.program.tensor(name, shape)).collect();
        tensors.extend(names.iter().copied().zip(state.iter().copied()));
        let momentum = [("momentum", self.network.momentum)];
        let (contract, parameters): (_, &[_]) = match self.network.optimizer {
            Optimizer::Sgd => (&sgd::CONTRACT, &momentum),
            Optimizer::Adam => {
                tensors.push(("step", feed.step));
                (&adam::CONTRACT, &[])
            }
        };
        let label = format!("update.{}", contract.name);
        let identity = Activation::Identity;
        let dispatch = self.program.dispatch(label, contract, identity, &tensors, parameters)?;
        Ok((dispatch, state))
    }
}
