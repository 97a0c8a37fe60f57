//! Every shipped shader with small faults inserted as text: the checks must find each of them.
//!
//! A fault is a real one: the loader accepts the shader that has it, and only what the shader
//! computes, or where it writes, is wrong. One that no case of its kernel shows is a gap in the
//! kernel's cases. Trials that need an adapter are ignored, with the reason, where there is none.

mod blocked;
mod equivalents;
mod everywhere;
mod fused;
mod hidden;
mod hidden_table;
mod lanes;
mod norms;
mod numbers;
mod others;
mod products;
mod rules;
mod subgroups;

use crate::support::gpu::{self, Gpu};
use crate::support::trial::Trial;
use libtest_mimic::{Completion, Failed};
use normlab::backend::gpu::GpuBackend;
use normlab::check::{self, CheckOutcome};
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::Case;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::setting::{Setting, others};
use normlab::kernels::{self, bias_backward, bias_forward, matmul_nn};
use normlab::leeway::Permitted;
use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The least number of faults for every shader.
const FEWEST: usize = 5;

static INJECTED: AtomicUsize = AtomicUsize::new(0);
static CAUGHT: AtomicUsize = AtomicUsize::new(0);
pub(crate) static LEFT_OUT: AtomicUsize = AtomicUsize::new(0);

/// One change of a shader's text.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    what: &'static str,
    from: &'static str,
    to: &'static str,
    /// Which occurrence of `from` is meant, from 1; none if there must be only one.
    occurrence: Option<usize>,
    /// Words that a complaint about it must have; any complaint will do if there are none.
    named: &'static str,
    /// Whether the order in which subgroups run decides whether it shows.
    race: bool,
    /// Whether it shows only at other values of the shader's tunables.
    tuned: bool,
    /// What the verdict must call permitted; none if it must be a complaint.
    noted: Option<Permitted>,
}

/// Puts `to` where the text has `from`, which must occur in it just once.
pub(crate) const fn fault(what: &'static str, from: &'static str, to: &'static str) -> Fault {
    Fault { what, from, to, occurrence: None, named: "", race: false, tuned: false, noted: None }
}

impl Fault {
    /// The same at a certain occurrence of `from`, counted from 1.
    pub(crate) const fn occurrence(self, occurrence: usize) -> Self {
        Self { occurrence: Some(occurrence), ..self }
    }

    /// The same, and a complaint must have these words.
    pub(crate) const fn named(self, named: &'static str) -> Self {
        Self { named, ..self }
    }

    /// The same, put in only where subgroups have 8 lanes: a wider one may hide it by running a
    /// whole workgroup in step.
    pub(crate) const fn race(self) -> Self {
        Self { race: true, ..self }
    }

    /// The same, and it shows at another value of one of the shader's tunables, or of two.
    pub(crate) const fn tuned(self) -> Self {
        Self { tuned: true, ..self }
    }

    /// The same, but WGSL permits it: it must be reported as permitted.
    pub(crate) const fn noted(self, permitted: Permitted) -> Self {
        Self { noted: Some(permitted), ..self }
    }

    /// Whether an outcome reveals it.
    fn is_told_by(&self, outcome: &CheckOutcome) -> bool {
        match self.noted {
            Some(permitted) => outcome.passes() && outcome.permitted().contains(&permitted),
            None => outcome.complaints().iter().any(|complaint| complaint.contains(self.named)),
        }
    }

    /// The text with the fault.
    fn put_into(&self, text: &str) -> Result<String, String> {
        let places: Vec<_> = text.match_indices(self.from).map(|(at, _)| at).collect();
        let at = match (self.occurrence, places.as_slice()) {
            (None, [only]) => Some(*only),
            (None, _) => None,
            (Some(number), places) => places.get(number - 1).copied(),
        };
        let Some(at) = at else {
            return Err(format!(
                "{}: {:?} occurs {} times in the shader: bring the table in line with it",
                self.what,
                self.from,
                places.len()
            ));
        };
        Ok(format!("{}{}{}", &text[..at], self.to, &text[at + self.from.len()..]))
    }

    /// For the list of survivors.
    fn describe(&self) -> String {
        format!("{}: {:?} became {:?}", self.what, self.from, self.to)
    }
}

/// The faults of one variant of a kernel.
pub(crate) struct Faults {
    pub(crate) kernel: &'static str,
    pub(crate) variant: &'static str,
    pub(crate) faults: &'static [Fault],
}

/// The faults of one activation.
pub(crate) struct ActivationFaults {
    pub(crate) activation: Activation,
    pub(crate) faults: &'static [Fault],
}

