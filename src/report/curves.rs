//! Curves over the training steps: accuracy, loss, and each layer's gradient and weight change.

use super::axis::Axis;
use super::chart::{Chart, Plot};
use super::number;
use super::panel::{Band, Line, norms_legend};
use super::picture::{Picture, Topic};
use super::records::{Network, Records, distinct};
use super::style::{self, Pen, stroke};
use crate::record::{Evaluation, LayerFigures};

/// If a loss is above this, the axis is logarithmic: a network diverges, and on a linear axis all
/// others would be on the lower edge.
const LARGE_LOSS: f64 = 10.0;

/// Panels per row if norms share a panel.
const ACTIVATIONS_IN_A_ROW: usize = 2;

/// Panels per row if each network has its own.
const NETWORKS_IN_A_ROW: usize = 3;

/// The curves of a run; empty if it has recorded no evaluations.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    if records.evaluations.is_empty() {
        return Vec::new();
    }
    vec![accuracy(records), loss(records), gradients(records), changes(records)]
}

fn accuracy(records: &Records) -> Picture {
    let share = |evaluation: &Evaluation| evaluation.test_accuracy;
    let band = |run: &str| range_of_replicas(records, run, &|evaluation| Some(share(evaluation)));
    let axis = Axis::percent();
    let chart = by_activation(records, ("test accuracy", number::percent), axis, &share, &band);
    let figures = at_the_end(records, &|evaluation| number::percent(evaluation.test_accuracy));
    picture(
        records,
        chart,
        "accuracy",
        "Test accuracy",
        &format!(
            "The share of the test images that each network classifies correctly. Reached {figures}"
        ),
    )
}

/// The vertical axis of these losses.
pub(super) fn loss_axis(losses: impl Iterator<Item = f64> + Clone) -> Axis {
    let largest = losses.clone().filter(|loss| loss.is_finite()).fold(0.0, f64::max);
    if largest > LARGE_LOSS { Axis::decades(losses) } else { Axis::from_zero(losses) }
}

fn loss(records: &Records) -> Picture {
    let label = "training loss, mean cross-entropy in nats";
    let figure = |loss: f64| number::decimals(loss, 3);
    let mean = |evaluation: &Evaluation| evaluation.train_loss;
    let several = records.several().is_some();
    let all: Vec<f64> = match several {
        true => records.evaluations_and_ranges().map(mean).collect(),
        false => {
            records.evaluations.iter().flat_map(|one| &one.losses).map(|&x| x.into()).collect()
        }
    };
    let axis = loss_axis(all.iter().copied());
    let band = |run: &str| match several {
        true => range_of_replicas(records, run, &|evaluation| Some(mean(evaluation))),
        false => records.evaluations_of(run).filter_map(range_of_losses).collect(),
    };
    let chart = by_activation(records, (label, figure), axis, &mean, &band);
    let range = if several { "" } else { ", with the range over these steps shaded" };
    let figures = at_the_end(records, &|evaluation| figure(evaluation.train_loss));
    picture(
        records,
        chart,
        "loss",
        "Training loss",
        &format!(
            "What training minimizes: the mean over the steps since the previous evaluation{range}. \
             Reached {figures}"
        ),
    )
}

/// The step, the smallest and the largest loss of the steps since the previous evaluation.
fn range_of_losses(evaluation: &Evaluation) -> Option<(f64, [f64; 2])> {
    let finite = || evaluation.losses.iter().copied().filter(|loss| loss.is_finite());
    let (low, high) = (finite().reduce(f32::min)?, finite().reduce(f32::max)?);
    Some((evaluation.step as f64, [low.into(), high.into()]))
}

/// The step, the lowest and the highest value over the replicas at each evaluation of a run; empty if
/// it has one replica.
fn range_of_replicas(
    records: &Records,
    run: &str,
    value: &dyn Fn(&Evaluation) -> Option<f64>,
) -> Band {
    let row = |[low, high]: &[Evaluation; 2]| Some((low.step as f64, [value(low)?, value(high)?]));
    records.ranges_of(run).filter_map(row).collect()
}

