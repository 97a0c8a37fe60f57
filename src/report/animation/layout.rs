//! How a frame of the animation is laid out: the runs of an activation side by side, and the accuracies
//! below them.

use crate::config::NormPosition;
use crate::record::{LayerProbe, Mode, Probe};
use crate::report::axis::{Axis, Range};
use crate::report::bins::shares;
use crate::report::layer_outputs::{greys, rows};
use crate::report::number::{coordinate, short_percent};
use crate::report::panel::Panel;
use crate::report::probed::{Group, ProbedRun, spread_evenly};
use crate::report::raster::{Canvas, Colour};
use crate::report::records::Records;
use crate::report::ridges::Scene;
use crate::report::style::{layer, stroke};
use crate::report::tiles::{Rows, Tiles};

/// The size of one run, and the height of the lines above all runs.
const WIDTH: usize = 346;
pub(super) const HEIGHT: usize = 388;
pub(super) const HEAD: usize = 62;

/// A run's histograms and activation curve: the space to their left, their width and heights, and the
/// distance from the first layer's histogram to the last one's.
const LEFT: f64 = 42.0;
const PLOT: f64 = 146.0;
const TALL: f64 = 88.0;
const CURVE: f64 = 32.0;
const NEXT: f64 = 180.0;

/// The layers' outputs of a run: their left edge, the most columns, and the width of one.
pub(super) const IMAGES: usize = 212;
const LAYERS: usize = 5;
const IMAGE: usize = 20;

/// The most rows that a run has room for.
const ROWS: usize = 13;

/// The width of a letter and the height of words.
pub(super) const DIGIT: usize = 8;
const WORDS: usize = 16;

/// The chart of an activation's runs: its height, the space to its left, and the height with its margins.
const CHART: f64 = 100.0;
const BESIDE: usize = 52;
const FOOT: usize = 202;

/// What the parts of a frame show.
const NOTES: [&str; 2] = [
    "Histograms: inputs of the first and the last hidden activation, above its curve;",
    "heights: square root of their share. Images: a layer's outputs for each class.",
];

/// What all frames have in common.
pub(super) struct FrameLayout<'a> {
    pub(super) records: &'a Records,
    pub(super) scenes: Vec<Scene<'a>>,
    /// The last step.
    pub(super) last: usize,
}

