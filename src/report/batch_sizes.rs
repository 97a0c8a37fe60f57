//! The batch-size experiment: its table, its picture, and what it says about its claim.

use super::claims::thresholds::{CHANCE, GUESSES, LEARNS};
use super::claims::{Evidence, Measured, weigh};
use super::number::percent;
use super::picture::{Frame, Picture};
use super::style::{self, Stroke};
use super::table;
use crate::record::{BatchSizeRecord, Claim};
use std::fmt::Write;

/// Batch norm needs a batch; layer norm does not.
#[must_use]
pub fn claim(records: &[BatchSizeRecord]) -> Claim {
    let measured = || -> Measured {
        let [batch, layer] = ["batch", "layer"].map(|norm| of_one(records, norm));
        let lacking = |norm| format!("no network with {norm} norm at batch size 1: {HINT}");
        let batch = batch.ok_or_else(|| lacking("batch"))?;
        let layer = layer.ok_or_else(|| lacking("layer"))?;
        let reads = |accuracy: f64| format!("reads {} at batch size 1", percent(accuracy));
        Ok(vec![
            Evidence::new(
                batch.gradient == 0.0,
                match batch.gradient {
                    0.0 => {
                        "with batch norm every gradient of the hidden weights is exactly 0".into()
                    }
                    most => {
                        format!("with batch norm hidden weights have gradients up to {most:.1e}")
                    }
                },
            ),
            Evidence::new(
                batch.most <= GUESSES,
                format!("batch norm {} (chance: {})", reads(batch.most), percent(CHANCE)),
            ),
            Evidence::new(layer.least >= LEARNS, format!("layer norm {}", reads(layer.least))),
        ])
    };
    let claim = "Batch norm cannot work at batch size 1, where every variance is 0; layer norm works \
                 on one example at a time";
    weigh(claim, measured())
}

/// What measures it.
const HINT: &str = "`normlab batch-sizes --out` with this run's folder trains them";

/// All networks with one norm at batch size 1.
struct OfOne {
    gradient: f64,
    least: f64,
    most: f64,
}

/// None where a norm was not trained at batch size 1 to the end.
fn of_one(records: &[BatchSizeRecord], norm: &str) -> Option<OfOne> {
    let alone = |record: &&BatchSizeRecord| record.batch == 1 && record.run.norm == norm;
    let all: Vec<_> = records.iter().filter(alone).collect();
    let accuracies: Vec<_> = all.iter().filter_map(|record| accuracy(record)).collect();
    Some(OfOne {
        // Where one is not a number, so is the largest: it must not pass for 0.
        gradient: all.iter().map(|one| one.hidden_gradient.abs()).max_by(f64::total_cmp)?,
        least: accuracies.iter().copied().reduce(f64::min)?,
        most: accuracies.iter().copied().reduce(f64::max)?,
    })
}

/// What a network reads at the end; none where it did not get there.
fn accuracy(record: &BatchSizeRecord) -> Option<f64> {
    record.run.test_accuracy.filter(|_| record.run.failure.is_none())
}

