//! The compiler's state: the code so far, registers, constants, and the enclosing functions.

use super::waits::waits;
use crate::interpreter::code::{Code, Constant, Memory, Op, Register, Site, Start, Uniform};
use crate::interpreter::layout::{self, layout};
use naga::front::Typifier;
use naga::proc::{ResolveContext, TypeResolution};
use naga::{
    AddressSpace, Binding, BuiltIn, Expression, Function, GlobalVariable, Handle, Module, Span,
    Type, TypeInner,
};
use std::collections::HashMap;
use std::rc::Rc;

/// Why the interpreter cannot run a module.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The unsupported part.
    pub what: String,
    /// Its byte offset in the source, if known.
    pub offset: Option<u32>,
}

pub(super) type Check<T> = Result<T, Refusal>;

/// The most operations that a module may compile to.
const MOST_OPS: usize = 1 << 20;

/// A compiled expression.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// The registers of its scalars.
    Value(Rc<[Register]>),
    Pointer(Rc<Pointer>),
}

/// A function being inlined.
pub(super) struct Frame<'m> {
    pub(super) function: &'m Function,
    pub(super) types: Rc<Typifier>,
    pub(super) operands: Vec<Option<Operand>>,
    pub(super) arguments: Vec<Operand>,
    pub(super) locals: Vec<Pointer>,
    pub(super) results: Vec<Register>,
    /// Jumps to its end.
    pub(super) returns: Vec<usize>,
    /// For each enclosing loop and switch: the jumps out of it, and to its continuation.
    pub(super) breaks: Vec<Vec<usize>>,
    pub(super) continues: Vec<Vec<usize>>,
}

pub(super) struct Compiler<'m> {
    pub(super) module: &'m Module,
    pub(super) code: Code,
    /// The first register that is not in use.
    pub(super) next: Register,
    /// The largest value that `next` has had.
    pub(super) most: Register,
    pub(super) constants: HashMap<Constant, Register>,
    pub(super) globals: HashMap<Handle<GlobalVariable>, Pointer>,
    pub(super) types: HashMap<usize, Rc<Typifier>>,
    pub(super) sites: HashMap<Site, u16>,
    /// Whether each function waits for other invocations, in the arena's order.
    pub(super) waits: Vec<bool>,
    /// The enclosing loops in which something waits: where each begins, and the register of its iteration.
    pub(super) rounds: Vec<(u32, Register)>,
    /// The byte offset in the source of what is being compiled.
    pub(super) offset: u32,
    /// Whether it compiles a single function, without other invocations.
    pub(super) alone: bool,
}

/// Where a pointer points.
#[derive(Clone, Debug)]
pub(super) struct Pointer {
    pub(super) root: Root,
    /// Cells after the root.
    pub(super) offset: u32,
    /// The register of what is added to that, if any.
    pub(super) address: Option<Register>,
    /// What it points into, for messages.
    pub(super) what: String,
}

/// What a pointer starts from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Root {
    /// Registers from `start` on; `constant` if they never change.
    Registers { start: Register, constant: bool },
    /// Workgroup memory or a binding.
    Memory(u32),
}

impl<'m> Compiler<'m> {
    pub(super) fn new(module: &'m Module, constants: Vec<Constant>) -> Check<Self> {
        let known = constants.iter().enumerate().map(|(at, &one)| (one, at as u32)).collect();
        let next = constants.len() as u32;
        let mut compiler = Self {
            module,
            code: Code {
                ops: Vec::new(),
                offsets: Vec::new(),
                constants,
                registers: 0,
                places: Vec::new(),
                accesses: Vec::new(),
                sites: Vec::new(),
                meetings: Vec::new(),
                together: Vec::new(),
                memories: Vec::new(),
                uniforms: Vec::new(),
                starts: Vec::new(),
                workgroup_size: [1; 3],
                arguments: Vec::new(),
                results: Vec::new(),
                has_storage_atomics: false,
            },
            next,
            most: next,
            constants: known,
            globals: HashMap::new(),
            types: HashMap::new(),
            sites: HashMap::new(),
            waits: Vec::new(),
            rounds: Vec::new(),
            offset: 0,
            alone: false,
        };
        for (_, function) in module.functions.iter() {
            let waits = waits(&function.body, &compiler.waits);
            compiler.waits.push(waits);
        }
        for (handle, variable) in module.global_variables.iter() {
            compiler.at(module.global_variables.get_span(handle));
            let pointer = compiler.global(variable)?;
            compiler.globals.insert(handle, pointer);
        }
        Ok(compiler)
    }

    /// A module-level variable. Private ones are initialized at the beginning of the code.
    pub(super) fn global(&mut self, variable: &'m GlobalVariable) -> Check<Pointer> {
        let name = variable.name.clone().unwrap_or_default();
        let layout = layout(self.module, variable.ty).map_err(|what| self.refused(&what))?;
        let binding = variable.binding.map(|binding| binding.binding);
        let each = match self.module.types[variable.ty].inner {
            TypeInner::Array { base, .. } => self.cells(base)?,
            _ => 0,
        };
        let root = match variable.space {
            AddressSpace::Private => {
                let start = self.take(layout.head.len() as u32);
                let values = match variable.init {
                    Some(init) => self.constant_cells(init)?,
                    None => vec![Constant::Cell(0); layout.head.len()],
                };
                for (at, constant) in values.into_iter().enumerate() {
                    let a = self.hold(constant);
                    self.op(Op::Move { to: start + at as u32, a })?;
                }
                Root::Registers { start, constant: false }
            }
            AddressSpace::Uniform => {
                let start = self.take(layout.head.len() as u32);
                let binding = binding.unwrap_or_default();
                self.code.uniforms.push(Uniform { binding, layout, start });
                Root::Registers { start, constant: true }
            }
            AddressSpace::Storage { access } => {
                let writable = access.contains(naga::StorageAccess::STORE);
                self.memory(Memory { name: name.clone(), binding, writable, layout, each })
            }
            AddressSpace::WorkGroup => self.memory(Memory {
                name: name.clone(),
                binding: None,
                writable: true,
                layout,
                each,
            }),
            _ => return Err(self.refused("memory of other shader stages")),
        };
        Ok(Pointer { root, offset: 0, address: None, what: name })
    }

