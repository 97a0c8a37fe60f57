//! A panel: a rectangle with two axes in which data are drawn; and legends for its pens.

use super::axis::{Axis, Tick};
use super::number::{coordinate, figure_between, whole};
use super::picture::{PanelValues, Reading};
use super::style::{Pen, stroke};
use super::svg::{Attributes, END, GRID, INK, MIDDLE, Svg, polyline};

/// The greatest width of a character, and the least space between two words.
const CHARACTER: f64 = 6.4;
const SPACE: f64 = 8.0;

/// The same for the bold words of a legend.
const BOLD: f64 = 7.0;
const APART: f64 = 16.0;

/// A sample of a pen: its length, and the distance from its start to the words after it.
const SAMPLE: f64 = 24.0;
const WORDS: f64 = 30.0;

/// A rectangle in a picture, with its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    /// Its left side.
    pub(super) left: f64,
    /// Its upper side.
    pub(super) top: f64,
    /// Its width.
    pub(super) width: f64,
    /// Its height.
    pub(super) height: f64,
    /// The axis from left to right.
    pub(super) x: Axis,
    /// The axis from bottom to top.
    pub(super) y: Axis,
}

/// An area over x: the lowest and the highest y at each x.
pub(super) type Band = Vec<(f64, [f64; 2])>;

/// Three numbers at an x: a lower, a middle and a higher one.
pub(super) type Spread = (f64, [f64; 3]);

/// A line of data.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// How it is drawn.
    pub(super) pen: Pen,
    /// Its points; the line is broken where one is not finite.
    pub(super) points: Vec<(f64, f64)>,
    /// An area behind it, broken in the same way.
    pub(super) band: Band,
}

impl Line {
    /// A norm's line through the middle numbers, and an area from the lower to the higher ones.
    fn around(norm: &str, points: &[Spread]) -> Self {
        Self {
            pen: stroke(norm).pen(),
            points: points.iter().map(|(x, [_, middle, _])| (*x, *middle)).collect(),
            band: points.iter().map(|(x, [low, _, high])| (*x, [*low, *high])).collect(),
        }
    }
}

impl Panel {
    /// Its right side.
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Its lower side.
    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The position of a number on the x axis, clamped to the panel.
    pub(super) fn at_x(&self, value: f64) -> f64 {
        self.left + self.width * self.x.place(value)
    }

    /// The position of a number on the y axis, clamped to the panel.
    pub(super) fn at_y(&self, value: f64) -> f64 {
        self.bottom() - self.height * self.y.place(value)
    }

    /// The position of a point.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }

    /// As many ticks of the x axis as their numbers leave room for.
    pub(super) fn x_ticks(&self) -> Vec<Tick> {
        self.x.ticks_with(|characters| (characters as f64 * CHARACTER + SPACE) / self.width)
    }

    /// Draws the x axis: ticks with their numbers below, fine lines up to `top`, and its label.
    pub(super) fn x_axis(&self, svg: &mut Svg, top: f64, label: &str) {
        self.x_axis_at(svg, top, &self.x_ticks(), label);
    }

    /// [`Panel::x_axis`] with ticks of the caller's choice.
    pub(super) fn x_axis_at(&self, svg: &mut Svg, top: f64, ticks: &[Tick], label: &str) {
        self.x_grid(svg, top, ticks);
        self.x_words(svg, ticks, label);
    }

    /// Draws the text below the x axis: the numbers of its ticks, and its label.
    pub(super) fn x_words(&self, svg: &mut Svg, ticks: &[Tick], label: &str) {
        for (value, text) in ticks {
            svg.text((self.at_x(*value), self.bottom() + 13.0), text, &[MIDDLE]);
        }
        let middle = (self.left + self.right()) / 2.0;
        svg.text((middle, self.bottom() + 27.0), label, &[MIDDLE]);
    }

    /// Draws only the lines of the x axis, for a panel above one that has the numbers.
    pub(super) fn x_grid(&self, svg: &mut Svg, top: f64, ticks: &[Tick]) {
        let line = |tick: &Tick| polyline([top, self.bottom()].map(|y| (self.at_x(tick.0), y)));
        svg.path(&ticks.iter().map(line).collect::<String>(), GRID);
        svg.line((self.left, self.bottom()), (self.right(), self.bottom()), INK);
    }

