//! Calls one function of a module, by itself.

use super::code::Code;
use super::finding::Fault;
use super::lane::{Lane, Stop, run};
use super::number::Number;
use super::world::World;
use std::cell::RefCell;

/// Operations that a call may execute: a loop without an end is left after so many.
const MOST: u64 = 400_000;

/// The result of a function from one number to another; none where it does not end.
#[must_use]
pub fn call<N: Number>(code: &Code, x: N) -> Option<N> {
    called::<N, false>(code, x).0
}

/// The first step of such a function that makes NaN of other numbers, in words.
#[must_use]
pub fn first_nan<N: Number>(code: &Code, x: N) -> Option<String> {
    called::<N, true>(code, x).1
}

thread_local! {
    /// The registers of the last call: a twin makes many.
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
    code.template::<N>(registers);
    if let Some(&argument) = code.arguments.first() {
        registers[argument as usize] = x.cell();
    }
    let mut world = World::<N>::new(code, Vec::new(), Vec::new(), false);
    let mut lane = Lane { at: 0, index: 0, left: MOST };
    let stop = run::<N, WATCH>(&mut world, &mut lane, registers);
    let result = code.results.first().filter(|_| stop == Stop::Ended);
    let result = result.map(|&result| N::of_cell(registers[result as usize]));
    let step = world.findings.all.iter().find_map(|finding| match &finding.fault {
        Fault::NotFinite(step) if step.ends_with("NaN") => Some(step.clone()),
        Fault::LeftOpen(step, why) if step.ends_with("NaN") => Some(format!("{step}, as {why}")),
        _ => None,
    });
    (result, step)
}
