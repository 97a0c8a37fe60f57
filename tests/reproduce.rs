//! `normlab reproduce`: verdicts follow from the records, and the command from end to end on the CPU engine.

use crate::support::network::network;
use crate::support::program::{folder, normlab, run, say, text};
use normlab::record::{ReplicaEnd, SweepRecord, Verdict};
use normlab::report::reproduce::{Setting, batch_size, last_layer};

const WHOLE: Setting = Setting { quick: false, own_data: false };

/// A network with a norm, at a batch size.
fn cell(norm: &str, batch: usize, accuracy: f64) -> SweepRecord {
    let mut record = network(&format!("sigmoid-{norm}"), accuracy);
    record.run.norm = norm.into();
    record.batch = batch;
    let values = [("norm", norm.to_owned()), ("batch", batch.to_string())];
    record.values = values.map(|(key, text)| (key.to_owned(), text)).into();
    let end = |test_accuracy| ReplicaEnd {
        seed: 1,
        test_accuracy: Some(test_accuracy),
        train_loss: None,
    };
    record.replicas = [accuracy - 0.01, accuracy, accuracy + 0.01].map(end).into();
    record
}

#[test]
fn the_last_layer_brings_the_gain_or_not() {
    let of = |first: f64, last: f64, all: f64| {
        let cells = [("none", 0.1), ("batch@first", first), ("batch@last", last), ("batch", all)];
        let records: Vec<_> = cells.map(|(norm, accuracy)| cell(norm, 60, accuracy)).into();
        let (study, claims) = last_layer(&records, WHOLE);
        assert_eq!(study.tables[0].rows.len(), 5);
        claims[0].verdict
    };
    assert_eq!(of(0.1, 0.9, 0.95), Verdict::Holds);
    assert_eq!(of(0.5, 0.9, 0.95), Verdict::HoldsPartly);
    assert_eq!(of(0.9, 0.3, 0.95), Verdict::DoesNotHold);
    assert_eq!(of(0.1, 0.1, 0.12), Verdict::NotMeasured);
    let (study, claims) = last_layer(&[cell("none", 60, 0.1)], WHOLE);
    assert_eq!(claims[0].verdict, Verdict::NotMeasured);
    assert!(study.answer[0].contains("Batch has not finished"), "{study:?}");
}

#[test]
fn group_norm_works_at_small_batches_or_not() {
    let of = |group: [f64; 2], batch: [f64; 2]| {
        let records = [
            cell("batch", 2, batch[0]),
            cell("group:10", 2, group[0]),
            cell("batch", 16, batch[1]),
            cell("group:10", 16, group[1]),
        ];
        let (study, claims) = batch_size(&records, WHOLE);
        let row = &study.tables[0].rows[2];
        assert_eq!((&*row[0], &*row[1], &*row[3]), ("group:10", "2", "73.8 %"));
        assert!(row[2].contains('('), "{row:?}");
        claims[0].verdict
    };
    assert_eq!(of([0.74, 0.90], [0.45, 0.88]), Verdict::Holds);
    assert_eq!(of([0.74, 0.99], [0.45, 0.50]), Verdict::HoldsPartly);
    assert_eq!(of([0.44, 0.90], [0.45, 0.60]), Verdict::DoesNotHold);
}

#[test]
fn depth_is_reproduced_from_end_to_end() {
    let place = folder();
    let out = place.path().join("depth");
    let command = || {
        let mut command = normlab();
        command.args(["reproduce", "depth", "--device", "cpu", "--out"]).arg(&out);
        command
    };
    let ended = run(&mut command()).with(0);
    assert_eq!(ended.stdout.matches("holds  ").count(), 2, "{ended:#?}");
    let page = text(&out, "report.html");
    assert!(page.contains("Yang, Pennington") && page.contains("<section id=\"choices\">"));
    run(&mut command()).refused(&["already holds a run or a study"]);
    let json = run(command().args(["--force", "--json"])).with(0);
    assert!(json.stdout.starts_with('['), "{json:#?}");
}

#[test]
fn what_is_no_paper_is_refused() {
    let ended = say(&["reproduce", "figure2"]).with(2);
    for paper in ["figure1", "depth", "last-layer", "batch-size"] {
        assert!(ended.stderr.contains(paper), "{ended:#?}");
    }
    say(&["reproduce", "figure1", "--data", "/nowhere", "--device", "cpu"]).refused(&["/nowhere"]);
}
