//! How a gradient changes from layer to layer on its way back, and why: the picture, and the numbers that
//! tables and claims share.
//!
//! The gradient of layer l's weights has the size of the layer's inputs h times that of the gradient δ at
//! its products, and δ is passed back as `δ_l = f'(z_l) · (W_{l+1} δ_{l+1})`. If the signs of δ's
//! components are independent, its size changes by the slope of the activation times √units · RMS(W)
//! (Glorot and Bengio 2010, equations 6 and 7):
//!
//! ```text
//! RMS(dW_l) / RMS(dW_{l+1})  ≈  RMS(f'(z_l)) · √units_{l+1} · RMS(W_{l+1}) · RMS(h_{l-1}) / RMS(h_l)
//! ```

use super::axis::{Axis, Range};
use super::number::{figure, whole};
use super::panel::{Line, Panel, legend, norms_legend};
use super::picture::{Frame, PanelValues, Picture, Topic};
use super::probed::{Group, ProbedRun, groups, listed, with_norm};
use super::records::Records;
use super::reflow::Cells;
use super::slopes::{Curve, Slopes};
use super::style::stroke;
use super::svg::{END, INK, Svg};
use crate::record::{LayerFigures, Probe};

/// A panel's size and its margins.
const PANEL: f64 = 226.0;
const LEFT: f64 = 62.0;
const BETWEEN: f64 = 74.0;
const HEAD: f64 = 62.0;
const HEIGHT: f64 = 190.0;
const FOOT: f64 = 44.0;

/// The right margin, the height of a panel's title, and the width on a narrow screen.
const EDGE: f64 = 20.0;
const TITLE: f64 = 24.0;
const LEAST: f64 = 340.0;

/// The sizes of the weight matrices' gradients, from the first layer to the last.
#[must_use]
pub(super) fn sizes(layers: &[LayerFigures]) -> Vec<f64> {
    layers.iter().map(|layer| layer.gradient_rms).collect()
}

/// For each layer but the last: the factor by which the gradient changes from the next layer to it.
fn factors(sizes: &[f64]) -> Vec<f64> {
    sizes.windows(2).map(|pair| pair[0] / pair[1]).collect()
}

/// The factor by which the gradient changes from one hidden layer to the one before, as a geometric mean.
/// The first layer, whose inputs are pixels, and the output layer are left out. None if there are fewer
/// than three hidden layers, or if a size is 0 or not a number.
#[must_use]
pub(super) fn a_layer(sizes: &[f64]) -> Option<f64> {
    let [_, between @ .., _] = sizes else { return None };
    let [first, .., last] = between else { return None };
    let factor = (first / last).powf(1.0 / (between.len() - 1) as f64);
    (factor.is_finite() && factor > 0.0).then_some(factor)
}

/// What the factor between two hidden layers without a norm is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cause {
    /// The slope of the activation at the layer's inputs, root mean square.
    pub(super) slope: f64,
    /// √units · RMS(W) of the next layer's weights.
    pub(super) weights: f64,
    /// The size of the inputs to the layer over that of its outputs.
    pub(super) inputs: f64,
}

impl Cause {
    /// All three together.
    pub(super) fn product(self) -> f64 {
        self.slope * self.weights * self.inputs
    }

    /// The causes at each hidden layer except the first and the last, with the layer counted from 0.
    pub(super) fn between(probe: &Probe, curve: &Curve) -> Vec<(usize, Self)> {
        let slopes: Vec<_> = probe.hidden.iter().map(|layer| curve.at(&layer.histogram)).collect();
        let cause = |layer: usize| {
            let [before, here] = [slopes.get(layer - 1)?, slopes.get(layer)?];
            let (before, here): (&Slopes, &Slopes) = (before.as_ref()?, here.as_ref()?);
            let weights = probe.weights.get(layer + 1)?.backward_gain;
            let inputs = before.outputs_rms / here.outputs_rms;
            let cause = Self { slope: here.rms, weights, inputs };
            cause.product().is_finite().then_some((layer, cause))
        };
        (1..probe.hidden.len().max(2) - 1).filter_map(cause).collect()
    }

