//! Data sets of small grey images in ten classes: the drawn digits that the crate carries, or IDX
//! files from a folder.

pub mod batches;
pub mod drawn;
mod examples;
pub mod idx;

pub use examples::{CLASSES, Examples};

use crate::error::{Error, Result};
use crate::record::ConstantGuess;
use std::path::Path;

/// A byte at or above this is ink, in a binary data set.
const HALF: u8 = 128;

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
            (train, test) = (black_or_white(train), black_or_white(test));
        }
        Ok(Self { name, train, test })
    }

    /// What a guess that does not look at the images reaches.
    #[must_use]
    pub fn constant_guess(&self) -> ConstantGuess {
        ConstantGuess::of(&self.train.labels, &self.test.labels)
    }
}

/// The same with every pixel black or white.
fn black_or_white(part: Examples) -> Examples {
    let mut images = part.images();
    images.iter_mut().for_each(|byte| *byte = if *byte < HALF { 0 } else { 255 });
    Examples::new(&images, part.labels, [part.image_rows, part.image_cols])
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
