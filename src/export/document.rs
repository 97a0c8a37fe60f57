//! A lowered program in the export format.

use super::format::{
    BufferDocument, DataRange, DispatchDocument, PassDocument, PipelineDocument, ProgramDocument,
    Requires, TensorDocument, UploadDocument,
};
use crate::error::{Error, Result};
use crate::lowering::{BindingType, Lowered, LoweredDispatch, LoweredPipeline};
use crate::program::{Dispatch, Program, Upload};
use crate::tensor::Value;
use std::collections::BTreeSet;

/// Bytes of an element.
const ELEMENT: usize = 4;

/// The contents of `data.bin`, as they are collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    /// The contents so far.
    pub(super) bytes: Vec<u8>,
}

impl Data {
    /// Appends bytes.
    pub(super) fn push(&mut self, bytes: impl IntoIterator<Item = u8>) -> DataRange {
        let start = self.bytes.len();
        self.bytes.extend(bytes);
        [start, self.bytes.len() - start]
    }

    /// Appends a tensor's elements.
    pub(super) fn value(&mut self, value: &Value<f32>) -> DataRange {
        match value {
            Value::Real(tensor) => self.push(tensor.data.iter().flat_map(|x| x.to_le_bytes())),
            Value::Index(tensor) => self.push(tensor.data.iter().flat_map(|x| x.to_le_bytes())),
        }
    }

    /// Appends the contents for a tensor.
    pub(super) fn upload(&mut self, upload: &Upload) -> UploadDocument {
        let data = Some(self.value(&upload.value));
        UploadDocument { tensor: upload.tensor.0, data, fill: None }
    }
}

/// A lowered program in the format's types; its `Params` go to `data`.
///
/// # Errors
/// [`Error::Config`] when it has a shader that no browser can run.
pub(super) fn program(
    program: &Program,
    lowered: &Lowered,
    data: &mut Data,
) -> Result<ProgramDocument> {
    let size = |len| ELEMENT * len;
    let buffers = lowered.buffers.iter().map(|buffer| BufferDocument {
        name: buffer.name.clone(),
        element: buffer.element.wgsl(),
        size: size(buffer.len),
    });
    let tensors = lowered.tensors.iter().map(|spec| TensorDocument {
        name: spec.name.clone(),
        buffer: spec.buffer.0,
        offset: spec.offset,
        shape: [spec.shape.replicas, spec.shape.rows, spec.shape.cols],
        replica_stride: spec.replica_stride,
    });
    let passes = program.passes.iter().zip(&lowered.passes).map(|(pass, lowered)| PassDocument {
        name: pass.name,
        dispatches: pass.dispatches.iter().zip(lowered).map(dispatch).collect(),
    });
    Ok(ProgramDocument {
        requires: requires(lowered)?,
        buffers: buffers.collect(),
        tensors: tensors.collect(),
        pipelines: lowered.pipelines.iter().map(pipeline).collect(),
        params: data.push(lowered.params.iter().copied()),
        passes: passes.collect(),
    })
}

/// A dispatch, with its lowered form.
fn dispatch((dispatch, lowered): (&Dispatch, &LoweredDispatch)) -> DispatchDocument {
    let contract = &dispatch.kernel.contract;
    let operands = contract.operands.iter().zip(&dispatch.tensors);
    let parameters = contract.parameters.iter().zip(&dispatch.parameters);
    let tensors = lowered.tensors.iter();
    DispatchDocument {
        label: dispatch.label.clone(),
        pipeline: lowered.pipeline,
        workgroups: lowered.workgroups,
        params: [lowered.params.offset, lowered.params.size],
        bindings: tensors.map(|(buffer, range)| (buffer.0, range.offset, range.size)).collect(),
        kernel: contract.name,
        activation: contract.activation.then(|| dispatch.activation.name()),
        tensors: operands.map(|(operand, id)| (operand.name, id.0)).collect(),
        parameters: parameters.map(|(known, &value)| (known.name, f64::from(value))).collect(),
    }
}

