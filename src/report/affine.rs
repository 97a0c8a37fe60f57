//! What a norm's gamma and beta learn, and that batch norm's outputs then have the mean beta and the
//! standard deviation |gamma|.

use super::axis::{Axis, Range};
use super::number::{coordinate, figure};
use super::panel::{Panel, Spread, legend, norm_label, norms_legend};
use super::picture::{Frame, PanelValues, Picture, Topic};
use super::probed::{Group, ProbedRun, groups, listed, spread_evenly};
use super::records::Records;
use super::reflow::{Cells, NARROW};
use super::style::{is_over_examples, stroke};
use super::svg::{INK, Svg, WIDTH};
use crate::config::NormPosition;
use crate::record::LayerProbe;
use std::fmt::Write;

/// The most layers in the picture over the steps.
const LAYERS: usize = 5;

const LEFT: f64 = 56.0;
const RIGHT: f64 = 18.0;
const KEY: f64 = 26.0;
const HEAD: f64 = 22.0;
const FOOT: f64 = 40.0;
const GAP: f64 = 24.0;
const HEIGHT: f64 = 110.0;

/// The least and the greatest side of a scatter plot.
const NARROWEST: f64 = 120.0;
const WIDEST: f64 = 216.0;

/// A norm's parameter in a layer's probe.
type Parameter = fn(&LayerProbe) -> &[f32];

const PARAMETERS: [(&str, Parameter); 2] =
    [("gamma", |layer| &layer.gamma), ("beta", |layer| &layer.beta)];

/// A unit's parameter, and the measured value that it is compared with.
type Pair = fn(&LayerProbe, usize) -> Option<(f64, f64)>;

/// Two pictures for each activation with a norm: the parameters over the steps, and against measured values.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let position = records.experiment.norm_position;
    let mut pictures = Vec::new();
    for mut group in groups(records) {
        group.runs.retain(|run| units(run).next().is_some());
        if !group.runs.is_empty() {
            pictures.push(over_the_steps(&group));
            pictures.push(scatter(&group, position));
        }
    }
    pictures
}

/// The layers of a run's last probe that have a gamma.
fn units<'a>(run: &ProbedRun<'a>) -> impl Iterator<Item = &'a LayerProbe> + use<'a> {
    let hidden = run.last().map_or(&[][..], |probe| &probe.hidden);
    hidden.iter().filter(|layer| !layer.gamma.is_empty())
}

/// The median of a parameter over the units of the last layer that has a gamma, at the last probe.
fn median_at_the_end(run: &ProbedRun, parameter: Parameter) -> Option<f64> {
    spread(parameter(units(run).last()?)).map(|[_, median, _]| median)
}

fn over_the_steps(group: &Group) -> Picture {
    let activation = group.name();
    let learned = |(name, parameter): (&str, Parameter)| {
        let part = |run: &ProbedRun| {
            let median = median_at_the_end(run, parameter)?;
            Some(format!("{} with {}", figure(median), stroke(run.norm).label))
        };
        let parts: Vec<_> = group.runs.iter().filter_map(part).collect();
        (!parts.is_empty()).then(|| format!("the median of {name} is {}", listed(&parts)))
    };
    let learned: Vec<_> = PARAMETERS.into_iter().filter_map(learned).collect();
    let end = format!("At the end, in the last hidden layer with a norm, {}.", learned.join("; "));
    Picture {
        id: format!("affine-{}", group.activation),
        title: format!("Gamma and beta over the training: {activation}"),
        caption: format!(
            "Gamma scales normalized values, beta shifts them; training starts from 1 and 0. The line is \
             the median over a layer's units, the band holds the middle 70 % of them. {end}"
        ),
        alt: format!("Gamma and beta of each hidden layer with {activation} over the steps. {end}"),
        topic: Topic::Parameters,
        has_modes: false,
        frames: vec![draw_steps(group)],
    }
}

