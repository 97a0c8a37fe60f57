//! The table that a run ends with.

use super::{number, style};
use crate::record::{Figures, LayerFigures, RunRecord, Summary};
use std::fmt::Write;

/// Lays out rows in columns, columns of numbers right-aligned, with a line under the first row.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            let right = column > 0 && rows[1..].iter().all(|row| is_number(&row[column]));
            if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
        if number == 0 {
            let rule = widths.iter().map(|&width| "─".repeat(width)).collect::<Vec<_>>();
            text.push_str(&rule.join("──"));
            text.push('\n');
        }
    }
    text
}

/// Whether a cell holds a number, or stands for one that is not there.
pub(super) fn is_number(cell: &str) -> bool {
    cell == "–" || cell == "NaN" || cell == "inf" || cell.starts_with(|c: char| c.is_ascii_digit())
}

/// One row for each network, below a row that says what the columns are; with several replicas the
/// lowest and the highest figures in two more.
#[must_use]
pub fn rows(summary: &Summary) -> Vec<Vec<String>> {
    let header = [
        "network",
        "test accuracy",
        "train loss",
        "grad RMS first",
        "grad RMS last",
        "‖ΔW1‖/‖W1₀‖",
        "output spread",
        "ms/step",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(summary.runs.iter().flat_map(rows_of));
    rows
}

/// [`rows`] laid out in columns.
#[must_use]
pub fn results(summary: &Summary) -> String {
    columns(&rows(summary))
}

/// What [`rows`] holds where there are several replicas, in a sentence.
#[must_use]
pub fn about_ranges(summary: &Summary) -> Option<String> {
    let replicas = summary.runs.iter().find_map(|run| run.range.as_ref())?.replicas;
    Some(format!(
        "The figures of each network are medians over {} replicas; below them stand the lowest and \
         the highest.",
        number::whole(replicas)
    ))
}

fn rows_of(run: &RunRecord) -> Vec<Vec<String>> {
    let median = Figures {
        test_accuracy: run.test_accuracy,
        train_loss: run.train_loss,
        layers: run.layers.clone(),
        output_spread: run.output_spread,
    };
    let mut rows = vec![row(&run.name, &median, run.ms_per_step)];
    if let Some(range) = &run.range {
        rows.push(row("  lowest", &range.lowest, None));
        rows.push(row("  highest", &range.highest, None));
    }
    rows
}

fn row(name: &str, figures: &Figures, ms_per_step: Option<f64>) -> Vec<String> {
    let number = |value: Option<f64>, format: fn(f64) -> String| value.map_or("–".into(), format);
    let (first, last) = (figures.layers.first(), figures.layers.last());
    let gradient =
        |layer: Option<&LayerFigures>| number(layer.map(|layer| layer.gradient_rms), number::power);
    vec![
        name.to_owned(),
        number(figures.test_accuracy, number::percent),
        number(figures.train_loss, |x| number::decimals(x, 3)),
        gradient(first),
        gradient(last),
        number(first.map(|layer| layer.weight_change), |x| number::decimals(x, 3)),
        number(figures.output_spread, |x| number::decimals(x, 4)),
        number(ms_per_step, |x| number::decimals(x, 2)),
    ]
}

/// What the columns mean, for someone who sees them for the first time.
pub const LEGEND: &str = "\
test accuracy   share of the test images that the network reads rightly (chance: 10 %)
train loss      mean cross-entropy of the last recorded steps (knowing nothing: 2.303)
grad RMS        size of the gradient that reaches the weights of the first and the last layer
‖ΔW1‖/‖W1₀‖     how far the first layer's weights have moved from where they began
output spread   how much the last hidden layer's outputs differ from image to image
";

/// What the figures say about gradients that vanish, computed from this run: one sentence for each
/// activation.
#[must_use]
pub fn findings(summary: &Summary) -> String {
    let mut text = String::new();
    let mut done: Vec<&str> = Vec::new();
    for run in &summary.runs {
        if done.contains(&run.activation.as_str()) {
            continue;
        }
        done.push(&run.activation);
        let alike = summary.runs.iter().filter(|other| other.activation == run.activation);
        let shares: Vec<String> = alike.filter_map(share_of_gradient).collect();
        if !shares.is_empty() {
            let (activation, shares) = (style::activation(&run.activation), shares.join(", "));
            let _ = writeln!(
                text,
                "{activation}: gradient at the first layer over that at the last: {shares}"
            );
        }
    }
    text
}

/// The first layer's gradient over the last one's, none where there is but one layer.
fn share_of_gradient(run: &RunRecord) -> Option<String> {
    let (first, rest) = run.layers.split_first()?;
    let share = fraction(first.gradient_rms / rest.last()?.gradient_rms)?;
    match run.norm.as_str() {
        "none" => Some(format!("{share} without a norm")),
        norm => Some(format!("{share} with {}", style::stroke(norm).label)),
    }
}

/// A ratio that may be very small, as 0.48 or 1/72635; none where it is not finite.
pub(super) fn fraction(ratio: f64) -> Option<String> {
    match ratio {
        small if small > 0.0 && small < 0.01 => Some(format!("1/{:.0}", 1.0 / small)),
        ratio => ratio.is_finite().then(|| format!("{ratio:.2}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [["a", "‖x‖", "b"], ["long", "1", "c"], ["d", "–", "long"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        let lines = ["a     ‖x‖  b", "───────────────", "long    1  c", "d       –  long", ""];
        assert_eq!(columns(&rows), lines.join("\n"));
    }
}
