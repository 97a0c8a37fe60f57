//! The sweeps, from outside, on the CPU engine, and their pictures.

mod affine;
mod batch_sizes;
mod keys;
mod learning_rates;
mod pictures;
mod reports;

use crate::support::program::{Ended, normlab, run, text};
use normlab::record::{SweepRecord, Swept};
use std::path::Path;
use std::process::Command;

/// A sweep of a fraction of a second.
const TINY: [&str; 6] = ["--device", "cpu", "--hidden", "8,8", "--steps", "4"];

/// `normlab <sweep> <TINY> <arguments>`. A flag that is given twice is refused, so what `arguments`
/// name is taken out of [`TINY`], and of `values`.
fn command(swept: Swept, values: &[&str], arguments: &[&str]) -> Command {
    let mut command = normlab();
    command.arg(swept.name());
    for pair in TINY.chunks(2).chain(values.chunks(2)) {
        if !arguments.contains(&pair[0]) {
            command.args(pair);
        }
    }
    command.args(arguments);
    command
}

/// Runs [`command`] into a folder.
fn sweep(swept: Swept, values: &[&str], arguments: &[&str], out: &Path) -> Ended {
    run(command(swept, values, arguments).arg("--out").arg(out))
}

/// The networks that a sweep has left.
fn records(swept: Swept, folder: &Path) -> Vec<SweepRecord> {
    let text = text(folder, swept.file());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Fails unless the help of a sweep names these flags, and those that all sweeps have.
#[track_caller]
fn help_names(swept: Swept, flags: &[&str]) {
    let ended = run(normlab().args([swept.name(), "--help"])).with(0);
    let common = ["--norm", "--activation", "--hidden", "--steps", "--seed", "--seeds", "--data"];
    let common = common.iter().chain(&["--out", "--force", "--json", "--device", "--shaders"]);
    for flag in flags.iter().chain(common) {
        assert!(ended.stdout.split_whitespace().any(|word| word == *flag), "{flag}");
    }
    assert!(ended.stdout.contains(&format!("Defaults: {}", swept.setting())), "{ended:#?}");
    assert!(run(normlab().arg("--help")).stdout.contains(swept.name()));
}
