//! The loader of IDX files: MNIST, Fashion-MNIST and others of the same form.
//!
//! Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*, section "File
//! formats". All numbers are big-endian. A file starts with a magic number of four bytes: two
//! zeros, the type of the elements (08: unsigned byte) and the number of dimensions. One `u32` per
//! dimension gives its size; then come the elements, the last index fastest, and nothing more.
//! The files are usually shipped gzip-compressed (RFC 1952).
//!
//! A file is not trusted. Its header is checked before memory is taken for what it promises, and
//! memory grows only as bytes arrive, so a false header takes none, and a gzip bomb at most what
//! [`MAX_ELEMENTS`] bytes need.

use std::fs::{self, File};
use std::io::{Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::examples::{self, Examples};
use crate::error::{Error, Result};

/// The most elements that one file may promise: 1 GiB, about 23 times MNIST's training images.
pub const MAX_ELEMENTS: u64 = 1 << 30;

/// The number of classes: a label must be less.
const CLASSES: u8 = examples::CLASSES as u8;

/// The first two bytes of every gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

const IMAGES: Kind = Kind { what: "images", magic: 0x0000_0803, dimensions: 3 };
const LABELS: Kind = Kind { what: "labels", magic: 0x0000_0801, dimensions: 1 };

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
}

/// Loads the training and the test part of a data set from the four files in `folder`.
///
/// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`; the spelling `train-images.idx3-ubyte` is accepted as well. Each may be
/// plain or carry `.gz`; the plain file wins if both are there. Whether a file is compressed is
/// read from its content.
///
/// # Errors
///
/// [`Error::Data`] if the folder or a file is missing or is something else, if a file is not valid
/// IDX (see [`parse_images`] and [`parse_labels`]), if a part has not one label per image, or if
/// the images of the two parts differ in size. [`Error::File`] if a file cannot be read.
pub fn load(folder: &Path) -> Result<(Examples, Examples)> {
    check_folder(folder)?;
    // All four are found before one is read, so that a missing file is known at once.
    let train = [find(folder, "train", &IMAGES)?, find(folder, "train", &LABELS)?];
    let test = [find(folder, "t10k", &IMAGES)?, find(folder, "t10k", &LABELS)?];
    let train_part = load_part(&train)?;
    let test_part = load_part(&test)?;
    let size = |part: &Examples| (part.image_rows, part.image_cols);
    if size(&train_part) != size(&test_part) {
        return Err(Error::Data(format!(
            "the images of {} have {} × {} pixels, but those of {} have {} × {}; take both from \
             one data set",
            test[0].display(),
            test_part.image_rows,
            test_part.image_cols,
            train[0].display(),
            train_part.image_rows,
            train_part.image_cols,
        )));
    }
    Ok((train_part, test_part))
}

/// Loads the test part only, from the two `t10k` files in `folder`, under the names that [`load`] knows.
///
/// # Errors
///
/// As [`load`], for these two files.
pub fn load_test(folder: &Path) -> Result<Examples> {
    check_folder(folder)?;
    load_part(&[find(folder, "t10k", &IMAGES)?, find(folder, "t10k", &LABELS)?])
}

/// Reads the images of one IDX file, plain or gzip-compressed.
///
/// `name` stands for the file in messages, `file` gives its bytes as they are stored, and `length`
/// is their number. A plain file is refused by its length before its pixels are read.
///
/// # Errors
///
/// [`Error::Data`] if the magic number is not `0x00000803`, if a size is 0, if there are more than
/// [`MAX_ELEMENTS`] pixels, if the file is shorter or longer than its header promises, or if the
/// gzip stream is damaged. [`Error::File`] if reading fails.
pub fn parse_images(name: &str, file: impl Read, length: u64) -> Result<Images> {
    let (pixels, sizes) = Content::open(name, file, length)?.parse(&IMAGES)?;
    Ok(Images { pixels, rows: sizes[1] as usize, cols: sizes[2] as usize })
}

