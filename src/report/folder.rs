//! The report in the folder of a run.
//!
//! ```text
//! report.html       the page
//! pictures/ID.svg   the last frame of each of its pictures
//! training.gif      the layers and the accuracy of all networks, advancing together
//! ```

use super::picture::Picture;
use super::records::Records;
use super::{affine, animation, bands, batch_sizes, curves, filters, page, ridges, seen};
use crate::error::{Error, Result};
use crate::files::replace;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a picture's `<svg>` begins with in a file of its own: without a page around it, it has a ground
/// and a colour of its own.
const OPENING: &str = "<svg style=\"background:#ffffff;color:#1c1e21\"";

/// A report that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The page.
    pub page: PathBuf,
    /// Its size in bytes.
    pub bytes: usize,
    /// How long it took to make.
    pub time: Duration,
    /// Sentences about what is missing in it.
    pub missing: Vec<String>,
}

/// Makes the report of the run in `folder` from its records.
///
/// # Errors
/// As [`Records::read`]; [`Error::File`] when a file cannot be written.
pub fn make(folder: &Path) -> Result<Report> {
    let start = Instant::now();
    let records = Records::read(folder)?;
    let pictures = pictures(&records);
    write_pictures(&folder.join("pictures"), &pictures)?;
    let (page, html) = (folder.join("report.html"), page::html(&records, &pictures));
    replace(&page, html.as_bytes()).map_err(|error| Error::file("write", &page, error))?;
    write_animation(&folder.join("training.gif"), &records)?;
    Ok(Report { page, bytes: html.len(), time: start.elapsed(), missing: records.missing })
}

/// All pictures of a run, in the order of the page.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let mut all = Vec::new();
    for make in [
        ridges::pictures,
        bands::pictures,
        curves::pictures,
        seen::pictures,
        affine::pictures,
        filters::pictures,
    ] {
        all.extend(make(records));
    }
    all.extend(batch_sizes::pictures(&records.batch_sizes));
    all
}

/// Writes the animation, or takes an older one away where there is none to make.
fn write_animation(path: &Path, records: &Records) -> Result<()> {
    match animation::training_gif(records)? {
        Some(gif) => replace(path, &gif).map_err(|error| Error::file("write", path, error)),
        None if path.exists() => {
            fs::remove_file(path).map_err(|error| Error::file("replace", path, error))
        }
        None => Ok(()),
    }
}

/// Writes the last frame of each picture, and takes away those of an older report that are none now.
fn write_pictures(folder: &Path, pictures: &[Picture]) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::file("write", folder, error))?;
    let written: Vec<_> =
        pictures.iter().map(|picture| folder.join(format!("{}.svg", picture.id))).collect();
    for (picture, path) in pictures.iter().zip(&written) {
        let svg = picture.frames.last().map_or("", |frame| frame.svg.as_str());
        let svg = svg.replacen("<svg", OPENING, 1);
        replace(path, svg.as_bytes()).map_err(|error| Error::file("write", path, error))?;
    }
    let entries = fs::read_dir(folder).map_err(|error| Error::file("read", folder, error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|end| end == "svg") && !written.contains(&path) {
            fs::remove_file(&path).map_err(|error| Error::file("replace", &path, error))?;
        }
    }
    Ok(())
}
