//! The report in the folder of a run, or of a sweep without a run.
//!
//! ```text
//! report.html       the page
//! pictures/ID.svg   the last frame of each of its pictures
//! training.gif      the layers and the accuracy of all networks, advancing together
//! frames/STEP.png   the frames of training.gif
//! sweep.csv         the cells of a sweep over any keys, a line each
//! ```

use super::animation::Animation;
use super::page::study::Study;
use super::picture::Picture;
use super::records::Records;
use super::{affine, backward, bands, curves, filters, layer_outputs, page, ridges, svg, sweeps};
use crate::error::{Error, Result};
use crate::files::replace;
use crate::record::Swept;
use crate::train::run_folder::{ANIMATION, LESSON, REPORT};
use rayon::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The cells of a sweep over any keys as a table.
const CELLS: &str = "sweep.csv";

/// A finished report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The page.
    pub page: PathBuf,
    /// Its size in bytes.
    pub bytes: usize,
    /// How long it took to make, not counting the reading of the records.
    pub time: Duration,
    /// Sentences about what is missing in it.
    pub missing: Vec<String>,
}

/// Makes the report of the run or the sweep in `folder` from the records read there.
///
/// # Errors
/// [`Error::File`] when a file cannot be written.
pub fn make(folder: &Path, records: Records) -> Result<Report> {
    let start = Instant::now();
    let (page, animation) =
        rayon::join(|| write_page(folder, &records), || write_animation(folder, &records));
    let (page, bytes) = page?;
    animation?;
    if let Some(cells) = records.sweeps.get(&Swept::Keys) {
        let table = folder.join(CELLS);
        replace(&table, sweeps::csv(cells).as_bytes())
            .map_err(|error| Error::file("write", &table, error))?;
    }
    Ok(Report { page, bytes, time: start.elapsed(), missing: records.missing })
}

/// Writes the page and its pictures, and returns where it is and its size in bytes.
fn write_page(folder: &Path, records: &Records) -> Result<(PathBuf, usize)> {
    let pictures = pictures(records);
    write_pictures(&folder.join("pictures"), &pictures)?;
    let lesson = Some(LESSON).filter(|name| folder.join(name).is_file());
    let (page, html) = (folder.join(REPORT), page::html(records, &pictures, lesson));
    replace(&page, html.as_bytes()).map_err(|error| Error::file("write", &page, error))?;
    Ok((page, html.len()))
}

/// Writes the page of a study to its folder, with its pictures, and returns where it is.
///
/// # Errors
/// [`Error::File`] when a file cannot be written.
pub fn write_study(folder: &Path, study: &Study) -> Result<PathBuf> {
    write_pictures(&folder.join("pictures"), &study.pictures)?;
    let page = folder.join(REPORT);
    let html = page::study::html(study);
    replace(&page, html.as_bytes()).map_err(|error| Error::file("write", &page, error))?;
    Ok(page)
}

/// All pictures of a run, in the order of the page.
#[must_use]
pub fn pictures(records: &Records) -> Vec<Picture> {
    let makers = [
        (ridges::pictures as fn(&Records) -> Vec<Picture>, true),
        (bands::pictures, true),
        (backward::pictures, true),
        (curves::pictures, false),
        (layer_outputs::pictures, true),
        (affine::pictures, true),
        (filters::pictures, true),
    ];
    let made = makers.par_iter().flat_map_iter(|(make, probed)| {
        let mut made = make(records);
        if *probed && records.several().is_some() {
            made.iter_mut().for_each(Picture::is_of_the_first_replica);
        }
        made
    });
    let mut all: Vec<_> = made.collect();
    let of = |(&swept, networks): (&Swept, &Vec<_>)| {
        sweeps::pictures(swept, networks, records.heat_map.as_ref())
    };
    all.extend(records.sweeps.iter().flat_map(of));
    all
}

/// Writes the animation and its frames, or removes older ones if there are none to make.
fn write_animation(folder: &Path, records: &Records) -> Result<()> {
    let (whole, frames) = (folder.join(ANIMATION), folder.join("frames"));
    let mut files = Vec::new();
    if let Some(animation) = Animation::of(records) {
        replace(&whole, &animation.gif()?).map_err(|error| Error::file("write", &whole, error))?;
        let name = |step| frames.join(format!("{step:08}.png"));
        files.extend(animation.pngs().into_iter().map(|(step, png)| (name(step), png)));
    } else if whole.exists() {
        fs::remove_file(&whole).map_err(|error| Error::file("replace", &whole, error))?;
    }
    write_all(&frames, "png", &files)
}

/// Writes the last frame of each picture.
fn write_pictures(folder: &Path, pictures: &[Picture]) -> Result<()> {
    let file = |picture: &Picture| {
        let svg = picture.frames.last().map_or("", |frame| frame.svg.as_str());
        (folder.join(format!("{}.svg", picture.id)), svg::alone(svg).into_bytes())
    };
    write_all(folder, "svg", &pictures.iter().map(file).collect::<Vec<_>>())
}

/// Writes the files of a folder, and removes those with the same extension from an older report.
fn write_all(folder: &Path, ending: &str, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    if files.is_empty() && !folder.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|error| Error::file("write", folder, error))?;
    for (path, bytes) in files {
        replace(path, bytes).map_err(|error| Error::file("write", path, error))?;
    }
    let entries = fs::read_dir(folder).map_err(|error| Error::file("read", folder, error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let ours = path.extension().is_some_and(|end| end == ending);
        if ours && !files.iter().any(|(written, _)| *written == path) {
            fs::remove_file(&path).map_err(|error| Error::file("replace", &path, error))?;
        }
    }
    Ok(())
}
