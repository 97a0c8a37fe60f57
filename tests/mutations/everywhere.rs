//! Faults by rule, in every shipped variant: see [`super::rules`]. Changes that change no result are left out:
//! see [`super::equivalents`].

use super::rules::Injected;
use super::{LEFT_OUT, check_trials, counted, equivalents, is_cooperative, rules, verdict};
use crate::support::gpu::{self, Gpu};
use crate::support::trial::Trial;
use libtest_mimic::{Completion, Failed};
use normlab::backend::gpu::GpuBackend;
use normlab::check;
use normlab::kernels;
use normlab::kernels::activation::Activation;
use normlab::kernels::kernel::{Kernel, Source};
use normlab::kernels::setting::{Setting, others};
use std::fs;
use std::sync::atomic::Ordering;

/// One trial for each variant, and one for the list of changes that change nothing.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for kernel in kernels::ALL {
        // The tolerance of mixed precision hides small faults: these variants have only their tables.
        let plain = |source: &&Source| !is_cooperative(source.variant);
        for source in kernel.shaders.iter().filter(plain) {
            let name = format!("{}::{}::everywhere", kernel.name(), source.variant);
            trials.push(Trial::ignorable_test(name, move || variant(kernel, source)));
        }
    }
    trials.push(Trial::test("everywhere::rules_know_their_places", rules_know_their_places));
    trials.push(Trial::test("everywhere::every_equivalent_is_a_line_of_a_shader", no_stale));
    trials
}

/// How many faults the rules put into the shaders that every adapter can run.
pub(super) fn faults() -> usize {
    let sources = kernels::ALL.into_iter().flat_map(|kernel| kernel.shaders);
    let plain = sources.filter(|source| !is_cooperative(source.variant));
    let changes = |source: &Source| {
        let all = rules::all(&source.composed());
        all.iter().filter(|fault| equivalents::reason(fault).is_none()).count()
    };
    plain.map(changes).sum()
}

/// A shader with a place for every rule.
const SAMPLE: &str = "struct Params {
    rows: u32,
    cols: u32,
    epsilon: f32,
}
const LANES: u32 = 8u; // tune: 4 8
fn main(@builtin(workgroup_id) group: vec3<u32>) {
    let first = group.z * params.rows; // group.x
    for (var i = first; i < params.cols; i += LANES) {
        x[i] = 1.0;
    }
}
";

fn rules_know_their_places() -> Result<(), Failed> {
    let found = rules::all(SAMPLE);
    let made: Vec<_> = found.iter().map(|fault| (fault.rule, fault.after.as_str())).collect();
    let expected = [
        ("an axis", "let first = group.x * params.rows;"),
        ("an axis", "let first = group.y * params.rows;"),
        ("a size", "let first = group.z * params.cols;"),
        ("the first replica", "let first = 0u * params.rows;"),
        ("a size", "for (var i = first; i < params.rows; i += LANES) {"),
        ("a loop cut", "for (var i = first; i < min(params.cols, 8192u); i += LANES) {"),
        ("a stride", "for (var i = first; i < params.cols; i += LANES + 1u) {"),
        ("a stride", "for (var i = first; i < params.cols; i += LANES - 1u) {"),
        ("a number for a tunable", "for (var i = first; i < params.cols; i += 8u) {"),
    ];
    let alike = made == expected && found.iter().all(|fault| fault.text.lines().count() == 12);
    // Its loop only stores.
    let equivalent = equivalents::reason(&found[7]).is_some() && found[7].body == "x[i] = 1.0;";
    match alike && equivalent {
        true => Ok(()),
        false => Err(format!("{made:#?}").into()),
    }
}

fn no_stale() -> Result<(), Failed> {
    let sources = kernels::ALL.into_iter().flat_map(|kernel| kernel.shaders);
    let all: Vec<_> = sources.flat_map(|source| rules::all(&source.composed())).collect();
    let stale = equivalents::stale(&all);
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("no shader has these lines any more, bring the list in line: {stale:#?}").into())
}

/// Puts each fault into a variant and checks it on the kernel's own cases.
fn variant(kernel: &'static Kernel, source: &'static Source) -> Result<Completion, Failed> {
    let mut backend = match gpu::open_for(kernel, source.variant)? {
        Gpu::Open(backend) => backend,
        Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
    };
    if let Some(reason) = backend.selection().lacks(kernel, source.variant)? {
        return Ok(Completion::ignored_with(reason));
    }
    let folder = tempfile::tempdir()?;
    let mut cases = (kernel.cases)();
    // Those with replicas show the most.
    cases.sort_by_key(|case| case.replicas == 1);
    let mut trials = check_trials(kernel, cases)?;
    let mut survivors = Vec::new();
    let mut faults = rules::all(&source.composed());
    let all = faults.len();
    faults.retain(|fault| equivalents::reason(fault).is_none());
    LEFT_OUT.fetch_add(all - faults.len(), Ordering::Relaxed);
    for (number, fault) in faults.iter().enumerate() {
        let path = folder.path().join(format!("rule_{number}.wgsl"));
        fs::write(&path, &fault.text)?;
        let settings = settings(&backend, kernel, &path.display().to_string(), fault)?;
        let mut found = false;
        for setting in &settings {
            found = found || is_caught(&mut backend, kernel, setting, &mut trials)?;
        }
        survivors.extend(counted(found, || fault.describe()));
    }
    verdict(&survivors)
}

/// The settings at which a fault is tried: the file's own, and all others that the adapter can run, or those
/// of the tunable that decides whether it shows.
fn settings(
    backend: &GpuBackend,
    kernel: &'static Kernel,
    file: &str,
    fault: &Injected,
) -> Result<Vec<Setting>, Failed> {
    let read = |setting: &Setting| {
        backend.selection().library().set_shader(kernel, setting, Activation::default())
    };
    let own = Setting::of(file);
    let shader = read(&own)
        .map_err(|error| format!("no fault but a refusal: {}: {error}", fault.describe()))?;
    let mut found = others(&own, &shader);
    match &fault.tunable {
        Some(tunable) => found.retain(|setting| setting.tunables.contains_key(tunable)),
        None => found.insert(0, own),
    }
    // A tile that no longer fits an array is refused, so it is no fault.
    found.retain(|one| {
        read(one).is_ok_and(|shader| backend.selection().capabilities().lacks(&shader).is_none())
    });
    Ok(found)
}

fn is_caught(
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    setting: &Setting,
    trials: &mut [check::Trial],
) -> Result<bool, Failed> {
    backend.choose_setting(kernel, setting)?;
    for trial in trials {
        if !trial.run(backend)?.complaints().is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
