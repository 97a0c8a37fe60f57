//! Accuracy over the swept values, on a logarithmic axis.

use super::across_seeds::{AcrossSeeds, constant_guess};
use crate::record::{ConstantGuess, SweepRecord, Swept};
use crate::report::axis::{Axis, Range};
use crate::report::number::{coordinate, percent, range_around, whole};
use crate::report::panel::{Line, Panel, legend};
use crate::report::picture::{Frame, PanelValues, Picture, Reading, Topic};
use crate::report::records::distinct;
use crate::report::reflow::NARROW;
use crate::report::style::{self, Stroke};
use crate::report::svg::{Svg, WIDTH};

/// The picture of an activation's networks.
pub(super) fn picture(swept: Swept, records: &[SweepRecord], activation: &str) -> Picture {
    let mine: Vec<_> =
        records.iter().filter(|record| record.run.activation == activation).collect();
    let norms = distinct(mine.iter().map(|record| record.run.norm.as_str()));
    let curves: Vec<_> = norms.into_iter().map(|norm| NormCurve::new(swept, &mine, norm)).collect();
    let said: Vec<_> = curves.iter().map(NormCurve::describe).collect();
    let figures = said.join("; ");
    let step = mine.iter().map(|record| record.run.steps).max().unwrap_or_default();
    let (setting, name) = (swept.setting(), style::activation(activation));
    let caption = match swept {
        Swept::BatchSize => {
            let rate = mine.first().map_or(0.0, |record| record.learning_rate);
            format!("at learning rate {rate}, the same for every size. Reached with {figures}")
        }
        _ => {
            let batch = mine.first().map_or(0, |record| record.batch);
            let best: Vec<_> = curves.iter().filter_map(NormCurve::describe_best).collect();
            let best = if best.is_empty() { "none".to_owned() } else { best.join(", ") };
            format!("of {} images. Best of each: {best}", whole(batch))
        }
    };
    Picture {
        id: format!("{}-{activation}", swept.name()),
        title: format!("Accuracy over {setting}, {name}"),
        caption: format!(
            "Test accuracy after {} steps {caption}. The horizontal axis is logarithmic.",
            whole(step)
        ),
        alt: format!("Test accuracy over {setting} with {name}. {figures}."),
        topic: Topic::Sweeps,
        has_modes: false,
        frames: vec![frame(step, (swept, name), &curves, constant_guess(records))],
    }
}

/// The accuracies of the networks with one norm.
struct NormCurve {
    stroke: Stroke,
    points: Vec<AtValue>,
}

/// The networks at one value, with all seeds.
struct AtValue {
    value: f64,
    text: String,
    /// The accuracies of those that finished.
    reads: Option<AcrossSeeds>,
    /// Whether one of them diverged.
    diverged: bool,
}

impl NormCurve {
    fn new(swept: Swept, records: &[&SweepRecord], norm: &str) -> Self {
        let mine: Vec<_> = records.iter().filter(|record| record.run.norm == norm).collect();
        let value = |record: &SweepRecord| match swept {
            Swept::BatchSize => record.batch as f64,
            _ => f64::from(record.learning_rate),
        };
        let texts = distinct(mine.iter().map(|record| record.value(swept)));
        let point = |text: String| {
            let at = || mine.iter().filter(|record| record.value(swept) == text);
            Some(AtValue {
                value: at().next().map(|record| value(record)).filter(|value| *value > 0.0)?,
                reads: AcrossSeeds::of(at().filter_map(|record| record.accuracy())),
                diverged: at().any(|record| record.run.failure.is_some()),
                text,
            })
        };
        let mut points: Vec<_> = texts.into_iter().filter_map(point).collect();
        points.sort_by(|a, b| a.value.total_cmp(&b.value));
        Self { stroke: style::stroke(norm), points }
    }

    fn describe(&self) -> String {
        let point = |AtValue { text, reads, .. }: &AtValue| match reads {
            Some(reads) => format!("{} at {text}", percent(reads.mean)),
            None => format!("diverged at {text}"),
        };
        let points: Vec<_> = self.points.iter().map(point).collect();
        format!("{}: {}", self.stroke.label, points.join(", "))
    }

    /// The curve's name, and its points' readouts on an axis of the values.
    fn readings(&self, x: Axis) -> (String, Vec<Reading>) {
        let reading = |point: &AtValue| x.reading(point.value, point.text.clone(), point.said());
        (self.stroke.label.to_owned(), self.points.iter().map(reading).collect())
    }

    /// The value with the highest mean accuracy.
    fn describe_best(&self) -> Option<String> {
        let ended = self.points.iter().filter_map(|point| Some((point.reads?.mean, &point.text)));
        let (mean, text) = ended.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(format!("{} {} at {text}", self.stroke.label, percent(mean)))
    }
}

