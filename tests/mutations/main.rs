//! Every shipped shader with small faults put in as text: the checks must find each of them.
//!
//! A fault is a real one: the loader accepts the shader that has it, and only what the shader
//! computes, or where it writes, is wrong. One that no case of its kernel shows is a gap in the
//! kernel's cases. Trials that need an adapter are ignored, with the reason, where there is none.

mod fused;
mod lanes;
mod norms;
mod others;
mod products;
mod subgroups;

#[path = "../support/gpu.rs"]
mod gpu;

use gpu::Gpu;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use normlab::backend::gpu::GpuBackend;
use normlab::check::check;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::Case;
use normlab::kernels::contract::Contract;
use normlab::kernels::library::Library;
use normlab::kernels::{self, bias_backward, bias_forward, matmul_nn};
use std::fs;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

/// At least so many faults of every shader.
const FEWEST: usize = 5;

static INJECTED: AtomicUsize = AtomicUsize::new(0);
static CAUGHT: AtomicUsize = AtomicUsize::new(0);

/// One change of a shader's text.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    what: &'static str,
    from: &'static str,
    to: &'static str,
    /// Which occurrence of `from` is meant, from 1; none where there is to be only one.
    occurrence: Option<usize>,
    /// Words that a complaint about it must have; any complaint will do where there are none.
    named: &'static str,
    /// Whether the order in which subgroups run decides if it shows.
    race: bool,
}

/// Puts `to` where the text has `from`, which must occur in it just once.
pub(crate) const fn fault(what: &'static str, from: &'static str, to: &'static str) -> Fault {
    Fault { what, from, to, occurrence: None, named: "", race: false }
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
    norms.chain(&products::FAULTS).chain(&others::FAULTS).chain(&fused::FAULTS)
}

fn trials() -> Vec<Trial> {
    let kernels = of_kernels().map(|table| {
        let name = format!("{}::{}", table.kernel, table.variant);
        Trial::ignorable_test(name, || kernel(table))
    });
    let activations = others::ACTIVATIONS.iter().map(|table| {
        let name = format!("activations::{}", table.activation.name());
        Trial::ignorable_test(name, || activation(table))
    });
    let complete = Trial::test("every_shader_has_its_faults", every_shader_has_its_faults);
    kernels.chain(activations).chain([complete]).collect()
}

fn every_shader_has_its_faults() -> Result<(), Failed> {
    let mut few = Vec::new();
    for contract in kernels::ALL {
        for source in contract.shaders {
            let (kernel, variant) = (contract.name, source.variant);
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
    let contract = kernels::find(table.kernel)?;
    let mut sources = contract.shaders.iter();
    let source = sources.find(|source| source.variant == table.variant);
    let source = source.ok_or_else(|| format!("there is no variant {}", table.variant))?;
    let mutants = mutants(table.faults, source.text)?;
    let mut backend = match gpu::open_for(contract, table.variant)? {
        Gpu::Open(backend) => backend,
        Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
    };
    if let Some(reason) = backend.lacks(contract, table.variant)? {
        return Ok(Completion::ignored_with(reason));
    }
    let narrow = backend.lacks(&matmul_nn::CONTRACT, "subgroup")?.is_none();
    let folder = tempfile::tempdir()?;
    let mut survivors = Vec::new();
    for (number, (fault, text)) in mutants.iter().enumerate() {
        if fault.race && !narrow {
            continue;
        }
        // A name for each: a pipeline is known by it.
        let path = folder.path().join(format!("fault_{number}.wgsl"));
        fs::write(&path, text)?;
        let refused = |error| format!("no fault but a refusal: {}: {error}", fault.describe());
        backend.choose_variant(contract, &path.display().to_string()).map_err(refused)?;
        let found = is_caught(fault, &mut backend, contract, (contract.cases)())?;
        survivors.extend(counted(fault, found));
    }
    verdict(&survivors)
}

/// Puts each fault into an activation and checks the two kernels that are little else.
fn activation(table: &ActivationFaults) -> Result<Completion, Failed> {
    let activation = table.activation;
    let mut survivors = Vec::new();
    for (fault, text) in mutants(table.faults, activation.shader())? {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("activations"))?;
        let file = format!("activations/{}.wgsl", activation.name());
        fs::write(folder.path().join(file), text)?;
        let library = Library::over(folder.path())?;
        // The variants keep their names, so every fault needs pipelines of its own.
        let mut backend = match gpu::open()? {
            Gpu::Open(backend) => backend.with(library),
            Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
        };
        let mut found = false;
        for contract in [&bias_forward::CONTRACT, &bias_backward::CONTRACT] {
            let refused = |error| format!("no fault but a refusal: {}: {error}", fault.describe());
            backend.library().shader(contract, "naive", activation).map_err(refused)?;
            let cases = (contract.cases)().into_iter();
            let cases = cases.filter(|case| case.activation == activation).collect();
            found = found || is_caught(&fault, &mut backend, contract, cases)?;
        }
        survivors.extend(counted(&fault, found));
    }
    verdict(&survivors)
}

/// All texts with their faults; fails for a fault that the text has no place for.
fn mutants(faults: &[Fault], text: &str) -> Result<Vec<(Fault, String)>, String> {
    faults.iter().map(|fault| Ok((*fault, fault.put_into(text)?))).collect()
}

/// Whether one of the cases complains as it must about the fault.
fn is_caught(
    fault: &Fault,
    backend: &mut GpuBackend,
    contract: &'static Contract,
    cases: Vec<Case>,
) -> Result<bool, Failed> {
    for case in cases {
        let complaints = check(backend, contract, &case)?.complaints();
        if complaints.iter().any(|complaint| complaint.contains(fault.named)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Adds to the totals; a survivor is described.
fn counted(fault: &Fault, caught: bool) -> Option<String> {
    INJECTED.fetch_add(1, Ordering::Relaxed);
    CAUGHT.fetch_add(usize::from(caught), Ordering::Relaxed);
    (!caught).then(|| fault.describe())
}

fn verdict(survivors: &[String]) -> Result<Completion, Failed> {
    if survivors.is_empty() {
        return Ok(Completion::Completed);
    }
    let list = survivors.join("\n  ");
    Err(format!("no case of the kernel shows these faults; add one that does:\n  {list}").into())
}

fn main() -> ExitCode {
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials());
    let (injected, caught) = (INJECTED.load(Ordering::Relaxed), CAUGHT.load(Ordering::Relaxed));
    if injected > 0 {
        println!("faults: {injected} injected, {caught} caught");
    }
    conclusion.exit_code()
}
