//! The lesson's claims: synthetic records turn every verdict, and real runs of the program, all on the
//! CPU engine, bear out what they ought to and no more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by failing"
)]

#[path = "support/lesson.rs"]
mod lesson;
#[allow(dead_code, reason = "the helpers serve other tests of the program too")]
#[path = "support/program.rs"]
mod program;

use lesson::{ending, lesson, moment, probe_at};
use normlab::config::NormPosition;
use normlab::record::{Claim, Summary, SweepRecord, Swept, Verdict};
use normlab::report::claims::{claims, text};
use normlab::report::markup::plain;
use normlab::report::records::Records;
use program::{folder, normlab, run, say, small, summary};
use std::path::Path;

use Verdict::{DoesNotHold, Holds, HoldsPartly, NotMeasured};

/// A word of each claim, in the order of the table.
const WORDS: [&str; 10] = [
    "straight line",
    "standard deviation |a|",
    "gradients vanish",
    "drift to one side",
    "working range",
    "middle of the sigmoid",
    "With ReLU the gradient",
    "batch size 1",
    "batch norm as well as layer norm",
    "one of each for a whole layer",
];

/// The claim that has a word.
fn find<'a>(claims: &'a [Claim], word: &str) -> &'a Claim {
    claims.iter().find(|claim| claim.claim.contains(word)).unwrap_or_else(|| panic!("no {word}"))
}

#[test]
fn the_lesson_bears_out_every_claim() {
    let claims = claims(&lesson());
    assert_eq!(claims.len(), WORDS.len());
    for (claim, word) in claims.iter().zip(WORDS) {
        assert!(claim.claim.contains(word), "{word}: {claim:#?}");
        assert_eq!(claim.verdict, Holds, "{claim:#?}");
        assert!(claim.figures.starts_with("for it: "), "{claim:#?}");
    }
    let said = text(&claims);
    assert_eq!(said.lines().count(), WORDS.len(), "{said}");
}

/// The networks of a sweep.
fn sweep(records: &mut Records, swept: Swept) -> &mut Vec<SweepRecord> {
    records.sweeps.get_mut(&swept).unwrap()
}

fn batch_sizes(records: &mut Records) -> &mut Vec<SweepRecord> {
    sweep(records, Swept::BatchSize)
}

/// Gives a norm the accuracies of no norm at every learning rate.
fn without_effect(records: &mut Records, run: &str) {
    let networks = sweep(records, Swept::LearningRate);
    let none: Vec<_> = networks.iter().filter(|one| one.run.name == "relu-none").cloned().collect();
    for one in networks.iter_mut().filter(|one| one.run.name == run) {
        let like = none.iter().find(|none| none.learning_rate == one.learning_rate).unwrap();
        one.run.test_accuracy = like.run.test_accuracy;
        one.run.failure.clone_from(&like.run.failure);
    }
}

/// The network of a learning rate.
fn at_rate<'a>(records: &'a mut Records, run: &str, rate: f32) -> &'a mut SweepRecord {
    let mut networks = sweep(records, Swept::LearningRate).iter_mut();
    networks.find(|one| one.run.name == run && one.learning_rate == rate).unwrap()
}

/// Sets what all networks with one affine read.
fn set_affine(records: &mut Records, affine: &str, accuracy: f64) {
    let networks = sweep(records, Swept::Affine).iter_mut();
    for one in networks.filter(|one| one.affine == affine) {
        one.run.test_accuracy = Some(accuracy);
    }
}

