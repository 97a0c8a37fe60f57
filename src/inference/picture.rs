//! A picture of any size as a network sees it: bright ink on a dark ground, as large and where the images of MNIST have
//! theirs (LeCun, Bottou, Bengio and Haffner 1998, section III.A): the longer side of what is drawn is 20 of 28 pixels,
//! and its centre of mass lies in the middle.

use crate::data::HALF;
use crate::error::{Error, Result};
use crate::files;
use image::codecs::png::PngDecoder;
use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, GrayImage, ImageDecoder, Luma};
use std::io::Cursor;
use std::path::Path;

/// What every PNG file begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Pixels of a picture, at most.
const MOST_PIXELS: u64 = 1 << 24;

/// The share of the longer side that is drawn on, of the whole image.
const DRAWN: f64 = 20.0 / 28.0;

/// What differs from the ground by less than this is not drawn, of 255: paper is not of one grey.
const FAINT: u8 = 26;

/// A picture as a network sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Grey values, row-major; 0 is the ground.
    pub pixels: Vec<u8>,
    /// Whether it was dark on bright.
    pub inverted: bool,
    /// Whether it was cropped, scaled and centred: one that has the right size, and is bright on dark, is not.
    pub centred: bool,
}

/// Reads a picture for a network whose images have so many rows and columns.
///
/// # Errors
/// [`Error::Data`] when it is no PNG, damaged, too large, or nothing is drawn on it; [`Error::File`] when it cannot be
/// read.
pub fn read(path: &Path, size: [usize; 2]) -> Result<Seen> {
    let bytes = files::read(path).map_err(|error| Error::file("read", path, error))?;
    let refused = |why: String| Error::Data(format!("{} {why}", path.display()));
    seen(&grey(&bytes).map_err(refused)?, size).map_err(refused)
}

type Check<T> = std::result::Result<T, String>;

/// A PNG file in grey, on white where it is transparent.
fn grey(bytes: &[u8]) -> Check<GrayImage> {
    if !bytes.starts_with(SIGNATURE) {
        return Err("is no PNG picture; save it as PNG".to_owned());
    }
    let damaged = |error| format!("is a damaged PNG picture ({error}); save it again");
    let decoder = PngDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(format!(
            "has {width} × {height} pixels; expected at most {MOST_PIXELS} in all, for example 4096 × 4096: make \
             it smaller"
        ));
    }
    let colours = DynamicImage::from_decoder(decoder).map_err(damaged)?.to_rgba8();
    let on_white = |x, y| {
        let [red, green, blue, alpha] = colours.get_pixel(x, y).0.map(f32::from);
        // The luma of ITU-R BT.709.
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        Luma([(255.0 + (luma - 255.0) * alpha / 255.0).round() as u8])
    };
    Ok(GrayImage::from_fn(width, height, on_white))
}

/// A grey picture as a network sees it.
fn seen(grey: &GrayImage, [rows, cols]: [usize; 2]) -> Check<Seen> {
    let ground = border(grey);
    let inverted = ground >= HALF;
    let (width, height) = grey.dimensions();
    let fits = (width as usize, height as usize) == (cols, rows);
    if fits && !inverted && ground < FAINT && grey.pixels().any(|pixel| pixel.0[0] >= FAINT) {
        return Ok(Seen { pixels: grey.as_raw().clone(), inverted, centred: false });
    }
    let ink =
        ink(grey, ground, inverted).ok_or("shows nothing: all of it is as bright as its border")?;
    let drawn = drawn(&ink).ok_or("shows nothing: all of it is as bright as its border")?;
    let [x, y, width, height] = drawn;
    let cropped = crop_imm(&ink, x, y, width, height).to_image();
    let room = [DRAWN * cols as f64 / f64::from(width), DRAWN * rows as f64 / f64::from(height)];
    let scale = room[0].min(room[1]);
    let scaled = |length: u32, most: usize| {
        ((f64::from(length) * scale).round() as u32).clamp(1, u32::try_from(most).unwrap_or(1))
    };
    let small = resize(&cropped, scaled(width, cols), scaled(height, rows), FilterType::Triangle);
    Ok(Seen { pixels: centred(&small, [rows, cols]), inverted, centred: true })
}

/// The median of the outermost pixels.
fn border(grey: &GrayImage) -> u8 {
    let (width, height) = grey.dimensions();
    let is_outer = |x: u32, y: u32| x == 0 || y == 0 || x + 1 == width || y + 1 == height;
    let outer = grey.enumerate_pixels().filter(|(x, y, _)| is_outer(*x, *y));
    let mut outer: Vec<_> = outer.map(|(_, _, pixel)| pixel.0[0]).collect();
    outer.sort_unstable();
    outer.get(outer.len() / 2).copied().unwrap_or_default()
}

