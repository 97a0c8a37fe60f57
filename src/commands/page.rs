//! `normlab page`: the lesson as one HTML file.

use super::output::{Status, open_in_browser, print};
use super::report::read_records;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::export;
use crate::files;
use crate::page::{self, Links, RecordedRun, SHIPPED};
use crate::report::claims;
use crate::report::records::Records;
use crate::train::run_folder::{ANIMATION, LESSON, REPORT};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a run's folder will contain next to its page.
const AFTER_RUN: Links = Links { report: Some(REPORT), gif: Some(ANIMATION) };

/// Arguments of `normlab page`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The file to write; an existing one is replaced.
    #[arg(long, value_name = "FILE.html", default_value = LESSON)]
    out: PathBuf,
    /// Show your own run, from its folder, instead of the recorded one that normlab ships with.
    #[arg(long, value_name = "RUN_DIR")]
    run: Option<PathBuf>,
    /// Also write the run's data that the page shows, as JSON.
    #[arg(long, value_name = "FILE.json", requires = "run")]
    record: Option<PathBuf>,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
}

/// Writes the page.
pub(super) fn page(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let Arguments { out: file, run, record, open } = arguments;
    let bytes = match run {
        None => write(file, SHIPPED, &Links::default())?,
        Some(folder) => {
            let json = recorded(folder)?;
            if let Some(file) = record {
                files::replace(file, json.as_bytes())
                    .map_err(|error| Error::file("write", file, error))?;
            }
            write(file, &json, &beside(file, folder))?
        }
    };
    print(out, &format!("lesson: {} ({:.1} MB)", file.display(), bytes as f64 / 1e6))?;
    if *open {
        open_in_browser(file)?;
    }
    Ok(Status::Good)
}

/// Writes the page of a run that has just ended to its folder; the error says how to try again.
pub(super) fn after_run(folder: &Path, records: &Records) -> std::result::Result<PathBuf, String> {
    let file = folder.join(LESSON);
    let written = json(records, folder).and_then(|json| write(&file, &json, &AFTER_RUN));
    let again = |error| {
        let (folder, file) = (folder.display(), file.display());
        format!(
            "note: the lesson page could not be made: {error}; run `normlab page --run {folder} \
             --out {file}` to try again, or `normlab page` for the recorded run"
        )
    };
    written.map(|_| file.clone()).map_err(again)
}

/// The run of a folder, as JSON.
fn recorded(folder: &Path) -> Result<String> {
    json(&read_records(folder, "run")?, folder)
}

/// The part of a folder's records that the page shows.
fn json(records: &Records, folder: &Path) -> Result<String> {
    let Some(summary) = &records.summary else {
        return Err(Error::Config(format!(
            "{} has no readable summary.json: no network of the run has finished",
            folder.display()
        )));
    };
    let run = RecordedRun::new(records, summary, claims::claims(records), command(records)?)?;
    export::json(&run, "the run")
}

/// The command that reproduces a run.
fn command(records: &Records) -> Result<String> {
    let lesson = Experiment::lesson()?;
    let again = Experiment { seed: records.experiment.seed, ..lesson.clone() };
    Ok(match &records.experiment {
        one if *one == lesson => "normlab lesson".to_owned(),
        one if *one == again => format!("normlab lesson --seed {}", one.seed),
        _ => "normlab train experiment.toml".to_owned(),
    })
}

/// The files of a run that are next to a page.
fn beside(page: &Path, run: &Path) -> Links {
    let folder = page.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let same = folder.is_ok_and(|folder| run.canonicalize().is_ok_and(|run| run == folder));
    let there = |file| (same && run.join(file).is_file()).then_some(file);
    Links { report: there(REPORT), gif: there(ANIMATION) }
}

/// Writes the page and returns its size in bytes.
fn write(file: &Path, record: &str, links: &Links) -> Result<usize> {
    let html = page::html(record, links)?;
    files::replace(file, html.as_bytes()).map_err(|error| Error::file("write", file, error))?;
    Ok(html.len())
}
