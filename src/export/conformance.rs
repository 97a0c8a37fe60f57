//! The kernels' cases as data, with their twins' results, for a page that checks the kernels in a browser just
//! as `normlab check` does here.

use super::document::{self, Data};
use super::format::{DataRange, PipelineDocument, Requires};
use crate::check::{Reference, Trial, elements};
use crate::compare;
use crate::error::{Error, Result};
use crate::isolated::CANARY;
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::contract::{Access, Operand};
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::lowering::Lowered;
use crate::program::{Dispatch, TensorId};
use crate::tensor::Value;
use serde::Serialize;
use std::collections::HashMap;
use std::rc::Rc;

/// The initial value of elements that a kernel must write: a NaN that nothing computes.
const UNWRITTEN: u32 = 0x7FDE_AD01;

/// The most elements in a case's tensors: the page contains all of them.
const MOST_ELEMENTS: usize = 16_000;

/// Everything that is checked.
#[derive(Clone, Debug, Serialize)]
pub struct Suite {
    /// The version of the crate.
    pub normlab: &'static str,
    /// The value of guard words.
    pub canary: u32,
    /// The initial value of elements that must be written.
    pub unwritten: u32,
    /// The pipelines, and what each requires of a device.
    pub pipelines: Vec<(PipelineDocument, Requires)>,
    /// The kernels.
    pub kernels: Vec<KernelDocument>,
}

/// A kernel.
#[derive(Clone, Debug, Serialize)]
pub struct KernelDocument {
    /// Its name.
    pub name: &'static str,
    /// The names of its variants.
    pub variants: Vec<String>,
    /// Its cases.
    pub cases: Vec<CaseDocument>,
}

/// A case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseDocument {
    /// Its sizes and inputs in words.
    pub label: String,
    /// The contents of the uniform buffer.
    pub params: DataRange,
    /// The tensors, from binding 1 on, each in its own buffer.
    pub tensors: Vec<OperandDocument>,
    /// How each variant runs it, in their order; null where it cannot.
    pub runs: Vec<Option<RunDocument>>,
}

/// How a variant runs a case.
#[derive(Clone, Debug, Serialize)]
pub struct RunDocument {
    /// The index of its pipeline.
    pub pipeline: usize,
    /// Workgroups along each axis.
    pub workgroups: [u32; 3],
}

/// A tensor of a case. Lengths are in elements.
#[derive(Clone, Debug, Serialize)]
pub struct OperandDocument {
    /// Its name.
    pub name: &'static str,
    /// `f32` or `u32`.
    pub element: &'static str,
    /// `[replicas, rows, cols]`.
    pub shape: [usize; 3],
    /// From one replica to the next.
    pub replica_stride: usize,
    /// The length of its buffer, with guard words.
    pub length: usize,
    /// Its contents before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<DataRange>,
    /// What it must hold afterwards; none if it must not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<ExpectedDocument>,
}

/// What a tensor must hold, with the leeway of [`crate::leeway`]. Numbers are f64.
#[derive(Clone, Debug, Serialize)]
pub struct ExpectedDocument {
    /// The twin's result.
    pub reference: DataRange,
    /// How far off an element may be.
    pub tolerance: f64,
    /// The twin's result if denormal inputs are flushed to 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flushed: Option<DataRange>,
    /// A byte for each element: whether it depends on an input that is not finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resting: Option<DataRange>,
    /// How many inputs are not finite.
    pub not_finite: usize,
}

