//! `normlab records`: the numbers that a run has recorded, for other programs.

use super::output::Status;
use super::report::read_records;
use crate::error::{Error, Result};
use crate::files::replace;
use crate::report::csv;
use crate::report::records::{Records, evaluations};
use clap::Args;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

/// Arguments of `normlab records`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The folder that a run has left, for example runs/lesson.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// As comma-separated values, a line for each number.
    ///
    /// The columns: network, activation, norm, replica, step, record (step, evaluation or probe), layer, unit (counted
    /// from 0), quantity, value.
    #[arg(long, required = true)]
    csv: bool,
    /// A file for them [default: standard output]; an older one is replaced.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the records.
pub(super) fn records(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let Records { probes, missing, .. } = read_records(&arguments.run, "run")?;
    // Those of every replica, and what is missing of them has been said.
    let evaluations = evaluations(&arguments.run, &mut Vec::new())?;
    if evaluations.is_empty() && probes.is_empty() {
        let folder = arguments.run.display();
        let error = format!(
            "{folder} has no records of a run; name the folder of a run that was evaluated once"
        );
        return Err(Error::Config(error).into());
    }
    for sentence in missing {
        // Standard output is for the records.
        let _ = writeln!(stderr(), "missing: {sentence}");
    }
    match &arguments.out {
        None => csv::write(&evaluations, &probes, (out, Path::new("standard output")))?,
        Some(file) => {
            let mut bytes = Vec::new();
            csv::write(&evaluations, &probes, (&mut bytes, file))?;
            written(file, &bytes)?;
        }
    }
    Ok(Status::Good)
}

fn written(file: &Path, bytes: &[u8]) -> Result<()> {
    replace(file, bytes).map_err(|error| Error::file("create", file, error))
}
