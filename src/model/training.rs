//! The passes of a training step: forward, backward and update.

use super::builder::{Builder, DataBuffers};
use super::layers::{Mode, Walk, WalkedLayer, WalkedStage};
use super::role::Role;
use crate::config::Optimizer;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::{RUNNING_MOMENTUM, adam, matmul_nt, matmul_tn, sgd};
use crate::program::{Dispatch, TensorId};

impl Builder {
    /// The forward pass: its dispatches, the layers for the backward pass, and the logits' gradient.
    pub(super) fn forward(
        &mut self,
        data: &DataBuffers,
    ) -> Result<(Vec<Dispatch>, Vec<WalkedLayer>, TensorId)> {
        let (gathered, input, targets) = self.gather("train", data, self.network.batch)?;
        let depth = self.network.widths().len();
        let mode = Mode::Training { momentum: RUNNING_MOMENTUM };
        let (walked, layers) = self.layers(Walk { prefix: "", depth, input, mode })?;
        for (layer, walked) in layers.iter().enumerate() {
            let running = walked.stages.iter().filter_map(|stage| stage.running);
            self.running.extend(running.map(|id| (layer, id)));
        }
        let logits = layers.last().map_or(input, |layer| layer.output);
        let (loss, d_logits) = self.loss("train", data, (logits, targets))?;
        let dispatches = [gathered].into_iter().chain(walked).chain([loss]).collect();
        Ok((dispatches, layers, d_logits))
    }

    /// The backward pass, from the gradient of the logits.
    pub(super) fn backward(
        &mut self,
        layers: &[WalkedLayer],
        d_logits: TensorId,
    ) -> Result<Vec<Dispatch>> {
        let mut dispatches = Vec::new();
        let mut gradient = d_logits;
        let identity = Activation::Identity;
        for (layer, walked) in layers.iter().enumerate().rev() {
            let place = &walked.place;
            for stage in walked.stages.iter().rev() {
                let (dispatch, d_x) = self.stage_backward(place, (layer, stage), gradient)?;
                dispatches.push(dispatch);
                gradient = d_x;
            }
            let weight = self.layout.find(layer, Role::Weight).clone();
            let tensors = [("a", walked.input), ("b", gradient), ("c", weight.gradient)];
            dispatches.push(self.dispatch(place, &matmul_tn::KERNEL, identity, &tensors)?);
            // Nothing needs the gradient of the images.
            if layer > 0 {
                let shape = self.program.spec(walked.input).shape;
                let d_input = self.tensor(format!("{place}.d_input"), shape.rows, shape.cols);
                let tensors = [("a", gradient), ("b", weight.value), ("c", d_input)];
                dispatches.push(self.dispatch(place, &matmul_nt::KERNEL, identity, &tensors)?);
                gradient = d_input;
            }
        }
        Ok(dispatches)
    }

    /// Adds one stage of the backward pass and returns the dispatch and the gradient of its input.
    fn stage_backward(
        &mut self,
        place: &str,
        (layer, walked): (usize, &WalkedStage),
        d_y: TensorId,
    ) -> Result<(Dispatch, TensorId)> {
        let shape = self.program.spec(d_y).shape;
        let stage = walked.stage;
        let kind = stage.kind();
        let d_x = self.tensor(format!("{place}.{}.d_x", kind.name), shape.rows, shape.cols);
        let mut tensors = vec![("d_y", d_y), ("d_x", d_x)];
        tensors.extend(walked.z.map(|id| ("z", id)));
        tensors.extend(self.layout.gradients(layer, stage));
        if let Some(statistics) = walked.statistics {
            let gamma = self.layout.find(layer, Role::Gamma).value;
            tensors.extend([("x", walked.x), ("statistics", statistics), ("gamma", gamma)]);
        }
        Ok((self.dispatch(place, kind.backward, stage.activation, &tensors)?, d_x))
    }

    /// The optimizer's dispatches, one per group of parameters, and its memory.
    pub(super) fn update(
        &mut self,
        learning_rate: TensorId,
        data: &DataBuffers,
    ) -> Result<(Vec<Dispatch>, Vec<TensorId>)> {
        let names: &[&str] = match self.network.optimizer {
            Optimizer::Sgd => &["velocity"],
            Optimizer::Adam => &["first_moment", "second_moment"],
        };
        let momentum = [("momentum", self.network.momentum)];
        let (kernel, parameters): (_, &[_]) = match self.network.optimizer {
            Optimizer::Sgd => (&sgd::KERNEL, &momentum),
            Optimizer::Adam => (&adam::KERNEL, &[]),
        };
        let (mut dispatches, mut memory) = (Vec::new(), Vec::new());
        for group in &self.layout.groups {
            let behind = group.name.map_or(String::new(), |name| format!(".{name}"));
            let shape = self.program.spec(group.values).shape;
            let own =
                names.iter().map(|name| self.program.tensor(format!("{name}{behind}"), shape));
            let own: Vec<_> = own.collect();
            let mut tensors = vec![
                ("parameters", group.values),
                ("gradients", group.gradients),
                ("learning_rate", learning_rate),
            ];
            tensors.extend(names.iter().copied().zip(own.iter().copied()));
            if self.network.optimizer == Optimizer::Adam {
                tensors.push(("step", data.step));
            }
            let label = format!("update{behind}.{}", kernel.name());
            let identity = Activation::Identity;
            dispatches.push(self.program.dispatch(label, kernel, identity, &tensors, parameters)?);
            memory.extend(own);
        }
        Ok((dispatches, memory))
    }
}
