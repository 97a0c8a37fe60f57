//! The layers' outputs: a row per class for its first test image, a column per hidden layer, each output as a
//! small grey image with a square per unit. If all images of a column are alike, the network can no longer
//! distinguish the classes.

mod words;

use super::number::in_five;
use super::panel::norm_label;
use super::picture::{Frame, Picture, Topic};
use super::probed::{Group, ProbedRun, groups, listed, spread_evenly};
use super::records::Records;
use super::reflow::Cells;
use super::svg::{END, GRID, MIDDLE, Svg, polyline};
use super::tiles::{Greys, Rows, Tiles};
use crate::config::NormPosition;
use crate::record::{Mode, Probe};

/// The most columns of a run.
const LAYERS: usize = 6;

/// The side of an image in the picture of one step, and in the picture of several.
const LARGE: f64 = 30.0;
const SMALL: f64 = 24.0;

/// The width of a column, with room for the number below it.
const COLUMN: f64 = 36.0;

/// The least width of a run, for its name and step.
const NAMED: f64 = 200.0;

/// The space between runs, above the images, and below them.
const BETWEEN: f64 = 38.0;
const HEAD: f64 = 38.0;
const FOOT: f64 = 26.0;

/// The height of the note at the foot, and the least width on a narrow screen, which the note needs.
const NOTE: f64 = 20.0;
const LEAST: f64 = 430.0;

/// How far below the middle of a row the baseline of its label is.
const HALF_A_DIGIT: f64 = 4.0;

/// Two pictures for each activation: every probed step, and the start, a quarter and the end.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let groups = groups(records);
    let position = records.experiment.norm_position;
    let deep = groups.iter().filter(|group| group.depth() > 0);
    deep.flat_map(|group| {
        let layers = spread_evenly(group.depth(), LAYERS);
        let scene = OutputsView { group, position, layers, rows: rows(group) };
        [scene.step_by_step(), scene.stages()]
    })
    .collect()
}

/// CSS classes that the page switches between, named as in its style sheet.
const TRAINING: &str = "in-training";
const INFERENCE: &str = "in-inference";

struct OutputsView<'a> {
    group: &'a Group<'a>,
    position: NormPosition,
    /// The layers shown, counted from 0.
    layers: Vec<usize>,
    /// A row for each class.
    rows: usize,
}

/// The number of rows of an activation's outputs.
pub(super) fn rows(group: &Group) -> usize {
    let layers = group.probes().flat_map(|probe| &probe.hidden);
    layers.map(|layer| layer.outputs.rows()).max().unwrap_or(0)
}

/// A run at a step, and where its images are drawn.
struct Block<'a> {
    run: &'a ProbedRun<'a>,
    probe: &'a Probe,
    left: f64,
    rows: Rows,
}

