//! The head of the page: the question, its answer, what was trained, and the contents.

use super::blocks::{MACHINE, count};
use super::pictures::Arranged;
use super::sweeps;
use super::tables::claims_title;
use crate::report::claims::answer;
use crate::report::markup::{escape, prose};
use crate::report::number;
use crate::report::picture::Picture;
use crate::report::records::Records;
use std::fmt::Write;

/// What the networks were trained on.
pub(super) fn data(records: &Records) -> String {
    if let Some(network) = sweeps::networks(records).next().filter(|_| records.is_of_sweeps()) {
        return network.data.clone();
    }
    match (&records.summary, &records.experiment.data) {
        (Some(summary), _) => summary.data.clone(),
        (None, Some(folder)) => folder.display().to_string(),
        (None, None) => "drawn digits".to_owned(),
    }
}

/// What the experiment was, in a sentence.
fn introduction(records: &Records) -> String {
    if records.is_of_sweeps() {
        return sweeps::introduction(records);
    }
    let experiment = &records.experiment;
    let networks = experiment.networks().len();
    let (each, alike) = match networks {
        1 => ("", ""),
        _ => (", each", ", all from the same initial weights and on the same batches"),
    };
    let replicas = about_replicas(records);
    format!(
        "{}{each} with {}, trained on {} for {} of {}{alike}.{replicas}",
        count(networks, "network"),
        count(experiment.hidden.len(), "hidden layer"),
        data(records),
        count(experiment.steps, "step"),
        count(experiment.batch, "image")
    )
}

/// What the replicas are, in a sentence; empty if there is only one.
fn about_replicas(records: &Records) -> String {
    let experiment = &records.experiment;
    let Some(replicas) = records.several() else { return String::new() };
    format!(
        " Each has {} replicas, with the initial weights and batches of seeds {} to {}: values are \
         medians over the replicas, and pictures of the layers show replica 0.",
        number::whole(replicas),
        experiment.seed,
        experiment.last_seed()
    )
}

/// The question, the answer, what was trained, and a link to the lesson.
pub(super) fn write_head(html: &mut String, records: &Records, lesson: Option<&str>) {
    let _ = writeln!(html, "<header>\n<h1>{}</h1>", escape(&answer::question(records)));
    if let Some(lesson) = lesson {
        let _ = writeln!(
            html,
            "<p class=\"lesson\">This is the evidence from one run. <a href=\"{}\">The lesson</a> explains it \
             step by step.</p>",
            escape(lesson)
        );
    }
    html.push_str("<ol id=\"answer\">\n");
    for sentence in answer::sentences(records) {
        let _ = writeln!(html, "<li>{}</li>", with_quiet_figures(&sentence));
    }
    let _ = writeln!(html, "</ol>\n<p>{}</p>\n</header>", prose(&introduction(records)));
}

/// A sentence as HTML, with its figures in brackets less prominent.
fn with_quiet_figures(sentence: &str) -> String {
    // A number and its unit stay together.
    let html = prose(&sentence.replace(" %", "\u{a0}%"));
    html.replace('(', "<span class=\"quiet\">(").replace(')', ")</span>")
}

/// The table of contents; `claims` is the number of claims.
pub(super) fn write_contents(
    html: &mut String,
    records: &Records,
    arranged: &Arranged,
    claims: usize,
) {
    html.push_str("<nav aria-label=\"Contents\">\n<details>\n<summary>Contents</summary>\n<ul>\n");
    let links = |pictures: &[&Picture]| -> Vec<_> {
        pictures.iter().map(|one| (one.id.clone(), one.title.clone())).collect()
    };
    if !arranged.leading.is_empty() {
        write_group(html, "evidence", "The evidence", &links(&arranged.leading));
    }
    if claims > 0 {
        write_group(html, "claims", claims_title(claims), &[]);
    }
    for (topic, pictures) in &arranged.topics {
        write_group(html, topic.id(), topic.title(), &links(pictures));
    }
    let results = sweeps::results(records);
    if !results.is_empty() {
        write_group(html, "figures", "Results in figures", &results);
    }
    let mut facts = vec![("experiment".to_owned(), "The experiment".to_owned())];
    if records.summary.is_some() || records.is_of_sweeps() {
        facts.push(("machine".to_owned(), MACHINE.to_owned()));
    }
    if records.summary.is_some() {
        facts.push(("shaders".to_owned(), "Shaders".to_owned()));
    }
    write_group(html, "records", "Experiment and machine", &facts);
    html.push_str("</ul>\n</details>\n</nav>\n");
}

/// A section's link, with links to its parts below.
fn write_group(html: &mut String, id: &str, title: &str, within: &[(String, String)]) {
    html.push_str("<li>");
    write_link(html, id, title);
    if !within.is_empty() {
        html.push_str("<ul>");
        for (id, title) in within {
            html.push_str("<li>");
            write_link(html, id, title);
            html.push_str("</li>");
        }
        html.push_str("</ul>");
    }
    html.push_str("</li>\n");
}

fn write_link(html: &mut String, id: &str, title: &str) {
    let _ = write!(html, "<a href=\"#{}\">{}</a>", escape(id), escape(title));
}

/// What is missing, has failed or was out of tolerance.
pub(super) fn write_troubles(html: &mut String, records: &Records) {
    let mut troubles = records.missing.clone();
    for run in records.summary.iter().flat_map(|summary| &summary.runs) {
        troubles.extend(run.failure.iter().map(|why| format!("{} ended early: {why}", run.name)));
    }
    let wrong = records.summary.iter().flat_map(|summary| &summary.parity.failures);
    troubles.extend(wrong.map(|sentence| format!("out of tolerance: {sentence}")));
    troubles.extend(sweeps::troubles(records));
    if troubles.is_empty() {
        return;
    }
    html.push_str("<aside>\n<h2>Missing data and failures</h2>\n<ul>\n");
    for trouble in troubles {
        let _ = writeln!(html, "<li>{}</li>", prose(&trouble));
    }
    html.push_str("</ul>\n</aside>\n");
}