impl AtValue {
    /// The mean of all seeds, with their range where they differ, and whether networks diverged.
    fn said(&self) -> String {
        let Some(AcrossSeeds { mean, least, most }) = self.reads else {
            return "diverged".to_owned();
        };
        let range = range_around(mean, least, most).map(|range| format!(" ({range})"));
        let lost = if self.diverged { ", some diverged" } else { "" };
        format!("{}{}{lost}", percent(mean), range.unwrap_or_default())
    }
}

/// The panel's height and its margins.
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 72.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 36.0;

/// The margin on either side of all values: half an octave, as an exponent of ten.
const BESIDE: f64 = 0.5 * std::f64::consts::LOG10_2;

/// Accuracy from 0 to 100 % over the tried values, on a logarithmic axis.
fn frame(
    step: usize,
    (swept, activation): (Swept, &str),
    curves: &[NormCurve],
    guess: ConstantGuess,
) -> Frame {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let Range { low, high } = Range::of(points().map(|point| point.value.log10()));
    let panel = Panel {
        left: LEFT,
        top: TOP,
        width: NARROW - LEFT - RIGHT,
        height: HEIGHT,
        x: Axis::logarithmic(Range { low: low - BESIDE, high: high + BESIDE }),
        y: Axis::percent(),
    };
    // A single panel cannot be rearranged: it gets the width of a narrow screen.
    let mut svg = Svg::new(WIDTH, TOP + HEIGHT + BOTTOM);
    svg.narrow(NARROW, TOP + HEIGHT + BOTTOM);
    let key: Vec<_> = curves.iter().map(|curve| curve.stroke.labelled()).collect();
    legend(&mut svg, (LEFT, 14.0), NARROW - LEFT, &key);
    panel.y_axis(&mut svg);
    panel.y_label(&mut svg, "test accuracy, in %");
    let values = distinct(points().map(|point| (point.value, point.text.clone())));
    let unit = if swept == Swept::BatchSize { "examples, " } else { "" };
    let label = format!("{} ({unit}log scale)", swept.setting());
    panel.x_axis_at(&mut svg, panel.top, &values, &label);
    let dotted = [("stroke", "currentColor"), ("stroke-dasharray", "1 4")];
    panel.across(&mut svg, guess.accuracy, &dotted);
    let beside = |share: f64| (panel.right() + 6.0, panel.at_y(share) + 4.0);
    svg.text(beside(guess.accuracy), "chance", &[]);
    if points().any(|point| point.diverged) {
        svg.text(beside(0.0), "× diverged", &[]);
    }
    for (place, curve) in curves.iter().enumerate() {
        draw_curve(&mut svg, &panel, curve);
        draw_diverged(&mut svg, &panel, curve, place);
    }
    panel.ground(&mut svg);
    let values = PanelValues {
        title: activation.to_owned(),
        x: swept.setting().to_owned(),
        lines: curves.iter().map(|curve| curve.readings(panel.x)).collect(),
    };
    Frame { step, svg: svg.finish(), values: vec![values] }
}

/// A line through the means, with bars from the least to the greatest where seeds differ.
fn draw_curve(svg: &mut Svg, panel: &Panel, curve: &NormCurve) {
    let ended = curve.points.iter().filter_map(|point| Some((point.value, point.reads?)));
    let points = ended.clone().map(|(value, reads)| (value, reads.mean)).collect();
    panel.lines(svg, &[Line { pen: curve.stroke.heavy_pen(), points, band: Vec::new() }]);
    let colour = curve.stroke.colour;
    for (value, AcrossSeeds { mean, least, most }) in ended {
        svg.circle(panel.at(value, mean), "4", &[("fill", colour)]);
        if least < most {
            let [low, high] = [least, most].map(|share| panel.at(value, share));
            svg.line(low, high, &[("stroke", colour), ("stroke-width", "1.5")]);
        }
    }
}

/// A cross on the lower edge for each value at which a network diverged, next to those of other norms.
fn draw_diverged(svg: &mut Svg, panel: &Panel, curve: &NormCurve, place: usize) {
    for point in curve.points.iter().filter(|point| point.diverged) {
        let (x, y) = (panel.at_x(point.value) + 10.0 * place as f64 - 4.0, panel.bottom() - 4.0);
        let cross = format!("M{} {}l8 8m0 -8l-8 8", coordinate(x), coordinate(y));
        let look = [("fill", "none"), ("stroke", curve.stroke.colour), ("stroke-width", "2")];
        svg.path(&cross, &look);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_summarizes_all_its_seeds() {
        let said = |accuracies: &[f64], diverged: bool| {
            let reads = AcrossSeeds::of(accuracies.iter().copied());
            AtValue { value: 0.1, text: "0.1".to_owned(), reads, diverged }.said()
        };
        assert_eq!(said(&[0.9], false), "90.0 %");
        assert_eq!(said(&[0.8, 0.9], false), "85.0 % (80.0–90.0 %)");
        assert_eq!(said(&[0.9], true), "90.0 %, some diverged");
        assert_eq!(said(&[], true), "diverged");
    }
}