    pub(super) fn memory(&mut self, memory: Memory) -> Root {
        self.code.memories.push(memory);
        Root::Memory(self.code.memories.len() as u32 - 1)
    }

    /// The built-in values that an entry point takes.
    pub(super) fn starts(&mut self, function: &'m Function) -> Check<Vec<Operand>> {
        let mut arguments = Vec::new();
        for argument in &function.arguments {
            let mut registers = Vec::new();
            match (&argument.binding, &self.module.types[argument.ty].inner) {
                (None, TypeInner::Struct { members, .. }) => {
                    for member in members {
                        registers.extend(self.start(member.binding.as_ref(), member.ty)?);
                    }
                }
                (binding, _) => registers = self.start(binding.as_ref(), argument.ty)?,
            }
            arguments.push(Operand::Value(registers.into()));
        }
        Ok(arguments)
    }

    pub(super) fn start(
        &mut self,
        binding: Option<&Binding>,
        ty: Handle<Type>,
    ) -> Check<Vec<Register>> {
        let Some(Binding::BuiltIn(builtin)) = binding else {
            return Err(self.refused("an argument of the entry point that is not a built-in value"));
        };
        let start = match builtin {
            BuiltIn::GlobalInvocationId => Start::GlobalInvocation,
            BuiltIn::LocalInvocationId => Start::LocalInvocation,
            BuiltIn::LocalInvocationIndex => Start::LocalIndex,
            BuiltIn::WorkGroupId => Start::Workgroup,
            BuiltIn::WorkGroupSize => Start::WorkgroupSize,
            BuiltIn::NumWorkGroups => Start::Workgroups,
            BuiltIn::NumSubgroups => Start::Subgroups,
            BuiltIn::SubgroupId => Start::Subgroup,
            BuiltIn::SubgroupSize => Start::SubgroupSize,
            BuiltIn::SubgroupInvocationId => Start::Lane,
            _ => return Err(self.refused("a built-in value of other shader stages")),
        };
        let registers = self.permanent(ty)?;
        self.code.starts.push((start, registers[0]));
        Ok(registers)
    }

    /// Registers for a value of a type.
    pub(super) fn permanent(&mut self, ty: Handle<Type>) -> Check<Vec<Register>> {
        let count = self.cells(ty)?;
        let start = self.take(count);
        Ok((start..start + count).collect())
    }

    pub(super) fn cells(&self, ty: Handle<Type>) -> Check<u32> {
        layout::cells(self.module, ty).map_err(|what| self.refused(&what))
    }

    /// Consecutive registers.
    pub(super) fn take(&mut self, count: u32) -> Register {
        let start = self.next;
        self.next += count;
        self.most = self.most.max(self.next);
        start
    }

    pub(super) fn fresh(&mut self) -> Register {
        self.take(1)
    }

    /// The register of a constant cell.
    pub(super) fn constant(&mut self, cell: u64) -> Register {
        self.hold(Constant::Cell(cell))
    }

    pub(super) fn hold(&mut self, constant: Constant) -> Register {
        let constants = &mut self.code.constants;
        *self.constants.entry(constant).or_insert_with(|| {
            constants.push(constant);
            constants.len() as u32 - 1
        })
    }

    pub(super) fn op(&mut self, op: Op) -> Check<()> {
        if self.code.ops.len() >= MOST_OPS {
            return Err(self.refused("too many nested function calls"));
        }
        self.code.ops.push(op);
        self.code.offsets.push(self.offset);
        Ok(())
    }

    /// Records the source position of what follows.
    pub(super) fn at(&mut self, span: Span) {
        if let Some(range) = span.to_range() {
            self.offset = range.start as u32;
        }
    }

    pub(super) fn refused(&self, what: &str) -> Refusal {
        Refusal { what: what.to_owned(), offset: Some(self.offset).filter(|&offset| offset > 0) }
    }

    /// The types of a function's expressions.
    pub(super) fn types(&mut self, function: &'m Function, key: usize) -> Check<Rc<Typifier>> {
        if let Some(known) = self.types.get(&key) {
            return Ok(Rc::clone(known));
        }
        let module = self.module;
        let context =
            ResolveContext::with_locals(module, &function.local_variables, &function.arguments);
        let mut types = Typifier::new();
        for (handle, _) in function.expressions.iter() {
            let grown = types.grow(handle, &function.expressions, &context);
            grown.map_err(|error| self.refused(&format!("{error}")))?;
        }
        let types = Rc::new(types);
        self.types.insert(key, Rc::clone(&types));
        Ok(types)
    }

    pub(super) fn inner<'a>(
        &self,
        frame: &'a Frame<'m>,
        handle: Handle<Expression>,
    ) -> &'a TypeInner
    where
        'm: 'a,
    {
        let module: &'m Module = self.module;
        match &frame.types[handle] {
            TypeResolution::Handle(ty) => &module.types[*ty].inner,
            TypeResolution::Value(inner) => inner,
        }
    }
}