fn gradients(records: &Records) -> Picture {
    let of = |layer: &LayerFigures| layer.gradient_rms;
    let label = "RMS of the weights' gradient, nats per unit of weight";
    let chart = by_network(records, (label, number::figure), &of);
    let figures = from_first_to_last(records, &of, number::figure);
    picture(
        records,
        chart,
        "gradients",
        "The gradient that reaches each layer",
        &format!(
            "The root mean square of the gradient of each layer's weights. Where the first layer's \
             line is far below the last one's, the gradient vanishes on its way back. From the \
             first layer to the last, {figures}"
        ),
    )
}

fn changes(records: &Records) -> Picture {
    let of = |layer: &LayerFigures| layer.weight_change;
    let figure = |ratio: f64| number::decimals(ratio, 3);
    let label = "‖W − W₀‖ / ‖W₀‖, dimensionless";
    let chart = by_network(records, (label, figure), &of);
    let figures = from_first_to_last(records, &of, figure);
    picture(
        records,
        chart,
        "weight-change",
        "How far each layer's weights have moved",
        &format!(
            "The distance from the initial weights as a share of their norm. A layer whose line \
             stays low has hardly changed. From the first layer to the last, {figures}"
        ),
    )
}

fn picture(records: &Records, chart: Chart, id: &str, title: &str, caption: &str) -> Picture {
    let panels: Vec<_> = chart.plots.iter().map(|plot| plot.title.as_str()).collect();
    let (panels, steps) = (panels.join("; "), number::whole(chart.steps));
    let axis = if chart.y.is_logarithmic() { " The vertical axis is logarithmic." } else { "" };
    let caption = &format!("{caption}{axis}");
    let caption = match records.several() {
        Some(replicas) => format!(
            "{caption} Line and area: median and range of {} replicas; the figures are medians.",
            number::whole(replicas)
        ),
        None => caption.to_owned(),
    };
    let alt = format!("{title} over {steps} training steps, as lines. Panels: {panels}. {caption}");
    let step =
        records.evaluations.iter().map(|evaluation| evaluation.step).max().unwrap_or_default();
    let mut frame = chart.frame(step);
    let (id, title) = (id.to_owned(), title.to_owned());
    let topic = match id.as_str() {
        "accuracy" | "loss" => Topic::Accuracy,
        _ => Topic::Gradients,
    };
    if topic == Topic::Gradients {
        // The first layer is drawn last but listed first.
        frame.values.iter_mut().for_each(|panel| panel.lines.reverse());
    }
    Picture { id, title, caption, alt, topic, has_modes: false, frames: vec![frame] }
}

/// A panel for each activation, a line for each norm.
fn by_activation(
    records: &Records,
    (label, number): (&str, fn(f64) -> String),
    y: Axis,
    value: &dyn Fn(&Evaluation) -> f64,
    band: &dyn Fn(&str) -> Band,
) -> Chart {
    let networks = records.networks();
    let line = |&Network { run, norm, .. }: &Network| {
        let points = records
            .evaluations_of(run)
            .map(|evaluation| (evaluation.step as f64, value(evaluation)));
        Line { pen: stroke(norm).pen(), points: points.collect(), band: band(run) }
    };
    let plot = |activation: &str| {
        let mine = || networks.iter().filter(|network| network.activation == activation);
        Plot {
            title: style::activation(activation).to_owned(),
            lines: mine().map(line).collect(),
            names: mine().map(|network| stroke(network.norm).label.to_owned()).collect(),
        }
    };
    let activations = distinct(networks.iter().map(|network| network.activation));
    let plots: Vec<_> = activations.into_iter().map(plot).collect();
    let norms = distinct(networks.iter().map(|network| network.norm));
    Chart {
        steps: records.experiment.steps,
        y,
        label: label.to_owned(),
        value: number,
        columns: plots.len().min(ACTIVATIONS_IN_A_ROW),
        height: 170.0,
        plots,
        key: norms_legend(norms.into_iter()),
    }
}

/// The pens of the first layer, of the layers between, and of the last layer.
fn layer_pens(colour: &'static str) -> [Pen; 3] {
    let pen = |dashes, width, opacity| Pen { colour, dashes, width, opacity };
    [pen("none", "2.6", "1"), pen("none", "0.9", "0.6"), pen("6 3", "1.6", "1")]
}

