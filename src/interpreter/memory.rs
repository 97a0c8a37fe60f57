//! Memory that invocations share, with the history of each of its cells.
//!
//! # What orders two accesses
//!
//! Within a workgroup only a barrier for that memory: `workgroupBarrier` for workgroup memory,
//! `storageBarrier` for storage. Each begins a new *era* of its memory. Two invocations of a workgroup that
//! use a cell in the same era race if at least one writes it. Nothing orders accesses of different
//! workgroups, so eras do not matter there. Atomics are relaxed and order nothing; WGSL's types separate
//! them from other accesses of a cell.
//!
//! For each cell it is enough to keep the last write, the first reader of the era and another one, and one
//! reader in another workgroup: a writer races with every reader except itself.

/// An access to a cell: its era, the invocation in its workgroup, and its site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// From 1 on; 0 if there was no access.
    pub era: u32,
    /// The invocation's index.
    pub lane: u16,
    /// The site's number in the code.
    pub site: u16,
}

/// The accesses to a cell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shadow {
    /// The last write.
    pub write: Mark,
    /// The first read of the latest era.
    pub read: Mark,
    /// The last read of that era by an invocation other than the first.
    pub other_read: Mark,
    /// A read by another workgroup.
    pub foreign_read: Mark,
}

/// A cell of a binding that is not part of its tensor.
pub const OUTSIDE: u8 = 1;
/// A cell that is undefined before it is written.
pub const UNWRITTEN: u8 = 2;
/// A cell that must be written exactly once.
pub const ONCE: u8 = 4;

/// The eras of a memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Era {
    /// The current one.
    pub(crate) now: u32,
    /// The one in which the workgroup began.
    pub(crate) first: u32,
}

impl Era {
    /// Whether a mark is from an earlier workgroup.
    pub(crate) const fn is_foreign(self, mark: Mark) -> bool {
        mark.era != 0 && mark.era < self.first
    }
}

impl Shadow {
    /// The write that a read at `now` races with; records the read.
    #[inline]
    pub(crate) fn read(&mut self, now: Mark, era: Era) -> Option<Mark> {
        let write = self.write;
        if self.read.era != now.era {
            if era.is_foreign(self.read) {
                self.foreign_read = self.read;
            }
            self.read = now;
            self.other_read = Mark::default();
        } else if self.read.lane != now.lane {
            self.other_read = now;
        }
        let same_era = write.era == now.era && write.lane != now.lane;
        (same_era || era.is_foreign(write)).then_some(write)
    }

    /// The access that a write at `now` races with, and whether that is a write too; records the write.
    #[inline]
    pub(crate) fn write(&mut self, now: Mark, era: Era) -> Option<(Mark, bool)> {
        let before = self.write;
        self.write = now;
        if before.era == now.era && before.lane != now.lane || era.is_foreign(before) {
            return Some((before, true));
        }
        let current = |read: Mark| read.era == now.era && read.lane != now.lane;
        let reads = [self.read, self.other_read, self.foreign_read];
        let mut reads = reads.into_iter();
        reads.find(|&read| current(read) || era.is_foreign(read)).map(|read| (read, false))
    }
}

/// A memory.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// Its cells.
    pub cells: Vec<u64>,
    /// Their initial marks: [`OUTSIDE`], [`UNWRITTEN`], [`ONCE`]; empty if none has any.
    pub marks: Vec<u8>,
    /// The accesses to them; empty if not watched.
    pub shadow: Vec<Shadow>,
    /// Whether all workgroups share it.
    pub is_storage: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(era: u32, lane: u16) -> Mark {
        Mark { era, lane, site: 0 }
    }

    const NOW: Era = Era { now: 5, first: 4 };

    #[test]
    fn a_write_and_a_read_of_one_era_race_unless_one_invocation_does_both() {
        let mut cell = Shadow::default();
        assert_eq!(cell.write(at(5, 1), NOW), None);
        assert_eq!(cell.read(at(5, 1), NOW), None);
        assert_eq!(cell.read(at(5, 2), NOW), Some(at(5, 1)));
        assert_eq!(cell.write(at(5, 3), NOW), Some((at(5, 1), true)));
        let mut cell = Shadow::default();
        assert_eq!(cell.read(at(5, 1), NOW), None);
        assert_eq!(cell.write(at(5, 1), NOW), None, "its only reader");
        assert_eq!(cell.read(at(5, 2), NOW), Some(at(5, 1)));
        assert_eq!(cell.write(at(5, 1), NOW), Some((at(5, 2), false)), "another has read it since");
    }

    #[test]
    fn a_barrier_orders_a_workgroup_and_nothing_orders_two() {
        let mut cell = Shadow::default();
        assert_eq!(cell.write(at(4, 1), NOW), None);
        assert_eq!(cell.read(at(5, 2), NOW), None);
        let next = Era { now: 6, first: 6 };
        assert_eq!(cell.read(at(6, 2), next), Some(at(4, 1)));
        let mut cell = Shadow::default();
        assert_eq!(cell.read(at(5, 2), NOW), None);
        assert_eq!(cell.read(at(6, 3), next), None);
        assert_eq!(cell.write(at(6, 3), next), Some((at(5, 2), false)), "one of another workgroup");
    }
}
