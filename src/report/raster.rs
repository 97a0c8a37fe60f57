//! A canvas with few colours for the frames of the animation: rectangles, lines, grey images, and text
//! in Noto Sans Mono.

use super::style::stroke;
use super::tiles::{Tiles, png};
use crate::config::Norm;
use image::ExtendedColorType;
use image::codecs::png::CompressionType;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

/// The number of greys in the palette, from black to white, and the distance between them.
const GREYS: u8 = 16;
const APART: u8 = 17;

/// A colour, as an index into the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(u8);

impl Colour {
    pub(super) const BLACK: Self = Self(0);
    pub(super) const WHITE: Self = Self(GREYS - 1);
    /// For the lines of axes.
    pub(super) const LIGHT: Self = Self(GREYS - 4);

    /// The palette's nearest grey.
    fn grey(level: u8) -> Self {
        Self((level.saturating_add(APART / 2)) / APART)
    }

    /// A norm's colour.
    pub(super) fn norm(norm: &str) -> Self {
        let place = Norm::ALL.iter().position(|known| known.name() == norm).unwrap_or(0);
        Self(GREYS + 2 * place as u8)
    }

    /// The same colour for areas.
    pub(super) fn pale(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The palette: red, green and blue of each colour.
pub(super) fn palette() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..GREYS).flat_map(|grey| [APART * grey; 3]).collect();
    for norm in Norm::ALL {
        let number = u32::from_str_radix(&stroke(norm.name()).colour[1..], 16).unwrap_or(0);
        let [_, full @ ..] = number.to_be_bytes();
        bytes.extend(full);
        bytes.extend(full.map(|part| 255 - (255 - part) / 5 * 2));
    }
    bytes
}

/// An image with a palette index per pixel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Canvas {
    /// A PNG file of it.
    pub(super) fn png(&self) -> Vec<u8> {
        let palette = palette();
        let colour = |&place: &u8| {
            let at = 3 * usize::from(place);
            [0, 1, 2].map(|part| palette[at + part])
        };
        let pixels: Vec<u8> = self.pixels.iter().flat_map(colour).collect();
        png(&pixels, (self.width, self.height), ExtendedColorType::Rgb8, CompressionType::Default)
    }

    /// A white canvas.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![Colour::WHITE.0; width * height] }
    }

    /// Sets one pixel; does nothing outside the canvas.
    fn dot(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour.0;
        }
    }

    /// A rectangle from its upper left corner.
    pub(super) fn fill(&mut self, at: (usize, usize), size: (usize, usize), colour: Colour) {
        for y in at.1..at.1 + size.1 {
            (at.0..at.0 + size.0).for_each(|x| self.dot(x, y, colour));
        }
    }

    /// A line through points, two pixels wide, with a norm's dashes.
    pub(super) fn line(&mut self, points: &[(f64, f64)], colour: Colour, dashes: &str) {
        let dashes: Vec<f64> = dashes.split(' ').filter_map(|part| part.parse().ok()).collect();
        let whole: f64 = dashes.iter().sum();
        let mut gone = 0.0;
        for two in points.windows(2) {
            let ((x, y), to) = (two[0], two[1]);
            let (across, down) = (to.0 - x, to.1 - y);
            let length = across.hypot(down);
            if !length.is_finite() {
                continue;
            }
            let dots = length.ceil().max(1.0);
            for dot in 0..=dots as usize {
                let part = dot as f64 / dots;
                if whole == 0.0 || is_drawn(&dashes, (gone + part * length) % whole) {
                    let at = ((x + part * across) as usize, (y + part * down) as usize);
                    self.fill(at, (2, 2), colour);
                }
            }
            gone += length;
        }
    }

    /// Text, 16 pixels high, from its upper left corner.
    pub(super) fn text(&mut self, at: (usize, usize), words: &str) {
        let mut left = at.0;
        for letter in words.chars() {
            let known = |letter| get_raster(letter, FontWeight::Regular, RasterHeight::Size16);
            let Some(raster) = known(letter).or_else(|| known('?')) else { continue };
            for (y, row) in raster.rows().enumerate() {
                for (x, &ink) in row.iter().enumerate().filter(|(_, ink)| **ink > 0) {
                    self.dot(left + x, at.1 + y, Colour::grey(255 - ink));
                }
            }
            left += raster.width();
        }
    }

    /// One of a column's images, centred in a square given by its upper left corner; each number is drawn as
    /// a square or part of one.
    pub(super) fn tile(&mut self, at: (usize, usize), side: usize, tiles: &Tiles, image: usize) {
        let height = tiles.height_at(side).max(1);
        let top = at.1 + side.saturating_sub(height) / 2;
        for (x, y) in (0..height).flat_map(|y| (0..side).map(move |x| (x, y))) {
            if let Some(grey) = tiles.grey_within(image, (x, y), side) {
                self.dot(at.0 + x, top + y, Colour::grey(grey));
            }
        }
    }
}

/// Whether a position in the dash pattern is in a dash, not in a gap.
fn is_drawn(dashes: &[f64], mut place: f64) -> bool {
    for (at, length) in dashes.iter().enumerate() {
        if place < *length {
            return at % 2 == 0;
        }
        place -= length;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Images;
    use crate::report::tiles::Greys;

    fn count(canvas: &Canvas, colour: Colour) -> usize {
        canvas.pixels.iter().filter(|&&pixel| pixel == colour.0).count()
    }

    #[test]
    fn the_palette_has_every_colour() {
        let palette = palette();
        let rgb = |colour: Colour| &palette[3 * usize::from(colour.0)..][..3];
        assert_eq!(rgb(Colour::WHITE), [255; 3]);
        assert_eq!(rgb(Colour::norm("batch")), [0x00, 0x72, 0xb2]);
        assert_eq!(rgb(Colour::norm("rms").pale()).len(), 3);
        assert_eq!(Colour::grey(255), Colour::WHITE);
        assert_eq!(Colour::grey(7), Colour::BLACK);
    }

    #[test]
    fn what_lies_beyond_the_canvas_is_not_drawn() {
        let mut canvas = Canvas::new(30, 20);
        canvas.fill((28, 18), (5, 5), Colour::BLACK);
        assert_eq!(count(&canvas, Colour::BLACK), 4);
        canvas.line(&[(0.0, 0.0), (f64::NAN, 5.0), (40.0, 50.0)], Colour::norm("layer"), "none");
        canvas.text((25, 10), "Wé");
        assert_eq!(count(&canvas, Colour::norm("layer")), 0);
    }

    #[test]
    fn dashes_leave_gaps() {
        let drawn = |dashes| {
            let mut canvas = Canvas::new(120, 10);
            canvas.line(&[(0.0, 5.0), (100.0, 5.0)], Colour::norm("layer"), dashes);
            count(&canvas, Colour::norm("layer"))
        };
        assert_eq!(drawn("none"), 2 * 102);
        assert!(drawn("5 5") < 2 * 75, "{}", drawn("5 5"));
    }

    #[test]
    fn an_image_is_drawn_in_squares() {
        let images = Images::new(&[0.0, 1.0, 1.0, 0.0], 4);
        let tiles = Tiles::column(&images, Greys { black: 0.0, white: 1.0 }, &[]);
        let mut canvas = Canvas::new(4, 4);
        canvas.tile((0, 0), 4, &tiles, 0);
        let (black, white) = (Colour::BLACK.0, Colour::WHITE.0);
        assert_eq!(canvas.pixels[..4], [black, black, white, white]);
        assert_eq!(canvas.pixels[12..], [white, white, black, black]);
    }
}
