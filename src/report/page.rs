//! The page of a run, or of a sweep by itself: one HTML file that needs nothing beside it.
//!
//! Pictures that change from step to step carry their frames as JSON within the page, and a slider moves
//! all of them together. Without scripts each shows its last frame; print shows what the window does.

mod blocks;
mod sweeps;

use blocks::{MACHINE, compared, count, write_list, write_section, write_table};

use super::claims;
use super::markup::{escape, plain, prose};
use super::number;
use super::picture::Picture;
use super::probed::are_uneven;
use super::records::{Network, Records, distinct};
use super::style::stroke;
use super::table;
use crate::record::{Claim, ShaderRecord, Summary};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// A switch between a network in training and in inference, for a picture that holds both. The script shows
/// it.
const MODES: &str = "<p class=\"modes\" role=\"group\" aria-label=\"Batch norm's statistics\" hidden>\
    <button type=\"button\" data-mode=\"training\" aria-pressed=\"true\">in training</button> \
    <button type=\"button\" data-mode=\"inference\" aria-pressed=\"false\">in inference</button></p>";

/// The page as HTML.
#[must_use]
pub fn html(records: &Records, pictures: &[Picture]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(&format!("What normalization does: {}", data(records)))
    );
    write_head(&mut html, records, pictures);
    write_troubles(&mut html, records);
    html.push_str("<main>\n");
    let steps = steps(records, pictures);
    write_controls(&mut html, records, &steps);
    for picture in pictures {
        write_picture(&mut html, picture);
    }
    write_claims(&mut html, &all_claims(records));
    if let Some(summary) = &records.summary {
        write_results(&mut html, summary);
    }
    sweeps::write_results(&mut html, records);
    if records.is_of_sweeps() {
        sweeps::write_experiment(&mut html, records);
        sweeps::write_machine(&mut html, records);
    } else {
        write_experiment(&mut html, records);
    }
    if let Some(summary) = &records.summary {
        write_machine(&mut html, summary);
        write_shaders(&mut html, &summary.shaders);
    }
    let frames = frames(records, pictures, &steps);
    let _ = write!(
        html,
        "</main>\n<script type=\"application/json\" id=\"frames\">{frames}</script>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    );
    html
}

/// The claims that the records are held against: the lesson's, or those of sweeps alone.
fn all_claims(records: &Records) -> Vec<Claim> {
    match records.is_of_sweeps() {
        true => sweeps::claims(records),
        false => claims::claims(records),
    }
}

const fn claims_title(count: usize) -> &'static str {
    if count == 1 { "The claim" } else { "The claims" }
}