fn draw_steps(group: &Group) -> Frame {
    let has = |(_, parameter): &(&str, Parameter)| {
        group.runs.iter().any(|run| median_at_the_end(run, *parameter).is_some())
    };
    let rows: Vec<_> = PARAMETERS.into_iter().filter(has).collect();
    let row = HEAD + HEIGHT + FOOT;
    let layers = spread_evenly(group.depth(), LAYERS);
    let pitch =
        (WIDTH.min(NARROW * layers.len() as f64) - LEFT - RIGHT + GAP) / layers.len() as f64;
    let cells = Cells::new(layers.len(), layers.len(), (pitch, row), LEFT + RIGHT - GAP);
    let mut svg = Svg::new(WIDTH, KEY + row * rows.len() as f64);
    let (wide, tall) = cells.narrow_size();
    svg.narrow(LEFT + RIGHT - GAP + wide, KEY + KEY + tall * rows.len() as f64);
    let norms = norms_legend(group.runs.iter().map(|run| run.norm));
    legend(&mut svg, (LEFT, 16.0), WIDTH - LEFT, &norms);
    let mut values = Vec::new();
    for (line, (name, parameter)) in rows.into_iter().enumerate() {
        let top = KEY + row * line as f64 + HEAD;
        // On a narrow screen the layers take more rows, and the legend may take another line.
        svg.moved((0.0, KEY + (tall - row) * line as f64), |svg| {
            values.extend(row_of_layers(svg, (top, &cells), &layers, group, (name, parameter)));
        });
    }
    Frame { step: group.last_step(), svg: svg.finish(), values }
}

/// Draws a parameter over the steps, one panel per layer; returns the values shown in each.
fn row_of_layers(
    svg: &mut Svg,
    (top, cells): (f64, &Cells),
    layers: &[usize],
    group: &Group,
    (name, parameter): (&str, Parameter),
) -> Vec<PanelValues> {
    let width = cells.pitch.0 - GAP;
    let over = |run: &ProbedRun, layer: usize| over(run, layer, parameter);
    let all = group.runs.iter().flat_map(|run| layers.iter().flat_map(move |&at| over(run, at)));
    let y = Range::of(all.flat_map(|(_, values)| values)).rounded();
    let (x, y) = (group.steps_axis(), Axis::linear(y));
    let mut values = Vec::new();
    for (column, &layer) in layers.iter().enumerate() {
        let left = LEFT + cells.pitch.0 * column as f64;
        let panel = Panel { left, top, width, height: HEIGHT, x, y };
        svg.moved(cells.shift(column), |svg| {
            panel.y_grid(svg);
            svg.shown_in(cells.is_first(column), |svg| {
                panel.y_numbers(svg);
                panel.y_label(svg, name);
            });
            panel.x_axis(svg, top, "step");
            let words = format!("layer {}", layer + 1);
            svg.text((left, top - 7.0), &words, &[]);
            let norms: Vec<_> = group.runs.iter().map(|run| (run.norm, over(run, layer))).collect();
            values.push(panel.lines_around(svg, format!("{name}, {words}"), &norms));
        });
    }
    values
}

/// A parameter's 15th, 50th and 85th percentile over a layer's units, over the steps.
fn over(run: &ProbedRun, layer: usize, parameter: Parameter) -> Vec<Spread> {
    let at = |(step, layer)| Some((step as f64, spread(parameter(layer))?));
    run.layer(layer).filter_map(at).collect()
}

