//! The distribution of the hidden activations' inputs: histograms in three dimensions, value × step ×
//! count, and the same step by step, above the activation's curve on the same axis, which shows where
//! on the curve the data are.

mod note;
mod scene;
mod words;

pub(super) use scene::Scene;

use note::{HEIGHTS, UNEVEN};
use scene::LEFT;

use super::axis::{Axis, Range};
use super::bins::{outside, shares};
use super::number::coordinate;
use super::panel::{Panel, norm_label};
use super::picture::{Frame, Picture, Topic};
use super::probed::{ProbedRun, groups, listed, spread_evenly};
use super::records::Records;
use super::reflow::Cells;
use super::slopes;
use super::style::{self, stroke};
use super::svg::{END, INK, MIDDLE, Svg, polyline};
use crate::record::{Histogram, LayerProbe};
use std::collections::BTreeSet;

/// The most ridges in a panel; more would hide one another.
const RIDGES: usize = 40;

/// The width of a column, and the part to the right of its panel; to the left is [`LEFT`].
const COLUMN: f64 = 216.0;
const RIGHT: f64 = 18.0;

/// The tallest ridge, the tallest histogram of a single step, and how far a ridge is in front of the one
/// before: with the most ridges, and at most.
const TALL: f64 = 84.0;
const TALL_ALONE: f64 = 96.0;
const APART: f64 = 3.2;
const FARTHEST: f64 = 14.0;

/// The words above a panel, the activation's curve, and the axis with the text below it.
const HEAD: f64 = 22.0;
const CURVE: f64 = 56.0;
const FOOT: f64 = 54.0;

/// The height of the note at the foot, and the least width on a narrow screen, which the note needs.
const NOTE: f64 = 60.0;
const LEAST: f64 = 432.0;

/// Two pictures for each activation: the ridges over all steps, and the histogram at each step.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let groups = groups(records);
    let deep = groups.iter().filter(|group| group.depth() > 0);
    deep.flat_map(|group| {
        let scene = Scene::new(group);
        [scene.over_the_steps(), scene.step_by_step()]
    })
    .collect()
}

/// The heights in a row's panels: the part above the curve, the tallest histogram in it, and the part
/// below the axis.
#[derive(Clone, Copy)]
struct Room {
    above: f64,
    tall: f64,
    below: f64,
}

