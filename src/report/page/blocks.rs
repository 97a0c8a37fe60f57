//! Building blocks of the page's sections.

use crate::record::Parity;
use crate::report::markup::{escape, prose};
use crate::report::number;
use crate::report::table::is_number;
use std::fmt::Write;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The title of the section about adapter and driver.
pub(super) const MACHINE: &str = "Hardware and software";

/// The start of a page, up to its body.
pub(super) fn opening(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(title)
    )
}

/// The end of a page's main part, with the data of its script as JSON.
pub(super) fn closing(data: &str) -> String {
    format!(
        "</main>\n<script type=\"application/json\" id=\"frames\">{data}</script>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// A count with its noun: `1 network`, `2 networks`.
pub(super) fn count(count: usize, what: &str) -> String {
    format!("{} {what}{}", number::whole(count), if count == 1 { "" } else { "s" })
}

pub(super) fn write_section(html: &mut String, id: &str, title: &str) {
    let _ = writeln!(html, "<section id=\"{id}\">\n<h2>{}</h2>", escape(title));
}

/// A section within a folded one.
pub(super) fn write_subsection(html: &mut String, id: &str, title: &str) {
    let _ = writeln!(html, "<section id=\"{id}\">\n<h3>{}</h3>", escape(title));
}

/// A section that is closed at first, with a summary of its content; [`end_folded`] ends it.
pub(super) fn write_folded(html: &mut String, id: &str, title: &str, holds: &str) {
    let _ = writeln!(
        html,
        "<details class=\"folded\" id=\"{id}\">\n<summary><h2>{}</h2> <span>{}</span></summary>",
        escape(title),
        escape(holds)
    );
}

pub(super) fn end_folded(html: &mut String) {
    html.push_str("</details>\n");
}

/// A table with the first row as its header; columns of numbers are right-aligned.
pub(super) fn write_table(html: &mut String, rows: &[Vec<String>]) {
    let numbers = |column: usize| rows.iter().skip(1).all(|row| is_number(&row[column]));
    html.push_str("<div class=\"scroll\"><table>\n");
    for (at, row) in rows.iter().enumerate() {
        html.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let class = if numbers(column) { " class=\"number\"" } else { "" };
            let cell = prose(cell);
            let _ = match at {
                0 => write!(html, "<th scope=\"col\"{class}>{cell}</th>"),
                _ => write!(html, "<td{class}>{cell}</td>"),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</table></div>\n");
}

/// Terms, each with its meaning.
pub(super) fn write_list<'a>(html: &mut String, entries: impl Iterator<Item = (&'a str, String)>) {
    html.push_str("<dl>\n");
    for (term, meaning) in entries {
        let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", escape(term), prose(&meaning));
    }
    html.push_str("</dl>\n");
}

/// The comparison with the CPU reference, in words.
pub(super) fn compared(parity: &Parity) -> String {
    match (parity.worst_ratio, &parity.worst_at) {
        (Some(ratio), Some(place)) => format!(
            "{} tensors, worst error {} of its tolerance ({place})",
            number::whole(parity.compared),
            number::decimals(ratio, 3)
        ),
        _ => "not compared".to_owned(),
    }
}
