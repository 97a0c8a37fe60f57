//! `normlab report`: rebuilds the report of a run or a sweep from its records.

use super::arguments::HeatMapArguments;
use super::output::{Status, open_in_browser, print};
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::record::Swept;
use crate::report::folder::{self, Report};
use crate::report::page::study::Study;
use crate::report::records::Records;
use crate::report::sweeps;
use crate::train::run_folder::RunFolder;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `normlab report`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The folder of a run or a sweep, for example runs/lesson.
    #[arg(value_name = "RUN_DIR")]
    folder: PathBuf,
    #[command(flatten)]
    map: HeatMapArguments,
    /// Open the report in the browser.
    #[arg(long)]
    open: bool,
}

/// Rebuilds the report.
pub(super) fn report(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let folder = &arguments.folder;
    let mut records = read_records(folder, "run or sweep")?;
    records.heat_map = arguments.map.of(&sweeps::varied_keys(records.sweep(Swept::Keys)))?;
    let made = folder::make(folder, records)?;
    for sentence in &made.missing {
        print(out, &format!("missing: {sentence}"))?;
    }
    print(out, &made_line(&made))?;
    if RunFolder::is_being_written(folder) {
        print(
            out,
            "note: a run is writing to this folder; the report shows what it has recorded so far",
        )?;
    }
    if arguments.open {
        open_in_browser(&made.page)?;
    }
    Ok(Status::Good)
}

/// Writes the page of a study to its folder, says where both are, and opens the page if that is wanted.
pub(super) fn after_study(
    folder: &Path,
    study: &Study,
    opened: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let page = folder::write_study(folder, study)?;
    print(out, &format!("records: {}\nreport: {}", folder.display(), page.display()))?;
    if opened { open_in_browser(&page) } else { Ok(()) }
}

/// The records in a folder; `kind` says, in messages, what it must contain.
///
/// # Errors
/// [`Error::Config`] when it has no experiment; as [`Records::read`].
pub(super) fn read_records(folder: &Path, kind: &str) -> Result<Records> {
    Records::of(read_experiment(folder, kind)?, folder)
}

/// The experiment of the run in a folder; `kind` as for [`read_records`].
///
/// # Errors
/// [`Error::Config`] when there is none; as [`Experiment::read`].
pub(super) fn read_experiment(folder: &Path, kind: &str) -> Result<Experiment> {
    let toml = folder.join("experiment.toml");
    if toml.is_file() {
        return Experiment::read(&toml);
    }
    Err(Error::Config(format!(
        "{} holds no {kind}: it has no experiment.toml. Name the folder of one, for example \
         runs/lesson",
        folder.display()
    )))
}

/// Makes the report of a run that has just ended, and prints where it is, and where the `lesson` page is. A run whose
/// report cannot be written has failed.
pub(super) fn after_run(
    folder: &Path,
    records: Records,
    lesson: Option<std::result::Result<PathBuf, String>>,
    out: &mut dyn Write,
) -> Result<Status> {
    let lesson = match lesson {
        Some(Ok(file)) => format!("\nlesson: {}", file.display()),
        Some(Err(note)) => format!("\n{note}"),
        None => String::new(),
    };
    match folder::make(folder, records) {
        Ok(made) => print(out, &format!("{}{lesson}", made_line(&made))).map(|()| Status::Good),
        Err(error) => print(
            out,
            &format!(
                "FAILED: the report could not be made: {error}; run `normlab report {}` to try \
                 again{lesson}",
                folder.display()
            ),
        )
        .map(|()| Status::Failed),
    }
}

/// Makes the report of a run or a sweep that an error has ended, if it has recorded anything. That error is the one
/// to report, so any error here is ignored.
pub(super) fn after_error(records: Result<Records>, folder: &Path, out: &mut dyn Write) {
    if let Ok(records) = records
        && (!records.evaluations.is_empty() || records.sweeps.values().any(|all| !all.is_empty()))
    {
        let _ = after_run(folder, records, None, out);
    }
}

fn made_line(made: &Report) -> String {
    format!(
        "report: {} ({} kB, made in {:.1} s)",
        made.page.display(),
        made.bytes.div_ceil(1000),
        made.time.as_secs_f64()
    )
}
