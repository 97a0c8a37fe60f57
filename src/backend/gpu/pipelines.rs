//! Compute pipelines, each compiled once for all programs of a backend.

use super::Gpu;
use super::faults::guarded;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::contract::{Access, Contract};
use crate::kernels::shader::Shader;
use crate::record::ShaderRecord;
use std::collections::HashMap;
use std::rc::Rc;

/// A shader ready to be dispatched.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) shader: Shader,
    pub(super) compiled: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
}

/// Kernel and activation; none where the kernel has no activation.
type Key = (&'static str, Option<Activation>);

/// All pipelines of a backend, and the variants that its programs get.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipelines {
    all: HashMap<Key, Rc<Pipeline>>,
    variants: HashMap<&'static str, String>,
}

impl Pipelines {
    /// Whether a variant of a kernel is compiled.
    pub(super) fn has(&self, contract: &Contract, variant: &str, activation: Activation) -> bool {
        let pipeline = self.all.get(&key(contract, activation));
        pipeline.is_some_and(|pipeline| pipeline.shader.variant == variant)
    }

    /// The variant that programs get of a kernel, once it is known.
    pub(super) fn variant(&self, contract: &Contract) -> Option<&str> {
        self.variants.get(contract.name).map(String::as_str)
    }

    /// Notes the variant that programs get of a kernel.
    pub(super) fn note_variant(&mut self, contract: &Contract, variant: String) {
        self.variants.insert(contract.name, variant);
    }

    /// Forgets which variant programs get of a kernel: another was chosen.
    pub(super) fn forget_variant(&mut self, contract: &Contract) {
        self.variants.remove(contract.name);
    }

    /// Compiles the shaders again whose text has changed: `read` gives what stands there now. Where
    /// one is wrong, some may have been compiled before it.
    pub(super) fn renew(
        &mut self,
        gpu: &Gpu,
        read: impl Fn(&Shader) -> Result<Shader>,
    ) -> Result<()> {
        for pipeline in self.all.values_mut() {
            let shader = read(&pipeline.shader)?;
            if shader.text != pipeline.shader.text {
                *pipeline = Rc::new(compile(gpu, shader)?);
            }
        }
        Ok(())
    }

    /// Compiles a shader; it takes the place of an earlier variant.
    pub(super) fn compile(
        &mut self,
        gpu: &Gpu,
        activation: Activation,
        shader: Shader,
    ) -> Result<()> {
        let key = key(shader.contract, activation);
        self.all.insert(key, Rc::new(compile(gpu, shader)?));
        Ok(())
    }

    /// A pipeline that was compiled.
    pub(super) fn get(&self, contract: &Contract, activation: Activation) -> Result<Rc<Pipeline>> {
        let missing = || Error::Device(format!("{} was not compiled", contract.name));
        self.all.get(&key(contract, activation)).cloned().ok_or_else(missing)
    }

    /// Which shaders these are, in a fixed order.
    pub(super) fn records(&self) -> Vec<ShaderRecord> {
        let record = |pipeline: &Rc<Pipeline>| ShaderRecord {
            kernel: pipeline.shader.contract.name.to_owned(),
            variant: pipeline.shader.variant.clone(),
            activation: pipeline.shader.activation.map(|known| known.name().to_owned()),
            tunables: pipeline.shader.tuned(),
            sha256: pipeline.shader.hash(),
        };
        let mut records: Vec<_> = self.all.values().map(record).collect();
        records.sort();
        records
    }
}

fn key(contract: &Contract, activation: Activation) -> Key {
    (contract.name, contract.activation.then_some(activation))
}

fn compile(gpu: &Gpu, shader: Shader) -> Result<Pipeline> {
    let label = shader.label();
    let device = &gpu.device;
    let what = || format!("the shader {label} could not be compiled");
    let (compiled, layout) = guarded(device, what, || {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(&label),
            source: wgpu::ShaderSource::Wgsl(shader.text.as_str().into()),
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(&label),
            entries: &layout_entries(shader.contract),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(&label),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let compiled = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&label),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        (compiled, layout)
    })?;
    Ok(Pipeline { shader, compiled, layout })
}

/// The bindings as the contract has them: an unused one does not change the layout.
fn layout_entries(contract: &Contract) -> Vec<wgpu::BindGroupLayoutEntry> {
    let storage =
        |access: Access| wgpu::BufferBindingType::Storage { read_only: access == Access::Read };
    let operands = contract.operands.iter().map(|operand| storage(operand.access));
    let types = std::iter::once(wgpu::BufferBindingType::Uniform).chain(operands);
    let entry = |(binding, ty): (usize, wgpu::BufferBindingType)| wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    };
    types.enumerate().map(entry).collect()
}
