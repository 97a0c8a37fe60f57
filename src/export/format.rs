//! The format of `program.json`, as `docs/program-format.md` tells it: what serde writes, and nothing that
//! computes.

use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the format. A reader refuses any other.
pub const VERSION: u32 = 1;

/// A part of `data.bin`: where it begins and how long it is, in bytes.
pub type DataRange = [usize; 2];

/// The place of a tensor in [`ProgramDocument::tensors`].
pub type TensorIndex = usize;

/// A whole `program.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// Always `normlab program`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The network, as `sigmoid-batch`.
    pub name: String,
    /// The version of the crate that wrote it.
    pub normlab: &'static str,
    /// What its variants were chosen for.
    pub target: &'static str,
    /// The experiment with all of its keys.
    pub experiment: serde_json::Value,
    /// The file beside this one.
    pub data: DataFile,
    /// The program itself.
    #[serde(flatten)]
    pub program: ProgramDocument,
    /// Tensors by what they are for.
    pub roles: BTreeMap<String, TensorIndex>,
    /// The network's parameters, from the first layer to the last.
    pub parameters: Vec<ParameterDocument>,
    /// What a training goes on from.
    pub state: Vec<TensorIndex>,
    /// What to put into tensors at first: the state, and what stays as it is.
    pub uploads: Uploads,
    /// How to train, evaluate and probe.
    pub loops: Loops,
    /// What the first steps give, from the exact engine.
    pub references: Vec<ReferenceDocument>,
}

/// What an executor needs to run the passes of a program.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramDocument {
    /// What it asks of a device.
    pub requires: Requires,
    /// Memory.
    pub buffers: Vec<BufferDocument>,
    /// Where in it tensors lie.
    pub tensors: Vec<TensorDocument>,
    /// What dispatches run.
    pub pipelines: Vec<PipelineDocument>,
    /// The contents of the one uniform buffer.
    pub params: DataRange,
    /// What is run together, by place.
    pub passes: Vec<PassDocument>,
}

/// The file with the numbers.
#[derive(Clone, Debug, Serialize)]
pub struct DataFile {
    /// Its name, beside `program.json`.
    pub file: &'static str,
    /// Its length.
    pub bytes: usize,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// What a device must have.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Requires {
    /// Features in WebGPU's words.
    pub features: Vec<&'static str>,
    /// Limits in WebGPU's words, as far as the program makes use of them.
    pub limits: BTreeMap<&'static str, u64>,
    /// Lanes that each subgroup must have; null where that is all one.
    pub subgroup_size: Option<u32>,
}

/// A storage buffer.
#[derive(Clone, Debug, Serialize)]
pub struct BufferDocument {
    /// Its name, for people.
    pub name: String,
    /// `f32` or `u32`.
    pub element: &'static str,
    /// Its length in bytes.
    pub size: usize,
}

/// A tensor in a buffer. Lengths are in elements of four bytes.
#[derive(Clone, Debug, Serialize)]
pub struct TensorDocument {
    /// Its name.
    pub name: String,
    /// The place of its buffer.
    pub buffer: usize,
    /// Where its first replica begins.
    pub offset: usize,
    /// `[replicas, rows, cols]`.
    pub shape: [usize; 3],
    /// From one replica to the next.
    pub replica_stride: usize,
}

/// A compute pipeline with the entry point `main`.
#[derive(Clone, Debug, Serialize)]
pub struct PipelineDocument {
    /// Kernel and variant, for people.
    pub label: String,
    /// Its bindings in group 0, from 0 on: `uniform`, `read-only-storage`, `storage`.
    pub layout: Vec<&'static str>,
    /// The whole shader.
    pub wgsl: String,
}

/// Dispatches that run one after another.
#[derive(Clone, Debug, Serialize)]
pub struct PassDocument {
    /// Its name.
    pub name: &'static str,
    /// Its dispatches.
    pub dispatches: Vec<DispatchDocument>,
}

/// One dispatch, as a GPU runs it and as its kernel's formula reads it.
#[derive(Clone, Debug, Serialize)]
pub struct DispatchDocument {
    /// What it is for.
    pub label: String,
    /// The place of its pipeline.
    pub pipeline: usize,
    /// Workgroups on each axis.
    pub workgroups: [u32; 3],
    /// Binding 0: offset and size in the uniform buffer, in bytes.
    pub params: [u64; 2],
    /// The bindings from 1 on: buffer, and offset and size in it, in bytes.
    pub bindings: Vec<(usize, u64, u64)>,
    /// The kernel.
    pub kernel: &'static str,
    /// Its activation, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<&'static str>,
    /// Its tensors by the names of its operands.
    pub tensors: BTreeMap<&'static str, TensorIndex>,
    /// Its numbers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<&'static str, f64>,
}

