//! Accuracy over the values of what is swept, on a logarithmic axis.

use super::spread::{Spread, constant_guess};
use crate::record::{ConstantGuess, SweepRecord, Swept};
use crate::report::number::{percent, whole};
use crate::report::picture::{Frame, Picture};
use crate::report::records::distinct;
use crate::report::style::{self, Stroke};
use std::fmt::Write;

/// The picture of an activation's networks.
pub(super) fn picture(swept: Swept, records: &[SweepRecord], activation: &str) -> Picture {
    let mine: Vec<_> =
        records.iter().filter(|record| record.run.activation == activation).collect();
    let norms = distinct(mine.iter().map(|record| record.run.norm.as_str()));
    let curves: Vec<_> = norms.into_iter().map(|norm| Curve::new(swept, &mine, norm)).collect();
    let said: Vec<_> = curves.iter().map(Curve::describe).collect();
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
            let best: Vec<_> = curves.iter().filter_map(Curve::describe_best).collect();
            let best = if best.is_empty() { "none".to_owned() } else { best.join(", ") };
            format!("of {} images. The best of each: {best}", whole(batch))
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
        has_modes: false,
        frames: vec![Frame { step, svg: svg(swept, &curves, constant_guess(records)) }],
    }
}

/// What the networks of one norm read.
struct Curve {
    stroke: Stroke,
    points: Vec<Point>,
}

/// The networks at one value, with all seeds.
struct Point {
    value: f64,
    text: String,
    /// Those that came to their end.
    reads: Option<Spread>,
    /// Whether one did not.
    diverged: bool,
}

impl Curve {
    fn new(swept: Swept, records: &[&SweepRecord], norm: &str) -> Self {
        let mine: Vec<_> = records.iter().filter(|record| record.run.norm == norm).collect();
        let value = |record: &SweepRecord| match swept {
            Swept::BatchSize => record.batch as f64,
            _ => f64::from(record.learning_rate),
        };
        let texts = distinct(mine.iter().map(|record| record.value(swept)));
        let point = |text: String| {
            let at = || mine.iter().filter(|record| record.value(swept) == text);
            Some(Point {
                value: at().next().map(|record| value(record)).filter(|value| *value > 0.0)?,
                reads: Spread::of(at().filter_map(|record| record.accuracy())),
                diverged: at().any(|record| record.run.failure.is_some()),
                text,
            })
        };
        let mut points: Vec<_> = texts.into_iter().filter_map(point).collect();
        points.sort_by(|a, b| a.value.total_cmp(&b.value));
        Self { stroke: style::stroke(norm), points }
    }

    fn describe(&self) -> String {
        let point = |Point { text, reads, .. }: &Point| match reads {
            Some(reads) => format!("{} at {text}", percent(reads.mean)),
            None => format!("diverged at {text}"),
        };
        let points: Vec<_> = self.points.iter().map(point).collect();
        format!("{}: {}", self.stroke.label, points.join(", "))
    }

    /// The value at which most is read.
    fn describe_best(&self) -> Option<String> {
        let ended = self.points.iter().filter_map(|point| Some((point.reads?.mean, &point.text)));
        let (mean, text) = ended.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(format!("{} {} at {text}", self.stroke.label, percent(mean)))
    }
}

/// The picture's size, and the space around its axes.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 72.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 56.0;

/// Where a value and an accuracy lie in the picture.
struct Axes {
    low: f64,
    high: f64,
}

impl Axes {
    /// Half an octave of room on either side of all values.
    fn new<'a>(points: impl Iterator<Item = &'a Point> + Clone) -> Self {
        let octaves = points.map(|point| point.value.log2());
        let low = octaves.clone().reduce(f64::min).unwrap_or_default();
        let high = octaves.reduce(f64::max).unwrap_or_default();
        Self { low: low - 0.5, high: high + 0.5 }
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value.log2() - self.low) / (self.high - self.low);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(accuracy: f64) -> f64 {
        HEIGHT - BOTTOM - accuracy * (HEIGHT - TOP - BOTTOM)
    }
}

