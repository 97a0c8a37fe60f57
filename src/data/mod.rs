//! Data sets of small grey images in ten classes: the drawn digits that the crate carries, or IDX
//! files from a folder.

pub mod batches;
pub mod drawn;
pub mod idx;

use crate::error::{Error, Result};
use crate::kernels::gather::BYTES_PER_WORD;
use crate::record::ConstantGuess;
use std::path::Path;

/// The classes of every data set.
pub const CLASSES: usize = 10;

/// A byte at or above this is ink, in a binary data set.
const HALF: u8 = 128;

/// One part of a data set: images as bytes, and their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examples {
    /// Grey values 0..=255, `[examples, image_rows * image_cols]`, row-major.
    pub images: Vec<u8>,
    /// Classes, each less than [`CLASSES`].
    pub labels: Vec<u8>,
    /// Rows of one image, in pixels.
    pub image_rows: usize,
    /// Columns of one image, in pixels.
    pub image_cols: usize,
}

impl Examples {
    /// The number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Pixels of one image.
    #[must_use]
    pub fn features(&self) -> usize {
        self.image_rows * self.image_cols
    }

    /// The images as the kernel `gather` reads them: four bytes a word, least significant first, each
    /// image filled up to a whole number of words; `[examples, words]`.
    #[must_use]
    pub fn packed(&self) -> Vec<u32> {
        let word = |bytes: &[u8]| {
            let mut four = [0; BYTES_PER_WORD];
            four[..bytes.len()].copy_from_slice(bytes);
            u32::from_le_bytes(four)
        };
        let images = self.images.chunks(self.features());
        images.flat_map(|image| image.chunks(BYTES_PER_WORD).map(word)).collect()
    }
}

/// A data set.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Where it comes from, for people.
    pub name: String,
    /// What networks learn from.
    pub train: Examples,
    /// What they are tested on.
    pub test: Examples,
}

impl Dataset {
    /// The IDX files of `folder`, or the drawn digits where there is none. With `test_folder`, the
    /// test part comes from the IDX files there. With `binary`, every pixel is black or white, the
    /// threshold being one half (as in Ioffe and Szegedy 2015, section 4.1).
    ///
    /// # Errors
    /// As [`idx::load`], [`idx::load_test`] and [`drawn::load`]; [`Error::Data`] when the two parts have images of
    /// different sizes.
    pub fn load(folder: Option<&Path>, test_folder: Option<&Path>, binary: bool) -> Result<Self> {
        let (mut name, (mut train, mut test)) = match folder {
            Some(folder) => (folder.display().to_string(), idx::load(folder)?),
            None => (drawn::NAME.to_owned(), drawn::load()?),
        };
        if let Some(folder) = test_folder {
            test = idx::load_test(folder)?;
            name = format!("{name}, tested on {}", folder.display());
            same_size(&train, &test, folder)?;
        }
        if binary {
            for byte in train.images.iter_mut().chain(&mut test.images) {
                *byte = if *byte < HALF { 0 } else { 255 };
            }
        }
        Ok(Self { name, train, test })
    }

    /// What a guess that does not look at the images reaches.
    #[must_use]
    pub fn constant_guess(&self) -> ConstantGuess {
        ConstantGuess::of(&self.train.labels, &self.test.labels)
    }
}

fn same_size(train: &Examples, test: &Examples, folder: &Path) -> Result<()> {
    let size = |part: &Examples| (part.image_rows, part.image_cols);
    let ((rows, cols), (expected_rows, expected_cols)) = (size(test), size(train));
    if (rows, cols) == (expected_rows, expected_cols) {
        return Ok(());
    }
    Err(Error::Data(format!(
        "the test images of {} have {rows} × {cols} pixels, but the training images have \
         {expected_rows} × {expected_cols}; take test images of that size",
        folder.display()
    )))
}
