//! The drawn digits: they can be redrawn to the last bit, and images of one label are alike.

#[path = "../examples/draw_digits/draw.rs"]
mod draw;

use normlab::data::Examples;
use normlab::data::drawn::{self, CLASSES};
use std::collections::HashSet;
use std::sync::OnceLock;

/// The atlas: tiles of 28 × 28 pixels, 120 in a row, 100 rows; the first 10,000 are for training.
const SIDE: usize = 28;
const COLUMNS: usize = 120;
const ROWS: usize = 100;
const TRAIN: usize = 10_000;

/// The carried atlas, as the repository has it.
fn file() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/digits.png")).unwrap()
}

/// The digits, drawn now. Drawing takes a while: once is enough for all tests.
fn drawn_now() -> &'static (u32, u32, Vec<u8>) {
    static ATLAS: OnceLock<(u32, u32, Vec<u8>)> = OnceLock::new();
    ATLAS.get_or_init(draw::atlas)
}

/// The pixels of image `index`, row by row.
fn tile(atlas: &[u8], index: usize) -> Vec<u8> {
    let width = COLUMNS * SIDE;
    let corner = (index / COLUMNS) * SIDE * width + (index % COLUMNS) * SIDE;
    (0..SIDE).flat_map(|row| &atlas[corner + row * width..][..SIDE]).copied().collect()
}

/// Fails with the first image that is not the same in both.
#[track_caller]
fn assert_same_images(found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len());
    let images = 0..COLUMNS * ROWS;
    let other: Vec<_> = images.filter(|&i| tile(found, i) != tile(expected, i)).collect();
    assert!(other.is_empty(), "{} images differ, the first is {}", other.len(), other[0]);
}

#[test]
fn drawing_again_gives_the_carried_pixels() {
    let (width, height, pixels) = drawn_now();
    assert_eq!((*width as usize, *height as usize), (COLUMNS * SIDE, ROWS * SIDE));
    let carried = image::load_from_memory_with_format(&file(), image::ImageFormat::Png).unwrap();
    assert_eq!(carried.color(), image::ColorType::L8);
    assert_eq!((carried.width(), carried.height()), (*width, *height));
    assert_same_images(pixels, carried.as_bytes());
}

/// Holds for the versions of `image`, `png` and `flate2` that Cargo.lock names: another encoder may
/// pack the same pixels into other bytes. Then run the example, which rewrites the file.
#[test]
fn encoding_again_gives_the_carried_bytes() {
    let (width, height, pixels) = drawn_now();
    let png = draw::encode(*width, *height, pixels).unwrap();
    assert!(png == file(), "{} bytes instead of {}, or others", png.len(), file().len());
}

#[test]
fn drawing_does_not_depend_on_what_was_drawn_before() {
    let again = std::thread::spawn(draw::atlas).join().unwrap();
    assert_same_images(&again.2, &drawn_now().2);
}

#[test]
fn the_parts_are_the_atlas_in_order() {
    let (train, test) = drawn::load().unwrap();
    let atlas = &drawn_now().2;
    let mut index = 0;
    for (part, count) in [(&train, TRAIN), (&test, COLUMNS * ROWS - TRAIN)] {
        assert_eq!((part.len(), part.image_rows, part.image_cols), (count, SIDE, SIDE));
        for (image, &label) in part.images().chunks(SIDE * SIDE).zip(&part.labels) {
            assert_eq!(usize::from(label), index % CLASSES, "image {index}");
            assert!(image == tile(atlas, index), "image {index} is not tile {index}");
            index += 1;
        }
    }
    assert_eq!(index, COLUMNS * ROWS);
}

#[test]
fn every_image_is_another_one() {
    let atlas = &drawn_now().2;
    let images: HashSet<_> = (0..COLUMNS * ROWS).map(|index| tile(atlas, index)).collect();
    assert_eq!(images.len(), COLUMNS * ROWS);
}

#[test]
fn the_ink_stays_off_the_border() {
    let atlas = &drawn_now().2;
    for index in 0..COLUMNS * ROWS {
        let image = tile(atlas, index);
        let inked = image.iter().filter(|&&byte| byte > 0).count();
        assert!((20..500).contains(&inked), "image {index} has {inked} pixels of ink");
        assert!(image.iter().any(|&byte| byte > 200), "image {index} is pale");
        let on_border = |at: usize| {
            let (row, column) = (at / SIDE, at % SIDE);
            [row, column].iter().any(|&place| place == 0 || place == SIDE - 1)
        };
        let off = image.iter().enumerate().all(|(at, &byte)| byte == 0 || !on_border(at));
        assert!(off, "image {index} has ink on its border");
    }
}

/// The mean image of each digit.
fn means(part: &Examples) -> Vec<Vec<f64>> {
    let count = (part.len() / CLASSES) as f64;
    let mut means = vec![vec![0.0; part.features()]; CLASSES];
    for (image, &label) in part.images().chunks(part.features()).zip(&part.labels) {
        for (mean, &byte) in means[usize::from(label)].iter_mut().zip(image) {
            *mean += f64::from(byte) / count;
        }
    }
    means
}

#[test]
fn images_of_one_label_are_alike() {
    let (train, test) = drawn::load().unwrap();
    let means = means(&train);
    let distance = |mean: &[f64], image: &[u8]| -> f64 {
        mean.iter().zip(image).map(|(mean, &byte)| (mean - f64::from(byte)).powi(2)).sum()
    };
    let images = test.images();
    let images = images.chunks(test.features()).zip(&test.labels);
    let hits = images.filter(|(image, label)| {
        let nearest = |a: &usize, b: &usize| {
            distance(&means[*a], image).total_cmp(&distance(&means[*b], image))
        };
        (0..CLASSES).min_by(nearest) == Some(usize::from(**label))
    });
    // Guessing gives a tenth. The nearest mean gives more where images of one label are alike, yet
    // leaves something to learn.
    let share = hits.count() as f64 / test.len() as f64;
    assert!((0.6..0.95).contains(&share), "the nearest mean is right for {share} of the images");
}