/// A pipeline. Tint needs an `enable` that naga does without.
pub(super) fn pipeline(lowered: &LoweredPipeline) -> PipelineDocument {
    let layout = lowered.layout.iter().map(|binding| match binding {
        BindingType::Uniform => "uniform",
        BindingType::ReadOnlyStorage => "read-only-storage",
        BindingType::Storage => "storage",
    });
    let enable = if lowered.requires.subgroups { "enable subgroups;\n" } else { "" };
    PipelineDocument {
        label: lowered.label.clone(),
        layout: layout.collect(),
        wgsl: format!("{enable}{}", lowered.wgsl),
    }
}

/// What a program requires of a device.
///
/// # Errors
/// [`Error::Config`] when WebGPU does not offer it.
fn requires(lowered: &Lowered) -> Result<Requires> {
    let mut requires = Requires::default();
    for pipeline in &lowered.pipelines {
        if pipeline.requires.cooperative_matrix.is_some() {
            return Err(Error::Config(format!(
                "{}: WebGPU has no cooperative matrices; choose another variant, or --precision f32",
                pipeline.label
            )));
        }
        let own = pipeline_requires(pipeline);
        own.limits.into_iter().for_each(|(name, value)| at_least(&mut requires, name, value));
        if requires.features.is_empty() {
            requires.features = own.features;
        }
    }
    for buffer in &lowered.buffers {
        at_least(&mut requires, "maxBufferSize", (ELEMENT * buffer.len) as u64);
    }
    for (_, range) in lowered.passes.iter().flatten().flat_map(|dispatch| &dispatch.tensors) {
        at_least(&mut requires, "maxStorageBufferBindingSize", range.size);
    }
    requires.subgroup_size = subgroup_size(&lowered.pipelines)?;
    Ok(requires)
}

/// A subgroup size with which all pipelines run; none if it does not matter to any.
fn subgroup_size(pipelines: &[LoweredPipeline]) -> Result<Option<u32>> {
    let particular = pipelines.iter().map(|pipeline| &pipeline.requires);
    let particular: Vec<_> =
        particular.filter(|requires| !requires.subgroup_sizes.is_empty()).collect();
    let Some(first) = particular.first() else { return Ok(None) };
    let suits =
        |size: &&u32| particular.iter().all(|requires| requires.subgroup_sizes.contains(size));
    first.subgroup_sizes.iter().find(suits).copied().map(Some).ok_or_else(|| {
        let lanes: BTreeSet<_> = particular.iter().map(|requires| requires.lanes()).collect();
        Error::Config(format!(
            "one variant is made for subgroups of {} lanes: choose variants for the same subgroup size",
            Vec::from_iter(lanes).join(" lanes, another for ")
        ))
    })
}

/// Raises a limit to at least this.
fn at_least(requires: &mut Requires, name: &'static str, value: u64) {
    let known = requires.limits.entry(name).or_insert(0);
    *known = value.max(*known);
}

/// What a pipeline requires of a device.
pub(super) fn pipeline_requires(pipeline: &LoweredPipeline) -> Requires {
    let [x, y, z] = pipeline.workgroup_size.map(u64::from);
    let limits = [
        ("maxStorageBuffersPerShaderStage", pipeline.layout.len() as u64 - 1),
        ("maxComputeInvocationsPerWorkgroup", x * y * z),
        ("maxComputeWorkgroupSizeX", x),
        ("maxComputeWorkgroupSizeY", y),
        ("maxComputeWorkgroupSizeZ", z),
        ("maxComputeWorkgroupStorageSize", pipeline.workgroup_memory.into()),
    ];
    Requires {
        features: if pipeline.requires.subgroups { vec!["subgroups"] } else { Vec::new() },
        limits: limits.into(),
        subgroup_size: pipeline.requires.subgroup_sizes.first().copied(),
    }
}
