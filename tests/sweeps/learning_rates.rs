//! The sweep over learning rates.

use super::{help_names, records, sweep};
use crate::support::program::{Ended, entries, folder, text};
use crate::support::small::small;
use normlab::record::Swept;
use normlab::report::claims::claims;
use normlab::report::records::Records;
use std::path::Path;

fn tiny(arguments: &[&str], out: &Path) -> Ended {
    let values = ["--rates", "0.1,0.5", "--batch", "5"];
    sweep(Swept::LearningRate, &values, arguments, out)
}

#[test]
fn relu_is_trained_with_every_norm_at_every_rate() {
    let folder = folder();
    let ended = tiny(&[], folder.path()).with(0);
    let left = [
        "experiment.toml",
        "learning_rates.jsonl",
        "learning_rates.toml",
        "pictures",
        "report.html",
    ];
    assert_eq!(entries(folder.path()), left);
    assert_eq!(entries(&folder.path().join("pictures")), ["learning-rates-relu.svg"]);
    let records = records(Swept::LearningRate, folder.path());
    let found: Vec<_> = records.iter().map(|r| (r.run.name.as_str(), r.learning_rate)).collect();
    let at = |rate| ["relu-none", "relu-batch", "relu-layer"].map(|name| (name, rate));
    assert_eq!(found, [at(0.1), at(0.5)].concat());
    assert!(records.iter().all(|record| (record.batch, record.seed) == (5, 1)));
    assert!(
        ended.stdout.contains("4 steps at batch 5, SGD at learning rate 0.1, 0.5"),
        "{ended:#?}"
    );
}

#[test]
fn a_network_that_diverges_is_a_result() {
    let folder = folder();
    let flags = ["--norm", "none", "--rates", "0.1,1e8", "--steps", "20"];
    let ended = tiny(&flags, folder.path()).with(0);
    let said = "diverged: relu-none at 100000000: the loss is";
    assert!(ended.stdout.contains(said) && !ended.stdout.contains("FAILED"), "{ended:#?}");
    let failed = records(Swept::LearningRate, folder.path());
    let failed: Vec<_> = failed.iter().map(|record| record.run.failure.is_some()).collect();
    assert_eq!(failed, [false, true]);
    assert!(
        text(&folder.path().join("pictures"), "learning-rates-relu.svg").contains("× diverged")
    );
}

#[test]
fn beside_a_run_the_relu_claim_takes_them_in() {
    let folder = folder();
    small(&["train", "--activation", "relu", "--norm", "none,batch"], folder.path()).with(0);
    let figures = || {
        let claims = claims(&Records::read(folder.path()).unwrap());
        claims.into_iter().find(|one| one.claim.contains("ReLU, the gradient")).unwrap().figures
    };
    let needs = "train them with `normlab learning-rates --out RUN_DIR`";
    assert!(figures().contains(needs), "{}", figures());
    tiny(&[], folder.path()).with(0);
    assert!(!figures().contains(needs), "{}", figures());
}

#[test]
fn mistakes_are_refused_before_anything_is_left() {
    let folder = folder();
    let out = folder.path().join("run");
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--rates", "0"], &["learning_rate is 0", "above 0"]),
        (&["--rates", "nan"], &["learning_rate is NaN", "above 0"]),
        (&["--rates", "fast"], &["--rates", "expected a number"]),
        (&["--rates", "0.1,0.10"], &["learning_rate has a value twice"]),
        (&["--batch", "0"], &["batch is 0", "1 to"]),
        (&["--seeds", "0"], &["seeds is 0", "1 to"]),
    ];
    for (arguments, words) in cases {
        tiny(arguments, &out).refused(words);
        assert!(!out.exists(), "{arguments:?} left a folder");
    }
    tiny(&[], &out).with(0);
    tiny(&[], &out).refused(&["already holds learning_rates.jsonl", "--force"]);
    tiny(&["--force"], &out).with(0);
}

#[test]
fn help_names_its_flags() {
    help_names(Swept::LearningRate, &["--rates", "--batch"]);
}
