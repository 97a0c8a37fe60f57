//! A panel: a rectangle with an axis on two sides, in which data are drawn.

use super::number::coordinate;
use super::style::stroke;
use super::svg::{END, GRID, INK, MIDDLE, Svg, polyline};

/// Distances of ticks, times a power of ten.
const ROUND: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// The room that a digit of an axis' number takes, and what lies between two numbers at least.
const DIGIT: f64 = 6.4;
const SPACE: f64 = 8.0;

/// From one number to a larger one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    /// Where it begins.
    pub(super) low: f64,
    /// Where it ends.
    pub(super) high: f64,
}

impl Range {
    /// The range of what is finite, made wider where all is the same; from 0 to 1 where nothing is.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let ends = finite.fold(None, |ends: Option<Self>, value| {
            let ends = ends.unwrap_or(Self { low: value, high: value });
            Some(Self { low: ends.low.min(value), high: ends.high.max(value) })
        });
        match ends {
            None => Self { low: 0.0, high: 1.0 },
            Some(Self { low, high }) if high - low <= 1e-9 * low.abs().max(1e-3) => {
                let more = 0.5 * low.abs().max(1e-3);
                Self { low: low - more, high: high + more }
            }
            Some(ends) => ends,
        }
    }

    /// The range from tick to tick that holds this one.
    pub(super) fn rounded(self) -> Self {
        let to_ticks = |distance: f64| Self {
            low: (self.low / distance).floor() * distance,
            high: (self.high / distance).ceil() * distance,
        };
        // Made wider, it may have its ticks farther apart.
        let once = to_ticks(self.distance(4));
        to_ticks(once.distance(4))
    }

    /// Round numbers within it, at most `most` + 1, and how many decimals they need.
    pub(super) fn ticks(self, most: usize) -> (Vec<f64>, usize) {
        let distance = self.distance(most);
        // A tick may miss an end by rounding.
        let first = (self.low / distance - 1e-6).ceil() as i64;
        let last = (self.high / distance + 1e-6).floor() as i64;
        let decimals = (-distance.log10().floor()).clamp(0.0, 12.0) as usize;
        ((first..=last).map(|tick| tick as f64 * distance).collect(), decimals)
    }

    /// The smallest round distance that gives at most `most` + 1 ticks.
    fn distance(self, most: usize) -> f64 {
        let least = (self.high - self.low) / most as f64;
        let power = 10f64.powf(least.log10().floor());
        let round = ROUND.iter().find(|&&round| round * power >= least * (1.0 - 1e-9));
        round.unwrap_or(&10.0) * power
    }
}

