//! An activation at its inputs: its slopes there, which are the factors by which units pass a gradient
//! back, and the size of its outputs. Calculated from the histogram of the inputs, whose bins are 1/8 wide.

use super::axis::{Axis, Range};
use super::number::figure;
use super::panel::Panel;
use super::svg::{Attributes, Svg, polyline};
use crate::kernels::activation::Activation;
use crate::record::Histogram;

/// The number of points within a bin at which the activation is evaluated, as if inputs were uniform there.
const PLACES: usize = 8;

/// The number of bins for slopes.
const BINS: usize = 20;

/// Above the bars, the tallest bar, and the axis below.
const HEAD: f64 = 14.0;
const BARS: f64 = 34.0;
const FOOT: f64 = 40.0;

/// The height of a drawing.
pub(super) const ROOM: f64 = HEAD + BARS + FOOT;

/// The range of inputs searched for an activation's largest and smallest slope. Beyond it, the known
/// activations have no further extremes.
const FAR: f64 = 8.0;

/// An activation over the bins of a histogram, evaluated once for all histograms with these bins.
pub(super) struct Curve {
    /// From the smallest slope, or 0, to the largest.
    pub(super) range: Range,
    /// Slope and output at [`PLACES`] within each bin.
    within: Vec<[(f64, f64); PLACES]>,
    /// Slope and output half a bin below and above all of them.
    beyond: [(f64, f64); 2],
}

/// The slopes of an activation at the inputs of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slopes {
    /// The share of the inputs at slopes in each of [`BINS`] bins over the curve's range.
    pub(super) shares: Vec<f64>,
    /// √(mean of squares): the factor by which the layer shrinks a gradient on its way back, if the signs of
    /// the gradient's components are independent.
    pub(super) rms: f64,
    /// √(mean of squares) of the outputs.
    pub(super) outputs_rms: f64,
}

impl Curve {
    /// The activation over the bins of `inputs`.
    pub(super) fn new(activation: Activation, inputs: &Histogram) -> Self {
        let at = |x: f64| (activation.activation_gradient(x), activation.activate(x));
        let width = (inputs.high - inputs.low) / inputs.counts.len().max(1) as f64;
        let place = |bin: usize, at: usize| (bin as f64) + (at as f64 + 0.5) / PLACES as f64;
        let within = |bin| std::array::from_fn(|part| at(inputs.low + width * place(bin, part)));
        Self {
            range: range(activation),
            within: (0..inputs.counts.len()).map(within).collect(),
            beyond: [inputs.low - width / 2.0, inputs.high + width / 2.0].map(at),
        }
    }

    /// The slopes at inputs counted in these bins; none if there are no inputs.
    pub(super) fn at(&self, inputs: &Histogram) -> Option<Slopes> {
        let total = inputs.total() as f64;
        let inside = self.within.iter().zip(&inputs.counts);
        let inside = inside.flat_map(|(values, &count)| {
            values.iter().map(move |&value| (value, f64::from(count) / PLACES as f64))
        });
        let ends = self.beyond.into_iter().zip([inputs.below, inputs.above].map(f64::from));
        let Range { low, high } = self.range;
        let (mut shares, mut squares) = (vec![0.0; BINS], [0.0; 2]);
        for ((slope, output), count) in inside.chain(ends).filter(|(_, count)| *count > 0.0) {
            let at = (slope - low) / (high - low) * BINS as f64;
            // The largest slope belongs to the last bin; NaN belongs to none.
            if at.is_finite() {
                shares[(at.max(0.0) as usize).min(BINS - 1)] += count / total;
            }
            squares[0] += slope * slope * count / total;
            squares[1] += output * output * count / total;
        }
        let [rms, outputs_rms] = squares.map(f64::sqrt);
        (total > 0.0).then_some(Slopes { shares, rms, outputs_rms })
    }
}

