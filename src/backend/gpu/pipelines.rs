//! Compute pipelines, each compiled once for all programs of a device, several at a time.

use super::device::Gpu;
use super::device_errors::with_error_scopes;
use super::warm_up::warm_up;
use crate::error::Result;
use crate::kernels::precision::Precision;
use crate::lowering::{BindingType, LoweredPipeline};
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A pipeline ready to be dispatched.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) label: String,
    pub(super) precision: Precision,
    pub(super) compiled: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
}

/// The pipelines of a device. Copies share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipelines(Rc<RefCell<HashMap<LoweredPipeline, Rc<Pipeline>>>>);

impl Pipelines {
    /// Pipelines in their order. What is not yet compiled is, on all cores.
    ///
    /// # Errors
    /// The first in their order.
    pub(super) fn prepare(
        &self,
        gpu: &Gpu,
        wanted: &[LoweredPipeline],
    ) -> Result<Vec<Rc<Pipeline>>> {
        let mut known = self.0.borrow_mut();
        let new: Vec<_> = wanted.iter().filter(|one| !known.contains_key(*one)).collect();
        let compiled: Vec<_> = new.par_iter().map(|one| compile(gpu, one)).collect();
        for (one, compiled) in new.into_iter().zip(compiled) {
            known.insert(one.clone(), Rc::new(compiled?));
        }
        Ok(wanted.iter().filter_map(|one| known.get(one).cloned()).collect())
    }

    /// Forgets what no session runs: it may be of texts that are no more.
    pub(super) fn forget_unused(&self) {
        self.0.borrow_mut().retain(|_, pipeline| Rc::strong_count(pipeline) > 1);
    }
}

fn compile(gpu: &Gpu, lowered: &LoweredPipeline) -> Result<Pipeline> {
    let LoweredPipeline { label, wgsl, layout: bindings, precision, ships, .. } = lowered;
    let device = &gpu.device;
    let what = || format!("the shader {label} could not be compiled");
    let (compiled, layout) = with_error_scopes(device, what, || {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(label),
            source: wgpu::ShaderSource::Wgsl(wgsl.as_str().into()),
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(label),
            entries: &layout_entries(bindings),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(label),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let compiled = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(label),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            // The texts that a user changes would only make the cache grow.
            cache: gpu.pipeline_cache.as_ref().filter(|_| *ships),
        });
        (compiled, layout)
    })?;
    // Only software waits in the driver.
    if gpu.only_when_idle {
        warm_up(gpu, &compiled, &layout, bindings.len())?;
    }
    Ok(Pipeline { label: label.clone(), precision: *precision, compiled, layout })
}

/// The bindings as the contract has them: an unused one does not change the layout.
fn layout_entries(bindings: &[BindingType]) -> Vec<wgpu::BindGroupLayoutEntry> {
    let entry = |(binding, ty): (usize, &BindingType)| wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty: match ty {
                BindingType::Uniform => wgpu::BufferBindingType::Uniform,
                BindingType::ReadOnlyStorage => {
                    wgpu::BufferBindingType::Storage { read_only: true }
                }
                BindingType::Storage => wgpu::BufferBindingType::Storage { read_only: false },
            },
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    bindings.iter().enumerate().map(entry).collect()
}
