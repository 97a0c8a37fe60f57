//! What a module is compiled to: one flat list of operations on registers. Vectors, matrices, arrays and
//! structs are as many registers as they have scalars; calls are put in where they stand (WGSL has no
//! recursion), so that pointers are known when the code is made.

pub(crate) use super::layout::Kind;
use super::layout::Layout;
use super::number::Number;
pub(crate) use super::ops::{Atomic, Change, Conversion, Op, Part, Register};
use naga::SubgroupOperation;

/// What is indexed by [`Op::Index`], and by registers.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// How many elements there are: a number, or as a memory's binding tells.
    pub(crate) length: Length,
    /// Cells from one element to the next.
    pub(crate) stride: u32,
    /// Whether the index is an i32.
    pub(crate) signed: bool,
    /// What is indexed.
    pub(crate) what: String,
    /// Where it stands in the text.
    pub(crate) offset: u32,
}

/// See [`Place`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// So many.
    Fixed(u32),
    /// As many as the binding of this memory has.
    Of(u32),
}

/// How a memory is read or written somewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Which memory.
    pub(crate) memory: u32,
    /// Cells behind the address.
    pub(crate) offset: u32,
    /// Its number among the places of the text that read or write a memory, for those who remember it.
    pub(crate) site: u16,
}

/// A place of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Site(pub u32);

/// Where invocations wait for each other.
#[derive(Clone, Debug)]
pub(crate) struct Rendezvous {
    /// The loops around it, each with the register of its round: they meet only in the same round.
    pub(crate) rounds: Vec<(u32, Register)>,
}

/// What the lanes of a subgroup do together, element by element.
#[derive(Clone, Debug)]
pub(crate) struct Together {
    /// What it is.
    pub(crate) what: Collective,
    /// The arguments' registers.
    pub(crate) arguments: Vec<Register>,
    /// The results' registers.
    pub(crate) results: Vec<Register>,
    /// What the arguments are.
    pub(crate) kind: Kind,
}

/// What lanes do together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Collective {
    /// `subgroupBarrier`.
    Meet,
    /// `subgroupBallot` of a register, or of whoever is active.
    Ballot(Option<Register>),
    /// A sum or another reduction of all lanes.
    Reduce(SubgroupOperation),
    /// The same of the lanes up to this one, or before it.
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
    /// The number of its binding in group 0; none in workgroup memory.
    pub(crate) binding: Option<u32>,
    /// Whether the shader may write it.
    pub(crate) writable: bool,
    /// What it holds.
    pub(crate) layout: Layout,
    /// Cells of one of its elements, where it is an array.
    pub(crate) each: u32,
}

/// The values that an invocation begins with, beside constants.
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

/// A uniform, which lies in registers.
#[derive(Clone, Debug)]
pub(crate) struct Uniform {
    /// The number of its binding in group 0.
    pub(crate) binding: u32,
    /// What it holds.
    pub(crate) layout: Layout,
    /// Its first register.
    pub(crate) start: Register,
}

/// What a register holds from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    /// A number of f32, by its bits.
    Real(u32),
    /// The cell of anything else, and of 0.
    Cell(u64),
}

/// A compiled entry point, or function. The same code runs in f32 and in f64.
#[derive(Clone, Debug)]
pub struct Code {
    pub(crate) ops: Vec<Op>,
    /// Where each operation stands in the text.
    pub(crate) offsets: Vec<u32>,
    /// What its first registers hold.
    pub(crate) constants: Vec<Constant>,
    /// How many registers an invocation has.
    pub(crate) registers: u32,
    pub(crate) places: Vec<Place>,
    pub(crate) accesses: Vec<Access>,
    /// Where in the text the numbered sites are.
    pub(crate) sites: Vec<Site>,
    pub(crate) meetings: Vec<Rendezvous>,
    pub(crate) together: Vec<Together>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) uniforms: Vec<Uniform>,
    /// Registers of built-in values: one, or three in a row.
    pub(crate) starts: Vec<(Start, Register)>,
    pub(crate) workgroup_size: [u32; 3],
    /// Of a function: the registers of its arguments and of its result.
    pub(crate) arguments: Vec<Register>,
    pub(crate) results: Vec<Register>,
    /// Whether a storage memory is changed atomically: the order of workgroups may show.
    pub(crate) has_storage_atomics: bool,
}

impl Code {
    /// Makes `all` the registers of an invocation as it begins.
    pub(crate) fn template<N: Number>(&self, all: &mut Vec<u64>) {
        let cell = |constant: &Constant| match *constant {
            Constant::Real(bits) => N::of_f32(f32::from_bits(bits)).cell(),
            Constant::Cell(cell) => cell,
        };
        all.clear();
        all.extend(self.constants.iter().map(cell));
        all.resize(self.registers as usize, 0);
    }

    /// Whether lanes of a subgroup do anything together, or are counted.
    #[must_use]
    pub fn uses_subgroups(&self) -> bool {
        let counts = |start: &Start| {
            matches!(start, Start::Subgroups | Start::Subgroup | Start::SubgroupSize | Start::Lane)
        };
        !self.together.is_empty() || self.starts.iter().any(|(start, _)| counts(start))
    }

    /// Whether the order of workgroups may show in a result without a race: there are atomics in storage.
    #[must_use]
    pub fn orders_show(&self) -> bool {
        self.has_storage_atomics
    }

    /// What a memory is called, and cells of one of its elements; none where there is no such memory.
    #[must_use]
    pub fn memory(&self, number: u32) -> Option<(&str, u32)> {
        let memory = self.memories.get(number as usize)?;
        Some((&memory.name, memory.each))
    }

    /// The binding in group 0 of a memory; none of workgroup memory.
    #[must_use]
    pub fn binding(&self, number: u32) -> Option<u32> {
        self.memories.get(number as usize)?.binding
    }

    /// Invocations of a workgroup.
    #[must_use]
    pub(crate) fn invocations(&self) -> u32 {
        self.workgroup_size.iter().product()
    }
}
