//! What the interpreter finds while it runs, as facts: places in the text, invocations, cells.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// An invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    /// Its workgroup's id.
    pub workgroup: [u32; 3],
    /// Its id in the workgroup.
    pub local: [u32; 3],
}

/// A cell of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The memory's number among the code's.
    pub memory: u32,
    /// The cell's.
    pub cell: u32,
}

/// What two invocations do to one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Conflict {
    /// One writes, then the other reads.
    WriteRead,
    /// One reads, then the other writes.
    ReadWrite,
    /// Both write.
    WriteWrite,
    /// Both write, and the same value.
    SameValue,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Two invocations use one cell, one of them to write, and nothing orders them.
    Race(Conflict, Cell),
    /// An invocation waits at a barrier, and the other waits at another one, or has ended.
    Divergence {
        /// Whether the other has ended.
        ended: bool,
    },
    /// An index beyond what it indexes.
    OutOfBounds {
        /// What is indexed.
        what: String,
        /// By what.
        index: i64,
        /// How many elements there are.
        length: u32,
        /// Whether something is written.
        writes: bool,
        /// Whether the index has wrapped around.
        wrapped: bool,
    },
    /// A whole number has wrapped around and is used as an index.
    Wrapped {
        /// What is indexed.
        what: String,
        /// What the index would be.
        exact: i64,
        /// What it is.
        index: i64,
    },
    /// A cell of a binding that is no part of its tensor.
    Outside(Cell, bool),
    /// A read of a cell of an output before anything wrote it.
    Unwritten(Cell),
    /// A read of workgroup memory that nothing has written: it is 0.
    Zero(Cell),
    /// A second write of a cell that is to be written once; whether by the same invocation.
    Twice(Cell, bool),
    /// NaN or infinity out of finite numbers.
    NotFinite(String),
    /// What WGSL leaves open: an operation, and why.
    LeftOpen(String, &'static str),
    /// A whole number divided by 0.
    DivisionByZero(String),
    /// A shift by the width or more.
    Shift(u32),
    /// The value of a lane that is not active.
    InactiveLane {
        /// Which lane.
        lane: u32,
        /// Lanes of the subgroup.
        size: u32,
        /// Whether a shader often takes such a value and does not use it.
        usual: bool,
    },
    /// An invocation that does not end.
    Endless,
}

impl Fault {
    /// Tells kinds of faults apart.
    fn number(&self) -> u8 {
        match self {
            Self::Race(conflict, _) => *conflict as u8,
            Self::Divergence { .. } => 4,
            Self::OutOfBounds { .. } => 5,
            Self::Wrapped { .. } => 6,
            Self::Outside(..) => 7,
            Self::Unwritten(_) => 8,
            Self::Zero(_) => 9,
            Self::Twice(..) => 10,
            Self::NotFinite(_) => 11,
            Self::LeftOpen(..) => 12,
            Self::DivisionByZero(_) => 13,
            Self::Shift(_) => 14,
            Self::InactiveLane { .. } => 15,
            Self::Endless => 16,
        }
    }

    /// Whether it is legal and only worth knowing.
    #[must_use]
    pub fn is_note(&self) -> bool {
        matches!(
            self,
            Self::Zero(_) | Self::InactiveLane { usual: true, .. } | Self::Twice(_, true)
        )
    }
}

/// A fault, and who was at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub fault: Fault,
    /// Where it stands in the text, in bytes.
    pub offset: u32,
    /// Who was there.
    pub who: Who,
    /// The other place and invocation of a race, or of a barrier.
    pub other: Option<(u32, Who)>,
    /// How often it was found.
    pub times: u64,
}

/// Findings, each kind once at each place.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    known: BTreeMap<(u8, u32, u32), usize>,
    /// In the order in which they were found.
    pub all: Vec<Finding>,
}

impl Findings {
    /// Notes a finding, or counts one that is known.
    pub fn note(&mut self, fault: Fault, offset: u32, who: Who, other: Option<(u32, Who)>) {
        let key = (fault.number(), offset, other.map_or(u32::MAX, |(offset, _)| offset));
        match self.known.entry(key) {
            Entry::Occupied(known) => self.all[*known.get()].times += 1,
            Entry::Vacant(free) => {
                free.insert(self.all.len());
                self.all.push(Finding { fault, offset, who, other, times: 1 });
            }
        }
    }
}
