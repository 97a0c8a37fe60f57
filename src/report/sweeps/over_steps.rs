//! Accuracy over the training steps, a line for each swept value.

use super::across_seeds::AcrossSeeds;
use crate::record::SweepRecord;
use crate::report::axis::Axis;
use crate::report::chart::{Chart, Plot};
use crate::report::number::{percent, whole};
use crate::report::panel::Line;
use crate::report::picture::{Picture, Topic};
use crate::report::records::distinct;
use crate::report::style::{self, Pen};

/// Panels per row.
const ACTIVATIONS_IN_A_ROW: usize = 2;

/// The picture of the sweep over one gamma and beta per unit or per layer: a panel for each activation.
pub(super) fn picture(records: &[SweepRecord]) -> Picture {
    let steps = records.iter().map(|record| record.run.steps).max().unwrap_or_default();
    let activations = distinct(records.iter().map(|record| record.run.activation.as_str()));
    let curves = distinct(records.iter().map(|one| (one.run.norm.as_str(), one.affine.as_str())));
    let of = |activation: &str, (norm, affine): (&str, &str)| -> Vec<&SweepRecord> {
        let mine = |one: &&SweepRecord| {
            one.run.activation == activation && one.run.norm == norm && one.affine == affine
        };
        records.iter().filter(mine).collect()
    };
    let plot = |activation: &&str| Plot {
        title: style::activation(activation).to_owned(),
        lines: curves.iter().map(|&curve| line(&of(activation, curve), curve)).collect(),
        names: curves.iter().map(|&curve| label(curve)).collect(),
    };
    let chart = Chart {
        steps,
        y: Axis::percent(),
        label: "test accuracy".to_owned(),
        value: percent,
        columns: activations.len().min(ACTIVATIONS_IN_A_ROW),
        height: 190.0,
        plots: activations.iter().map(plot).collect(),
        key: curves.iter().map(|&curve| (label(curve), pen(curve))).collect(),
    };
    let figures = |activation: &&str| {
        let ends = curves.iter().filter_map(|&curve| end(&of(activation, curve), curve));
        format!("With {}, {}.", style::activation(activation), ends.collect::<Vec<_>>().join("; "))
    };
    let figures = activations.iter().map(figures).collect::<Vec<_>>().join(" ");
    let caption = format!(
        "The mean over all seeds, with their range shaded, over {} steps. {figures}",
        whole(steps)
    );
    Picture {
        id: "affine-sweep".to_owned(),
        title: "One a and b for each unit, or for a whole layer".to_owned(),
        alt: format!("Test accuracy over training steps, as lines. {caption}"),
        caption,
        topic: Topic::Sweeps,
        has_modes: false,
        frames: vec![chart.frame(steps)],
    }
}

/// The accuracies of networks that differ only in their seed, at each step that all of them have reached.
fn over_steps(records: &[&SweepRecord]) -> Vec<(usize, AcrossSeeds)> {
    let shortest = records.iter().map(|record| record.accuracies.len()).min().unwrap_or_default();
    let at = |place: usize| {
        let (step, _) = records.first()?.accuracies.get(place)?;
        let reads = records.iter().filter_map(|record| record.accuracies.get(place));
        Some((*step, AcrossSeeds::of(reads.map(|(_, accuracy)| *accuracy))?))
    };
    (0..shortest).filter_map(at).collect()
}

fn line(records: &[&SweepRecord], curve: (&str, &str)) -> Line {
    let points = over_steps(records);
    Line {
        pen: pen(curve),
        points: points.iter().map(|(step, reads)| (*step as f64, reads.mean)).collect(),
        band: points
            .iter()
            .map(|(step, reads)| (*step as f64, [reads.least, reads.most]))
            .collect(),
    }
}

/// A norm's own pen for one gamma and beta per unit; a thin solid line of its colour if they are shared.
fn pen((norm, affine): (&str, &str)) -> Pen {
    let pen = style::stroke(norm).pen();
    match affine {
        "shared" => Pen { dashes: "none", width: "1", ..pen },
        _ => pen,
    }
}

fn label((norm, affine): (&str, &str)) -> String {
    let each = if affine == "shared" { "a whole layer" } else { "each unit" };
    format!("{}, one a and b for {each}", style::stroke(norm).label)
}

/// The accuracies at a curve's end in words; none if none of its networks has finished.
fn end(records: &[&SweepRecord], curve: (&str, &str)) -> Option<String> {
    let reads = AcrossSeeds::of(records.iter().filter_map(|record| record.accuracy()))?;
    let parameters = records.first().and_then(|record| record.parameters);
    let parameters = parameters.map(|count| format!(" with {} parameters", whole(count)));
    Some(format!(
        "{}: {} ({} to {}){}",
        label(curve),
        percent(reads.mean),
        percent(reads.least),
        percent(reads.most),
        parameters.unwrap_or_default()
    ))
}
