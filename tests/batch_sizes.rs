//! The batch-size experiment, from outside, on the CPU engine, and its picture.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by failing"
)]

#[allow(dead_code, reason = "the helpers serve other tests, too")]
#[path = "support/lesson.rs"]
mod lesson;
#[allow(dead_code, reason = "the helpers serve other tests of the program too")]
#[path = "support/program.rs"]
mod program;

use lesson::lesson;
use normlab::config::Experiment;
use normlab::record::{BatchSizeRecord, Verdict};
use normlab::report::batch_sizes::pictures;
use normlab::report::claims::claims;
use normlab::report::records::Records;
use program::{Ended, entries, folder, normlab, run, small, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// An experiment of a fraction of a second.
const TINY: [&str; 10] = [
    "--device",
    "cpu",
    "--hidden",
    "8,8",
    "--steps",
    "4",
    "--sizes",
    "1,5",
    "--activation",
    "sigmoid",
];

/// Runs `normlab batch-sizes <TINY> <arguments> --out <out>`. A flag that is given twice is refused, so
/// what `arguments` name is taken out of [`TINY`].
fn tiny(arguments: &[&str], out: &Path) -> Ended {
    let mut command = normlab();
    command.arg("batch-sizes");
    for pair in TINY.chunks(2).filter(|pair| !arguments.contains(&pair[0])) {
        command.args(pair);
    }
    run(command.args(arguments).arg("--out").arg(out))
}

fn records(folder: &Path) -> Vec<BatchSizeRecord> {
    let text = text(folder, "batch_sizes.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_network_is_a_line_and_a_row() {
    let folder = folder();
    let ended = tiny(&["--seeds", "2"], folder.path()).with(0);
    assert_eq!(entries(folder.path()), ["batch_sizes.jsonl", "experiment.toml"]);
    let records = records(folder.path());
    let found: Vec<_> =
        records.iter().map(|r| (r.run.name.as_str(), r.batch, r.seed, r.run.steps)).collect();
    let at = |batch, seed| ["sigmoid-batch", "sigmoid-layer"].map(|name| (name, batch, seed, 4));
    assert_eq!(found, [at(1, 1), at(1, 2), at(5, 1), at(5, 2)].concat());
    for record in &records {
        // A value that is its own mean has nothing left; a batch of several, and a row of several, do.
        let nothing_left = record.run.norm == "batch" && record.batch == 1;
        assert_eq!(record.hidden_gradient == 0.0, nothing_left, "{record:#?}");
        assert_eq!((record.learning_rate, &record.hidden[..]), (0.01, &[8, 8][..]));
    }
    let header = ended.stdout.lines().position(|line| line.starts_with("network ")).unwrap();
    let rows: Vec<_> = ended.stdout.lines().skip(header + 2).take(8).collect();
    assert!(rows.iter().all(|row| row.starts_with("sigmoid-") && row.contains(" % ")), "{rows:#?}");
    assert!(rows[0].ends_with("  0") && !rows[1].ends_with("  0"), "{rows:#?}");
    assert!(ended.stdout.contains("for it: with batch norm every gradient"), "{ended:#?}");
    assert_eq!(ended.stderr, "");
    let experiment = Experiment::read(&folder.path().join("experiment.toml")).unwrap();
    assert_eq!((experiment.hidden, experiment.steps), (vec![8, 8], 4));
}

#[test]
fn help_names_its_flags() {
    let ended = run(normlab().args(["batch-sizes", "--help"])).with(0);
    let flags = ["--sizes", "--norm", "--activation", "--hidden", "--steps", "--learning-rate"];
    for flag in flags.iter().chain(&["--seed", "--seeds", "--data", "--out", "--force", "--json"]) {
        assert!(ended.stdout.split_whitespace().any(|word| word == *flag), "{flag}");
    }
    assert!(run(normlab().arg("--help")).stdout.contains("batch-sizes"));
}

#[test]
fn json_is_all_that_is_printed() {
    let folder = folder();
    let ended = tiny(&["--json", "--norm", "layer"], folder.path()).with(0);
    let value: Value = serde_json::from_str(&ended.stdout).unwrap();
    let networks: Vec<BatchSizeRecord> = serde_json::from_value(value["networks"].clone()).unwrap();
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
        (&["--sizes", "x"], &["--sizes", "whole number"]),
        (&["--sizes", "-1"], &["--sizes", "whole number"]),
        (&["--sizes", "2,2"], &["sizes", "each once"]),
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
    assert_eq!(before.batch_sizes, []);
    assert!(
        !before.missing.iter().any(|line| line.contains("batch_sizes")),
        "{:?}",
        before.missing
    );
    tiny(&[], folder.path()).with(0);
    let after = Records::read(folder.path()).unwrap();
    assert_eq!(after.experiment, before.experiment);
    assert_eq!(after.moments, before.moments);
    assert_eq!(after.batch_sizes, records(folder.path()));
    let verdict = |records: &Records| claims(records).last().unwrap().verdict;
    assert_eq!(verdict(&before), Verdict::NotMeasured);
    assert_ne!(verdict(&after), Verdict::NotMeasured);
}

#[test]
fn without_a_folder_the_next_free_name_is_taken() {
    let folder = folder();
    for name in ["batch-sizes", "batch-sizes-2"] {
        let mut command = normlab();
        command.arg("batch-sizes").args(TINY).current_dir(folder.path());
        let ended = run(&mut command).with(0);
        let end = ended.stdout.lines().last().unwrap();
        assert!(end.starts_with(&format!("records: runs/{name} (")), "{end}");
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

/// A record of the lesson's experiment with another size, seed and accuracy.
fn at(norm: usize, batch: usize, seed: u64, accuracy: f64) -> BatchSizeRecord {
    let mut record = lesson().batch_sizes[norm].clone();
    (record.batch, record.seed, record.run.test_accuracy) = (batch, seed, Some(accuracy));
    record
}

/// The numbers of an attribute in all elements of a kind.
fn numbers(svg: &str, element: &str, attribute: &str) -> Vec<f64> {
    let start = format!("<{element} ");
    let elements = svg.split(&start).skip(1);
    let value = |rest: &str| {
        let from = rest.find(&format!("{attribute}=\"")).unwrap() + attribute.len() + 2;
        rest[from..].split('"').next().unwrap().parse().unwrap()
    };
    elements.map(value).collect()
}

#[test]
fn the_picture_shows_every_mean_where_it_is() {
    let records = [
        at(0, 1, 1, 0.1),
        at(1, 1, 1, 0.5),
        at(1, 1, 2, 0.7),
        at(0, 4, 1, 0.8),
        at(1, 4, 1, 0.8),
        at(0, 16, 1, 1.0),
    ];
    let pictures = pictures(&records);
    let [picture] = &pictures[..] else { panic!("{pictures:#?}") };
    assert_eq!(picture.id, "batch-sizes-sigmoid");
    for word in ["batch norm: 10.0 % at 1, 80.0 % at 4", "layer norm: 60.0 % at 1", "0.01"] {
        assert!(picture.caption.contains(word), "{word}: {}", picture.caption);
    }
    assert!(picture.alt.contains("60.0 % at 1") && picture.frames.len() == 1);
    let svg = &picture.frames[0].svg;
    assert!(svg.starts_with("<svg ") && svg.contains("viewBox") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let (x, y) = (numbers(svg, "circle", "cx"), numbers(svg, "circle", "cy"));
    let same = |a: f64, b: f64| (a - b).abs() < 0.11;
    // Batch norm at 1, 4, 16, then layer norm at 1, 4: equal octaves, equal accuracies.
    assert_eq!(x.len(), 5, "{svg}");
    assert!(same(x[1] - x[0], x[2] - x[1]) && same(x[3], x[0]) && same(x[4], x[1]), "{x:?}");
    assert!(same(y[1], y[4]) && same((y[0] - y[3]) / 5.0, (y[0] - y[1]) / 7.0), "{y:?}");
    // Only layer norm at 1 has two seeds.
    assert_eq!(svg.matches("stroke-width=\"1.5\"").count(), 1, "{svg}");
}

#[test]
fn what_did_not_end_has_no_place_in_the_picture() {
    let mut failed = at(0, 1, 1, 0.9);
    failed.run.failure = Some("the loss is inf at step 3".into());
    let picture = &pictures(&[failed, at(1, 1, 1, 0.5)])[0];
    assert_eq!(numbers(&picture.frames[0].svg, "circle", "cx").len(), 1);
    assert_eq!(pictures(&[]), []);
}
