//! The page of several runs beside each other.

use super::blocks::{closing, opening, write_section, write_table};
use super::controls::still;
use super::pictures::write_picture;
use crate::report::comparison::{Run, accuracies, pictures, settings};
use crate::report::markup::escape;
use std::fmt::Write;

/// The page as HTML; it needs nothing beside it.
#[must_use]
pub fn comparison(runs: &[Run]) -> String {
    let names: Vec<_> = runs.iter().map(|run| run.name.as_str()).collect();
    let title = format!("Runs compared: {}", names.join(", "));
    let mut html = opening(&title);
    let _ = writeln!(html, "<header>\n<h1>{}</h1>\n</header>\n<main>", escape(&title));
    write_section(&mut html, "settings", "Settings that differ");
    match settings(runs) {
        rows if rows.len() > 1 => write_table(&mut html, &rows),
        _ => html.push_str("<p>All settings are the same.</p>\n"),
    }
    html.push_str("</section>\n");
    write_section(&mut html, "results", "Test accuracy at the last evaluation");
    write_table(&mut html, &accuracies(runs));
    html.push_str("</section>\n");
    write_section(&mut html, "curves", "Curves");
    let pictures = pictures(runs);
    pictures.iter().for_each(|picture| write_picture(&mut html, picture));
    html.push_str("</section>\n");
    html.push_str(&closing(&still(&pictures)));
    html
}
