//! Compute pipelines, each compiled once for all programs of a device, several at a time.

use super::device::Gpu;
use super::device_errors::with_error_scopes;
use super::warm_up::warm_up;
use crate::error::{Error, Result};
use crate::kernels::precision::Precision;
use crate::kernels::wgsl::STACK;
use crate::lowering::{BindingType, LoweredPipeline};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

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
    /// The wanted pipelines, in order. Those not compiled yet are compiled, on all cores.
    ///
    /// # Errors
    /// The first error in that order; [`Error::Stuck`] when the driver does not finish one within the time cap.
    pub(super) fn prepare(
        &self,
        gpu: &Gpu,
        wanted: &[LoweredPipeline],
    ) -> Result<Vec<Rc<Pipeline>>> {
        let mut known = self.0.borrow_mut();
        let new: Vec<_> = wanted.iter().filter(|one| !known.contains_key(*one)).cloned().collect();
        let compiled = compile_all(gpu, &Arc::from(new))?;
        for (one, compiled) in compiled {
            known.insert(one, Rc::new(compiled));
        }
        Ok(wanted.iter().filter_map(|one| known.get(one).cloned()).collect())
    }

    /// Forgets pipelines that no session runs: their sources may no longer exist.
    pub(super) fn forget_unused(&self) {
        self.0.borrow_mut().retain(|_, pipeline| Rc::strong_count(pipeline) > 1);
    }
}

/// Compiles pipelines in separate threads: if the driver never returns, the pipeline is abandoned with its thread.
fn compile_all(
    gpu: &Gpu,
    wanted: &Arc<[LoweredPipeline]>,
) -> Result<Vec<(LoweredPipeline, Pipeline)>> {
    let next = Arc::new(AtomicUsize::new(0));
    let (sender, results) = channel();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
    for _ in 0..threads {
        let (gpu, wanted, next, sender) =
            (gpu.clone(), Arc::clone(wanted), Arc::clone(&next), sender.clone());
        let compile_some = move || {
            while let Some(at) =
                Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&at| at < wanted.len())
            {
                // The receiver is gone once a pipeline has been abandoned.
                if sender.send((at, compile(&gpu, &wanted[at]))).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().stack_size(STACK).spawn(compile_some);
        thread.map_err(|error| Error::Device(format!("cannot start a thread: {error}")))?;
    }
    drop(sender);
    let mut compiled: Vec<Option<Result<Pipeline>>> = wanted.iter().map(|_| None).collect();
    // A thread that panics sends nothing, and the others finish without it.
    while compiled.iter().any(Option::is_none) {
        match results.recv_timeout(gpu.time_cap) {
            Ok((at, result)) => compiled[at] = Some(result),
            Err(_) => {
                let begun = next.load(Ordering::Relaxed);
                let open =
                    wanted.iter().zip(&compiled).take(begun).filter(|(_, one)| one.is_none());
                return Err(given_up(gpu, open.map(|(one, _)| one.label.as_str()).collect()));
            }
        }
    }
    let whole = wanted.iter().cloned().zip(compiled.into_iter().flatten());
    whole.map(|(one, result)| Ok((one, result?))).collect()
}

/// The error for pipelines that the driver has not compiled in time.
fn given_up(gpu: &Gpu, names: BTreeSet<&str>) -> Error {
    gpu.abandon();
    let names = Vec::from_iter(names).join(", ");
    let cap = gpu.time_cap.as_secs_f64();
    Error::Stuck(format!(
        "the driver did not finish compiling {names} within {cap} s: large private arrays and long loops over \
         constants can take very long. Make them smaller, or allow more time with --time-cap SECONDS"
    ))
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
            // Shaders that a user edits would only make the cache grow.
            cache: gpu.pipeline_cache.as_ref().filter(|_| *ships),
        });
        (compiled, layout)
    })?;
    // Only software adapters block in the driver.
    if gpu.only_when_idle {
        warm_up(gpu, &compiled, &layout, bindings.len())?;
    }
    Ok(Pipeline { label: label.clone(), precision: *precision, compiled, layout })
}

/// The bindings of the contract: an unused one does not change the layout.
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
