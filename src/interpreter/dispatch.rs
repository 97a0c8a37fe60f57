//! Runs a dispatch: workgroup after workgroup, and in each the invocations in turn, from one point where
//! they wait to the next.

use super::code::{Code, Op, Start};
use super::finding::{Fault, Finding};
use super::lane::{Lane, Stop, run};
use super::memory::{Cells, Shadow};
use super::number::{Number, unsigned};
use super::subgroup::{Active, Registers, together};
use super::world::World;
use std::cmp::Ordering;

/// The order in which workgroups run, and the invocations of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// In ascending order.
    Forward,
    /// In descending order.
    Backward,
    /// Shuffled with this seed.
    Shuffled(u64),
}

/// How a dispatch is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Lanes of a subgroup.
    pub subgroup_size: u32,
    /// The order.
    pub schedule: Schedule,
    /// Whether to look for faults.
    pub watch: bool,
    /// Operations that an invocation may execute.
    pub most: u64,
}

/// A bound buffer.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    /// The number of the binding in group 0.
    pub binding: u32,
    /// Its cells.
    pub cells: Vec<u64>,
    /// Their marks, see [`super::memory`]; empty if none has any.
    pub marks: Vec<u8>,
    /// Bytes of the binding.
    pub bytes: usize,
}

/// The outcome of a dispatch.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The cells of the code's memories.
    pub memories: Vec<Cells>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Operations executed.
    pub executed: u64,
    /// Whether an invocation was stopped before it finished.
    pub endless: bool,
}

struct Workgroup<'w, 'a, N> {
    world: &'w mut World<'a, N>,
    registers: Registers,
    lanes: Vec<Lane>,
    stops: Vec<Option<Stop>>,
    order: Vec<usize>,
    options: Options,
}

/// Where an invocation waits.
struct Meeting {
    /// The operation.
    at: u32,
    /// The loops around it, from the outermost: where each begins, and its iteration.
    rounds: Vec<(u32, u32)>,
}

impl Meeting {
    /// Orders meetings by which comes first.
    fn compare(&self, other: &Self) -> Ordering {
        let common = self.rounds.iter().zip(&other.rounds).take_while(|(a, b)| a.0 == b.0);
        let rounds = common.map(|(a, b)| a.1.cmp(&b.1));
        rounds.fold(Ordering::Equal, Ordering::then).then(self.at.cmp(&other.at))
    }
}

/// Runs a dispatch of `grid` workgroups on what is bound.
pub fn dispatch<N: Number>(
    code: &Code,
    grid: [u32; 3],
    bound: &[Bound],
    options: Options,
) -> Outcome {
    let of = |binding: u32| bound.iter().find(|one| one.binding == binding);
    let mut lengths = Vec::new();
    let mut memories = Vec::new();
    for memory in &code.memories {
        let found = memory.binding.and_then(of);
        let bytes = found.map_or(0, |bound| bound.bytes);
        let cells =
            found.map_or_else(|| vec![0; memory.layout.head.len()], |one| one.cells.clone());
        let shadows = if options.watch && memory.writable { cells.len() } else { 0 };
        lengths.push(memory.layout.elements(bytes) as u32);
        memories.push(Cells {
            cells,
            marks: found.map(|bound| bound.marks.clone()).unwrap_or_default(),
            shadow: vec![Shadow::default(); shadows],
            is_storage: memory.binding.is_some(),
        });
    }
    let mut world = World::<N>::new(code, memories, lengths, options.watch);
    // There is no era 0.
    world.owners.push([0; 3]);
    let mut template = Vec::new();
    code.template::<N>(&mut template);
    for uniform in &code.uniforms {
        let cells = of(uniform.binding).map(|bound| bound.cells.as_slice()).unwrap_or_default();
        for (at, &cell) in cells.iter().take(uniform.layout.head.len()).enumerate() {
            template[uniform.start as usize + at] = cell;
        }
    }
    let count = code.invocations() as usize;
    let registers = Registers { all: vec![0; count * template.len()], each: template.len() };
    let mut workgroup = Workgroup {
        world: &mut world,
        registers,
        lanes: Vec::new(),
        stops: vec![None; count],
        order: order(count, options.schedule),
        options,
    };
    let [x, y, z] = grid.map(|count| count as usize);
    let mut endless = false;
    for number in order(x * y * z, options.schedule) {
        let id = [number % x, number / x % y, number / (x * y)].map(|at| at as u32);
        endless |= workgroup.run(&template, id, grid);
        if endless {
            break;
        }
    }
    let World { memories, findings, executed, .. } = world;
    Outcome { memories, findings: findings.all, executed, endless }
}

