//! The training as an animation: where the inputs of the last hidden activation lie, what the layers
//! see, and how many test images are read rightly, all runs side by side and step by step.

use super::axis::{Axis, Range};
use super::bins::shares;
use super::layer_outputs::{greys, rows};
use super::number::short_percent;
use super::panel::Panel;
use super::probed::{Group, ProbedRun, groups, spread_evenly};
use super::raster::{Canvas, Colour, palette};
use super::records::Records;
use super::ridges::Scene;
use super::style::stroke;
use super::tiles::{Rows, Tiles};
use crate::config::NormPosition;
use crate::error::{Error, Result};
use crate::record::{Mode, Probe};
use gif::{Encoder, Frame, Repeat};
use std::collections::BTreeSet;

/// Frames at most.
const FRAMES: usize = 60;

/// How long a frame stays, and the last one, in hundredths of a second.
const STAY: u16 = 14;
const STAY_LAST: u16 = 400;

/// The place in the palette, behind its colours, that lets what was there before shine through.
const NONE: u8 = 31;

/// What one run takes, and the line above all of them.
const WIDTH: usize = 290;
const HEIGHT: usize = 276;
const HEAD: usize = 26;

/// The histogram and the activation's curve of a run.
const PLOT: f64 = 140.0;
const TALL: f64 = 110.0;
const CURVE: f64 = 44.0;

/// What the layers of a run see: columns at most, and the width of one.
const LAYERS: usize = 5;
const IMAGE: usize = 20;

/// The width of a digit and the height of words.
const DIGIT: usize = 8;
const WORDS: usize = 16;

/// The chart of an activation's runs: its height, and all around it.
const CHART: f64 = 100.0;
const FOOT: usize = 166;

/// The training, frame by frame.
#[derive(Clone, Debug)]
pub struct Animation {
    steps: Vec<usize>,
    frames: Vec<Canvas>,
}

impl Animation {
    /// The animation of a run; nothing where no hidden layer was probed.
    #[must_use]
    pub fn of(records: &Records) -> Option<Self> {
        let mut groups = groups(records);
        groups.retain(|group| group.depth() > 0);
        let all: BTreeSet<usize> = groups.iter().flat_map(Group::steps).collect();
        let all = Vec::from_iter(all);
        let steps: Vec<_> = spread_evenly(all.len(), FRAMES).iter().map(|&at| all[at]).collect();
        let &last = steps.last()?;
        let layout = FrameLayout { records, scenes: groups.iter().map(Scene::new).collect(), last };
        let frames = steps.iter().map(|&step| layout.frame(step)).collect();
        Some(Self { steps, frames })
    }

    /// `training.gif`.
    ///
    /// # Errors
    /// [`Error::Data`] when it cannot be put together, as with more runs than fit a picture.
    pub fn gif(&self) -> Result<Vec<u8>> {
        encoded(&self.frames).map_err(|error| {
            Error::Data(format!("the animation of the training cannot be put together: {error}"))
        })
    }

    /// Each frame as a PNG file, with the steps done.
    pub fn pngs(&self) -> impl Iterator<Item = (usize, Vec<u8>)> {
        self.steps.iter().zip(&self.frames).map(|(&step, frame)| (step, frame.png()))
    }
}

fn encoded(frames: &[Canvas]) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut file = Vec::new();
    let Some(first) = frames.first() else { return Ok(file) };
    let (width, height) = (u16::try_from(first.width)?, u16::try_from(first.height)?);
    let mut encoder = Encoder::new(&mut file, width, height, &palette())?;
    encoder.set_repeat(Repeat::Infinite)?;
    for (at, canvas) in frames.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &frames[before]);
        let pixels = before.map_or_else(|| canvas.pixels.clone(), |before| changed(canvas, before));
        let mut frame = Frame::from_indexed_pixels(width, height, pixels, Some(NONE));
        frame.delay = if at + 1 == frames.len() { STAY_LAST } else { STAY };
        encoder.write_frame(&frame)?;
    }
    drop(encoder);
    Ok(file)
}

/// The pixels of a frame without those that were the same before: they make the file larger.
fn changed(canvas: &Canvas, before: &Canvas) -> Vec<u8> {
    let pixels = canvas.pixels.iter().zip(&before.pixels);
    pixels.map(|(new, old)| if new == old { NONE } else { *new }).collect()
}