    /// The geometric means; none if `all` is empty.
    pub(super) fn mean(all: &[(usize, Self)]) -> Option<Self> {
        let mean = |of: fn(&Self) -> f64| {
            let logarithms = all.iter().map(|(_, cause)| of(cause).ln());
            (logarithms.sum::<f64>() / all.len() as f64).exp()
        };
        (!all.is_empty()).then(|| Self {
            slope: mean(|one| one.slope),
            weights: mean(|one| one.weights),
            inputs: mean(|one| one.inputs),
        })
    }
}

/// A picture for each activation whose networks were probed while they trained.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let groups = groups(records);
    let scenes = groups.iter().filter_map(GradientView::new);
    scenes.map(|scene| scene.picture()).collect()
}

/// What all frames share.
struct GradientView<'a> {
    group: &'a Group<'a>,
    /// The activation over its hidden layers' inputs; none if its function is not known.
    curve: Option<Curve>,
    /// The number of layers with weights.
    layers: usize,
    /// The axes of the factors, and of the share of the gradient that is left.
    y: [Axis; 2],
}

impl<'a> GradientView<'a> {
    /// None if no network has two layers with known gradients.
    fn new(group: &'a Group<'a>) -> Option<Self> {
        let all = || group.probes().map(gradients).filter(|sizes| sizes.len() > 1);
        let layers = all().map(|sizes| sizes.len()).max()?;
        let axis = |exponents: Vec<f64>| {
            let Range { low, high } = Range::of(exponents.into_iter().chain([0.0]));
            Axis::logarithmic(Range { low: (low - 0.05).min(-0.3), high: (high + 0.05).max(0.3) })
        };
        let exponents = |of: fn(&[f64]) -> Vec<f64>| {
            all().flat_map(|sizes| of(&sizes)).map(f64::log10).collect::<Vec<_>>()
        };
        let y = [axis(exponents(factors)), axis(exponents(shares))];
        Some(Self { group, curve: group.curve(), layers, y })
    }

    fn picture(&self) -> Picture {
        let activation = self.group.name();
        let said = self.said();
        let steps = self.group.steps();
        Picture {
            id: format!("backward-{}", self.group.activation),
            title: format!("The gradient on its way back: {activation}"),
            caption: format!(
                "Read from right to left. On the left, the factor by which the size of the weights' \
                 gradient changes from the next layer to each layer: above 1 it grows, below 1 it \
                 shrinks. On the right, what is left of the output layer's gradient by then, the product \
                 of these factors.{} {said}",
                if self.has_causes() {
                    " Hollow marks, without a norm, are calculated instead of measured: slope of the \
                     activation × size of the weights. This holds for random weights such as the initial \
                     ones; once training has aligned them with the gradient, more of it comes back."
                } else {
                    ""
                }
            ),
            alt: format!(
                "The factor by which the gradient changes at each layer with {activation}, and the \
                 product of these factors, the norms as lines. {said}"
            ),
            topic: Topic::Gradients,
            has_modes: false,
            frames: steps.into_iter().filter(|step| *step > 0).map(|at| self.draw(at)).collect(),
        }
    }

    fn has_causes(&self) -> bool {
        let has =
            |run: &ProbedRun| run.last().is_some_and(|probe| !self.causes(run, probe).is_empty());
        self.group.runs.iter().any(has)
    }

    /// What the factors of a run without a norm are made of; empty for others.
    fn causes(&self, run: &ProbedRun, probe: &Probe) -> Vec<(usize, Cause)> {
        match (run.norm, &self.curve) {
            ("none", Some(curve)) => Cause::between(probe, curve),
            _ => Vec::new(),
        }
    }