impl OutputsView<'_> {
    fn step_by_step(&self) -> Picture {
        let steps = self.group.steps();
        let frame = |&step: &usize| Frame::new(step, self.draw(&[step], LARGE));
        let frames = steps.iter().map(frame).collect();
        let caption = format!(
            "The first test image of each class goes through the network, one per row; a column shows \
             the outputs of a hidden layer, one square per unit. Where all images of a column are the \
             same, that layer no longer distinguishes the classes. Below each column is the standard \
             deviation across the images, averaged over the units. {} {}",
            self.statistics(),
            self.end()
        );
        self.picture("seen", "What the layers see", &caption, frames)
    }

    fn stages(&self) -> Picture {
        let last = self.group.last_step();
        let quarter = self.group.steps().range(..=last.div_ceil(4)).next_back().copied();
        let mut stages: Vec<_> = self.group.steps().first().copied().into_iter().collect();
        stages.extend(quarter.into_iter().chain([last]));
        stages.dedup();
        let frames = vec![Frame::new(last, self.draw(&stages, SMALL))];
        self.picture(
            "seen-stages",
            "What the layers see at the start, a quarter and the end",
            "The same outputs side by side: at the start, about a quarter of the way through \
             training, and at the end.",
            frames,
        )
    }

    /// Whether batch norm's outputs in training differ from those in inference.
    fn has_modes(&self) -> bool {
        self.group.probes().any(Probe::differs_in_training)
    }

    fn picture(&self, id: &str, title: &str, caption: &str, frames: Vec<Frame>) -> Picture {
        let activation = self.group.name();
        let missing = match self.without_image() {
            none if none.is_empty() => String::new(),
            classes => format!(" There is no test image of {}.", listed(&classes)),
        };
        Picture {
            id: format!("{id}-{}", self.group.activation),
            title: format!("{title}: {activation}"),
            caption: format!("{caption}{missing}"),
            alt: format!(
                "The outputs of the hidden layers with {activation} for a test image of each class as \
                 small grey images, the norms side by side.{missing} {}",
                self.end()
            ),
            topic: Topic::Outputs,
            has_modes: self.has_modes(),
            frames,
        }
    }

    /// The runs side by side, with a row for each of `steps`.
    fn draw(&self, steps: &[usize], cell: f64) -> String {
        let rows = Rows { top: HEAD, cell, count: self.rows };
        let block = rows.bottom() + FOOT;
        let run = (COLUMN * self.layers.len() as f64 + BETWEEN).max(NAMED);
        let runs = self.group.runs.len();
        let cells = Cells::new(runs, runs * steps.len(), (run, block), 4.0);
        let height = cells.size().1 + NOTE;
        let mut svg = Svg::new(cells.size().0 + 4.0, height);
        let narrow = cells.narrow_size();
        svg.narrow(narrow.0.max(LEAST) + 4.0, narrow.1 + NOTE);
        for (line, &step) in steps.iter().enumerate() {
            for (column, run_of) in self.group.runs.iter().enumerate() {
                let at = (run * column as f64 + BETWEEN, block * line as f64);
                let rows = Rows { top: at.1 + HEAD, ..rows };
                let shift = cells.shift(line * runs + column);
                svg.moved(shift, |svg| self.block(svg, at, run_of, step, rows));
            }
        }
        svg.moved((0.0, narrow.1 - cells.size().1), |svg| {
            svg.text((4.0, height - 6.0), &self.note(), &[]);
        });
        svg.finish()
    }

    /// The outputs of one run's layers at a step.
    fn block(
        &self,
        svg: &mut Svg,
        (left, top): (f64, f64),
        run: &ProbedRun,
        step: usize,
        rows: Rows,
    ) {
        let Some(probe) = run.at(step) else { return };
        let rest = format!(", step {}", probe.step);
        norm_label(svg, (left, top + 16.0), run.norm, &rest);
        for row in 0..rows.count {
            let at = (left - 5.0, rows.middle(row) + HALF_A_DIGIT);
            svg.text(at, &self.group.class(row), &[END]);
        }
        svg.text((left - 5.0, rows.top - 6.0), "layer", &[END]);
        // On a background as dark as the images, lines separate the rows.
        let (from, to) = (left, left + COLUMN * self.layers.len() as f64);
        let lines = (1..rows.count).map(|row| (rows.at(row - 1) + rows.cell + rows.at(row)) / 2.0);
        let lines = lines.map(|y| polyline([(from, y), (to, y)]));
        svg.path(&lines.collect::<String>(), GRID);
        let block = Block { run, probe, left, rows };
        let columns = |svg: &mut Svg, mode| self.columns(svg, &block, mode);
        if probe.differs_in_training() {
            // The page switches between the two; elsewhere the first one is shown.
            svg.group(&[("class", TRAINING)], |svg| columns(svg, Mode::Training));
            let hidden = [("class", INFERENCE), ("display", "none")];
            svg.group(&hidden, |svg| columns(svg, Mode::Inference));
        } else {
            columns(svg, Mode::Training);
        }
    }

    /// A column for each layer of a run.
    fn columns(&self, svg: &mut Svg, block: &Block, mode: Mode) {
        let &Block { run, probe, left, rows } = block;
        for (column, &layer) in self.layers.iter().enumerate() {
            let Some(seen) = probe.hidden.get(layer) else { continue };
            let (outputs, spread) = seen.outputs_in(mode);
            let middle = left + COLUMN * column as f64 + 2.0 + rows.cell / 2.0;
            let greys = greys(self.group.activation, self.position, run, layer);
            let tiles = Tiles::column(outputs, greys, &probe.without_image);
            let (at, size) = rows.place(middle, &tiles);
            svg.png(at, size, &tiles.png());
            for &row in probe.without_image.iter().filter(|row| **row < rows.count) {
                svg.text((middle, rows.middle(row) + HALF_A_DIGIT), "–", &[MIDDLE]);
            }
            svg.text((middle, rows.top - 6.0), &(layer + 1).to_string(), &[MIDDLE]);
            let spread = Some(spread).filter(|spread| spread.is_finite());
            let spread = spread.map_or("–".to_owned(), in_five);
            svg.text((middle, rows.bottom() + 15.0), &spread, &[MIDDLE]);
        }
    }
}

