//! Line charts as SVG text: panels side by side with the same axes.
//!
//! A chart scales (`viewBox`), takes the colour and the font of the page around it (`currentColor`), has
//! no ids, as many charts stand on one page, and says where its steps lie, so that the page can move a
//! marker over them. Kuva 0.6 was tried first: it writes a fixed width and height without a `viewBox`,
//! gives every chart the clip path `kuva-clip-0`, and keeps the place of its axes to itself. It would
//! have added four crates, 95,000 lines in kuva alone, which took 48 s of processor time to build.

use super::axis::{Axis, INTERVALS, interval};
use super::markup::escape;
use super::number::{self, coordinate};
use std::fmt::Write;

/// Width of every chart in units of its `viewBox`.
const WIDTH: f64 = 640.0;
/// Room for the ticks of the vertical axis.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 10.0;
/// Between two panels of a row.
const GAP: f64 = 26.0;
/// Above the panels: the key and what the vertical axis shows.
const HEAD: f64 = 32.0;
/// Above each panel: its title, free of the ticks of the panel above.
const TITLE: f64 = 30.0;
/// Below the panels that have none below them: ticks and what they count.
const FOOT: f64 = 36.0;
/// Width of a character, at most, in units of the `viewBox`.
const CHARACTER: f64 = 6.5;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pen {
    /// The colour, as SVG's `stroke`.
    pub colour: &'static str,
    /// SVG's `stroke-dasharray`.
    pub dashes: &'static str,
    /// The width.
    pub width: f64,
    /// From 0, nothing, to 1.
    pub opacity: f64,
}

/// A line of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How it is drawn.
    pub pen: Pen,
    /// x and y of its points; it is broken where one is not finite.
    pub points: Vec<[f64; 2]>,
    /// x, lowest and highest y of an area behind it, if it has one.
    pub band: Vec<[f64; 3]>,
}

/// Lines over one pair of axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What stands above it.
    pub title: String,
    /// Its lines, the last one on top.
    pub lines: Vec<Line>,
}

/// Panels with the same axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The horizontal axis: training steps, from 0 to this one.
    pub steps: usize,
    /// The vertical axis.
    pub y: Axis,
    /// Panels in a row.
    pub columns: usize,
    /// Height of a panel.
    pub height: f64,
    /// The panels, row after row.
    pub panels: Vec<Panel>,
    /// What the pens stand for.
    pub key: Vec<(String, Pen)>,
}

/// A panel's place in its chart.
struct Place<'a> {
    chart: &'a Chart,
    left: f64,
    top: f64,
    width: f64,
    /// Whether it is the first of its row, and whether no panel is below it.
    first: bool,
    lowest: bool,
}

