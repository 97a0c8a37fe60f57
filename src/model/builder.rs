//! A program under construction: what the passes of training and of evaluation share.

use super::network::Network;
use super::parameters::Layout;
use super::role::Role;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::{gather, matmul_nn, softmax_cross_entropy};
use crate::program::{Dispatch, Program, TensorId};
use crate::tensor::Shape;

/// One part of the data on the device, with what the loop over it reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct DataBuffers {
    /// Packed images, `[examples, words]`, shared by all replicas.
    pub images: TensorId,
    /// Classes, `[examples, 1]`, shared by all replicas.
    pub labels: TensorId,
    /// A ring of batches: indices of examples, `[slots, batch]`.
    pub batch_indices: TensorId,
    /// Batches done, `[1, 1]`.
    pub step: TensorId,
    /// A ring of mean losses, `[slots, 1]`.
    pub losses: TensorId,
    /// A ring of the numbers of correctly classified examples, `[slots, 1]`.
    pub correct: TensorId,
}

/// A program under construction.
pub(super) struct Builder {
    pub(super) network: Network,
    pub(super) program: Program,
    pub(super) layout: Layout,
    /// Running statistics of batch norms by layer.
    pub(super) running: Vec<(usize, TensorId)>,
}

impl Builder {
    /// An empty program with the network's parameters laid out.
    pub(super) fn new(network: Network) -> Self {
        let mut program = Program::default();
        let layout = Layout::new(&network, &mut program);
        Self { network, program, layout, running: Vec::new() }
    }

    /// Adds the tensors of one part of the data.
    pub(super) fn data_buffers(
        &mut self,
        part: &str,
        examples: usize,
        (slots, batch): (usize, usize),
        history: usize,
    ) -> DataBuffers {
        let replicas = self.network.replicas;
        let words = self.network.features.div_ceil(gather::BYTES_PER_WORD);
        let program = &mut self.program;
        let name = |what: &str| format!("{part}.{what}");
        DataBuffers {
            images: program.index_tensor(name("images"), Shape::matrix(examples, words)),
            labels: program.index_tensor(name("labels"), Shape::matrix(examples, 1)),
            batch_indices: program
                .index_tensor(name("batch_indices"), Shape::new(replicas, slots, batch)),
            step: program.index_tensor(name("step"), Shape::new(replicas, 1, 1)),
            losses: program.tensor(name("losses"), Shape::new(replicas, history, 1)),
            correct: program.index_tensor(name("correct"), Shape::new(replicas, history, 1)),
        }
    }

    /// Adds a tensor of real numbers for all replicas.
    pub(super) fn tensor(&mut self, name: String, rows: usize, cols: usize) -> TensorId {
        self.program.tensor(name, Shape::new(self.network.replicas, rows, cols))
    }

    /// The running statistics of each of the first `depth` layers that has a batch norm.
    pub(super) fn running(&self, depth: usize) -> Vec<Option<TensorId>> {
        let of = |layer| self.running.iter().find(|(known, _)| *known == layer);
        (0..depth).map(|layer| of(layer).map(|&(_, id)| id)).collect()
    }

    /// A dispatch labelled `<place>.<kernel>`.
    pub(super) fn dispatch(
        &self,
        place: &str,
        kernel: &'static Kernel,
        activation: Activation,
        tensors: &[(&str, TensorId)],
    ) -> Result<Dispatch> {
        let label = format!("{place}.{}", kernel.name());
        self.program.dispatch(label, kernel, activation, tensors, &[])
    }

    /// Adds a batch of the data and returns the dispatch, the examples and their targets.
    pub(super) fn gather(
        &mut self,
        part: &str,
        data: &DataBuffers,
        batch: usize,
    ) -> Result<(Dispatch, TensorId, TensorId)> {
        let x = self.tensor(format!("{part}.x"), batch, self.network.features);
        let shape = Shape::new(self.network.replicas, batch, 1);
        let targets = self.program.index_tensor(format!("{part}.targets"), shape);
        let tensors = [
            ("images", data.images),
            ("labels", data.labels),
            ("batch_indices", data.batch_indices),
            ("step", data.step),
            ("x", x),
            ("targets", targets),
        ];
        let dispatch = self.dispatch(part, &gather::KERNEL, Activation::Identity, &tensors)?;
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
        Ok((self.dispatch(place, &matmul_nn::KERNEL, identity, &tensors)?, x))
    }

    /// Adds the loss of some logits and returns the dispatch and the logits' gradient.
    pub(super) fn loss(
        &mut self,
        part: &str,
        data: &DataBuffers,
        (logits, targets): (TensorId, TensorId),
    ) -> Result<(Dispatch, TensorId)> {
        let shape = self.program.spec(logits).shape;
        let d_logits = self.tensor(format!("{part}.d_logits"), shape.rows, shape.cols);
        let tensors = [
            ("logits", logits),
            ("targets", targets),
            ("d_logits", d_logits),
            ("losses", data.losses),
            ("correct", data.correct),
            ("step", data.step),
        ];
        let kernel = &softmax_cross_entropy::KERNEL;
        Ok((self.dispatch(part, kernel, Activation::Identity, &tensors)?, d_logits))
    }
}
