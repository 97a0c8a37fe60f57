//! The training as an animation: histograms of the inputs to the first and the last hidden activation, the
//! layers' outputs, and the test accuracy, all runs side by side and step by step.

mod layout;

use super::probed::{Group, groups, spread_evenly};
use super::raster::{Canvas, palette};
use super::records::Records;
use super::ridges::Scene;
use crate::error::{Error, Result};
use gif::{Encoder, Frame, Repeat};
use layout::FrameLayout;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// The most frames.
const FRAMES: usize = 60;

/// How long a frame stays, and how long the last one does, in hundredths of a second.
const STAY: u16 = 14;
const STAY_LAST: u16 = 400;

/// The index after the palette's colours that stands for transparency: it keeps the previous frame's pixel.
const NONE: u8 = 31;

/// The training, frame by frame.
#[derive(Clone, Debug)]
pub struct Animation {
    steps: Vec<usize>,
    frames: Vec<Canvas>,
}

impl Animation {
    /// The animation of a run; none if no hidden layer was probed.
    #[must_use]
    pub fn of(records: &Records) -> Option<Self> {
        let mut groups = groups(records);
        groups.retain(|group| group.depth() > 0);
        let all: BTreeSet<usize> = groups.iter().flat_map(Group::steps).collect();
        let all = Vec::from_iter(all);
        let steps: Vec<_> = spread_evenly(all.len(), FRAMES).iter().map(|&at| all[at]).collect();
        let &last = steps.last()?;
        let layout = FrameLayout { records, scenes: groups.iter().map(Scene::new).collect(), last };
        let frames = steps.par_iter().map(|&step| layout.frame(step)).collect();
        Some(Self { steps, frames })
    }

    /// `training.gif`.
    ///
    /// # Errors
    /// [`Error::Data`] when it cannot be encoded, for example because the runs do not fit in a picture.
    pub fn gif(&self) -> Result<Vec<u8>> {
        encoded(&self.frames)
            .map_err(|error| Error::Data(format!("cannot encode the training animation: {error}")))
    }

    /// Each frame as a PNG file, with its step.
    #[must_use]
    pub fn pngs(&self) -> Vec<(usize, Vec<u8>)> {
        let frames = self.steps.par_iter().zip(&self.frames);
        frames.map(|(&step, frame)| (step, frame.png())).collect()
    }
}

fn encoded(frames: &[Canvas]) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut file = Vec::new();
    let Some(first) = frames.first() else { return Ok(file) };
    let (width, height) = (u16::try_from(first.width)?, u16::try_from(first.height)?);
    let mut encoder = Encoder::new(&mut file, width, height, &palette())?;
    encoder.set_repeat(Repeat::Infinite)?;
    let compressed = frames.par_iter().enumerate().map(|(at, canvas)| {
        let before = at.checked_sub(1).map(|before| &frames[before]);
        let pixels = before.map_or_else(|| canvas.pixels.clone(), |before| changed(canvas, before));
        let mut frame = Frame::from_indexed_pixels(width, height, pixels, Some(NONE));
        frame.delay = if at + 1 == frames.len() { STAY_LAST } else { STAY };
        frame.make_lzw_pre_encoded();
        frame
    });
    for frame in compressed.collect::<Vec<_>>() {
        encoder.write_lzw_pre_encoded_frame(&frame)?;
    }
    drop(encoder);
    Ok(file)
}

/// A frame's pixels, transparent where they have not changed: that keeps the file small.
fn changed(canvas: &Canvas, before: &Canvas) -> Vec<u8> {
    let pixels = canvas.pixels.iter().zip(&before.pixels);
    pixels.map(|(new, old)| if new == old { NONE } else { *new }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::super::tiles::tests::WIDTHS;
    use super::layout::{DIGIT, HEAD, HEIGHT, IMAGES};
    use super::*;
    use crate::record::Images;

    fn training_gif(records: &Records) -> Result<Option<Vec<u8>>> {
        Animation::of(records).map(|animation| animation.gif()).transpose()
    }

    #[test]
    fn a_frame_s_file_has_its_colours() {
        let animation = Animation::of(&sample::records()).unwrap();
        let files = animation.pngs();
        assert_eq!(files.iter().map(|(step, _)| *step).collect::<Vec<_>>(), sample::STEPS);
        let image = image::load_from_memory(&files[0].1).unwrap().to_rgb8();
        assert_eq!(image.dimensions(), (1038, 1040));
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
        assert_eq!((frames[0].width, frames[0].height), (1038, 1040));
        assert!(frames.windows(2).all(|two| two[0].buffer != two[1].buffer));
        assert_eq!(frames.last().unwrap().delay, STAY_LAST);
    }

    #[test]
    fn both_ends_of_a_network_are_drawn() {
        let first = |records: &Records| Animation::of(records).unwrap().frames.remove(0);
        let before = first(&sample::records());
        for layer in [0, 1] {
            let mut records = sample::records();
            let counts = &mut records.probes[0].hidden[layer].histogram.counts;
            counts.rotate_right(1);
            assert!(before != first(&records), "layer {layer}");
        }
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
        assert!(first.buffer == again.buffer, "later values do not show before their step");
        records.probes[2].hidden[1].outputs.hex = "ff".repeat(40);
        assert!(better != last(&records));
    }

    /// The pixel rows of a frame's first line of runs that have a pixel at least as dark as `dark` within
    /// `columns`, grouped into consecutive rows.
    fn rows_with(frame: &Canvas, columns: std::ops::Range<usize>, dark: u8) -> Vec<Vec<usize>> {
        let row = |y: usize| &frame.pixels[y * frame.width..][columns.clone()];
        let is_dark = |y: &usize| row(*y).iter().any(|pixel| *pixel <= dark);
        let found: Vec<usize> = (HEAD + 26..HEAD + HEIGHT - 26).filter(is_dark).collect();
        found.chunk_by(|one, next| one + 1 == *next).map(<[usize]>::to_vec).collect()
    }

    #[test]
    fn every_row_stands_at_its_digit_whatever_the_layer_s_width() {
        // The first run's images begin here; its digits are to their left.
        let left = 10 + IMAGES;
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
