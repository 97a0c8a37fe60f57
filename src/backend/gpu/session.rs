//! A program's memory on the device, and the submission of its work.
//!
//! Many steps go into one submit. A submit is kept to about [`SUBMIT_TIME`], so that no watchdog
//! resets the device, and [`IN_FLIGHT`] submits are kept queued, so that the device does not wait for
//! the host.

use super::device::Gpu;
use super::device_errors::with_error_scopes;
use super::mapping::Mapping;
use super::pipelines::{Pipeline, Pipelines};
use super::stopwatch::Stopwatch;
use super::submissions::{Submission, Submissions};
use crate::backend::{Session, SubmitStats, Ticket, Timing, twins};
use crate::error::{Error, Result};
use crate::kernels::precision::Precision;
use crate::lowering::{ByteRange, Lowered, LoweredDispatch};
use crate::program::{BufferSpec, PassId, TensorId, TensorSpec};
use crate::tensor::{Element, Tensor, Value};
use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// About how long one submit may keep the device busy.
pub(super) const SUBMIT_TIME: Duration = Duration::from_millis(50);

/// Submits that may wait for the device at a time.
pub(super) const IN_FLIGHT: usize = 2;

/// A dispatch with everything needed to encode it.
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
    submission: Submission,
    mapping: Mapping,
}

/// A submit that the device may not have finished yet.
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
    pipelines: Pipelines,
    program: Lowered,
    buffers: Vec<wgpu::Buffer>,
    pub(super) passes: Vec<Vec<Ready>>,
    readings: HashMap<Ticket, Reading>,
    tickets: u64,
    submissions: Submissions,
    submit_stats: Cell<SubmitStats>,
    pub(super) in_flight: VecDeque<Submitted>,
    /// Rounds that fit into one submit, learned separately for each sequence of passes: a chunk of an
    /// evaluation may take a hundred times as long as a training step.
    rounds_per_submit: HashMap<Vec<PassId>, usize>,
    last_finished: Instant,
    /// Present if the device has timestamps.
    pub(super) stopwatch: Option<Stopwatch>,
    /// The passes that were timed last, and their seconds per round.
    pub(super) timed: Option<(Vec<PassId>, f64)>,
}

impl GpuSession {
    /// A program whose pipelines are taken from these or added to them; all tensors are zero.
    pub(super) fn new(gpu: Gpu, pipelines: Pipelines, program: Lowered) -> Result<Self> {
        let compiled = pipelines.prepare(&gpu, &program.pipelines)?;
        let buffers = program.buffers.iter().map(|spec| buffer(&gpu, spec));
        let buffers = buffers.collect::<Result<Vec<_>>>()?;
        let params = uniform(&gpu, &program.params)?;
        let mut passes = Vec::new();
        for pass in &program.passes {
            let ready = pass.iter().map(|dispatch| {
                let pipeline = Rc::clone(&compiled[dispatch.pipeline]);
                let bindings = bind(&gpu, &pipeline.layout, dispatch, (&params, &buffers))?;
                Ok(Ready { pipeline, bindings, grid: dispatch.workgroups })
            });
            passes.push(ready.collect::<Result<_>>()?);
        }
        Ok(Self {
            stopwatch: Stopwatch::new(&gpu)?,
            gpu,
            pipelines,
            program,
            buffers,
            passes,
            readings: HashMap::new(),
            tickets: 0,
            submissions: Submissions::default(),
            submit_stats: Cell::default(),
            in_flight: VecDeque::new(),
            rounds_per_submit: HashMap::new(),
            last_finished: Instant::now(),
            timed: None,
        })
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
        let mut submit_stats = self.submit_stats.get();
        for ready in dispatches {
            submit_stats.dispatches += 1;
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
        submit_stats.submits += 1;
        submit_stats.encoding += start.elapsed();
        self.submit_stats.set(submit_stats);
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
        // The first round of a pipeline compiles it, so the count at most doubles each time.
        let rounds = self.rounds_per_submit.entry(oldest.passes).or_insert(1);
        *rounds = fitting.clamp(1, 2 * *rounds);
        Ok(())
    }
}

impl Session for GpuSession {
    /// Bindings stay: they follow the kernel's contract, whatever its shader is.
    fn swap_pipelines(&mut self, lowered: Lowered) -> Result<()> {
        let dispatches = lowered.passes.iter().map(Vec::len);
        if !dispatches.eq(self.passes.iter().map(Vec::len)) || lowered.params != self.program.params
        {
            return Err(Error::Device("these pipelines belong to another program".to_owned()));
        }
        let compiled = self.pipelines.prepare(&self.gpu, &lowered.pipelines)?;
        for (ready, dispatch) in
            self.passes.iter_mut().flatten().zip(lowered.passes.iter().flatten())
        {
            ready.grid = dispatch.workgroups;
            ready.pipeline = Rc::clone(&compiled[dispatch.pipeline]);
        }
        self.program = lowered;
        // The first round of a pipeline compiles it.
        self.timed = None;
        Ok(())
    }

