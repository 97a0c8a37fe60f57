//! What the first layer looks for: the weights into its first units as images, before and after training.

use super::number::figure;
use super::panel::norm_label;
use super::picture::{Frame, Picture, Topic};
use super::probed::{Group, ProbedRun, groups};
use super::records::Records;
use super::reflow::Cells;
use super::svg::Svg;
use super::tiles::{Greys, Tiles, side};
use crate::record::Images;

/// Images side by side in a run.
const ACROSS: usize = 4;

const COLUMN: f64 = 216.0;
const WIDE: f64 = 196.0;
const LEFT: f64 = 6.0;
const KEY: f64 = 24.0;
const HEAD: f64 = 20.0;
const BELOW: f64 = 12.0;
const NOTE: f64 = 22.0;

/// The least width on a narrow screen: the images would be oversized there.
const LEAST: f64 = 320.0;

/// A picture for each activation whose runs have first-layer weights that form square images.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    groups(records).iter().filter_map(picture).collect()
}

/// A run's first-layer weights, with their step, from the first and the last probe that has them.
fn before_and_after<'a>(run: &ProbedRun<'a>) -> Vec<(usize, &'a Images)> {
    let square = |images: &&Images| images.width > 0 && side(images.width).pow(2) == images.width;
    let all = run
        .probes
        .iter()
        .filter_map(|probe| Some((probe.step, probe.first_weights.as_ref().filter(square)?)));
    let all: Vec<_> = all.collect();
    match all.as_slice() {
        [first, .., last] => vec![*first, *last],
        one => one.to_vec(),
    }
}

fn picture(group: &Group) -> Option<Picture> {
    let activation = group.name();
    let shown: Vec<_> = group.runs.iter().map(|run| (run.norm, before_and_after(run))).collect();
    let images = || shown.iter().flat_map(|(_, stages)| stages.iter().map(|stage| stage.1));
    let ends = images().flat_map(|images| [images.low.abs(), images.high.abs()]);
    let white = ends.filter(|end| end.is_finite()).reduce(f32::max)?;
    let count = images().map(|images| images.bytes().len() / images.width).max()?;
    let step = group.steps().last().copied()?;
    let scale = figure(white.into());
    Some(Picture {
        id: format!("filters-{}", group.activation),
        title: format!("First-layer weights: {activation}"),
        caption: format!(
            "The weights from the pixels into the first {count} units of the first layer, one image \
             each, before and after training. In all images grey is 0, white {scale}, black -{scale}. Where \
             the two rows look the same, the first layer learned nothing."
        ),
        alt: format!(
            "The weights into the first {count} units of the first layer as images, with {activation}, \
             before and after training, the norms side by side."
        ),
        topic: Topic::Parameters,
        has_modes: false,
        frames: vec![Frame::new(step, draw(&shown, white))],
    })
}

fn draw(shown: &[(&str, Vec<(usize, &Images)>)], white: f32) -> String {
    let tiles = |images: &Images| {
        let gap = side(images.width).div_ceil(14);
        Tiles::new(images, Greys { black: -white, white }, ACROSS, gap)
    };
    let height = |tiles: &Tiles| WIDE * tiles.height as f64 / tiles.width as f64;
    let all: Vec<Vec<(usize, Tiles)>> = shown
        .iter()
        .map(|(_, stages)| stages.iter().map(|(step, images)| (*step, tiles(images))).collect())
        .collect();
    let tallest = all.iter().flatten().map(|(_, tiles)| height(tiles)).fold(0.0, f64::max);
    let rows = all.iter().map(Vec::len).max().unwrap_or(0);
    let row = HEAD + tallest + BELOW;
    let block = KEY + row * rows as f64;
    let cells = Cells::new(shown.len(), shown.len(), (COLUMN, block), 0.0);
    let (whole, narrow) = (cells.size(), cells.narrow_size());
    let mut svg = Svg::new(whole.0, whole.1 + NOTE);
    svg.narrow(narrow.0.max(LEAST), narrow.1 + NOTE);
    for (column, ((norm, _), stages)) in shown.iter().zip(&all).enumerate() {
        let left = COLUMN * column as f64 + LEFT;
        svg.moved(cells.shift(column), |svg| {
            norm_label(svg, (left, 16.0), norm, "");
            for (line, (step, tiles)) in stages.iter().enumerate() {
                let top = KEY + row * line as f64;
                svg.text((left, top + 13.0), &format!("step {step}"), &[]);
                svg.png((left, top + HEAD), (WIDE, height(tiles)), &tiles.png());
            }
        });
    }
    let scale = figure(white.into());
    svg.moved((0.0, narrow.1 - whole.1), |svg| {
        let at = (LEFT, whole.1 + NOTE - 6.0);
        svg.text(at, &format!("black -{scale}, grey 0, white {scale}"), &[]);
    });
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn first_and_last_weights_stand_below_each_other() {
        let pictures = pictures(&sample::records());
        assert_eq!(pictures.len(), 2);
        let svg = &pictures[0].frames[0].svg;
        assert_eq!(svg.matches("<image").count(), 6);
        // Step 10 has none.
        let steps = [0, 10, 100].map(|step| svg.matches(&format!(">step {step}<")).count());
        assert_eq!(steps, [3, 0, 3]);
        assert!(pictures[0].caption.contains("white 0.50, black -0.50"), "{}", pictures[0].caption);
    }

    #[test]
    fn weights_that_are_no_square_images_are_no_picture() {
        let mut records = sample::records();
        for probe in &mut records.probes {
            probe.first_weights = Some(Images::new(&[0.0; 12], 6));
        }
        assert_eq!(pictures(&records), []);
    }
}
