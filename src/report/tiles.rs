//! Rows of numbers as small grey images, in one PNG file.

use crate::record::Images;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

/// The gap between two images of a column is an image's height over this.
const GAP: usize = 10;

/// The numbers that are black and white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Greys {
    /// The number that is black.
    pub(super) black: f32,
    /// The number that is white.
    pub(super) white: f32,
}

impl Greys {
    /// A number's grey, clamped to black and white.
    fn of(self, number: f32) -> u8 {
        let share = (number - self.black) / (self.white - self.black);
        (255.0 * share).round().clamp(0.0, 255.0) as u8
    }
}

/// Images of equal size, with a gap between them. Pixels are grey and opaque, or transparent where there is
/// no number.
pub(super) struct Tiles {
    /// Width in pixels.
    pub(super) width: usize,
    /// Height in pixels.
    pub(super) height: usize,
    /// An image's width and height, and the distance from one image to the next, in pixels. Trailing empty
    /// rows of a square are left out.
    side: usize,
    tall: usize,
    pitch: usize,
    /// Grey and opacity of each pixel.
    pixels: Vec<[u8; 2]>,
}

/// How images are put together.
struct Arrangement<'a> {
    /// Images side by side.
    across: usize,
    /// Pixels per side of a number.
    scale: usize,
    /// Pixels between images.
    gap: usize,
    /// Missing images, counted from 0.
    missing: &'a [usize],
}

impl Tiles {
    /// Each row of `images` as a square, one pixel per number, from left to right and down; `across` of them
    /// side by side, with `gap` pixels between them.
    pub(super) fn new(images: &Images, greys: Greys, across: usize, gap: usize) -> Self {
        Self::laid_out(images, greys, &Arrangement { across, scale: 1, gap, missing: &[] })
    }

    /// Each row of `images` as a square below the previous one, for [`Rows::place`]; `missing` images
    /// are left empty.
    pub(super) fn column(images: &Images, greys: Greys, missing: &[usize]) -> Self {
        let side = side(images.width).max(1);
        // A gap of a tenth of an image needs images of at least ten pixels.
        let scale = GAP.div_ceil(side);
        let gap = (side * scale + GAP / 2) / GAP;
        Self::laid_out(images, greys, &Arrangement { across: 1, scale, gap, missing })
    }

    fn laid_out(images: &Images, greys: Greys, layout: &Arrangement) -> Self {
        let &Arrangement { across, scale, gap, missing } = layout;
        let numbers = images.bytes();
        let count = numbers.len() / images.width.max(1);
        let (across, down) = (across.clamp(1, count.max(1)), count.div_ceil(across.max(1)));
        let wide = side(images.width);
        let (side, pitch) = (wide * scale, wide * scale + gap);
        let tall = images.width.div_ceil(wide.max(1)) * scale;
        let width = (across * pitch).saturating_sub(gap).max(1);
        let height = (down.saturating_sub(1) * pitch + tall).max(1);
        let mut pixels = vec![[0, 0]; width * height];
        for (at, byte) in numbers.iter().take(count * images.width).enumerate() {
            let (image, unit) = (at / images.width, at % images.width);
            if missing.contains(&image) {
                continue;
            }
            let left = image % across * pitch + unit % wide * scale;
            let top = image / across * pitch + unit / wide * scale;
            let grey = greys.of(images.number(*byte));
            for y in top..top + scale {
                pixels[y * width + left..][..scale].fill([grey, 255]);
            }
        }
        Self { width, height, side, tall, pitch, pixels }
    }

    /// The height of an image whose width is `side`.
    pub(super) fn height_at(&self, side: usize) -> usize {
        side * self.tall / self.side.max(1)
    }

    /// The grey of a point of a column's image whose width is `side`; none if there is no number.
    pub(super) fn grey_within(
        &self,
        image: usize,
        (x, y): (usize, usize),
        side: usize,
    ) -> Option<u8> {
        let at = |place: usize| place * self.side / side.max(1);
        self.grey(at(x), image * self.pitch + at(y))
    }

