//! The sweep over one gamma and beta for each unit, or for a whole layer.

use super::{help_names, records, sweep};
use crate::support::program::{Ended, entries, folder, text};
use crate::support::small::small;
use normlab::record::Swept;
use std::path::Path;

fn tiny(arguments: &[&str], out: &Path) -> Ended {
    sweep(Swept::Affine, &["--seeds", "2", "--batch", "5"], arguments, out)
}

#[test]
fn both_are_trained_with_every_seed() {
    let folder = folder();
    let ended = tiny(&[], folder.path()).with(0);
    assert_eq!(
        entries(folder.path()),
        ["affine.jsonl", "affine.toml", "experiment.toml", "pictures", "report.html"]
    );
    assert_eq!(entries(&folder.path().join("pictures")), ["affine-sweep.svg"]);
    let records = records(Swept::Affine, folder.path());
    let found: Vec<_> =
        records.iter().map(|r| (r.affine.as_str(), r.seed, r.run.name.as_str())).collect();
    let with = |affine, seed| ["sigmoid-layer", "relu-layer"].map(|name| (affine, seed, name));
    let expected = ["per_unit", "shared"].map(|affine| [with(affine, 1), with(affine, 2)].concat());
    assert_eq!(found, expected.concat());
    // 784-8-8-10 has 6416 weights and 10 biases; each of two layers has 8 a and 8 b, or one of each.
    let parameters = [6416 + 10 + 32, 6416 + 10 + 4];
    for record in &records {
        assert_eq!(record.parameters, Some(parameters[usize::from(record.affine == "shared")]));
        let steps: Vec<_> = record.accuracies.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [1, 2, 3, 4]);
        assert_eq!(record.accuracies.last().map(|(_, read)| *read), record.run.test_accuracy);
    }
    assert!(ended.stdout.contains("affine per_unit, shared") && ended.stdout.contains("6430"));
}

#[test]
fn beside_a_run_they_are_in_its_report() {
    let folder = folder();
    small(&["train"], folder.path()).with(0);
    tiny(&[], folder.path()).with(0);
    assert!(text(folder.path(), "report.html").contains("<figure id=\"affine-sweep\">"));
    assert!(folder.path().join("pictures/affine-sweep.svg").exists());
}

#[test]
fn a_norm_that_has_nothing_to_share_is_refused() {
    let folder = folder();
    let out = folder.path().join("run");
    tiny(&["--norm", "batch"], &out).refused(&["norm is batch", "layer, group:GROUPS or rms"]);
    assert!(!out.exists());
}

#[test]
fn help_names_its_flags() {
    help_names(Swept::Affine, &["--learning-rate", "--batch"]);
}
