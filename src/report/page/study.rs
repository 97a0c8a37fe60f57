//! The page of a study: a question, its answer in sentences, pictures, tables, and where the numbers come from.

use super::blocks::{
    closing, end_folded, opening, write_folded, write_list, write_section, write_table,
};
use super::controls::still;
use super::pictures::write_picture;
use crate::report::markup::prose;
use crate::report::picture::Picture;
use crate::report::table::Legend;
use std::fmt::Write;

/// What a study found.
#[derive(Clone, Debug)]
pub struct Study {
    /// Its question, the title of the page.
    pub question: String,
    /// The answer, a sentence each.
    pub answer: Vec<String>,
    /// The pictures that support it.
    pub pictures: Vec<Picture>,
    /// Tables, in their order.
    pub tables: Vec<StudyTable>,
    /// What was chosen where a source leaves something open; empty where there is nothing to say.
    pub choices: Vec<String>,
    /// Experiment, hardware and software.
    pub facts: Vec<(&'static str, String)>,
}

/// A table of a study.
#[derive(Clone, Debug)]
pub struct StudyTable {
    /// Its anchor in the page.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its rows, the first one its header.
    pub rows: Vec<Vec<String>>,
    /// The meaning of its columns.
    pub legend: Legend,
}

/// The page as HTML.
#[must_use]
pub fn html(study: &Study) -> String {
    let mut html = opening(&study.question);
    let _ = writeln!(html, "<header>\n<h1>{}</h1>", prose(&study.question));
    for sentence in &study.answer {
        let _ = writeln!(html, "<p class=\"answer\">{}</p>", prose(sentence));
    }
    html.push_str("</header>\n<main>\n");
    for picture in &study.pictures {
        write_picture(&mut html, picture);
    }
    for StudyTable { id, title, rows, legend } in &study.tables {
        write_section(&mut html, id, title);
        write_table(&mut html, rows);
        write_list(&mut html, legend.iter().map(|(term, meaning)| (*term, meaning.clone())));
        html.push_str("</section>\n");
    }
    if !study.choices.is_empty() {
        write_section(&mut html, "choices", "What the paper leaves open, and what was chosen here");
        html.push_str("<ul>\n");
        for choice in &study.choices {
            let _ = writeln!(html, "<li>{}</li>", prose(choice));
        }
        html.push_str("</ul>\n</section>\n");
    }
    write_folded(&mut html, "records", "Experiment and machine", "settings, hardware");
    write_list(&mut html, study.facts.iter().cloned());
    end_folded(&mut html);
    html.push_str(&closing(&still(&study.pictures)));
    html
}