impl FrameLayout<'_> {
    pub(super) fn frame(&self, step: usize) -> Canvas {
        let columns = self.scenes.iter().map(|scene| scene.group.runs.len()).max().unwrap_or(0);
        let width = WIDTH * columns.max(2);
        let runs = HEAD + HEIGHT * self.scenes.len();
        let mut canvas = Canvas::new(width, runs + FOOT);
        let whose = self.records.several().map_or("", |_| "; layers of replica 0");
        let uneven = self.scenes.iter().any(|scene| scene.group.is_unevenly_probed());
        let frames = if uneven { "; frames at unevenly spaced steps" } else { "" };
        canvas.text((10, 6), &format!("step {step} of {}{whose}{frames}", self.last));
        for (line, note) in NOTES.into_iter().enumerate() {
            canvas.text((10, 6 + WORDS * (line + 1)), note);
        }
        let share = width / self.scenes.len().max(1);
        for (row, scene) in self.scenes.iter().enumerate() {
            for (column, run) in scene.group.runs.iter().enumerate() {
                let at = (WIDTH * column + 10, HEAD + HEIGHT * row);
                self.run(&mut canvas, at, scene, run, step);
            }
            let at = (share * row + 10, runs);
            self.accuracy(&mut canvas, at, share.saturating_sub(24).max(1), scene.group, step);
        }
        canvas
    }

    /// One run at a step: the histograms of its first and last layer, each above the activation's curve, and
    /// next to them the layers' outputs.
    fn run(
        &self,
        canvas: &mut Canvas,
        at: (usize, usize),
        scene: &Scene,
        run: &ProbedRun,
        step: usize,
    ) {
        let Some(probe) = run.at(step) else { return };
        key(canvas, at, run.norm, &format!("{}, {}", scene.group.name(), stroke(run.norm).label));
        for (place, end) in scene.group.ends().into_iter().enumerate() {
            let Some(seen) = probe.hidden.get(end) else { continue };
            let panel = Panel {
                left: at.0 as f64 + LEFT,
                top: at.1 as f64 + 40.0 + NEXT * place as f64,
                width: PLOT,
                height: TALL,
                x: Axis::linear(scene.x),
                y: Axis::percent(),
            };
            let words = format!("{}, step {}", layer(&seen.layer), probe.step);
            canvas.text((panel.left as usize, panel.top as usize - WORDS - 2), &words);
            histogram(canvas, &panel, scene, seen, Colour::norm(run.norm));
            curve(canvas, &panel, scene);
            axes(canvas, &panel, scene);
        }
        self.images(canvas, (at.0 + IMAGES, at.1 + 40), scene.group, run, probe);
    }

    /// The layers' outputs: a column per layer, a row per class, or for a selection of many classes.
    fn images(
        &self,
        canvas: &mut Canvas,
        at: (usize, usize),
        group: &Group,
        run: &ProbedRun,
        probe: &Probe,
    ) {
        let position: NormPosition = self.records.experiment.norm_position;
        let classes = spread_evenly(rows(group), ROWS);
        let rows = Rows { top: at.1 as f64, cell: IMAGE as f64, count: classes.len() };
        let shown = spread_evenly(probe.hidden.len(), LAYERS);
        for (row, &class) in classes.iter().enumerate() {
            let (top, number) = (rows.at(row) as usize, group.class(class));
            let left = at.0.saturating_sub(DIGIT * number.len() + 3);
            // Text is less high than an image.
            canvas.text((left, top + (IMAGE - WORDS) / 2), &number);
            if probe.without_image.contains(&class) {
                let dash = |column| (at.0 + (IMAGE + 4) * column + 6, top + (IMAGE - WORDS) / 2);
                (0..shown.len()).for_each(|column| canvas.text(dash(column), "-"));
            }
        }
        for (column, &layer) in shown.iter().enumerate() {
            let greys = greys(group.activation, position, run, layer);
            let left = at.0 + (IMAGE + 4) * column;
            let number = (layer + 1).to_string();
            let middle = left + (IMAGE / 2).saturating_sub(DIGIT * number.len() / 2);
            canvas.text((middle, at.1.saturating_sub(WORDS + 2)), &number);
            let (outputs, _) = probe.hidden[layer].outputs_in(Mode::Training);
            let tiles = Tiles::column(outputs, greys, &probe.without_image);
            for (row, &class) in classes.iter().enumerate() {
                canvas.tile((left, rows.at(row) as usize), IMAGE, &tiles, class);
            }
        }
        let spread = probe.hidden.last().map(|layer| layer.output_spread);
        if let Some(spread) = spread.filter(|spread| spread.is_finite()) {
            let below = rows.bottom() as usize + 2;
            canvas.text((at.0, below), "column: layer");
            canvas.text((at.0, below + WORDS), &format!("spread {spread:.3}"));
        }
    }

    /// The test accuracy of an activation's runs up to a step, from 0 to 100 %.
    fn accuracy(
        &self,
        canvas: &mut Canvas,
        at: (usize, usize),
        width: usize,
        group: &Group,
        step: usize,
    ) {
        let (left, top) = ((at.0 + BESIDE) as f64, at.1 as f64 + 44.0);
        let panel = Panel {
            left,
            top,
            width: width.saturating_sub(BESIDE).max(1) as f64,
            height: CHART,
            x: Axis::whole(Range { low: 0.0, high: self.last.max(1) as f64 }),
            y: Axis::percent(),
        };
        for share in [0.0, 0.5, 1.0] {
            let y = panel.at_y(share) as usize;
            canvas.fill((left as usize, y), (panel.width as usize, 1), Colour::LIGHT);
            let words = short_percent(share).replace(".0", "");
            let end = left as usize - 6 - DIGIT * words.len();
            canvas.text((end, y.saturating_sub(WORDS / 2)), &words);
        }
        self.steps_axis(canvas, &panel);
        canvas.fill(
            (panel.at_x(step as f64) as usize, top as usize),
            (1, CHART as usize),
            Colour::BLACK,
        );
        let reads = self.accuracy_lines(canvas, &panel, group, step);
        let accuracy = match self.records.several() {
            Some(_) => "median test accuracy",
            None => "test accuracy",
        };
        canvas.text(at, &format!("{}: {accuracy}", group.name()));
        canvas.text((at.0, at.1 + 16), &reads.join(", "));
    }

    /// Draws the accuracies of an activation's runs up to a step; returns the last ones in words.
    fn accuracy_lines(
        &self,
        canvas: &mut Canvas,
        panel: &Panel,
        group: &Group,
        step: usize,
    ) -> Vec<String> {
        let mut reads = Vec::new();
        for run in &group.runs {
            let name = run.last().map_or("", |probe| probe.run.as_str());
            let past =
                self.records.evaluations_of(name).filter(|evaluation| evaluation.step <= step);
            let past: Vec<_> =
                past.map(|evaluation| (evaluation.step as f64, evaluation.test_accuracy)).collect();
            let points: Vec<_> = past.iter().map(|&(step, share)| panel.at(step, share)).collect();
            canvas.line(&points, Colour::norm(run.norm), stroke(run.norm).dashes);
            if let Some((_, share)) = past.last().filter(|(_, share)| share.is_finite()) {
                reads.push(format!("{} {}", run.norm, short_percent(*share)));
            }
        }
        reads
    }

    /// The first and the last step below a chart, and the axis' label.
    fn steps_axis(&self, canvas: &mut Canvas, panel: &Panel) {
        let below = panel.bottom() as usize + 6;
        let (left, right) = (panel.left as usize, panel.right() as usize);
        let last = self.last.to_string();
        canvas.text((left, below), "0");
        let middle = (left + right) / 2;
        canvas.text((middle.saturating_sub(13 * DIGIT / 2), below), "training step");
        canvas.text((right.saturating_sub(DIGIT * last.len()), below), &last);
    }
}

