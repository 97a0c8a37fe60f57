//! The format of IDX files: MNIST's, and those of other data sets of the same form.
//!
//! Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*, section "File
//! formats". All numbers are big-endian. A file starts with a magic number of four bytes: two
//! zeros, the type of the elements (08: unsigned byte) and the number of dimensions. One `u32` per
//! dimension gives its size; then come the elements, the last index fastest, and nothing more.
//! The files are usually shipped gzip-compressed (RFC 1952). QMNIST's labels are 32-bit integers, eight to an
//! example, the class first (Yadav and Bottou 2019, *Cold case: the lost MNIST digits*).
//!
//! Files are not trusted. The header is checked before memory is allocated for what it promises, and memory grows
//! only as bytes arrive, so a false header takes none, and a gzip bomb no more than [`MAX_BYTES`] bytes need.

use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use super::gzip::{self, Members};
use crate::error::{Error, Result};
use crate::memory;

/// The most bytes of elements that a file may promise: 1 GiB, about 23 times MNIST's training images.
pub const MAX_BYTES: u64 = 1 << 30;

/// Types of elements: the code in the magic number, the size in bytes, and the name.
const ELEMENTS: [(u8, u64, &str); 6] = [
    (0x08, 1, "unsigned bytes"),
    (0x09, 1, "signed bytes"),
    (0x0b, 2, "16-bit integers"),
    (0x0c, 4, "32-bit integers"),
    (0x0d, 4, "32-bit floats"),
    (0x0e, 8, "64-bit floats"),
];

const UNSIGNED_BYTE: u8 = 0x08;
const INTEGER: u8 = 0x0c;

/// Numbers per example in QMNIST's labels.
const QMNIST_COLUMNS: u32 = 8;

const IMAGES: Kind = Kind {
    what: "images",
    magic: 0x0000_0803,
    expected: "images are unsigned bytes in 3 dimensions (images × rows × columns)",
};
const LABELS: Kind = Kind {
    what: "labels",
    magic: 0x0000_0801,
    expected: "labels are unsigned bytes in 1 dimension, or 32-bit integers in 2 (examples × 8), \
               as in QMNIST",
};

/// The images of one IDX file.
#[derive(Debug, PartialEq, Eq)]
pub struct Images {
    /// Grey values 0..=255, `[images, rows * cols]`, row-major.
    pub pixels: Vec<u8>,
    /// The rows of one image, in pixels; at least 1.
    pub rows: usize,
    /// The columns of one image, in pixels; at least 1.
    pub cols: usize,
}

impl Images {
    /// The number of images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pixels.len() / (self.rows * self.cols)
    }

    /// The same with rows and columns swapped.
    #[must_use]
    pub fn transposed(self) -> Self {
        let Self { pixels, rows, cols } = self;
        let place = |at: usize| at % rows * cols + at / rows;
        let turned = |image: &[u8]| (0..image.len()).map(|at| image[place(at)]).collect::<Vec<_>>();
        let pixels = pixels.chunks(rows * cols).flat_map(turned).collect();
        Self { pixels, rows: cols, cols: rows }
    }
}

/// Reads the images of one IDX file, plain or gzip-compressed.
///
/// `name` stands for the file in messages, `file` gives its bytes as they are stored, and `length`
/// is their number. A plain file is refused by its length before its pixels are read.
///
/// # Errors
///
/// [`Error::Data`] if the file holds something other than unsigned bytes in three dimensions, if a size is 0, if
/// there are more than [`MAX_BYTES`] pixels, if the file is shorter or longer than its header promises, or if the
/// gzip stream is damaged. [`Error::File`] if reading fails.
pub fn parse_images(name: &str, file: impl Read, length: u64) -> Result<Images> {
    let (header, pixels) = Content::open(name, file, length)?.parse(&IMAGES)?;
    Ok(Images { pixels, rows: header.sizes[1] as usize, cols: header.sizes[2] as usize })
}

