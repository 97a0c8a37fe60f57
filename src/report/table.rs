//! The table at the end of a run.

use super::chance::constant_guess;
use super::probed::with_norm;
use super::{backward, number, style};
use crate::record::{ConstantGuess, Figures, LateAccuracy, LayerFigures, RunRecord, Summary};
use std::fmt::Write;

/// Spaces between two columns.
const GAP: usize = 2;

/// Lays out rows in columns, columns of numbers right-aligned, with a line under the first row. If they
/// are wider than `width`, they become several tables one below the other, each with the first column.
#[must_use]
pub fn columns(rows: &[Vec<String>], width: Option<usize>) -> String {
    let width_of = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..).map_while(width_of).collect();
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut taken = 0;
    for (column, more) in widths.iter().enumerate().skip(1) {
        let fits = width.is_none_or(|width| taken + GAP + more <= width);
        match parts.last_mut().filter(|_| fits) {
            Some(part) => part.push(column),
            None => {
                parts.push(vec![0, column]);
                taken = widths[0];
            }
        }
        taken += GAP + more;
    }
    let of = |row: &Vec<String>, part: &[usize]| {
        part.iter().filter_map(|&at| row.get(at).cloned()).collect()
    };
    let tables = parts
        .iter()
        .map(|part| together(&rows.iter().map(|row| of(row, part)).collect::<Vec<_>>()));
    tables.collect::<Vec<_>>().join("\n")
}

