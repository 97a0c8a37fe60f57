//! Line charts over the training steps: panels side by side with the same axes.
//!
//! A chart records where its steps are, so that the page can move a marker over them. Kuva 0.6 was tried
//! first: it writes a fixed width and height without a `viewBox`, gives every chart the clip path
//! `kuva-clip-0`, and does not expose the position of its axes. It would have added four crates, 95,000
//! lines in kuva alone, which took 48 s of processor time to build.

use super::axis::{Axis, Range};
use super::number::{coordinate, whole};
use super::panel::{Line, Panel, legend, legend_height};
use super::picture::{Frame, PanelValues};
use super::reflow::{Cells, NARROW};
use super::style::Pen;
use super::svg::{Svg, WIDTH};

/// Room for the ticks of the vertical axis.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 18.0;
/// Between two panels of a row.
const GAP: f64 = 26.0;
/// Right of the panels on a narrow screen, and the width of a letter above them.
const EDGE: f64 = 16.0;
const LETTER: f64 = 5.6;
/// Above the panels: the key and the label of the vertical axis.
const HEAD: f64 = 34.0;
/// Above each panel: its title, clear of the ticks of the panel above.
const TITLE: f64 = 30.0;
/// Below the lowest panels: ticks and the axis' label.
const FOOT: f64 = 36.0;

/// Lines over one pair of axes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plot {
    /// Its title.
    pub(super) title: String,
    /// Its lines, the last one on top.
    pub(super) lines: Vec<Line>,
    /// The name of each line.
    pub(super) names: Vec<String>,
}

/// Plots with the same axes.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// The horizontal axis: training steps, from 0 to this one.
    pub(super) steps: usize,
    /// The vertical axis.
    pub(super) y: Axis,
    /// What it shows, with its unit.
    pub(super) label: String,
    /// How its numbers are written.
    pub(super) value: fn(f64) -> String,
    /// Plots per row.
    pub(super) columns: usize,
    /// Height of a plot.
    pub(super) height: f64,
    /// The plots, row after row.
    pub(super) plots: Vec<Plot>,
    /// The meanings of the pens.
    pub(super) key: Vec<(String, Pen)>,
}

impl Chart {
    /// The chart as a frame with values to read by pointing.
    pub(super) fn frame(&self, step: usize) -> Frame {
        Frame {
            step,
            svg: self.svg(),
            values: self.plots.iter().map(|one| self.values(one)).collect(),
        }
    }

    /// The axis of the steps.
    fn x(&self) -> Axis {
        Axis::whole(Range { low: 0.0, high: self.steps.max(1) as f64 })
    }

    /// The chart as a whole `<svg>` element.
    fn svg(&self) -> String {
        let columns = self.columns.max(1);
        let width = (WIDTH - LEFT - RIGHT - GAP * (columns - 1) as f64) / columns as f64;
        // A single panel per row cannot be rearranged: it gets the width of a narrow screen.
        let width = width.min(NARROW - LEFT - EDGE);
        let pitch = (width + GAP, TITLE + self.height);
        let cells = Cells::new(columns, self.plots.len(), pitch, LEFT - GAP + EDGE);
        let head = HEAD + legend_height(WIDTH, &self.key);
        let mut svg = Svg::new(WIDTH, head + cells.size().1 + FOOT);
        let label = format!("{} ({})", self.label, self.y.extent());
        let words = LETTER * label.chars().count() as f64;
        let narrow = (LEFT - GAP + EDGE + cells.narrow_size().0).max(words);
        let lower = legend_height(narrow, &self.key) - legend_height(WIDTH, &self.key);
        svg.narrow(narrow, head + lower + cells.narrow_size().1 + FOOT);
        legend(&mut svg, (0.0, 14.0), WIDTH, &self.key);
        svg.moved((0.0, lower), |svg| {
            svg.text((0.0, head), &label, &[]);
        });
        for (at, plot) in self.plots.iter().enumerate() {
            let (column, row) = cells.wide(at);
            let panel = Panel {
                left: LEFT + column as f64 * pitch.0,
                top: head + row as f64 * pitch.1 + TITLE,
                width,
                height: self.height,
                x: self.x(),
                y: self.y,
            };
            let (x, y) = cells.shift(at);
            svg.moved((x, y + lower), |svg| {
                self.plot(svg, &panel, plot, cells.is_first(at), cells.is_lowest(at));
            });
        }
        svg.finish()
    }

    /// A panel with its lines; with y numbers if it is the first of its row, x numbers if it is the lowest.
    fn plot(
        &self,
        svg: &mut Svg,
        panel: &Panel,
        plot: &Plot,
        is_first: [bool; 2],
        is_lowest: [bool; 2],
    ) {
        svg.text((panel.left, panel.top - 6.0), &plot.title, &[("font-weight", "600")]);
        let ticks = panel.x_ticks();
        panel.y_grid(svg);
        panel.x_grid(svg, panel.top, &ticks);
        svg.shown_in(is_first, |svg| panel.y_numbers(svg));
        svg.shown_in(is_lowest, |svg| panel.x_words(svg, &ticks, "training step"));
        panel.lines(svg, &plot.lines);
        self.marker(svg, panel);
        panel.ground(svg);
    }

    /// The line that the page moves over the steps; initially at the last one.
    fn marker(&self, svg: &mut Svg, panel: &Panel) {
        let end = coordinate(panel.right());
        svg.element(
            "line",
            &[
                ("class", "marker"),
                ("data-origin", &coordinate(panel.left)),
                ("data-width", &coordinate(panel.width)),
                ("data-steps", &whole(self.steps.max(1))),
                ("x1", &end),
                ("x2", &end),
                ("y1", &coordinate(panel.top)),
                ("y2", &coordinate(panel.bottom())),
                ("stroke", "currentColor"),
                ("stroke-opacity", "0.7"),
            ],
        );
    }

    /// The values of a plot's lines.
    fn values(&self, plot: &Plot) -> PanelValues {
        let read = |&(step, value): &(f64, f64)| {
            self.x().reading(step, whole(step as usize), (self.value)(value))
        };
        let lines = plot.names.iter().zip(&plot.lines);
        let line =
            |(name, line): (&String, &Line)| (name.clone(), line.points.iter().map(read).collect());
        PanelValues {
            title: plot.title.clone(),
            x: "step".to_owned(),
            lines: lines.map(line).collect(),
        }
    }
}
