//! Axes: their range, linear or logarithmic spacing, and ticks.

use super::number::{ten_to, trimmed};
use super::picture::Reading;

/// Distances between ticks, times a power of ten.
const ROUND: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// The most intervals between an axis' ticks.
const TICKS: usize = 5;

/// The room that a number takes on a vertical axis.
const UPRIGHT: f64 = 20.0;

/// From here on there is no room for all digits of a number, for example when training diverges.
const LONG: f64 = 1e5;

/// A tick: its number, and how it is written.
pub(super) type Tick = (f64, String);

/// From one number to a larger one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    /// Where it begins.
    pub(super) low: f64,
    /// Where it ends.
    pub(super) high: f64,
}

impl Range {
    /// The range of the finite values, widened if they are all equal; 0 to 1 if there are none.
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

    /// The smallest range from tick to tick that contains this one.
    pub(super) fn rounded(self) -> Self {
        let to_ticks = |distance: f64| Self {
            low: (self.low / distance).floor() * distance,
            high: (self.high / distance).ceil() * distance,
        };
        // The wider range may have its ticks farther apart.
        let once = to_ticks(self.distance(TICKS));
        to_ticks(once.distance(TICKS))
    }

    /// The smallest round distance that gives at most `most` + 1 ticks.
    fn distance(self, most: usize) -> f64 {
        let least = (self.high - self.low) / most as f64;
        let power = 10f64.powf(least.log10().floor());
        let round = ROUND.iter().find(|&&round| round * power >= least * (1.0 - 1e-9));
        round.unwrap_or(&10.0) * power
    }
}

/// How numbers are spaced on an axis, and which of them are its ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spacing {
    /// Equal distances are equal differences.
    Linear,
    /// Linear, with ticks at integers only.
    Whole,
    /// Linear, for shares whose ticks are written in %.
    Percent,
    /// Equal distances are equal ratios; the axis' range is of exponents of ten.
    Logarithmic,
}

/// A side of a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    range: Range,
    spacing: Spacing,
}

impl Axis {
    /// Equal distances are equal differences.
    pub(super) const fn linear(range: Range) -> Self {
        Self { range, spacing: Spacing::Linear }
    }

    /// Like [`Axis::linear`], for integers such as training steps.
    pub(super) const fn whole(range: Range) -> Self {
        Self { range, spacing: Spacing::Whole }
    }

    /// Equal distances are equal ratios, between two exponents of ten.
    pub(super) const fn logarithmic(exponents: Range) -> Self {
        Self { range: exponents, spacing: Spacing::Logarithmic }
    }

    /// Shares from 0 to 100 %.
    pub(super) const fn percent() -> Self {
        Self { range: Range { low: 0.0, high: 1.0 }, spacing: Spacing::Percent }
    }