    /// The grey of a pixel; none if there is no number.
    fn grey(&self, x: usize, y: usize) -> Option<u8> {
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

/// The rows of all columns of a picture: the only place that determines a row's position, for its images
/// and for the labels next to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rows {
    /// The upper edge of the first one.
    pub(super) top: f64,
    /// The height of an image.
    pub(super) cell: f64,
    /// The number of rows.
    pub(super) count: usize,
}

impl Rows {
    /// The distance from one row to the next: images are a tenth of their height apart.
    pub(super) fn pitch(&self) -> f64 {
        self.cell + self.cell / GAP as f64
    }

    /// The upper edge of a row's image.
    pub(super) fn at(&self, row: usize) -> f64 {
        self.top + self.pitch() * row as f64
    }

    /// The middle of a row.
    pub(super) fn middle(&self, row: usize) -> f64 {
        self.at(row) + self.cell / 2.0
    }

    /// The lower edge of the last row.
    pub(super) fn bottom(&self) -> f64 {
        self.at(self.count) - self.cell / GAP as f64
    }

    /// The upper left corner and the size of a column of images around `middle`, such that each is in the
    /// middle of its row. An image is up to a twentieth wider or narrower than a cell if a gap of a tenth is
    /// not an integer number of pixels.
    pub(super) fn place(&self, middle: f64, tiles: &Tiles) -> ((f64, f64), (f64, f64)) {
        let pixel = self.pitch() / tiles.pitch as f64;
        let [side, tall] = [tiles.side, tiles.tall].map(|pixels| pixel * pixels as f64);
        let corner = (middle - side / 2.0, self.middle(0) - tall / 2.0);
        (corner, (pixel * tiles.width as f64, pixel * tiles.height as f64))
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

/// The smallest integer whose square is at least `area`.
pub(super) fn side(area: usize) -> usize {
    (0..).find(|side| side * side >= area).unwrap_or(0)
}

#[cfg(test)]
pub(super) mod tests {
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

    /// Layer widths whose images were once misplaced, and others.
    pub(in crate::report) const WIDTHS: [usize; 15] =
        [1, 2, 3, 5, 7, 16, 32, 50, 99, 100, 101, 128, 784, 1024, 4096];

    #[test]
    fn every_image_of_a_column_is_in_the_middle_of_its_row() {
        let rows = Rows { top: 38.0, cell: 30.0, count: 10 };
        for width in WIDTHS {
            let images = Images::new(&vec![1.0; 10 * width], width);
            let tiles = Tiles::column(&images, Greys { black: 0.0, white: 2.0 }, &[3]);
            let ((_, top), (wide, tall)) = rows.place(100.0, &tiles);
            assert!((28.5..31.5).contains(&wide), "{width}: {wide}");
            let unit = tall / tiles.height as f64;
            assert!((unit - wide / tiles.width as f64).abs() < 1e-9, "{width}: pixels are squares");
            // From the first to the last row of pixels of each image.
            let drawn = |y: &usize| (0..tiles.width).any(|x| tiles.grey(x, *y).is_some());
            let lines: Vec<usize> = (0..tiles.height).filter(drawn).collect();
            let images: Vec<_> = lines.chunk_by(|one, next| one + 1 == *next).collect();
            let middle = |lines: &&[usize]| {
                top + unit * (lines[0] + lines[lines.len() - 1] + 1) as f64 / 2.0
            };
            let expected = (0..10).filter(|row| *row != 3).map(|row| rows.middle(row));
            for (found, expected) in images.iter().map(middle).zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{width}: {found} {expected}");
            }
            assert_eq!(
                images.len(),
                9,
                "{width}: a gap between two, and none in place of the fourth"
            );
        }
    }

    #[test]
    fn what_is_damaged_is_an_empty_image() {
        for images in [
            Images { low: 0.0, high: 1.0, width: 0, hex: "00".into() },
            Images { low: 0.0, high: 1.0, width: 4, hex: "zz".into() },
            Images { low: f32::NAN, high: 1.0, width: 1, hex: "00ff".into() },
        ] {
            let greys = Greys { black: 0.0, white: 1.0 };
            assert!(!Tiles::new(&images, greys, 2, 1).png().is_empty());
            assert!(!Tiles::column(&images, greys, &[0]).png().is_empty());
        }
    }
}
