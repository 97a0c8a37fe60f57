//! The state that the invocations of a dispatch share, and their accesses to it.

use super::code::{Access, Atomic, Change, Code, Length};
use super::finding::{Cell, Conflict, Fault, Findings, Who};
use super::functions;
use super::memory::{Cells, Era, Mark, ONCE, OUTSIDE, UNWRITTEN};
use super::number::{Number, has_wrapped, signed, unsigned};
use naga::MathFunction;
use std::marker::PhantomData;

/// Marks an invalid address: its low half is the index, followed by the place's number.
const NOWHERE: u64 = 1 << 63;

/// The shared state of a dispatch.
pub(crate) struct World<'a, N> {
    pub(crate) code: &'a Code,
    /// The type that numbers are computed in.
    pub(crate) number: PhantomData<N>,
    /// In the order of the code's memories.
    pub(crate) memories: Vec<Cells>,
    /// Elements of their runtime-sized arrays.
    pub(crate) lengths: Vec<u32>,
    pub(crate) findings: Findings,
    pub(crate) shared: Era,
    pub(crate) storage: Era,
    /// The workgroup of each era of storage.
    pub(crate) owners: Vec<[u32; 3]>,
    pub(crate) workgroup: [u32; 3],
    /// Operations executed so far.
    pub(crate) executed: u64,
    /// Whether to note reads of workgroup memory that still holds its initial 0.
    pub(crate) notes: bool,
}

impl<'a, N: Number> World<'a, N> {
    /// The state before anything has run.
    pub(crate) fn new(
        code: &'a Code,
        memories: Vec<Cells>,
        lengths: Vec<u32>,
        notes: bool,
    ) -> Self {
        Self {
            code,
            number: PhantomData,
            memories,
            lengths,
            findings: Findings::default(),
            shared: Era::default(),
            storage: Era::default(),
            owners: Vec::new(),
            workgroup: [0; 3],
            executed: 0,
            notes,
        }
    }

    /// An invocation of the running workgroup.
    pub(crate) fn who(&self, lane: u16) -> Who {
        self.who_of(self.workgroup, lane)
    }

    fn who_of(&self, workgroup: [u32; 3], lane: u16) -> Who {
        let [x, y, _] = self.code.workgroup_size;
        let lane = u32::from(lane);
        Who { workgroup, local: [lane % x, lane / x % y, lane / (x * y)] }
    }

    /// The address of an element.
    #[inline]
    pub(crate) fn index<const WATCH: bool>(
        &mut self,
        (base, index): (u64, u64),
        number: u32,
        lane: u16,
    ) -> u64 {
        let place = &self.code.places[number as usize];
        let length = match place.length {
            Length::Fixed(length) => length,
            Length::Of(memory) => self.lengths[memory as usize],
        };
        // An i32 below 0 is a large u32.
        let at = index as u32;
        if base >= NOWHERE {
            return base;
        }
        if at >= length {
            return NOWHERE | u64::from(number & 0xF_FFFF) << 32 | u64::from(at);
        }
        if WATCH && has_wrapped(index, place.signed) {
            self.wrapped(index, number, lane);
        }
        base + u64::from(at) * u64::from(place.stride)
    }

    #[cold]
    fn wrapped(&mut self, index: u64, number: u32, lane: u16) {
        let place = &self.code.places[number as usize];
        let fault = Fault::Wrapped {
            what: place.what.clone(),
            exact: index as i64,
            index: i64::from(index as u32),
        };
        let (offset, who) = (place.offset, self.who(lane));
        self.findings.note(fault, offset, who, None);
    }

    /// Notes an access out of bounds.
    #[cold]
    pub(crate) fn nowhere(&mut self, address: u64, (writes, offset): (bool, u32), lane: u16) {
        let number = (address >> 32) as usize & 0xF_FFFF;
        let Some(place) = self.code.places.get(number) else { return };
        let length = match place.length {
            Length::Fixed(length) => length,
            Length::Of(memory) => self.lengths[memory as usize],
        };
        let at = address as u32;
        let index = if place.signed { i64::from(at as i32) } else { i64::from(at) };
        // It was a small negative number before it wrapped around.
        let wrapped = !place.signed && at > u32::MAX - (1 << 24);
        let fault = Fault::OutOfBounds { what: place.what.clone(), index, length, writes, wrapped };
        let who = self.who(lane);
        self.findings.note(fault, offset, who, None);
    }

    fn now(&self, memory: &Cells, lane: u16, site: u16) -> (Mark, Era) {
        let era = if memory.is_storage { self.storage } else { self.shared };
        (Mark { era: era.now, lane, site }, era)
    }

    fn site(&self, number: u16) -> u32 {
        self.code.sites[usize::from(number)].0
    }

