//! A program's memory on the device, and the submission of its work.
//!
//! Many steps go into one submit. A submit is kept to about [`SUBMIT_TIME`], so that no watchdog
//! resets the device, and [`IN_FLIGHT`] submits are kept queued, so that the device does not wait for
//! the host.

use super::device::Gpu;
use super::faults::guarded;
use super::pipelines::Pipeline;
use super::submissions::{Submission, Submissions};
use super::timing::Stopwatch;
use crate::backend::{HandedOver, Session, Ticket, Timing, cpu};
use crate::error::{Error, Result};
use crate::kernels::precision::Precision;
use crate::program::{BufferSpec, Dispatch, PassId, Program, TensorId, TensorSpec};
use crate::tensor::{Element, Tensor, Value};
use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// About how long one submit may keep the device busy.
pub(super) const SUBMIT_TIME: Duration = Duration::from_millis(50);

/// Submits that may wait for the device at a time.
pub(super) const IN_FLIGHT: usize = 2;

/// Bytes between the uniforms of two dispatches: WebGPU's coarsest alignment.
const UNIFORM_ALIGNMENT: usize = 256;

/// A dispatch with all that its encoding needs.
#[derive(Debug)]
pub(super) struct Ready {
    pipeline: Rc<Pipeline>,
    bindings: wgpu::BindGroup,
    grid: [u32; 3],
}

/// A copy on its way to the host.
#[derive(Debug)]
struct Reading {
    tensor: TensorId,
    asked: Instant,
    staging: wgpu::Buffer,
    submission: Submission,
    mapped: Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
}

/// A submit that the device has not finished, as far as is known.
#[derive(Debug)]
pub(super) struct Submitted {
    submission: Submission,
    start: Instant,
    passes: Vec<PassId>,
    rounds: usize,
}

/// A program with its memory on the device.
#[derive(Debug)]
pub(super) struct GpuSession {
    pub(super) gpu: Gpu,
    tensors: Vec<TensorSpec>,
    elements: Vec<Element>,
    buffers: Vec<wgpu::Buffer>,
    pub(super) passes: Vec<Vec<Ready>>,
    readings: HashMap<Ticket, Reading>,
    tickets: u64,
    submissions: Submissions,
    handed_over: Cell<HandedOver>,
    pub(super) in_flight: VecDeque<Submitted>,
    /// Rounds that fit into one submit, learned apart for each sequence of passes: a chunk of an
    /// evaluation may take a hundred times as long as a step of training.
    rounds_per_submit: HashMap<Vec<PassId>, usize>,
    last_finished: Instant,
    /// Where the device has timestamps.
    pub(super) stopwatch: Option<Stopwatch>,
    /// What was timed last, and seconds of one round of it.
    pub(super) timed: Option<(Vec<PassId>, f64)>,
}

