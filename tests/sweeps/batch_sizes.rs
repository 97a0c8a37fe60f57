//! The sweep over batch sizes.

use super::{command, help_names, sweep};
use crate::support::program::{Ended, entries, folder, run, text};
use crate::support::small::small;
use normlab::config::Experiment;
use normlab::record::{Claim, Summary, SweepRecord, Swept, Verdict};
use normlab::report::claims::claims;
use normlab::report::records::Records;
use serde_json::Value;
use std::fs;
use std::path::Path;

const SIZES: [&str; 4] = ["--sizes", "1,5", "--activation", "sigmoid"];

fn tiny(arguments: &[&str], out: &Path) -> Ended {
    sweep(Swept::BatchSize, &SIZES, arguments, out)
}

fn records(folder: &Path) -> Vec<SweepRecord> {
    super::records(Swept::BatchSize, folder)
}

#[test]
fn each_network_is_a_line_and_a_row() {
    let folder = folder();
    let ended = tiny(&["--seeds", "2"], folder.path()).with(0);
    assert_eq!(
        entries(folder.path()),
        ["batch_sizes.jsonl", "batch_sizes.toml", "experiment.toml", "pictures", "report.html"]
    );
    let records = records(folder.path());
    let found: Vec<_> =
        records.iter().map(|r| (r.run.name.as_str(), r.batch, r.seed, r.run.steps)).collect();
    let at = |batch, seed| ["sigmoid-batch", "sigmoid-layer"].map(|name| (name, batch, seed, 4));
    assert_eq!(found, [at(1, 1), at(1, 2), at(5, 1), at(5, 2)].concat());
    for record in &records {
        // A value minus its own mean leaves nothing; a batch of several, and a row of several, leave something.
        let nothing_left = record.run.norm == "batch" && record.batch == 1;
        assert_eq!(record.hidden_gradient == 0.0, nothing_left, "{record:#?}");
        assert_eq!((record.learning_rate, &record.hidden[..]), (0.01, &[8, 8][..]));
    }
    let header = ended.stdout.lines().position(|line| line.starts_with("network ")).unwrap();
    let rows: Vec<_> = ended.stdout.lines().skip(header + 2).take(8).collect();
    assert!(rows.iter().all(|row| row.starts_with("sigmoid-") && row.contains(" % ")), "{rows:#?}");
    assert!(rows[0].ends_with("  0") && !rows[1].ends_with("  0"), "{rows:#?}");
    assert!(ended.stdout.contains("evidence for: with batch norm, every gradient"), "{ended:#?}");
    assert_eq!(ended.stderr, "");
    let experiment = Experiment::read(&folder.path().join("experiment.toml")).unwrap();
    assert_eq!((experiment.hidden, experiment.steps), (vec![8, 8], 4));
}

#[test]
fn help_names_its_flags() {
    help_names(Swept::BatchSize, &["--sizes", "--learning-rate"]);
}

#[test]
fn json_is_all_that_is_printed() {
    let folder = folder();
    let ended = tiny(&["--json", "--norm", "layer"], folder.path()).with(0);
    let value: Value = serde_json::from_str(&ended.stdout).unwrap();
    let networks: Vec<SweepRecord> = serde_json::from_value(value["networks"].clone()).unwrap();
    assert_eq!(networks, records(folder.path()));
    assert_eq!(value["device"]["backend"], "cpu");
    assert_eq!(value["claim"]["verdict"], "not measured");
}

#[test]
fn mistakes_are_refused_before_anything_is_left() {
    let folder = folder();
    let out = folder.path().join("run");
    let cases: [(&[&str], &[&str]); 10] = [
        (&["--sizes", "0"], &["batch is 0", "1 to"]),
        (&["--sizes", "1,10001"], &["batch is 10001", "at most 10000"]),
        (&["--sizes", "x"], &["--sizes", "an integer"]),
        (&["--sizes", "-1"], &["--sizes", "an integer"]),
        (&["--sizes", "2,2"], &["batch has a value twice"]),
        (&["--seeds", "0"], &["seeds is 0", "1 to"]),
        (&["--steps", "0"], &["steps is 0", "1 to"]),
        (&["--learning-rate", "nan"], &["learning_rate", "above 0"]),
        (&["--activation", "foo"], &["--activation", "sigmoid"]),
        (&["--data", "no-such-folder"], &["no-such-folder", "train-images"]),
    ];
    for (arguments, words) in cases {
        tiny(arguments, &out).refused(words);
        assert!(!out.exists(), "{arguments:?} left a folder");
    }
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    for out in [file.clone(), file.join("below")] {
        tiny(&[], &out).refused(&["cannot create", &out.display().to_string()]);
    }
    assert_eq!(text(folder.path(), "file"), "mine");
}

