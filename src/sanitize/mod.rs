//! Is a shader correct on every adapter? It is run on the CPU, with every access and every number watched:
//! data races, barriers that not all invocations reach, accesses out of bounds, reads of unwritten values, and
//! results that depend on the subgroup size or the order of workgroups are found whether or not a driver shows
//! them.

pub mod cases;
mod diagnosis;
pub mod formula;

use crate::backend::interpreter::{SUBGROUP_SIZE, bindings};
use crate::backend::twins::TwinSession;
use crate::check::Reference;
use crate::error::{Error, Result};
use crate::interpreter::Code;
use crate::interpreter::dispatch::{Bound, Options as Running, Outcome, Schedule, dispatch};
use crate::interpreter::memory::{ONCE, OUTSIDE, UNWRITTEN};
use crate::isolated::IsolatedDispatch;
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::contract::{Access, Operand, Part};
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::setting::{self, Setting};
use crate::kernels::shader::Shader;
use crate::program::{Dispatch, TensorSpec};
use crate::tensor::Value;
pub use diagnosis::{Diagnosis, Place};
use diagnosis::{Scene, Verdicts};
use std::collections::BTreeMap;
use std::time::Instant;

/// The subgroup sizes that exist.
pub const SUBGROUP_SIZES: [u32; 5] = [4, 8, 16, 32, 64];

/// Operations that an invocation may execute before it counts as endless.
const MOST: u64 = 20_000_000;

/// What to try.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The subgroup sizes to try if a shader requires none; all if this is empty.
    pub subgroup_sizes: Vec<u32>,
    /// The number of orders in which workgroups run; if 0, one where only a race could show a difference,
    /// and two otherwise.
    pub schedules: usize,
    /// Which cases to try.
    pub depth: Depth,
}

/// How much to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Each edge of the tiles.
    Quick,
    /// The same, and with the default tunables also the kernel's own cases up to a size.
    #[default]
    Usual,
    /// The kernel's own cases with each setting, and pairs of tunables.
    All,
}