fn of_kernels() -> impl Iterator<Item = &'static Faults> {
    let norms = norms::FAULTS.iter().chain(&subgroups::FAULTS).chain(&lanes::FAULTS);
    norms
        .chain(&products::FAULTS)
        .chain(&blocked::FAULTS)
        .chain(&others::FAULTS)
        .chain(&fused::FAULTS)
        .chain(&numbers::FAULTS)
}

pub(crate) fn trials() -> Vec<Trial> {
    let kernels = of_kernels().map(|table| {
        let name = format!("{}::{}", table.kernel, table.variant);
        Trial::ignorable_test(name, || kernel(table))
    });
    let activations = others::ACTIVATIONS.iter().map(|table| {
        let name = format!("activations::{}", table.activation.name());
        Trial::ignorable_test(name, || activation(table))
    });
    let complete = Trial::test("every_shader_has_its_faults", every_shader_has_its_faults);
    let told = Trial::test("verification_md_has_their_numbers", verification_md_has_their_numbers);
    kernels
        .chain(activations)
        .chain([complete, told])
        .chain(everywhere::trials())
        .chain(hidden::trials())
        .collect()
}

/// Whether a variant runs only where an adapter has cooperative matrices.
fn is_cooperative(variant: &str) -> bool {
    variant.starts_with("cooperative")
}

fn verification_md_has_their_numbers() -> Result<(), Failed> {
    let count = |cooperative: bool| {
        let mine = of_kernels().filter(|one| is_cooperative(one.variant) == cooperative);
        mine.map(|one| one.faults.len()).sum::<usize>()
    };
    let chosen =
        count(false) + others::ACTIVATIONS.iter().map(|one| one.faults.len()).sum::<usize>();
    let by_rule = everywhere::faults();
    let told = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verification.md"))?;
    let numbers = [chosen + by_rule, chosen, count(true), by_rule].map(grouped);
    let missing = numbers.iter().filter(|number| !told.contains(number.as_str()));
    let missing: Vec<_> = missing.collect();
    match missing.is_empty() {
        true => Ok(()),
        false => {
            let name = "docs/verification.md";
            Err(format!("{name} does not have {missing:?} of the faults {numbers:?}").into())
        }
    }
}

/// A number with a comma before its last three digits.
fn grouped(number: usize) -> String {
    match number / 1000 {
        0 => number.to_string(),
        thousands => format!("{thousands},{:03}", number % 1000),
    }
}

fn every_shader_has_its_faults() -> Result<(), Failed> {
    let mut few = Vec::new();
    for kernel in kernels::ALL {
        for source in kernel.shaders {
            let (kernel, variant) = (kernel.name(), source.variant);
            let mine = of_kernels().filter(|one| one.kernel == kernel && one.variant == variant);
            few.push((format!("{kernel}::{variant}"), mine.map(|one| one.faults.len()).sum()));
        }
    }
    for activation in Activation::ALL {
        let mine = others::ACTIVATIONS.iter().filter(|one| one.activation == activation);
        let name = format!("activations::{}", activation.name());
        few.push((name, mine.map(|one| one.faults.len()).sum()));
    }
    few.retain(|(_, count): &(String, usize)| *count < FEWEST);
    if few.is_empty() {
        return Ok(());
    }
    Err(format!("fewer than {FEWEST} faults in the tables of tests/mutations: {few:?}").into())
}

/// Puts each fault into a variant of a kernel and checks it on the kernel's own cases.
fn kernel(table: &Faults) -> Result<Completion, Failed> {
    let kernel = kernels::find(table.kernel)?;
    let mut sources = kernel.shaders.iter();
    let source = sources.find(|source| source.variant == table.variant);
    let source = source.ok_or_else(|| format!("there is no variant {}", table.variant))?;
    let mutants = mutants(table.faults, &source.composed())?;
    let mut backend = match gpu::open_for(kernel, table.variant)? {
        Gpu::Open(backend) => backend,
        Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
    };
    if let Some(reason) = backend.selection().lacks(kernel, table.variant)? {
        return Ok(Completion::ignored_with(reason));
    }
    let mut cases = check_trials(kernel, (kernel.cases)())?;
    let narrow = backend.selection().lacks(&matmul_nn::KERNEL, "subgroup")?.is_none();
    let usual = permitted_as_shipped(table, &mut backend, kernel, &mut cases)?;
    let folder = tempfile::tempdir()?;
    let mut survivors = Vec::new();
    for (number, (fault, text)) in mutants.iter().enumerate() {
        // It cannot be distinguished from the shipped shader if the adapter does just that.
        if fault.race && !narrow || fault.noted.is_some_and(|noted| usual.contains(&noted)) {
            continue;
        }
        // A separate name for each, because it identifies the pipeline.
        let path = folder.path().join(format!("fault_{number}.wgsl"));
        fs::write(&path, text)?;
        let refused = |error| format!("no fault but a refusal: {}: {error}", fault.describe());
        let own = Setting::of(path.display().to_string());
        let shader = backend.selection().library().set_shader(kernel, &own, Activation::default());
        let mut settings = others(&own, &shader.map_err(refused)?);
        settings.truncate(if fault.tuned { settings.len() } else { 0 });
        settings.insert(0, own);
        let mut found = false;
        for setting in &settings {
            found = found || is_caught(fault, &mut backend, kernel, setting, &mut cases)?;
        }
        survivors.extend(counted(found, || fault.describe()));
    }
    verdict(&survivors)
}

