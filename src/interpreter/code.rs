//! What a module is compiled to: one flat list of operations on registers. Vectors, matrices, arrays and
//! structs take one register per scalar; calls are inlined (WGSL has no recursion), so that pointers are
//! known at compile time.

pub(crate) use super::layout::Kind;
use super::layout::Layout;
use super::number::Number;
pub(crate) use super::ops::{Atomic, Change, Conversion, Op, Part, Register};
use naga::SubgroupOperation;

/// What an [`Op::Index`] indexes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The number of elements: fixed, or given by a memory's binding.
    pub(crate) length: Length,
    /// Cells from one element to the next.
    pub(crate) stride: u32,
    /// Whether the index is an i32.
    pub(crate) signed: bool,
    /// What is indexed.
    pub(crate) what: String,
    /// Its byte offset in the source.
    pub(crate) offset: u32,
}

/// See [`Place`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// This many.
    Fixed(u32),
    /// As many as the binding of this memory has.
    Of(u32),
}

/// A read or write of a memory at one place in the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Which memory.
    pub(crate) memory: u32,
    /// Cells after the address.
    pub(crate) offset: u32,
    /// Its number among the places in the source that access a memory, for the history of cells.
    pub(crate) site: u16,
}

/// A place in the source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Site(pub u32);

/// Where invocations wait for each other.
#[derive(Clone, Debug)]
pub(crate) struct Rendezvous {
    /// The loops around it, each with the register of its iteration: they meet only in the same iteration.
    pub(crate) rounds: Vec<(u32, Register)>,
}

/// A subgroup operation, element by element.
#[derive(Clone, Debug)]
pub(crate) struct Together {
    /// The operation.
    pub(crate) what: Collective,
    /// The arguments' registers.
    pub(crate) arguments: Vec<Register>,
    /// The results' registers.
    pub(crate) results: Vec<Register>,
    /// The arguments' type.
    pub(crate) kind: Kind,
}

/// What the lanes of a subgroup do together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Collective {
    /// `subgroupBarrier`.
    Meet,
    /// `subgroupBallot` of a register, or of all active lanes.
    Ballot(Option<Register>),
    /// A sum or another reduction of all lanes.
    Reduce(SubgroupOperation),
    /// The same over the lanes up to and including this one, or before it.
    Scan(SubgroupOperation, bool),
    /// The value of another lane.
    Gather(Gather),
}

/// Which lane's value is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gather {
    First,
    Broadcast(Register),
    Shuffle(Register),
    Down(Register),
    Up(Register),
    Exclusive(Register),
    QuadBroadcast(Register),
    QuadSwap(u32),
}

/// A variable in workgroup or storage memory.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// Its name.
    pub(crate) name: String,
    /// The number of its binding in group 0; none for workgroup memory.
    pub(crate) binding: Option<u32>,
    /// Whether the shader may write it.
    pub(crate) writable: bool,
    /// What it holds.
    pub(crate) layout: Layout,
    /// Cells per element if it is an array.
    pub(crate) each: u32,
}

/// The built-in values that an invocation begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    GlobalInvocation,
    LocalInvocation,
    LocalIndex,
    Workgroup,
    WorkgroupSize,
    Workgroups,
    Subgroups,
    Subgroup,
    SubgroupSize,
    Lane,
}

/// A uniform, which is kept in registers.
#[derive(Clone, Debug)]
pub(crate) struct Uniform {
    /// The number of its binding in group 0.
    pub(crate) binding: u32,
    /// What it holds.
    pub(crate) layout: Layout,
    /// Its first register.
    pub(crate) start: Register,
}

/// The initial value of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    /// An f32, by its bits.
    Real(u32),
    /// The cell of anything else, and of 0.
    Cell(u64),
}

/// A compiled entry point, or function. The same code runs in f32 and in f64.
#[derive(Clone, Debug)]
pub struct Code {
    pub(crate) ops: Vec<Op>,
    /// The byte offset of each operation in the source.
    pub(crate) offsets: Vec<u32>,
    /// The contents of its first registers.
    pub(crate) constants: Vec<Constant>,
    /// The number of registers per invocation.
    pub(crate) registers: u32,
    pub(crate) places: Vec<Place>,
    pub(crate) accesses: Vec<Access>,
    /// Where in the source the numbered sites are.
    pub(crate) sites: Vec<Site>,
    pub(crate) meetings: Vec<Rendezvous>,
    pub(crate) together: Vec<Together>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) uniforms: Vec<Uniform>,
    /// Registers of built-in values: one, or three consecutive ones.
    pub(crate) starts: Vec<(Start, Register)>,
    pub(crate) workgroup_size: [u32; 3],
    /// For a function: the registers of its arguments and of its result.
    pub(crate) arguments: Vec<Register>,
    pub(crate) results: Vec<Register>,
    /// Whether storage is changed atomically, so that the order of workgroups may show.
    pub(crate) has_storage_atomics: bool,
}

impl Code {
    /// Makes `all` the initial registers of an invocation.
    pub(crate) fn template<N: Number>(&self, all: &mut Vec<u64>) {
        let cell = |constant: &Constant| match *constant {
            Constant::Real(bits) => N::of_f32(f32::from_bits(bits)).cell(),
            Constant::Cell(cell) => cell,
        };
        all.clear();
        all.extend(self.constants.iter().map(cell));
        all.resize(self.registers as usize, 0);
    }

    /// Whether it has subgroup operations or reads subgroup built-ins.
    #[must_use]
    pub fn uses_subgroups(&self) -> bool {
        let counts = |start: &Start| {
            matches!(start, Start::Subgroups | Start::Subgroup | Start::SubgroupSize | Start::Lane)
        };
        !self.together.is_empty() || self.starts.iter().any(|(start, _)| counts(start))
    }

    /// Whether the order of workgroups may show in a result without a race, through atomics in storage.
    #[must_use]
    pub fn orders_show(&self) -> bool {
        self.has_storage_atomics
    }

    /// A memory's name and cells per element; none if there is no such memory.
    #[must_use]
    pub fn memory(&self, number: u32) -> Option<(&str, u32)> {
        let memory = self.memories.get(number as usize)?;
        Some((&memory.name, memory.each))
    }

    /// The binding in group 0 of a memory; none for workgroup memory.
    #[must_use]
    pub fn binding(&self, number: u32) -> Option<u32> {
        self.memories.get(number as usize)?.binding
    }

    /// Invocations per workgroup.
    #[must_use]
    pub(crate) fn invocations(&self) -> u32 {
        self.workgroup_size.iter().product()
    }
}