/// Accuracy from 0 to 100 % over the value, each twice as far right as its half.
fn svg(swept: Swept, curves: &[Curve], guess: ConstantGuess) -> String {
    let points = curves.iter().flat_map(|curve| &curve.points);
    let axes = Axes::new(points.clone());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"currentColor\">\n"
    );
    draw_axes(&mut svg, guess);
    draw_values(&mut svg, &axes, swept, points.clone());
    if points.clone().any(|point| point.diverged) {
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" font-size=\"11\">× diverged</text>",
            WIDTH - RIGHT + 6.0,
            Axes::y(0.0) + 4.0
        );
    }
    for (place, curve) in curves.iter().enumerate() {
        draw_legend(&mut svg, curve.stroke, LEFT + 140.0 * place as f64);
        draw_curve(&mut svg, &axes, curve);
        draw_diverged(&mut svg, &axes, curve, place);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The accuracies, and what guessing reads.
fn draw_axes(svg: &mut String, guess: ConstantGuess) {
    let right = WIDTH - RIGHT;
    for tenths in [0, 2, 4, 6, 8, 10] {
        let y = Axes::y(f64::from(tenths) / 10.0);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"currentColor\" stroke-opacity=\"0.2\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
            LEFT - 8.0,
            y + 4.0,
            10 * tenths
        );
    }
    let chance = Axes::y(guess.accuracy);
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {chance:.1}H{right}\" stroke=\"currentColor\" stroke-dasharray=\"1 4\"/>\
         <text x=\"{}\" y=\"{:.1}\" font-size=\"11\">chance</text>",
        right + 6.0,
        chance + 4.0
    );
    let (across, up) = (16.0, (TOP + HEIGHT - BOTTOM) / 2.0);
    let _ = writeln!(
        svg,
        "<text x=\"{across}\" y=\"{up}\" text-anchor=\"middle\" \
         transform=\"rotate(-90 {across} {up})\">test accuracy</text>"
    );
}

/// Every value that was tried.
fn draw_values<'a>(
    svg: &mut String,
    axes: &Axes,
    swept: Swept,
    points: impl Iterator<Item = &'a Point>,
) {
    let bottom = HEIGHT - BOTTOM;
    for (x, text) in distinct(points.map(|point| (axes.x(point.value), point.text.as_str()))) {
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {bottom}v5\" stroke=\"currentColor\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
            bottom + 20.0
        );
    }
    let unit = if swept == Swept::BatchSize { "examples, " } else { "" };
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{} ({unit}log scale)</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 12.0,
        swept.setting()
    );
}

fn draw_legend(svg: &mut String, Stroke { colour, dashes, label }: Stroke, x: f64) {
    let _ = writeln!(
        svg,
        "<path d=\"M{x} 18h34\" stroke=\"{colour}\" stroke-width=\"2.5\" \
         stroke-dasharray=\"{dashes}\"/><text x=\"{}\" y=\"22\">{label}</text>",
        x + 42.0
    );
}

/// A line through the means, and a bar from the least to the most where seeds differ.
fn draw_curve(svg: &mut String, axes: &Axes, curve: &Curve) {
    let Stroke { colour, dashes, .. } = curve.stroke;
    let ended = curve.points.iter().filter_map(|point| Some((axes.x(point.value), point.reads?)));
    let corners: Vec<_> =
        ended.clone().map(|(x, reads)| format!("{x:.1},{:.1}", Axes::y(reads.mean))).collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" \
         stroke-dasharray=\"{dashes}\"/>",
        corners.join(" ")
    );
    for (x, Spread { mean, least, most }) in ended {
        let y = Axes::y(mean);
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
        if least < most {
            let (low, high) = (Axes::y(least), Axes::y(most));
            let _ = write!(
                svg,
                "<path d=\"M{x:.1} {low:.1}V{high:.1}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
            );
        }
        svg.push('\n');
    }
}

/// A cross on the lower edge for each value at which a network diverged, beside those of other norms.
fn draw_diverged(svg: &mut String, axes: &Axes, curve: &Curve, place: usize) {
    for point in curve.points.iter().filter(|point| point.diverged) {
        let (x, y) = (axes.x(point.value) + 10.0 * place as f64 - 4.0, Axes::y(0.0) - 4.0);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {y:.1}l8 8m0 -8l-8 8\" fill=\"none\" stroke=\"{}\" \
             stroke-width=\"2\"/>",
            curve.stroke.colour
        );
    }
}