/// Reads the labels of one IDX file, plain or gzip-compressed: `[examples]`.
///
/// The arguments are those of [`parse_images`].
///
/// # Errors
///
/// [`Error::Data`] if the file holds neither unsigned bytes in one dimension nor labels as in QMNIST, if one of the
/// latter is not a byte, and in the cases listed for [`parse_images`]. [`Error::File`] if reading fails.
pub fn parse_labels(name: &str, file: impl Read, length: u64) -> Result<Vec<u8>> {
    let (header, bytes) = Content::open(name, file, length)?.parse(&LABELS)?;
    if header.element == UNSIGNED_BYTE {
        return Ok(bytes);
    }
    let (integers, _) = bytes.as_chunks::<4>();
    let classes = integers.iter().step_by(QMNIST_COLUMNS as usize).enumerate();
    let label = |(example, &bytes): (usize, &[u8; 4])| {
        let label = i32::from_be_bytes(bytes);
        u8::try_from(label).map_err(|_| {
            Error::Data(format!(
                "{name} gives example {example} (counted from 0) the label {label}, but a label must be \
                 one of 0 to {}",
                u8::MAX
            ))
        })
    };
    classes.map(label).collect()
}

/// A kind of data that an IDX file may hold here.
struct Kind {
    what: &'static str,
    /// The magic number that such a file usually starts with.
    magic: u32,
    /// What it is, in words.
    expected: &'static str,
}

/// The header of an IDX file.
struct Header {
    element: u8,
    /// Bytes of an element, and its name.
    size: u64,
    name: &'static str,
    sizes: Vec<u32>,
}

impl Header {
    /// The kind of data; none if no data set here has it.
    fn kind(&self) -> Option<&'static Kind> {
        match (self.element, &*self.sizes) {
            (UNSIGNED_BYTE, [_]) | (INTEGER, [_, QMNIST_COLUMNS]) => Some(&LABELS),
            (UNSIGNED_BYTE, [_, _, _]) => Some(&IMAGES),
            _ => None,
        }
    }

    /// Its own length in bytes.
    fn length(&self) -> u64 {
        4 + 4 * self.sizes.len() as u64
    }

    /// Bytes of all elements; none if that overflows.
    fn bytes(&self) -> Option<u64> {
        // A 0 makes the product 0, even if the sizes before it overflow.
        if self.sizes.contains(&0) {
            return Some(0);
        }
        let sizes = self.sizes.iter().copied().map(u64::from);
        sizes.chain([self.size]).try_fold(1_u64, u64::checked_mul)
    }

    /// `60000 × 28 × 28`.
    fn product(&self) -> String {
        self.sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(" × ")
    }

    /// `32-bit floats in 3 dimensions (100 × 8 × 8)`.
    fn describe(&self) -> String {
        let dimensions = match self.sizes.len() {
            1 => "1 dimension".to_owned(),
            several => format!("{several} dimensions"),
        };
        format!("{} in {dimensions} ({})", self.name, self.product())
    }

    /// What to do with it if `wanted` is expected.
    fn advice(&self, wanted: &Kind) -> String {
        if let Some(kind) = self.kind() {
            return format!("these are {}: rename the file accordingly", kind.what);
        }
        match (wanted.what, &*self.sizes) {
            ("images", [_, 3, _, _] | [_, _, _, 3]) => {
                "convert these colour images to grey".to_owned()
            }
            ("images", [_, _]) => "store each image as rows and columns".to_owned(),
            (what, _) => format!("write the {what} in that form"),
        }
    }
}

/// A file's bytes as IDX defines them, decompressed where needed.
struct Content<'a> {
    name: &'a str,
    bytes: Box<dyn Read + 'a>,
    /// The number of bytes of a plain file; unknown for a compressed one until it is read.
    length: Option<u64>,
}