#[test]
fn older_records_are_replaced_only_by_force() {
    let folder = folder();
    tiny(&["--sizes", "1"], folder.path()).with(0);
    let before = text(folder.path(), "batch_sizes.jsonl");
    let name = folder.path().display().to_string();
    tiny(&[], folder.path()).refused(&["--force", "--out", &name]);
    assert_eq!(text(folder.path(), "batch_sizes.jsonl"), before);
    tiny(&["--force", "--sizes", "5", "--steps", "3"], folder.path()).with(0);
    assert!(records(folder.path()).iter().all(|record| record.batch == 5));
    assert!(text(folder.path(), "experiment.toml").contains("steps = 3"));
}

#[test]
fn beside_a_run_they_are_part_of_its_records() {
    let folder = folder();
    small(&["train"], folder.path()).with(0);
    let before = Records::read(folder.path()).unwrap();
    assert_eq!(before.sweep(Swept::BatchSize), []);
    assert!(
        !before.missing.iter().any(|line| line.contains("batch_sizes")),
        "{:?}",
        before.missing
    );
    tiny(&[], folder.path()).with(0);
    let after = Records::read(folder.path()).unwrap();
    assert_eq!(after.experiment, before.experiment);
    assert_eq!(after.evaluations, before.evaluations);
    assert_eq!(after.sweep(Swept::BatchSize), records(folder.path()));
    let verdict = |claims: &[Claim]| {
        claims.iter().find(|one| one.claim.contains("batch size 1")).unwrap().verdict
    };
    assert_eq!(verdict(&claims(&before)), Verdict::NotMeasured);
    assert_ne!(verdict(&claims(&after)), Verdict::NotMeasured);
    // The summary and the report are those of all records; nothing else of the run has changed.
    let [old, new] = [&before, &after].map(|records| records.summary.clone().unwrap());
    assert_eq!(new.claims, claims(&after));
    assert_ne!(new.claims, old.claims);
    assert_eq!(Summary { claims: old.claims.clone(), ..new }, old);
    assert!(text(folder.path(), "report.html").contains("id=\"batch-sizes-sigmoid\""));
}

#[test]
fn beside_a_run_that_was_cut_off_they_are_shown_as_far_as_it_went() {
    let folder = folder();
    small(&["train"], folder.path()).with(0);
    fs::write(folder.path().join("summary.json"), "{\"version\": \"0.1").unwrap();
    let ended = tiny(&[], folder.path()).with(0);
    assert!(ended.stdout.lines().last().unwrap().starts_with("report: "), "{ended:#?}");
    assert_eq!(text(folder.path(), "summary.json"), "{\"version\": \"0.1");
    // A sweep that was cut off itself leaves the networks that have ended.
    let lines = text(folder.path(), "batch_sizes.jsonl");
    fs::write(folder.path().join("batch_sizes.jsonl"), &lines[..lines.len() - 40]).unwrap();
    let records = Records::read(folder.path()).unwrap();
    assert_eq!(records.sweep(Swept::BatchSize).len(), lines.lines().count() - 1);
    let sentence = "1 of 4 lines of batch_sizes.jsonl are damaged";
    assert!(records.missing.iter().any(|line| line == sentence), "{:#?}", records.missing);
}

#[test]
fn without_a_folder_the_next_free_name_is_taken() {
    let folder = folder();
    for name in ["batch-sizes", "batch-sizes-2"] {
        let mut command = command(Swept::BatchSize, &SIZES, &[]);
        let ended = run(command.current_dir(folder.path())).with(0);
        let said =
            [format!("records: runs/{name} ("), format!("report: runs/{name}/report.html (")];
        let end = ended.stdout.lines().rev().take(2);
        assert!(
            end.zip(said.iter().rev()).all(|(line, said)| line.starts_with(said)),
            "{ended:#?}"
        );
    }
}

#[test]
fn a_network_that_diverges_fails_and_is_told() {
    let folder = folder();
    let flags =
        ["--activation", "relu", "--norm", "none", "--learning-rate", "1e30", "--steps", "20"];
    let ended = tiny(&flags, folder.path()).with(1);
    assert!(ended.stdout.contains("FAILED: relu-none at 1: the loss is"), "{ended:#?}");
    assert!(records(folder.path()).iter().all(|record| record.run.failure.is_some()));
}
