//! The passes of a training step.

use super::evaluation;
use super::parameters::Layout;
use super::{Feed, Model, Network, Role, Stage};
use crate::config::{Norm, Optimizer};
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::contract::Contract;
use crate::kernels::{
    adam, batch_norm_backward, batch_norm_forward, bias_backward, bias_forward, gather,
    layer_norm_backward, layer_norm_forward, matmul_nn, matmul_nt, matmul_tn, sgd,
    softmax_cross_entropy,
};
use crate::program::{Dispatch, Program, TensorId};
use crate::tensor::Shape;

/// What the backward pass needs of one stage of the forward pass.
struct StageTrace {
    stage: Stage,
    x: TensorId,
    z: TensorId,
    /// What a norm kept; none behind a bias.
    statistics: Option<TensorId>,
}

/// What the backward pass needs of one layer of the forward pass.
struct LayerTrace {
    input: TensorId,
    stages: Vec<StageTrace>,
}

/// A program under construction.
pub(super) struct Builder {
    pub(super) network: Network,
    pub(super) program: Program,
    pub(super) layout: Layout,
    /// Running statistics of batch norms by layer.
    pub(super) running: Vec<(usize, TensorId)>,
}

pub(super) fn build(network: Network) -> Result<Model> {
    let mut program = Program::default();
    let layout = Layout::new(&network, &mut program);
    let mut builder = Builder { network, program, layout, running: Vec::new() };
    let slots = (builder.network.steps_per_epoch, builder.network.history);
    let examples = builder.network.train_examples;
    let train = builder.feed("train", examples, (slots.0, builder.network.batch), slots.1);

    let (forward, traces, d_logits) = builder.forward(&train)?;
    let backward = builder.backward(&traces, d_logits)?;
    let rate = builder.program.tensor("rate", Shape::new(builder.network.replicas, 1, 1));
    let (update, optimizer_state) = builder.update(rate, &train)?;
    let forward = builder.program.pass("forward", forward);
    let backward = builder.program.pass("backward", backward);
    let update = builder.program.pass("update", vec![update]);
    let (test, evaluate, test_outputs) = evaluation::build(&mut builder)?;
    let Builder { network, program, layout, running } = builder;
    Ok(Model {
        program,
        network,
        forward,
        backward,
        update,
        evaluate,
        parameters: layout.parameters,
        running,
        optimizer_state,
        rate,
        train,
        test,
        test_outputs,
    })
}

impl Builder {
    /// Adds the tensors of one part of the data.
    pub(super) fn feed(
        &mut self,
        part: &str,
        examples: usize,
        (slots, batch): (usize, usize),
        history: usize,
    ) -> Feed {
        let replicas = self.network.replicas;
        let words = self.network.features.div_ceil(gather::BYTES_PER_WORD);
        let program = &mut self.program;
        let name = |what: &str| format!("{part}.{what}");
        Feed {
            images: program.index_tensor(name("images"), Shape::matrix(examples, words)),
            labels: program.index_tensor(name("labels"), Shape::matrix(examples, 1)),
            order: program.index_tensor(name("order"), Shape::new(replicas, slots, batch)),
            step: program.index_tensor(name("step"), Shape::new(replicas, 1, 1)),
            losses: program.tensor(name("losses"), Shape::new(replicas, history, 1)),
            hits: program.index_tensor(name("hits"), Shape::new(replicas, history, 1)),
        }
    }

    /// Adds a tensor of numbers with all replicas.
    pub(super) fn tensor(&mut self, name: String, rows: usize, cols: usize) -> TensorId {
        self.program.tensor(name, Shape::new(self.network.replicas, rows, cols))
    }

    /// A dispatch labelled `<place>.<kernel>`.
    pub(super) fn dispatch(
        &self,
        place: &str,
        contract: &'static Contract,
        activation: Activation,
        tensors: &[(&str, TensorId)],
    ) -> Result<Dispatch> {
        let label = format!("{place}.{}", contract.name);
        self.program.dispatch(label, contract, activation, tensors, &[])
    }

    /// Adds a batch of a feed: the dispatch, the examples and their targets.
    pub(super) fn gather(
        &mut self,
        part: &str,
        feed: &Feed,
        batch: usize,
    ) -> Result<(Dispatch, TensorId, TensorId)> {
        let x = self.tensor(format!("{part}.x"), batch, self.network.features);
        let shape = Shape::new(self.network.replicas, batch, 1);
        let targets = self.program.index_tensor(format!("{part}.targets"), shape);
        let tensors = [
            ("images", feed.images),
            ("labels", feed.labels),
            ("order", feed.order),
            ("step", feed.step),
            ("x", x),
            ("targets", targets),
        ];
        let dispatch = self.dispatch(part, &gather::CONTRACT, Activation::Identity, &tensors)?;
        Ok((dispatch, x, targets))
    }

