//! The folder of a data set, and which of its files hold what.
//!
//! MNIST, Fashion-MNIST and KMNIST call their files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
//! `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`; the spelling `train-images.idx3-ubyte` is accepted as well.
//! EMNIST and QMNIST use `test` for `t10k` and put the data set's name before that of the part, for example
//! `emnist-letters-train-images-idx3-ubyte`; the names of QMNIST's labels end in `idx2-int`. Each file may be plain
//! or have the extension `.gz`; the plain file wins if both exist. Whether a file is compressed is determined by its
//! content.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::examples::Examples;
use super::idx::{self, Images};
use crate::error::{Error, Result};

/// How the name of a file of images or labels ends; a dot may replace the dash.
const IMAGES: What = What { name: "images", endings: &["-idx3-ubyte"] };
const LABELS: What = What { name: "labels", endings: &["-idx1-ubyte", "-idx2-int"] };

/// The names of the parts of a data set.
const TRAIN: &[&str] = &["train"];
const TEST: &[&str] = &["t10k", "test"];

/// The prefix of files whose images are transposed.
const TRANSPOSED: &str = "emnist-";

/// What a file holds.
struct What {
    name: &'static str,
    endings: &'static [&'static str],
}

/// The files of one data set.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    /// What all of their names begin with: nothing, or for example `emnist-letters-`.
    prefix: String,
    /// Whether rows and columns of the images are swapped.
    pub transposed: bool,
}

impl Files {
    /// Finds the data set at `path`: the one whose files this folder holds, or the one that this file belongs to.
    /// Rows and columns of its images are swapped if `transpose` says so, or, if that is none, if they are EMNIST's.
    ///
    /// # Errors
    /// [`Error::Data`] if there is nothing, something else, or more than one data set. [`Error::File`] if the folder
    /// cannot be read.
    pub fn at(path: &Path, transpose: Option<bool>) -> Result<Self> {
        Self::with(path, transpose, &[TRAIN, TEST].concat())
    }

    /// The same, if only the test part is to be read.
    ///
    /// # Errors
    /// As [`Files::at`].
    pub fn of_test(path: &Path, transpose: Option<bool>) -> Result<Self> {
        Self::with(path, transpose, TEST)
    }

    fn with(path: &Path, transpose: Option<bool>, parts: &[&str]) -> Result<Self> {
        let expected = || {
            "name the folder of a data set, with train-images-idx3-ubyte, train-labels-idx1-ubyte and their \
             t10k counterparts, or one of these files"
        };
        let refused = |found: &str| {
            let path = path.display();
            Error::Data(format!("{path} {found}, but a data set is expected; {}", expected()))
        };
        let (folder, prefix) = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => (path, only_prefix(path, parts)?),
            Ok(_) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let all = [TRAIN, TEST].concat();
                let prefix = [IMAGES, LABELS].iter().find_map(|what| prefix(&name, what, &all));
                let prefix = prefix.ok_or_else(|| refused("is another kind of file"))?.to_owned();
                (path.parent().unwrap_or(Path::new("")), prefix)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(refused("does not exist"));
            }
            Err(error) => return Err(Error::file("read", path, error)),
        };
        let transposed = transpose.unwrap_or(prefix.starts_with(TRANSPOSED));
        Ok(Self { folder: folder.to_owned(), prefix, transposed })
    }

    /// Where the data comes from, in words: the folder, and the data set if its files say which.
    #[must_use]
    pub fn describe(&self) -> String {
        let set = Some(self.prefix.trim_end_matches('-')).filter(|name| !name.is_empty());
        let transposed = self.transposed.then_some("images transposed");
        let said: Vec<_> = set.into_iter().chain(transposed).collect();
        match said.is_empty() {
            true => self.folder.display().to_string(),
            false => format!("{} ({})", self.folder.display(), said.join(", ")),
        }
    }

    /// Reads the training and the test part.
    ///
    /// # Errors
    /// [`Error::Data`] if a file is missing or is something else, if it does not hold what [`idx`] reads, if a part
    /// does not have one label per image, or if the images of the two parts differ in size. [`Error::File`] if a file
    /// cannot be read.
    pub fn read(&self) -> Result<(Examples, Examples)> {
        // All four are found before one is read, so that a missing file is reported at once.
        let (train, test) = (self.part(TRAIN)?, self.part(TEST)?);
        let (train_part, test_part) = (self.read_part(&train)?, self.read_part(&test)?);
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

    /// Reads the test part alone.
    ///
    /// # Errors
    /// As [`Files::read`], for its two files.
    pub fn read_test(&self) -> Result<Examples> {
        self.read_part(&self.part(TEST)?)
    }

    /// The files of a part's images and labels.
    fn part(&self, parts: &[&str]) -> Result<[PathBuf; 2]> {
        Ok([self.find(parts, &IMAGES)?, self.find(parts, &LABELS)?])
    }

    /// The first existing file of those that may hold a part's images or labels.
    fn find(&self, parts: &[&str], what: &What) -> Result<PathBuf> {
        let mut parts = parts.to_vec();
        if !self.prefix.is_empty() {
            parts.reverse();
        }
        let names = parts.iter().flat_map(|part| {
            let dashed = what.endings.iter().map(|ending| (*ending).to_owned());
            let dotted = what.endings.iter().map(|ending| ending.replacen('-', ".", 1));
            dashed
                .chain(dotted)
                .map(move |ending| format!("{}{part}-{}{ending}", self.prefix, what.name))
        });
        let names: Vec<_> = names.collect();
        let mut something_else = None;
        for suffix in ["", ".gz"] {
            for name in &names {
                let path = self.folder.join(format!("{name}{suffix}"));
                match fs::metadata(&path) {
                    Ok(metadata) if metadata.is_file() => return Ok(path),
                    // Some archives unpack into a folder of the file's own name, next to the file.
                    Ok(_) => something_else = something_else.or(Some(path)),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(Error::file("read", &path, error)),
                }
            }
        }
        Err(Error::Data(match (something_else, &*names) {
            (Some(path), _) => format!(
                "{} is not a file, but the {} are expected there; move the file itself to that name",
                path.display(),
                what.name,
            ),
            (None, [first, others @ ..]) => format!(
                "{} does not exist, nor does {}, plain or as .gz; put all four files of the data set \
                 into one folder",
                self.folder.join(first).display(),
                others.join(", "),
            ),
            (None, []) => format!("a data set has no {}", what.name),
        }))
    }

    /// Reads a part's images and labels and joins them.
    fn read_part(&self, [images_path, labels_path]: &[PathBuf; 2]) -> Result<Examples> {
        let (name, file, length) = open(images_path)?;
        let images = idx::parse_images(&name, file, length)?;
        let (labels_name, file, length) = open(labels_path)?;
        let labels = idx::parse_labels(&labels_name, file, length)?;
        if images.count() != labels.len() {
            return Err(Error::Data(format!(
                "{labels_name} holds {} labels, but {name} holds {} images; each image needs one label",
                labels.len(),
                images.count(),
            )));
        }
        let images = if self.transposed { images.transposed() } else { images };
        let Images { pixels, rows, cols } = images;
        Ok(Examples::new(&pixels, labels, [rows, cols]))
    }
}