impl<'a> Content<'a> {
    fn open(name: &'a str, mut file: impl Read + 'a, length: u64) -> Result<Self> {
        let mut start = Vec::new();
        file.by_ref()
            .take(gzip::MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(|error| Error::file("read", Path::new(name), error))?;
        let compressed = start == gzip::MAGIC;
        let stored = Cursor::new(start).chain(file);
        Ok(if compressed {
            Self { name, bytes: Box::new(Members::new(BufReader::new(stored))), length: None }
        } else {
            Self { name, bytes: Box::new(stored), length: Some(length) }
        })
    }

    /// The header, and the bytes of the elements.
    fn parse(mut self, kind: &Kind) -> Result<(Header, Vec<u8>)> {
        let header = self.header(kind)?;
        let is_wanted = header.kind().is_some_and(|found| found.what == kind.what);
        let promised = header.bytes();
        let expected = promised.and_then(|bytes| bytes.checked_add(header.length()));
        // A file of another kind with the length that it promises is sound; a compressed one cannot be checked
        // further.
        if !is_wanted && self.length.is_none_or(|length| expected == Some(length)) {
            return Err(Error::Data(format!(
                "{} holds {}, but {}; {}",
                self.name,
                header.describe(),
                kind.expected,
                header.advice(kind)
            )));
        }
        let bytes = self.acceptable(&header, promised, kind)?;
        if let Some(length) = self.length
            && length != header.length() + bytes
        {
            return Err(self.wrong_length(&header, bytes, &length.to_string()));
        }
        // Besides the stored bytes, there will be the images as kernels read them.
        let what = format!("reading {} ({})", self.name, memory::words(bytes));
        memory::require(2 * bytes, &what, "close other programs")?;
        let body = self.read(bytes)?;
        if (body.len() as u64) < bytes {
            let found = header.length() + body.len() as u64;
            return Err(self.wrong_length(&header, bytes, &found.to_string()));
        }
        // This also takes a gzip stream to its end, where its checksum is compared.
        if !self.read(1)?.is_empty() {
            let found = format!("more than {}", header.length() + bytes);
            return Err(self.wrong_length(&header, bytes, &found));
        }
        Ok((header, body))
    }

    fn wrong_length(&self, header: &Header, bytes: u64, found: &str) -> Error {
        let state = if self.length.is_some() { "" } else { " once decompressed" };
        Error::Data(format!(
            "{} holds {found} bytes{state}, but its header promises {} (a header of {} and {} {}); it is \
             damaged: download it again",
            self.name,
            header.length() + bytes,
            header.length(),
            header.product(),
            header.name,
        ))
    }

    /// Reads the header of any IDX file, and refuses anything else.
    fn header(&mut self, kind: &Kind) -> Result<Header> {
        let start = self.read(4)?;
        let cut_off = |found: usize, length: usize| {
            Error::Data(format!(
                "{} ends after {found} bytes, but the header of an IDX file of {} has {length}; it is \
                 damaged: download it again",
                self.name, kind.what,
            ))
        };
        let &[a, b, element, dimensions] = &*start else {
            return Err(cut_off(start.len(), 4 + 4 * (kind.magic & 0xff) as usize));
        };
        let known = ELEMENTS.iter().find(|(code, ..)| *code == element);
        let (Some(&(_, size, name)), [0, 0], 1..) = (known, [a, b], dimensions) else {
            return Err(Error::Data(format!(
                "{} starts with the magic number {:#010x}, but an IDX file of {} starts with {:#010x}; it \
                 is damaged or something else: download it again",
                self.name,
                u32::from_be_bytes([a, b, element, dimensions]),
                kind.what,
                kind.magic,
            )));
        };
        let length = 4 * u64::from(dimensions);
        let bytes = self.read(length)?;
        if (bytes.len() as u64) < length {
            return Err(Error::Data(format!(
                "{} ends after {} bytes, but its header has {}; it is damaged: download it again",
                self.name,
                4 + bytes.len(),
                4 + length,
            )));
        }
        let (words, _) = bytes.as_chunks::<4>();
        let sizes = words.iter().map(|&word| u32::from_be_bytes(word)).collect();
        Ok(Header { element, size, name, sizes })
    }

    /// The bytes that the header promises: at least 1, at most [`MAX_BYTES`].
    fn acceptable(&self, header: &Header, promised: Option<u64>, kind: &Kind) -> Result<u64> {
        let limit = match promised {
            Some(0) => "every size must be at least 1".to_owned(),
            Some(bytes) if bytes <= MAX_BYTES => return Ok(bytes),
            _ => format!("at most {MAX_BYTES} bytes are accepted"),
        };
        Err(Error::Data(format!(
            "the header of {} promises {} {} of {}, but {limit}",
            self.name,
            header.product(),
            header.name,
            kind.what,
        )))
    }

    /// The next `count` bytes, or fewer where the content ends.
    fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.length.is_some_and(|length| count < length) {
            bytes.reserve_exact(count as usize);
        }
        match self.bytes.by_ref().take(count).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) if self.length.is_none() && is_damage(error.kind()) => {
                Err(Error::Data(format!(
                    "{} starts like a gzip file but cannot be decompressed ({error}); it is \
                     damaged: download it again",
                    self.name,
                )))
            }
            Err(error) => Err(Error::file("read", Path::new(self.name), error)),
        }
    }
}

/// Whether the decoder gives this error for bytes that are not a gzip stream, rather than for a disk that could not
/// be read.
fn is_damage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}
