//! The interpreter as a backend: every dispatch runs its kernel's shader on the CPU, without an adapter.

pub mod bindings;

use super::twins::TwinSession;
use super::{Backend, Reloaded, Session, ShaderBackend, Ticket};
use crate::error::{Error, Result};
use crate::fusion::Fusion;
use crate::interpreter::code::Code;
use crate::interpreter::dispatch::{Options, Schedule, dispatch};
use crate::kernels::activation::Activation;
use crate::kernels::capabilities::AdapterCapabilities;
use crate::kernels::cooperative::Cooperative;
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::selection::Selection;
use crate::kernels::setting::Setting;
use crate::kernels::shader::Shader;
use crate::lowering::shaders::Lowering;
use crate::program::{Dispatch, PassId, Program, TensorId};
use crate::record::{Adapter, ShaderRecord};
use crate::tensor::Value;
use bindings::Interpreted;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::marker::PhantomData;
use std::rc::Rc;

/// Its name, as in `--device interpreter`.
pub const NAME: &str = "interpreter";

/// Lanes of a subgroup where a shader sets no other number.
pub const SUBGROUP_SIZE: u32 = 8;

/// Operations that an invocation may execute before it counts as endless.
const MOST: u64 = 1 << 30;

/// What the interpreter can run.
#[must_use]
pub fn capabilities() -> AdapterCapabilities {
    AdapterCapabilities {
        hardware: false,
        cheap_barriers: true,
        subgroups: true,
        subgroup_size: (SUBGROUP_SIZE, SUBGROUP_SIZE),
        invocations: 1024,
        workgroup_size: [1024, 1024, 64],
        workgroup_memory: 1 << 16,
        cooperative: Cooperative::NONE,
    }
}

/// The interpreter, computing in `N`.
#[derive(Debug)]
pub struct InterpreterBackend<N> {
    lowering: Lowering,
    number: PhantomData<N>,
}

impl<N: Interpreted> InterpreterBackend<N> {
    /// An interpreter with the shaders of `library`.
    #[must_use]
    pub fn new(library: Library) -> Self {
        let mut selection = Selection::new(capabilities());
        selection.use_library(library);
        Self { lowering: Lowering::new(selection), number: PhantomData }
    }

    /// Which shaders the dispatches of programs use.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        self.lowering.selection()
    }
}

impl<N: Interpreted> ShaderBackend for InterpreterBackend<N> {
    fn selection(&self) -> &Selection {
        self.selection()
    }

    fn choose_setting(&mut self, kernel: &'static Kernel, setting: &Setting) -> Result<()> {
        self.lowering.choose_setting(kernel, setting)
    }
}

impl<N: Interpreted> Backend for InterpreterBackend<N> {
    fn adapter(&self) -> Adapter {
        Adapter {
            adapter: "WGSL interpreter (one thread)".to_owned(),
            backend: NAME.to_owned(),
            kind: "cpu".to_owned(),
            driver: format!("normlab {}", env!("CARGO_PKG_VERSION")),
        }
    }

    fn fusion(&self) -> Result<Fusion> {
        self.lowering.fusion()
    }

    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>> {
        self.lowering.lower(program)?;
        let selection = self.lowering.selection();
        let (mut shaders, mut codes) = (Vec::new(), HashMap::new());
        for pass in &program.passes {
            let mut mine = Vec::new();
            for Dispatch { kernel, activation, sizes, .. } in &pass.dispatches {
                let setting = selection.setting(kernel, *activation, sizes)?;
                let shader = selection.shader(kernel, *activation, &setting)?;
                let code = match codes.entry(Rc::as_ptr(&shader)) {
                    Entry::Occupied(known) => Rc::clone(known.get()),
                    Entry::Vacant(free) => {
                        Rc::clone(free.insert(Rc::new(bindings::code(&shader)?)))
                    }
                };
                mine.push((shader, code));
            }
            shaders.push(mine);
        }
        let memory = TwinSession::<N>::new(program.clone());
        Ok(Box::new(InterpreterSession { memory, shaders }))
    }

    fn reload(&mut self, _program: &Program) -> Result<Option<Reloaded>> {
        Ok(None)
    }

    fn shaders(&self) -> Vec<ShaderRecord> {
        self.lowering.records()
    }

    fn fork(&self) -> Box<dyn Backend> {
        Box::new(Self { lowering: self.lowering.fork(), number: PhantomData })
    }

    fn overlays(&self, activation: Activation) -> bool {
        self.selection().library().overlays(activation)
    }
}

/// A program with its memory on the host, and its shaders.
struct InterpreterSession<N> {
    memory: TwinSession<N>,
    /// By pass and dispatch.
    shaders: Vec<Vec<(Rc<Shader>, Rc<Code>)>>,
}

impl<N: Interpreted> Session for InterpreterSession<N> {
    fn write(&mut self, tensor: TensorId, value: &Value<f32>) -> Result<()> {
        self.memory.write(tensor, value)
    }

    fn run(&mut self, passes: &[PassId], times: usize) -> Result<()> {
        for pass in (0..times).flat_map(|_| passes) {
            for dispatch in 0..self.shaders[pass.0].len() {
                self.run_dispatch(*pass, dispatch)?;
            }
        }
        Ok(())
    }

    fn run_dispatch(&mut self, pass: PassId, number: usize) -> Result<()> {
        let one = self.memory.program().passes[pass.0].dispatches[number].clone();
        let (shader, code) = &self.shaders[pass.0][number];
        let bound = bindings::bound(&self.memory, code, &one, true);
        let (subgroup_size, schedule) = (SUBGROUP_SIZE, Schedule::Forward);
        let options = Options { subgroup_size, schedule, watch: false, most: MOST };
        let outcome = dispatch::<N>(code, shader.grid(&one.sizes)?, &bound, options);
        if let Some(endless) = outcome.findings.first().filter(|_| outcome.endless) {
            let line = shader.texts.line_at(endless.offset as usize);
            return Err(Error::Device(format!(
                "{line}: `{}`: an invocation has executed {MOST} operations and is still in this loop",
                line.code
            )));
        }
        bindings::take(&mut self.memory, code, &one, &outcome);
        Ok(())
    }

    fn request(&mut self, tensor: TensorId) -> Result<Ticket> {
        self.memory.request(tensor)
    }

    fn receive(&mut self, ticket: Ticket) -> Result<Value<f32>> {
        self.memory.receive(ticket)
    }
}