    /// Draws the y axis: ticks with their numbers at the left, and fine lines across.
    pub(super) fn y_axis(&self, svg: &mut Svg) {
        self.y_grid(svg);
        self.y_numbers(svg);
    }

    /// Draws only the numbers of the y axis.
    pub(super) fn y_numbers(&self, svg: &mut Svg) {
        for (value, text) in self.y.ticks_of(self.height) {
            svg.text((self.left - 5.0, self.at_y(value) + 4.0), &text, &[END]);
        }
    }

    /// Draws only the fine lines of the y axis, for a panel next to one that has the numbers.
    pub(super) fn y_grid(&self, svg: &mut Svg) {
        let line =
            |tick: &Tick| polyline([self.left, self.right()].map(|x| (x, self.at_y(tick.0))));
        svg.path(&self.y.ticks_of(self.height).iter().map(line).collect::<String>(), GRID);
    }

    /// Draws the label of the y axis, upwards along its numbers.
    pub(super) fn y_label(&self, svg: &mut Svg, label: &str) {
        let (x, y) = (self.left - 44.0, self.top + self.height / 2.0);
        let turned = format!("rotate(-90 {} {})", coordinate(x), coordinate(y));
        svg.text((x, y), label, &[MIDDLE, ("transform", &turned)]);
    }

    /// Draws a horizontal line at a number of the y axis.
    pub(super) fn across(&self, svg: &mut Svg, value: f64, attributes: Attributes) {
        let y = self.at_y(value);
        svg.line((self.left, y), (self.right(), y), attributes);
    }

    /// Draws lines of data, the last one on top, with all areas below all lines.
    pub(super) fn lines(&self, svg: &mut Svg, lines: &[Line]) {
        for Line { pen, band, .. } in lines {
            for whole in band.split(|(x, y)| !x.is_finite() || !y.iter().all(|y| y.is_finite())) {
                let edge = |end: usize| whole.iter().map(move |(x, y)| self.at(*x, y[end]));
                let around = polyline(edge(0).chain(edge(1).rev()));
                svg.path(&around, &[("fill", pen.colour), ("fill-opacity", "0.2")]);
            }
        }
        for Line { pen, points, .. } in lines {
            for whole in points.split(|(x, y)| !x.is_finite() || !y.is_finite()) {
                // A single point is a line of zero length, made a dot by round caps.
                let alone = whole.len() == 1;
                let twice = whole.iter().chain(whole.iter().take(usize::from(alone)));
                let cap = ("stroke-linecap", if alone { "round" } else { "butt" });
                let look = [&pen.line()[..], &[cap]].concat();
                svg.path(&polyline(twice.map(|(x, y)| self.at(*x, *y))), &look);
            }
        }
    }

    /// Draws lines of norms through the middle numbers over the steps, the areas around them, and the panel's
    /// [`Panel::ground`]; returns the values shown.
    pub(super) fn lines_around(
        &self,
        svg: &mut Svg,
        title: String,
        norms: &[(&str, Vec<Spread>)],
    ) -> PanelValues {
        let lines = norms.iter().map(|(norm, points)| Line::around(norm, points));
        self.lines(svg, &lines.collect::<Vec<_>>());
        self.ground(svg);
        let read = |&(step, spread): &Spread| -> Reading {
            self.x.reading(step, whole(step as usize), figure_between(spread))
        };
        let line = |(norm, points): &(&str, Vec<Spread>)| {
            (stroke(norm).label.to_owned(), points.iter().map(read).collect())
        };
        let drawn = norms.iter().filter(|(_, points)| !points.is_empty());
        PanelValues { title, x: "step".to_owned(), lines: drawn.map(line).collect() }
    }

    /// Draws an invisible rectangle on top of the panel, by which the page notices where a reader points.
    pub(super) fn ground(&self, svg: &mut Svg) {
        svg.ground((self.left, self.top), (self.width, self.height));
    }
}

/// Draws a sample of a pen, from its left end, followed by its meaning.
fn sample(svg: &mut Svg, (x, y): (f64, f64), pen: Pen, words: &str) {
    svg.line((x, y - 4.0), (x + SAMPLE, y - 4.0), &pen.line());
    svg.text((x + WORDS, y), words, &[("font-weight", "600")]);
}

