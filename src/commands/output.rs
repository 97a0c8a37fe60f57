//! What commands print: lines, JSON, progress, and how they ended.

use super::terminal;
use crate::backend::gpu::GpuBackend;
use crate::compare::ratio_text;
use crate::error::{Error, Result};
use crate::record::Parity;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// How a command ended, if no error stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything is good.
    Good,
    /// A run failed, a comparison was out of tolerance, or a report could not be written.
    Failed,
    /// The user interrupted it, and it kept what it had.
    Interrupted,
}

impl Status {
    /// The status of two steps together: good if both are.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::Good { other } else { self }
    }
}

/// Prints one or more lines, wrapped to the terminal's width. A reader that closes the pipe does not end a run.
pub(super) fn print(out: &mut dyn Write, text: &str) -> Result<()> {
    match terminal::width() {
        Some(width) => print_as_is(out, &terminal::broken(text, width)),
        None => print_as_is(out, text),
    }
}

fn print_as_is(out: &mut dyn Write, text: &str) -> Result<()> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{end}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::file("write", Path::new("standard output"), error))
        }
        _ => Ok(()),
    }
}

/// Says that the user interrupted a command, and what is kept.
pub(super) fn print_interrupted(kept: &str, out: &mut dyn Write) -> Result<()> {
    print(out, &format!("interrupted: {kept}; press Ctrl-C again to quit at once"))
}

/// Opens a page in the user's browser, without waiting for it.
///
/// # Errors
/// [`Error::File`] when no browser opens it.
pub(super) fn open_in_browser(page: &Path) -> Result<()> {
    open::that_detached(page).map_err(|error| Error::file("open", page, error))
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl Serialize, out: &mut dyn Write) -> Result<()> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| {
        Error::Device(format!("the results cannot be written as JSON: {error}"))
    })?;
    print_as_is(out, &text)
}

/// A progress bar that counts `count` of `what`, for example training steps. Nothing is drawn if stderr is not a
/// terminal.
pub(super) fn progress_bar(label: &str, (count, what): (usize, &str)) -> ProgressBar {
    let bar = ProgressBar::new(count as u64);
    let template =
        format!("{{prefix:16}} {{wide_bar}} {{pos}} of {{len}} {what}, {{eta}} left  {{msg}}");
    let style = ProgressStyle::with_template(&template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(label.to_owned());
    bar
}

/// Lines about all comparisons with the CPU reference.
pub(super) fn compared(parity: &Parity) -> String {
    let mut text = match (parity.worst_ratio, &parity.worst_at) {
        (Some(ratio), Some(place)) => format!(
            "\nAgainst the CPU reference: {} tensors compared, worst error {} of its \
             tolerance\n  ({place})\n",
            parity.compared,
            ratio_text(ratio)
        ),
        _ => "\nAgainst the CPU reference: nothing was compared\n".into(),
    };
    let failures = parity.failures.iter().map(|line| format!("OUT OF TOLERANCE: {line}"));
    for line in first_few(failures.collect()) {
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// After a wrong result: says so if the driver's limit on loops may have caused it.
pub(super) fn print_limit(gpu: Option<&GpuBackend>, out: &mut dyn Write) -> Result<()> {
    let rounds = gpu.map(GpuBackend::loop_limit).transpose()?.flatten();
    let Some(rounds) = rounds else { return Ok(()) };
    print(
        out,
        &format!(
            "note: this driver stops the loops of an invocation after {rounds} iterations in \
             total, and anything beyond is missing from its sums. If a kernel needs more, use a \
             smaller batch, narrower layers or --device cpu"
        ),
    )
}

/// A verdict in a table.
pub(super) fn verdict(good: bool) -> String {
    if good { "good" } else { "WRONG" }.to_owned()
}

/// Lines about a variant that is wrong.
pub(super) fn wrong(kernel: &str, variant: &str, complaints: &[String]) -> Vec<String> {
    let line = |complaint: &String| format!("WRONG: {kernel} ({variant}): {complaint}");
    first_few(complaints.iter().map(line).collect())
}

/// The number of lines shown of a long list of complaints.
const FEW: usize = 8;

/// The first lines, and how many more there are.
fn first_few(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(FEW);
    lines.truncate(FEW);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines
}
