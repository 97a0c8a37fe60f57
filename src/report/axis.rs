//! The vertical axis of a chart: its range, which its label states, and its ticks.

use super::number;

/// Intervals between ticks, at most.
pub(super) const INTERVALS: f64 = 5.0;

/// A vertical axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub(super) label: String,
    /// Values, or exponents of ten on a logarithmic axis.
    pub(super) low: f64,
    pub(super) high: f64,
    logarithmic: bool,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From 0 to 100 %.
    #[must_use]
    pub fn percent(label: &str) -> Self {
        let ticks =
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| (share, number::decimals(100.0 * share, 0)));
        let label = format!("{label}, in % (the full range, 0 to 100)");
        Self { label, low: 0.0, high: 1.0, logarithmic: false, ticks: ticks.to_vec() }
    }

    /// From 0 to at least the largest of `values` that is finite.
    #[must_use]
    pub fn from_zero(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let largest = values.filter(|x| x.is_finite()).fold(0.0, f64::max);
        let largest = if largest > 0.0 { largest } else { 1.0 };
        let step = interval(largest, INTERVALS);
        let count = (largest / step).ceil() as usize;
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let ticks = (0..=count).map(|n| n as f64 * step);
        let ticks: Vec<_> = ticks.map(|x| (x, number::decimals(x, decimals))).collect();
        let end = ticks.last().map_or("", |(_, text)| text.as_str());
        let label = format!("{label} (0 to {end})");
        Self { label, low: 0.0, high: count as f64 * step, logarithmic: false, ticks }
    }

    /// Whole powers of ten around all of `values` that are finite and above 0.
    #[must_use]
    pub fn decades(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let exponents = values.filter(|x| x.is_finite() && *x > 0.0).map(f64::log10);
        let (low, high) = exponents
            .fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x.floor()), high.max(x.ceil())));
        let (low, high) = if low > high { (-1.0, 0.0) } else { (low, high.max(low + 1.0)) };
        let every = ((high - low) / INTERVALS).ceil() as usize;
        let exponents = (low as i32..=high as i32).step_by(every);
        let ticks = exponents.map(|x| (f64::from(x), number::ten_to(x))).collect();
        let (from, to) = (number::ten_to(low as i32), number::ten_to(high as i32));
        let label = format!("{label} (logarithmic, {from} to {to})");
        Self { label, low, high, logarithmic: true, ticks }
    }

    /// Whether equal distances are equal ratios.
    #[must_use]
    pub const fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// Where a value lies: 0 at the lower end, 1 at the upper one. What lies beyond, as 0 does on a
    /// logarithmic axis, is put on the end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value };
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The smallest 1, 2 or 5 times a power of ten that lies in `whole` at most `count` times.
pub(super) fn interval(whole: f64, count: f64) -> f64 {
    let least = whole / count;
    let power = 10.0_f64.powf(least.log10().floor());
    let fits = |times: &f64| times * power >= least * (1.0 - 1e-9);
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_all_values() {
        let loss = Axis::from_zero("loss", [0.1, 2.4, f64::NAN].into_iter());
        assert_eq!((loss.low, loss.high, loss.ticks.len()), (0.0, 2.5, 6));
        assert_eq!(loss.label, "loss (0 to 2.5)");
        let rms = Axis::decades("rms", [0.0, 3e-7, 0.02, f64::INFINITY].into_iter());
        assert_eq!((rms.low, rms.high), (-7.0, -1.0));
        assert_eq!(rms.ticks.len(), 4);
        assert_eq!([0.0, 1e-7, 1e-4, 0.1, 9.0].map(|x| rms.place(x)), [0.0, 0.0, 0.5, 1.0, 1.0]);
        let empty = Axis::decades("none", std::iter::empty());
        assert_eq!((empty.low, empty.high), (-1.0, 0.0));
        assert_eq!(Axis::from_zero("zeros", [0.0].into_iter()).place(0.0), 0.0);
    }

    #[test]
    fn intervals_are_round() {
        let of = |whole, count| interval(whole, count);
        assert_eq!([of(1500.0, 5.0), of(1500.0, 2.0), of(4.0, 5.0)], [500.0, 1000.0, 1.0]);
    }
}