/// A panel for each network, a line for each layer.
fn by_network(
    records: &Records,
    (label, number): (&str, fn(f64) -> String),
    value: &dyn Fn(&LayerFigures) -> f64,
) -> Chart {
    let networks = records.networks();
    let norms = distinct(networks.iter().map(|network| network.norm)).len();
    let values =
        records.evaluations_and_ranges().flat_map(|evaluation| &evaluation.layers).map(value);
    // The names of the pens, and the least number of layers for which each is used.
    let names = [("first layer", 1), ("layers between", 3), ("last layer", 2)];
    let most =
        records.evaluations.iter().map(|evaluation| evaluation.layers.len()).max().unwrap_or(0);
    let pens = names.into_iter().zip(layer_pens("currentColor"));
    let key = pens.filter(|((_, least), _)| most >= *least);
    Chart {
        steps: records.experiment.steps,
        y: Axis::decades(values),
        label: label.to_owned(),
        value: number,
        // Norms side by side, activations one below the other.
        columns: if norms > 1 { norms } else { networks.len().min(NETWORKS_IN_A_ROW) },
        height: 130.0,
        plots: networks.iter().map(|network| of_layers(records, network, value)).collect(),
        key: key.map(|((name, _), pen)| (name.to_owned(), pen)).collect(),
    }
}

/// A line for each layer of a network.
fn of_layers(records: &Records, network: &Network, value: &dyn Fn(&LayerFigures) -> f64) -> Plot {
    let Network { run, norm, .. } = *network;
    let layers =
        records.evaluations_of(run).map(|evaluation| evaluation.layers.len()).max().unwrap_or(0);
    let [first, between, last] = layer_pens(stroke(norm).colour);
    let line = |layer: usize| {
        let of_layer = |evaluation: &Evaluation| evaluation.layers.get(layer).map(value);
        let points = records.evaluations_of(run);
        let points = points.filter_map(|one| Some((one.step as f64, of_layer(one)?)));
        let pen = match layer {
            0 => first,
            layer if layer + 1 == layers => last,
            _ => between,
        };
        let band = range_of_replicas(records, run, &of_layer);
        Line { pen, points: points.collect(), band }
    };
    // The first layer matters most: it is drawn on top.
    let lines = (0..layers).rev().map(line).collect();
    let names = (0..layers).rev().map(|layer| format!("layer {}", layer + 1)).collect();
    Plot { title: network.label(), lines, names }
}

/// A value of each network's last evaluation, by activation, in a sentence.
fn at_the_end(records: &Records, figure: &dyn Fn(&Evaluation) -> String) -> String {
    let networks = records.networks().into_iter();
    let ends =
        networks.filter_map(|network| Some((network, records.evaluations_of(network.run).last()?)));
    let ends: Vec<_> = ends.collect();
    let steps = distinct(ends.iter().map(|(_, evaluation)| evaluation.step));
    let one = |(Network { norm, .. }, evaluation): &(Network, &Evaluation)| {
        let (label, figure, step) =
            (stroke(norm).label, figure(evaluation), number::whole(evaluation.step));
        if steps.len() == 1 {
            format!("{label} {figure}")
        } else {
            format!("{label} {figure} (step {step})")
        }
    };
    let of = |activation: &str| {
        let mine = ends.iter().filter(|(network, _)| network.activation == activation);
        let figures: Vec<_> = mine.map(one).collect();
        format!("with {}: {}", style::activation(activation), figures.join(", "))
    };
    let activations = distinct(ends.iter().map(|(network, _)| network.activation));
    let figures = activations.into_iter().map(of).collect::<Vec<_>>().join("; ");
    match steps.as_slice() {
        [step] => format!("after {} steps, {figures}.", number::whole(*step)),
        _ => format!("at the end, {figures}."),
    }
}

/// A value of the first and of the last layer at each network's last evaluation.
fn from_first_to_last(
    records: &Records,
    value: &dyn Fn(&LayerFigures) -> f64,
    text: fn(f64) -> String,
) -> String {
    let figures = |evaluation: &Evaluation| match evaluation.layers.as_slice() {
        [] => "none".to_owned(),
        [only] => text(value(only)),
        [first, .., last] => format!("{} to {}", text(value(first)), text(value(last))),
    };
    let figures = at_the_end(records, &figures);
    let mut layers = records.evaluations_and_ranges().flat_map(|evaluation| &evaluation.layers);
    let zero = layers.any(|layer| value(layer) == 0.0);
    if zero { format!("{figures} Exactly 0 is drawn on the lower edge.") } else { figures }
}
