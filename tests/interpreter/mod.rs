//! The interpreter of WGSL: compared with the twins on the cases of `check`, with an adapter on these and on
//! random programs, and as a sanitizer on every shipped shader. Trials that need an adapter are ignored, with
//! the reason, where there is none.

mod generator;

use crate::support::gpu::on_gpu;
use crate::support::program::say;
use crate::support::trial::Trial;
use libtest_mimic::Failed;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::interpreter::InterpreterBackend;
use normlab::backend::{Backend, ShaderBackend};
use normlab::check;
use normlab::isolated::IsolatedDispatch;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::setting::Setting;
use normlab::kernels::{self, histogram};
use normlab::sanitize::{self, Depth, Options};
use normlab::tensor::Value;
use std::fs;

/// The number of random programs.
const PROGRAMS: u64 = 300;

/// Kernels that only add and multiply, and activations that only choose: an adapter that does not contract
/// gives the same bits.
const EXACT: [&str; 7] =
    ["gather", "matmul_nn", "matmul_nt", "matmul_tn", "bias_forward", "histogram", "sgd"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for kernel in kernels::ALL {
        let name = kernel.name();
        trials.push(Trial::test(format!("checks::{name}"), move || checks(kernel)));
        trials.push(Trial::test(format!("clean::{name}"), move || is_clean(kernel)));
    }
    trials.push(on_gpu("programs_agree_with_an_adapter", programs_agree));
    trials.push(on_gpu("kernels_agree_with_an_adapter_bit_for_bit", kernels_agree));
    trials.push(Trial::test("sanitize::tells_what_it_finds", tells_what_it_finds));
    trials
}

fn is_cooperative(variant: &str) -> bool {
    variant.starts_with("cooperative")
}

/// All variants of a kernel are right on all of its cases, by the rule of `check`, also in f64.
fn checks(kernel: &'static Kernel) -> Result<(), Failed> {
    let mut backend = InterpreterBackend::<f32>::new(Library::default());
    let trials = (kernel.cases)().into_iter().map(|case| check::Trial::new(kernel, &case));
    let mut trials = trials.collect::<Result<Vec<_>, _>>()?;
    let mut complaints = Vec::new();
    for source in kernel.shaders.iter().filter(|source| !is_cooperative(source.variant)) {
        let setting = Setting::of(source.variant);
        backend.choose_setting(kernel, &setting)?;
        for trial in &mut trials {
            let outcome = trial.run(&mut backend)?;
            complaints.extend(outcome.complaints());
        }
        complaints.extend(sanitize::formula::check(
            &Library::default(),
            kernel,
            &setting,
            &trials,
        )?);
    }
    none(&complaints)
}

/// All variants of a kernel are clean, with each value of each tunable.
fn is_clean(kernel: &'static Kernel) -> Result<(), Failed> {
    let (library, options) = (Library::default(), Options::default());
    let mut complaints = Vec::new();
    for source in kernel.shaders {
        for setting in sanitize::settings(&library, kernel, source.variant, options.depth)? {
            let report = sanitize::sanitize(&library, kernel, &setting, &options)?;
            complaints.extend(report.faults().map(|one| format!("{setting}: {one}")));
            if report.skipped.is_some() != is_cooperative(source.variant) {
                complaints.push(format!("{setting}: skipped: {:?}", report.skipped));
            }
        }
    }
    none(&complaints)
}

fn none(complaints: &[String]) -> Result<(), Failed> {
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(complaints.join("\n").into()),
    }
}

fn bits(value: &Value<f32>) -> Vec<u32> {
    match value {
        Value::Real(tensor) => tensor.data.iter().map(|x| x.to_bits()).collect(),
        Value::Index(tensor) => tensor.data.clone(),
    }
}

/// Runs a case on a backend and on the interpreter; returns a sentence about the first word that differs.
fn apart(
    backends: [&mut dyn Backend; 2],
    kernel: &'static Kernel,
    case: &Case,
) -> Result<Option<String>, normlab::error::Error> {
    let (sizes, inputs) = (case.sizes(&kernel.contract)?, case.inputs(&kernel.contract)?);
    let shapes: Vec<_> = kernel.contract.operands.iter().map(|one| sizes.shape(one)).collect();
    let isolated = IsolatedDispatch::new(kernel, case, &shapes)?;
    let [one, other] = backends.map(|backend| isolated.run(backend, &inputs));
    for (one, other) in one?.written.iter().zip(&other?.written) {
        let pairs = bits(one).into_iter().zip(bits(other));
        if let Some((at, (one, other))) = pairs.enumerate().find(|(_, (one, other))| one != other) {
            return Ok(Some(format!("word {at} is {one:#x} there and {other:#x} here")));
        }
    }
    Ok(None)
}

