//! What a probe's histogram says about a range of values.

use super::axis::Range;
use crate::record::Histogram;

/// The share of a histogram's values that [`reach`] may leave out.
const BEYOND: f64 = 0.002;

/// The middle of each bin, and its number of values.
fn bins(histogram: &Histogram) -> impl Iterator<Item = (f64, u32)> {
    let width = (histogram.high - histogram.low) / histogram.counts.len().max(1) as f64;
    let middle = move |bin: usize| histogram.low + width * (bin as f64 + 0.5);
    histogram.counts.iter().enumerate().map(move |(bin, &count)| (middle(bin), count))
}

/// The share of all values in each bin within a range, with the bin's middle.
pub(super) fn shares(histogram: &Histogram, x: Range) -> impl Iterator<Item = (f64, f64)> {
    let total = histogram.total().max(1) as f64;
    let within = bins(histogram).filter(move |(middle, _)| (x.low..=x.high).contains(middle));
    within.map(move |(middle, count)| (middle, f64::from(count) / total))
}

/// The number of values below and above a range.
pub(super) fn outside(histogram: &Histogram, x: Range) -> (u64, u64) {
    let mut sides = (u64::from(histogram.below), u64::from(histogram.above));
    for (middle, count) in bins(histogram) {
        sides.0 += u64::from(count) * u64::from(middle < x.low);
        sides.1 += u64::from(count) * u64::from(middle > x.high);
    }
    sides
}

/// The smallest integer n such that at most a share of [`BEYOND`] of the inputs is outside −n to n; the
/// end of the bins if there is none.
pub(super) fn reach(histogram: &Histogram) -> f64 {
    let most = histogram.low.abs().max(histogram.high.abs());
    let few = BEYOND * histogram.total() as f64;
    let fits = |&far: &f64| {
        let (below, above) = outside(histogram, Range { low: -far, high: far });
        (below + above) as f64 <= few
    };
    (1..64).map(f64::from).take_while(|&far| far < most).find(fits).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_axis_holds_nearly_all_and_the_rest_is_counted() {
        let mut histogram = sample::probe("relu-none", 0, 1).hidden[0].histogram.clone();
        histogram.counts[4] = 9_990;
        (histogram.below, histogram.counts[7]) = (3, 7);
        assert_eq!(reach(&histogram), 1.0);
        assert_eq!(outside(&histogram, Range { low: -1.0, high: 1.0 }), (3, 7));
        let shares: Vec<_> = shares(&histogram, Range { low: -1.0, high: 1.0 }).collect();
        assert_eq!(shares, [(-0.5, 0.0), (0.5, 0.999)]);
        histogram.above = 50;
        assert_eq!(reach(&histogram), 4.0);
    }
}
