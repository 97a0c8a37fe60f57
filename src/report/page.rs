//! The page of a run, or of a sweep without a run: one self-contained HTML file.
//!
//! It opens with a question, the answer from the records, the pictures that support it and the verdicts.
//! Everything else is in sections that a reader unfolds; printing and links unfold them automatically.
//!
//! Pictures that change from step to step carry their frames as JSON within the page, and a slider moves
//! all of them together. Without scripts each shows its last frame; print shows the same frames as the window.

mod blocks;
mod compared;
mod controls;
mod head;
mod pictures;
pub mod study;
mod sweeps;
mod tables;

pub use compared::comparison;

use super::claims;
use super::picture::Picture;
use super::records::Records;
use crate::record::Claim;
use blocks::{end_folded, write_folded};
use pictures::Arranged;

/// The page as HTML. `lesson` is the address of the lesson's page, if there is one in the same folder.
#[must_use]
pub fn html(records: &Records, pictures: &[Picture], lesson: Option<&str>) -> String {
    let mut html = blocks::opening(&format!("What normalization does: {}", head::data(records)));
    let (arranged, claims) = (Arranged::new(records, pictures), all_claims(records));
    head::write_head(&mut html, records, lesson);
    head::write_troubles(&mut html, records);
    head::write_contents(&mut html, records, &arranged, claims.len());
    html.push_str("<main>\n");
    let steps = controls::steps(records, pictures);
    controls::write_controls(&mut html, records, &steps);
    pictures::write_leading(&mut html, &arranged);
    tables::write_claims(&mut html, &claims);
    write_topics(&mut html, &arranged);
    write_figures(&mut html, records);
    write_records(&mut html, records);
    html.push_str(&blocks::closing(&controls::frames(records, pictures, &steps)));
    html
}

/// The claims that the records decide: the lesson's, or those of sweeps alone.
fn all_claims(records: &Records) -> Vec<Claim> {
    match records.is_of_sweeps() {
        true => sweeps::claims(records),
        false => claims::claims(records),
    }
}

/// The pictures that are not at the top, by topic.
fn write_topics(html: &mut String, arranged: &Arranged) {
    html.push_str("<div class=\"topics\">\n");
    for (topic, pictures) in &arranged.topics {
        let holds = blocks::count(pictures.len(), "picture");
        write_folded(html, topic.id(), topic.title(), &holds);
        for picture in pictures {
            pictures::write_picture(html, picture);
        }
        end_folded(html);
    }
    html.push_str("</div>\n");
}

/// The tables of results.
fn write_figures(html: &mut String, records: &Records) {
    let results = sweeps::results(records);
    if results.is_empty() {
        return;
    }
    let holds = blocks::count(results.len(), "table");
    write_folded(html, "figures", "Results in figures", &holds);
    if let Some(summary) = &records.summary {
        tables::write_results(html, summary);
    }
    sweeps::write_results(html, records);
    end_folded(html);
}

/// The experiment, the machine and its shaders.
fn write_records(html: &mut String, records: &Records) {
    let holds = "settings, hardware, shaders";
    write_folded(html, "records", "Experiment and machine", holds);
    if records.is_of_sweeps() {
        sweeps::write_experiment(html, records);
        sweeps::write_machine(html, records);
    } else {
        tables::write_experiment(html, records);
    }
    if let Some(summary) = &records.summary {
        tables::write_machine(html, summary);
        tables::write_shaders(html, &summary.shaders);
    }
    end_folded(html);
}
