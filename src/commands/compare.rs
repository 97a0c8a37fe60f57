//! `normlab compare`: several runs beside each other.

use super::output::{Status, open_in_browser, print};
use super::report::read_records;
use super::terminal;
use crate::error::{Error, Result};
use crate::files::replace;
use crate::report::comparison::{MOST, Run, accuracies, settings};
use crate::report::page::comparison;
use crate::report::table::columns;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `normlab compare`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The folders that the runs have left, for example runs/lesson runs/lesson-2.
    #[arg(value_name = "RUN", num_args = 2..=MOST, required = true)]
    runs: Vec<PathBuf>,
    /// The file for the page; an older one is replaced.
    #[arg(long, value_name = "FILE", default_value = "comparison.html")]
    out: PathBuf,
    /// Open the page in the browser.
    #[arg(long)]
    open: bool,
}

/// Shows what differs, and writes the page.
pub(super) fn compare(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let runs = arguments.runs.iter().map(|folder| run(folder));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    for run in &runs {
        for sentence in &run.records.missing {
            print(out, &format!("missing in {}: {sentence}", run.name))?;
        }
    }
    let (page, width) = (&arguments.out, terminal::width());
    replace(page, comparison(&runs).as_bytes())
        .map_err(|error| Error::file("create", page, error))?;
    match settings(&runs) {
        rows if rows.len() > 1 => print(out, &columns(&rows, width))?,
        _ => print(out, "all settings are the same")?,
    }
    print(out, &format!("\n{}", columns(&accuracies(&runs), width)))?;
    print(out, &format!("page: {}", page.display()))?;
    if arguments.open {
        open_in_browser(page)?;
    }
    Ok(Status::Good)
}

/// A run that has recorded an evaluation.
fn run(folder: &Path) -> Result<Run> {
    let records = read_records(folder, "run")?;
    if records.evaluations.is_empty() {
        return Err(Error::Config(format!(
            "{} has no evaluations to compare; name the folder of a run that was evaluated once",
            folder.display()
        )));
    }
    Ok(Run { name: folder.display().to_string(), records })
}