/// A rectangle in a picture and the numbers on its sides.
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
    /// The numbers from left to right.
    pub(super) x: Range,
    /// The numbers from bottom to top.
    pub(super) y: Range,
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

    /// Where a number of the x axis lies; at a side where it lies beyond.
    pub(super) fn at_x(&self, value: f64) -> f64 {
        let share = (value - self.x.low) / (self.x.high - self.x.low);
        self.left + self.width * share.clamp(0.0, 1.0)
    }

    /// Where a number of the y axis lies; at a side where it lies beyond.
    pub(super) fn at_y(&self, value: f64) -> f64 {
        let share = (value - self.y.low) / (self.y.high - self.y.low);
        self.bottom() - self.height * share.clamp(0.0, 1.0)
    }

    /// Where a point lies.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }

    /// Draws the x axis: ticks with their numbers below, fine lines up to `top`, and what it is.
    pub(super) fn x_axis(&self, svg: &mut Svg, top: f64, label: &str) {
        let (ticks, decimals) = self.x_ticks();
        let line = |&tick: &f64| polyline([top, self.bottom()].map(|y| (self.at_x(tick), y)));
        svg.path(&ticks.iter().map(line).collect::<String>(), GRID);
        for tick in ticks {
            let at = (self.at_x(tick), self.bottom() + 13.0);
            svg.text(at, &written(tick, decimals), &[MIDDLE]);
        }
        svg.line((self.left, self.bottom()), (self.right(), self.bottom()), INK);
        let middle = (self.left + self.right()) / 2.0;
        svg.text((middle, self.bottom() + 27.0), label, &[MIDDLE]);
    }

    /// As many ticks of the x axis as there is room for their numbers.
    fn x_ticks(&self) -> (Vec<f64>, usize) {
        let fits = |(ticks, decimals): &(Vec<f64>, usize)| {
            let longest = ticks.iter().map(|&tick| written(tick, *decimals).len()).max();
            let room = longest.unwrap_or(0) as f64 * DIGIT + SPACE;
            ticks.windows(2).all(|two| self.at_x(two[1]) - self.at_x(two[0]) >= room)
        };
        (2..=6).rev().map(|most| self.x.ticks(most)).find(fits).unwrap_or_default()
    }

    /// Draws the y axis: ticks with their numbers at the left, and fine lines across.
    pub(super) fn y_axis(&self, svg: &mut Svg) {
        self.y_grid(svg);
        let (ticks, decimals) = self.y.ticks(4);
        for tick in ticks {
            let at = (self.left - 5.0, self.at_y(tick) + 4.0);
            svg.text(at, &written(tick, decimals), &[END]);
        }
    }

    /// Draws the fine lines of the y axis only, beside a panel that has its numbers.
    pub(super) fn y_grid(&self, svg: &mut Svg) {
        let line = |&tick: &f64| polyline([self.left, self.right()].map(|x| (x, self.at_y(tick))));
        svg.path(&self.y.ticks(4).0.iter().map(line).collect::<String>(), GRID);
    }

    /// Draws what the y axis is, upwards along its numbers.
    pub(super) fn y_label(&self, svg: &mut Svg, label: &str) {
        let (x, y) = (self.left - 44.0, self.top + self.height / 2.0);
        let turned = format!("rotate(-90 {} {})", coordinate(x), coordinate(y));
        svg.text((x, y), label, &[MIDDLE, ("transform", &turned)]);
    }

    /// Draws a norm's band over x: from the lower to the higher number, and a line at the middle one.
    /// It is broken where one of them is not finite.
    pub(super) fn band(&self, svg: &mut Svg, norm: &str, points: &[(f64, [f64; 3])]) {
        let look = stroke(norm);
        for whole in points.split(|(_, values)| values.iter().any(|value| !value.is_finite())) {
            let edge =
                |which: usize| whole.iter().map(move |(x, values)| self.at(*x, values[which]));
            let around = polyline(edge(0).chain(edge(2).rev()));
            svg.path(&around, &[("fill", look.colour), ("fill-opacity", "0.25")]);
            svg.path(&polyline(edge(1)), &look.pen().line());
        }
    }
}

/// The number of a tick.
fn written(tick: f64, decimals: usize) -> String {
    // What rounding left of 0 has no sign.
    format!("{:.decimals$}", if tick.abs() < 1e-9 { 0.0 } else { tick })
}

/// Draws a norm's line and its name, from the line's left end, and what stands behind the name.
pub(super) fn norm_label(svg: &mut Svg, at: (f64, f64), norm: &str, rest: &str) {
    let look = stroke(norm);
    let (from, to) = ((at.0, at.1 - 4.0), (at.0 + 24.0, at.1 - 4.0));
    let line =
        [("stroke", look.colour), ("stroke-dasharray", look.dashes), ("stroke-width", "2.5")];
    svg.line(from, to, &line);
    let words = format!("{}{rest}", look.label);
    svg.text((at.0 + 30.0, at.1), &words, &[("font-weight", "600")]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        let steps = Range { low: 0.0, high: 1500.0 };
        assert_eq!(steps.ticks(4), (vec![0.0, 500.0, 1000.0, 1500.0], 0));
        let (ticks, decimals) = Range { low: -0.13, high: 0.38 }.ticks(4);
        let written: Vec<_> = ticks.iter().map(|&tick| written(tick, decimals)).collect();
        assert_eq!(written, ["0.0", "0.2"]);
        assert_eq!(Range { low: -0.13, high: 0.38 }.rounded(), Range { low: -0.2, high: 0.4 });
    }

    #[test]
    fn a_range_always_has_a_width() {
        for values in [vec![], vec![2.0], vec![0.0, 0.0], vec![f64::NAN, f64::INFINITY]] {
            let range = Range::of(values).rounded();
            assert!(range.high > range.low && range.ticks(4).0.len() <= 6, "{range:?}");
        }
    }

    #[test]
    fn what_lies_beyond_a_panel_stays_at_its_side() {
        let unit = Range { low: 0.0, high: 1.0 };
        let panel = Panel { left: 10.0, top: 20.0, width: 100.0, height: 50.0, x: unit, y: unit };
        assert_eq!(panel.at(0.5, 0.5), (60.0, 45.0));
        assert_eq!(panel.at(-3.0, 7.0), (10.0, 20.0));
    }
}