fn together(rows: &[Vec<String>]) -> String {
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

/// Whether a cell has a number, or a placeholder for a missing one.
pub(super) fn is_number(cell: &str) -> bool {
    cell == "–" || cell == "NaN" || cell == "inf" || cell.starts_with(|c: char| c.is_ascii_digit())
}

/// A header row, and one row for each network; with several replicas, two more rows for the lowest and the
/// highest values.
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

/// [`rows`] laid out in columns, in tables of this width.
#[must_use]
pub fn results(summary: &Summary, width: Option<usize>) -> String {
    columns(&rows(summary), width)
}

/// What [`rows`] contains if there are several replicas, in a sentence.
#[must_use]
pub fn about_ranges(summary: &Summary) -> Option<String> {
    let replicas = summary.runs.iter().find_map(|run| run.range.as_ref())?.replicas;
    Some(format!(
        "Each network's values are medians over {} replicas, with the lowest and the highest below.",
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
    let mut rows = vec![row(&run.name, &median, run.late_accuracy, run.ms_per_step)];
    if let Some(range) = &run.range {
        rows.push(row("  lowest", &range.lowest, None, None));
        rows.push(row("  highest", &range.highest, None, None));
    }
    rows
}

fn row(
    name: &str,
    figures: &Figures,
    late: Option<LateAccuracy>,
    ms_per_step: Option<f64>,
) -> Vec<String> {
    let number = |value: Option<f64>, format: fn(f64) -> String| value.map_or("–".into(), format);
    let (first, last) = (figures.layers.first(), figures.layers.last());
    let gradient =
        |layer: Option<&LayerFigures>| number(layer.map(|layer| layer.gradient_rms), number::power);
    vec![
        name.to_owned(),
        figures.test_accuracy.map_or("–".into(), |last| accuracy(last, late)),
        number(figures.train_loss, |x| number::decimals(x, 3)),
        gradient(first),
        gradient(last),
        number(first.map(|layer| layer.weight_change), |x| number::decimals(x, 3)),
        number(figures.output_spread, |x| number::decimals(x, 4)),
        number(ms_per_step, |x| number::decimals(x, 2)),
    ]
}

/// The last accuracy, followed by the range of the last third of the steps if that differs.
pub(super) fn accuracy(last: f64, late: Option<LateAccuracy>) -> String {
    let range = late.and_then(|late| number::range_around(last, late.lowest, late.highest));
    let last = number::percent(last);
    range.map_or_else(|| last.clone(), |range| format!("{last} ({range})"))
}

/// The meanings of the columns of test accuracy and training loss, with what a constant guess reaches.
pub(super) fn meanings(guess: ConstantGuess) -> [String; 2] {
    [
        format!(
            "share of the test images classified correctly at the end (in brackets: over the last third \
             of the steps); a constant guess reaches {}",
            number::percent(guess.accuracy)
        ),
        format!(
            "mean cross-entropy of the last recorded steps; a constant guess reaches {}",
            number::decimals(guess.loss, 3)
        ),
    ]
}

/// Columns of a table, each with its meaning for someone who sees it for the first time.
pub type Legend = Vec<(&'static str, String)>;

/// What the columns of [`rows`] mean.
#[must_use]
pub fn legend(summary: &Summary) -> Legend {
    let [accuracy, loss] = meanings(constant_guess([summary.constant_guess]));
    let size = "root mean square of the gradient of the first and the last layer's weights";
    let moved =
        "distance of the first layer's weights from their initial values, as a share of their norm";
    let spread = "how much the last hidden layer's outputs differ from image to image";
    vec![
        ("test accuracy", accuracy),
        ("train loss", loss),
        ("grad RMS", size.to_owned()),
        ("‖ΔW1‖/‖W1₀‖", moved.to_owned()),
        ("output spread", spread.to_owned()),
    ]
}

/// A legend as text for a terminal, a line for each column.
#[must_use]
pub fn legend_text(legend: &Legend) -> String {
    let width = legend.iter().map(|(column, _)| column.chars().count()).max().unwrap_or(0);
    legend.iter().map(|(column, meaning)| format!("{column:width$}  {meaning}\n")).collect()
}

/// What this run shows about vanishing gradients: one sentence for each activation.
#[must_use]
pub fn findings(summary: &Summary) -> String {
    let mut text = String::new();
    let mut done: Vec<&str> = Vec::new();
    for run in &summary.runs {
        if done.contains(&run.activation.as_str()) {
            continue;
        }
        done.push(&run.activation);
        let alike = || summary.runs.iter().filter(|other| other.activation == run.activation);
        let shares: Vec<String> = alike().filter_map(share_of_gradient).collect();
        if !shares.is_empty() {
            let (activation, shares) = (style::activation(&run.activation), shares.join(", "));
            let _ = writeln!(
                text,
                "{activation}: first layer's gradient relative to the last layer's, from the first to the last \
                 step: {shares}"
            );
        }
        let factors: Vec<String> = alike().filter_map(factor_of_gradient).collect();
        if !factors.is_empty() {
            let factors = factors.join(", ");
            let _ = writeln!(text, "  factor from one hidden layer to the one before: {factors}");
        }
    }
    text
}

/// The first layer's gradient over the last one's at the first step and at the end; none if there is only
/// one layer.
fn share_of_gradient(run: &RunRecord) -> Option<String> {
    let share = |layers: &[LayerFigures]| {
        let (first, rest) = layers.split_first()?;
        fraction(first.gradient_rms / rest.last()?.gradient_rms)
    };
    Some(from_start_to_end(run, &share(&run.first_layers), &share(&run.layers)?))
}

/// The factor by which it changes between hidden layers; none if there are fewer than three of them.
fn factor_of_gradient(run: &RunRecord) -> Option<String> {
    let factor = |layers: &[LayerFigures]| fraction(backward::a_layer(&backward::sizes(layers))?);
    Some(from_start_to_end(run, &factor(&run.first_layers), &factor(&run.layers)?))
}

/// A value at the first step, if it is known, and at the last.
fn from_start_to_end(run: &RunRecord, start: &Option<String>, end: &str) -> String {
    let norm = with_norm(&run.norm);
    match start {
        Some(start) => format!("{start} → {end} {norm}"),
        None => format!("{end} {norm}"),
    }
}

/// A ratio that may be very small: 0.48, 1/72635 or 6.0·10⁻¹⁰; none if it is not finite.
pub(super) fn fraction(ratio: f64) -> Option<String> {
    match ratio {
        tiny if tiny > 0.0 && tiny < 1e-6 => Some(number::figure(tiny)),
        small if small > 0.0 && small < 0.01 => Some(format!("1/{:.0}", 1.0 / small)),
        ratio => ratio.is_finite().then(|| format!("{ratio:.2}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_short_at_any_size() {
        let ratios = [0.476, 1.0 / 72_635.0, 1.0 / 1_677_477_913.0, 0.0, f64::NAN].map(fraction);
        let words = ratios.each_ref().map(Option::as_deref);
        assert_eq!(words, [Some("0.48"), Some("1/72635"), Some("6.0·10⁻¹⁰"), Some("0.00"), None]);
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [["a", "‖x‖", "b"], ["long", "1", "c"], ["d", "–", "long"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        let lines = ["a     ‖x‖  b", "───────────────", "long    1  c", "d       –  long", ""];
        assert_eq!(columns(&rows, None), lines.join("\n"));
        assert_eq!(columns(&rows, Some(15)), lines.join("\n"));
        let apart = [
            ["a     ‖x‖", "─────────", "long    1", "d       –", ""],
            ["a     b", "──────────", "long  c", "d     long", ""],
        ];
        assert_eq!(columns(&rows, Some(14)), apart.map(|lines| lines.join("\n")).join("\n"));
    }
}
