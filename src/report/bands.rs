//! The distribution of the hidden activations' inputs as bands over the steps (Ioffe and Szegedy 2015,
//! Fig. 1b and c): the median and the middle 70 %.

use super::axis::{Axis, Range};
use super::number::figure;
use super::panel::{Panel, norm_label};
use super::picture::{Frame, PanelValues, Picture, Topic};
use super::probed::{Group, ProbedRun, groups, listed, with_norm};
use super::records::Records;
use super::reflow::Cells;
use super::style;
use super::svg::Svg;
use crate::record::Probe;

const COLUMN: f64 = 216.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 18.0;
const HEAD: f64 = 24.0;
const HEIGHT: f64 = 150.0;
const FOOT: f64 = 40.0;

/// The least width on a narrow screen: a single panel would have oversized text there.
const LEAST: f64 = 320.0;

/// A picture for each activation.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let groups = groups(records);
    groups.iter().filter(|group| group.depth() > 0).map(picture).collect()
}

/// The same of the first unit of the last hidden layer alone, a picture for each activation.
#[must_use]
pub fn of_one_unit(records: &Records) -> Vec<Picture> {
    groups(records).iter().filter_map(unit_picture).collect()
}

fn unit_picture(group: &Group) -> Option<Picture> {
    let unit = |run: &ProbedRun| {
        let of = |probe: &&Probe| Some((probe.step as f64, probe.hidden.last()?.unit_percentiles?));
        run.probes.iter().filter_map(of).collect::<Vec<_>>()
    };
    let all: Vec<_> = group.runs.iter().map(|run| (run.norm, unit(run))).collect();
    let y =
        Range::of(all.iter().flat_map(|(_, points)| points.iter().flat_map(|(_, three)| *three)));
    if all.iter().all(|(_, points)| points.is_empty()) {
        return None;
    }
    let cells = Cells::new(all.len(), all.len(), (COLUMN, HEAD + HEIGHT + FOOT), 0.0);
    let mut svg = Svg::new(cells.size().0, cells.size().1);
    svg.narrow(cells.narrow_size().0.max(LEAST), cells.narrow_size().1);
    let (mut values, name) = (Vec::new(), group.name());
    for (column, (norm, points)) in all.into_iter().enumerate() {
        let panel = Panel {
            left: COLUMN * column as f64 + LEFT,
            top: HEAD,
            width: COLUMN - LEFT - RIGHT,
            height: HEIGHT,
            x: group.steps_axis(),
            y: Axis::linear(y.rounded()),
        };
        svg.moved(cells.shift(column), |svg| {
            norm_label(svg, (panel.left, panel.top - 10.0), norm, "");
            panel.y_axis(svg);
            panel.x_axis(svg, panel.top, "step");
            panel.y_label(svg, &format!("input to the {name}"));
            let title = style::stroke(norm).label.to_owned();
            values.push(panel.lines_around(svg, title, &[(norm, points)]));
        });
    }
    Some(Picture {
        id: format!("unit-{}", group.activation),
        title: format!("The inputs of one {name} as bands"),
        caption: "The inputs of the first unit of the last hidden layer over the probe's training images: their \
                  median, and the range from the 15th to the 85th percentile."
            .to_owned(),
        alt: format!(
            "Bands over the steps of the inputs to one {name} of the last hidden layer, the norms side by side."
        ),
        topic: Topic::Inputs,
        has_modes: false,
        frames: vec![Frame { step: group.last_step(), svg: svg.finish(), values }],
    })
}

fn picture(group: &Group) -> Picture {
    let activation = group.name();
    let moved = moved(group);
    Picture {
        id: format!("bands-{}", group.activation),
        title: format!("The inputs of the {activation} as bands"),
        caption: format!(
            "The inputs of all units of a layer: the line is their median, and the band holds the \
             middle 70 %, from the 15th to the 85th percentile. {moved}"
        ),
        alt: format!(
            "Bands over the steps of the inputs to the {activation} of the first and the last hidden \
             layer, the norms side by side. {moved}"
        ),
        topic: Topic::Inputs,
        has_modes: false,
        frames: vec![draw(group)],
    }
}

