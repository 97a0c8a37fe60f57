//! Memory that invocations share, with what was done to each of its cells.
//!
//! # What orders two accesses
//!
//! Within a workgroup only a barrier for that memory: `workgroupBarrier` for workgroup memory,
//! `storageBarrier` for storage. Each begins a new *era* of its memory. Two invocations of a workgroup that
//! use a cell in one era, one of them to write it, race. Between workgroups nothing orders anything, so
//! there eras do not matter. Atomics are relaxed and order nothing; WGSL's types keep them and other accesses
//! of a cell apart.
//!
//! Of a cell it is enough to keep the last write, the first reader of the era and another one, and one
//! reader of another workgroup: whoever writes it races with all of its readers or, if there is one and it is
//! the writer, with none.

/// Who did something to a cell, when and where: an era, an invocation of its workgroup, a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// From 1 on; 0 where nothing was done.
    pub era: u32,
    /// The invocation's index.
    pub lane: u16,
    /// The site's number in the code.
    pub site: u16,
}

/// What was done to a cell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shadow {
    /// The last write.
    pub write: Mark,
    /// The first read of the latest era.
    pub read: Mark,
    /// The last read of that era by another invocation than the first one.
    pub other_read: Mark,
    /// A read by another workgroup.
    pub foreign_read: Mark,
}

/// A cell of a binding that is no part of its tensor.
pub const OUTSIDE: u8 = 1;
/// A cell that holds nothing before it is written.
pub const UNWRITTEN: u8 = 2;
/// A cell that is to be written once.
pub const ONCE: u8 = 4;

/// The time of a memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Era {
    /// Now.
    pub(crate) now: u32,
    /// When the workgroup began.
    pub(crate) first: u32,
}

impl Era {
    /// Whether a mark is of a workgroup before.
    pub(crate) const fn is_foreign(self, mark: Mark) -> bool {
        mark.era != 0 && mark.era < self.first
    }
}

impl Shadow {
    /// A write that a read at `now` races with; notes the read.
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

    /// What a write at `now` races with, and whether that is a write, too; notes the write.
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
    /// What cells are to begin with: [`OUTSIDE`], [`UNWRITTEN`], [`ONCE`]; empty where all are plain.
    pub marks: Vec<u8>,
    /// What was done to them; empty where nobody asks.
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
