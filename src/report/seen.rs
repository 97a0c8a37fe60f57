//! What the layers see: the ten test digits as rows, the hidden layers as columns, each layer's output
//! as a small grey image with a square for each unit. Where all images of a column are alike, the
//! network cannot tell the digits apart any more.

use super::number::figure;
use super::panel::norm_label;
use super::picture::{Frame, Picture};
use super::probed::{Group, Run, groups, listed, spread_evenly, with_norm};
use super::records::Records;
use super::svg::{END, GRID, MIDDLE, Svg, polyline};
use super::tiles::{Greys, Tiles, side};
use crate::config::NormPosition;

/// Columns of a run at most.
const LAYERS: usize = 6;

/// An image in the picture of one step, and in that of several.
const LARGE: f64 = 30.0;
const SMALL: f64 = 24.0;

/// A column, with the room for the figure below it.
const COLUMN: f64 = 36.0;

/// A run's room at least, for its name and step.
const NAMED: f64 = 200.0;

/// What stands between runs, above the images, and below them.
const BETWEEN: f64 = 38.0;
const HEAD: f64 = 38.0;
const FOOT: f64 = 26.0;

/// The note at the picture's foot.
const NOTE: f64 = 20.0;

/// Two pictures for each activation: every step that was probed, and the start, a quarter and the end.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let groups = groups(records);
    let position = records.experiment.norm_position;
    let deep = groups.iter().filter(|group| group.depth() > 0);
    deep.flat_map(|group| {
        let scene = Scene { group, position, layers: spread_evenly(group.depth(), LAYERS) };
        [scene.step_by_step(), scene.stages()]
    })
    .collect()
}

struct Scene<'a> {
    group: &'a Group<'a>,
    position: NormPosition,
    /// The layers shown, counted from 0.
    layers: Vec<usize>,
}

impl Scene<'_> {
    fn step_by_step(&self) -> Picture {
        let steps = self.group.steps();
        let frame = |&step: &usize| Frame { step, svg: self.draw(&[step], LARGE) };
        self.picture("seen", "What the layers see", steps.iter().map(frame).collect())
    }

    fn stages(&self) -> Picture {
        let last = self.group.last_step();
        let quarter = self.group.steps().range(..=last.div_ceil(4)).next_back().copied();
        let mut stages: Vec<_> = self.group.steps().first().copied().into_iter().collect();
        stages.extend(quarter.into_iter().chain([last]));
        stages.dedup();
        let frames = vec![Frame { step: last, svg: self.draw(&stages, SMALL) }];
        self.picture(
            "seen-stages",
            "What the layers see at the start, a quarter and the end",
            frames,
        )
    }

    fn picture(&self, id: &str, title: &str, frames: Vec<Frame>) -> Picture {
        let activation = self.group.activation;
        let spread = |run: &Run| {
            let last = run.last()?.hidden.last()?;
            Some(format!("{} {}", figure(last.output_spread), with_norm(run.norm)))
        };
        let spreads: Vec<_> = self.group.runs.iter().filter_map(spread).collect();
        let end = format!(
            "At the end the outputs of the last hidden layer differ by {} from digit to digit.",
            listed(&spreads)
        );
        Picture {
            id: format!("{id}-{activation}"),
            title: format!("{title}: {activation}"),
            caption: format!(
                "Ten test images go through the network, one a row, with running statistics; a column \
                 shows what a hidden layer makes of each, a square for each unit. Where all images of a column are the \
                 same, that layer can no longer tell the digits apart. Below stands the standard \
                 deviation across the ten, mean over the units. {end}"
            ),
            alt: format!(
                "The outputs of the hidden layers with {activation} for ten test digits as small grey \
                 images, the norms side by side. {end}"
            ),
            frames,
        }
    }

    /// The runs side by side, and one below another as they are at each of `steps`.
    fn draw(&self, steps: &[usize], cell: f64) -> String {
        let digits = 10.0 * cell + 9.0 * cell / 10.0;
        let block = HEAD + digits + FOOT;
        let run = (COLUMN * self.layers.len() as f64 + BETWEEN).max(NAMED);
        let width = run * self.group.runs.len() as f64 + 4.0;
        let height = block * steps.len() as f64 + NOTE;
        let mut svg = Svg::new(width, height);
        for (line, &step) in steps.iter().enumerate() {
            for (column, run_of) in self.group.runs.iter().enumerate() {
                let at = (run * column as f64 + BETWEEN, block * line as f64);
                self.block(&mut svg, at, run_of, step, cell);
            }
        }
        svg.text((4.0, height - 6.0), &self.note(), &[]);
        svg.finish()
    }

    /// What one run's layers see at a step.
    fn block(&self, svg: &mut Svg, (left, top): (f64, f64), run: &Run, step: usize, cell: f64) {
        let Some(probe) = run.at(step) else { return };
        let rest = format!(", step {}", probe.step);
        norm_label(svg, (left, top + 16.0), run.norm, &rest);
        let images = top + HEAD;
        let pitch = cell * 1.1;
        for digit in 0..10 {
            let middle = images + pitch * f64::from(digit) + cell / 2.0 + 4.0;
            svg.text((left - 5.0, middle), &digit.to_string(), &[END]);
        }
        svg.text((left - 5.0, images - 6.0), "layer", &[END]);
        // On paper that is as dark as the images, lines tell the rows apart.
        let (from, to) = (left, left + COLUMN * self.layers.len() as f64);
        let lines = (1..10).map(|row| images + pitch * f64::from(row) - cell / 20.0);
        let lines = lines.map(|y| polyline([(from, y), (to, y)]));
        svg.path(&lines.collect::<String>(), GRID);
        for (column, &layer) in self.layers.iter().enumerate() {
            let Some(seen) = probe.hidden.get(layer) else { continue };
            let x = left + COLUMN * column as f64 + 2.0;
            // As everywhere, a tenth of an image lies between two.
            let gap = side(seen.outputs.width).div_ceil(10);
            let tiles = Tiles::new(
                &seen.outputs,
                greys(self.group.activation, self.position, run, layer),
                1,
                gap,
            );
            let tall = cell * tiles.height as f64 / tiles.width as f64;
            let middle = x + cell / 2.0;
            svg.png((x, images), (cell, tall), &tiles.png());
            svg.text((middle, images - 6.0), &(layer + 1).to_string(), &[MIDDLE]);
            let spread = Some(seen.output_spread).filter(|spread| spread.is_finite());
            let spread = spread.map_or("–".to_owned(), |spread| format!("{spread:.3}"));
            let below = images + 10.0 * pitch + 12.0;
            svg.text((middle, below), &spread, &[MIDDLE]);
        }
    }

    fn note(&self) -> String {
        match (self.group.activation, self.position) {
            ("sigmoid", NormPosition::Before) => "black 0, white 1".to_owned(),
            ("tanh", NormPosition::Before) => "black -1, white 1".to_owned(),
            _ => "black 0 or the smallest, white the largest output of the layer at the end"
                .to_owned(),
        }
    }
}

