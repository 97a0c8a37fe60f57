//! The question, its answer, and the pictures that support it, which must be true whatever the records hold.

use super::{changed, html};
use crate::support::lesson_records::{NETWORKS, lesson};
use normlab::report::claims::answer::{count_of_verdicts, question, sentences};
use normlab::report::claims::claims;
use normlab::report::records::Records;

/// The records of some of the networks.
fn only(networks: &[&str]) -> Records {
    changed(|all| {
        let has = |name: &str| networks.contains(&name);
        all.experiment.activation.retain(|one| networks.iter().any(|n| n.starts_with(one.name())));
        all.experiment.norm.retain(|one| networks.iter().any(|n| n.ends_with(one.name())));
        all.evaluations.retain(|evaluation| has(&evaluation.run));
        all.summary.as_mut().unwrap().runs.retain(|run| has(&run.name));
    })
}

/// The records with these accuracies at all steps.
fn reading(accuracies: &[(&str, f64)]) -> Records {
    let mut records = only(&accuracies.iter().map(|one| one.0).collect::<Vec<_>>());
    for evaluation in &mut records.evaluations {
        let of = accuracies.iter().find(|one| one.0 == evaluation.run).unwrap();
        evaluation.test_accuracy = of.1;
    }
    records
}

#[test]
fn three_sentences_answer_what_the_page_asks() {
    let records = lesson();
    let said = sentences(&records);
    assert_eq!(said.len(), 3, "{said:#?}");
    assert!(said[0].starts_with("After 150 steps, with sigmoid "), "{said:#?}");
    assert!(said[1].starts_with("Going back from the last layer to the first, "), "{said:#?}");
    assert!(said[2].starts_with("In the last hidden layer, "), "{said:#?}");
    let page = html(&records);
    assert!(page.contains("<h1>What does normalization change?</h1>"));
    assert_eq!(page.matches("<li>After 150 steps").count(), 1);
}

#[test]
fn who_has_learned_is_said_as_it_was() {
    let [none, batch, layer] = [NETWORKS[0], NETWORKS[1], NETWORKS[2]];
    let cases: [(&[(&str, f64)], &str); 8] = [
        (
            &[(none, 0.1), (batch, 0.9), (layer, 0.8)],
            "learned only with batch norm and with layer norm (",
        ),
        (&[(none, 0.1), (batch, 0.9)], "the network has learned only with batch norm ("),
        (&[(none, 0.9), (batch, 0.1)], "the network has learned only without a norm ("),
        (&[(none, 0.1), (batch, 0.1)], "no network beats a constant guess ("),
        (&[(none, 0.9), (batch, 0.92)], "a norm changes little in the end ("),
        (&[(layer, 0.9), (batch, 0.92)], "the norms differ little in the end ("),
        (&[(none, 0.5), (batch, 0.92)], "how much the network has learned depends on the norm ("),
        (&[(batch, 0.92)], "the network has learned (test accuracy: 92.0 % with batch norm)"),
    ];
    for (accuracies, words) in cases {
        let said = &sentences(&reading(accuracies))[0];
        assert!(said.contains(words), "{accuracies:?}: {said}");
    }
    assert_eq!(question(&only(&[none])), "What happens in a network without a norm?");
    assert_eq!(question(&only(&[batch])), "What happens in a network with batch norm?");
}

#[test]
fn gradients_are_said_to_do_what_they_did() {
    let said = |share: f64| {
        let mut records = only(&[NETWORKS[0], NETWORKS[1]]);
        for evaluation in &mut records.evaluations {
            let last = evaluation.layers.len() - 1;
            let first = if evaluation.run == NETWORKS[0] { share } else { 0.5 };
            evaluation.layers[last].gradient_rms = 1.0;
            evaluation.layers[0].gradient_rms = first;
        }
        sentences(&records)[1].clone()
    };
    for (share, words) in [
        (1e-4, "the gradient vanishes without a norm (share left: 1/10000 without a norm"),
        (0.0, "the gradient vanishes without a norm"),
        (0.005, "the gradient shrinks without a norm"),
        (0.4, "the gradient survives (share left: 0.40 without a norm and 0.50 with batch norm)"),
        (500.0, "the gradient grows without a norm"),
        (f64::NAN, "the gradient survives (share left: 0.50 with batch norm)"),
    ] {
        assert!(said(share).contains(words), "{share}: {}", said(share));
    }
}

#[test]
fn what_did_not_end_is_no_answer() {
    let failed = |names: &[&str]| {
        changed(|all| {
            for run in &mut all.summary.as_mut().unwrap().runs {
                run.failure = names.contains(&run.name.as_str()).then(|| "lost".to_owned());
            }
        })
    };
    let said = sentences(&failed(&[NETWORKS[0]])).join(" ");
    assert!(
        said.contains("with sigmoid")
            && !said.contains("with sigmoid the network has learned only")
    );
    let sigmoid = said.split("; with ReLU").next().unwrap();
    assert!(!sigmoid.contains("without a norm"), "{sigmoid}");
    let none = sentences(&failed(&NETWORKS));
    assert_eq!(none.len(), 1);
    assert!(none[0].contains("no answer"), "{none:?}");
    let shallow = changed(|all| {
        all.experiment.hidden.clear();
        all.evaluations.iter_mut().for_each(|one| one.layers.truncate(1));
    });
    let said = sentences(&shallow);
    assert!(said[1].starts_with("In training, with sigmoid the loss reached "), "{said:#?}");
    assert!(said[2].starts_with("Without a hidden layer "), "{said:#?}");
}

#[test]
fn verdicts_are_counted() {
    let all = claims(&lesson());
    let said = count_of_verdicts(&all).unwrap();
    assert!(said.starts_with(&format!("Of {} claims, ", all.len())), "{said}");
    assert_eq!(count_of_verdicts(&[]), None);
    assert_eq!(count_of_verdicts(&all[..1]), None, "a single claim shows its own verdict");
}

#[test]
fn four_pictures_stand_at_the_top_and_every_picture_stands_once() {
    let page = html(&lesson());
    let ids = |html: &str| -> Vec<String> {
        let figures = html.split("<figure id=\"").skip(1);
        figures.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let (top, rest) = page.split_once("<section id=\"claims\">").unwrap();
    assert_eq!(ids(top), ["accuracy", "gradients", "loss", "weight-change"]);
    assert_eq!(ids(rest), ["batch-sizes-sigmoid", "learning-rates-relu", "affine-sweep"]);
    assert!(rest.contains("<details class=\"folded\" id=\"about-sweeps\">"));
    assert!(!rest.contains("about-gradients"), "an empty topic has no section");
}

#[test]
fn a_lesson_beside_the_report_is_named() {
    let records = lesson();
    let pictures = normlab::report::folder::pictures(&records);
    let page = normlab::report::page::html(&records, &pictures, Some("lesson.html"));
    assert!(page.contains("<a href=\"lesson.html\">The lesson</a>"));
    assert!(!html(&records).contains("lesson.html"));
}
