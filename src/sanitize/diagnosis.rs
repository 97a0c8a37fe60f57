//! The interpreter's findings in words: with lines of the user's files, names of tensors and elements, and
//! advice.

use crate::backend::interpreter::bindings;
use crate::backend::twins::TwinSession;
use crate::interpreter::Code;
use crate::interpreter::finding::{Cell, Conflict, Fault, Finding, Who};
use crate::kernels::cases::Case;
use crate::kernels::composition::Line;
use crate::kernels::contract::{Operand, Part};
use crate::kernels::shader::Shader;
use crate::program::Dispatch;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A place in the source, and what an invocation does there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file and the line number.
    pub line: String,
    /// The line's code.
    pub code: String,
    /// The invocation and what it does.
    pub who: String,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Its kind, in a few words.
    pub kind: String,
    /// Whether it is legal, and only worth knowing.
    pub is_note: bool,
    /// What is wrong, in a sentence.
    pub what: String,
    /// Where, the later of two places first; empty for a wrong result.
    pub places: Vec<Place>,
    /// What to do.
    pub advice: String,
    /// The case that showed it first.
    pub case: String,
}

/// Several lines for display.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.kind, self.what)?;
        for place in &self.places {
            writeln!(f, "  {}: {}\n    {}", place.line, place.code, place.who)?;
        }
        writeln!(f, "  {}", self.advice)?;
        write!(f, "  (at {})", self.case)
    }
}

/// The context of a finding.
pub(super) struct Scene<'a> {
    pub(super) case: &'a Case,
    pub(super) shader: &'a Shader,
    pub(super) code: &'a Code,
    pub(super) memory: &'a TwinSession<f32>,
    pub(super) dispatch: &'a Dispatch,
    /// Lanes per subgroup, if there are subgroups.
    pub(super) subgroup_size: Option<u32>,
}

/// Everything found, each finding once.
#[derive(Default)]
pub(super) struct Verdicts {
    found: BTreeMap<(bool, String, Vec<Line>), (usize, Diagnosis)>,
}

fn ids([x, y, z]: [u32; 3]) -> String {
    format!("({x}, {y}, {z})")
}

impl Scene<'_> {
    fn describe(&self) -> String {
        let case = self.case.describe();
        self.subgroup_size.map_or(case.clone(), |size| format!("{case}, subgroups of {size}"))
    }

    fn place(&self, offset: u32, who: Who, does: &str) -> (Line, Place) {
        let line = self.shader.texts.line_at(offset as usize);
        let who =
            format!("invocation {} of workgroup {} {does}", ids(who.local), ids(who.workgroup));
        let place = Place { line: line.to_string(), code: line.code.clone(), who };
        (line, place)
    }

    /// An element by its tensor's name, or a part of workgroup memory.
    fn cell(&self, at: Cell) -> String {
        let cell = at.cell as usize;
        let binding = self.code.binding(at.memory);
        let found = binding.and_then(|at| bindings::operand(self.memory, self.dispatch, at));
        if let Some((operand, spec)) = found {
            let stride = spec.replica_stride.max(1);
            let (replica, within) = (cell / stride, cell % stride);
            if within >= spec.shape.matrix_len() || replica >= spec.shape.replicas {
                return format!(
                    "{}, {within} elements after the start of replica {replica}",
                    operand.name
                );
            }
            let (row, col) = (within / spec.shape.cols, within % spec.shape.cols);
            return format!("{}[{replica}, {row}, {col}]", operand.name);
        }
        match self.code.memory(at.memory) {
            Some((name, 0)) => name.to_owned(),
            Some((name, 1)) => format!("{name}[{cell}]"),
            Some((name, each)) => {
                format!("{name}[{}], scalar {}", at.cell / each, at.cell % each)
            }
            None => "memory".to_owned(),
        }
    }

    /// The barrier that orders a memory.
    fn barrier(&self, at: Cell) -> &'static str {
        match self.code.binding(at.memory) {
            Some(_) => "storageBarrier()",
            None => "workgroupBarrier()",
        }
    }
}

impl Verdicts {
    /// Everything, faults first, in the order in which it was found.
    pub(super) fn finished(self) -> Vec<Diagnosis> {
        let mut all: Vec<_> = self.found.into_values().collect();
        all.sort_by_key(|(number, one)| (one.is_note, *number));
        all.into_iter().map(|(_, one)| one).collect()
    }