/// The numbers below `count`, in the order of the schedule.
fn order(count: usize, schedule: Schedule) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    match schedule {
        Schedule::Forward => {}
        Schedule::Backward => all.reverse(),
        Schedule::Shuffled(seed) => {
            let mut state = seed;
            for at in (1..count).rev() {
                // Steele, Lea and Flood 2014, SplitMix64.
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
                all.swap(at, (mixed ^ mixed >> 31) as usize % (at + 1));
            }
        }
    }
    all
}

impl<N: Number> Workgroup<'_, '_, N> {
    /// Runs a workgroup; returns whether one of its invocations does not finish.
    fn run(&mut self, template: &[u64], id: [u32; 3], grid: [u32; 3]) -> bool {
        let world = &mut *self.world;
        world.workgroup = id;
        world.shared.now += 1;
        world.shared.first = world.shared.now;
        world.storage.now += 1;
        world.storage.first = world.storage.now;
        world.owners.push(id);
        for memory in world.memories.iter_mut().filter(|memory| !memory.is_storage) {
            memory.cells.fill(0);
        }
        let count = self.stops.len();
        self.lanes.clear();
        for index in 0..count as u16 {
            self.registers.of(index).copy_from_slice(template);
            self.lanes.push(Lane { at: 0, index, left: self.options.most });
        }
        self.start(id, grid);
        self.stops.fill(None);
        loop {
            for place in 0..count {
                let place = self.order[place];
                if self.stops[place].is_none() {
                    let lane = &mut self.lanes[place];
                    let registers = self.registers.of(lane.index);
                    let stop = match self.options.watch {
                        true => run::<N, true>(self.world, lane, registers),
                        false => run::<N, false>(self.world, lane, registers),
                    };
                    self.stops[place] = Some(stop);
                    if stop == Stop::Endless {
                        self.endless(place);
                        return true;
                    }
                }
            }
            if !self.subgroups() && !self.barrier() {
                return false;
            }
        }
    }

    /// Gives invocations their built-in values.
    fn start(&mut self, id: [u32; 3], grid: [u32; 3]) {
        let code = self.world.code;
        let (sides, size) = (code.workgroup_size, self.options.subgroup_size);
        let count = self.stops.len() as u32;
        for index in 0..count {
            let local = self.world.who(index as u16).local;
            let global = [0, 1, 2].map(|axis| id[axis] * sides[axis] + local[axis]);
            let registers = self.registers.of(index as u16);
            for &(start, to) in &code.starts {
                let one = |value: u32| [value, 0, 0];
                let (values, count) = match start {
                    Start::GlobalInvocation => (global, 3),
                    Start::LocalInvocation => (local, 3),
                    Start::Workgroup => (id, 3),
                    Start::WorkgroupSize => (sides, 3),
                    Start::Workgroups => (grid, 3),
                    Start::LocalIndex => (one(index), 1),
                    Start::Subgroups => (one(count.div_ceil(size)), 1),
                    Start::Subgroup => (one(index / size), 1),
                    Start::SubgroupSize => (one(size), 1),
                    Start::Lane => (one(index % size), 1),
                };
                for (at, value) in values[..count].iter().enumerate() {
                    registers[to as usize + at] = unsigned(*value);
                }
            }
        }
    }