/// Draws a norm's line, from its left end, followed by its name and `rest`.
pub(super) fn norm_label(svg: &mut Svg, at: (f64, f64), norm: &str, rest: &str) {
    let look = stroke(norm);
    sample(svg, at, look.heavy_pen(), &format!("{}{rest}", look.title));
}

/// Draws samples of pens with their meanings, side by side, on several lines if they exceed `width`.
pub(super) fn legend(svg: &mut Svg, at: (f64, f64), width: f64, entries: &[(String, Pen)]) {
    let narrow = legend_places(width.min(svg.narrow_width() - at.0), entries);
    let places = legend_places(width, entries).into_iter().zip(narrow);
    for ((words, pen), (place, there)) in entries.iter().zip(places) {
        svg.moved((there.0 - place.0, there.1 - place.1), |svg| {
            sample(svg, (at.0 + place.0, at.1 + place.1), *pen, words);
        });
    }
}

/// The height of the lines of a legend below its first one.
pub(super) fn legend_height(width: f64, entries: &[(String, Pen)]) -> f64 {
    legend_places(width, entries).last().map_or(0.0, |(_, y)| *y)
}

/// The positions of a legend's entries.
fn legend_places(width: f64, entries: &[(String, Pen)]) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let place = |(words, _): &(String, Pen)| {
        let wide = WORDS + BOLD * words.chars().count() as f64;
        if x > 0.0 && x + wide > width {
            (x, y) = (0.0, y + 16.0);
        }
        let at = (x, y);
        x += wide + APART;
        at
    };
    entries.iter().map(place).collect()
}

/// The pens of norms, with their names.
pub(super) fn norms_legend<'a>(norms: impl Iterator<Item = &'a str>) -> Vec<(String, Pen)> {
    norms.map(|norm| stroke(norm).labelled()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::axis::Range;
    use super::*;

    const UNIT: Axis = Axis::linear(Range { low: 0.0, high: 1.0 });
    const PANEL: Panel =
        Panel { left: 10.0, top: 20.0, width: 100.0, height: 50.0, x: UNIT, y: UNIT };

    #[test]
    fn what_lies_beyond_a_panel_stays_at_its_side() {
        assert_eq!(PANEL.at(0.5, 0.5), (60.0, 45.0));
        assert_eq!(PANEL.at(-3.0, 7.0), (10.0, 20.0));
    }

    #[test]
    fn a_line_is_broken_where_a_number_is_missing_and_a_point_alone_is_a_dot() {
        let rows = [(0.0, [0.0, 0.5, 1.0]), (0.5, [f64::NAN; 3]), (1.0, [0.0, 0.5, 1.0])];
        let mut svg = Svg::new(0.0, 0.0);
        PANEL.lines(&mut svg, &[Line::around("batch", &rows)]);
        let svg = svg.finish();
        for d in ["M10 70L10 20", "M110 70L110 20", "M10 45L10 45", "M110 45L110 45"] {
            assert_eq!(svg.matches(&format!("\"{d}\"")).count(), 1, "{d}: {svg}");
        }
        assert_eq!(svg.matches("\"round\"").count(), 2);
    }

    #[test]
    fn a_line_with_its_area_is_read_as_its_three_numbers() {
        let rows = vec![(0.0, [-0.4, 0.12, 0.6]), (1.0, [f64::NAN; 3])];
        let mut svg = Svg::new(0.0, 0.0);
        let norms = [("batch", rows), ("rms", Vec::new())];
        let values = PANEL.lines_around(&mut svg, "gamma".to_owned(), &norms);
        let read = |place, x: &str, y: &str| (place, x.to_owned(), y.to_owned());
        let read = vec![read(0.0, "0", "0.12 (-0.40 to 0.60)"), read(1.0, "1", "–")];
        assert_eq!(values.lines, [("batch norm".to_owned(), read)], "RMS norm has no line");
        assert!(
            svg.finish().contains("class=\"ground\" x=\"10\" y=\"20\" width=\"100\" height=\"50\"")
        );
    }

    #[test]
    fn a_legend_has_as_many_lines_as_it_needs() {
        let entries = norms_legend(["none", "batch", "layer"].into_iter());
        assert_eq!(legend_height(400.0, &entries), 0.0);
        assert_eq!(legend_height(250.0, &entries), 16.0);
        assert_eq!(legend_places(1.0, &entries), [(0.0, 0.0), (0.0, 16.0), (0.0, 32.0)]);
    }
}