    fn put(&mut self, lines: Vec<Line>, one: Diagnosis) {
        let number = self.found.len();
        self.found.entry((one.is_note, one.kind.clone(), lines)).or_insert((number, one));
    }

    /// Adds what the interpreter has found.
    pub(super) fn add(&mut self, scene: &Scene<'_>, finding: &Finding) {
        let worded = Wording::of(scene, finding);
        let (line, place) = scene.place(finding.offset, finding.who, &worded.does);
        let (mut lines, mut places) = (vec![line], vec![place]);
        if let Some((offset, who)) = finding.other {
            let (line, place) = scene.place(offset, who, &worded.other_does);
            lines.push(line);
            places.push(place);
        }
        let one = Diagnosis {
            kind: worded.kind.to_owned(),
            is_note: finding.fault.is_note(),
            what: worded.what,
            places,
            advice: worded.advice,
            case: scene.describe(),
        };
        self.put(lines, one);
    }

    /// Adds a finding that has no place in the source.
    fn whole(&mut self, scene: &Scene<'_>, kind: &str, what: String, advice: &str) {
        let one = Diagnosis {
            kind: kind.to_owned(),
            is_note: false,
            what,
            places: Vec::new(),
            advice: advice.to_owned(),
            case: scene.describe(),
        };
        self.put(Vec::new(), one);
    }

    /// Adds an element that is never written.
    pub(super) fn never_written(
        &mut self,
        scene: &Scene<'_>,
        operand: &Operand,
        (replica, row, col): (usize, usize, usize),
    ) {
        let name = operand.name;
        let what = match operand.part {
            Part::OneRow => format!(
                "replica {replica} of {name} must have exactly one row written, and has not"
            ),
            _ => format!("nothing writes {name}[{replica}, {row}, {col}]"),
        };
        let advice =
            "the contract requires it: check the bounds of the loops and what the grid covers";
        self.whole(scene, "never written", what, advice);
    }

    /// Adds that the result depends on the order of workgroups.
    pub(super) fn order(&mut self, scene: &Scene<'_>) {
        let what = "a different order of workgroups gives a different result".to_owned();
        let advice = "nothing orders workgroups: do not let a result depend on the value that an atomic \
                      returns or on what others have already added";
        self.whole(scene, "depends on the order of workgroups", what, advice);
    }

    /// Adds results that are wrong with some or all subgroup sizes.
    pub(super) fn results(&mut self, scene: &Scene<'_>, complaints: &[(u32, Option<String>)]) {
        let wrong: Vec<_> = complaints.iter().filter(|(_, one)| one.is_some()).collect();
        let Some((_, Some(complaint))) = wrong.first() else { return };
        if wrong.len() == complaints.len() {
            let advice = "run `normlab check` for details";
            self.whole(scene, "wrong result", complaint.clone(), advice);
            return;
        }
        let list = |right: bool| {
            let some = complaints.iter().filter(|(_, one)| one.is_none() == right);
            some.map(|(size, _)| size.to_string()).collect::<Vec<_>>().join(", ")
        };
        let what = format!(
            "correct with subgroups of {}, wrong with subgroups of {}: {complaint}",
            list(true),
            list(false)
        );
        let advice = "read the size from @builtin(subgroup_size), or require one in the header, e.g. \
                      `// requires: subgroups, subgroup_size = 8`";
        self.whole(scene, "depends on the subgroup's size", what, advice);
    }
}

/// A fault in words.
struct Wording {
    kind: &'static str,
    what: String,
    does: String,
    other_does: String,
    advice: String,
}