/// The outputs that are black and white in a run's layer, the same at every step: the activation's range,
/// or 0 to the largest output at the end.
pub(super) fn greys(
    activation: &str,
    position: NormPosition,
    run: &ProbedRun,
    layer: usize,
) -> Greys {
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
    use super::super::tiles::tests::WIDTHS;
    use super::*;
    use crate::record::Images;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// A picture's PNG files, each with its x, y, width and height.
    fn images(svg: &str) -> Vec<([f64; 4], image::GrayAlphaImage)> {
        let image = |element: &str| {
            let value = |name: &str| {
                let (_, rest) = element.split_once(&format!(" {name}=\"")).unwrap();
                rest.split_once('"').unwrap().0
            };
            let file = value("href").strip_prefix("data:image/png;base64,").unwrap();
            let file = STANDARD.decode(file).unwrap();
            let pixels = image::load_from_memory(&file).unwrap().to_luma_alpha8();
            (["x", "y", "width", "height"].map(|name| value(name).parse().unwrap()), pixels)
        };
        svg.split("<image").skip(1).map(|rest| image(rest.split("/>").next().unwrap())).collect()
    }

    /// The y of each text equal to `words`, in the order of the picture.
    fn baselines(svg: &str, words: &str) -> Vec<f64> {
        let texts = svg.split("<text").filter(|text| text.contains(&format!(">{words}</text>")));
        texts.map(|text| text.split('"').nth(3).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn a_column_holds_every_output_at_its_grey() {
        let pictures = pictures(&sample::records());
        let found = images(&pictures[0].frames[0].svg);
        assert_eq!(found.len(), 6, "three runs, two layers");
        // Ten images of 2 x 2 outputs, each a square of five pixels.
        let (_, pixels) = &found[0];
        assert_eq!(pixels.dimensions(), (10, 109));
        let at = |number: u32| (5 * (number % 2), 11 * (number / 4) + 5 * (number / 2 % 2));
        let drawn = |number| pixels.get_pixel(at(number).0 + 4, at(number).1 + 4).0;
        let outputs = sample::probe("sigmoid-none", 0, 1).hidden[0].outputs.bytes();
        let expected: Vec<_> = outputs.into_iter().map(|grey| [grey, 255]).collect();
        assert_eq!((0..40).map(drawn).collect::<Vec<_>>(), expected);
    }

    /// The lesson's records with layers of other widths, and classes without a test image.
    fn of_widths(widths: &[usize], without_image: &[usize]) -> Records {
        let mut records = sample::records();
        for probe in &mut records.probes {
            let layer = |(at, &width): (usize, &usize)| {
                let mut layer = sample::probe(&probe.run, probe.step, 1).hidden.remove(0);
                layer.layer = format!("layer{}", at + 1);
                layer.outputs = Images::new(&vec![0.5; 10 * width], width);
                layer
            };
            probe.hidden = widths.iter().enumerate().map(layer).collect();
            probe.without_image = without_image.to_vec();
        }
        records
    }

    /// How far the middle of the column's image at `y` is from `y`, and the image's height.
    fn off([_, top, _, height]: [f64; 4], pixels: &image::GrayAlphaImage, y: f64) -> (f64, f64) {
        let unit = height / f64::from(pixels.height());
        let at = ((y - top) / unit) as u32;
        let opaque = |y: &u32| pixels.get_pixel(0, *y).0[1] == 255;
        let first = at - (0..at).rev().take_while(opaque).count() as u32;
        let end = at + (at..pixels.height()).take_while(opaque).count() as u32;
        (top + unit * f64::from(first + end) / 2.0 - y, unit * f64::from(end - first))
    }

    #[test]
    fn every_row_stands_at_its_digit_whatever_the_layers_widths() {
        for widths in WIDTHS.chunks(LAYERS) {
            for (picture, cell) in pictures(&of_widths(widths, &[])).iter().zip([LARGE, SMALL]) {
                let svg = &picture.frames.last().unwrap().svg;
                let found = images(svg);
                // These digits appear once in a block: the others are layers' numbers, too.
                for digit in [0, 7, 8, 9] {
                    let labels = baselines(svg, &digit.to_string());
                    assert_eq!(found.len(), labels.len() * widths.len(), "{widths:?} {digit}");
                    for (at, (place, pixels)) in found.iter().enumerate() {
                        let width = widths[at % widths.len()];
                        let middle = labels[at / widths.len()] - HALF_A_DIGIT;
                        let (off, height) = off(*place, pixels, middle);
                        assert!(off.abs() < 0.2, "{width} {digit}: {off}");
                        assert!(height > 0.4 * cell && height < 1.05 * cell, "{width}: {height}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_class_without_a_test_image_is_a_dash() {
        let pictures = pictures(&of_widths(&[16, 9], &[4]));
        let svg = &pictures[0].frames[0].svg;
        let dashes = baselines(svg, "–");
        assert_eq!(dashes.len(), 6, "three runs, two layers");
        let label = *baselines(svg, "4").last().unwrap();
        assert!(dashes.iter().all(|y| *y == label), "{dashes:?} {label}");
        for ([_, y, _, height], pixels) in images(svg) {
            let unit = height / f64::from(pixels.height());
            let opaque = |middle: f64| pixels.get_pixel(3, ((middle - y) / unit) as u32).0[1];
            let around = [-33.0, 0.0, 33.0].map(|down| opaque(label - HALF_A_DIGIT + down));
            assert_eq!(around, [255, 0, 255]);
        }
        assert!(svg.contains("; –: no test image<"), "{svg:.200}");
        for words in [&pictures[1].caption, &pictures[1].alt] {
            assert!(words.contains("There is no test image of 4."), "{words}");
        }
        assert!(!super::pictures(&sample::records())[0].caption.contains("no test image"));
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
        let said = "differ by 0 without a norm, 0.25 with batch norm";
        assert!(pictures[0].caption.contains(said) && !pictures[1].caption.contains(said));
        assert!(
            pictures[..2].iter().all(|picture| picture.alt.contains(said)),
            "for who cannot see"
        );
        let stages = &pictures[1].frames;
        assert_eq!(stages.len(), 1);
        let words = ["no norm, step 0<", "no norm, step 10<", "no norm, step 100<"];
        assert!(words.iter().all(|words| stages[0].svg.contains(words)));
    }
}
