//! Line charts over the training steps: panels side by side with the same axes.
//!
//! A chart says where its steps lie, so that the page can move a marker over them. Kuva 0.6 was tried
//! first: it writes a fixed width and height without a `viewBox`, gives every chart the clip path
//! `kuva-clip-0`, and keeps the place of its axes to itself. It would have added four crates, 95,000 lines
//! in kuva alone, which took 48 s of processor time to build.

use super::axis::{Axis, Range};
use super::number::{coordinate, whole};
use super::panel::{Line, Panel, legend, legend_height};
use super::style::Pen;
use super::svg::{Svg, WIDTH};

/// Room for the ticks of the vertical axis.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 18.0;
/// Between two panels of a row.
const GAP: f64 = 26.0;
/// Above the panels: the key and what the vertical axis shows.
const HEAD: f64 = 34.0;
/// Above each panel: its title, free of the ticks of the panel above.
const TITLE: f64 = 30.0;
/// Below the panels that have none below them: ticks and what they count.
const FOOT: f64 = 36.0;

/// Lines over one pair of axes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plot {
    /// What stands above it.
    pub(super) title: String,
    /// Its lines, the last one on top.
    pub(super) lines: Vec<Line>,
}

/// Plots with the same axes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    /// The horizontal axis: training steps, from 0 to this one.
    pub(super) steps: usize,
    /// The vertical axis.
    pub(super) y: Axis,
    /// What it shows, with its unit.
    pub(super) label: String,
    /// Plots in a row.
    pub(super) columns: usize,
    /// Height of a plot.
    pub(super) height: f64,
    /// The plots, row after row.
    pub(super) plots: Vec<Plot>,
    /// What the pens stand for.
    pub(super) key: Vec<(String, Pen)>,
}

impl Chart {
    /// The chart as a whole `<svg>` element.
    pub(super) fn svg(&self) -> String {
        let columns = self.columns.max(1);
        let row = TITLE + self.height;
        let head = HEAD + legend_height(WIDTH, &self.key);
        let rows = self.plots.len().div_ceil(columns);
        let mut svg = Svg::new(WIDTH, head + rows as f64 * row + FOOT);
        legend(&mut svg, (0.0, 14.0), WIDTH, &self.key);
        svg.text((0.0, head), &format!("{} ({})", self.label, self.y.extent()), &[]);
        let width = (WIDTH - LEFT - RIGHT - GAP * (columns - 1) as f64) / columns as f64;
        for (at, plot) in self.plots.iter().enumerate() {
            let panel = Panel {
                left: LEFT + (at % columns) as f64 * (width + GAP),
                top: head + (at / columns) as f64 * row + TITLE,
                width,
                height: self.height,
                x: Axis::whole(Range { low: 0.0, high: self.steps.max(1) as f64 }),
                y: self.y,
            };
            svg.text((panel.left, panel.top - 6.0), &plot.title, &[("font-weight", "600")]);
            if at % columns == 0 {
                panel.y_axis(&mut svg);
            } else {
                panel.y_grid(&mut svg);
            }
            if at + columns >= self.plots.len() {
                panel.x_axis(&mut svg, panel.top, "training step");
            } else {
                panel.x_grid(&mut svg, panel.top, &panel.x_ticks());
            }
            panel.lines(&mut svg, &plot.lines);
            self.marker(&mut svg, &panel);
        }
        svg.finish()
    }

    /// The line that the page moves over the steps; by itself it stands at the last one.
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
}