    /// The factors at the start and at the end, and what they are made of, in sentences.
    fn said(&self) -> String {
        let factor = |run: &ProbedRun, probe: Option<&Probe>| {
            Some(format!("{} {}", figure(a_layer(&gradients(probe?))?), with_norm(run.norm)))
        };
        let at = |pick: fn(&ProbedRun) -> Option<usize>| {
            let of = |run: &ProbedRun| factor(run, run.at(pick(run)?));
            self.group.runs.iter().filter_map(of).collect::<Vec<_>>()
        };
        let start = at(|run| run.probes.iter().map(|probe| probe.step).find(|&step| step > 0));
        let end = at(|run| run.last().map(|probe| probe.step));
        if start.is_empty() || end.is_empty() {
            return "With fewer than three hidden layers there is nothing to compare between them."
                .to_owned();
        }
        format!(
            "From one hidden layer to the one before, the gradient changes by a factor of {} at the \
             start, and of {} at the end.{}",
            listed(&start),
            listed(&end),
            self.said_of_causes().unwrap_or_default()
        )
    }

    /// What the factor without a norm is made of at the start, in a sentence.
    fn said_of_causes(&self) -> Option<String> {
        let run = self.group.runs.iter().find(|run| run.norm == "none")?;
        let probe = run.probes.first().copied()?;
        let cause = Cause::mean(&self.causes(run, probe))?;
        let Cause { slope, weights, inputs } = cause;
        let steepest = self.curve.as_ref()?.range.high;
        Some(format!(
            " Without a norm, the slope of the {} is {} at its inputs at the start (at most {}), the \
             weights' size {}{}: together {} per layer.",
            self.group.name(),
            figure(slope),
            figure(steepest),
            figure(weights),
            match inputs {
                alike if (0.95..1.05).contains(&alike) => String::new(),
                ratio =>
                    format!(", and a layer's inputs are {} times the next one's", figure(ratio)),
            },
            figure(cause.product())
        ))
    }

    fn draw(&self, step: usize) -> Frame {
        let width = LEFT + 2.0 * PANEL + BETWEEN + EDGE;
        let cells =
            Cells::new(2, 2, (PANEL + BETWEEN, HEIGHT + FOOT + TITLE), LEFT - BETWEEN + EDGE);
        let mut svg = Svg::new(width, HEAD + HEIGHT + FOOT);
        svg.narrow(LEAST, HEAD - TITLE + cells.narrow_size().1);
        let norms = norms_legend(self.group.runs.iter().map(|run| run.norm));
        legend(&mut svg, (LEFT, 16.0), width - LEFT, &norms);
        let titles = ["Factor of change", "Share of the last layer's gradient"];
        let mut values = Vec::new();
        for (side, title) in titles.into_iter().enumerate() {
            svg.moved(cells.shift(side), |svg| {
                values.push(self.draw_side(svg, step, side, title));
            });
        }
        let words = format!("step {step}");
        svg.moved((LEAST - width, 16.0), |svg| svg.text((width - EDGE, 16.0), &words, &[END]));
        Frame { step, svg: svg.finish(), values }
    }

    /// Draws the factors at a step, or their product; returns the values shown.
    fn draw_side(&self, svg: &mut Svg, step: usize, side: usize, title: &str) -> PanelValues {
        let panel = self.panel(side);
        svg.text((panel.left, HEAD - 10.0), title, &[("font-weight", "600")]);
        panel.y_axis(svg);
        panel.across(svg, 1.0, INK);
        panel.x_axis(svg, panel.top, "layer of the weights");
        panel.y_label(svg, "ratio (logarithmic)");
        let read = |points: &[(f64, f64)]| {
            let point = |&(layer, value): &(f64, f64)| {
                panel.x.reading(layer, whole(layer as usize), figure(value))
            };
            points.iter().map(point).collect::<Vec<_>>()
        };
        let mut lines = Vec::new();
        for run in &self.group.runs {
            let Some(probe) = run.at(step).filter(|probe| probe.step > 0) else { continue };
            let sizes = gradients(probe);
            let values = if side == 0 { factors(&sizes) } else { shares(&sizes) };
            let points = drawable(values.into_iter().enumerate());
            line(svg, &panel, run.norm, &points);
            let label = stroke(run.norm).label;
            lines.push((label.to_owned(), read(&points)));
            if side == 0 {
                let causes = self.causes(run, probe).into_iter();
                let points = drawable(causes.map(|(layer, one)| (layer, one.product())));
                marks(svg, &panel, &points);
                lines.push((format!("{label}, calculated"), read(&points)));
            }
        }
        lines.retain(|(_, points)| !points.is_empty());
        panel.ground(svg);
        PanelValues { title: title.to_owned(), x: "layer".to_owned(), lines }
    }