    /// From 0 to at least the largest finite value.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>) -> Self {
        let largest = values.filter(|x| x.is_finite()).fold(0.0, f64::max);
        let high = if largest > 0.0 { largest } else { 1.0 };
        Self::linear(Range { low: 0.0, high }.rounded())
    }

    /// Whole powers of ten around all of `values` that are finite and above 0.
    pub(super) fn decades(values: impl Iterator<Item = f64>) -> Self {
        let exponents = values.filter(|x| x.is_finite() && *x > 0.0).map(f64::log10);
        let (low, high) = exponents
            .fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x.floor()), high.max(x.ceil())));
        let (low, high) = if low > high { (-1.0, 0.0) } else { (low, high.max(low + 1.0)) };
        Self::logarithmic(Range { low, high })
    }

    /// Whether equal distances are equal ratios.
    pub(super) fn is_logarithmic(self) -> bool {
        self.spacing == Spacing::Logarithmic
    }

    /// Its range in words.
    pub(super) fn extent(self) -> String {
        let Range { low, high } = self.range;
        match self.spacing {
            Spacing::Percent => "in %, the full range".to_owned(),
            Spacing::Logarithmic => {
                format!("logarithmic, {} to {}", ten_to(low as i32), ten_to(high as i32))
            }
            Spacing::Linear | Spacing::Whole => format!("{} to {}", trimmed(low), trimmed(high)),
        }
    }

    /// A value's position: 0 at the lower end, 1 at the upper end. Values beyond an end, such as 0 on a
    /// logarithmic axis, are put on it.
    pub(super) fn place(self, value: f64) -> f64 {
        let value = if self.is_logarithmic() { value.log10() } else { value };
        ((value - self.range.low) / (self.range.high - self.range.low)).clamp(0.0, 1.0)
    }

    /// The readout of a point on this horizontal axis: its position, and its x and y as text.
    pub(super) fn reading(self, value: f64, x: String, y: String) -> Reading {
        // A millionth of the width is finer than the eye can see, and keeps the page small.
        ((self.place(value) * 1e6).round() / 1e6, x, y)
    }

    /// At most `most` + 1 ticks at round numbers.
    pub(super) fn ticks(self, most: usize) -> Vec<Tick> {
        match self.spacing {
            Spacing::Linear => self.at_distance(self.range.distance(most)),
            Spacing::Whole => self.at_distance(self.range.distance(most).max(1.0)),
            Spacing::Percent => {
                let quarters = [0.0, 0.25, 0.5, 0.75, 1.0];
                quarters.map(|share| (share, trimmed(100.0 * share))).to_vec()
            }
            Spacing::Logarithmic => self.powers(most),
        }
    }

    /// The ticks of a vertical axis of this height.
    pub(super) fn ticks_of(self, height: f64) -> Vec<Tick> {
        self.ticks(if self.is_logarithmic() { (height / UPRIGHT) as usize } else { TICKS })
    }

    /// As many ticks as fit with their numbers side by side; `room` is the share of the axis that a number
    /// with this many characters takes.
    pub(super) fn ticks_with(self, room: impl Fn(usize) -> f64) -> Vec<Tick> {
        let fits = |ticks: &Vec<Tick>| {
            let longest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
            let place = |at: usize| self.place(ticks[at].0);
            (1..ticks.len()).all(|at| place(at) - place(at - 1) >= room(longest))
        };
        (2..=6).rev().map(|most| self.ticks(most)).find(fits).unwrap_or_default()
    }

    /// The ticks of a linear axis.
    fn at_distance(self, distance: f64) -> Vec<Tick> {
        // Rounding may put a tick just outside an end.
        let first = (self.range.low / distance - 1e-6).ceil() as i64;
        let last = (self.range.high / distance + 1e-6).floor() as i64;
        let power = distance.log10().floor();
        let decimals = (-power).clamp(0.0, 12.0) as usize;
        let largest = self.range.low.abs().max(self.range.high.abs());
        let short = self.spacing == Spacing::Linear && largest >= LONG && power >= 2.0;
        let tick = |at: i64| {
            let value = at as f64 * distance;
            let text = if short && at != 0 {
                format!("{:.0}e{power}", value / 10_f64.powf(power))
            } else {
                format!("{value:.decimals$}")
            };
            (value, text)
        };
        (first..=last).map(tick).collect()
    }

    /// Powers of ten, and 2 and 5 times them where there is room.
    fn powers(self, most: usize) -> Vec<Tick> {
        let Range { low, high } = self.range;
        let digits: &[f64] =
            if 3.0 * (high - low) <= most as f64 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = ((high - low) / most as f64).ceil().max(1.0) as i32;
        let short = low >= -3.0 && high <= 3.0;
        let powers =
            (low.floor() as i32..=high as i32).filter(|power| power.rem_euclid(every) == 0);
        let all = powers.flat_map(|power| {
            digits.iter().map(move |&digit| {
                let value = digit * 10_f64.powi(power);
                let text = match digit {
                    _ if short => trimmed(value),
                    1.0 => ten_to(power),
                    digit => format!("{digit}·{}", ten_to(power)),
                };
                (value, text)
            })
        });
        let inside = |value: f64| (low - 1e-9..=high + 1e-9).contains(&value.log10());
        all.filter(|(value, _)| inside(*value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        let ticks = |axis: Axis| axis.ticks(4);
        let steps = Axis::whole(Range { low: 0.0, high: 1500.0 });
        assert_eq!(ticks(steps)[3], (1500.0, "1500".to_owned()));
        assert_eq!(texts(&ticks(Axis::linear(Range { low: -0.13, high: 0.38 }))), ["0.0", "0.2"]);
        assert_eq!(Range { low: -0.13, high: 0.38 }.rounded(), Range { low: -0.2, high: 0.4 });
        assert_eq!(texts(&ticks(Axis::whole(Range { low: 0.0, high: 2.0 }))), ["0", "1", "2"]);
        assert_eq!(texts(&ticks(Axis::percent())), ["0", "25", "50", "75", "100"]);
        let diverged = Axis::linear(Range { low: -2e13, high: 6e13 });
        assert_eq!(texts(&ticks(diverged)), ["-2e13", "0", "2e13", "4e13", "6e13"]);
        let many = Axis::whole(Range { low: 0.0, high: 2e5 });
        assert_eq!(texts(&ticks(many))[1..3], ["50000", "100000"]);
    }

    #[test]
    fn powers_of_ten_are_ticks_and_what_lies_between_where_there_is_room() {
        let between = |low, high| Axis::logarithmic(Range { low, high });
        assert_eq!(texts(&between(-1.0, 0.35).ticks(9)), ["0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(texts(&between(-5.0, -4.0).ticks(5)), ["10⁻⁵", "2·10⁻⁵", "5·10⁻⁵", "10⁻⁴"]);
        assert_eq!(texts(&between(-7.0, -1.0).ticks(5)), ["10⁻⁶", "10⁻⁴", "10⁻²"]);
    }

    #[test]
    fn a_point_is_read_where_it_lies() {
        let read = |axis: Axis, value| axis.reading(value, "x".to_owned(), "y".to_owned());
        let steps = Axis::whole(Range { low: 0.0, high: 150.0 });
        assert_eq!(read(steps, 50.0), (0.333333, "x".to_owned(), "y".to_owned()));
        let rates = Axis::logarithmic(Range { low: -3.0, high: 1.0 });
        assert_eq!([0.001, 0.1, 10.0].map(|rate| read(rates, rate).0), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn axes_hold_all_values() {
        let loss = Axis::from_zero([0.1, 2.4, f64::NAN].into_iter());
        assert_eq!((loss.extent().as_str(), loss.ticks(5).len()), ("0 to 2.5", 6));
        let rms = Axis::decades([0.0, 3e-7, 0.02, f64::INFINITY].into_iter());
        assert_eq!(rms.extent(), "logarithmic, 10⁻⁷ to 10⁻¹");
        assert_eq!([0.0, 1e-7, 1e-4, 0.1, 9.0].map(|x| rms.place(x)), [0.0, 0.0, 0.5, 1.0, 1.0]);
        assert!(rms.place(f64::NAN).is_nan());
        assert_eq!(Axis::decades(std::iter::empty()).extent(), "logarithmic, 10⁻¹ to 10⁰");
        assert_eq!(Axis::from_zero([0.0].into_iter()).place(0.0), 0.0);
    }

    #[test]
    fn a_range_always_has_a_width() {
        for values in [vec![], vec![2.0], vec![0.0, 0.0], vec![f64::NAN, f64::INFINITY]] {
            let range = Range::of(values).rounded();
            assert!(range.high > range.low, "{range:?}");
            assert!(Axis::linear(range).ticks(4).len() <= 6, "{range:?}");
        }
    }
}