impl Suite {
    /// The suite of kernels with their cases, and its data. Variants that no browser can run and large cases are
    /// left out.
    ///
    /// # Errors
    /// Those of [`Library::shader`].
    pub fn new(
        library: &Library,
        checked: &[(&'static Kernel, Vec<Case>)],
    ) -> Result<(Self, Vec<u8>)> {
        let mut builder =
            Builder { library, data: Data::default(), pipelines: Pipelines::default() };
        let kernels = checked.iter().map(|one| builder.kernel(one)).collect::<Result<_>>()?;
        let suite = Self {
            normlab: env!("CARGO_PKG_VERSION"),
            canary: CANARY,
            unwritten: UNWRITTEN,
            pipelines: builder.pipelines.documents,
            kernels,
        };
        Ok((suite, builder.data.bytes))
    }
}

/// Pipelines by kernel, variant and activation.
#[derive(Default)]
struct Pipelines {
    known: HashMap<(&'static str, String, Option<Activation>), usize>,
    documents: Vec<(PipelineDocument, Requires)>,
}

struct Builder<'a> {
    library: &'a Library,
    data: Data,
    pipelines: Pipelines,
}

impl Builder<'_> {
    fn kernel(&mut self, (kernel, cases): &(&'static Kernel, Vec<Case>)) -> Result<KernelDocument> {
        let (kernel, tried) = (*kernel, cases);
        let mut variants = Vec::new();
        for variant in self.library.variants(kernel)? {
            let shader = self.library.shader(kernel, &variant, Activation::default())?;
            if shader.requires.cooperative_matrix.is_none() {
                variants.push(variant);
            }
        }
        let mut cases = Vec::new();
        for case in tried {
            if elements(kernel, &case.sizes(&kernel.contract)?) <= MOST_ELEMENTS {
                cases.push(self.case(kernel, case, &variants)?);
            }
        }
        Ok(KernelDocument { name: kernel.name(), variants, cases })
    }

    fn case(
        &mut self,
        kernel: &'static Kernel,
        case: &Case,
        variants: &[String],
    ) -> Result<CaseDocument> {
        let trial = Trial::new(kernel, case)?;
        let dispatch = trial.isolated().dispatch();
        let (mut params, mut runs) = (None, Vec::new());
        for variant in variants {
            let shader = Rc::new(self.library.shader(kernel, variant, case.activation)?);
            let lowered = match Lowered::new(trial.isolated().program(), &[Rc::clone(&shader)]) {
                Ok(lowered) => lowered,
                // Too many workgroups.
                Err(Error::Shape(_)) => {
                    runs.push(None);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let run = &lowered.passes[0][0];
            let known = (kernel.name(), variant.clone(), shader.activation);
            let Pipelines { known: places, documents } = &mut self.pipelines;
            let pipeline = *places.entry(known).or_insert_with(|| {
                let pipeline = &lowered.pipelines[0];
                documents
                    .push((document::pipeline(pipeline), document::pipeline_requires(pipeline)));
                documents.len() - 1
            });
            runs.push(Some(RunDocument { pipeline, workgroups: run.workgroups }));
            if params.is_none() {
                let size = run.params.size as usize;
                params = Some(self.data.push(lowered.params[..size].iter().copied()));
            }
        }
        let label = case.describe();
        let tensors = self.operands(&trial, dispatch);
        Ok(CaseDocument { label, params: params.unwrap_or_default(), tensors, runs })
    }

    fn operands(&mut self, trial: &Trial, dispatch: &Dispatch) -> Vec<OperandDocument> {
        let reference = Reference::of(dispatch, trial.inputs(), Precision::F32);
        let mut expected = reference.operands();
        let program = trial.isolated().program();
        let operands = dispatch.kernel.contract.operands.iter();
        let operands = operands.zip(&dispatch.tensors).zip(trial.inputs());
        let document = |((operand, id), input): ((&Operand, &TensorId), &Option<Value<f32>>)| {
            let spec = program.spec(*id);
            let expected = match operand.access {
                Access::Read => None,
                _ => expected.next(),
            };
            OperandDocument {
                name: operand.name,
                element: operand.element.wgsl(),
                shape: [spec.shape.replicas, spec.shape.rows, spec.shape.cols],
                replica_stride: spec.replica_stride,
                length: program.buffers[spec.buffer.0].len,
                input: input.as_ref().map(|value| self.data.value(value)),
                expected: expected.map(|(exact, cost, leeway)| ExpectedDocument {
                    reference: exact_value(&mut self.data, exact),
                    tolerance: compare::tolerance(exact, cost, dispatch.tolerance_factor()),
                    flushed: leeway
                        .flushed
                        .as_ref()
                        .map(|value| exact_value(&mut self.data, value)),
                    resting: leeway.resting.contains(&true).then(|| {
                        self.data.push(leeway.resting.iter().map(|rests| u8::from(*rests)))
                    }),
                    not_finite: leeway.not_finite,
                }),
            }
        };
        operands.map(document).collect()
    }
}

/// Appends a tensor as f64, NaN included.
fn exact_value(data: &mut Data, value: &Value<f64>) -> DataRange {
    data.push((0..value.shape().len()).flat_map(|at| value.widened(at).to_le_bytes()))
}
