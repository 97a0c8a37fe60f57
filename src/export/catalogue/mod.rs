//! Many networks as one document, which a page carries so that its reader can choose.
//!
//! An activation is only source appended to a shader, and the initial contents of the device are not part of a
//! program, so neither needs an entry of its own. The structure, which does not depend on sizes, is stored once
//! for all networks that are built alike; each shader and each `Params` is stored once.
//! `assets/page/lesson/catalogue.js` reassembles a program.

mod checked;
mod combination;
mod distinct;

pub use checked::Start;
pub use combination::Combination;

use super::document::{Data, program};
use super::format::{
    DispatchDocument, Loops, ParameterDocument, PipelineDocument, ProgramDocument, Requires,
    TensorIndex,
};
use super::{json, loops, parameters, roles};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::selection::Selection;
use crate::lowering::shaders::Lowering;
use crate::model::{Model, Network};
use crate::train::Plan;
use checked::CheckedStart;
use distinct::Distinct;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// The activation that entries are made with; others replace it in the shader sources.
const ACTIVATION: Activation = Activation::Sigmoid;

/// Networks, each as numbers for a structure.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Catalogue {
    /// The source that each activation appends to a shader.
    activations: BTreeMap<&'static str, &'static str>,
    /// Shaders by their sources, without their activation.
    pipelines: Distinct<String, Pipeline>,
    /// The contents of `Params`, as words.
    params: Distinct<Vec<u32>, Vec<u32>>,
    /// Structures by their JSON.
    structures: Distinct<String, Structure>,
    entries: Vec<Entry>,
    references: Vec<CheckedStart>,
}

/// A shader of the catalogue.
#[derive(Clone, Debug, Serialize)]
struct Pipeline {
    #[serde(flatten)]
    document: PipelineDocument,
    /// Whether an activation is appended to the source.
    activated: bool,
}

/// What networks that are built alike have in common, whatever their sizes.
#[derive(Clone, Debug, Serialize)]
struct Structure {
    /// Name and element of each buffer.
    buffers: Vec<(String, &'static str)>,
    /// Name and buffer of each tensor.
    tensors: Vec<(String, usize)>,
    passes: Vec<(&'static str, Vec<LabelledDispatch>)>,
    roles: BTreeMap<String, TensorIndex>,
    parameters: Vec<ParameterDocument>,
    state: Vec<TensorIndex>,
}

/// The label of a dispatch, and its tensors in the order of the bindings from 1 on.
type LabelledDispatch = (String, Vec<TensorIndex>);

/// A network: its numbers for a structure.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    #[serde(flatten)]
    combination: Combination,
    structure: usize,
    requires: Requires,
    /// The size of each buffer in bytes.
    buffers: Vec<usize>,
    /// Offset, rows, columns and replica stride of each tensor; all have one replica.
    tensors: Vec<[usize; 4]>,
    /// Pipeline, `Params` and workgroups of each dispatch of all passes.
    dispatches: Vec<(usize, usize, [u32; 3])>,
    loops: Loops,
    network: Sizes,
}

/// What is needed to make a network's data, initial weights and orders of examples.
#[derive(Clone, Debug, Serialize)]
struct Sizes {
    features: usize,
    classes: usize,
    train_examples: usize,
    test_examples: usize,
    test_batch: usize,
    epochs_per_order: usize,
    probe_images: usize,
}

impl Sizes {
    fn of(network: &Network) -> Self {
        Self {
            features: network.features,
            classes: network.classes,
            train_examples: network.train_examples,
            test_examples: network.test_examples,
            test_batch: network.test_batch,
            epochs_per_order: network.epochs_per_order,
            probe_images: network.probe_images,
        }
    }
}

impl Catalogue {
    /// The networks of these combinations, trained on `data`, with the shipped shaders for any browser, and the
    /// results of the first steps of some of their trainings.
    ///
    /// # Errors
    /// Those of [`super::Export::new`].
    pub fn new(combinations: &[Combination], starts: &[Start], data: &Dataset) -> Result<Self> {
        let mut catalogue = Self::default();
        let activations = Activation::ALL.iter();
        catalogue.activations = activations.map(|one| (one.name(), one.shader())).collect();
        let mut lowering = Lowering::new(Selection::new(super::BROWSER));
        for combination in combinations {
            catalogue.add(*combination, data, &mut lowering)?;
        }
        let checked = starts.par_iter().map(|start| CheckedStart::new(start, data));
        catalogue.references = checked.collect::<Result<_>>()?;
        Ok(catalogue)
    }