/// What comes before the part's name in a file name; none if the file belongs to no data set.
fn prefix<'a>(name: &'a str, what: &What, parts: &[&str]) -> Option<&'a str> {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let rest = what.endings.iter().find_map(|ending| {
        let dotted = ending.replacen('-', ".", 1);
        name.strip_suffix(ending).or_else(|| name.strip_suffix(&*dotted))
    })?;
    let rest = rest.strip_suffix(what.name)?.strip_suffix('-')?;
    let prefix = parts.iter().find_map(|part| rest.strip_suffix(part))?;
    (prefix.is_empty() || prefix.ends_with('-')).then_some(prefix)
}

/// What the names of the files of a folder's data set begin with; empty if there is none.
fn only_prefix(folder: &Path, parts: &[&str]) -> Result<String> {
    let failed = |error| Error::file("read", folder, error);
    let entries = fs::read_dir(folder).map_err(failed)?.collect::<std::io::Result<Vec<_>>>();
    let names: Vec<_> = entries.map_err(failed)?.iter().map(fs::DirEntry::file_name).collect();
    for what in [IMAGES, LABELS] {
        // A file of each data set, by prefix.
        let mut sets = BTreeMap::new();
        for name in names.iter().filter_map(|name| name.to_str()) {
            if let Some(prefix) = prefix(name, &what, parts) {
                let first = sets.entry(prefix).or_insert(name);
                *first = name.min(first);
            }
        }
        let examples: Vec<_> = sets.values().copied().collect();
        match (sets.first_key_value(), &*examples) {
            (None, _) => {}
            (Some((prefix, _)), [_]) => return Ok((*prefix).to_owned()),
            (Some(_), several) => {
                return Err(Error::Data(format!(
                    "{} holds files of {} data sets: {}; name a file of the one you want instead \
                     of the folder, for example {}",
                    folder.display(),
                    several.len(),
                    several.join(", "),
                    folder.join(several[several.len() - 1]).display(),
                )));
            }
        }
    }
    Ok(String::new())
}

/// A file's name for messages, the file, and its length in bytes.
fn open(path: &Path) -> Result<(String, File, u64)> {
    let file = File::open(path).map_err(|error| Error::file("read", path, error))?;
    let metadata = file.metadata().map_err(|error| Error::file("read", path, error))?;
    Ok((path.display().to_string(), file, metadata.len()))
}