impl GpuSession {
    /// A program whose dispatches run these pipelines, in its order; all tensors are zero.
    pub(super) fn new(gpu: Gpu, program: &Program, pipelines: Vec<Rc<Pipeline>>) -> Result<Self> {
        let buffers = program.buffers.iter().map(|spec| buffer(&gpu, spec));
        let buffers = buffers.collect::<Result<Vec<_>>>()?;
        let uniforms = uniforms(&gpu, program)?;
        let mut pipelines = pipelines.into_iter().enumerate();
        let mut passes = Vec::new();
        for pass in &program.passes {
            let mut ready = Vec::new();
            for (dispatch, (number, pipeline)) in pass.dispatches.iter().zip(&mut pipelines) {
                let grid = pipeline.shader.grid(&dispatch.sizes)?;
                let entries = entries(program, dispatch, &buffers, (&uniforms, number));
                let what = || format!("{} could not be bound", dispatch.label);
                let bindings = guarded(&gpu.device, what, || {
                    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                        label: Some(&dispatch.label),
                        layout: &pipeline.layout,
                        entries: &entries,
                    })
                })?;
                ready.push(Ready { pipeline, bindings, grid });
            }
            passes.push(ready);
        }
        let elements = (0..program.tensors.len()).map(|id| program.element(TensorId(id))).collect();
        Ok(Self {
            stopwatch: Stopwatch::new(&gpu)?,
            gpu,
            tensors: program.tensors.clone(),
            elements,
            buffers,
            passes,
            readings: HashMap::new(),
            tickets: 0,
            submissions: Submissions::default(),
            handed_over: Cell::default(),
            in_flight: VecDeque::new(),
            rounds_per_submit: HashMap::new(),
            last_finished: Instant::now(),
            timed: None,
        })
    }

    /// Runs other pipelines from now on, in the order of the program's dispatches. Bindings stay: a
    /// kernel's contract makes them, whatever its shader is.
    pub(super) fn refit(&mut self, program: &Program, pipelines: Vec<Rc<Pipeline>>) -> Result<()> {
        let dispatches = program.passes.iter().flat_map(|pass| &pass.dispatches);
        let all = self.passes.iter_mut().flatten().zip(dispatches).zip(pipelines);
        for ((ready, dispatch), pipeline) in all {
            ready.grid = pipeline.shader.grid(&dispatch.sizes)?;
            ready.pipeline = pipeline;
        }
        // The first round of a pipeline compiles it.
        self.timed = None;
        Ok(())
    }

    /// Encodes and submits dispatches in one compute pass, with timestamps around it if there is a
    /// stopwatch.
    pub(super) fn submit<'a>(
        &self,
        dispatches: impl Iterator<Item = &'a Ready>,
        stopwatch: Option<&Stopwatch>,
    ) -> Result<Submission> {
        let start = Instant::now();
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: stopwatch.map(Stopwatch::writes),
        });
        let mut pipelines: Vec<Rc<Pipeline>> = Vec::new();
        let mut handed_over = self.handed_over.get();
        for ready in dispatches {
            handed_over.dispatches += 1;
            if !pipelines.iter().any(|known| Rc::ptr_eq(known, &ready.pipeline)) {
                pipelines.push(Rc::clone(&ready.pipeline));
            }
            let [x, y, z] = ready.grid;
            pass.set_pipeline(&ready.pipeline.compiled);
            pass.set_bind_group(0, &ready.bindings, &[]);
            pass.dispatch_workgroups(x, y, z);
        }
        drop(pass);
        if let Some(stopwatch) = stopwatch {
            stopwatch.resolve(&mut encoder);
        }
        let commands = encoder.finish();
        handed_over.submits += 1;
        handed_over.encoding += start.elapsed();
        self.handed_over.set(handed_over);
        self.submissions.submit(&self.gpu, commands, pipelines)
    }

    pub(super) fn wait(&self, submission: &Submission) -> Result<()> {
        self.submissions.wait(&self.gpu, submission)
    }

    /// Waits for the oldest submit and learns from it how long a round takes.
    pub(super) fn finish_oldest(&mut self) -> Result<()> {
        let Some(oldest) = self.in_flight.pop_front() else { return Ok(()) };
        self.wait(&oldest.submission)?;
        let took = oldest.start.max(self.last_finished).elapsed();
        self.last_finished = Instant::now();
        let round = took.as_secs_f64() / oldest.rounds as f64;
        let fitting = (SUBMIT_TIME.as_secs_f64() / round.max(1e-6)) as usize;
        // The first round of a pipeline compiles it: grow step by step towards what fits.
        let rounds = self.rounds_per_submit.entry(oldest.passes).or_insert(1);
        *rounds = fitting.clamp(1, 2 * *rounds);
        Ok(())
    }
}

impl Session for GpuSession {
    fn write(&mut self, tensor: TensorId, value: &Value<f32>) -> Result<()> {
        let spec = &self.tensors[tensor.0];
        if spec.shape != value.shape() || self.elements[tensor.0] != value.element() {
            return Err(cpu::mismatch(spec, value.shape()));
        }
        let bytes: &[u8] = match value {
            Value::Real(tensor) => bytemuck::cast_slice(&tensor.data),
            Value::Index(tensor) => bytemuck::cast_slice(&tensor.data),
        };
        let buffer = &self.buffers[spec.buffer.0];
        for (replica, part) in bytes.chunks(4 * spec.shape.matrix_len()).enumerate() {
            let offset = 4 * (spec.offset + replica * spec.replica_stride) as u64;
            self.gpu.queue.write_buffer(buffer, offset, part);
        }
        self.gpu.faults.look()
    }

    fn run(&mut self, passes: &[PassId], times: usize) -> Result<()> {
        let mut left = times;
        while left > 0 {
            let rounds = left.min(self.rounds_per_submit.get(passes).copied().unwrap_or(1));
            let start = Instant::now();
            let round = || passes.iter().flat_map(|pass| &self.passes[pass.0]);
            let submission = self.submit((0..rounds).flat_map(|_| round()), None)?;
            let passes = passes.to_vec();
            self.in_flight.push_back(Submitted { submission, start, passes, rounds });
            left -= rounds;
            if self.in_flight.len() > IN_FLIGHT {
                self.finish_oldest()?;
            }
        }
        self.gpu.faults.look()
    }

    fn run_dispatch(&mut self, pass: PassId, dispatch: usize) -> Result<()> {
        self.submit(std::iter::once(&self.passes[pass.0][dispatch]), None)?;
        self.gpu.faults.look()
    }

    fn precision(&self, pass: PassId, dispatch: usize) -> Precision {
        self.passes[pass.0][dispatch].pipeline.shader.precision()
    }

    fn time(&mut self, passes: &[PassId], times: usize) -> Result<Timing> {
        self.timed_rounds(passes, times)
    }

    fn handed_over(&self) -> HandedOver {
        self.handed_over.get()
    }

