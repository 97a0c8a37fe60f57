//! Backends run programs. [`gpu`] dispatches the shaders and is the only module that uses wgpu; [`cpu`] has fast
//! kernels of its own; [`interpreter`] runs the shaders on the CPU; [`twins`] is the reference of them all.
//! Everything else sees the two traits below.

pub mod any;
pub mod cpu;
pub mod gpu;
pub mod interpreter;
pub mod measure;
pub mod twins;

use crate::error::Result;
use crate::fusion::Fusion;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::precision::Precision;
use crate::kernels::selection::Selection;
use crate::kernels::setting::Setting;
use crate::lowering::Lowered;
use crate::program::{PassId, Program, TensorId, Upload};
use crate::record::{Adapter, ShaderRecord};
use crate::tensor::Value;
use std::time::{Duration, Instant};

/// Something that can run programs.
pub trait Backend {
    /// What the programs run on.
    fn adapter(&self) -> Adapter;

    /// The most bytes that a tensor may take.
    fn largest_tensor(&self) -> usize {
        usize::MAX
    }

    /// The rules that rewrite programs for it; none where that gains nothing.
    ///
    /// # Errors
    /// When a shader cannot be read.
    fn fusion(&self) -> Result<Fusion> {
        Ok(Fusion::default())
    }

    /// Makes a program ready to run: all tensors are zero.
    ///
    /// # Errors
    /// When a shader does not fit, or memory runs out.
    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>>;

    /// Reads the loaded shaders again, and lowers and compiles the program with them if any shader or
    /// activation that it uses has changed. Nothing changes when one of them is faulty, or where nothing is
    /// compiled.
    ///
    /// # Errors
    /// As [`Backend::load`].
    fn reload(&mut self, _program: &Program) -> Result<Option<Reloaded>> {
        Ok(None)
    }

    /// The shaders that loaded programs use; none where nothing is compiled.
    fn shaders(&self) -> Vec<ShaderRecord>;

    /// An independent backend on the same device with the same shaders and no programs, for experiments.
    fn fork(&self) -> Box<dyn Backend>;

    /// Whether the user's source replaces a shipped activation.
    fn overlays(&self, _activation: Activation) -> bool {
        false
    }
}

/// A backend that runs shaders, which can be chosen.
pub trait ShaderBackend: Backend {
    /// Which shaders the dispatches of programs use.
    fn selection(&self) -> &Selection;

    /// See [`Selection::choose_setting`].
    ///
    /// # Errors
    /// The same.
    fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()>;
}

/// A program lowered again with changed shaders.
pub struct Reloaded {
    /// The program, for [`Session::swap_pipelines`].
    pub lowered: Lowered,
    /// The changed shaders.
    pub changed: Vec<ShaderRecord>,
}

/// A value that is on its way from the device.
#[derive(Debug, PartialEq, Eq, Hash, Clone, Copy)]
pub struct Ticket(pub u64);

/// The clock that measured a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The device's own timestamps, around the work alone.
    Device,
    /// The host's clock, from the first submit to the end of the last.
    Host,
}

impl Clock {
    /// The word for it in tables and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "GPU timestamps",
            Self::Host => "wall time",
        }
    }
}

/// How long some work took.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The total, in seconds.
    pub seconds: f64,
    /// The clock that measured it.
    pub clock: Clock,
}

/// What a session has submitted to its device so far; zero where there is no device.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubmitStats {
    /// Dispatches.
    pub dispatches: usize,
    /// Submits that held them.
    pub submits: usize,
    /// Host time spent encoding them.
    pub encoding: Duration,
}

/// A program with its memory.
pub trait Session {
    /// Puts `value` into a tensor, before anything that is run later.
    ///
    /// # Errors
    /// When the value's shape or type differs from the tensor's.
    fn write(&mut self, tensor: TensorId, value: &Value<f32>) -> Result<()>;

    /// Puts values into tensors, before anything that is run later.
    ///
    /// # Errors
    /// As [`Session::write`].
    fn upload(&mut self, uploads: &[Upload]) -> Result<()> {
        uploads.iter().try_for_each(|upload| self.write(upload.tensor, &upload.value))
    }

    /// Switches to the shaders of another lowering of the same program; its memory stays as it is.
    /// Does nothing where nothing is compiled.
    ///
    /// # Errors
    /// When a shader does not compile, or the lowering is of another program.
    fn swap_pipelines(&mut self, _lowered: Lowered) -> Result<()> {
        Ok(())
    }

    /// Runs the passes one after another, `times` times, without waiting for them.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    fn run(&mut self, passes: &[PassId], times: usize) -> Result<()>;

    /// Runs one dispatch of a pass.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    fn run_dispatch(&mut self, pass: PassId, dispatch: usize) -> Result<()>;

    /// The precision of a dispatch's products.
    fn precision(&self, _pass: PassId, _dispatch: usize) -> Precision {
        Precision::F32
    }

    /// Runs the passes one after another, `times` times, waits for them and returns how long that took.
    /// On a device, the first time that they are timed, they run once or twice beforehand, untimed.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    fn time(&mut self, passes: &[PassId], times: usize) -> Result<Timing> {
        let start = Instant::now();
        self.run(passes, times)?;
        Ok(Timing { seconds: start.elapsed().as_secs_f64(), clock: Clock::Host })
    }

    /// What has been submitted to the device so far.
    fn submit_stats(&self) -> SubmitStats {
        SubmitStats::default()
    }

    /// Asks for a tensor as it is after everything that was run so far, without waiting for it.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    fn request(&mut self, tensor: TensorId) -> Result<Ticket>;

    /// Waits for a requested value. A ticket is good for one value.
    ///
    /// # Errors
    /// When the device is lost, or the ticket has already been used.
    fn receive(&mut self, ticket: Ticket) -> Result<Value<f32>>;

    /// Reads several tensors, waiting only once.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    fn read_all(&mut self, tensors: &[TensorId]) -> Result<Vec<Value<f32>>> {
        let tickets = tensors.iter().map(|&id| self.request(id)).collect::<Result<Vec<_>>>()?;
        tickets.into_iter().map(|ticket| self.receive(ticket)).collect()
    }

    /// Reads a tensor and waits for it.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    fn read(&mut self, tensor: TensorId) -> Result<Value<f32>> {
        let ticket = self.request(tensor)?;
        self.receive(ticket)
    }
}