/// A sample of a norm's line, followed by words.
fn key(canvas: &mut Canvas, at: (usize, usize), norm: &str, words: &str) {
    let (x, y) = (at.0 as f64, at.1 as f64 + 8.0);
    canvas.line(&[(x, y), (x + 26.0, y)], Colour::norm(norm), stroke(norm).dashes);
    canvas.text((at.0 + 34, at.1), words);
}

/// A layer's inputs as a histogram; heights are proportional to the square root of the share.
fn histogram(
    canvas: &mut Canvas,
    panel: &Panel,
    scene: &Scene,
    layer: &LayerProbe,
    colour: Colour,
) {
    let bars: Vec<_> = shares(&layer.histogram, scene.x).collect();
    let mut top = Vec::new();
    for x in 0..panel.width as usize {
        let bar = bars.get(x * bars.len() / panel.width as usize);
        let height = bar.map_or(0.0, |(_, share)| scene.height(*share));
        let (x, y) = (panel.left + x as f64, panel.at_y(height));
        canvas.fill((x as usize, y as usize), (1, (panel.bottom() - y) as usize), colour.pale());
        top.push((x, y));
    }
    canvas.line(&top, colour, "none");
}

/// The activation's curve below its inputs.
fn curve(canvas: &mut Canvas, above: &Panel, scene: &Scene) {
    let y = Range::of(scene.curve.iter().map(|point| point.1)).rounded();
    let y = Axis::linear(y);
    let panel = Panel { top: above.bottom() + 8.0, height: CURVE, y, ..*above };
    let middle = panel.at_x(0.0) as usize;
    canvas.fill((middle, above.top as usize), (1, (TALL + CURVE) as usize + 8), Colour::LIGHT);
    let points: Vec<_> = scene.curve.iter().map(|&(x, y)| panel.at(x, y)).collect();
    canvas.line(&points, Colour::BLACK, "none");
}

/// The numbers on a histogram's axes: the greatest share at the left, inputs below the activation's curve.
fn axes(canvas: &mut Canvas, above: &Panel, scene: &Scene) {
    let side = above.left as usize - 4;
    let greatest = short_percent(scene.tallest).replace(' ', "");
    for (share, words) in [(1.0, greatest.as_str()), (0.0, "0")] {
        let y = above.at_y(share) as usize;
        canvas.fill((side, y), (4, 1), Colour::BLACK);
        canvas.text((side.saturating_sub(DIGIT * words.len() + 2), y.saturating_sub(8)), words);
    }
    let below = (above.bottom() + 8.0 + CURVE) as usize + 2;
    for value in [scene.x.low, 0.0, scene.x.high] {
        let words = coordinate(value);
        let x = above.at_x(value) as usize;
        canvas.text((x.saturating_sub(DIGIT * words.len() / 2), below), &words);
    }
    let middle = (above.left + above.width / 2.0) as usize;
    let label = "input";
    canvas.text((middle.saturating_sub(DIGIT * label.len() / 2), below + WORDS - 2), label);
}