    fn panel(&self, side: usize) -> Panel {
        // Each layer but the last has a factor; the product starts at 1 in the last layer.
        let last = if side == 0 { self.layers - 1 } else { self.layers };
        Panel {
            left: LEFT + (PANEL + BETWEEN) * side as f64,
            top: HEAD,
            width: PANEL,
            height: HEIGHT,
            x: Axis::whole(Range { low: 0.5, high: last as f64 + 0.5 }),
            y: self.y[side],
        }
    }
}

/// The sizes of a probe's gradients; empty at step 0, where there are none yet.
fn gradients(probe: &Probe) -> Vec<f64> {
    let all = probe.weights.iter().map(|weight| weight.gradient_rms);
    if probe.step > 0 { all.collect() } else { Vec::new() }
}

/// Each layer's gradient over that of the last.
fn shares(sizes: &[f64]) -> Vec<f64> {
    let last = sizes.last().copied().unwrap_or(f64::NAN);
    sizes.iter().map(|size| size / last).collect()
}

/// The values that a logarithmic axis can show, with their layers, counted from 0, counted from 1.
fn drawable(values: impl Iterator<Item = (usize, f64)>) -> Vec<(f64, f64)> {
    let shown = values.filter(|(_, value)| value.is_finite() && *value > 0.0);
    shown.map(|(layer, value)| (layer as f64 + 1.0, value)).collect()
}

/// Draws a norm's values by layer, with a dot at each.
fn line(svg: &mut Svg, panel: &Panel, norm: &str, points: &[(f64, f64)]) {
    let look = stroke(norm);
    for &(layer, value) in points {
        svg.circle(panel.at(layer, value), "3", &[("fill", look.colour)]);
    }
    panel.lines(svg, &[Line { pen: look.pen(), points: points.to_vec(), band: Vec::new() }]);
}

/// Draws hollow marks.
fn marks(svg: &mut Svg, panel: &Panel, points: &[(f64, f64)]) {
    for &(layer, value) in points {
        let look = [("fill", "none"), ("stroke", "currentColor")];
        svg.circle(panel.at(layer, value), "6.5", &look);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::record::WeightProbe;

    /// A probe of three hidden layers whose gradients have these sizes.
    fn probe(run: &str, step: usize, sizes: [f64; 4]) -> Probe {
        let weights = sizes.map(|gradient_rms| WeightProbe {
            layer: String::new(),
            gradient_rms,
            update_ratio: 0.0,
            change: 0.0,
            backward_gain: 1.0,
        });
        Probe { weights: weights.to_vec(), ..sample::probe(run, step, 3) }
    }

    #[test]
    fn every_frame_has_its_own_values() {
        let mut records = sample::empty();
        records.probes = vec![
            probe("sigmoid-none", 0, [0.0; 4]),
            probe("sigmoid-none", 10, [0.125, 0.25, 0.5, 1.0]),
            probe("sigmoid-none", 20, [f64::NAN, 0.1, 0.2, 0.1]),
        ];
        let frames = pictures(&records).remove(0).frames;
        assert_eq!(frames.iter().map(|frame| frame.step).collect::<Vec<_>>(), [10, 20]);
        for Frame { svg, values, .. } in &frames {
            assert_eq!((svg.matches("class=\"ground\"").count(), values.len()), (2, 2));
            let names: Vec<_> = values[0].lines.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["no norm", "no norm, calculated"]);
        }
        let read = |frame: usize, side: usize| {
            let (_, points) = &frames[frame].values[side].lines[0];
            points.iter().map(|(_, layer, value)| format!("{layer}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!(read(0, 0), ["1: 0.50", "2: 0.50", "3: 0.50"]);
        assert_eq!(read(0, 1), ["1: 0.12", "2: 0.25", "3: 0.50", "4: 1.00"]);
        assert_eq!(read(1, 0), ["2: 0.50", "3: 2.00"]);
        assert_eq!(frames[0].values[0].lines[0].1[1].0, 0.5, "the second of three layers");
    }
}