/// Reads the labels of one IDX file, plain or gzip-compressed: `[examples]`, each 0..=9.
///
/// The arguments are those of [`parse_images`].
///
/// # Errors
///
/// [`Error::Data`] if the magic number is not `0x00000801`, if a label is above 9, and in the cases
/// that [`parse_images`] names. [`Error::File`] if reading fails.
pub fn parse_labels(name: &str, file: impl Read, length: u64) -> Result<Vec<u8>> {
    let (labels, _) = Content::open(name, file, length)?.parse(&LABELS)?;
    match labels.iter().position(|&label| label >= CLASSES) {
        None => Ok(labels),
        Some(index) => Err(Error::Data(format!(
            "{name} gives example {index} (counted from 0) the label {}, but a label must be one \
             of 0 to {}, for the network has {CLASSES} classes",
            labels[index],
            CLASSES - 1,
        ))),
    }
}

/// What an IDX file may hold here.
struct Kind {
    what: &'static str,
    magic: u32,
    dimensions: usize,
}

impl Kind {
    /// The file's name within a data set; `joint` stands before `idx`.
    fn file_name(&self, part: &str, joint: char) -> String {
        format!("{part}-{}{joint}idx{}-ubyte", self.what, self.dimensions)
    }

    /// The length of the header, in bytes.
    fn header_length(&self) -> usize {
        4 + 4 * self.dimensions
    }
}

fn check_folder(folder: &Path) -> Result<()> {
    let found = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(metadata) if metadata.is_file() => "is a file",
        Ok(_) => "is not a folder",
        Err(error) if error.kind() == ErrorKind::NotFound => "does not exist",
        Err(error) => return Err(Error::file("read", folder, error)),
    };
    Err(Error::Data(format!(
        "{} {found}, but a data folder is expected; name the folder that holds {}, {} and their \
         t10k counterparts",
        folder.display(),
        IMAGES.file_name("train", '-'),
        LABELS.file_name("train", '-'),
    )))
}

/// The first file that is there of those that may hold `part`'s images or labels.
fn find(folder: &Path, part: &str, kind: &Kind) -> Result<PathBuf> {
    let names = [kind.file_name(part, '-'), kind.file_name(part, '.')];
    let mut something_else = None;
    for suffix in ["", ".gz"] {
        for name in &names {
            let path = folder.join(format!("{name}{suffix}"));
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => return Ok(path),
                // Some archives unpack into a folder of the file's own name, next to the file.
                Ok(_) => something_else = something_else.or(Some(path)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Error::file("read", &path, error)),
            }
        }
    }
    Err(Error::Data(match something_else {
        Some(path) => format!(
            "{} is not a file, but the {} are expected there; move the file itself to that name",
            path.display(),
            kind.what,
        ),
        None => format!(
            "{} does not exist, nor does {}, plain or as .gz; put all four files of the data set \
             into one folder",
            folder.join(&names[0]).display(),
            names[1],
        ),
    }))
}

/// Reads a part's images and labels and joins them.
fn load_part([images_path, labels_path]: &[PathBuf; 2]) -> Result<Examples> {
    let (name, file, length) = open(images_path)?;
    let images = parse_images(&name, file, length)?;
    let (labels_name, file, length) = open(labels_path)?;
    let labels = parse_labels(&labels_name, file, length)?;
    if images.count() != labels.len() {
        return Err(Error::Data(format!(
            "{labels_name} holds {} labels, but {name} holds {} images; each image needs one label",
            labels.len(),
            images.count(),
        )));
    }
    let Images { pixels, rows, cols } = images;
    Ok(Examples::new(&pixels, labels, [rows, cols]))
}

/// A file's name for messages, the file, and its length in bytes.
fn open(path: &Path) -> Result<(String, File, u64)> {
    let file = File::open(path).map_err(|error| Error::file("read", path, error))?;
    let metadata = file.metadata().map_err(|error| Error::file("read", path, error))?;
    Ok((path.display().to_string(), file, metadata.len()))
}

/// A file's bytes as IDX defines them, decompressed where needed.
struct Content<'a> {
    name: &'a str,
    bytes: Box<dyn Read + 'a>,
    /// The number of bytes of a plain file; a compressed one tells only as it is read.
    length: Option<u64>,
}

