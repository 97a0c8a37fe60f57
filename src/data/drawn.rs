//! The digits that are bundled with the crate, drawn by `examples/draw_digits`.
//!
//! `assets/digits.png` is an atlas of 120 × 100 tiles of 28 × 28 pixels. Image i is at tile column
//! i mod 120 and tile row i / 120, and shows the digit i mod 10. The first 10,000 are for training,
//! the other 2,000 for testing.

use super::examples::Examples;
use crate::error::{Error, Result};

/// The name of this data set in records.
pub const NAME: &str = "drawn digits";

/// All images, as PNG.
pub const ATLAS: &[u8] = include_bytes!("../../assets/digits.png");
/// Image i shows the digit i mod this.
pub const CLASSES: usize = 10;
const SIDE: usize = 28;
const TILE_COLUMNS: usize = 120;
const IMAGES: usize = 12_000;
const TRAIN: usize = 10_000;

/// Decodes the atlas: training and test part.
///
/// # Errors
/// [`Error::Data`] when the bundled file is damaged.
pub fn load() -> Result<(Examples, Examples)> {
    let damaged = |what: String| Error::Data(format!("assets/digits.png is damaged: {what}"));
    let atlas = image::load_from_memory_with_format(ATLAS, image::ImageFormat::Png)
        .map_err(|error| damaged(error.to_string()))?
        .into_luma8();
    let expected = (TILE_COLUMNS * SIDE, IMAGES / TILE_COLUMNS * SIDE);
    let found = (atlas.width() as usize, atlas.height() as usize);
    if found != expected {
        let ((fw, fh), (ew, eh)) = (found, expected);
        return Err(damaged(format!("it is {fw} × {fh} pixels, expected {ew} × {eh}")));
    }
    let pixels = atlas.as_raw();
    let image = |i: usize| {
        let corner = (i / TILE_COLUMNS * SIDE) * found.0 + i % TILE_COLUMNS * SIDE;
        (0..SIDE).flat_map(move |row| &pixels[corner + row * found.0..][..SIDE]).copied()
    };
    let part = |range: std::ops::Range<usize>| {
        let labels = range.clone().map(|i| (i % CLASSES) as u8).collect();
        Examples::new(&range.flat_map(image).collect::<Vec<_>>(), labels, [SIDE; 2])
    };
    Ok((part(0..TRAIN), part(TRAIN..IMAGES)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_digits_are_there_and_have_ink() -> Result<()> {
        let (train, test) = load()?;
        assert_eq!((train.len(), test.len()), (10_000, 2_000));
        for part in [&train, &test] {
            let images = part.images();
            assert_eq!(images.len(), part.len() * part.features());
            let inked = |image: &[u8]| image.iter().filter(|&&byte| byte > 100).count();
            assert!(images.chunks(part.features()).all(|image| inked(image) > 10));
        }
        Ok(())
    }
}