/// A change of the lesson's records, the claim that it is about, and the verdict that it must have then.
type Change = (&'static str, fn(&mut Records), Verdict);

const CHANGES: [Change; 47] = [
    ("straight line", |r| probe_at(r, "relu-none", 0).hidden[4].all_negative = 0.0, HoldsPartly),
    ("straight line", |r| probe_at(r, "relu-batch", 0).hidden[2].all_positive = 0.2, HoldsPartly),
    (
        "straight line",
        |r| {
            for layer in &mut probe_at(r, "relu-none", 0).hidden {
                (layer.all_positive, layer.all_negative) = (0.0, 0.1);
            }
            probe_at(r, "relu-batch", 0).hidden[2].all_positive = 0.2;
        },
        DoesNotHold,
    ),
    ("straight line", |r| r.probes.retain(|probe| probe.run != "relu-none"), NotMeasured),
    ("deviation |a|", |r| probe_at(r, "sigmoid-batch", 1500).hidden[0].mean.fill(1.0), HoldsPartly),
    (
        "deviation |a|",
        |r| probe_at(r, "relu-batch", 1500).hidden[0].deviation.fill(0.0),
        HoldsPartly,
    ),
    (
        "deviation |a|",
        |r| {
            let layer = &mut probe_at(r, "relu-batch", 1500).hidden[0];
            layer.deviation.fill(f32::NAN);
            layer.mean.fill(f32::NAN);
        },
        DoesNotHold,
    ),
    ("deviation |a|", |r| r.experiment.norm_position = NormPosition::After, NotMeasured),
    ("deviation |a|", |r| r.probes.clear(), NotMeasured),
    ("gradients vanish", |r| ending(r, "sigmoid-none").test_accuracy = 0.92, HoldsPartly),
    ("gradients vanish", |r| ending(r, "sigmoid-none").layers[0].gradient_rms = 0.01, HoldsPartly),
    (
        "gradients vanish",
        |r| ending(r, "sigmoid-none").layers[0].gradient_rms = f64::NAN,
        HoldsPartly,
    ),
    ("gradients vanish", |r| ending(r, "sigmoid-none").output_spread = 0.2, HoldsPartly),
    (
        "gradients vanish",
        |r| *ending(r, "sigmoid-none") = moment("sigmoid-none", 1500, 0.92, 0.5, 1.2, 0.3),
        DoesNotHold,
    ),
    ("gradients vanish", |r| r.moments.retain(|m| m.run != "sigmoid-none"), NotMeasured),
    ("gradients vanish", |r| r.moments.retain(|m| m.step < 1500), NotMeasured),
    ("gradients vanish", |r| ending(r, "sigmoid-none").layers.truncate(1), NotMeasured),
    ("drift", |r| probe_at(r, "sigmoid-none", 1500).hidden[4].percentiles[1] = 0.0, HoldsPartly),
    ("drift", |r| probe_at(r, "sigmoid-none", 1500).hidden[4].deviation.fill(0.5), HoldsPartly),
    ("drift", |r| r.probes.retain(|probe| probe.step == 0), NotMeasured),
    ("working range", |r| ending(r, "sigmoid-layer").test_accuracy = 0.1, HoldsPartly),
    (
        "working range",
        |r| {
            for run in ["sigmoid-batch", "sigmoid-layer"] {
                *ending(r, run) = moment(run, 1500, 0.1, 1e-5, 0.001, 0.0);
            }
        },
        DoesNotHold,
    ),
    ("working range", |r| r.moments.retain(|m| m.run != "sigmoid-layer"), NotMeasured),
    ("middle", |r| probe_at(r, "sigmoid-batch", 1500).hidden[4].gamma.fill(1.0), HoldsPartly),
    ("ReLU the gradient", |r| ending(r, "relu-none").test_accuracy = 0.8, HoldsPartly),
    ("ReLU the gradient", |r| ending(r, "relu-none").layers[0].gradient_rms = 1e-6, HoldsPartly),
    ("batch size 1", |r| batch_sizes(r)[0].hidden_gradient = 1e-30, HoldsPartly),
    ("batch size 1", |r| batch_sizes(r)[1].run.test_accuracy = Some(0.1), HoldsPartly),
    ("batch size 1", |r| drop(batch_sizes(r).remove(1)), NotMeasured),
    (
        "drift",
        |r| {
            let layer = &mut probe_at(r, "sigmoid-none", 1500).hidden[4];
            layer.percentiles[1] = 0.0;
            layer.deviation.fill(0.5);
        },
        DoesNotHold,
    ),
    (
        "middle",
        |r| {
            let start = probe_at(r, "sigmoid-batch", 0).hidden.clone();
            probe_at(r, "sigmoid-batch", 1500).hidden = start;
        },
        DoesNotHold,
    ),
    (
        "ReLU the gradient",
        |r| {
            *ending(r, "relu-none") = moment("relu-none", 1500, 0.1, 1e-6, 0.001, 0.0);
            *ending(r, "relu-batch") = moment("relu-batch", 1500, 0.5, 0.5, 1.0, 0.5);
            r.moments.retain(|m| m.step == 1500);
            let early = r.moments.iter().filter(|m| m.run.starts_with("relu")).cloned();
            let mut early: Vec<_> = early.collect();
            for moment in &mut early {
                (moment.step, moment.test_accuracy) = (150, 0.1);
            }
            r.moments.splice(0..0, early);
            without_effect(r, "relu-batch");
        },
        DoesNotHold,
    ),
    ("ReLU the gradient", |r| without_effect(r, "relu-batch"), HoldsPartly),
    ("ReLU the gradient", |r| drop(r.sweeps.remove(&Swept::LearningRate)), Holds),
    ("batch norm as well as layer norm", |r| r.sweeps.clear(), NotMeasured),
    (
        "batch norm as well as",
        |r| sweep(r, Swept::LearningRate).retain(|one| one.run.name != "relu-none"),
        NotMeasured,
    ),
    ("batch norm as well as", |r| without_effect(r, "relu-layer"), HoldsPartly),
    (
        "batch norm as well as",
        |r| {
            without_effect(r, "relu-layer");
            without_effect(r, "relu-batch");
        },
        DoesNotHold,
    ),
    // A rate in the middle of batch norm's range at which it diverges leaves what is behind it.
    (
        "batch norm as well as",
        |r| at_rate(r, "relu-batch", 0.03).run.failure = Some("inf".into()),
        Holds,
    ),
    // Without a norm the range may go on below the lowest rate: nobody knows which is wider.
    (
        "batch norm as well as",
        |r| {
            for rate in [0.003, 0.01, 0.03] {
                at_rate(r, "relu-none", rate).run.test_accuracy = Some(0.95);
            }
        },
        NotMeasured,
    ),
    ("whole layer", |r| set_affine(r, "shared", 0.9), HoldsPartly),
    ("whole layer", |r| sweep(r, Swept::Affine)[3].run.failure = Some("inf".into()), HoldsPartly),
    ("whole layer", |r| sweep(r, Swept::Affine).retain(|one| one.seed == 1), NotMeasured),
    ("whole layer", |r| sweep(r, Swept::Affine).truncate(4), NotMeasured),
    ("whole layer", |r| sweep(r, Swept::Affine).retain(|one| one.affine != "shared"), NotMeasured),
    (
        "whole layer",
        |r| {
            set_affine(r, "per_unit", 0.3);
            set_affine(r, "shared", 0.1);
        },
        DoesNotHold,
    ),
    (
        "batch size 1",
        |r| {
            batch_sizes(r)[0].hidden_gradient = f64::NAN;
            batch_sizes(r)[0].run.test_accuracy = Some(0.9);
            batch_sizes(r)[1].run.test_accuracy = Some(0.1);
        },
        DoesNotHold,
    ),
];

#[test]
fn what_is_measured_decides() {
    let before = claims(&lesson());
    for (number, (word, change, verdict)) in CHANGES.into_iter().enumerate() {
        let mut records = lesson();
        change(&mut records);
        let after = claims(&records);
        let claim = find(&after, word);
        assert_eq!(claim.verdict, verdict, "change {number}: {claim:#?}");
        assert_ne!(claim.figures, find(&before, word).figures, "change {number}");
    }
}

#[test]
fn a_network_that_diverged_is_against_its_claim() {
    let mut records = lesson();
    records.summary = Some(lesson::summary("sigmoid-layer", "the loss is inf at step 3"));
    let table = claims(&records);
    let claim = find(&table, "working range");
    assert_eq!(claim.verdict, HoldsPartly);
    assert!(claim.figures.contains("against it: layer norm: the loss is inf"), "{claim:#?}");
    records.summary = Some(lesson::summary("sigmoid-none", "the loss is inf at step 3"));
    assert_eq!(find(&claims(&records), "gradients vanish").verdict, NotMeasured);
}

#[test]
fn a_killed_or_an_older_run_has_claims_to_the_degree_that_it_can() {
    let mut records = lesson();
    records.moments.clear();
    records.probes.clear();
    records.sweeps.clear();
    for claim in claims(&records) {
        assert_eq!(claim.verdict, NotMeasured, "{claim:#?}");
        assert!(!claim.figures.is_empty());
    }
    assert_eq!(text(&claims(&records)), "");
    let summary = lesson::summary("relu-none", "none");
    let mut older = serde_json::to_value(&summary).unwrap();
    older.as_object_mut().unwrap().remove("claims").unwrap();
    assert_eq!(serde_json::from_value::<Summary>(older).unwrap(), summary);
}

/// Whether a claim has a line of its own, behind its verdict.
fn told(stdout: &str, claim: &Claim) -> bool {
    let verdict = claim.verdict.words();
    stdout.lines().any(|line| line.starts_with(verdict) && line.ends_with(&claim.claim))
}

/// The verdict of a claim in what `normlab <arguments>` leaves.
#[track_caller]
fn verdict(arguments: &[&str], word: &str) -> (Verdict, String) {
    let folder = folder();
    let mut command = normlab();
    command.args(arguments).args(["--device", "cpu", "--out"]);
    let ended = run(command.arg(folder.path())).with(0);
    let summary = summary(folder.path());
    let claim = find(&summary.claims, word);
    // What holds is told in a line; what does not, with its figures.
    assert!(told(&ended.stdout, claim), "{ended:#?}");
    let figures = plain(&claim.figures);
    assert_eq!(ended.stdout.contains(&figures), claim.verdict != Holds, "{ended:#?}");
    (claim.verdict, claim.figures.clone())
}

/// Five layers as in the lesson, but narrow ones.
const DEEP: [&str; 4] = ["--hidden", "32,32,32,32,32", "--steps", "400"];

#[test]
fn a_deep_sigmoid_network_vanishes_and_a_norm_brings_it_back() {
    let sigmoid = [&DEEP[..], &["--activation", "sigmoid"]].concat();
    let folder = folder();
    let mut command = normlab();
    command.args(&sigmoid).args(["--device", "cpu", "--out"]);
    let ended = run(command.arg(folder.path())).with(0);
    let claims = summary(folder.path()).claims;
    assert_eq!(find(&claims, "gradients vanish").verdict, Holds, "{claims:#?}");
    assert_eq!(find(&claims, "working range").verdict, Holds, "{claims:#?}");
    assert_eq!(find(&claims, "With ReLU").verdict, NotMeasured, "{claims:#?}");
    assert!(told(&ended.stdout, find(&claims, "gradients vanish")), "{ended:#?}");
    // The claims are those of the records, to the letter.
    assert_eq!(claims_of(folder.path()), claims);
}

fn claims_of(folder: &Path) -> Vec<Claim> {
    claims(&Records::read(folder).unwrap())
}

#[test]
fn in_a_shallow_network_nothing_vanishes() {
    let arguments =
        ["--hidden", "32", "--steps", "150", "--activation", "sigmoid", "--norm", "none"];
    let (verdict, figures) = verdict(&arguments, "gradients vanish");
    assert_eq!(verdict, DoesNotHold, "{figures}");
}

#[test]
fn three_hidden_layers_only_start_late() {
    let after = |hidden: &str, steps: &str| {
        let network = ["--hidden", hidden, "--steps", steps, "--learning-rate", "1"];
        let sigmoid = ["--activation", "sigmoid", "--norm", "none", "--probes", "0"];
        verdict(&[&network[..], &sigmoid].concat(), "gradients vanish")
    };
    let (early, figures) = after("32,32,32", "100");
    let guesses = figures.contains("; 10.0 % of the test images are read rightly. against it: ");
    assert!(early == HoldsPartly && guesses, "{figures}");
    let (late, figures) = after("32,32,32", "700");
    assert_eq!(late, DoesNotHold, "{figures}");
    let (deep, figures) = after("32,32,32,32,32", "700");
    assert_eq!(deep, Holds, "{figures}");
}

#[test]
fn initial_weights_decide_whether_relu_needs_a_norm() {
    let relu = [&DEEP[..], &["--activation", "relu", "--norm", "none,batch"]].concat();
    let with = |init: &'static str| verdict(&[&relu[..], &["--init", init]].concat(), "With ReLU");
    let (uniform, figures) = with("uniform");
    assert_eq!(uniform, HoldsPartly, "{figures}");
    let (he, figures) = with("he");
    assert_eq!(he, Holds, "{figures}");
}

#[test]
fn a_single_network_is_told_of_no_claim_that_takes_two() {
    let folder = folder();
    let ended = small(&["train", "--norm", "layer"], folder.path()).with(0);
    assert!(!ended.stdout.contains("claims"), "{ended:#?}");
    assert!(summary(folder.path()).claims.iter().all(|claim| claim.verdict == NotMeasured));
    let again = say(&["train", "--out", &folder.path().display().to_string()]);
    again.refused(&["holds a run already"]);
}