    fn add(
        &mut self,
        combination: Combination,
        data: &Dataset,
        lowering: &mut Lowering,
    ) -> Result<()> {
        let experiment = combination.experiment(ACTIVATION);
        let plan = Plan {
            experiment: &experiment,
            activation: ACTIVATION,
            norm: combination.norm,
            data,
            verify: false,
        };
        let model = plan.unfused()?.fused(&lowering.fusion()?)?;
        let lowered = lowering.lower(&model.program)?;
        let mut bytes = Data::default();
        let document = program(&model.program, &lowered, &mut bytes)?;
        let (start, length) = (document.params[0], document.params[1]);
        let params = &bytes.bytes[start..start + length];
        let operands: Vec<Vec<TensorIndex>> = model
            .program
            .passes
            .iter()
            .flat_map(|pass| &pass.dispatches)
            .map(|dispatch| dispatch.tensors.iter().map(|id| id.0).collect())
            .collect();
        let dispatches = self.dispatches(&document, params);
        let entry = Entry {
            combination,
            structure: self.structure(&model, &document, operands)?,
            requires: document.requires,
            buffers: document.buffers.iter().map(|buffer| buffer.size).collect(),
            tensors: document
                .tensors
                .iter()
                .map(|one| [one.offset, one.shape[1], one.shape[2], one.replica_stride])
                .collect(),
            dispatches,
            loops: loops(&model, experiment.steps, Vec::new()),
            network: Sizes::of(&model.network),
        };
        self.entries.push(entry);
        Ok(())
    }

    /// The dispatches of a program, whose shaders and `Params` are added if they are new.
    fn dispatches(
        &mut self,
        document: &ProgramDocument,
        params: &[u8],
    ) -> Vec<(usize, usize, [u32; 3])> {
        let pipelines: Vec<usize> =
            document.pipelines.iter().map(|pipeline| self.pipeline(pipeline)).collect();
        let all = document.passes.iter().flat_map(|pass| &pass.dispatches);
        let dispatch = |dispatch: &DispatchDocument| {
            let [offset, size] = dispatch.params.map(|bytes| bytes as usize);
            let words = params[offset..offset + size].chunks_exact(4);
            let words = words.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            let words: Vec<u32> = words.collect();
            let place = self.params.place(words.clone(), words);
            (pipelines[dispatch.pipeline], place, dispatch.workgroups)
        };
        all.map(dispatch).collect()
    }

    /// The index of a shader.
    fn pipeline(&mut self, pipeline: &PipelineDocument) -> usize {
        let own = pipeline.wgsl.strip_suffix(ACTIVATION.shader());
        let document =
            PipelineDocument { wgsl: own.unwrap_or(&pipeline.wgsl).to_owned(), ..pipeline.clone() };
        let activated = own.is_some();
        self.pipelines.place(document.wgsl.clone(), Pipeline { document, activated })
    }

    /// The index of a program's structure.
    fn structure(
        &mut self,
        model: &Model,
        document: &ProgramDocument,
        operands: Vec<Vec<TensorIndex>>,
    ) -> Result<usize> {
        let mut operands = operands.into_iter();
        let passes = document.passes.iter().map(|pass| {
            let labels = pass.dispatches.iter().map(|dispatch| dispatch.label.clone());
            (pass.name, labels.zip(&mut operands).collect())
        });
        let structure = Structure {
            buffers: document.buffers.iter().map(|one| (one.name.clone(), one.element)).collect(),
            tensors: document.tensors.iter().map(|one| (one.name.clone(), one.buffer)).collect(),
            passes: passes.collect(),
            roles: roles(model),
            parameters: parameters(model),
            state: model.state().into_iter().map(|id| id.0).collect(),
        };
        let key = json(&structure, "the catalogue")?;
        Ok(self.structures.place(key, structure))
    }
}