/// The 15th, 50th and 85th percentile of the finite values; none if there are none.
fn spread(values: &[f32]) -> Option<[f64; 3]> {
    let mut values: Vec<f32> = values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_by(f32::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some([0.15, 0.5, 0.85].map(|share| {
        let place = share * last as f64;
        let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
        f64::from(low) + place.fract() * f64::from(high - low)
    }))
}

fn scatter(group: &Group, position: NormPosition) -> Picture {
    let activation = group.name();
    let why = reason(group, position);
    let off = |run: &ProbedRun| {
        let far = |pair| points(run, pair).map(|(x, y)| (y - x).abs()).reduce(f64::max);
        let parts = [(far(means), "mean"), (far(deviations), "standard deviation")];
        let part =
            |(far, name): (Option<f64>, &str)| Some(format!("{} in the {name}", figure(far?)));
        let parts: Vec<_> = parts.into_iter().filter_map(part).collect();
        format!("{} with {}", listed(&parts), stroke(run.norm).label)
    };
    let off = listed(&group.runs.iter().map(off).collect::<Vec<_>>());
    Picture {
        id: format!("affine-scatter-{}", group.activation),
        title: format!("Mean and deviation against beta and gamma: {activation}"),
        caption: format!(
            "One point per hidden unit, at the end: the mean and the standard deviation of its \
             inputs to the {activation}, against beta and |gamma|. {why} The largest distance from the diagonal is {off}."
        ),
        alt: format!(
            "Scatter of each hidden unit's measured mean against beta, and standard deviation against \
             |gamma|, with the diagonal. The largest distance from it is {off}."
        ),
        topic: Topic::Parameters,
        has_modes: false,
        frames: vec![Frame::new(group.last_step(), draw_scatter(group))],
    }
}

/// Whether the points should lie on the diagonal, and why.
fn reason(group: &Group, position: NormPosition) -> String {
    if position == NormPosition::After {
        return "Here the norm comes after the activation, but it is the activation's inputs that are \
                measured, so the points need not lie on the diagonal."
            .to_owned();
    }
    let batch = "Batch norm takes its statistics over the examples, for each unit, so its points \
                 lie on the diagonal, up to epsilon and rounding.";
    let others = "Layer, group and RMS norm take their statistics over the units, for each example, so \
                  their points need not.";
    let has = |batch: bool| group.runs.iter().any(|run| is_over_examples(run.norm) == batch);
    let parts = [has(true).then_some(batch), has(false).then_some(others)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn draw_scatter(group: &Group) -> String {
    let all: [(&str, &str, Pair); 2] =
        [("beta", "mean", means), ("|gamma|", "standard deviation", deviations)];
    let any = |pair: Pair| group.runs.iter().any(|run| points(run, pair).next().is_some());
    let rows: Vec<_> = all.into_iter().filter(|(_, _, pair)| any(*pair)).collect();
    let count = group.runs.len() as f64;
    let side = (WIDTH / count - LEFT - RIGHT).clamp(NARROWEST, WIDEST);
    let (column, row) = (LEFT + side + RIGHT, HEAD + side + FOOT);
    let runs = group.runs.len();
    let cells = Cells::new(runs, runs * rows.len(), (column, row), 0.0);
    let mut svg = Svg::new(cells.size().0, cells.size().1);
    svg.narrow(cells.narrow_size().0, cells.narrow_size().1);
    for (line, (parameter, measured, pair)) in rows.into_iter().enumerate() {
        let all = group.runs.iter().flat_map(|run| points(run, pair));
        let range = Range::of(all.flat_map(|(x, y)| [x, y])).rounded();
        let axis = Axis::linear(range);
        for (at, run) in group.runs.iter().enumerate() {
            let (left, top) = (column * at as f64 + LEFT, row * line as f64 + HEAD);
            let panel = Panel { left, top, width: side, height: side, x: axis, y: axis };
            svg.moved(cells.shift(line * runs + at), |svg| {
                norm_label(svg, (left, top - 8.0), run.norm, "");
                if points(run, pair).next().is_none() {
                    svg.text((left, top + 14.0), &format!("has no {parameter}"), &[]);
                } else {
                    draw_points(svg, &panel, range, (parameter, measured), run, pair);
                }
            });
        }
    }
    svg.finish()
}

/// Draws the points of a run, and the diagonal.
fn draw_points(
    svg: &mut Svg,
    panel: &Panel,
    range: Range,
    (parameter, measured): (&str, &str),
    run: &ProbedRun,
    pair: Pair,
) {
    panel.y_axis(svg);
    panel.x_axis(svg, panel.top, parameter);
    panel.y_label(svg, measured);
    let diagonal = [panel.at(range.low, range.low), panel.at(range.high, range.high)];
    svg.line(diagonal[0], diagonal[1], INK);
    svg.path(
        &dots(panel, points(run, pair)),
        &[
            ("stroke", stroke(run.norm).colour),
            ("stroke-width", "4"),
            ("stroke-linecap", "round"),
            ("stroke-opacity", "0.7"),
        ],
    );
}

/// Points as lines of zero length, made visible by round caps.
fn dots(panel: &Panel, points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut d = String::new();
    for (x, y) in points.map(|(x, y)| panel.at(x, y)) {
        let _ = write!(d, "M{} {}h0", coordinate(x), coordinate(y));
    }
    d
}

/// The parameter and the measured value of every unit of a run's hidden layers at its last probe.
fn points<'a>(run: &ProbedRun<'a>, pair: Pair) -> impl Iterator<Item = (f64, f64)> + use<'a> {
    let of_layer = move |layer: &'a LayerProbe| {
        (0..layer.mean.len()).filter_map(move |unit| pair(layer, unit))
    };
    units(run).flat_map(of_layer).filter(|(x, y)| x.is_finite() && y.is_finite())
}

