//! Subgroup operations.
//!
//! # Which lanes are active
//!
//! A subgroup is `size` invocations of a workgroup with consecutive indices. When none of them can continue,
//! those that wait furthest up in the code, in the same iterations of its loops, are active together: they
//! have not yet reached the place where the others are.

use super::code::{Collective, Gather, Kind, Op, Together};
use super::finding::Fault;
use super::number::{Number, signed, unsigned};
use super::world::{World, changed};
use crate::interpreter::code::{Atomic, Change};
use naga::SubgroupOperation;

/// The registers of a workgroup's invocations.
pub(crate) struct Registers {
    /// One invocation's after another's.
    pub(crate) all: Vec<u64>,
    /// The number per invocation.
    pub(crate) each: usize,
}

impl Registers {
    pub(crate) fn of(&mut self, lane: u16) -> &mut [u64] {
        let start = usize::from(lane) * self.each;
        &mut self.all[start..start + self.each]
    }

    pub(crate) fn get(&self, lane: u16, register: u32) -> u64 {
        self.all[usize::from(lane) * self.each + register as usize]
    }

    fn set(&mut self, lane: u16, register: u32, cell: u64) {
        let at = usize::from(lane) * self.each + register as usize;
        self.all[at] = cell;
    }
}

/// Lanes that act together: the invocation of lane 0, the active ones, and the subgroup's size.
pub(crate) struct Active<'a> {
    pub(crate) first: u16,
    pub(crate) lanes: &'a [u16],
    pub(crate) size: u32,
}

/// Executes the operation at `at`.
pub(crate) fn together<N: Number>(
    world: &mut World<'_, N>,
    registers: &mut Registers,
    active: &Active<'_>,
    at: u32,
) {
    let code = world.code;
    let Op::Subgroup { with, .. } = code.ops[at as usize] else { return };
    let what: &Together = &code.together[with as usize];
    let offset = code.offsets[at as usize];
    match what.what {
        Collective::Meet => {}
        Collective::Ballot(predicate) => {
            let votes = |lane: &&u16| {
                predicate.is_none_or(|predicate| registers.get(**lane, predicate) != 0)
            };
            let bits = active.lanes.iter().filter(votes);
            let bits = bits.fold(0_u64, |bits, lane| bits | 1 << (lane - active.first));
            for &lane in active.lanes {
                for (word, &to) in what.results.iter().enumerate() {
                    let bits = if word < 2 { (bits >> (32 * word)) as u32 } else { 0 };
                    registers.set(lane, to, unsigned(bits));
                }
            }
        }
        Collective::Reduce(operation) => {
            for (&a, &to) in what.arguments.iter().zip(&what.results) {
                let given = active.lanes.iter().map(|&lane| registers.get(lane, a));
                let all = given.reduce(|all, one| combined::<N>(operation, what.kind, all, one));
                for &lane in active.lanes {
                    registers.set(lane, to, all.unwrap_or_default());
                }
            }
        }
        Collective::Scan(operation, inclusive) => {
            for (&a, &to) in what.arguments.iter().zip(&what.results) {
                let mut all = identity::<N>(operation, what.kind);
                for &lane in active.lanes {
                    let with = combined::<N>(operation, what.kind, all, registers.get(lane, a));
                    registers.set(lane, to, if inclusive { with } else { all });
                    all = with;
                }
            }
        }
        Collective::Gather(gather) => {
            let given: Vec<Vec<u64>> = active
                .lanes
                .iter()
                .map(|&lane| what.arguments.iter().map(|&a| registers.get(lane, a)).collect())
                .collect();
            for &lane in active.lanes {
                let source = source(gather, registers, active, lane);
                let place =
                    active.lanes.iter().position(|&one| u32::from(one - active.first) == source);
                if place.is_none() {
                    let usual = matches!(gather, Gather::Down(_) | Gather::Up(_));
                    let fault = Fault::InactiveLane { lane: source, size: active.size, usual };
                    let who = world.who(lane);
                    world.findings.note(fault, offset, who, None);
                }
                for (element, &to) in what.results.iter().enumerate() {
                    let cell = place.map_or(0, |place| given[place][element]);
                    registers.set(lane, to, cell);
                }
            }
        }
    }
}

/// The lane whose value `lane` gets.
fn source(gather: Gather, registers: &Registers, active: &Active<'_>, lane: u16) -> u32 {
    let me = u32::from(lane - active.first);
    let value = |register| registers.get(lane, register) as u32;
    match gather {
        Gather::First => active.lanes.first().map_or(0, |first| u32::from(first - active.first)),
        Gather::Broadcast(lane) | Gather::Shuffle(lane) => value(lane),
        Gather::Down(by) => me.saturating_add(value(by)),
        Gather::Up(by) => me.wrapping_sub(value(by)),
        Gather::Exclusive(mask) => me ^ value(mask),
        Gather::QuadBroadcast(lane) => me & !3 | value(lane) & 3,
        Gather::QuadSwap(mask) => me ^ mask,
    }
}

fn identity<N: Number>(operation: SubgroupOperation, kind: Kind) -> u64 {
    let number = if operation == SubgroupOperation::Mul { N::one() } else { N::zero() };
    match (operation, kind.is_real()) {
        (_, true) => number.cell(),
        (SubgroupOperation::Mul, _) => 1,
        _ => 0,
    }
}

fn combined<N: Number>(operation: SubgroupOperation, kind: Kind, a: u64, b: u64) -> u64 {
    use SubgroupOperation as S;
    if kind.is_real() {
        let (x, y) = (N::of_cell(a), N::of_cell(b));
        let result = match operation {
            S::Add => x + y,
            S::Mul => x * y,
            S::Min => x.min(y),
            _ => x.max(y),
        };
        return if kind == Kind::Half { result.to_half() } else { result }.cell();
    }
    let is_signed = kind == Kind::Signed;
    let change = match operation {
        S::Mul => {
            let bits = (a as u32).wrapping_mul(b as u32);
            return if is_signed { signed(bits as i32) } else { unsigned(bits) };
        }
        S::Add => Change::Add,
        S::Min => Change::Min,
        S::Max => Change::Max,
        S::And | S::All => Change::And,
        S::Or | S::Any => Change::Or,
        S::Xor => Change::ExclusiveOr,
    };
    changed(Atomic::Change(change, is_signed), (0, b), a).unwrap_or_default()
}
