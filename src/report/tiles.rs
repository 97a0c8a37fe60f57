//! Rows of numbers as small grey images, in one PNG file.

use crate::record::Images;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// Which numbers are black and white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Greys {
    /// The number that is black.
    pub(super) black: f32,
    /// The number that is white.
    pub(super) white: f32,
}

impl Greys {
    /// A number's grey; black or white where it lies beyond.
    fn of(self, number: f32) -> u8 {
        let share = (number - self.black) / (self.white - self.black);
        (255.0 * share).round().clamp(0.0, 255.0) as u8
    }
}

/// Images of equal size, a pixel a number, with a gap between them. Pixels are grey and opaque, or
/// transparent where no number is.
pub(super) struct Tiles {
    /// Pixels of the whole.
    pub(super) width: usize,
    /// Rows of pixels of the whole.
    pub(super) height: usize,
    /// Grey and opacity of each pixel.
    pixels: Vec<[u8; 2]>,
}

impl Tiles {
    /// Each row of `images` as a square, from left to right and down; so many of them side by side,
    /// with so many pixels between them.
    pub(super) fn new(images: &Images, greys: Greys, across: usize, gap: usize) -> Self {
        let numbers = images.bytes();
        let count = numbers.len() / images.width.max(1);
        let wide = side(images.width);
        let (across, down) = (across.clamp(1, count.max(1)), count.div_ceil(across.max(1)));
        let width = (across * (wide + gap)).saturating_sub(gap).max(1);
        let height = (down * (wide + gap)).saturating_sub(gap).max(1);
        let mut pixels = vec![[0, 0]; width * height];
        for (at, byte) in numbers.iter().take(count * images.width).enumerate() {
            let (image, unit) = (at / images.width, at % images.width);
            let x = image % across * (wide + gap) + unit % wide;
            let y = image / across * (wide + gap) + unit / wide;
            pixels[y * width + x] = [greys.of(images.number(*byte)), 255];
        }
        Self { width, height, pixels }
    }

    /// The grey of a pixel; none where no number is.
    pub(super) fn grey(&self, x: usize, y: usize) -> Option<u8> {
        match self.pixels.get(y * self.width + x) {
            Some([grey, 255]) => Some(*grey),
            _ => None,
        }
    }

    /// The whole as a PNG file.
    pub(super) fn png(&self) -> Vec<u8> {
        let size = (self.width, self.height);
        png(self.pixels.as_flattened(), size, ExtendedColorType::La8, CompressionType::Best)
    }
}

/// Pixels as a PNG file.
pub(super) fn png(
    pixels: &[u8],
    (width, height): (usize, usize),
    kind: ExtendedColorType,
    compression: CompressionType,
) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, compression, FilterType::NoFilter);
    let written = encoder.write_image(pixels, width as u32, height as u32, kind);
    // The size fits the pixels, and memory takes what is written.
    debug_assert!(written.is_ok(), "{written:?}");
    file
}

/// The smallest number whose square is not below another.
pub(super) fn side(area: usize) -> usize {
    (0..).find(|side| side * side >= area).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_each_number_at_its_place() -> image::ImageResult<()> {
        // Two images of three numbers: 2 × 2 pixels with one that is empty, one above the other.
        let images = Images::new(&[0.0, 1.0, 2.0, 2.0, 1.0, 4.0], 3);
        let greys = Greys { black: 0.0, white: 2.0 };
        let file = Tiles::new(&images, greys, 1, 1).png();
        let read = image::load_from_memory(&file)?.to_luma_alpha8();
        assert_eq!(read.dimensions(), (2, 5));
        let (none, half) = ([0, 0], [128, 255]);
        let (black, white) = ([0, 255], [255, 255]);
        let expected = [black, half, white, none, none, none, white, half, white, none];
        let pixels: Vec<_> = read.pixels().map(|pixel| pixel.0).collect();
        assert_eq!(pixels, expected);
        Ok(())
    }

    #[test]
    fn what_is_damaged_is_an_empty_image() {
        for images in [
            Images { low: 0.0, high: 1.0, width: 0, hex: "00".into() },
            Images { low: 0.0, high: 1.0, width: 4, hex: "zz".into() },
            Images { low: f32::NAN, high: 1.0, width: 1, hex: "00ff".into() },
        ] {
            let tiles = Tiles::new(&images, Greys { black: 0.0, white: 1.0 }, 2, 1);
            assert!(!tiles.png().is_empty());
        }
    }
}
