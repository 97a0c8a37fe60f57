//! IDX files, made for a test.

use flate2::Compression;
use flate2::write::GzEncoder;
use normlab::error::{Error, Result};
use std::fs;
use std::io::Write;
use std::path::Path;

pub(crate) const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub(crate) const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub(crate) const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub(crate) const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// An IDX file, with any header over any body.
pub(crate) fn file(magic: u32, sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let words = [&[magic], sizes].concat();
    let header = words.iter().flat_map(|word| word.to_be_bytes());
    header.chain(body.iter().copied()).collect()
}

/// `count` images of 2 × 3 pixels.
pub(crate) fn images(count: u8) -> Vec<u8> {
    let pixels: Vec<u8> =
        (0..6 * usize::from(count)).map(|at| (at as u8).wrapping_mul(37)).collect();
    file(0x0803, &[count.into(), 2, 3], &pixels)
}

pub(crate) fn labels(of: &[u8]) -> Vec<u8> {
    file(0x0801, &[u32::try_from(of.len()).unwrap()], of)
}

/// Labels in QMNIST's form: eight integers per example, the class first.
pub(crate) fn qmnist_labels(of: &[i32]) -> Vec<u8> {
    let row = |&class: &i32| [class, 4, 305, 7, 12, 0, 0, 0].into_iter().flat_map(i32::to_be_bytes);
    let body: Vec<u8> = of.iter().flat_map(row).collect();
    file(0x0c02, &[u32::try_from(of.len()).unwrap(), 8], &body)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).unwrap();
}

/// Asserts that this is a refusal of the data, in one line that says all of `parts`.
#[track_caller]
pub(crate) fn assert_refused<T>(result: Result<T>, parts: &[&str]) {
    let Err(error) = result else { panic!("loaded, though it should be refused") };
    assert!(matches!(error, Error::Data(_)), "{error:?}");
    assert_eq!(error.exit_status(), 2);
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in parts {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}