fn programs_agree(backend: &mut GpuBackend) {
    let kernel = &histogram::KERNEL;
    let folder = tempfile::tempdir().unwrap();
    let mut interpreter = InterpreterBackend::<f32>::new(Library::default());
    let words = generator::INVOCATIONS as usize;
    let case = Case::new(&[("rows", 8), ("cols", 8), ("slots", words)]);
    let mut complaints = Vec::new();
    for seed in 0..PROGRAMS {
        let path = folder.path().join(format!("program_{seed}.wgsl"));
        fs::write(&path, generator::program(seed)).unwrap();
        let setting = Setting::of(path.display().to_string());
        let chosen = backend.choose_setting(kernel, &setting);
        let chosen = chosen.and_then(|()| interpreter.choose_setting(kernel, &setting));
        let found = chosen.and_then(|()| apart([&mut *backend, &mut interpreter], kernel, &case));
        if let Some(complaint) = found.unwrap_or_else(|error| Some(error.to_string())) {
            complaints.push(format!("program {seed}: {complaint}"));
            if let Ok(kept) = std::env::var("NORMLAB_KEEP_PROGRAMS") {
                let _ = fs::copy(&path, format!("{kept}/program_{seed}.wgsl"));
            }
        }
    }
    let count = complaints.len();
    assert!(complaints.is_empty(), "{count} of {PROGRAMS} differ:\n{}", complaints.join("\n"));
}

fn kernels_agree(backend: &mut GpuBackend) {
    let mut interpreter = InterpreterBackend::<f32>::new(Library::default());
    let mut complaints = Vec::new();
    for name in EXACT {
        let kernel = kernels::find(name).unwrap();
        let finite = |case: &Case| {
            let plain = |fill: &Fill| !matches!(fill, Fill::Between(_));
            case.fills.iter().all(|(_, fill)| plain(fill))
        };
        let exact =
            |case: &Case| [Activation::Identity, Activation::Relu].contains(&case.activation);
        for source in kernel.shaders.iter().filter(|source| !is_cooperative(source.variant)) {
            let setting = Setting::of(source.variant);
            if backend.selection().lacks(kernel, source.variant).unwrap().is_some() {
                continue;
            }
            backend.choose_setting(kernel, &setting).unwrap();
            interpreter.choose_setting(kernel, &setting).unwrap();
            for case in (kernel.cases)().iter().filter(|case| finite(case) && exact(case)) {
                let found = apart([&mut *backend, &mut interpreter], kernel, case).unwrap();
                let place = format!("{name} ({setting}) at {}", case.describe());
                complaints.extend(found.map(|complaint| format!("{place}: {complaint}")));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A race is reported with line, invocations, element and advice; the exit status is 1, and 0 for a clean kernel.
fn tells_what_it_finds() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let source = &kernels::find("rms_norm_forward")?.shaders[2];
    let text = source.composed().replacen("    workgroupBarrier();\n    return", "    return", 1);
    let path = folder.path().join("mine.wgsl");
    fs::write(&path, text)?;
    let variant = format!("rms_norm_forward={}", path.display());
    let ended = say(&["sanitize", "rms_norm_forward", "--variant", &variant]).with(1);
    for words in [
        "data race: parts[",
        "mine.wgsl:74: return parts[local.y * LANES];",
        "mine.wgsl:71: parts[at] += parts[at + half];",
        "of workgroup (0, 0, 0) reads it",
        "put workgroupBarrier() between the two",
        " FOUND",
    ] {
        if !ended.stdout.contains(words) {
            return Err(format!("no {words:?} in:\n{}", ended.stdout).into());
        }
    }
    let clean = say(&["sanitize", "sgd", "--json"]).with(0);
    let json: serde_json::Value = serde_json::from_str(&clean.stdout)?;
    let depth = Depth::default();
    assert_eq!(json["rows"][0]["variant"], "naive", "{depth:?}");
    say(&["sanitize", "sgd", "--subgroup-size", "7"]).refused(&["4, 8, 16, 32, 64"]);
    Ok(())
}
