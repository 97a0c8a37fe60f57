//! Runs that are over at once.

use super::program::{Ended, normlab, run};
use std::path::Path;

/// A run of a fraction of a second that needs no adapter.
pub(crate) const SMALL: [&str; 8] =
    ["--device", "cpu", "--hidden", "8", "--steps", "4", "--batch", "5"];

/// Runs `normlab <arguments> <SMALL> --out <out>`.
pub(crate) fn small(arguments: &[&str], out: &Path) -> Ended {
    run(normlab().args(arguments).args(SMALL).arg("--out").arg(out))
}
