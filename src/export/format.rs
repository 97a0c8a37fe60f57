//! The format of `program.json`, documented in `docs/program-format.md`: serde types only, no logic.

use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the format. A reader refuses any other.
pub const VERSION: u32 = 1;

/// A part of `data.bin`: its offset and length in bytes.
pub type DataRange = [usize; 2];

/// The index of a tensor in [`ProgramDocument::tensors`].
pub type TensorIndex = usize;

/// A whole `program.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// Always `normlab program`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The network, e.g. `sigmoid-batch`.
    pub name: String,
    /// The version of the crate that wrote it.
    pub normlab: &'static str,
    /// What its variants were chosen for.
    pub target: &'static str,
    /// The experiment with all of its keys.
    pub experiment: serde_json::Value,
    /// The file with the numbers.
    pub data: DataFile,
    /// The program itself.
    #[serde(flatten)]
    pub program: ProgramDocument,
    /// Tensors by their roles.
    pub roles: BTreeMap<String, TensorIndex>,
    /// The network's parameters, from the first layer to the last.
    pub parameters: Vec<ParameterDocument>,
    /// What a training needs in order to continue.
    pub state: Vec<TensorIndex>,
    /// The initial contents of tensors: the state, and what never changes.
    pub uploads: Uploads,
    /// How to train, evaluate and probe.
    pub loops: Loops,
    /// The results of the first steps, from the reference engine.
    pub references: Vec<ReferenceDocument>,
}

/// What an executor needs to run the passes of a program.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramDocument {
    /// What it requires of a device.
    pub requires: Requires,
    /// Memory.
    pub buffers: Vec<BufferDocument>,
    /// Where tensors are in it.
    pub tensors: Vec<TensorDocument>,
    /// The pipelines that dispatches run.
    pub pipelines: Vec<PipelineDocument>,
    /// The contents of the only uniform buffer.
    pub params: DataRange,
    /// Dispatches that are run together, by index.
    pub passes: Vec<PassDocument>,
}

/// The file with the numbers.
#[derive(Clone, Debug, Serialize)]
pub struct DataFile {
    /// Its name, in the folder of `program.json`.
    pub file: &'static str,
    /// Its length.
    pub bytes: usize,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// What a device must have.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Requires {
    /// Features, by WebGPU's names.
    pub features: Vec<&'static str>,
    /// The limits that the program uses, by WebGPU's names.
    pub limits: BTreeMap<&'static str, u64>,
    /// Lanes that each subgroup must have; null if that does not matter.
    pub subgroup_size: Option<u32>,
}

/// A storage buffer.
#[derive(Clone, Debug, Serialize)]
pub struct BufferDocument {
    /// Its name, for display.
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
    /// The index of its buffer.
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
    /// Kernel and variant, for display.
    pub label: String,
    /// Its bindings in group 0, from 0 on: `uniform`, `read-only-storage`, `storage`.
    pub layout: Vec<&'static str>,
    /// The complete shader.
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
    /// The index of its pipeline.
    pub pipeline: usize,
    /// Workgroups along each axis.
    pub workgroups: [u32; 3],
    /// Binding 0: offset and size in the uniform buffer, in bytes.
    pub params: [u64; 2],
    /// The bindings from 1 on: buffer, and offset and size in it, in bytes.
    pub bindings: Vec<(usize, u64, u64)>,
    /// The kernel.
    pub kernel: &'static str,
    /// Its activation, if it has one.
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
    /// Its name, e.g. `layer1.weight`.
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
    /// What a training changes: upload it again to restart.
    pub state: Vec<UploadDocument>,
    /// What it does not change.
    pub data: Vec<UploadDocument>,
}

/// The contents of a tensor: its elements, replica after replica without gaps, or one number for all of them.
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
    /// A probe; null if the layers are not probed.
    pub probe: Option<ProbeLoop>,
}

/// One training step is all passes once.
#[derive(Clone, Debug, Serialize)]
pub struct TrainLoop {
    /// The passes of a step, in order.
    pub passes: Vec<usize>,
    /// The experiment's steps.
    pub steps: usize,
    /// Examples per batch.
    pub batch: usize,
    /// Which examples steps use.
    pub batch_indices: BatchRing,
    /// What steps record.
    pub history: HistoryRing,
}

/// The ring of batches: see [`TrainLoop`].
#[derive(Clone, Debug, Serialize)]
pub struct BatchRing {
    /// The ring.
    pub tensor: TensorIndex,
    /// Batches that it holds.
    pub slots: usize,
    /// What it is refilled with, one after another, over and over.
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
    /// What is put into tensors first.
    pub before: Vec<UploadDocument>,
    /// The passes.
    pub passes: Vec<usize>,
    /// How many times they are run.
    pub times: usize,
    /// Losses of the chunks.
    pub losses: TensorIndex,
    /// How many examples of each chunk are classified correctly.
    pub correct: TensorIndex,
    /// The sum of the losses times this is the mean loss.
    pub loss_factor: f64,
    /// The sum of `correct` times this is the accuracy.
    pub accuracy_factor: f64,
    /// The last hidden layer's outputs for the last chunk.
    pub outputs: TensorIndex,
}

/// A look into the layers.
#[derive(Clone, Debug, Serialize)]
pub struct ProbeLoop {
    /// The passes, each run once.
    pub passes: Vec<usize>,
    /// Where the first inner bin of the counts begins and the last one ends.
    pub range: [f64; 2],
    /// The hidden layers.
    pub hidden: Vec<ProbedLayerDocument>,
}

/// What a probe finds in a hidden layer.
#[derive(Clone, Debug, Serialize)]
pub struct ProbedLayerDocument {
    /// How many inputs to the activation fall into each bin; the first and the last bin are for those outside.
    pub counts: TensorIndex,
    /// Rows, for each unit: mean, deviation, smallest, largest, share outside the sigmoid's unsaturated range.
    pub stats: TensorIndex,
    /// Outputs for an image of each class, with running statistics.
    pub outputs: TensorIndex,
    /// The same with the statistics of the probed training images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs_in_training: Option<TensorIndex>,
}

/// The results of a training step, counted from 1.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceDocument {
    /// The step.
    pub step: usize,
    /// The mean loss of each replica.
    pub losses: Vec<Sample>,
    /// The gradients of all parameters, all replicas of each together.
    pub gradients: Vec<GradientReference>,
}

/// A number and its tolerance.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// The number; null if it is not finite.
    pub value: f64,
    /// How far a result may be from it.
    pub tolerance: f64,
}

/// Reference values of a gradient.
#[derive(Clone, Debug, Serialize)]
pub struct GradientReference {
    /// The parameter's name.
    pub parameter: String,
    /// The gradient's root mean square.
    pub rms: Sample,
    /// How far an element may be from its value.
    pub tolerance: f64,
    /// Indices in row-major order, each with its element.
    pub elements: Vec<(usize, f64)>,
}