    /// Adds the product of a layer with its weights.
    pub(super) fn product(
        &mut self,
        place: &str,
        layer: usize,
        input: TensorId,
    ) -> Result<(Dispatch, TensorId)> {
        let weight = self.layout.find(layer, Role::Weight).value;
        let rows = self.program.spec(input).shape.rows;
        let x = self.tensor(format!("{place}.x"), rows, self.network.widths()[layer]);
        let tensors = [("a", input), ("b", weight), ("c", x)];
        let identity = Activation::Identity;
        Ok((self.dispatch(place, &matmul_nn::CONTRACT, identity, &tensors)?, x))
    }

    /// Adds the loss of some logits: the dispatch, and the logits' gradient.
    pub(super) fn loss(
        &mut self,
        part: &str,
        feed: &Feed,
        (logits, targets): (TensorId, TensorId),
    ) -> Result<(Dispatch, TensorId)> {
        let shape = self.program.spec(logits).shape;
        let d_logits = self.tensor(format!("{part}.d_logits"), shape.rows, shape.cols);
        let tensors = [
            ("logits", logits),
            ("targets", targets),
            ("d_logits", d_logits),
            ("losses", feed.losses),
            ("hits", feed.hits),
            ("step", feed.step),
        ];
        let contract = &softmax_cross_entropy::CONTRACT;
        Ok((self.dispatch(part, contract, Activation::Identity, &tensors)?, d_logits))
    }

    fn forward(&mut self, feed: &Feed) -> Result<(Vec<Dispatch>, Vec<LayerTrace>, TensorId)> {
        let (dispatch, mut hidden, targets) = self.gather("train", feed, self.network.batch)?;
        let mut dispatches = vec![dispatch];
        let mut traces = Vec::new();
        for layer in 0..self.network.widths().len() {
            let input = hidden;
            let (dispatch, x) = self.product(&format!("layer{}", layer + 1), layer, input)?;
            dispatches.push(dispatch);
            hidden = x;
            let mut stages = Vec::new();
            for stage in self.network.stages(layer) {
                let (dispatch, y, trace) = self.stage_forward(layer, stage, hidden)?;
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

    /// Adds one stage of the forward pass: the dispatch, its output, and its trace.
    fn stage_forward(
        &mut self,
        layer: usize,
        stage: Stage,
        x: TensorId,
    ) -> Result<(Dispatch, TensorId, StageTrace)> {
        let place = format!("layer{}", layer + 1);
        let shape = self.program.spec(x).shape;
        let kind = if stage.norm == Norm::None { "bias" } else { "norm" };
        let z = self.tensor(format!("{place}.{kind}.z"), shape.rows, shape.cols);
        let y = self.tensor(format!("{place}.{kind}.y"), shape.rows, shape.cols);
        let mut tensors = vec![("x", x), ("z", z), ("y", y)];
        let mut statistics = None;
        if stage.norm != Norm::None {
            tensors.push(("gamma", self.layout.find(layer, Role::Gamma).value));
            tensors.push(("beta", self.layout.find(layer, Role::Beta).value));
            let name = format!("{place}.statistics");
            let kept = match stage.norm {
                Norm::Layer => self.tensor(name, shape.rows, 2),
                _ => self.tensor(name, 2, shape.cols),
            };
            tensors.push(("statistics", kept));
            statistics = Some(kept);
        }
        let contract = match stage.norm {
            Norm::None => {
                tensors.push(("bias", self.layout.find(layer, Role::Bias).value));
                &bias_forward::CONTRACT
            }
            Norm::Batch => {
                let running = self.tensor(format!("{place}.running"), 2, shape.cols);
                self.running.push((layer, running));
                tensors.push(("running", running));
                &batch_norm_forward::CONTRACT
            }
            Norm::Layer => &layer_norm_forward::CONTRACT,
        };
        let dispatch = self.dispatch(&place, contract, stage.activation, &tensors)?;
        Ok((dispatch, y, StageTrace { stage, x, z, statistics }))
    }

    fn backward(&mut self, traces: &[LayerTrace], d_logits: TensorId) -> Result<Vec<Dispatch>> {
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
        let kind = if trace.statistics.is_none() { "bias" } else { "norm" };
        let d_x = self.tensor(format!("{place}.{kind}.d_x"), shape.rows, shape.cols);
        let mut tensors = vec![("d_y", d_y), ("z", trace.z), ("d_x", d_x)];
        let contract = match trace.stage.norm {
            Norm::None => &bias_backward::CONTRACT,
            Norm::Batch => &batch_norm_backward::CONTRACT,
            Norm::Layer => &layer_norm_backward::CONTRACT,
        };
        match trace.statistics {
            None => tensors.push(("d_bias", self.layout.find(layer, Role::Bias).gradient)),
            Some(statistics) => {
                let gamma = self.layout.find(layer, Role::Gamma);
                tensors.extend([("x", trace.x), ("statistics", statistics)]);
                tensors.extend([("gamma", gamma.value), ("d_gamma", gamma.gradient)]);
                tensors.push(("d_beta", self.layout.find(layer, Role::Beta).gradient));
            }
        }
        Ok((self.dispatch(&place, contract, trace.stage.activation, &tensors)?, d_x))
    }

    fn update(&mut self, rate: TensorId, feed: &Feed) -> Result<(Dispatch, Vec<TensorId>)> {
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