/// Beta and the mean of a unit's inputs.
fn means(layer: &LayerProbe, unit: usize) -> Option<(f64, f64)> {
    Some((of_unit(&layer.beta, unit)?, (*layer.mean.get(unit)?).into()))
}

/// |gamma| and the standard deviation of a unit's inputs.
fn deviations(layer: &LayerProbe, unit: usize) -> Option<(f64, f64)> {
    Some((of_unit(&layer.gamma, unit)?.abs(), (*layer.deviation.get(unit)?).into()))
}

/// A unit's parameter, or the one that all units share.
fn of_unit(values: &[f32], unit: usize) -> Option<f64> {
    match values {
        [shared] => Some((*shared).into()),
        values => values.get(unit).map(|&value| value.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_unit_whose_mean_is_beta_lies_on_the_diagonal() {
        let records = sample::records();
        let groups = groups(&records);
        let batch = &groups[0].runs[1];
        let found: Vec<_> = points(batch, means).take(4).collect();
        assert_eq!(found, [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]);
        let axis = Axis::linear(Range { low: 0.0, high: 4.0 });
        let panel = Panel { left: 0.0, top: 0.0, width: 40.0, height: 40.0, x: axis, y: axis };
        assert_eq!(dots(&panel, found.into_iter()), "M0 40h0M10 30h0M20 20h0M30 10h0");
    }

    #[test]
    fn the_caption_gives_the_distance_from_the_diagonal() {
        let mut records = sample::records();
        let caption = |records: &Records| pictures(records)[1].caption.clone();
        let on = "The largest distance from the diagonal is 0 in the mean and 0 in the standard deviation with batch norm";
        assert!(caption(&records).contains(on), "{}", caption(&records));
        // The last probe of sigmoid-batch: a negative gamma gives the deviation |gamma|.
        records.probes[5].hidden[0].gamma[0] = -1.25;
        let off = "0 in the mean and 0.25 in the standard deviation with batch norm";
        assert!(caption(&records).contains(off), "{}", caption(&records));
    }

    #[test]
    fn a_shared_gamma_is_that_of_every_unit() {
        let mut layer = sample::probe("relu-layer", 0, 1).hidden.remove(0);
        layer.gamma = vec![-2.0];
        assert_eq!([0, 3].map(|unit| deviations(&layer, unit)), [Some((2.0, 1.0)); 2]);
        layer.beta.clear();
        assert_eq!(means(&layer, 0), None);
    }

    #[test]
    fn what_a_norm_lacks_has_no_panel() {
        let mut records = sample::empty();
        records.probes.push(sample::probe("relu-rms", 1, 1));
        let words = |records: &Records| {
            let svg = pictures(records).remove(0).frames.remove(0).svg;
            ["gamma", "beta"].map(|name| svg.contains(&format!(">{name}<")))
        };
        assert_eq!(words(&records), [true, true]);
        records.probes[0].hidden[0].beta.clear();
        assert_eq!(words(&records), [true, false]);
        let caption =
            "in the last hidden layer with a norm, the median of gamma is 1.00 with RMS norm.";
        assert!(pictures(&records)[0].caption.ends_with(caption));
    }

    #[test]
    fn every_panel_over_the_steps_has_a_title_and_values() {
        let Frame { svg, values, .. } = pictures(&sample::records()).remove(0).frames.remove(0);
        let titles: Vec<_> = values.iter().map(|panel| panel.title.as_str()).collect();
        assert_eq!(titles, ["gamma, layer 1", "gamma, layer 2", "beta, layer 1", "beta, layer 2"]);
        assert_eq!(svg.matches("class=\"ground\"").count(), titles.len());
        let names: Vec<_> = values[2].lines.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["batch norm", "layer norm"]);
        let end = (1.0, "100".to_owned(), "1.50 (0.45 to 2.55)".to_owned());
        assert_eq!(values[2].lines[0].1.last(), Some(&end));
    }

    #[test]
    fn percentiles_lie_between_units() {
        assert_eq!(spread(&[4.0, f32::NAN, 0.0, 2.0]).map(|all| all[1]), Some(2.0));
        assert_eq!(spread(&[1.0, 0.0]).map(|all| all[1]), Some(0.5));
        assert_eq!(spread(&[f32::NAN]), None);
    }
}
