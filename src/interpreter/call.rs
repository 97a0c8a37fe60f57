//! Calls a single function of a module.

use super::code::Code;
use super::finding::Fault;
use super::lane::{Lane, Stop, run};
use super::number::Number;
use super::world::World;
use std::cell::RefCell;

/// Operations that a call may execute: an endless loop is abandoned after this many.
pub const MOST: u64 = 400_000;

/// The result of a function from one number to another; none if it does not finish.
#[must_use]
pub fn call<N: Number>(code: &Code, x: N) -> Option<N> {
    called::<N, false>(code, x).0
}

/// A description of the first step of such a function that makes NaN of other numbers.
#[must_use]
pub fn first_nan<N: Number>(code: &Code, x: N) -> Option<String> {
    called::<N, true>(code, x).1
}

/// The byte offset in the source at which such a function has used up [`MOST`] operations: in an endless loop.
/// None if it finishes.
#[must_use]
pub fn unended(code: &Code, x: f32) -> Option<usize> {
    let mut registers = Vec::new();
    let (mut world, mut lane) = begun::<f32>(code, x, &mut registers);
    let stop = run::<f32, false>(&mut world, &mut lane, &mut registers);
    (stop == Stop::Endless).then(|| code.offsets[lane.at as usize] as usize)
}

/// A call before its first operation.
fn begun<'a, N: Number>(code: &'a Code, x: N, registers: &mut Vec<u64>) -> (World<'a, N>, Lane) {
    code.template::<N>(registers);
    if let Some(&argument) = code.arguments.first() {
        registers[argument as usize] = x.cell();
    }
    let world = World::<N>::new(code, Vec::new(), Vec::new(), false);
    (world, Lane { at: 0, index: 0, left: MOST })
}

thread_local! {
    /// The registers of the last call, for reuse: a twin makes many calls.
    static REGISTERS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn called<N: Number, const WATCH: bool>(code: &Code, x: N) -> (Option<N>, Option<String>) {
    REGISTERS.with_borrow_mut(|registers| called_with::<N, WATCH>(code, x, registers))
}

fn called_with<N: Number, const WATCH: bool>(
    code: &Code,
    x: N,
    registers: &mut Vec<u64>,
) -> (Option<N>, Option<String>) {
    let (mut world, mut lane) = begun::<N>(code, x, registers);
    let stop = run::<N, WATCH>(&mut world, &mut lane, registers);
    let result = code.results.first().filter(|_| stop == Stop::Ended);
    let result = result.map(|&result| N::of_cell(registers[result as usize]));
    let step = world.findings.all.iter().find_map(|finding| match &finding.fault {
        Fault::NotFinite(step) if step.ends_with("NaN") => Some(step.clone()),
        Fault::LeftOpen(step, why) if step.ends_with("NaN") => {
            Some(format!("{step}, because {why}"))
        }
        _ => None,
    });
    (result, step)
}
