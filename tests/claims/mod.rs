//! The lesson's claims: synthetic records change every verdict, and real runs of the program, all on the
//! CPU engine, confirm what they should and no more.

mod changes;

use crate::support::lesson::{self, ending, lesson};
use crate::support::program::{folder, normlab, run, say, summary};
use crate::support::small::small;
use changes::{CHANGES, batch_sizes, sweep};
use normlab::record::{Claim, ConstantGuess, Evaluation, LateAccuracy, Summary, Swept, Verdict};
use normlab::report::claims::{claims, text};
use normlab::report::markup::plain;
use normlab::report::records::Records;
use std::path::Path;

use Verdict::{DoesNotHold, Holds, HoldsPartly, NotMeasured};

/// A word of each claim, in the order of the table.
const WORDS: [&str; 14] = [
    "straight line",
    "standard deviation |a|",
    "gradients vanish",
    "slope × weights",
    "drift to one side",
    "Batch norm keeps",
    "Layer norm only slows",
    "network trains",
    "Location",
    "Spread",
    "With ReLU, the gradient",
    "batch size 1",
    "batch norm as well as layer norm",
    "one of each for a whole layer",
];

/// The claim that has a word.
fn find<'a>(claims: &'a [Claim], word: &str) -> &'a Claim {
    claims.iter().find(|claim| claim.claim.contains(word)).unwrap_or_else(|| panic!("no {word}"))
}

#[test]
fn the_lesson_bears_out_every_claim_but_that_of_the_location() {
    let claims = claims(&lesson());
    assert_eq!(claims.len(), WORDS.len());
    for (claim, word) in claims.iter().zip(WORDS) {
        assert!(claim.claim.contains(word), "{word}: {claim:#?}");
        let (verdict, side) = match word {
            "Location" => (DoesNotHold, "evidence against: "),
            _ => (Holds, "evidence for: "),
        };
        assert_eq!(claim.verdict, verdict, "{claim:#?}");
        assert!(claim.figures.starts_with(side), "{claim:#?}");
    }
    let said = text(&claims);
    assert_eq!(said.lines().count(), WORDS.len() + 1, "{said}");
}

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

/// Says what a constant guess reaches, in every record that does.
fn guess(records: &mut Records, accuracy: f64) {
    for network in records.sweeps.values_mut().flatten() {
        network.constant_guess = Some(ConstantGuess { accuracy, loss: 1.0 });
    }
}

#[test]
fn what_a_constant_guess_reaches_is_no_learning() {
    let with = |share: f64, accuracy: f64, word: &str| {
        let mut records = lesson();
        guess(&mut records, share);
        ending(&mut records, "sigmoid-none").test_accuracy = accuracy;
        batch_sizes(&mut records)[0].run.test_accuracy = Some(accuracy);
        find(&claims(&records), word).verdict
    };
    for word in ["gradients vanish", "batch size 1"] {
        // As many as the most common class has; with ten equal classes it would be learning.
        assert_eq!(with(0.445, 0.445, word), Holds, "{word}");
        assert_eq!(with(0.1, 0.445, word), HoldsPartly, "{word}");
        assert_eq!(with(0.5, 0.9, word), HoldsPartly, "{word}");
        assert_eq!(with(1.0, 1.0, word), NotMeasured, "{word}");
    }
}

#[test]
fn a_last_figure_may_be_luck() {
    let with = |run: &str, accuracies: &[f64], word: &str| {
        let mut records = lesson();
        let end = ending(&mut records, run).clone();
        let late = accuracies.iter().enumerate().map(|(at, &test_accuracy)| Evaluation {
            step: 1100 + 50 * at,
            test_accuracy,
            ..end.clone()
        });
        let place =
            records.evaluations.iter().rposition(|evaluation| evaluation.run == run).unwrap();
        let late: Vec<_> = late.collect();
        records.evaluations.splice(place..place, late);
        find(&claims(&records), word).clone()
    };
    let wanders = with("sigmoid-layer", &[0.2, 0.3], "network trains");
    assert_eq!(wanders.verdict, HoldsPartly, "{wanders:#?}");
    let range = "(20.0–85.4 % in the last third of the steps; a constant guess: 10.0 %)";
    assert!(wanders.figures.contains(range), "{wanders:#?}");
    let learns = with("sigmoid-none", &[0.1, 0.4], "gradients vanish");
    assert_eq!(learns.verdict, HoldsPartly, "{learns:#?}");
}