impl Wording {
    fn of(scene: &Scene<'_>, finding: &Finding) -> Self {
        let worded = |kind, what: String, does: &str, advice: &str| Self {
            kind,
            what,
            does: does.to_owned(),
            other_does: String::new(),
            advice: advice.to_owned(),
        };
        match &finding.fault {
            Fault::Race(conflict, cell) => Self::race(scene, finding, *conflict, *cell),
            Fault::Divergence { ended } => Self {
                other_does: if *ended { "has ended" } else { "waits here" }.to_owned(),
                ..worded(
                    "barrier not reached by all",
                    "not all invocations of the workgroup reach this barrier".to_owned(),
                    "waits here",
                    "let all invocations reach it: guard the code between barriers, do not return before one, \
                     and put none into a branch or loop that invocations take differently",
                )
            },
            Fault::OutOfBounds { what, index, length, writes, wrapped } => {
                let wraps = if *wrapped { ", which has wrapped around below 0," } else { "" };
                worded(
                    "out of bounds",
                    format!("the index {index}{wraps} is beyond the {length} elements of {what}"),
                    if *writes { "writes there" } else { "reads there" },
                    "check the index against the size first; robust access hides this on some adapters \
                     and returns a different element on others",
                )
            }
            Fault::Wrapped { what, exact, index } => worded(
                "index wrapped around",
                format!("an index into {what} should be {exact} and has become {index}"),
                "uses it",
                "the numbers are too large for 32 bits, or a difference is below 0: compute the index in \
                 a different order",
            ),
            Fault::Outside(cell, writes) => worded(
                "outside the tensor",
                format!("{} is not an element of the tensor", scene.cell(*cell)),
                if *writes { "writes there" } else { "reads there" },
                "the distance between replicas is the stride in Params, which may be more than their \
                 length",
            ),
            Fault::Unwritten(cell) => worded(
                "read before written",
                format!("{} is read before anything has written it", scene.cell(*cell)),
                "reads it",
                "before the kernel writes an output, its contents are undefined",
            ),
            Fault::Zero(cell) => worded(
                "relies on zeros",
                format!(
                    "{} is read although nothing has written it: WGSL makes it 0",
                    scene.cell(*cell)
                ),
                "reads it",
                "this is legal; write it first if it was not intended",
            ),
            Fault::Twice(cell, same) => Self {
                other_does: "wrote it before".to_owned(),
                ..worded(
                    "written twice",
                    format!("{} is written again", scene.cell(*cell)),
                    "writes it",
                    if *same {
                        "this is legal; keep the value in a variable if the first write is not needed"
                    } else {
                        "the contract requires each element to be written once: let one invocation own it"
                    },
                )
            },
            Fault::NotFinite(step) => worded(
                "NaN or infinity",
                format!("{step}, from finite numbers"),
                "computes it",
                "bring the operands into a range where the result is a number",
            ),
            Fault::LeftOpen(step, why) => {
                worded("left open by WGSL", step.clone(), "computes it", why)
            }
            Fault::DivisionByZero(step) => worded(
                "division by zero",
                format!("{step} of integers"),
                "computes it",
                "WGSL gives the dividend, with remainder 0; guard against it if that is not intended",
            ),
            Fault::Shift(by) => worded(
                "shift beyond the width",
                format!("a shift of a 32-bit number by {by} bits"),
                "computes it",
                "WGSL uses only the last five bits of the amount; guard against amounts of 32 and more",
            ),
            Fault::InactiveLane { lane, size, .. } => worded(
                "inactive lane",
                format!("the value of lane {lane} of {size}, which is not active here"),
                "reads it",
                "WGSL leaves that value undefined: let all lanes take part, and read only lanes that exist",
            ),
            Fault::Endless => worded(
                "endless loop",
                "an invocation never leaves this loop".to_owned(),
                "is in it",
                "make sure that its condition ends it for every size",
            ),
        }
    }

    fn race(scene: &Scene<'_>, finding: &Finding, conflict: Conflict, cell: Cell) -> Self {
        let (does, other_does) = match conflict {
            Conflict::WriteRead => ("reads it", "writes it"),
            Conflict::ReadWrite => ("writes it", "reads it"),
            Conflict::WriteWrite => ("writes it", "writes it"),
            Conflict::SameValue => ("writes it", "writes the same value"),
        };
        let apart = finding.other.is_some_and(|(_, who)| who.workgroup != finding.who.workgroup);
        let advice = match (apart, conflict) {
            (true, _) => "nothing orders workgroups within a dispatch: let one workgroup own the element, use \
                          atomics, or split the kernel into two dispatches"
                .to_owned(),
            (false, Conflict::SameValue) => "the values are equal, but it is still a race: let one \
                                             invocation write it"
                .to_owned(),
            (false, _) => format!("put {} between the two, where all invocations reach it", scene.barrier(cell)),
        };
        let kind = match conflict {
            Conflict::SameValue => "data race of one value",
            _ => "data race",
        };
        let what =
            format!("{} is used by two invocations, and nothing orders them", scene.cell(cell));
        Self { kind, what, does: does.to_owned(), other_does: other_does.to_owned(), advice }
    }
}
