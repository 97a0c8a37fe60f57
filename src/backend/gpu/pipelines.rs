//! Compute pipelines, each compiled once for all programs of a backend, several at a time.

use super::device::Gpu;
use super::faults::guarded;
use super::settle::settle;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::contract::{Access, Contract};
use crate::kernels::library::Library;
use crate::kernels::setting::{Setting, ShapeClass};
use crate::kernels::shader::Shader;
use crate::program::{Dispatch, Program};
use crate::record::ShaderRecord;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A shader ready to be dispatched.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) shader: Shader,
    pub(super) compiled: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
}

/// What a pipeline is made from.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    contract: &'static Contract,
    /// None where the kernel has no activation.
    activation: Option<Activation>,
    setting: Setting,
}

/// Kernel, activation and setting.
type Key = (&'static str, Option<Activation>, Setting);

impl Recipe {
    /// That of a dispatch with its setting.
    pub(super) fn of(dispatch: &Dispatch, setting: Setting) -> Self {
        let contract = dispatch.contract;
        let activation = contract.activation.then_some(dispatch.activation);
        Self { contract, activation, setting }
    }

    fn key(&self) -> Key {
        (self.contract.name, self.activation, self.setting.clone())
    }

    /// The same with the activation of a program's dispatches that was read from the same file later.
    fn or_newer(mut self, program: &Program) -> Self {
        let dispatches = program.passes.iter().flat_map(|pass| &pass.dispatches);
        let newest =
            |old| dispatches.fold(old, |old: Activation, one| old.or_newer(one.activation));
        self.activation = self.activation.map(newest);
        self
    }

    /// Its shader as it stands in the library now.
    pub(super) fn shader(&self, library: &Library) -> Result<Shader> {
        library.set_shader(self.contract, &self.setting, self.activation.unwrap_or_default())
    }
}

/// Reads the shader of a recipe, which the adapter can run.
pub(super) type Read<'a> = &'a (dyn Fn(&Recipe) -> Result<Shader> + Sync);

/// A pipeline that programs use, and the classes of shapes that they use it for.
#[derive(Clone, Debug)]
struct Used {
    recipe: Recipe,
    pipeline: Rc<Pipeline>,
    classes: BTreeSet<ShapeClass>,
}

/// The pipelines of a backend, and those that its programs use.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipelines {
    /// Shared with backends that try other settings on the same device.
    compiled: Rc<RefCell<HashMap<Key, Rc<Pipeline>>>>,
    used: HashMap<Key, Used>,
}

impl Pipelines {
    /// The same pipelines for a backend whose programs are its own.
    pub(super) fn shared(&self) -> Self {
        Self { compiled: Rc::clone(&self.compiled), used: HashMap::new() }
    }

    /// The pipelines for dispatches of these recipes and shapes, in their order. What is not yet compiled
    /// is, on all cores.
    ///
    /// # Errors
    /// The first in the order of the dispatches.
    pub(super) fn prepare(
        &mut self,
        gpu: &Gpu,
        wanted: Vec<(Recipe, ShapeClass)>,
        read: Read<'_>,
    ) -> Result<Vec<Rc<Pipeline>>> {
        let mut compiled = self.compiled.borrow_mut();
        let mut missing = HashSet::new();
        let recipes = wanted.iter().map(|(recipe, _)| recipe);
        let new = |one: &&Recipe| !compiled.contains_key(&one.key()) && missing.insert(one.key());
        let new: Vec<_> = recipes.filter(new).cloned().collect();
        let made = compile_all(gpu, &new, read)?;
        compiled.extend(new.iter().map(Recipe::key).zip(made.into_iter().map(Rc::new)));
        let mut pipelines = Vec::new();
        for (recipe, class) in wanted {
            let key = recipe.key();
            let missing = || Error::Device(format!("{} was not compiled", recipe.contract.name));
            let pipeline = compiled.get(&key).cloned().ok_or_else(missing)?;
            pipelines.push(Rc::clone(&pipeline));
            let new = || Used { recipe, pipeline, classes: BTreeSet::new() };
            self.used.entry(key).or_insert_with(new).classes.insert(class);
        }
        Ok(pipelines)
    }

    /// Compiles the shaders in use again whose text has changed, with the activations of `program`.
    /// Nothing changes where one is wrong.
    pub(super) fn renew(&mut self, gpu: &Gpu, program: &Program, read: Read<'_>) -> Result<()> {
        let mut used = HashMap::new();
        for mut one in self.used.values().cloned() {
            one.recipe = one.recipe.or_newer(program);
            let shader = read(&one.recipe)?;
            if shader.text != one.pipeline.shader.text {
                one.pipeline = Rc::new(compile(gpu, shader)?);
            }
            used.insert(one.recipe.key(), one);
        }
        let compiled = used.iter().map(|(key, one)| (key.clone(), Rc::clone(&one.pipeline)));
        // What is not in use may be of texts that are no more.
        self.compiled = Rc::new(RefCell::new(compiled.collect()));
        self.used = used;
        Ok(())
    }

    /// Forgets that programs use a kernel: another setting of it was chosen.
    pub(super) fn forget(&mut self, contract: &Contract) {
        self.used.retain(|(kernel, ..), _| *kernel != contract.name);
    }

    /// Which shaders programs use, in a fixed order. Where a kernel is used with several settings, each
    /// has the classes of shapes that it is used for.
    pub(super) fn records(&self) -> Vec<ShaderRecord> {
        let place = |key: &Key| (key.0, key.1);
        let record = |(key, used): (&Key, &Used)| {
            let several = self.used.keys().filter(|other| place(other) == place(key)).count() > 1;
            let shapes = used.classes.iter().filter(|_| several);
            let shader = &used.pipeline.shader;
            ShaderRecord {
                kernel: shader.contract.name.to_owned(),
                variant: shader.variant.clone(),
                activation: shader.activation.map(|known| known.name().to_owned()),
                tunables: shader.tuned(),
                shapes: shapes.map(ShapeClass::to_string).collect(),
                sha256: shader.hash(),
            }
        };
        let mut records: Vec<_> = self.used.iter().map(record).collect();
        records.sort();
        records
    }
}

/// Reads and compiles shaders on all cores; they keep their order.
fn compile_all(gpu: &Gpu, recipes: &[Recipe], read: Read<'_>) -> Result<Vec<Pipeline>> {
    let made: Vec<OnceLock<_>> = recipes.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((recipe, made)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            recipes.get(at).zip(made.get(at))
        } {
            made.get_or_init(|| read(recipe).and_then(|shader| compile(gpu, shader)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(recipes.len());
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    made.into_iter().filter_map(OnceLock::into_inner).collect()
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
            // The texts that a user changes would only make the cache grow.
            cache: gpu.pipeline_cache.as_ref().filter(|_| shader.ships),
        });
        (compiled, layout)
    })?;
    // Only software waits in the driver.
    if gpu.only_when_idle {
        settle(gpu, &compiled, &layout, 1 + shader.contract.operands.len())?;
    }
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
