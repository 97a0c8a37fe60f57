//! The pictures of signals and gradients over depth.

use super::theory::theory;
use crate::record::DepthRecord;
use crate::report::axis::{Axis, Range};
use crate::report::number::{figure, whole};
use crate::report::panel::{Line, Panel, legend, norms_legend};
use crate::report::picture::{Frame, PanelValues, Picture, Topic};
use crate::report::probed::{listed, with_norm};
use crate::report::records::distinct;
use crate::report::reflow::{Cells, NARROW};
use crate::report::style::{self, stroke};
use crate::report::svg::Svg;

/// A panel's size and its margins.
const PANEL: f64 = 226.0;
const LEFT: f64 = 62.0;
const BETWEEN: f64 = 74.0;
const HEAD: f64 = 44.0;
const TITLE: f64 = 26.0;
const HEIGHT: f64 = 170.0;
const FOOT: f64 = 40.0;
const EDGE: f64 = 20.0;
const LEAST: f64 = 340.0;

/// What theory gives for a norm: its factor, and where it is from.
type Theory<'a> = (&'a str, (f64, &'static str));

/// What the panels show of a layer, with the words of the title.
type Quantity = (&'static str, fn(&DepthRecord) -> Vec<f64>);
const QUANTITIES: [Quantity; 4] = [
    ("gradient, share of the last hidden layer's", shares),
    ("factor from the next layer's gradient", DepthRecord::factors),
    ("deviation of the outputs over the batch", deviations),
    ("entropy rank of the outputs", ranks),
];

pub(super) fn shares(record: &DepthRecord) -> Vec<f64> {
    let last = record.layers.last().map_or(f64::NAN, |layer| layer.gradient_rms);
    record.layers.iter().map(|layer| layer.gradient_rms / last).collect()
}

fn deviations(record: &DepthRecord) -> Vec<f64> {
    record.layers.iter().map(|layer| layer.deviation).collect()
}

fn ranks(record: &DepthRecord) -> Vec<f64> {
    record.layers.iter().map(|layer| layer.rank).collect()
}

/// The deepest networks of an activation at one step, layer by layer.
pub(super) fn over_layers(activation: &str, records: &[&DepthRecord]) -> Option<Picture> {
    let depth = records.iter().map(|record| record.depth).max().filter(|&depth| depth > 1)?;
    let shown: Vec<_> = records.iter().copied().filter(|record| record.depth == depth).collect();
    let step = shown.first()?.step;
    let name = style::activation(activation);
    let theories: Vec<_> = shown
        .iter()
        .filter_map(|one| Some((one.norm.as_str(), theory(activation, &one.norm)?)))
        .filter(|_| step == 1)
        .collect();
    let said: Vec<_> = theories
        .iter()
        .map(|(norm, (factor, source))| {
            format!("{} {} ({source})", figure(*factor), with_norm(norm))
        })
        .collect();
    let dashed = match said.is_empty() {
        true => String::new(),
        false => format!(" Dotted: what theory gives for wide layers, {}.", listed(&said)),
    };
    let (when, at) = match step {
        1 => ("at the initial weights".to_owned(), "start"),
        step => (format!("at step {}", whole(step)), "end"),
    };
    Some(Picture {
        id: format!("depth-{activation}-{at}"),
        title: format!("Through {} layers {when}: {name}", whole(depth)),
        caption: format!(
            "Each hidden layer from the first to the last. A gradient factor above 1 means that the gradient \
             grows on its way back. Deviation and rank are of the layer's outputs for one batch.{dashed}"
        ),
        alt: format!("Gradient, factor, deviation and rank of each layer with {name} {when}."),
        topic: Topic::Gradients,
        has_modes: false,
        frames: vec![draw(step, &shown, &theories)],
    })
}

fn draw(step: usize, shown: &[&DepthRecord], theories: &[Theory<'_>]) -> Frame {
    let pitch = (PANEL + BETWEEN, TITLE + HEIGHT + FOOT);
    let cells = Cells::new(2, QUANTITIES.len(), pitch, LEFT - BETWEEN + EDGE);
    let width = LEFT + 2.0 * PANEL + BETWEEN + EDGE;
    let mut svg = Svg::new(width, HEAD + cells.size().1);
    svg.narrow(LEAST, HEAD + cells.narrow_size().1);
    legend(
        &mut svg,
        (LEFT, 16.0),
        width - LEFT,
        &norms_legend(shown.iter().map(|one| one.norm.as_str())),
    );
    let mut values = Vec::new();
    for (place, (title, of)) in QUANTITIES.into_iter().enumerate() {
        let (column, row) = cells.wide(place);
        let corner = (LEFT + pitch.0 * column as f64, HEAD + TITLE + pitch.1 * row as f64);
        svg.moved(cells.shift(place), |svg| {
            let theories = if place == 1 { theories } else { &[] };
            values.push(draw_panel(svg, (title, of), corner, (shown, theories)));
        });
    }
    Frame { step, svg: svg.finish(), values }
}

fn draw_panel(
    svg: &mut Svg,
    (title, of): Quantity,
    (left, top): (f64, f64),
    (shown, theories): (&[&DepthRecord], &[Theory<'_>]),
) -> PanelValues {
    let all: Vec<_> =
        shown.iter().map(|record| (record.norm.as_str(), drawable(&of(record)))).collect();
    let exponents =
        all.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| value.log10()));
    let theory = theories.iter().map(|(_, (factor, _))| factor.log10());
    let Range { low, high } = Range::of(exponents.chain(theory));
    // Within less than half a decade, a logarithmic axis would have a single number.
    let y = match high - low < 0.5 {
        true => Axis::linear(Range { low: 10_f64.powf(low), high: 10_f64.powf(high) }.rounded()),
        false => Axis::logarithmic(Range { low: low - 0.05, high: high + 0.05 }),
    };
    let most = shown.iter().map(|record| record.layers.len()).max().unwrap_or(1);
    let panel = Panel {
        left,
        top,
        width: PANEL,
        height: HEIGHT,
        x: Axis::whole(Range { low: 0.5, high: most as f64 + 0.5 }),
        y,
    };
    svg.text((left, top - 9.0), title, &[("font-weight", "600")]);
    panel.y_axis(svg);
    panel.x_axis(svg, top, "hidden layer");
    for (norm, (factor, _)) in theories {
        let look = [("stroke", stroke(norm).colour), ("stroke-dasharray", "1 4"), ("fill", "none")];
        panel.across(svg, *factor, &look);
    }
    let mut lines = Vec::new();
    for (norm, points) in all {
        let read = points
            .iter()
            .map(|&(layer, value)| panel.x.reading(layer, whole(layer as usize), figure(value)));
        lines.push((stroke(norm).label.to_owned(), read.collect()));
        panel.lines(svg, &[Line { pen: stroke(norm).pen(), points, band: Vec::new() }]);
    }
    panel.ground(svg);
    PanelValues { title: title.to_owned(), x: "layer".to_owned(), lines }
}

/// What a logarithmic axis can show, by layer from 1.
fn drawable(values: &[f64]) -> Vec<(f64, f64)> {
    let all = values.iter().enumerate().map(|(layer, &value)| (layer as f64 + 1.0, value));
    all.filter(|(_, value)| value.is_finite() && *value > 0.0).collect()
}

/// The share of the gradient that reaches the first layer, over the depth of the network.
pub(super) fn over_depths(activation: &str, records: &[&DepthRecord]) -> Option<Picture> {
    let depths = distinct(records.iter().map(|record| record.depth));
    if depths.iter().filter(|&&depth| depth > 1).count() < 2 {
        return None;
    }
    let norms = distinct(records.iter().map(|record| record.norm.as_str()));
    let left = |record: &&&DepthRecord| Some((record.depth as f64, *shares(record).first()?));
    let curve = |norm: &&str| {
        let mut points: Vec<_> =
            records.iter().filter(|one| one.norm == **norm).filter_map(|one| left(&one)).collect();
        points.retain(|(_, value)| value.is_finite() && *value > 0.0);
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        ((*norm).to_owned(), points)
    };
    let curves: Vec<_> = norms.iter().map(curve).collect();
    let name = style::activation(activation);
    let exponents =
        curves.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| value.log10()));
    let Range { low, high } = Range::of(exponents.chain([0.0]));
    let width = NARROW - LEFT - EDGE;
    let across = Range::of(depths.iter().map(|&depth| (depth as f64).log10()));
    let panel = Panel {
        left: LEFT,
        top: HEAD,
        width,
        height: HEIGHT,
        x: Axis::logarithmic(Range { low: across.low - 0.05, high: across.high + 0.05 }),
        y: Axis::logarithmic(Range { low: low - 0.05, high: high + 0.05 }),
    };
    let mut svg = Svg::new(NARROW, HEAD + HEIGHT + FOOT);
    svg.narrow(NARROW, HEAD + HEIGHT + FOOT);
    legend(&mut svg, (LEFT, 16.0), width, &norms_legend(norms.iter().copied()));
    panel.y_axis(&mut svg);
    let ticks: Vec<_> = depths.iter().map(|&depth| (depth as f64, depth.to_string())).collect();
    panel.x_axis_at(&mut svg, panel.top, &ticks, "hidden layers (log scale)");
    let mut lines = Vec::new();
    for (norm, points) in curves {
        let read = points
            .iter()
            .map(|&(depth, value)| panel.x.reading(depth, whole(depth as usize), figure(value)));
        lines.push((stroke(&norm).label.to_owned(), read.collect()));
        panel.lines(&mut svg, &[Line { pen: stroke(&norm).pen(), points, band: Vec::new() }]);
    }
    panel.ground(&mut svg);
    let title = format!("Gradient left in the first hidden layer, over depth: {name}");
    let values = PanelValues { title: title.clone(), x: "hidden layers".to_owned(), lines };
    Some(Picture {
        id: format!("depth-{activation}-over-depth"),
        title,
        caption: "The first hidden layer's gradient RMS over the last one's, at the initial weights. The first \
                  layer sees the pixels, whose size also counts."
            .to_owned(),
        alt: format!("The share of the gradient that reaches the first layer over the number of layers, with {name}."),
        topic: Topic::Gradients,
        has_modes: false,
        frames: vec![Frame { step: 1, svg: svg.finish(), values: vec![values] }],
    })
}