fn draw(group: &Group) -> Frame {
    let layers = group.ends();
    let row = HEAD + HEIGHT + FOOT;
    let runs = group.runs.len();
    let cells = Cells::new(runs, runs * layers.len(), (COLUMN, row), 0.0);
    let mut svg = Svg::new(cells.size().0, cells.size().1);
    svg.narrow(cells.narrow_size().0.max(LEAST), cells.narrow_size().1);
    let values = group.runs.iter().flat_map(|run| layers.iter().flat_map(|&at| run.layer(at)));
    let y = Range::of(values.flat_map(|(_, layer)| layer.percentiles)).rounded();
    let mut values = Vec::new();
    for (line, &layer) in layers.iter().enumerate() {
        for (column, run) in group.runs.iter().enumerate() {
            let panel = Panel {
                left: COLUMN * column as f64 + LEFT,
                top: row * line as f64 + HEAD,
                width: COLUMN - LEFT - RIGHT,
                height: HEIGHT,
                x: group.steps_axis(),
                y: Axis::linear(y),
            };
            svg.moved(cells.shift(line * runs + column), |svg| {
                values.extend(band(svg, &panel, run, layer, group.name()));
            });
        }
    }
    Frame { step: group.last_step(), svg: svg.finish(), values }
}

/// Draws a panel and returns its values; none if the run does not have the layer.
fn band(
    svg: &mut Svg,
    panel: &Panel,
    run: &ProbedRun,
    layer: usize,
    activation: &str,
) -> Option<PanelValues> {
    let (_, first) = run.layer(layer).next()?;
    let name = style::layer(&first.layer);
    norm_label(svg, (panel.left, panel.top - 10.0), run.norm, &format!(", {name}"));
    panel.y_axis(svg);
    panel.x_axis(svg, panel.top, "step");
    panel.y_label(svg, &format!("input to the {activation}"));
    let points = run.layer(layer).map(|(step, layer)| (step as f64, layer.percentiles));
    let title = format!("{}, {name}", style::stroke(run.norm).label);
    Some(panel.lines_around(svg, title, &[(run.norm, points.collect())]))
}

/// How far the last layer's median moved, in a sentence.
fn moved(group: &Group) -> String {
    let Some(&layer) = group.ends().last() else { return String::new() };
    let part = |run: &ProbedRun| {
        let (_, first) = run.layer(layer).next()?;
        let (_, last) = run.layer(layer).last()?;
        let [from, to] = [first, last].map(|probe| figure(probe.percentiles[1]));
        Some(format!("from {from} to {to} {}", with_norm(run.norm)))
    };
    let parts: Vec<_> = group.runs.iter().filter_map(part).collect();
    format!("The median of the last hidden layer's inputs goes {}.", listed(&parts))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_caption_says_how_far_the_median_moved() {
        let mut records = sample::records();
        for probe in records.probes.iter_mut().filter(|probe| probe.run == "sigmoid-none") {
            probe.hidden[1].percentiles[1] = -0.01 * probe.step as f64;
        }
        let pictures = pictures(&records);
        assert_eq!(pictures.len(), 2);
        assert!(
            pictures[0].caption.contains("from 0 to -1.00 without a norm"),
            "{:?}",
            pictures[0]
        );
        assert!(pictures[1].caption.contains("from 0 to 0 without a norm"), "{:?}", pictures[1]);
    }

    #[test]
    fn every_panel_has_its_median_and_percentiles() {
        let mut records = sample::records();
        // The last layer of this run is never probed: it has no panel.
        for probe in records.probes.iter_mut().filter(|probe| probe.run == "sigmoid-batch") {
            probe.hidden.truncate(1);
        }
        let Frame { svg, values, .. } = &pictures(&records)[0].frames[0];
        assert_eq!(svg.matches("class=\"ground\"").count(), values.len());
        let titles: Vec<_> = values.iter().map(|panel| panel.title.as_str()).collect();
        let first = ["no norm, layer 1", "batch norm, layer 1", "layer norm, layer 1"];
        assert_eq!(titles, [&first[..], &["no norm, layer 2", "layer norm, layer 2"]].concat());
        let read = |place, x: &str, y: &str| (place, x.to_owned(), y.to_owned());
        let line = vec![
            read(0.0, "0", "0 (-1.00 to 1.00)"),
            read(0.1, "10", "0 (-1.00 to 1.10)"),
            read(1.0, "100", "0 (-1.00 to 2.00)"),
        ];
        assert_eq!(values[1].lines, [("batch norm".to_owned(), line)]);
    }

    #[test]
    fn a_step_without_figures_breaks_the_band() {
        let mut records = sample::records();
        let paths =
            |records: &Records| pictures(records)[0].frames[0].svg.matches("fill-opacity").count();
        assert_eq!(paths(&records), 6);
        records.probes[1].hidden[0].percentiles = [f64::NAN; 3];
        assert_eq!(paths(&records), 7);
    }
}