/// The result for one setting of a kernel.
#[derive(Clone, Debug)]
pub struct Report {
    /// The kernel.
    pub kernel: &'static str,
    /// Its variant, and the tunables that differ.
    pub setting: Setting,
    /// Cases tried.
    pub cases: usize,
    /// Runs of all cases.
    pub runs: usize,
    /// Operations executed.
    pub operations: u64,
    /// The subgroup sizes tried; none if it uses no subgroups.
    pub subgroup_sizes: Vec<u32>,
    /// What was found, faults before notes.
    pub found: Vec<Diagnosis>,
    /// Why nothing was tried, if so.
    pub skipped: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Report {
    /// The faults, without the notes.
    pub fn faults(&self) -> impl Iterator<Item = &Diagnosis> {
        self.found.iter().filter(|one| !one.is_note)
    }
}

/// The settings of a variant to try: its own; each other value of each tunable; and at [`Depth::All`] also the
/// pairs of values that `check --all-tunables` tries.
///
/// # Errors
/// As [`Library::set_shader`].
pub fn settings(
    library: &Library,
    kernel: &'static Kernel,
    variant: &str,
    depth: Depth,
) -> Result<Vec<Setting>> {
    let own = library.setting(kernel, variant)?;
    let shader = library.set_shader(kernel, &own, Activation::default())?;
    let changed = |one: &Setting| {
        one.tunables.iter().filter(|&(name, value)| own.tunables.get(name) != Some(value)).count()
    };
    let mut found = setting::others(&own, &shader);
    found.retain(|one| depth == Depth::All || depth == Depth::Usual && changed(one) == 1);
    found.insert(0, own);
    Ok(found)
}

/// Runs a setting of a kernel and reports what it does wrong.
///
/// # Errors
/// As [`Library::set_shader`]; [`Error::Shader`] for what the interpreter does not run.
pub fn sanitize(
    library: &Library,
    kernel: &'static Kernel,
    setting: &Setting,
    options: &Options,
) -> Result<Report> {
    let start = Instant::now();
    let shader = library.set_shader(kernel, setting, Activation::default())?;
    let mut report = Report {
        kernel: kernel.name(),
        setting: setting.clone(),
        cases: 0,
        runs: 0,
        operations: 0,
        subgroup_sizes: Vec::new(),
        found: Vec::new(),
        skipped: skipped(&shader),
        seconds: 0.0,
    };
    if report.skipped.is_some() {
        return Ok(report);
    }
    let mut known = BTreeMap::new();
    let mut verdicts = Verdicts::default();
    let has_own = match options.depth {
        Depth::Quick => false,
        Depth::Usual => setting.tunables == library.setting(kernel, &setting.variant)?.tunables,
        Depth::All => true,
    };
    for case in cases::cases(kernel, &shader, has_own) {
        if !known.contains_key(case.activation.name()) {
            let shader = library.set_shader(kernel, setting, case.activation)?;
            let code = bindings::code(&shader)?;
            known.insert(case.activation.name(), (shader, code));
        }
        let (shader, code) = &known[case.activation.name()];
        let watched = Watched::new(kernel, &case, shader, code)?;
        report.subgroup_sizes = sizes(shader, code, options);
        if code.uses_subgroups() && report.subgroup_sizes.is_empty() {
            let lanes = match shader.requires.subgroup_sizes.is_empty() {
                true => SUBGROUP_SIZE.to_string(),
                false => shader.requires.lanes(),
            };
            report.skipped = Some(format!("it needs subgroups of {lanes} lanes"));
            return Ok(report);
        }
        report.cases += 1;
        watched.run_all(&mut report, &mut verdicts, options)?;
    }
    report.found = verdicts.finished();
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

/// Why the interpreter does not run a shader; none if it does.
fn skipped(shader: &Shader) -> Option<String> {
    let side = shader.requires.cooperative_matrix?;
    Some(format!("the CPU does not run cooperative matrices of {side} x {side}"))
}

/// The subgroup sizes to try a shader with.
fn sizes(shader: &Shader, code: &Code, options: &Options) -> Vec<u32> {
    let asked =
        |size: &u32| options.subgroup_sizes.is_empty() || options.subgroup_sizes.contains(size);
    let permitted = match shader.requires.subgroup_sizes.as_slice() {
        [] if code.uses_subgroups() => SUBGROUP_SIZES.to_vec(),
        sizes => sizes.to_vec(),
    };
    permitted.into_iter().filter(asked).collect()
}

/// A case of a kernel, to be run and watched.
struct Watched<'a> {
    case: &'a Case,
    shader: &'a Shader,
    code: &'a Code,
    isolated: IsolatedDispatch,
    memory: TwinSession<f32>,
    bound: Vec<Bound>,
    reference: Reference,
}

impl<'a> Watched<'a> {
    fn new(
        kernel: &'static Kernel,
        case: &'a Case,
        shader: &'a Shader,
        code: &'a Code,
    ) -> Result<Self> {
        let (sizes, inputs) = (case.sizes(&kernel.contract)?, case.inputs(&kernel.contract)?);
        let shapes: Vec<_> =
            kernel.contract.operands.iter().map(|operand| sizes.shape(operand)).collect();
        let isolated = IsolatedDispatch::new(kernel, case, &shapes)?;
        let mut memory = TwinSession::new(isolated.program().clone());
        let one = isolated.dispatch();
        for (&tensor, input) in one.tensors.iter().zip(&inputs) {
            if let Some(input) = input {
                memory.put(tensor, input)?;
            }
        }
        let mut bound = bindings::bound(&memory, code, one, false);
        for bound in &mut bound {
            if let Some((operand, spec)) = bindings::operand(&memory, one, bound.binding) {
                bound.marks = marks(operand, spec, bound.cells.len());
            }
        }
        let reference = Reference::of(one, &inputs, shader.precision());
        Ok(Self { case, shader, code, isolated, memory, bound, reference })
    }

    fn dispatch(&self) -> &Dispatch {
        self.isolated.dispatch()
    }

    fn parameter(&self, name: &str) -> f32 {
        let known = self.dispatch().kernel.contract.parameters.iter();
        let mut values = known.zip(&self.dispatch().parameters);
        values.find(|(known, _)| known.name == name).map_or(0.0, |(_, &value)| value)
    }

    /// Runs it with each subgroup size and in each order.
    fn run_all(
        &self,
        report: &mut Report,
        verdicts: &mut Verdicts,
        options: &Options,
    ) -> Result<()> {
        let sizes = match report.subgroup_sizes.as_slice() {
            [] => vec![SUBGROUP_SIZE],
            sizes => sizes.to_vec(),
        };
        let usual = if self.code.orders_show() { 2 } else { 1 };
        let schedules = if options.schedules == 0 { usual } else { options.schedules };
        let mut complaints = Vec::new();
        for &size in &sizes {
            let mut first: Option<Vec<Value<f32>>> = None;
            for number in 0..schedules {
                let outcome = self.run(size, schedule(number))?;
                report.runs += 1;
                report.operations += outcome.executed;
                let chosen = report.subgroup_sizes.first().map(|_| size);
                let scene = self.scene(chosen);
                outcome.findings.iter().for_each(|finding| verdicts.add(&scene, finding));
                if outcome.endless {
                    return Ok(());
                }
                self.unwritten(&outcome, &scene, verdicts);
                let written = self.written(&outcome);
                match &first {
                    None => {
                        let judgements = self.reference.judge(self.dispatch(), &written);
                        let wrong = judgements.iter().find(|one| !one.verdict.passes());
                        complaints.push((size, wrong.map(|one| one.describe())));
                        first = Some(written);
                    }
                    Some(first) => {
                        let mut pairs = first.iter().zip(&written);
                        if !pairs.all(|(one, other)| one.has_bits_of(other)) {
                            verdicts.order(&scene);
                        }
                    }
                }
            }
        }
        verdicts.results(&self.scene(None), &complaints);
        Ok(())
    }