impl Chart {
    /// The chart as a whole `<svg>` element.
    #[must_use]
    pub fn svg(&self) -> String {
        let columns = self.columns.max(1);
        let rows = self.panels.len().div_ceil(columns);
        let row = TITLE + self.height;
        let height = HEAD + rows as f64 * row + FOOT;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" fill=\"currentColor\" \
             font-family=\"system-ui, sans-serif\" font-size=\"11\">\n",
            coordinate(WIDTH),
            coordinate(height)
        );
        self.write_key(&mut svg);
        write_text(&mut svg, [0.0, HEAD], "start", &self.y.label);
        let width = (WIDTH - LEFT - RIGHT - GAP * (columns - 1) as f64) / columns as f64;
        for (at, panel) in self.panels.iter().enumerate() {
            let place = Place {
                chart: self,
                left: LEFT + (at % columns) as f64 * (width + GAP),
                top: HEAD + (at / columns) as f64 * row + TITLE,
                width,
                first: at % columns == 0,
                lowest: at + columns >= self.panels.len(),
            };
            place.write(&mut svg, panel);
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// A sample of each pen with what it stands for, from the left.
    fn write_key(&self, svg: &mut String) {
        let mut x = 0.0;
        for (label, pen) in &self.key {
            let sample = [[x, 10.0], [x + 26.0, 10.0]].map(|[x, y]| pair(x, y));
            write_line(svg, pen, &sample);
            write_text(svg, [x + 32.0, 14.0], "start", label);
            x += 32.0 + CHARACTER * label.chars().count() as f64 + 16.0;
        }
    }
}

impl Place<'_> {
    fn write(&self, svg: &mut String, panel: &Panel) {
        svg.push_str("<g>\n");
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-weight=\"600\">{}</text>",
            coordinate(self.left),
            coordinate(self.top - 6.0),
            escape(&panel.title)
        );
        self.write_y(svg);
        self.write_x(svg);
        for line in &panel.lines {
            self.write_band(svg, line);
        }
        for line in &panel.lines {
            self.write_points(svg, line);
        }
        self.write_marker(svg);
        svg.push_str("</g>\n");
    }

    fn x(&self, step: f64) -> f64 {
        self.left + self.width * (step / self.chart.steps.max(1) as f64).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        self.at(self.chart.y.place(value))
    }

    /// The height of a share of the vertical axis.
    fn at(&self, share: f64) -> f64 {
        self.top + self.chart.height * (1.0 - share)
    }

    fn write_y(&self, svg: &mut String) {
        let axis = &self.chart.y;
        for (value, text) in &axis.ticks {
            let y = self.at((value - axis.low) / (axis.high - axis.low));
            write_rule(svg, [self.left, y], [self.left + self.width, y], 0.18);
            if self.first {
                write_text(svg, [self.left - 6.0, y + 4.0], "end", text);
            }
        }
    }

    fn write_x(&self, svg: &mut String) {
        let bottom = self.top + self.chart.height;
        write_rule(svg, [self.left, bottom], [self.left + self.width, bottom], 0.6);
        if !self.lowest {
            return;
        }
        let steps = self.chart.steps.max(1);
        let longest = CHARACTER * steps.to_string().len() as f64 + 12.0;
        let step = interval(steps as f64, (self.width / longest).floor().clamp(1.0, INTERVALS));
        for tick in (0..=steps).step_by((step as usize).max(1)) {
            let x = self.x(tick as f64);
            write_rule(svg, [x, bottom], [x, bottom + 4.0], 0.6);
            // The last number would stand in the way of the next panel's first one.
            let anchor = if tick == steps { "end" } else { "middle" };
            write_text(svg, [x, bottom + 15.0], anchor, &number::whole(tick));
        }
        let middle = self.left + self.width / 2.0;
        write_text(svg, [middle, bottom + 30.0], "middle", "training step");
    }

    fn write_band(&self, svg: &mut String, line: &Line) {
        let finite = line.band.iter().filter(|row| row.iter().all(|x| x.is_finite()));
        let edge = |end: usize| move |row: &&[f64; 3]| pair(self.x(row[0]), self.y(row[end]));
        let there = finite.clone().map(|row| edge(2)(&row));
        let back = finite.rev().map(|row| edge(1)(&row));
        let outline: Vec<_> = there.chain(back).collect();
        if !outline.is_empty() {
            let (outline, colour) = (outline.join(" "), line.pen.colour);
            let _ = writeln!(
                svg,
                "<polygon points=\"{outline}\" fill=\"{colour}\" fill-opacity=\"0.15\"/>"
            );
        }
    }

    fn write_points(&self, svg: &mut String, line: &Line) {
        for part in line.points.split(|point| !point.iter().all(|x| x.is_finite())) {
            let place = |[x, y]: &[f64; 2]| pair(self.x(*x), self.y(*y));
            write_line(svg, &line.pen, &part.iter().map(place).collect::<Vec<_>>());
        }
    }

    /// The line that the page moves over the steps; by itself it stands at the last one.
    fn write_marker(&self, svg: &mut String) {
        let end = coordinate(self.left + self.width);
        let _ = writeln!(
            svg,
            "<line class=\"marker\" data-origin=\"{}\" data-width=\"{}\" data-steps=\"{}\" x1=\"{end}\" \
             x2=\"{end}\" y1=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-opacity=\"0.7\"/>",
            coordinate(self.left),
            coordinate(self.width),
            self.chart.steps.max(1),
            coordinate(self.top),
            coordinate(self.top + self.chart.height)
        );
    }
}

fn pair(x: f64, y: f64) -> String {
    format!("{},{}", coordinate(x), coordinate(y))
}

/// A line through points; a single one is drawn as a dot.
fn write_line(svg: &mut String, pen: &Pen, points: &[String]) {
    let (points, cap) = match points {
        [] => return,
        [point] => (format!("{point} {point}"), "round"),
        points => (points.join(" "), "butt"),
    };
    let _ = writeln!(
        svg,
        "<polyline points=\"{points}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" \
         stroke-opacity=\"{}\" stroke-dasharray=\"{}\" stroke-linecap=\"{cap}\" \
         stroke-linejoin=\"round\"/>",
        pen.colour, pen.width, pen.opacity, pen.dashes
    );
}

fn write_rule(svg: &mut String, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], opacity: f64) {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(coordinate);
    let _ = writeln!(
        svg,
        "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"currentColor\" \
         stroke-opacity=\"{opacity}\"/>"
    );
}

fn write_text(svg: &mut String, [x, y]: [f64; 2], anchor: &str, text: &str) {
    let (x, y, text) = (coordinate(x), coordinate(y), escape(text));
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>");
}
