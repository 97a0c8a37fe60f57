//! The activations' part of `normlab check`.

use super::output::{print, verdict};
use super::terminal;
use crate::backend::Backend;
use crate::compare;
use crate::error::Result;
use crate::gradient_check::{self, Findings};
use crate::kernels::activation::Activation;
use crate::report::table;
use std::io::Write;

/// Compares activations' gradients with central differences and prints a table. Returns a line for each that is
/// wrong.
pub(super) fn check_activations(
    backend: &mut dyn Backend,
    activations: &[Activation],
    out: &mut dyn Write,
) -> Result<Vec<String>> {
    let header = ["activation", "values of x", "worst error", "kinks at", "verdict"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut complaints = Vec::new();
    for &activation in activations {
        let found = gradient_check::check(backend, activation)?;
        let complaint = found.complaint();
        rows.push(vec![
            activation.name().to_owned(),
            found.points.to_string(),
            compare::ratio_text(found.worst_ratio),
            kinks(&found),
            verdict(complaint.is_none()),
        ]);
        complaints.extend(complaint.map(|said| format!("WRONG: {}: {said}", activation.name())));
    }
    print(
        out,
        &format!(
            "\nactivation_gradient against central differences of activate:\n{}",
            table::columns(&rows, terminal::width())
        ),
    )?;
    Ok(complaints)
}

/// The number of kinks that the table shows.
const SHOWN_KINKS: usize = 4;

fn kinks(found: &Findings) -> String {
    if found.kinks.is_empty() {
        return "–".to_owned();
    }
    let mut shown: Vec<_> =
        found.kinks.iter().take(SHOWN_KINKS).map(|x| format!("x = {x}")).collect();
    if found.kinks.len() > SHOWN_KINKS {
        shown.push(format!("{} more", found.kinks.len() - SHOWN_KINKS));
    }
    shown.join(", ")
}