impl Scene<'_> {
    fn over_the_steps(&self) -> Picture {
        let deep = TALL + APART * (RIDGES - 1) as f64;
        let uneven = self.group.is_unevenly_probed();
        let room = Room { above: deep, tall: TALL, below: 0.0 };
        let more = if uneven { UNEVEN } else { "" };
        let draw = |svg: &mut Svg, panel: &Panel, run: &ProbedRun, layer| {
            self.ridges(svg, panel, run, layer)
        };
        let svg = self.draw(room, more, draw);
        let activation = self.group.name();
        let last = self.group.last_step();
        let norms = self.group.runs.iter().map(|run| stroke(run.norm).label.to_owned());
        Picture {
            id: format!("ridges-{}", self.group.activation),
            title: format!("Inputs of the {activation} over training"),
            caption: format!(
                "Each ridge is a histogram of what goes into the {activation}: the back is before \
                 training, the front after {last} steps; the numbers at the left are steps. {}{HEIGHTS} \
                 Below, on the same axis, the {activation} itself, with the middle 70 % of the front \
                 ridge marked on it. {}",
                if uneven { format!("{UNEVEN} ") } else { String::new() },
                self.where_they_lie(last)
            ),
            alt: format!(
                "Ridges of histograms, value by step by count, of the inputs to the {activation} of \
                 the first and the last hidden layer, for {}. {}",
                listed(&norms.collect::<Vec<_>>()),
                self.where_they_lie(last)
            ),
            topic: Topic::Inputs,
            has_modes: false,
            frames: vec![Frame::new(last, svg)],
        }
    }

    fn step_by_step(&self) -> Picture {
        let activation = self.group.name();
        let below = self.slopes.as_ref().map_or(0.0, |_| slopes::ROOM);
        let room = Room { above: TALL_ALONE, tall: TALL_ALONE, below };
        let frame = |&step: &usize| {
            let draw = |svg: &mut Svg, panel: &Panel, run: &ProbedRun, layer: usize| {
                self.alone(svg, panel, run, layer, step);
            };
            Frame::new(step, self.draw(room, "", draw))
        };
        let last = self.group.last_step();
        Picture {
            id: format!("inputs-{}", self.group.activation),
            title: format!("Inputs of the {activation} step by step"),
            caption: format!(
                "What goes into the {activation} at one step, above its curve. {HEIGHTS} The thick part of \
                 the curve holds the middle 70 % of the inputs, the dot is their median. Below are the \
                 slopes of the curve at these inputs, as shares of all inputs: a unit multiplies the \
                 gradient that it passes back by its slope.{}",
                self.how_steep(last)
            ),
            alt: format!(
                "A histogram of the inputs to the {activation} of the first and the last hidden \
                 layer at one step, above the curve of the {activation}. {}",
                self.where_they_lie(last)
            ),
            topic: Topic::Inputs,
            has_modes: false,
            frames: self.group.steps().iter().map(frame).collect(),
        }
    }

    /// A row of panels for each layer, a column for each run. `data` draws the part above the curve, in a
    /// panel of height `above`; `tall` is the height of the tallest histogram. `more` is added to the note.
    fn draw(
        &self,
        Room { above, tall, below }: Room,
        more: &str,
        data: impl Fn(&mut Svg, &Panel, &ProbedRun, usize),
    ) -> String {
        let curve = self.curve_height();
        let row = HEAD + above + curve + FOOT + below;
        let (rows, columns) = (self.layers.len(), self.group.runs.len());
        let cells = Cells::new(columns, columns * rows, (COLUMN, row), 0.0);
        let mut svg = Svg::new(cells.size().0, cells.size().1 + NOTE);
        let narrow = cells.narrow_size();
        svg.narrow(narrow.0.max(LEAST), narrow.1 + NOTE);
        for (line, &layer) in self.layers.iter().enumerate() {
            for (column, run) in self.group.runs.iter().enumerate() {
                let left = COLUMN * column as f64 + LEFT;
                let top = row * line as f64 + HEAD;
                let panel = Panel {
                    left,
                    top,
                    width: COLUMN - LEFT - RIGHT,
                    height: above + curve,
                    x: Axis::linear(self.x),
                    y: Axis::linear(Range { low: 0.0, high: 1.0 }),
                };
                let Some((_, first)) = run.layer(layer).next() else { continue };
                svg.moved(cells.shift(line * columns + column), |svg| {
                    let rest = format!(", {}", style::layer(&first.layer));
                    norm_label(svg, (left, top - 8.0), run.norm, &rest);
                    panel.x_axis(svg, top, &format!("input to the {}", self.group.name()));
                    data(svg, &Panel { height: above, ..panel }, run, layer);
                });
            }
        }
        let top = cells.size().1;
        svg.moved((0.0, narrow.1 - top), |svg| self.note(svg, top, tall, more));
        svg.finish()
    }

    fn curve_height(&self) -> f64 {
        if self.curve.is_empty() { 0.0 } else { CURVE }
    }

    /// The whole training of a run's layer as ridges, the last one in front.
    fn ridges(&self, svg: &mut Svg, panel: &Panel, run: &ProbedRun, layer: usize) {
        let all: Vec<_> = run.layer(layer).collect();
        let chosen = spread_evenly(all.len(), RIDGES);
        let colour = stroke(run.norm).colour;
        let last = chosen.len().saturating_sub(1);
        // If there are few ridges, they are farther apart, towards the front.
        let room = APART * (RIDGES - 1) as f64;
        let apart = (room / last.max(1) as f64).min(FARTHEST);
        let base = |place: usize| panel.bottom() - apart * (last - place) as f64;
        svg.paper(&[("stroke", colour)], |svg| {
            for (place, &at) in chosen.iter().enumerate() {
                let ridge = self.outline(panel, &all[at].1.histogram, base(place), TALL);
                let age = (place + 1) as f64 / chosen.len() as f64;
                let opacity = format!("{:.2}", 0.5 + 0.5 * age);
                svg.path(&ridge, &[("stroke-opacity", &opacity)]);
            }
        });
        for place in BTreeSet::from([0, chosen.len() / 2, last]) {
            let step = chosen.get(place).map_or(0, |&at| all[at].0);
            let words = if place == 0 { format!("step {step}") } else { step.to_string() };
            svg.text((panel.left - 5.0, base(place) + 3.0), &words, &[END]);
        }
        if let Some((_, front)) = all.last() {
            let ridge = self.outline(panel, &front.histogram, panel.bottom(), TALL);
            svg.path(&ridge, &[("fill", colour), ("fill-opacity", "0.4")]);
            self.curve(svg, panel, front, colour);
        }
        self.beyond(svg, panel, all.iter().map(|(_, layer)| &layer.histogram));
    }

    /// A run's layer at one step.
    fn alone(&self, svg: &mut Svg, panel: &Panel, run: &ProbedRun, layer: usize, step: usize) {
        let Some(probe) = run.at(step) else { return };
        let Some(seen) = probe.hidden.get(layer) else { return };
        let colour = stroke(run.norm).colour;
        let outline = self.outline(panel, &seen.histogram, panel.bottom(), TALL_ALONE);
        let look = [("fill", colour), ("fill-opacity", "0.45"), ("stroke", colour)];
        svg.path(&outline, &look);
        let words = format!("step {}", probe.step);
        svg.text((panel.right(), panel.top + 8.0), &words, &[END]);
        self.curve(svg, panel, seen, colour);
        self.beyond(svg, panel, [&seen.histogram].into_iter());
        if let Some(slopes) = &self.slopes {
            let top = panel.bottom() + self.curve_height() + FOOT;
            let label = format!("slope of the {}", self.group.name());
            slopes.draw(svg, &Panel { top, ..*panel }, &label, &seen.histogram, &look);
        }
    }

    /// The upper edge of a histogram with its foot at `base`, from left to right.
    fn outline(&self, panel: &Panel, histogram: &Histogram, base: f64, tall: f64) -> String {
        let bars: Vec<_> = shares(histogram, self.x).collect();
        let share = |at: Option<usize>| at.and_then(|at| bars.get(at)).map_or(0.0, |bar| bar.1);
        let around = |at: usize| share(at.checked_sub(1)) + share(Some(at)) + share(Some(at + 1));
        let seen = bars.iter().enumerate().filter(|&(at, _)| around(at) > 0.0);
        let edge = seen.map(|(_, &(x, share))| (panel.at_x(x), base - tall * self.height(share)));
        let (from, to) = ((panel.left, base), (panel.right(), base));
        polyline([from].into_iter().chain(edge).chain([to]))
    }

    /// The activation's curve below a panel, and on it the middle 70 % of a layer's inputs.
    fn curve(&self, svg: &mut Svg, above: &Panel, layer: &LayerProbe, colour: &str) {
        if self.curve.is_empty() {
            return;
        }
        let y = Range::of(self.curve.iter().map(|point| point.1)).rounded();
        let panel = Panel {
            top: above.bottom() + 10.0,
            height: CURVE - 16.0,
            y: Axis::linear(y),
            ..*above
        };
        let at = |&(x, y): &(f64, f64)| panel.at(x, y);
        let [low, middle, high] = layer.percentiles;
        let inside = self.curve.iter().filter(|(x, _)| (low..=high).contains(x));
        let value = |x: f64| self.group.function.map_or(f64::NAN, |function| function.activate(x));
        let ends = [(low, value(low)), (high, value(high))];
        let thick = ends[..1].iter().chain(inside).chain(&ends[1..]).map(at);
        svg.path(
            &polyline(thick),
            &[
                ("stroke", colour),
                ("stroke-width", "6"),
                ("stroke-opacity", "0.5"),
                ("fill", "none"),
            ],
        );
        svg.path(&polyline(self.curve.iter().map(at)), INK);
        let dot = panel.at(middle, value(middle));
        if dot.0.is_finite() && dot.1.is_finite() {
            svg.circle(dot, "3.5", &[("fill", colour)]);
        }
        for value in [y.low, y.high] {
            svg.text((panel.left - 5.0, panel.at_y(value) + 4.0), &coordinate(value), &[END]);
        }
    }

    /// Writes how many of the inputs are beyond the axis, if any.
    fn beyond<'h>(
        &self,
        svg: &mut Svg,
        panel: &Panel,
        histograms: impl Iterator<Item = &'h Histogram>,
    ) {
        let sides = histograms.map(|histogram| outside(histogram, self.x));
        let sides = sides.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        if sides != (0, 0) {
            let words = format!("beyond: {} left, {} right", sides.0, sides.1);
            let below = panel.bottom() + self.curve_height() + 42.0;
            svg.text(((panel.left + panel.right()) / 2.0, below), &words, &[MIDDLE]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_ridge_rises_where_the_inputs_are() {
        let records = sample::records();
        let groups = groups(&records);
        let scene = Scene::new(&groups[0]);
        // All inputs in the bin from 0 to 1: full height, at its middle.
        assert_eq!((scene.x, scene.tallest), (Range { low: -2.0, high: 2.0 }, 1.0));
        assert_eq!([0.0, 0.25, 1.0].map(|share| scene.height(share)), [0.0, 0.5, 1.0]);
        let (x, y) = (Axis::linear(scene.x), Axis::linear(Range { low: 0.0, high: 1.0 }));
        let panel = Panel { left: 0.0, top: 0.0, width: 40.0, height: 100.0, x, y };
        let histogram = &groups[0].runs[0].probes[0].hidden[0].histogram;
        let path = scene.outline(&panel, histogram, 100.0, 80.0);
        assert_eq!(path, "M0 100L15 100L25 20L35 100L40 100");
    }

    #[test]
    fn a_count_beyond_the_axis_is_written_below_it() {
        let mut records = sample::records();
        let count = |records: &Records| {
            pictures(records)
                .iter()
                .filter(|p| p.frames[0].svg.contains("beyond: 0 left, 77 right"))
                .count()
        };
        assert_eq!(count(&records), 0);
        for probe in &mut records.probes {
            if probe.run == "relu-batch" && probe.step == 100 {
                probe.hidden[1].histogram.counts[5] = 100_000;
                probe.hidden[1].histogram.above = 77;
            }
        }
        assert_eq!(count(&records), 1, "the static picture of relu");
    }

    #[test]
    fn what_is_not_linear_is_said_in_the_picture_and_below_it() {
        let mut records = sample::records();
        let says = |records: &Records, words: &str| -> Vec<[bool; 2]> {
            let pictures = pictures(records);
            let both =
                |one: &Picture| [&one.frames[0].svg, &one.caption].map(|t| t.contains(words));
            pictures[..2].iter().map(both).collect()
        };
        assert_eq!(says(&records, "square root of the share"), [[true; 2]; 2]);
        assert_eq!(says(&records, UNEVEN), [[true; 2], [false; 2]]);
        records.probes.retain(|probe| probe.step != 10);
        assert_eq!(says(&records, UNEVEN), [[false; 2]; 2], "two steps have one distance");
    }

    #[test]
    fn a_picture_of_each_step_has_a_frame_for_each_step() {
        let pictures = pictures(&sample::records());
        let ids: Vec<_> = pictures.iter().map(|picture| picture.id.as_str()).collect();
        assert_eq!(ids, ["ridges-sigmoid", "inputs-sigmoid", "ridges-relu", "inputs-relu"]);
        let steps: Vec<_> = pictures[1].frames.iter().map(|frame| frame.step).collect();
        assert_eq!(steps, sample::STEPS);
        assert!(pictures[1].frames[0].svg != pictures[1].frames[1].svg);
        let said = "between -1.00 and 2.00 (median 0) without a norm";
        assert!(pictures[0].caption.contains(said) && !pictures[1].caption.contains(said));
        assert!(
            pictures[..2].iter().all(|picture| picture.alt.contains(said)),
            "for who cannot see"
        );
    }
}
