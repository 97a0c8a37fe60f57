//! Networks as files that run without this crate or wgpu: the lowered program, the initial contents of the
//! device, how passes are run, and what the first steps must give. [`mod@format`] defines the format, and
//! `docs/program-format.md` documents it. [`conformance`] has the kernels' cases as data instead, and
//! [`page`] the page that checks them in a browser.

pub mod catalogue;
pub mod conformance;
mod document;
pub mod format;
pub mod page;
mod references;

use crate::choice::choice;
use crate::error::{Error, Result};
use crate::files;
use crate::kernels::capabilities::AdapterCapabilities;
use crate::kernels::cooperative::Cooperative;
use crate::kernels::histogram;
use crate::lowering::shaders::Lowering;
use crate::model::{DataBuffers, Model, Probe};
use crate::program::{TensorId, Upload};
use crate::train::{Plan, data_set, initial_state, training_order};
use document::Data;
use format::{
    BatchRing, DataFile, Document, EvaluateLoop, HistoryRing, Loops, ParameterDocument, ProbeLoop,
    ProbedLayerDocument, TrainLoop, UploadDocument, Uploads, VERSION,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

choice! {
    /// What the variants are chosen for.
    pub enum Target as "target" {
        /// Any browser with WebGPU: default limits, no subgroup operations.
        Browser = "browser",
        /// The variants that this machine's adapter runs.
        Adapter = "adapter",
    }
}

/// The name of the file with the numbers.
const DATA: &str = "data.bin";

/// The name of the file that describes them.
const PROGRAM: &str = "program.json";

/// What every WebGPU device can do: the default limits, with no assumption about subgroups.
pub const BROWSER: AdapterCapabilities = AdapterCapabilities {
    hardware: false,
    cheap_barriers: false,
    subgroups: false,
    subgroup_size: (0, 0),
    invocations: 256,
    workgroup_size: [256, 256, 64],
    workgroup_memory: 16_384,
    cooperative: Cooperative::NONE,
};

/// The most bytes that a browser binds by default: WebGPU's `maxStorageBufferBindingSize`.
const BROWSER_BINDING: usize = 128 << 20;

/// A network as two files.
#[derive(Clone, Debug)]
pub struct Export {
    /// The contents of `program.json`.
    pub document: Document,
    /// The contents of `data.bin`.
    pub data: Vec<u8>,
}

impl Export {
    /// A network with the shaders of `lowering`, which were chosen for `target`, and the results of its first
    /// `reference_steps`.
    ///
    /// # Errors
    /// Those of [`Plan::unfused`] and [`Lowering::lower`]; [`Error::Config`] when it has a shader that no
    /// browser can run, or a tensor that none can bind.
    pub fn new(
        plan: &Plan<'_>,
        lowering: &mut Lowering,
        target: &'static str,
        reference_steps: usize,
    ) -> Result<Self> {
        let Plan { experiment, data: set, .. } = *plan;
        if target == Target::Browser.name() {
            plan.network().check_parameters(BROWSER_BINDING, "a browser")?;
        }
        let model = plan.unfused()?.fused(&lowering.fusion()?)?;
        if target == Target::Browser.name() {
            model.program.check_sizes(BROWSER_BINDING, "a browser")?;
        }
        let lowered = lowering.lower(&model.program)?;
        let mut data = Data::default();
        let program = document::program(&model.program, &lowered, &mut data)?;
        let (state, fixed) = (initial_state(&model, experiment), data_set(&model, set));
        let refills = experiment.steps.div_ceil(model.network.order_slots()).max(1);
        let orders = (0..refills).map(|one| training_order(&model, experiment.seed, one));
        let orders: Vec<_> = orders.collect();
        let all = state.iter().chain(&fixed).chain(orders.first());
        let all: Vec<Upload> = all.cloned().collect();
        let references = references::references(&model, &all, reference_steps)?;
        let uploads = Uploads {
            state: state_uploads(&model, &state, &mut data),
            data: fixed.iter().map(|upload| data.upload(upload)).collect(),
        };
        let refills = orders.iter().map(|order| data.value(&order.value)).collect();
        let loops = loops(&model, experiment.steps, refills);
        let words = serde_json::to_value(experiment);
        let document = Document {
            format: "normlab program",
            version: VERSION,
            name: plan.name(),
            normlab: env!("CARGO_PKG_VERSION"),
            target,
            experiment: words.map_err(|error| Error::Config(error.to_string()))?,
            data: DataFile {
                file: DATA,
                bytes: data.bytes.len(),
                sha256: files::sha256(&data.bytes),
            },
            program,
            roles: roles(&model),
            parameters: parameters(&model),
            state: model.state().into_iter().map(|id| id.0).collect(),
            uploads,
            loops,
            references,
        };
        Ok(Self { document, data: data.bytes })
    }

    /// The document as text.
    ///
    /// # Errors
    /// [`Error::Config`] when it cannot be written as JSON: a mistake in its types.
    pub fn json(&self) -> Result<String> {
        json(&self.document, "the program")
    }

    /// Writes both files into the folder `<folder>/<network>`, each whole or not at all, the document last: until
    /// then, an older document's checksum shows that the data do not belong to it.
    ///
    /// # Errors
    /// [`Error::File`] when they cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let folder = folder.join(&self.document.name);
        fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
        let json = self.json()?;
        for (name, bytes) in [(DATA, self.data.as_slice()), (PROGRAM, json.as_bytes())] {
            let file = folder.join(name);
            files::replace(&file, bytes).map_err(|error| Error::file("write", &file, error))?;
        }
        Ok(())
    }
}