/// What all frames have in common.
struct FrameLayout<'a> {
    records: &'a Records,
    scenes: Vec<Scene<'a>>,
    /// The last step.
    last: usize,
}

impl FrameLayout<'_> {
    fn frame(&self, step: usize) -> Canvas {
        let columns = self.scenes.iter().map(|scene| scene.group.runs.len()).max().unwrap_or(0);
        let width = WIDTH * columns.max(2);
        let runs = HEAD + HEIGHT * self.scenes.len();
        let mut canvas = Canvas::new(width, runs + FOOT);
        let whose = self.records.several().map_or("", |_| "; layers of replica 0");
        let uneven = self.scenes.iter().any(|scene| scene.group.is_unevenly_probed());
        let frames = if uneven { "; frames at unevenly spaced steps" } else { "" };
        canvas.text((10, 6), &format!("step {step} of {}{whose}{frames}", self.last));
        let share = width / self.scenes.len().max(1);
        for (row, scene) in self.scenes.iter().enumerate() {
            for (column, run) in scene.group.runs.iter().enumerate() {
                let at = (WIDTH * column + 10, HEAD + HEIGHT * row);
                self.run(&mut canvas, at, scene, run, step);
            }
            let at = (share * row + 10, runs);
            self.accuracy(&mut canvas, at, share.saturating_sub(24).max(1), scene.group, step);
        }
        canvas
    }

    /// One run at a step: its histogram above the activation's curve, and beside it what layers see.
    fn run(
        &self,
        canvas: &mut Canvas,
        at: (usize, usize),
        scene: &Scene,
        run: &ProbedRun,
        step: usize,
    ) {
        let Some(probe) = run.at(step) else { return };
        let look = stroke(run.norm);
        let name = format!("{}, {}", scene.group.name(), look.label);
        let (left, top) = (at.0 as f64, at.1 as f64);
        key(canvas, at, run.norm, &name);
        let panel = Panel {
            left,
            top: top + 26.0,
            width: PLOT,
            height: TALL,
            x: Axis::linear(scene.x),
            y: Axis::percent(),
        };
        histogram(canvas, &panel, scene, probe, Colour::norm(run.norm));
        curve(canvas, &panel, scene);
        let below = at.1 + 26 + (TALL + CURVE) as usize + 12;
        canvas.text((at.0, below), &format!("{:.0} to {:.0}: input", scene.x.low, scene.x.high));
        canvas.text((at.0, below + 16), "to the last hidden");
        canvas.text((at.0, below + 32), &format!("layer, step {}", probe.step));
        canvas.text((at.0, below + 48), "height: sqrt(share)");
        let images = (at.0 + PLOT as usize + 20, at.1 + 26);
        self.images(canvas, images, scene.group, run, probe);
    }

    /// What the layers see: a column for each, a row for each digit.
    fn images(
        &self,
        canvas: &mut Canvas,
        at: (usize, usize),
        group: &Group,
        run: &ProbedRun,
        probe: &Probe,
    ) {
        let position: NormPosition = self.records.experiment.norm_position;
        let rows = Rows { top: at.1 as f64, cell: IMAGE as f64, count: rows(group) };
        let shown = spread_evenly(probe.hidden.len(), LAYERS);
        for row in 0..rows.count {
            let (top, number) = (rows.at(row) as usize, row.to_string());
            let left = at.0.saturating_sub(DIGIT * number.len() + 3);
            // Words are less high than an image.
            canvas.text((left, top + (IMAGE - WORDS) / 2), &number);
            if probe.without_image.contains(&row) {
                let dash = |column| (at.0 + (IMAGE + 4) * column + 6, top + (IMAGE - WORDS) / 2);
                (0..shown.len()).for_each(|column| canvas.text(dash(column), "-"));
            }
        }
        for (column, &layer) in shown.iter().enumerate() {
            let greys = greys(group.activation, position, run, layer);
            let (outputs, _) = probe.hidden[layer].outputs_in(Mode::Training);
            let tiles = Tiles::column(outputs, greys, &probe.without_image);
            for row in 0..rows.count {
                let corner = (at.0 + (IMAGE + 4) * column, rows.at(row) as usize);
                canvas.tile(corner, IMAGE, &tiles, row);
            }
        }
        let spread = probe.hidden.last().map(|layer| layer.output_spread);
        if let Some(spread) = spread.filter(|spread| spread.is_finite()) {
            canvas.text((at.0, rows.bottom() as usize + 2), &format!("spread {spread:.3}"));
        }
    }

    /// The test accuracy of an activation's runs up to a step, from 0 to 100 %.
    fn accuracy(
        &self,
        canvas: &mut Canvas,
        at: (usize, usize),
        width: usize,
        group: &Group,
        step: usize,
    ) {
        let (left, top) = (at.0 as f64, at.1 as f64 + 38.0);
        let panel = Panel {
            left,
            top,
            width: width as f64,
            height: CHART,
            x: Axis::whole(Range { low: 0.0, high: self.last.max(1) as f64 }),
            y: Axis::percent(),
        };
        let mut reads = Vec::new();
        for share in [0.0, 0.5, 1.0] {
            let y = panel.at_y(share) as usize;
            canvas.fill((at.0, y), (width, 1), Colour::LIGHT);
        }
        canvas.fill(
            (panel.at_x(step as f64) as usize, top as usize),
            (1, CHART as usize),
            Colour::BLACK,
        );
        for run in &group.runs {
            let name = run.last().map_or("", |probe| probe.run.as_str());
            let past =
                self.records.evaluations_of(name).filter(|evaluation| evaluation.step <= step);
            let past: Vec<_> =
                past.map(|evaluation| (evaluation.step as f64, evaluation.test_accuracy)).collect();
            let points: Vec<_> = past.iter().map(|&(step, share)| panel.at(step, share)).collect();
            canvas.line(&points, Colour::norm(run.norm), stroke(run.norm).dashes);
            if let Some((_, share)) = past.last().filter(|(_, share)| share.is_finite()) {
                reads.push(format!("{} {}", run.norm, short_percent(*share)));
            }
        }
        let accuracy = match self.records.several() {
            Some(_) => "median test accuracy",
            None => "test accuracy",
        };
        canvas.text(at, &format!("{}: {accuracy}, 0 to 100 %", group.name()));
        canvas.text((at.0, at.1 + 16), &reads.join(", "));
    }
}