/// What the checks call permitted in the shipped variant, if a fault of the table is of that kind.
fn permitted_as_shipped(
    table: &Faults,
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    cases: &mut [check::Trial],
) -> Result<BTreeSet<Permitted>, Failed> {
    let mut found = BTreeSet::new();
    if table.faults.iter().any(|fault| fault.noted.is_some()) {
        backend.choose_variant(kernel, table.variant)?;
        for case in cases {
            found.extend(case.run(backend)?.permitted());
        }
    }
    Ok(found)
}

/// Puts each fault into an activation and checks the two kernels that do little else.
fn activation(table: &ActivationFaults) -> Result<Completion, Failed> {
    let activation = table.activation;
    let mut survivors = Vec::new();
    for (fault, text) in mutants(table.faults, activation.shader())? {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("activations"))?;
        let file = format!("activations/{}.wgsl", activation.name());
        fs::write(folder.path().join(file), text)?;
        let library = Library::over(folder.path())?;
        // The variants keep their names, so every fault needs separate pipelines.
        let mut backend = match gpu::open()? {
            Gpu::Open(backend) => backend.with(library),
            Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
        };
        let mut found = false;
        for kernel in [&bias_forward::KERNEL, &bias_backward::KERNEL] {
            let refused = |error| format!("no fault but a refusal: {}: {error}", fault.describe());
            backend.selection().library().shader(kernel, "naive", activation).map_err(refused)?;
            let cases = (kernel.cases)().into_iter();
            let cases = cases.filter(|case| case.activation == activation).collect();
            let mut cases = check_trials(kernel, cases)?;
            let naive = Setting::of("naive");
            found = found || is_caught(&fault, &mut backend, kernel, &naive, &mut cases)?;
        }
        survivors.extend(counted(found, || fault.describe()));
    }
    verdict(&survivors)
}

/// All texts with their faults; fails for a fault that the text has no place for.
fn mutants(faults: &[Fault], text: &str) -> Result<Vec<(Fault, String)>, String> {
    faults.iter().map(|fault| Ok((*fault, fault.put_into(text)?))).collect()
}

/// A kernel on each of these cases.
pub(crate) fn check_trials(
    kernel: &'static Kernel,
    cases: Vec<Case>,
) -> Result<Vec<check::Trial>, Failed> {
    let trials = cases.iter().map(|case| check::Trial::new(kernel, case));
    Ok(trials.collect::<Result<_, _>>()?)
}

/// Whether one of the cases reveals the fault. A setting that the adapter cannot run reveals nothing.
fn is_caught(
    fault: &Fault,
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    setting: &Setting,
    cases: &mut [check::Trial],
) -> Result<bool, Failed> {
    let shader =
        backend.selection().library().set_shader(kernel, setting, Activation::default())?;
    if backend.selection().capabilities().lacks(&shader).is_some() {
        return Ok(false);
    }
    backend.choose_setting(kernel, setting)?;
    for case in cases {
        if fault.is_told_by(&case.run(backend)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Adds to the totals; a survivor is described.
pub(crate) fn counted(caught: bool, describe: impl FnOnce() -> String) -> Option<String> {
    INJECTED.fetch_add(1, Ordering::Relaxed);
    CAUGHT.fetch_add(usize::from(caught), Ordering::Relaxed);
    (!caught).then(describe)
}

pub(crate) fn verdict(survivors: &[String]) -> Result<Completion, Failed> {
    if survivors.is_empty() {
        return Ok(Completion::Completed);
    }
    let list = survivors.join("\n  ");
    Err(format!("no case of the kernel shows these faults; add one that does:\n  {list}").into())
}

/// Says how many faults there were, where any were put in.
pub(crate) fn say_totals() {
    let (injected, caught) = (INJECTED.load(Ordering::Relaxed), CAUGHT.load(Ordering::Relaxed));
    if injected > 0 {
        println!("faults: {injected} injected, {caught} caught");
        let left_out = LEFT_OUT.load(Ordering::Relaxed);
        println!("left out, as they change no result or are races: {left_out}");
    }
}