    /// The cell at an address; none if it is invalid.
    #[inline]
    fn cell<const WATCH: bool>(
        &mut self,
        (address, access): (u64, u32),
        writes: bool,
        lane: u16,
    ) -> Option<(Access, usize)> {
        let access = self.code.accesses[access as usize];
        if address >= NOWHERE {
            if WATCH {
                self.nowhere(address, (writes, self.site(access.site)), lane);
            }
            return None;
        }
        let cell = address as usize + access.offset as usize;
        // The binding may be shorter than the type of its variable.
        (cell < self.memories[access.memory as usize].cells.len()).then_some((access, cell))
    }

    #[inline]
    pub(crate) fn load<const WATCH: bool>(&mut self, address: u64, access: u32, lane: u16) -> u64 {
        let found = self.cell::<WATCH>((address, access), false, lane);
        let Some((access, cell)) = found else { return 0 };
        if WATCH {
            self.watch_read((access, cell), lane);
        }
        self.memories[access.memory as usize].cells[cell]
    }

    #[inline]
    fn watch_read(&mut self, (access, cell): (Access, usize), lane: u16) {
        let number = access.memory as usize;
        let mark = self.memories[number].marks.get(cell).copied().unwrap_or_default();
        if mark & OUTSIDE != 0 {
            self.outside((access, cell), false, lane);
        }
        if self.memories[number].shadow.is_empty() {
            return;
        }
        let (now, era) = self.now(&self.memories[number], lane, access.site);
        let memory = &mut self.memories[number];
        let shadow = &mut memory.shadow[cell];
        let written = shadow.write;
        if memory.is_storage {
            if let Some(write) = shadow.read(now, era) {
                self.race((access, cell), (Conflict::WriteRead, write), lane);
            } else if mark & UNWRITTEN != 0 && written.era == 0 {
                self.unwritten((access, cell), lane);
            }
        } else if written.era < era.first {
            shadow.read(now, Era { first: 0, ..era });
            if self.notes {
                let fault = Fault::Zero(Cell { memory: access.memory, cell: cell as u32 });
                let (offset, who) = (self.site(access.site), self.who(lane));
                self.findings.note(fault, offset, who, None);
            }
        } else if let Some(write) = shadow.read(now, Era { first: 0, ..era }) {
            self.race((access, cell), (Conflict::WriteRead, write), lane);
        }
    }

    #[cold]
    fn outside(&mut self, (access, cell): (Access, usize), writes: bool, lane: u16) {
        let fault = Fault::Outside(Cell { memory: access.memory, cell: cell as u32 }, writes);
        let (offset, who) = (self.site(access.site), self.who(lane));
        self.findings.note(fault, offset, who, None);
    }

    #[cold]
    fn unwritten(&mut self, (access, cell): (Access, usize), lane: u16) {
        let fault = Fault::Unwritten(Cell { memory: access.memory, cell: cell as u32 });
        let (offset, who) = (self.site(access.site), self.who(lane));
        self.findings.note(fault, offset, who, None);
    }

    #[cold]
    fn race(
        &mut self,
        (access, cell): (Access, usize),
        (conflict, other): (Conflict, Mark),
        lane: u16,
    ) {
        let fault = Fault::Race(conflict, Cell { memory: access.memory, cell: cell as u32 });
        let owner = match self.memories[access.memory as usize].is_storage {
            true => self.owners.get(other.era as usize).copied().unwrap_or(self.workgroup),
            false => self.workgroup,
        };
        let other = (self.site(other.site), self.who_of(owner, other.lane));
        let (offset, who) = (self.site(access.site), self.who(lane));
        self.findings.note(fault, offset, who, Some(other));
    }

    #[inline]
    pub(crate) fn store<const WATCH: bool>(
        &mut self,
        (address, access): (u64, u32),
        value: u64,
        lane: u16,
    ) {
        let found = self.cell::<WATCH>((address, access), true, lane);
        let Some((access, cell)) = found else { return };
        if WATCH {
            self.watch_write((access, cell), value, lane);
        }
        self.memories[access.memory as usize].cells[cell] = value;
    }

    #[inline]
    fn watch_write(&mut self, (access, cell): (Access, usize), value: u64, lane: u16) {
        let number = access.memory as usize;
        let (now, era) = self.now(&self.memories[number], lane, access.site);
        let memory = &mut self.memories[number];
        let mark = memory.marks.get(cell).copied().unwrap_or_default();
        let Some(shadow) = memory.shadow.get_mut(cell) else { return };
        let before = shadow.write;
        let seen = if memory.is_storage { era } else { Era { first: 0, ..era } };
        let found = shadow.write(now, seen);
        if let Some((other, is_write)) = found {
            let same = memory.cells[cell] == value;
            let conflict = match (is_write, same) {
                (false, _) => Conflict::ReadWrite,
                (true, false) => Conflict::WriteWrite,
                (true, true) => Conflict::SameValue,
            };
            self.race((access, cell), (conflict, other), lane);
        } else if mark & ONCE != 0 && before.era != 0 {
            let same = before.lane == lane;
            let fault = Fault::Twice(Cell { memory: access.memory, cell: cell as u32 }, same);
            let owner = self.owners.get(before.era as usize).copied().unwrap_or(self.workgroup);
            let other = (self.site(before.site), self.who_of(owner, before.lane));
            let (offset, who) = (self.site(access.site), self.who(lane));
            self.findings.note(fault, offset, who, Some(other));
        }
        if mark & OUTSIDE != 0 {
            self.outside((access, cell), true, lane);
        }
    }

