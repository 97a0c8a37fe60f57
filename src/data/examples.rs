//! Images and their labels, as every data set has them.

use crate::error::{Error, Result};
use crate::files;
use crate::kernels::gather::BYTES_PER_WORD;
use crate::tensor::{Shape, Tensor, Value};
use std::sync::Arc;

/// A byte at or above this is ink, in a binary data set.
pub const HALF: u8 = 128;

/// One part of a data set: images and their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    packed: Arc<Value<f32>>,
    /// Classes, counted from 0.
    pub labels: Vec<u8>,
    /// Rows of one image, in pixels.
    pub image_rows: usize,
    /// Columns of one image, in pixels.
    pub image_cols: usize,
}

impl Examples {
    /// Images, as grey values 0..=255 `[examples, image_rows * image_cols]`, row-major, with their labels.
    #[must_use]
    pub fn new(images: &[u8], labels: Vec<u8>, [image_rows, image_cols]: [usize; 2]) -> Self {
        let word = |bytes: &[u8]| {
            let mut four = [0; BYTES_PER_WORD];
            four[..bytes.len()].copy_from_slice(bytes);
            u32::from_le_bytes(four)
        };
        let features = image_rows * image_cols;
        let words = features.div_ceil(BYTES_PER_WORD);
        let mut packed = Vec::with_capacity(labels.len() * words);
        let images = images.chunks(features.max(1));
        packed.extend(images.flat_map(|image| image.chunks(BYTES_PER_WORD).map(word)));
        let packed = Tensor::new(Shape::matrix(labels.len(), words), packed);
        Self { packed: Arc::new(Value::Index(packed)), labels, image_rows, image_cols }
    }

    /// The images as they were given.
    #[must_use]
    pub fn images(&self) -> Vec<u8> {
        let Value::Index(packed) = &*self.packed else { return Vec::new() };
        let image = |words: &[u32]| {
            let bytes = words.iter().flat_map(|word| word.to_le_bytes());
            bytes.take(self.features()).collect::<Vec<_>>()
        };
        packed.data.chunks(packed.shape.cols.max(1)).flat_map(image).collect()
    }

    /// The same with every pixel black or white.
    #[must_use]
    pub fn black_or_white(self) -> Self {
        let mut images = self.images();
        images.iter_mut().for_each(|byte| *byte = if *byte < HALF { 0 } else { 255 });
        Self::new(&images, self.labels, [self.image_rows, self.image_cols])
    }

    /// The SHA-256 of all images, as they were given, followed by the labels, a byte each; in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut bytes = self.images();
        bytes.extend(&self.labels);
        files::sha256(&bytes)
    }

    /// Keeps the first `count` examples, or all if that is 0. `key` is the setting with this value.
    ///
    /// # Errors
    /// [`Error::Config`] when there are fewer.
    pub fn keep(&mut self, key: &str, count: usize) -> Result<()> {
        let all = self.len();
        if count > all {
            return Err(Error::Config(format!(
                "{key} is {count}; expected at most {all}, the number of images"
            )));
        }
        if count > 0 && count < all {
            let size = [self.image_rows, self.image_cols];
            let images = &self.images()[..count * self.features()];
            *self = Self::new(images, self.labels[..count].to_vec(), size);
        }
        Ok(())
    }

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

    /// Some of the images, in the form of [`Examples::packed`], and their labels.
    #[must_use]
    pub fn pick(&self, places: &[u32]) -> (Value<f32>, Vec<u8>) {
        let Value::Index(packed) = &*self.packed else {
            return (Value::Index(Tensor::filled(Shape::matrix(0, 0), 0)), Vec::new());
        };
        let words = packed.shape.cols;
        let images = places.iter().flat_map(|&place| packed.row(place as usize)).copied().collect();
        let labels = places.iter().map(|&place| self.labels[place as usize]).collect();
        (Value::Index(Tensor::new(Shape::matrix(places.len(), words), images)), labels)
    }

    /// The images as the kernel `gather` reads them: four bytes a word, least significant first, each image padded to
    /// full words; `[examples, words]`. All networks share this copy.
    #[must_use]
    pub fn packed(&self) -> Arc<Value<f32>> {
        Arc::clone(&self.packed)
    }
}
