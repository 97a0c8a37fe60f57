//! What the interpreter finds while it runs, as facts: places in the source, invocations, cells.

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
    /// The cell's number in it.
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
    /// Two invocations use one cell, at least one writes it, and nothing orders them.
    Race(Conflict, Cell),
    /// An invocation waits at a barrier while another waits elsewhere or has ended.
    Divergence {
        /// Whether the other has ended.
        ended: bool,
    },
    /// An index out of bounds.
    OutOfBounds {
        /// What is indexed.
        what: String,
        /// The index.
        index: i64,
        /// The number of elements.
        length: u32,
        /// Whether the access is a write.
        writes: bool,
        /// Whether the index has wrapped around.
        wrapped: bool,
    },
    /// An integer that has wrapped around and is used as an index.
    Wrapped {
        /// What is indexed.
        what: String,
        /// The index without wrapping.
        exact: i64,
        /// The actual index.
        index: i64,
    },
    /// An access to a cell of a binding that is not part of its tensor; whether it is a write.
    Outside(Cell, bool),
    /// A read of an output's cell that nothing has written yet.
    Unwritten(Cell),
    /// A read of workgroup memory that nothing has written yet: it is 0.
    Zero(Cell),
    /// A second write to a cell that must be written once; whether by the same invocation.
    Twice(Cell, bool),
    /// NaN or infinity computed from finite numbers.
    NotFinite(String),
    /// An operation that WGSL leaves undefined, and why.
    LeftOpen(String, &'static str),
    /// An integer divided by 0.
    DivisionByZero(String),
    /// A shift by at least the width of the type.
    Shift(u32),
    /// A read of a lane that is not active.
    InactiveLane {
        /// Which lane.
        lane: u32,
        /// Lanes of the subgroup.
        size: u32,
        /// Whether shaders commonly read such a value without using it.
        usual: bool,
    },
    /// An invocation that does not finish.
    Endless,
}

impl Fault {
    /// Distinguishes kinds of faults.
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

/// A fault, and who caused it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub fault: Fault,
    /// Its byte offset in the source.
    pub offset: u32,
    /// The invocation.
    pub who: Who,
    /// The other place and invocation of a race, or of a barrier.
    pub other: Option<(u32, Who)>,
    /// How often it was found.
    pub times: u64,
}

/// Findings, each kind once per place.
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