    fn scene(&self, subgroup_size: Option<u32>) -> Scene<'_> {
        Scene {
            case: self.case,
            shader: self.shader,
            code: self.code,
            memory: &self.memory,
            dispatch: self.dispatch(),
            subgroup_size,
        }
    }

    fn run(&self, subgroup_size: u32, schedule: Schedule) -> Result<Outcome> {
        let grid = self.shader.grid(&self.dispatch().sizes)?;
        let running = Running { subgroup_size, schedule, watch: true, most: MOST };
        Ok(dispatch::<f32>(self.code, grid, &self.bound, running))
    }

    /// The operands that the kernel writes, in the contract's order.
    fn written(&self, outcome: &Outcome) -> Vec<Value<f32>> {
        let mut memory = self.memory.clone();
        bindings::take(&mut memory, self.code, self.dispatch(), outcome);
        let operands =
            self.dispatch().kernel.contract.operands.iter().zip(&self.dispatch().tensors);
        let written = operands.filter(|(operand, _)| operand.access.writes());
        written.map(|(_, &tensor)| memory.get(tensor)).collect()
    }

    /// Reports elements that should be written and are not.
    fn unwritten(&self, outcome: &Outcome, scene: &Scene<'_>, verdicts: &mut Verdicts) {
        for (number, memory) in outcome.memories.iter().enumerate() {
            let binding = self.code.binding(number as u32);
            let found = binding.and_then(|at| bindings::operand(&self.memory, self.dispatch(), at));
            let Some((operand, spec)) = found.filter(|(operand, _)| operand.access.writes()) else {
                continue;
            };
            let is_written = |replica: usize, within: usize| {
                let shadow = memory.shadow.get(replica * spec.replica_stride + within);
                shadow.is_none_or(|shadow| shadow.write.era != 0)
            };
            let cols = spec.shape.cols;
            for replica in 0..spec.shape.replicas {
                let missing = |&within: &usize| !is_written(replica, within);
                let missing = match operand.part {
                    Part::OneRow => {
                        let whole = |row: &usize| {
                            (0..cols).all(|col| is_written(replica, row * cols + col))
                        };
                        let rows = (0..spec.shape.rows).filter(whole).count();
                        Some(0).filter(|_| rows != 1)
                    }
                    Part::UnlessZero(name) if self.parameter(name) == 0.0 => None,
                    _ => (0..spec.shape.matrix_len()).find(missing),
                };
                if let Some(within) = missing {
                    verdicts.never_written(scene, operand, (replica, within / cols, within % cols));
                    break;
                }
            }
        }
    }
}

/// The marks of a binding's cells.
fn marks(operand: &Operand, spec: &TensorSpec, cells: usize) -> Vec<u8> {
    let plain = match operand.access {
        Access::Read => 0,
        Access::Write => UNWRITTEN | ONCE,
        Access::ReadWrite => ONCE,
    };
    let mark = |cell: usize| {
        let within = cell % spec.replica_stride.max(1);
        if within >= spec.shape.matrix_len() { OUTSIDE } else { plain }
    };
    (0..cells).map(mark).collect()
}

/// The orders in which workgroups run.
fn schedule(number: usize) -> Schedule {
    match number {
        0 => Schedule::Forward,
        1 => Schedule::Backward,
        _ => Schedule::Shuffled(number as u64),
    }
}

/// Checks that these are sizes of subgroups.
///
/// # Errors
/// [`Error::Config`] listing the valid ones.
pub fn check_sizes(sizes: &[u32]) -> Result<()> {
    match sizes.iter().find(|size| !SUBGROUP_SIZES.contains(size)) {
        None => Ok(()),
        Some(size) => Err(Error::Config(format!(
            "--subgroup-size {size}: expected one or more of 4, 8, 16, 32, 64, for example 8,32"
        ))),
    }
}