/// A parameter of the network, and its gradient.
#[derive(Clone, Debug, Serialize)]
pub struct ParameterDocument {
    /// Its name, as `layer1.weight`.
    pub name: String,
    /// Its layer, counted from 1.
    pub layer: usize,
    /// Its values.
    pub value: TensorIndex,
    /// The gradient of the loss with respect to it.
    pub gradient: TensorIndex,
}

/// What is put into tensors before the first step.
#[derive(Clone, Debug, Serialize)]
pub struct Uploads {
    /// What a training changes: to start it again, put this there again.
    pub state: Vec<UploadDocument>,
    /// What it does not change.
    pub data: Vec<UploadDocument>,
}

/// What a tensor is to hold: its elements, replica after replica without gaps; or one number all over.
#[derive(Clone, Debug, Serialize)]
pub struct UploadDocument {
    /// The tensor.
    pub tensor: TensorIndex,
    /// Its elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataRange>,
    /// The number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<u32>,
}

/// How passes are run.
#[derive(Clone, Debug, Serialize)]
pub struct Loops {
    /// Training.
    pub train: TrainLoop,
    /// An evaluation.
    pub evaluate: EvaluateLoop,
    /// A probe; null where the layers are not probed.
    pub probe: Option<ProbeLoop>,
}

/// One training step is all passes once.
#[derive(Clone, Debug, Serialize)]
pub struct TrainLoop {
    /// The passes of a step, in order.
    pub passes: Vec<usize>,
    /// The experiment's steps.
    pub steps: usize,
    /// Examples of a batch.
    pub batch: usize,
    /// Which examples steps see.
    pub batch_indices: BatchRing,
    /// What steps leave.
    pub history: HistoryRing,
}

/// The ring of batches: see [`TrainLoop`].
#[derive(Clone, Debug, Serialize)]
pub struct BatchRing {
    /// The ring.
    pub tensor: TensorIndex,
    /// Batches that it holds.
    pub slots: usize,
    /// What it is filled with again and again, one after another.
    pub refills: Vec<DataRange>,
}

/// The rings of losses and of counts: see [`TrainLoop`].
#[derive(Clone, Debug, Serialize)]
pub struct HistoryRing {
    /// Mean losses.
    pub losses: TensorIndex,
    /// How many examples were classified correctly.
    pub correct: TensorIndex,
    /// Steps that they hold.
    pub slots: usize,
}

/// An evaluation of the test set.
#[derive(Clone, Debug, Serialize)]
pub struct EvaluateLoop {
    /// What is put into tensors before.
    pub before: Vec<UploadDocument>,
    /// The passes.
    pub passes: Vec<usize>,
    /// How many times they are run.
    pub times: usize,
    /// Losses of the chunks.
    pub losses: TensorIndex,
    /// Of each chunk, how many examples are classified correctly.
    pub correct: TensorIndex,
    /// Their sum times this is the mean loss.
    pub loss_factor: f64,
    /// Their sum times this is the accuracy.
    pub accuracy_factor: f64,
    /// The last hidden layer's outputs for the last chunk.
    pub outputs: TensorIndex,
}

/// A look into the layers.
#[derive(Clone, Debug, Serialize)]
pub struct ProbeLoop {
    /// The passes, each run once.
    pub passes: Vec<usize>,
    /// Where the first and the last inner bin of the counts begin and end.
    pub range: [f64; 2],
    /// The hidden layers.
    pub hidden: Vec<ProbedLayerDocument>,
}

/// What is found of a hidden layer.
#[derive(Clone, Debug, Serialize)]
pub struct ProbedLayerDocument {
    /// How many inputs to the activation lie in each bin; the first and the last are for what lies outside.
    pub counts: TensorIndex,
    /// Rows: mean, deviation, smallest, largest, share outside of where the sigmoid bends, of each unit.
    pub stats: TensorIndex,
    /// Outputs for an image of each class, with running statistics.
    pub outputs: TensorIndex,
    /// The same with the statistics of the probed training images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs_in_training: Option<TensorIndex>,
}

/// What a training step gives, counted from 1.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceDocument {
    /// The step.
    pub step: usize,
    /// The mean loss of each replica.
    pub losses: Vec<Sample>,
    /// The gradients of all parameters, all replicas of each together.
    pub gradients: Vec<GradientReference>,
}

/// A number, and how far from it one may be.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// The number; null where it is not finite.
    pub value: f64,
    /// How far one may be from it.
    pub tolerance: f64,
}

/// What a gradient is.
#[derive(Clone, Debug, Serialize)]
pub struct GradientReference {
    /// The parameter's name.
    pub parameter: String,
    /// The gradient's root mean square.
    pub rms: Sample,
    /// How far an element may be from its value.
    pub tolerance: f64,
    /// Places in row-major order, and what stands there.
    pub elements: Vec<(usize, f64)>,
}
