//! `normlab sanitize`: runs each shader on the CPU, to find mistakes that adapters hide.

use super::arguments::ShaderArguments;
use super::output::{Status, print, print_json};
use super::terminal;
use crate::error::{Error, Result};
use crate::kernels;
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::setting::Setting;
use crate::report::table;
use crate::sanitize::{self, Depth, Diagnosis, Options, Report};
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

/// Arguments of `normlab sanitize`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The kernels to sanitize [default: all].
    #[arg(value_name = "KERNEL")]
    kernels: Vec<String>,
    /// Subgroup sizes to try, for example 8,32, if a shader requires none [default: 4,8,16,32,64].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    subgroup_size: Vec<u32>,
    /// Number of workgroup orders to try [default: 1, or 2 if atomics make the order visible].
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    schedules: usize,
    /// Also try the kernels' own small cases and pairs of tunables.
    #[arg(long)]
    all: bool,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shaders: ShaderArguments,
}

/// One setting of a kernel, to be tried.
type Task = (&'static Kernel, Setting);

/// Sanitizes shaders.
pub(super) fn sanitize(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    sanitize::check_sizes(&arguments.subgroup_size)?;
    let library = arguments.shaders.library()?;
    let chosen = match arguments.kernels.as_slice() {
        [] => kernels::ALL.to_vec(),
        names => names.iter().map(|name| kernels::find(name)).collect::<Result<Vec<_>>>()?,
    };
    let options = Options {
        subgroup_sizes: arguments.subgroup_size.clone(),
        schedules: arguments.schedules,
        depth: if arguments.all { Depth::All } else { Depth::Usual },
    };
    let is_clean = if arguments.json {
        let summary = Summary::of(&library, &chosen, &options)?;
        print_json(&summary, out)?;
        summary.is_clean()
    } else {
        tell(&library, &chosen, &options, out)?
    };
    Ok(if is_clean { Status::Good } else { Status::Failed })
}

/// Sanitizes kernels and prints a table and what was found. Returns whether nothing was.
pub(super) fn tell(
    library: &Library,
    chosen: &[&'static Kernel],
    options: &Options,
    out: &mut dyn Write,
) -> Result<bool> {
    let summary = Summary::of(library, chosen, options)?;
    print(out, &summary.table())?;
    summary.details().iter().try_for_each(|detail| print(out, detail))?;
    print(out, &summary.last_line())?;
    Ok(summary.is_clean())
}

/// Tries all settings of kernels on all cores; the results are in the order of the tasks.
fn run(
    library: &Library,
    chosen: &[&'static Kernel],
    options: &Options,
) -> Result<Vec<(Task, Result<Report>)>> {
    let mut tasks: Vec<(Task, Option<Error>)> = Vec::new();
    for &kernel in chosen {
        let variants = match library.chosen(kernel) {
            Some(variant) => vec![variant],
            None => library.variants(kernel)?,
        };
        for variant in variants {
            match sanitize::settings(library, kernel, &variant, options.depth) {
                Ok(settings) => {
                    tasks.extend(settings.into_iter().map(|setting| ((kernel, setting), None)));
                }
                // A shader that does not fit its contract is wrong; the others are still tried.
                Err(error @ Error::Shader(_)) => {
                    tasks.push(((kernel, Setting::of(variant)), Some(error)));
                }
                Err(error) => return Err(error),
            }
        }
    }
    let run = |(task, refused): (Task, Option<Error>)| {
        let result = match refused {
            Some(error) => Err(error),
            None => sanitize::sanitize(library, task.0, &task.1, options),
        };
        (task, result)
    };
    Ok(tasks.into_par_iter().map(run).collect())
}

/// A row of the table.
#[derive(Serialize)]
struct Row {
    kernel: &'static str,
    variant: String,
    cases: usize,
    runs: usize,
    subgroup_sizes: Vec<u32>,
    operations: u64,
    seconds: f64,
    skipped: Option<String>,
    error: Option<String>,
    found: Vec<Diagnosis>,
}

/// The results of all tasks.
#[derive(Serialize)]
struct Summary {
    rows: Vec<Row>,
    seconds: f64,
}

impl Summary {
    fn of(library: &Library, chosen: &[&'static Kernel], options: &Options) -> Result<Self> {
        let start = Instant::now();
        let outcomes = run(library, chosen, options)?;
        let row = |((kernel, setting), result): &(Task, Result<Report>)| {
            let mut row = Row {
                kernel: kernel.name(),
                variant: setting.to_string(),
                cases: 0,
                runs: 0,
                subgroup_sizes: Vec::new(),
                operations: 0,
                seconds: 0.0,
                skipped: None,
                error: None,
                found: Vec::new(),
            };
            match result {
                Ok(report) => {
                    (row.cases, row.runs) = (report.cases, report.runs);
                    (row.operations, row.seconds) = (report.operations, report.seconds);
                    row.subgroup_sizes.clone_from(&report.subgroup_sizes);
                    row.skipped.clone_from(&report.skipped);
                    row.found.clone_from(&report.found);
                }
                Err(error) => row.error = Some(error.to_string()),
            }
            row
        };
        let rows = outcomes.iter().map(row).collect();
        Ok(Self { rows, seconds: start.elapsed().as_secs_f64() })
    }

    fn is_clean(&self) -> bool {
        self.rows.iter().all(Row::is_clean)
    }

    fn table(&self) -> String {
        let header = ["kernel", "variant", "cases", "subgroups", "M operations", "ms", "verdict"];
        let rows = self.rows.iter().map(Row::cells);
        table::columns(
            &[header.map(str::to_owned).to_vec()].into_iter().chain(rows).collect::<Vec<_>>(),
            terminal::width(),
        )
    }

    /// What was found, each finding once even if several settings of a variant show it.
    fn details(&self) -> Vec<String> {
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for row in &self.rows {
            let name = format!("{} ({})", row.kernel, row.variant);
            all.extend(row.error.iter().map(|error| format!("\nWRONG: {name}: {error}")));
            for one in &row.found {
                let lines: Vec<_> = one.places.iter().map(|place| place.line.clone()).collect();
                if seen.insert((row.kernel, one.kind.clone(), lines)) {
                    let word = if one.is_note { "note" } else { "FOUND" };
                    all.push(format!("\n{word}: {name}: {one}"));
                }
            }
        }
        all
    }

    fn last_line(&self) -> String {
        let operations: u64 = self.rows.iter().map(|row| row.operations).sum();
        let faults = self.rows.iter().map(Row::faults).sum::<usize>();
        let word = if faults == 1 { "fault" } else { "faults" };
        format!(
            "\n{faults} {word} found; {:.0} million operations in {:.1} s",
            operations as f64 / 1e6,
            self.seconds
        )
    }
}

impl Row {
    fn faults(&self) -> usize {
        self.found.iter().filter(|one| !one.is_note).count() + usize::from(self.error.is_some())
    }

    fn is_clean(&self) -> bool {
        self.faults() == 0
    }

    fn cells(&self) -> Vec<String> {
        let verdict = match (&self.error, &self.skipped, self.faults()) {
            (Some(_), ..) => "WRONG".to_owned(),
            (_, Some(reason), _) => format!("skipped: {reason}"),
            (_, _, 0) => "clean".to_owned(),
            (_, _, count) => format!("{count} FOUND"),
        };
        let sizes: Vec<_> = self.subgroup_sizes.iter().map(u32::to_string).collect();
        let ran = self.cases > 0;
        let or_dash = |text: String| if ran && !text.is_empty() { text } else { "–".to_owned() };
        vec![
            self.kernel.to_owned(),
            self.variant.clone(),
            or_dash(self.cases.to_string()),
            or_dash(sizes.join(", ")),
            or_dash(format!("{:.1}", self.operations as f64 / 1e6)),
            or_dash(format!("{:.0}", 1e3 * self.seconds)),
            verdict,
        ]
    }
}