/// A value as JSON; `what` names it in the error.
///
/// # Errors
/// [`Error::Config`] when it cannot be written: a mistake in its types.
pub fn json(value: &impl Serialize, what: &str) -> Result<String> {
    let text = serde_json::to_string(value);
    text.map_err(|error| Error::Config(format!("cannot write {what} as JSON: {error}")))
}

/// The initial contents of all tensors that a training changes; those not given are zero.
fn state_uploads(model: &Model, given: &[Upload], data: &mut Data) -> Vec<UploadDocument> {
    let zero = |id: TensorId| UploadDocument { tensor: id.0, data: None, fill: Some(0) };
    let others = model.state().into_iter().chain([model.train.losses, model.train.correct]);
    let others = others.filter(|id| given.iter().all(|upload| upload.tensor != *id));
    let given = given.iter().map(|upload| data.upload(upload));
    given.chain(others.map(zero)).collect()
}

/// How the passes of a network are run.
fn loops(model: &Model, steps: usize, refills: Vec<format::DataRange>) -> Loops {
    Loops {
        train: train_loop(model, steps, refills),
        evaluate: evaluate_loop(model),
        probe: model.probe.as_ref().map(|probe| probe_loop(model, probe)),
    }
}

fn train_loop(model: &Model, steps: usize, refills: Vec<format::DataRange>) -> TrainLoop {
    let DataBuffers { batch_indices, losses, correct, .. } = model.train;
    let network = &model.network;
    TrainLoop {
        passes: model.step_passes().iter().map(|pass| pass.0).collect(),
        steps,
        batch: network.batch,
        batch_indices: BatchRing { tensor: batch_indices.0, slots: network.order_slots(), refills },
        history: HistoryRing { losses: losses.0, correct: correct.0, slots: network.history },
    }
}

fn evaluate_loop(model: &Model) -> EvaluateLoop {
    let DataBuffers { step, losses, correct, .. } = model.test;
    let network = &model.network;
    let examples = network.test_examples as f64;
    EvaluateLoop {
        before: vec![UploadDocument { tensor: step.0, data: None, fill: Some(0) }],
        passes: vec![model.evaluate.0],
        times: network.test_chunks(),
        losses: losses.0,
        correct: correct.0,
        // A chunk's loss is the mean over all its rows, including those without an example.
        loss_factor: network.test_batch as f64 / examples,
        accuracy_factor: 1.0 / examples,
        outputs: model.test_outputs.0,
    }
}

fn probe_loop(model: &Model, probe: &Probe) -> ProbeLoop {
    let parameter = |place: usize| f64::from(histogram::KERNEL.contract.parameters[place].default);
    let (per_unit, first) = (parameter(0), parameter(1));
    let hidden = probe.hidden.iter().map(|layer| ProbedLayerDocument {
        counts: layer.counts.0,
        stats: layer.stats.0,
        outputs: layer.outputs.0,
        outputs_in_training: layer.outputs_in_training.map(|id| id.0),
    });
    let bins = |layer: &crate::model::ProbedLayer| model.program.spec(layer.counts).shape.cols - 2;
    let bins = probe.hidden.first().map_or(histogram::USUAL_SLOTS - 2, bins);
    ProbeLoop {
        passes: vec![probe.pass.0, probe.digits.0],
        range: [first / per_unit, (first + bins as f64) / per_unit],
        hidden: hidden.collect(),
    }
}

fn parameters(model: &Model) -> Vec<ParameterDocument> {
    let document = |parameter: &crate::model::Parameter| ParameterDocument {
        name: parameter.name.clone(),
        layer: parameter.layer + 1,
        value: parameter.value.0,
        gradient: parameter.gradient.0,
    };
    model.parameters.iter().map(document).collect()
}

/// Tensors by their roles.
fn roles(model: &Model) -> BTreeMap<String, usize> {
    let mut roles = BTreeMap::from([("learning_rate".to_owned(), model.learning_rate.0)]);
    for (part, feed) in [("train", model.train), ("test", model.test)] {
        let DataBuffers { images, labels, batch_indices, step, losses, correct } = feed;
        let all = [
            ("images", images),
            ("labels", labels),
            ("batch_indices", batch_indices),
            ("step", step),
            ("losses", losses),
            ("correct", correct),
        ];
        roles.extend(all.map(|(name, id)| (format!("{part}.{name}"), id.0)));
    }
    roles.extend(model.named_weights().into_iter().map(|(name, id)| (name, id.0)));
    let gradients = model.parameters.iter();
    roles.extend(gradients.map(|one| (format!("d_{}", one.name), one.gradient.0)));
    let optimizer = model.optimizer_state.iter();
    roles.extend(optimizer.map(|id| (model.program.spec(*id).name.clone(), id.0)));
    if let Some(probe) = &model.probe {
        roles.insert("probe.batch_indices".to_owned(), probe.batch_indices.0);
        roles.insert("digits.batch_indices".to_owned(), probe.digits_indices.0);
    }
    roles
}

/// Checks, before anything is computed, that an export may go to `folder`.
///
/// # Errors
/// [`Error::Config`] when it is not empty and `force` is not given.
pub fn check_free(folder: &Path, force: bool) -> Result<()> {
    let holds = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if folder.is_file() || holds && !force {
        return Err(Error::Config(format!(
            "{} already exists; name another folder, or replace its contents with --force",
            folder.display()
        )));
    }
    Ok(())
}
