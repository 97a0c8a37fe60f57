//! Programs with fewer dispatches: one kernel does the work of several consecutive ones.
//!
//! A [`Rule`] describes, as data, which kernels it looks for, how they are connected, and which kernel
//! replaces them. [`fuse`] rewrites a program by such rules: program in, program out. A fused kernel is a
//! kernel like any other, with its contract, twin and tests, and its results are bit-identical to those of
//! its parts, so that a network learns the same with fusion and without (`tests/fusion.rs`).
//!
//! Tensors that only pass between the parts are no longer written. A rule that would leave a tensor
//! unwritten that the rest of the program uses does not apply.

mod rules;

pub use rules::{ALL, Place, Rule};

use crate::error::Result;
use crate::program::{Dispatch, PassId, Program, TensorId};

/// The rules by which programs are rewritten; none by default.
#[derive(Clone, Debug, Default)]
pub struct Fusion {
    rules: Vec<&'static Rule>,
}

impl Fusion {
    /// All rules that `keep` accepts.
    pub fn of(keep: impl Fn(&Rule) -> bool) -> Self {
        Self { rules: ALL.iter().filter(|rule| keep(rule)).collect() }
    }

    /// The names of the rules.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.rules.iter().map(|rule| rule.name).collect()
    }
}

/// A dispatch and its pass.
type Step = (PassId, Dispatch);

/// The program with the passes of `order`, which are always run one after another in this order,
/// rewritten by the rules. Passes and tensors keep their ids. A fused dispatch takes the place of the first
/// of its parts, so that a dispatch may move to the previous pass.
///
/// # Errors
/// [`crate::error::Error::Shape`] when a fused kernel does not fit the tensors of its parts: a mistake
/// in its rule.
pub fn fuse(program: &Program, order: &[PassId], fusion: &Fusion) -> Result<Program> {
    let mut steps: Vec<Step> = Vec::new();
    for &pass in order {
        steps.extend(program.passes[pass.0].dispatches.iter().map(|one| (pass, one.clone())));
    }
    for rule in &fusion.rules {
        let mut at = 0;
        while at + rule.parts.len() <= steps.len() {
            let end = at + rule.parts.len();
            if let Some(fused) = rewritten(program, order, &steps, at..end, rule).transpose()? {
                let pass = steps[at].0;
                steps.splice(at..end, [(pass, fused)]);
            }
            at += 1;
        }
    }
    let mut fused = program.clone();
    for &pass in order {
        let mine = steps.iter().filter(|(other, _)| *other == pass);
        fused.passes[pass.0].dispatches = mine.map(|(_, dispatch)| dispatch.clone()).collect();
    }
    Ok(fused)
}

/// The single dispatch that replaces the steps of `range`, if the rule applies to them.
fn rewritten(
    program: &Program,
    order: &[PassId],
    steps: &[Step],
    range: std::ops::Range<usize>,
    rule: &Rule,
) -> Option<Result<Dispatch>> {
    let parts: Vec<_> = steps[range.clone()].iter().map(|(_, dispatch)| dispatch).collect();
    if !rule.fits(&parts) {
        return None;
    }
    let apart = program.passes.iter().enumerate();
    let apart = apart.filter(|(pass, _)| !order.contains(&PassId(*pass)));
    let apart = apart.flat_map(|(_, pass)| &pass.dispatches);
    let beside = steps[..range.start].iter().chain(&steps[range.end..]);
    let others: Vec<_> = apart.chain(beside.map(|(_, dispatch)| dispatch)).collect();
    let used = |id: TensorId| {
        let buffer = program.spec(id).buffer;
        let mut ids = others.iter().flat_map(|dispatch| &dispatch.tensors);
        ids.any(|&other| program.spec(other).buffer == buffer)
    };
    (!rule.dropped(&parts).into_iter().any(used)).then(|| rule.fused(program, &parts))
}