    /// Atomics race with nothing; their writes are recorded.
    pub(crate) fn atomic<const WATCH: bool>(
        &mut self,
        (address, access): (u64, u32),
        change: impl Fn(u64) -> Option<u64>,
        lane: u16,
    ) -> u64 {
        let found = self.cell::<WATCH>((address, access), true, lane);
        let Some((access, cell)) = found else { return 0 };
        let number = access.memory as usize;
        let before = self.memories[number].cells[cell];
        let after = change(before);
        if WATCH && !self.memories[number].shadow.is_empty() {
            let (now, era) = self.now(&self.memories[number], lane, access.site);
            let written = self.memories[number].shadow[cell].write;
            let is_storage = self.memories[number].is_storage;
            let mark = self.memories[number].marks.get(cell).copied().unwrap_or_default();
            if mark & OUTSIDE != 0 {
                self.outside((access, cell), after.is_some(), lane);
            }
            if is_storage && mark & UNWRITTEN != 0 && written.era == 0 && after != Some(0) {
                self.unwritten((access, cell), lane);
            } else if !is_storage && self.notes && written.era < era.first && after != Some(0) {
                let fault = Fault::Zero(Cell { memory: access.memory, cell: cell as u32 });
                let (offset, who) = (self.site(access.site), self.who(lane));
                self.findings.note(fault, offset, who, None);
            }
            if after.is_some() {
                self.memories[number].shadow[cell].write = now;
            }
        }
        if let Some(after) = after {
            self.memories[number].cells[cell] = after;
        }
        before
    }

    /// Notes a NaN or infinity that was computed from finite numbers.
    #[cold]
    pub(crate) fn not_finite(&mut self, step: impl Fn() -> Computed<N>, offset: u32, lane: u16) {
        let step = step();
        let nan = step.result.is_nan();
        let given = step.given();
        // A NaN made of an infinity is new; an infinity made of one is not.
        let passed_on = |x: &N| if nan { x.is_nan() } else { !x.is_finite() };
        if given.iter().any(passed_on) {
            return;
        }
        let fault = match step.why() {
            Some(why) => Fault::LeftOpen(step.to_string(), why),
            None => Fault::NotFinite(step.to_string()),
        };
        let who = self.who(lane);
        self.findings.note(fault, offset, who, None);
    }
}

/// A step of a computation, for display.
pub(crate) struct Computed<N> {
    pub(crate) what: Step,
    pub(crate) given: [N; 3],
    pub(crate) result: N,
}

/// See [`Computed`].
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Operator(&'static str),
    Function(MathFunction),
}

impl<N: Number> Computed<N> {
    fn given(&self) -> &[N] {
        match self.what {
            Step::Operator(_) => &self.given[..2],
            Step::Function(function) => &self.given[..functions::arguments(function)],
        }
    }

    fn why(&self) -> Option<&'static str> {
        let Step::Function(function) = self.what else { return None };
        let [x, y, z] = self.given;
        functions::left_open(function, x, y, z)
    }
}

impl<N: Number> std::fmt::Display for Computed<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let given: Vec<String> = self.given().iter().map(ToString::to_string).collect();
        match self.what {
            Step::Operator(sign) => write!(f, "{} {sign} {}", given[0], given[1])?,
            Step::Function(function) => {
                write!(f, "{}({})", functions::name(function), given.join(", "))?;
            }
        }
        let infinite = if self.result.is_nan() { "NaN" } else { "infinite" };
        match self.result.is_finite() {
            true => write!(f, " is {}", self.result),
            false => write!(f, " is {infinite}"),
        }
    }
}

/// The value that an atomic gives a cell; none if it changes nothing.
pub(crate) fn changed(function: Atomic, (expected, value): (u64, u64), before: u64) -> Option<u64> {
    let Atomic::Change(change, is_signed) = function else {
        return (before as u32 == expected as u32).then_some(value);
    };
    let of = |bits: u32| if is_signed { signed(bits as i32) } else { unsigned(bits) };
    let (a, b) = (before as u32, value as u32);
    Some(match change {
        Change::Add => of(a.wrapping_add(b)),
        Change::Subtract => of(a.wrapping_sub(b)),
        Change::And => of(a & b),
        Change::Or => of(a | b),
        Change::ExclusiveOr => of(a ^ b),
        Change::Min if is_signed => signed((a as i32).min(b as i32)),
        Change::Min => unsigned(a.min(b)),
        Change::Max if is_signed => signed((a as i32).max(b as i32)),
        Change::Max => unsigned(a.max(b)),
        Change::Exchange => of(b),
    })
}