impl Curve {
    /// Draws the slopes at inputs as bars, in [`ROOM`] from the panel's top down, with an axis labelled
    /// `label`. Heights grow with the square root of the share; full height stands for all inputs.
    pub(super) fn draw(
        &self,
        svg: &mut Svg,
        room: &Panel,
        label: &str,
        inputs: &Histogram,
        look: Attributes,
    ) {
        let (top, x) = (room.top + HEAD, Axis::linear(self.range));
        let panel = Panel { top, height: BARS, x, ..*room };
        panel.x_axis(svg, top, label);
        let Some(slopes) = self.at(inputs) else { return };
        let Range { low, high } = self.range;
        let place = |bin: usize| low + (high - low) * bin as f64 / BINS as f64;
        let bar = |(bin, share): (usize, &f64)| {
            let corners = [(bin, 0.0), (bin, *share), (bin + 1, *share), (bin + 1, 0.0)];
            polyline(corners.map(|(bin, share)| panel.at(place(bin), share.sqrt())))
        };
        let some = slopes.shares.iter().enumerate().filter(|(_, share)| **share > 0.0);
        svg.path(&some.map(bar).collect::<String>(), look);
        let words = format!("root mean square {}", figure(slopes.rms));
        svg.text((panel.left, top - 4.0), &words, &[]);
    }
}

/// From the smallest slope of an activation, or 0, to the largest.
fn range(activation: Activation) -> Range {
    // At multiples of 1/16, so that the middle of a sigmoid is among them.
    let places = (-16.0 * FAR) as i32..=(16.0 * FAR) as i32;
    let slopes = places.map(|at| activation.activation_gradient(f64::from(at) / 16.0));
    Range::of(slopes.chain([0.0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(of: impl Fn(f64) -> u32) -> Histogram {
        let counts = (0..128).map(|bin| of(-8.0 + (f64::from(bin) + 0.5) / 8.0)).collect();
        Histogram { low: -8.0, high: 8.0, below: 0, above: 0, counts }
    }

    /// The root mean square of an activation's slopes at normally distributed inputs, by quadrature.
    fn expected(activation: Activation, mean: f64, deviation: f64) -> f64 {
        let places = (-4000..=4000).map(|at| f64::from(at) / 500.0);
        let weighted = places.map(|z| {
            let slope = activation.activation_gradient(mean + deviation * z);
            (slope * slope * (-z * z / 2.0).exp(), (-z * z / 2.0).exp())
        });
        let sums = weighted.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (sums.0 / sums.1).sqrt()
    }

    #[test]
    fn slopes_are_those_of_the_inputs() {
        for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Relu] {
            for (mean, deviation) in [(0.0, 1.0), (0.0, 0.25), (-3.0, 0.5), (1.5, 1.5)] {
                let normal = |x: f64| (-((x - mean) / deviation).powi(2) / 2.0_f64).exp();
                let inputs = counted(|x| (1e6 * normal(x)).round() as u32);
                let slopes = Curve::new(activation, &inputs).at(&inputs).unwrap();
                let expected = expected(activation, mean, deviation);
                let off = (slopes.rms - expected).abs();
                assert!(off < 0.01 * expected + 1e-4, "{activation:?} {mean} {deviation}: {off}");
                assert!((slopes.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn ends_and_nothing_are_slopes_too() {
        let mut inputs = counted(|_| 0);
        let at = |activation, inputs: &Histogram| Curve::new(activation, inputs).at(inputs);
        assert_eq!(at(Activation::Sigmoid, &inputs), None);
        (inputs.below, inputs.above) = (1, 3);
        let relu = at(Activation::Relu, &inputs).unwrap();
        assert_eq!((relu.shares[0], relu.shares[BINS - 1]), (0.25, 0.75));
        let sigmoid = at(Activation::Sigmoid, &inputs).unwrap();
        assert_eq!((sigmoid.shares[0], sigmoid.rms < 0.001), (1.0, true));
        assert_eq!(range(Activation::Sigmoid), Range { low: 0.0, high: 0.25 });
        assert_eq!(range(Activation::Identity), Range { low: 0.0, high: 1.0 });
    }
}