/// How far each pixel is from the ground towards the ink, from 0 to 255; none where nothing is.
fn ink(grey: &GrayImage, ground: u8, inverted: bool) -> Option<GrayImage> {
    let distance = |value: u8| {
        if inverted { ground.saturating_sub(value) } else { value.saturating_sub(ground) }
    };
    let largest =
        grey.pixels().map(|pixel| distance(pixel.0[0])).max().filter(|&most| most >= FAINT)?;
    let stretched = |x, y| {
        let value = u32::from(distance(grey.get_pixel(x, y).0[0])) * 255 / u32::from(largest);
        Luma([if value < u32::from(FAINT) { 0 } else { value as u8 }])
    };
    Some(GrayImage::from_fn(grey.width(), grey.height(), stretched))
}

/// The smallest rectangle that holds all ink, as x, y, width and height.
fn drawn(ink: &GrayImage) -> Option<[u32; 4]> {
    let inked = ink.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 0);
    let ends = inked.fold(None, |ends: Option<[u32; 4]>, (x, y, _)| {
        let [left, top, right, bottom] = ends.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    });
    ends.map(|[left, top, right, bottom]| [left, top, right - left + 1, bottom - top + 1])
}

/// An image with its centre of mass in the middle of a larger one, as far as it stays within.
fn centred(small: &GrayImage, [rows, cols]: [usize; 2]) -> Vec<u8> {
    let (mut mass, mut at) = (0.0, [0.0; 2]);
    for (x, y, pixel) in small.enumerate_pixels() {
        let weight = f64::from(pixel.0[0]);
        mass += weight;
        at[0] += weight * (f64::from(x) + 0.5);
        at[1] += weight * (f64::from(y) + 0.5);
    }
    let place = |centre: f64, length: usize, whole: usize| {
        let start = (whole as f64 / 2.0 - centre / f64::max(mass, 1.0)).round();
        start.clamp(0.0, whole.saturating_sub(length) as f64) as usize
    };
    let left = place(at[0], small.width() as usize, cols);
    let top = place(at[1], small.height() as usize, rows);
    let mut pixels = vec![0; rows * cols];
    for (x, y, pixel) in small.enumerate_pixels() {
        pixels[(top + y as usize) * cols + left + x as usize] = pixel.0[0];
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [28, 28];

    /// A picture with a dark stroke on bright paper.
    fn stroke(size: [u32; 2], [x, y, width, height]: [u32; 4]) -> GrayImage {
        let inside = |at: u32, start: u32, length: u32| (start..start + length).contains(&at);
        GrayImage::from_fn(size[0], size[1], |px, py| {
            Luma([if inside(px, x, width) && inside(py, y, height) { 20 } else { 230 }])
        })
    }

    /// Its ink: the first and the last column and row, counted from 0.
    fn extent(seen: &Seen) -> [usize; 4] {
        let inked = seen.pixels.iter().enumerate().filter(|(_, value)| **value > 100);
        let places: Vec<_> = inked.map(|(at, _)| (at % 28, at / 28)).collect();
        let (xs, ys) = (places.iter().map(|place| place.0), places.iter().map(|place| place.1));
        [xs.clone().min(), xs.max(), ys.clone().min(), ys.max()].map(Option::unwrap_or_default)
    }

    #[test]
    fn a_stroke_is_twenty_pixels_long_in_the_middle_wherever_it_was() {
        for (size, at) in
            [([300, 500], [20, 30, 40, 400]), ([90, 60], [70, 2, 4, 40]), ([30, 30], [1, 1, 1, 9])]
        {
            let seen = seen(&stroke(size, at), SIZE).unwrap();
            let [left, right, top, bottom] = extent(&seen);
            assert!(seen.inverted && seen.centred);
            assert_eq!((top, bottom), (4, 23), "{size:?}");
            assert!((left + right).abs_diff(27) <= 1 && right - left < 4, "{left} to {right}");
        }
    }

    #[test]
    fn an_image_of_the_right_size_stays_as_it_is() {
        let mut image = GrayImage::new(28, 28);
        image.put_pixel(3, 5, Luma([200]));
        let found = seen(&image, SIZE).unwrap();
        assert_eq!((found.pixels, found.centred), (image.as_raw().clone(), false));
    }

    #[test]
    fn where_nothing_is_drawn_nothing_is_seen() {
        for image in [GrayImage::new(1, 1), GrayImage::new(28, 28), stroke([50, 50], [0; 4])] {
            let said = seen(&image, SIZE).unwrap_err();
            assert!(said.starts_with("shows nothing"), "{said}");
        }
    }

    #[test]
    fn what_is_no_png_is_refused() {
        assert!(grey(b"\xff\xd8\xff\xe0").unwrap_err().starts_with("is no PNG picture"));
        assert!(grey(b"").unwrap_err().starts_with("is no PNG picture"));
        let damaged = [SIGNATURE, b"\0\0\0\rIHDR"].concat();
        assert!(grey(&damaged).unwrap_err().starts_with("is a damaged PNG picture"));
    }
}