/// A norm's line with words behind it.
fn key(canvas: &mut Canvas, at: (usize, usize), norm: &str, words: &str) {
    let (x, y) = (at.0 as f64, at.1 as f64 + 8.0);
    canvas.line(&[(x, y), (x + 26.0, y)], Colour::norm(norm), stroke(norm).dashes);
    canvas.text((at.0 + 34, at.1), words);
}

/// The last hidden layer's inputs as a histogram whose heights grow with the square root of the share.
fn histogram(canvas: &mut Canvas, panel: &Panel, scene: &Scene, probe: &Probe, colour: Colour) {
    let Some(layer) = probe.hidden.last() else { return };
    let bars: Vec<_> = shares(&layer.histogram, scene.x).collect();
    let mut top = Vec::new();
    for x in 0..panel.width as usize {
        let bar = bars.get(x * bars.len() / panel.width as usize);
        let height = bar.map_or(0.0, |(_, share)| scene.height(*share));
        let (x, y) = (panel.left + x as f64, panel.at_y(height));
        canvas.fill((x as usize, y as usize), (1, (panel.bottom() - y) as usize), colour.pale());
        top.push((x, y));
    }
    canvas.line(&top, colour, "none");
}

/// The activation's curve below its inputs.
fn curve(canvas: &mut Canvas, above: &Panel, scene: &Scene) {
    let y = Range::of(scene.curve.iter().map(|point| point.1)).rounded();
    let y = Axis::linear(y);
    let panel = Panel { top: above.bottom() + 8.0, height: CURVE, y, ..*above };
    let middle = panel.at_x(0.0) as usize;
    canvas.fill((middle, above.top as usize), (1, (TALL + CURVE) as usize + 8), Colour::LIGHT);
    let points: Vec<_> = scene.curve.iter().map(|&(x, y)| panel.at(x, y)).collect();
    canvas.line(&points, Colour::BLACK, "none");
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::super::tiles::tests::WIDTHS;
    use super::*;
    use crate::record::Images;

    fn training_gif(records: &Records) -> Result<Option<Vec<u8>>> {
        Animation::of(records).map(|animation| animation.gif()).transpose()
    }

    #[test]
    fn a_frame_s_file_has_its_colours() {
        let animation = Animation::of(&sample::records()).unwrap();
        let files: Vec<_> = animation.pngs().collect();
        assert_eq!(files.iter().map(|(step, _)| *step).collect::<Vec<_>>(), sample::STEPS);
        let image = image::load_from_memory(&files[0].1).unwrap().to_rgb8();
        assert_eq!(image.dimensions(), (870, 744));
        assert_eq!(image.get_pixel(0, 0).0, [255; 3]);
        assert!(image.pixels().any(|pixel| pixel.0 == [0x00, 0x72, 0xb2]), "batch norm's blue");
    }

    fn read(file: &[u8]) -> Vec<gif::Frame<'static>> {
        let mut decoder = gif::DecodeOptions::new().read_info(file).unwrap();
        std::iter::from_fn(|| decoder.read_next_frame().unwrap().cloned()).collect()
    }

    #[test]
    fn every_probe_is_a_frame_and_the_frames_differ() {
        let file = training_gif(&sample::records()).unwrap().unwrap();
        let frames = read(&file);
        assert_eq!(frames.len(), sample::STEPS.len());
        assert_eq!((frames[0].width, frames[0].height), (870, 744));
        assert!(frames.windows(2).all(|two| two[0].buffer != two[1].buffer));
        assert_eq!(frames.last().unwrap().delay, STAY_LAST);
    }

    #[test]
    fn accuracy_and_outputs_are_drawn_as_recorded() {
        let last = |records: &Records| {
            let file = training_gif(records).unwrap().unwrap();
            read(&file).pop().unwrap().buffer.into_owned()
        };
        let mut records = sample::records();
        let first = read(&training_gif(&records).unwrap().unwrap()).remove(0);
        let before = last(&records);
        records.evaluations[1].test_accuracy = 0.9;
        let better = last(&records);
        assert!(before != better);
        let again = read(&training_gif(&records).unwrap().unwrap()).remove(0);
        assert!(first.buffer == again.buffer, "what comes later does not show before its step");
        records.probes[2].hidden[1].outputs.hex = "ff".repeat(40);
        assert!(better != last(&records));
    }

    /// The rows of pixels of a frame's first line of runs that have a pixel as dark as this in some
    /// columns of pixels, together where they follow each other.
    fn rows_with(frame: &Canvas, columns: std::ops::Range<usize>, dark: u8) -> Vec<Vec<usize>> {
        let row = |y: usize| &frame.pixels[y * frame.width..][columns.clone()];
        let is_dark = |y: &usize| row(*y).iter().any(|pixel| *pixel <= dark);
        let found: Vec<usize> = (HEAD + 26..HEAD + HEIGHT - 26).filter(is_dark).collect();
        found.chunk_by(|one, next| one + 1 == *next).map(<[usize]>::to_vec).collect()
    }

    #[test]
    fn every_row_stands_at_its_digit_whatever_the_layer_s_width() {
        // Where the first run's images begin, and its digits before them.
        let left = 10 + PLOT as usize + 20;
        for width in WIDTHS {
            let mut records = sample::records();
            for probe in &mut records.probes {
                probe.hidden.truncate(1);
                probe.hidden[0].output_spread = f64::NAN;
                probe.hidden[0].outputs = Images::new(&vec![0.0; 10 * width], width);
                probe.without_image = vec![6];
            }
            let frame = Animation::of(&records).unwrap().frames.remove(0);
            let tiles = rows_with(&frame, left..left + 2, 0);
            let mut digits = rows_with(&frame, left - DIGIT - 3..left - 3, 9);
            assert_eq!((tiles.len(), digits.len()), (9, 10), "{width}: {tiles:?} {digits:?}");
            digits.remove(6);
            let middle = |rows: &Vec<usize>| (rows[0] + rows[rows.len() - 1]) as f64 / 2.0;
            for (tile, digit) in tiles.iter().map(middle).zip(digits.iter().map(middle)) {
                assert!((tile - digit).abs() <= 1.5, "{width}: {tile} {digit}");
            }
        }
    }

    #[test]
    fn no_record_stops_the_animation() {
        for (name, records) in sample::odd() {
            assert!(training_gif(&records).is_ok(), "{name}");
        }
        assert!(training_gif(&sample::empty()).unwrap().is_none());
    }
}