#[test]
fn one_seed_is_told_by_its_last_evaluations() {
    let mut records = lesson();
    sweep(&mut records, Swept::Affine).retain(|one| one.seed == 1 && one.run.name.contains("sig"));
    for (one, middle) in sweep(&mut records, Swept::Affine).iter_mut().zip([0.85, 0.97]) {
        let [lowest, highest] = [middle - 0.08, middle + 0.02];
        one.run.late_accuracy =
            Some(LateAccuracy { evaluations: 10, lowest, median: middle, highest });
    }
    let both = claims(&records);
    let claim = find(&both, "whole layer");
    assert_eq!(claim.verdict, Holds, "{claim:#?}");
    assert!(claim.figures.contains("97.0 % (89.0–99.0 % in the last third"), "{claim:#?}");
    for one in sweep(&mut records, Swept::Affine).iter_mut().filter(|one| one.affine == "shared") {
        let (lowest, median, highest) = (0.55, 0.6, 0.65);
        one.run.late_accuracy = Some(LateAccuracy { evaluations: 10, lowest, median, highest });
    }
    assert_eq!(find(&claims(&records), "whole layer").verdict, HoldsPartly);
}

#[test]
fn a_network_that_diverged_is_against_its_claim() {
    let mut records = lesson();
    records.summary = Some(lesson::summary("sigmoid-layer", "the loss is inf at step 3"));
    let table = claims(&records);
    let claim = find(&table, "network trains");
    assert_eq!(claim.verdict, HoldsPartly);
    assert!(claim.figures.contains("evidence against: layer norm: the loss is inf"), "{claim:#?}");
    records.summary = Some(lesson::summary("sigmoid-none", "the loss is inf at step 3"));
    assert_eq!(find(&claims(&records), "gradients vanish").verdict, NotMeasured);
}

#[test]
fn a_killed_or_an_older_run_has_claims_to_the_degree_that_it_can() {
    let mut records = lesson();
    records.evaluations.clear();
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

/// Whether a claim has its own line, after its verdict.
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
    // A claim that holds takes one line; one that does not also gets its evidence.
    assert!(told(&ended.stdout, claim), "{ended:#?}");
    let figures = plain(&claim.figures);
    assert_eq!(ended.stdout.contains(&figures), claim.verdict != Holds, "{ended:#?}");
    (claim.verdict, claim.figures.clone())
}

/// Five layers as in the lesson, but narrow ones. Up to some 600 steps they are still in a phase in which the last bits
/// of a sum decide how far they are.
const DEEP: [&str; 4] = ["--hidden", "32,32,32,32,32", "--steps", "800"];

#[test]
fn a_deep_sigmoid_network_vanishes_and_a_norm_brings_it_back() {
    let sigmoid = [&DEEP[..], &["--activation", "sigmoid"]].concat();
    let folder = folder();
    let mut command = normlab();
    command.args(&sigmoid).args(["--device", "cpu", "--out"]);
    let ended = run(command.arg(folder.path())).with(0);
    let claims = summary(folder.path()).claims;
    assert_eq!(find(&claims, "gradients vanish").verdict, Holds, "{claims:#?}");
    assert_eq!(find(&claims, "network trains").verdict, Holds, "{claims:#?}");
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
    let guesses = figures.contains(
        "; 10.0 % of the test images are classified correctly (a constant guess: 10.0 %). ",
    );
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
    again.refused(&["already holds a run"]);
}