/// One row for each network.
#[must_use]
pub fn results(records: &[BatchSizeRecord]) -> String {
    let header =
        ["network", "batch", "seed", "test accuracy", "train loss", "most hidden grad RMS"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(records.iter().map(|record| {
        let number = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        let gradient = match record.hidden_gradient {
            0.0 => "0".to_owned(),
            other => format!("{other:.1e}"),
        };
        vec![
            record.run.name.clone(),
            record.batch.to_string(),
            record.seed.to_string(),
            number(accuracy(record).map(percent)),
            number(record.run.train_loss.map(|loss| format!("{loss:.3}"))),
            gradient,
        ]
    }));
    table::columns(&rows)
}

/// What the columns mean.
pub const LEGEND: &str = "\
test accuracy         share of the test images that the network reads rightly (chance: 10 %)
train loss            mean cross-entropy of the last recorded steps (knowing nothing: 2.303)
most hidden grad RMS  largest gradient of a hidden layer's weights at any recorded moment
";

/// Accuracy over batch size, a picture for each activation.
#[must_use]
pub fn pictures(records: &[BatchSizeRecord]) -> Vec<Picture> {
    let activations = distinct(records.iter().map(|record| record.run.activation.as_str()));
    activations.into_iter().map(|activation| picture(records, activation)).collect()
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.fold(Vec::new(), |mut known, value| {
        if !known.contains(&value) {
            known.push(value);
        }
        known
    })
}

fn picture(records: &[BatchSizeRecord], activation: &str) -> Picture {
    let mine: Vec<_> =
        records.iter().filter(|record| record.run.activation == activation).collect();
    let norms = distinct(mine.iter().map(|record| record.run.norm.as_str()));
    let curves: Vec<_> = norms.into_iter().map(|norm| Curve::new(&mine, norm)).collect();
    let said: Vec<_> = curves.iter().map(Curve::describe).collect();
    let figures = said.join("; ");
    let step = mine.iter().map(|record| record.run.steps).max().unwrap_or_default();
    let rate = mine.first().map_or(0.0, |record| record.learning_rate);
    Picture {
        id: format!("batch-sizes-{activation}"),
        title: format!("Accuracy over batch size, {activation}"),
        caption: format!(
            "Test accuracy after {step} steps at learning rate {rate}, the same for every size. \
             {figures}."
        ),
        alt: format!("Test accuracy over batch size with {activation}. {figures}."),
        frames: vec![Frame { step, svg: svg(&curves) }],
    }
}

/// The accuracies of one norm.
struct Curve {
    stroke: Stroke,
    points: Vec<Point>,
}

/// The accuracies at one batch size, over all seeds.
struct Point {
    batch: usize,
    mean: f64,
    least: f64,
    most: f64,
}

impl Curve {
    fn new(records: &[&BatchSizeRecord], norm: &str) -> Self {
        let mine = || records.iter().filter(|record| record.run.norm == norm);
        let mut sizes = distinct(mine().map(|record| record.batch));
        sizes.sort_unstable();
        let point = |batch| {
            let at = mine().filter(|record| record.batch == batch);
            let accuracies: Vec<_> = at.filter_map(|record| accuracy(record)).collect();
            Some(Point {
                batch,
                mean: accuracies.iter().sum::<f64>() / accuracies.len() as f64,
                least: accuracies.iter().copied().reduce(f64::min)?,
                most: accuracies.iter().copied().reduce(f64::max)?,
            })
        };
        Self { stroke: style::stroke(norm), points: sizes.into_iter().filter_map(point).collect() }
    }

    fn describe(&self) -> String {
        let point = |point: &Point| format!("{} at {}", percent(point.mean), point.batch);
        let points: Vec<_> = self.points.iter().map(point).collect();
        format!("{}: {}", self.stroke.label, points.join(", "))
    }
}

/// The picture's size, and the space around its axes.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 56.0;

/// Where a batch size and an accuracy lie in the picture.
struct Axes {
    low: f64,
    high: f64,
}

impl Axes {
    /// Half an octave of room on either side of all sizes.
    fn new(sizes: &[usize]) -> Self {
        let octaves = || sizes.iter().map(|&size| (size as f64).log2());
        let low = octaves().reduce(f64::min).unwrap_or_default();
        let high = octaves().reduce(f64::max).unwrap_or_default();
        Self { low: low - 0.5, high: high + 0.5 }
    }

    fn x(&self, batch: usize) -> f64 {
        let share = ((batch as f64).log2() - self.low) / (self.high - self.low);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(accuracy: f64) -> f64 {
        HEIGHT - BOTTOM - accuracy * (HEIGHT - TOP - BOTTOM)
    }
}

/// Accuracy from 0 to 100 % over batch size, each size twice as far right as its half.
fn svg(curves: &[Curve]) -> String {
    let sizes = curves.iter().flat_map(|curve| &curve.points).map(|point| point.batch);
    let mut sizes = distinct(sizes);
    sizes.sort_unstable();
    let axes = Axes::new(&sizes);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"currentColor\">\n"
    );
    draw_axes(&mut svg, &axes, &sizes);
    for (place, curve) in curves.iter().enumerate() {
        draw_legend(&mut svg, curve.stroke, LEFT + 140.0 * place as f64);
        draw_curve(&mut svg, &axes, curve);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_axes(svg: &mut String, axes: &Axes, sizes: &[usize]) {
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
    let chance = Axes::y(CHANCE);
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {chance:.1}H{right}\" stroke=\"currentColor\" stroke-dasharray=\"1 4\"/>\
         <text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"11\">chance</text>",
        chance - 4.0
    );
    let bottom = HEIGHT - BOTTOM;
    for &size in sizes {
        let x = axes.x(size);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {bottom}v5\" stroke=\"currentColor\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{size}</text>",
            bottom + 20.0
        );
    }
    let (middle, below) = ((LEFT + right) / 2.0, HEIGHT - 12.0);
    let (across, up) = (16.0, (TOP + bottom) / 2.0);
    let _ = writeln!(
        svg,
        "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">batch size (examples, log scale)\
         </text>\n<text x=\"{across}\" y=\"{up}\" text-anchor=\"middle\" \
         transform=\"rotate(-90 {across} {up})\">test accuracy</text>"
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
    let corner = |point: &Point| format!("{:.1},{:.1}", axes.x(point.batch), Axes::y(point.mean));
    let corners: Vec<_> = curve.points.iter().map(corner).collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" \
         stroke-dasharray=\"{dashes}\"/>",
        corners.join(" ")
    );
    for point in &curve.points {
        let (x, y) = (axes.x(point.batch), Axes::y(point.mean));
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
        if point.least < point.most {
            let (low, high) = (Axes::y(point.least), Axes::y(point.most));
            let _ = write!(
                svg,
                "<path d=\"M{x:.1} {low:.1}V{high:.1}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
            );
        }
        svg.push('\n');
    }
}
