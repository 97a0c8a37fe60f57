//! Data sets of small grey images in classes: the drawn digits bundled with the crate, or IDX files from a folder.

pub mod batches;
pub mod drawn;
mod examples;
pub mod folder;
mod gzip;
pub mod idx;

pub use examples::{Examples, HALF};

use crate::error::{Error, Result};
use crate::files::sha256;
use crate::record::{ConstantGuess, DataRecord};
use folder::Files;
use std::path::PathBuf;

/// Where the data of a data set comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// A folder of IDX files, or one of them; none for the drawn digits.
    pub folder: Option<PathBuf>,
    /// The same for the test part alone; none if it is from the same data set.
    pub test_folder: Option<PathBuf>,
    /// Whether to swap rows and columns of images in files; none if the names of the files decide.
    pub transpose: Option<bool>,
    /// How many training images to use, from the first on; 0 for all.
    pub train_images: usize,
    /// The same for the test images.
    pub test_images: usize,
    /// Whether to make every pixel black or white, with a threshold of one half (as in Ioffe and Szegedy 2015,
    /// section 4.1).
    pub binary: bool,
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
    /// How many classes its images have; all labels are less.
    pub classes: usize,
    /// The label of the first class, from which the others count up: 1 if the files' labels start there, as EMNIST's
    /// letters do, else 0.
    pub first_label: usize,
}

impl Dataset {
    /// Loads what `source` asks for.
    ///
    /// # Errors
    /// As [`Files::at`], [`Files::read`] and [`drawn::load`]; [`Error::Data`] when the two parts have images of
    /// different sizes, or a test image has a class that the data set lacks; [`Error::Config`] when there are fewer
    /// images than are asked for.
    pub fn load(source: &Source) -> Result<Self> {
        let (name, parts) = match &source.folder {
            Some(folder) => {
                let files = Files::at(folder, source.transpose)?;
                (files.describe(), files.read()?)
            }
            None => (drawn::NAME.to_owned(), drawn::load()?),
        };
        let mut data = Self::new(name, parts);
        if let Some(folder) = &source.test_folder {
            let files = Files::of_test(folder, source.transpose)?;
            data.test_on(&files.describe(), files.read_test()?)?;
        }
        data.train.keep("train_images", source.train_images)?;
        data.test.keep("test_images", source.test_images)?;
        if source.binary {
            (data.train, data.test) = (data.train.black_or_white(), data.test.black_or_white());
        }
        Ok(data)
    }

    /// The drawn digits.
    ///
    /// # Errors
    /// As [`drawn::load`].
    pub fn drawn() -> Result<Self> {
        Self::load(&Source::default())
    }

    /// Both parts of a data set with their own labels.
    fn new(name: String, (mut train, mut test): (Examples, Examples)) -> Self {
        let labels = || train.labels.iter().chain(&test.labels).copied();
        let first = labels().min().filter(|&least| least == 1).unwrap_or(0);
        let classes = labels().max().map_or(0, |greatest| usize::from(greatest - first) + 1);
        for part in [&mut train, &mut test] {
            part.labels.iter_mut().for_each(|label| *label -= first);
        }
        Self { name, train, test, classes, first_label: first.into() }
    }

    /// What a record says of the data.
    #[must_use]
    pub fn record(&self) -> DataRecord {
        let image = [self.train.image_rows, self.train.image_cols];
        DataRecord { sha256: self.train.sha256(), image, first_label: self.first_label }
    }

    /// Takes other images to test on, called `name`.
    ///
    /// # Errors
    /// [`Error::Data`] when they are of another size, or a label is that of no class.
    pub fn test_on(&mut self, name: &str, mut test: Examples) -> Result<()> {
        same_size(&self.train, &test, name)?;
        let (first, last) = (self.first_label, self.first_label + self.classes - 1);
        for label in &mut test.labels {
            let found = usize::from(*label);
            if !(first..=last).contains(&found) {
                return Err(Error::Data(format!(
                    "a test image of {name} has the label {found}, but the labels of {} are \
                     {first} to {last}; test on images of the same classes",
                    self.name
                )));
            }
            *label -= first as u8;
        }
        self.name = format!("{}, tested on {name}", self.name);
        self.test = test;
        Ok(())
    }

    /// The SHA-256 of the hashes of both parts, in hexadecimal: equal for equal images and labels, wherever they were
    /// read.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256([self.train.sha256(), self.test.sha256()].concat().as_bytes())
    }

    /// The result of a guess that does not look at the images.
    #[must_use]
    pub fn constant_guess(&self) -> ConstantGuess {
        ConstantGuess::of(&self.train.labels, &self.test.labels)
    }
}

fn same_size(train: &Examples, test: &Examples, name: &str) -> Result<()> {
    let size = |part: &Examples| (part.image_rows, part.image_cols);
    let ((rows, cols), (expected_rows, expected_cols)) = (size(test), size(train));
    if (rows, cols) == (expected_rows, expected_cols) {
        return Ok(());
    }
    Err(Error::Data(format!(
        "the test images of {name} have {rows} × {cols} pixels, but the training images have \
         {expected_rows} × {expected_cols}; use test images of that size"
    )))
}