impl<'a> Content<'a> {
    fn open(name: &'a str, mut file: impl Read + 'a, length: u64) -> Result<Self> {
        let mut start = Vec::new();
        file.by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(|error| Error::file("read", Path::new(name), error))?;
        let compressed = start == GZIP_MAGIC;
        let stored = Cursor::new(start).chain(file);
        // The decoder of several members, because the simpler one would ignore whatever follows
        // the first.
        Ok(if compressed {
            Self { name, bytes: Box::new(MultiGzDecoder::new(stored)), length: None }
        } else {
            Self { name, bytes: Box::new(stored), length: Some(length) }
        })
    }

    /// The elements and the size of each dimension.
    fn parse(mut self, kind: &Kind) -> Result<(Vec<u8>, Vec<u32>)> {
        let sizes = self.header(kind)?;
        let elements = self.promised(kind, &sizes)?;
        let expected = kind.header_length() as u64 + elements;
        let wrong_length = |content: &Self, found: String| {
            let state = if content.length.is_some() { "" } else { " once decompressed" };
            Error::Data(format!(
                "{} holds {found} bytes{state}, but its header promises {expected} (a header of \
                 {} and {} of {}); download it again",
                content.name,
                kind.header_length(),
                product(&sizes),
                kind.what,
            ))
        };
        if let Some(length) = self.length
            && length != expected
        {
            return Err(wrong_length(&self, length.to_string()));
        }
        let body = self.read(elements)?;
        if (body.len() as u64) < elements {
            let found = kind.header_length() + body.len();
            return Err(wrong_length(&self, found.to_string()));
        }
        // This also takes a gzip stream to its end, where its checksum is compared.
        if !self.read(1)?.is_empty() {
            return Err(wrong_length(&self, format!("more than {expected}")));
        }
        Ok((body, sizes))
    }

    /// Reads the header, and checks the magic number.
    fn header(&mut self, kind: &Kind) -> Result<Vec<u32>> {
        let bytes = self.read(kind.header_length() as u64)?;
        let (words, _) = bytes.as_chunks::<4>();
        let mut words = words.iter().map(|&word| u32::from_be_bytes(word));
        if let Some(magic) = words.next()
            && magic != kind.magic
        {
            let advice = match [IMAGES, LABELS].iter().find(|other| other.magic == magic) {
                Some(other) => format!("that file holds {}: give it its right name", other.what),
                None => "download it again".to_owned(),
            };
            return Err(Error::Data(format!(
                "{} starts with the magic number {magic:#010x}, but an IDX file of {} starts with \
                 {:#010x}; {advice}",
                self.name, kind.what, kind.magic,
            )));
        }
        if bytes.len() < kind.header_length() {
            return Err(Error::Data(format!(
                "{} ends after {} bytes, but the header of an IDX file of {} has {}; download it \
                 again",
                self.name,
                bytes.len(),
                kind.what,
                kind.header_length(),
            )));
        }
        Ok(words.collect())
    }

    /// The number of elements that the header promises: at least 1, at most [`MAX_ELEMENTS`].
    fn promised(&self, kind: &Kind, sizes: &[u32]) -> Result<u64> {
        let elements = sizes.iter().try_fold(1_u64, |all, &size| all.checked_mul(size.into()));
        let limit = match elements {
            // A 0 is always seen: the two other sizes of an image file cannot overflow a `u64`.
            Some(0) => "every size must be at least 1".to_owned(),
            Some(elements) if elements <= MAX_ELEMENTS => return Ok(elements),
            _ => format!("at most {MAX_ELEMENTS} are accepted"),
        };
        Err(Error::Data(format!(
            "the header of {} promises {} bytes of {}, but {limit}; download it again",
            self.name,
            product(sizes),
            kind.what,
        )))
    }

    /// The next `count` bytes, or fewer where the content ends.
    fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.bytes.by_ref().take(count).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) if self.length.is_none() && is_damage(error.kind()) => {
                Err(Error::Data(format!(
                    "{} is not the sound gzip file that its first bytes announce ({error}); \
                     download it again",
                    self.name,
                )))
            }
            Err(error) => Err(Error::file("read", Path::new(self.name), error)),
        }
    }
}

/// Whether the decoder gives this error for bytes that are no gzip stream, as against a disk that
/// could not be read.
fn is_damage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

/// `60000 × 28 × 28`.
fn product(sizes: &[u32]) -> String {
    sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(" × ")
}