    fn write(&mut self, tensor: TensorId, value: &Value<f32>) -> Result<()> {
        let spec = &self.program.tensors[tensor.0];
        if spec.shape != value.shape() || self.program.element(tensor) != value.element() {
            return Err(twins::mismatch(spec, value.shape()));
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
        self.gpu.errors.take_error()
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
        self.gpu.errors.take_error()
    }

    fn run_dispatch(&mut self, pass: PassId, dispatch: usize) -> Result<()> {
        self.submit(std::iter::once(&self.passes[pass.0][dispatch]), None)?;
        self.gpu.errors.take_error()
    }

    fn precision(&self, pass: PassId, dispatch: usize) -> Precision {
        self.passes[pass.0][dispatch].pipeline.precision
    }

    fn time(&mut self, passes: &[PassId], times: usize) -> Result<Timing> {
        self.timed_rounds(passes, times)
    }

    fn submit_stats(&self) -> SubmitStats {
        self.submit_stats.get()
    }

    fn request(&mut self, tensor: TensorId) -> Result<Ticket> {
        let spec = &self.program.tensors[tensor.0];
        let (offset, size) = (4 * spec.offset as u64, 4 * spec.span() as u64);
        let what = || format!("reading {} {}", spec.name, spec.shape);
        let staging = with_error_scopes(&self.gpu.device, what, || {
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
        let mapping = Mapping::of(&staging);
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.readings
            .insert(ticket, Reading { tensor, asked: Instant::now(), submission, mapping });
        self.gpu.errors.take_error().map(|()| ticket)
    }

    fn receive(&mut self, ticket: Ticket) -> Result<Value<f32>> {
        let used =
            || Error::Device(format!("the value of ticket {} has already been read", ticket.0));
        let reading = self.readings.remove(&ticket).ok_or_else(used)?;
        self.wait(&reading.submission)?;
        // Everything submitted before is done too, too late to measure how long it took.
        self.in_flight.retain(|submitted| submitted.start > reading.asked);
        let spec = &self.program.tensors[reading.tensor.0];
        let failed = |why: String| Error::Device(format!("{} could not be read: {why}", spec.name));
        let bytes = reading.mapping.bytes().map_err(failed)?;
        let local = TensorSpec { offset: 0, ..spec.clone() };
        Ok(match self.program.element(reading.tensor) {
            Element::F32 => Value::Real(decode(&local, &bytes)),
            Element::U32 => Value::Index(decode(&local, &bytes)),
        })
    }
}

fn decode<T: bytemuck::Pod>(spec: &TensorSpec, bytes: &[u8]) -> Tensor<T> {
    twins::extract(spec, &bytemuck::pod_collect_to_vec::<u8, T>(bytes))
}

fn buffer(gpu: &Gpu, spec: &BufferSpec) -> Result<wgpu::Buffer> {
    let size = 4 * spec.len as u64;
    let what = || format!("the buffer {} of {} MiB could not be created", spec.name, size >> 20);
    with_error_scopes(&gpu.device, what, || {
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

fn uniform(gpu: &Gpu, bytes: &[u8]) -> Result<wgpu::Buffer> {
    let what = || "the parameters of the dispatches could not be stored".to_owned();
    let buffer = with_error_scopes(&gpu.device, what, || {
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size: bytes.len().max(4) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    })?;
    gpu.queue.write_buffer(&buffer, 0, bytes);
    Ok(buffer)
}

fn bind(
    gpu: &Gpu,
    layout: &wgpu::BindGroupLayout,
    dispatch: &LoweredDispatch,
    (params, buffers): (&wgpu::Buffer, &[wgpu::Buffer]),
) -> Result<wgpu::BindGroup> {
    let resource = |buffer, range: ByteRange| {
        let (offset, size) = (range.offset, wgpu::BufferSize::new(range.size));
        wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size })
    };
    let tensors = dispatch.tensors.iter().map(|(id, range)| resource(&buffers[id.0], *range));
    let resources = std::iter::once(resource(params, dispatch.params)).chain(tensors);
    let entry = |(binding, resource)| wgpu::BindGroupEntry { binding: binding as u32, resource };
    let entries: Vec<_> = resources.enumerate().map(entry).collect();
    let what = || format!("{} could not be bound", dispatch.label);
    with_error_scopes(&gpu.device, what, || {
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&dispatch.label),
            layout,
            entries: &entries,
        })
    })
}
