//! Images and their labels, as every data set has them.

use crate::kernels::gather::BYTES_PER_WORD;

/// The classes of every data set.
pub const CLASSES: usize = 10;

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
