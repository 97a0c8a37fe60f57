//! Experiments of published papers, run again: what the paper found, what is found here, and a verdict.

mod cells;
mod depth;
mod figure1;
mod paper;

pub use cells::{batch_size, last_layer};
pub use depth::{DEPTH_NETWORKS, DepthNetworks, depth};
pub use figure1::figure1;
pub use paper::{Paper, Setting};

use super::claims::in_full;
use super::page::study::StudyTable;
use super::table;
use crate::record::Claim;

/// A study of a paper as text for a terminal: its table and its verdicts.
#[must_use]
pub fn text(tables: &[StudyTable], claims: &[Claim], width: Option<usize>) -> String {
    let mut text = String::new();
    for StudyTable { title, rows, legend, .. } in tables {
        text.push_str(&format!("\n{title}\n{}\n", table::columns(rows, width)));
        text.push_str(&table::legend_text(legend));
    }
    text.push('\n');
    text.extend(claims.iter().map(in_full));
    text
}