/// What the networks were trained on.
fn data(records: &Records) -> String {
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

/// What the replicas are, in a sentence; nothing where there is one.
fn about_replicas(records: &Records) -> String {
    let experiment = &records.experiment;
    let Some(replicas) = records.several() else { return String::new() };
    format!(
        " Each has {} replicas, with the initial weights and batches of seeds {} to {}: figures are \
         medians over the replicas, and pictures of the layers show replica 0.",
        number::whole(replicas),
        experiment.seed,
        experiment.last_seed()
    )
}

fn write_head(html: &mut String, records: &Records, pictures: &[Picture]) {
    let _ = writeln!(
        html,
        "<header>\n<h1>What normalization does</h1>\n<p>{}</p>\n<nav aria-label=\"Contents\"><ul>",
        prose(&introduction(records))
    );
    for picture in pictures {
        write_link(html, &picture.id, &picture.title);
    }
    write_link(html, "claims", claims_title(all_claims(records).len()));
    if records.summary.is_some() {
        write_link(html, "results", "Results");
    }
    for &swept in records.sweeps.keys() {
        write_link(html, &sweeps::id(swept), &sweeps::title(swept));
    }
    write_link(html, "experiment", "The experiment");
    if records.summary.is_some() || records.is_of_sweeps() {
        write_link(html, "machine", MACHINE);
    }
    if records.summary.is_some() {
        write_link(html, "shaders", "Shaders");
    }
    html.push_str("</ul></nav>\n</header>\n");
}

fn write_link(html: &mut String, id: &str, title: &str) {
    let _ = writeln!(html, "<li><a href=\"#{}\">{}</a></li>", escape(id), escape(title));
}

/// What is missing, failed or was out of tolerance.
fn write_troubles(html: &mut String, records: &Records) {
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

/// The slider, the button, and each network's accuracy at the step where they stand. The script shows
/// them: without it they would do nothing.
fn write_controls(html: &mut String, records: &Records, steps: &BTreeSet<usize>) {
    let networks = records.networks();
    if networks.is_empty() {
        return;
    }
    html.push_str(
        "<section id=\"controls\" aria-label=\"Training step\" hidden>\n<div class=\"slider\">\n\
         <button id=\"play\" type=\"button\">Play</button>\n<label for=\"step\">Training step</label>\n\
         <input id=\"step\" type=\"range\" min=\"0\" step=\"1\">\n\
         <output id=\"now\" for=\"step\" aria-live=\"off\"></output>\n</div>\n\
         <ul class=\"readings\" aria-label=\"Latest test accuracy up to this step\"",
    );
    // Norms beside each other, activations below each other; four norms in two rows, as they are wide.
    let columns = match distinct(networks.iter().map(|network| network.norm)).len() {
        few @ 0..=3 => few,
        _ => 2,
    };
    let _ = writeln!(html, " style=\"--columns: {}\">", number::whole(columns));
    for network in networks {
        let pen = stroke(network.norm);
        let _ = writeln!(
            html,
            "<li><svg viewBox=\"0 0 26 8\" aria-hidden=\"true\"><line x1=\"1\" x2=\"25\" y1=\"4\" y2=\"4\" \
             stroke=\"{}\" stroke-width=\"3\" stroke-dasharray=\"{}\"/></svg><span>{}</span> \
             <strong data-run=\"{}\"></strong></li>",
            pen.colour,
            pen.dashes,
            escape(&network.label()),
            escape(network.run)
        );
    }
    html.push_str("</ul>\n");
    if are_uneven(steps) {
        html.push_str(
            "<p class=\"note\">The slider stops at the recorded steps, which are not evenly spaced.</p>\n",
        );
    }
    html.push_str("</section>\n");
}

fn write_picture(html: &mut String, picture: &Picture) {
    let id = escape(&picture.id);
    let svg = picture.frames.last().map_or("", |frame| frame.svg.as_str());
    let modes = if picture.has_modes { MODES } else { "" };
    let _ = write!(
        html,
        "<figure id=\"{id}\">\n<figcaption><h2>{}</h2>\n<p>{}</p>{modes}</figcaption>\n<div class=\"scroll\">\
         <div class=\"frame\" data-picture=\"{id}\" role=\"img\" aria-label=\"{}\">\n{svg}</div></div>\n\
         </figure>\n",
        escape(&picture.title),
        prose(&picture.caption),
        escape(&plain(&picture.alt))
    );
}

fn write_claims(html: &mut String, claims: &[Claim]) {
    write_section(html, "claims", claims_title(claims.len()));
    let mut rows = vec![["claim", "verdict", "figures"].map(str::to_owned).to_vec()];
    rows.extend(
        claims.iter().map(|one| {
            vec![one.claim.clone(), one.verdict.words().to_owned(), one.figures.clone()]
        }),
    );
    write_table(html, &rows);
    html.push_str("</section>\n");
}

fn write_results(html: &mut String, summary: &Summary) {
    write_section(html, "results", "Results");
    if let Some(sentence) = table::about_ranges(summary) {
        let _ = writeln!(html, "<p>{}</p>", prose(&sentence));
    }
    write_table(html, &table::rows(summary));
    write_list(html, table::legend(summary).into_iter());
    html.push_str("</section>\n");
}

fn write_experiment(html: &mut String, records: &Records) {
    write_section(html, "experiment", "The experiment");
    let text = records.experiment.to_toml().unwrap_or_else(|error| error.to_string());
    let _ = writeln!(
        html,
        "<p>To train the same networks again, run <code>normlab train experiment.toml</code> on the file \
         beside this page:</p>\n<pre>{}</pre>\n</section>",
        escape(text.trim_end())
    );
}

fn write_machine(html: &mut String, summary: &Summary) {
    write_section(html, "machine", MACHINE);
    let adapter = &summary.adapter;
    let facts = [
        ("Adapter", format!("{} ({})", adapter.adapter, adapter.kind)),
        ("Backend", adapter.backend.clone()),
        ("Driver", adapter.driver.clone()),
        ("normlab", summary.version.clone()),
        ("Total time", number::seconds(summary.elapsed_s)),
        ("Compared with the CPU reference", compared(&summary.parity)),
    ];
    write_list(html, facts.into_iter());
    html.push_str("</section>\n");
}

fn write_shaders(html: &mut String, shaders: &[ShaderRecord]) {
    write_section(html, "shaders", "Shaders");
    if shaders.is_empty() {
        html.push_str("<p>The CPU engine ran this experiment without shaders.</p>\n</section>\n");
        return;
    }
    let head = ["kernel", "variant", "activation", "tunables", "shapes", "SHA-256 of its text"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(shaders.iter().map(|shader| {
        let tunables = shader.tunables.iter().map(|(name, value)| format!("{name}={value}"));
        // The sizes of a class stay together.
        let shapes = shader.shapes.iter().map(|class| class.replace(' ', "\u{a0}"));
        vec![
            shader.kernel.clone(),
            shader.variant.clone(),
            shader.activation.clone().unwrap_or_default(),
            tunables.collect::<Vec<_>>().join(" "),
            shapes.collect::<Vec<_>>().join(", "),
            shader.sha256.clone(),
        ]
    }));
    html.push_str(
        "<details><summary>Every shader that ran, with its settings and its hash</summary>\n<p>A kernel \
         that ran with several settings lists the shapes of each, every size rounded up to the next power \
         of two.</p>\n",
    );
    write_table(html, &rows);
    html.push_str("</details>\n</section>\n");
}

/// The steps at which the slider stops.
fn steps(records: &Records, pictures: &[Picture]) -> BTreeSet<usize> {
    let moving = pictures.iter().filter(|picture| picture.frames.len() > 1);
    let frames = moving.flat_map(|picture| picture.frames.iter().map(|frame| frame.step));
    records.evaluations.iter().map(|evaluation| evaluation.step).chain(frames).collect()
}

/// What the script needs, as JSON: the steps of the slider, the frames of every picture that has more than
/// one, and each network's accuracy.
fn frames(records: &Records, pictures: &[Picture], steps: &BTreeSet<usize>) -> String {
    let mut moving = Map::new();
    for picture in pictures.iter().filter(|picture| picture.frames.len() > 1) {
        let frames = picture.frames.iter().map(|frame| json!([frame.step, frame.svg]));
        moving.insert(picture.id.clone(), Value::Array(frames.collect()));
    }
    let mut readings = Map::new();
    for Network { run, .. } in records.networks() {
        let evaluations = records.evaluations_of(run);
        let read = evaluations.map(|one| json!([one.step, number::percent(one.test_accuracy)]));
        readings.insert(run.to_owned(), Value::Array(read.collect()));
    }
    let json = json!({ "steps": steps, "pictures": moving, "readings": readings }).to_string();
    // Neither may stand within a script element.
    json.replace("</", "<\\/").replace("<!--", "\\u003c!--")
}