    fn request(&mut self, tensor: TensorId) -> Result<Ticket> {
        let spec = &self.tensors[tensor.0];
        let (offset, size) = (4 * spec.offset as u64, 4 * spec.span() as u64);
        let what = || format!("reading {} {}", spec.name, spec.shape);
        let staging = guarded(&self.gpu.device, what, || {
            self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(&spec.name),
                size,
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        })?;
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.buffers[spec.buffer.0], offset, &staging, 0, size);
        let submission = self.submissions.submit(&self.gpu, encoder.finish(), Vec::new())?;
        let (sender, mapped) = channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone when the session is: nobody wants the value then.
            let _ = sender.send(result);
        });
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.readings
            .insert(ticket, Reading { tensor, asked: Instant::now(), staging, submission, mapped });
        self.gpu.faults.look().map(|()| ticket)
    }

    fn receive(&mut self, ticket: Ticket) -> Result<Value<f32>> {
        let used = || Error::Device(format!("the value of ticket {} was taken before", ticket.0));
        let reading = self.readings.remove(&ticket).ok_or_else(used)?;
        self.wait(&reading.submission)?;
        // What was submitted before is done, too; by now its time says nothing about its length.
        self.in_flight.retain(|submitted| submitted.start > reading.asked);
        let spec = &self.tensors[reading.tensor.0];
        let failed = |why: String| Error::Device(format!("{} could not be read: {why}", spec.name));
        let mapped = reading.mapped.recv().map_err(|error| failed(error.to_string()))?;
        mapped.map_err(|error| failed(error.to_string()))?;
        let bytes = reading.staging.get_mapped_range(..).map_err(|e| failed(e.to_string()))?;
        let local = TensorSpec { offset: 0, ..spec.clone() };
        Ok(match self.elements[reading.tensor.0] {
            Element::F32 => Value::Real(decode(&local, &bytes)),
            Element::U32 => Value::Index(decode(&local, &bytes)),
        })
    }
}

fn decode<T: bytemuck::Pod>(spec: &TensorSpec, bytes: &[u8]) -> Tensor<T> {
    cpu::extract(spec, &bytemuck::pod_collect_to_vec::<u8, T>(bytes))
}

fn buffer(gpu: &Gpu, spec: &BufferSpec) -> Result<wgpu::Buffer> {
    let size = 4 * spec.len as u64;
    let what = || format!("the buffer {} of {} MiB could not be had", spec.name, size >> 20);
    guarded(&gpu.device, what, || {
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(&spec.name),
            size,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    })
}

/// The `Params` of all dispatches, in one buffer.
fn uniforms(gpu: &Gpu, program: &Program) -> Result<wgpu::Buffer> {
    let dispatches = program.passes.iter().flat_map(|pass| &pass.dispatches);
    let mut bytes = Vec::new();
    for dispatch in dispatches {
        bytes.extend(params(program, dispatch));
        bytes.resize(bytes.len().next_multiple_of(UNIFORM_ALIGNMENT), 0);
    }
    let size = bytes.len().max(UNIFORM_ALIGNMENT) as u64;
    let what = || "the parameters of the dispatches could not be stored".to_owned();
    let buffer = guarded(&gpu.device, what, || {
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    })?;
    gpu.queue.write_buffer(&buffer, 0, &bytes);
    Ok(buffer)
}

/// One dispatch's `Params`: sizes, strides, parameters, as `shader::params_fields` names them.
fn params(program: &Program, dispatch: &Dispatch) -> Vec<u8> {
    let operands = dispatch.contract.operands.iter().zip(&dispatch.tensors);
    let strided = operands.filter(|(operand, _)| operand.strided);
    let strides = strided.map(|(_, &id)| program.stride(id) as u32);
    let sizes = dispatch.sizes.values().iter().map(|&size| size as u32);
    let words = sizes.chain(strides).chain(dispatch.parameters.iter().map(|p| p.to_bits()));
    words.flat_map(u32::to_ne_bytes).collect()
}

fn entries<'a>(
    program: &Program,
    dispatch: &Dispatch,
    buffers: &'a [wgpu::Buffer],
    (uniforms, number): (&'a wgpu::Buffer, usize),
) -> Vec<wgpu::BindGroupEntry<'a>> {
    let binding = |buffer, offset: usize, len: usize| {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer,
            offset: offset as u64,
            size: wgpu::BufferSize::new(len as u64),
        })
    };
    let length = params(program, dispatch).len().next_multiple_of(16);
    let params = binding(uniforms, number * UNIFORM_ALIGNMENT, length);
    let operands = dispatch.tensors.iter().map(|&id| {
        let spec = program.spec(id);
        binding(&buffers[spec.buffer.0], 4 * spec.offset, 4 * (spec.span() + spec.guard))
    });
    let resources = std::iter::once(params).chain(operands);
    let entry = |(binding, resource)| wgpu::BindGroupEntry { binding: binding as u32, resource };
    resources.enumerate().map(entry).collect()
}