    /// Where an invocation waits, and in which iterations of the loops around it.
    fn meeting(&self, place: usize) -> Meeting {
        let at = self.lanes[place].at;
        let code = self.world.code;
        let (Op::Barrier { rendezvous, .. } | Op::Subgroup { rendezvous, .. }) =
            code.ops[at as usize]
        else {
            return Meeting { at, rounds: Vec::new() };
        };
        let rounds = code.meetings[rendezvous as usize].rounds.iter();
        let index = self.lanes[place].index;
        let round = |&(begin, round): &(u32, u32)| (begin, self.registers.get(index, round) as u32);
        Meeting { at, rounds: rounds.map(round).collect() }
    }

    /// Of the invocations with this stop, those that wait furthest up; earlier iterations come first.
    fn first(&self, places: std::ops::Range<usize>, stop: Stop) -> Vec<usize> {
        let waiting: Vec<usize> = places.filter(|&place| self.stops[place] == Some(stop)).collect();
        let [first, others @ ..] = waiting.as_slice() else { return waiting };
        let mut least = self.meeting(*first);
        let mut all = vec![*first];
        for &place in others {
            let mine = self.meeting(place);
            match mine.compare(&least) {
                Ordering::Less => (least, all) = (mine, vec![place]),
                Ordering::Equal => all.push(place),
                Ordering::Greater => {}
            }
        }
        all
    }

    fn go_on(&mut self, places: &[usize]) {
        for &place in places {
            self.lanes[place].at += 1;
            self.stops[place] = None;
        }
    }

    /// Executes the subgroup operations that lanes wait for; returns whether there were any.
    fn subgroups(&mut self) -> bool {
        if self.world.code.together.is_empty() {
            return false;
        }
        let (count, size) = (self.stops.len(), self.options.subgroup_size as usize);
        let mut any = false;
        for start in (0..count).step_by(size) {
            let places = self.first(start..(start + size).min(count), Stop::Subgroup);
            let Some(&first) = places.first() else { continue };
            let lanes: Vec<u16> = places.iter().map(|&place| self.lanes[place].index).collect();
            let active = Active { first: start as u16, lanes: &lanes, size: size as u32 };
            let at = self.lanes[first].at;
            together(self.world, &mut self.registers, &active, at);
            self.go_on(&places);
            any = true;
        }
        any
    }

    /// Lets the invocations that wait at a barrier continue; returns whether there were any.
    fn barrier(&mut self) -> bool {
        let places = self.first(0..self.stops.len(), Stop::Barrier);
        let Some(&first) = places.first() else { return false };
        let at = self.lanes[first].at;
        if places.len() < self.stops.len() {
            self.diverged(&places);
        }
        if let Op::Barrier { storage, workgroup, .. } = self.world.code.ops[at as usize] {
            if storage {
                self.world.storage.now += 1;
                self.world.owners.push(self.world.workgroup);
            }
            self.world.shared.now += u32::from(workgroup);
        }
        self.go_on(&places);
        true
    }

    fn diverged(&mut self, places: &[usize]) {
        let mut others = (0..self.stops.len()).filter(|place| !places.contains(place));
        let Some(other) = others.next() else { return };
        let code = self.world.code;
        let offset = |place: usize| code.offsets[self.lanes[place].at as usize];
        let who = |place: usize| self.world.who(self.lanes[place].index);
        let ended = self.stops[other] == Some(Stop::Ended);
        let (here, there) = (offset(places[0]), offset(other));
        let (mine, others) = (who(places[0]), who(other));
        let fault = Fault::Divergence { ended };
        self.world.findings.note(fault, here, mine, Some((there, others)));
    }

    /// Reports the innermost loop that an invocation is in.
    fn endless(&mut self, place: usize) {
        let (code, at) = (self.world.code, self.lanes[place].at);
        let loops = code.ops.iter().enumerate().filter_map(|(end, op)| match *op {
            Op::Jump { target } | Op::JumpUnless { target, .. }
                if target <= at && at as usize <= end && target as usize <= end =>
            {
                Some((end - target as usize, end))
            }
            _ => None,
        });
        let end = loops.min().map_or(at as usize, |(_, end)| end);
        let who = self.world.who(self.lanes[place].index);
        self.world.findings.note(Fault::Endless, code.offsets[end], who, None);
    }
}