/// What is black and white in a run's layer, the same at every step: the activation's own range, or
/// from 0 to the largest output at the end.
pub(super) fn greys(activation: &str, position: NormPosition, run: &Run, layer: usize) -> Greys {
    match (activation, position) {
        ("sigmoid", NormPosition::Before) => Greys { black: 0.0, white: 1.0 },
        ("tanh", NormPosition::Before) => Greys { black: -1.0, white: 1.0 },
        _ => {
            let last = run.last().and_then(|probe| probe.hidden.get(layer));
            let ends = last.map_or((0.0, 1.0), |layer| (layer.outputs.low, layer.outputs.high));
            Greys { black: ends.0.min(0.0), white: ends.1 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_column_holds_every_output_at_its_grey() {
        let pictures = pictures(&sample::records());
        let svg = &pictures[0].frames[0].svg;
        assert_eq!(svg.matches("<image").count(), 6, "three runs, two layers");
        let (_, rest) = svg.split_once("base64,").unwrap();
        let file = STANDARD.decode(rest.split_once('"').unwrap().0).unwrap();
        let image = image::load_from_memory(&file).unwrap().to_luma_alpha8();
        // Ten images of 2 x 2, one below another, a transparent row between them.
        assert_eq!(image.dimensions(), (2, 29));
        let opaque: Vec<u8> = image.pixels().filter(|p| p.0[1] == 255).map(|p| p.0[0]).collect();
        assert_eq!(opaque, sample::probe("sigmoid-none", 0, 1).hidden[0].outputs.bytes());
    }

    #[test]
    fn greys_are_the_activations_range_or_the_largest_output_at_the_end() {
        let mut records = sample::records();
        for probe in records.probes.iter_mut().filter(|probe| probe.step == 100) {
            probe.hidden[1].outputs.high = 8.0;
        }
        let groups = groups(&records);
        let white = |group: usize, position| {
            greys(groups[group].activation, position, &groups[group].runs[0], 1).white
        };
        assert_eq!(white(0, NormPosition::Before), 1.0);
        assert_eq!(white(0, NormPosition::After), 8.0);
        assert_eq!(white(1, NormPosition::Before), 8.0);
    }

    #[test]
    fn the_spread_stands_below_each_column() {
        let mut records = sample::records();
        records.probes[2].hidden[1].output_spread = 0.0;
        let pictures = pictures(&records);
        let last = &pictures[0].frames[2].svg;
        assert_eq!((last.matches(">0.000<").count(), last.matches(">0.250<").count()), (1, 5));
        assert!(pictures[0].caption.contains("differ by 0 without a norm, 0.25 with batch norm"));
        let stages = &pictures[1].frames;
        assert_eq!(stages.len(), 1);
        let words = ["no norm, step 0<", "no norm, step 10<", "no norm, step 100<"];
        assert!(words.iter().all(|words| stages[0].svg.contains(words)));
    }
}
