//! Hidden faults: those that a run on an adapter need not show, such as a missing barrier where subgroups
//! run in step. [`normlab::sanitize`] must find each of them, without any adapter.

use super::hidden_table::CHOSEN;
use super::{Fault, fault};
use crate::support::trial::Trial;
use libtest_mimic::Failed;
use normlab::kernels::kernel::{Kernel, Source};
use normlab::kernels::library::Library;
use normlab::kernels::setting::Setting;
use normlab::kernels::{self};
use normlab::sanitize::{Depth, Options, sanitize};
use std::fs;

/// The least number of faults in total.
const FEWEST: usize = 60;

/// A barrier of each kind, and the faults that the rules make from it.
const RULES: [Fault; 4] = [
    fault("a barrier taken out", "workgroupBarrier();", ""),
    fault("a barrier for another memory", "workgroupBarrier();", "storageBarrier();"),
    fault("a barrier taken out", "storageBarrier();", ""),
    fault("a barrier for another memory", "storageBarrier();", "workgroupBarrier();"),
];

/// What atomics hide: they never race, and any barrier lets the whole workgroup go first. A run on one
/// core sees them in order.
const UNSEEN: [(&str, &str); 1] = [("histogram", "a barrier for another memory")];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for kernel in kernels::ALL {
        for source in kernel.shaders {
            let mine = faults(kernel, source);
            if !mine.is_empty() {
                let name = format!("hidden::{}::{}", kernel.name(), source.variant);
                trials.push(Trial::test(name, move || all_are_found(kernel, source, &mine)));
            }
        }
    }
    trials.push(Trial::test("hidden::there_are_enough", there_are_enough));
    trials
}

/// The faults of a variant: by rule, at each place, and chosen ones.
fn faults(kernel: &Kernel, source: &Source) -> Vec<Fault> {
    if super::is_cooperative(source.variant) {
        return Vec::new();
    }
    let text = source.composed();
    let mut all = Vec::new();
    for rule in RULES {
        let unseen = UNSEEN.contains(&(kernel.name(), rule.what));
        let places = if unseen { 0 } else { text.matches(rule.from).count() };
        all.extend((1..=places).map(|place| rule.occurrence(place)));
    }
    let mine =
        CHOSEN.iter().filter(|one| one.kernel == kernel.name() && one.variant == source.variant);
    all.extend(mine.flat_map(|one| one.faults.iter().copied()));
    all
}

fn there_are_enough() -> Result<(), Failed> {
    let sources = kernels::ALL
        .into_iter()
        .flat_map(|kernel| kernel.shaders.iter().map(move |one| (kernel, one)));
    let count: usize = sources.map(|(kernel, source)| faults(kernel, source).len()).sum();
    println!("hidden faults: {count}");
    match count >= FEWEST {
        true => Ok(()),
        false => Err(format!("{count} hidden faults, expected {FEWEST} or more").into()),
    }
}

fn all_are_found(kernel: &'static Kernel, source: &Source, faults: &[Fault]) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let text = source.composed();
    let mut survivors = Vec::new();
    for (number, fault) in faults.iter().enumerate() {
        let path = folder.path().join(format!("hidden_{number}.wgsl"));
        fs::write(&path, fault.put_into(&text)?)?;
        let setting = Setting::of(path.display().to_string());
        let options = Options { depth: Depth::Quick, ..Options::default() };
        let report = sanitize(&Library::default(), kernel, &setting, &options)?;
        let found = report.faults().any(|one| one.to_string().contains(fault.named));
        let place = fault.occurrence.map_or(String::new(), |place| format!(", place {place}"));
        survivors.extend(super::counted(found, || fault.describe() + &place));
    }
    match survivors.is_empty() {
        true => Ok(()),
        false => Err(format!("nothing reveals these faults:\n  {}", survivors.join("\n  ")).into()),
    }
}
