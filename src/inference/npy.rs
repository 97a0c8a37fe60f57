//! Arrays as NumPy's own files: `numpy.load` reads them.
//!
//! Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays", version 1.0.

use crate::error::{Error, Result};
use crate::files::replace;
use std::path::Path;

/// What every such file begins with, and the version of the format.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// The data begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// An array of f32 as the bytes of a file.
#[must_use]
pub fn bytes(shape: &[usize], data: &[f32]) -> Vec<u8> {
    let axes: String = shape.iter().map(|axis| format!("{axis}, ")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({axes}), }}");
    // The length of the header is two bytes, and the header ends in a line break.
    let begin = MAGIC.len() + 2;
    let end = (begin + header.len() + 1).next_multiple_of(ALIGNMENT);
    header.push_str(&" ".repeat(end - begin - header.len() - 1));
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    let data = data.iter().flat_map(|number| number.to_le_bytes());
    MAGIC.iter().copied().chain(length).chain(header.into_bytes()).chain(data).collect()
}

/// Writes an array of f32.
///
/// # Errors
/// [`Error::File`] when the file cannot be written.
pub fn write(path: &Path, shape: &[usize], data: &[f32]) -> Result<()> {
    replace(path, &bytes(shape, data)).map_err(|error| Error::file("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_the_format_says() {
        let file = bytes(&[2, 1], &[1.0, -2.0]);
        assert_eq!(&file[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, ), }";
        assert!(file[10..].starts_with(header.as_bytes()));
        assert_eq!((file[127], file.len()), (b'\n', 136));
        assert_eq!(&file[128..], [0, 0, 128, 63, 0, 0, 0, 192]);
    }
}
