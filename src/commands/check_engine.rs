//! `normlab check --device cpu`: the CPU engine, by the same rule as shaders.

use super::check_activations::check_activations;
use super::output::{Status, print, verdict, wrong};
use super::tally::Tally;
use super::terminal;
use crate::backend::Backend;
use crate::backend::cpu::{CpuBackend, is_fast};
use crate::check::check;
use crate::compare;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::kernel::Kernel;
use crate::report::table;
use std::io::Write;

/// Compares the engine's kernels with their twins in f64, and activations' gradients with central differences.
pub(super) fn check_engine(
    kernels: &[&'static Kernel],
    cases: &dyn Fn(&Kernel) -> Vec<Case>,
    activations: &[Activation],
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let mut engine = CpuBackend;
    print(out, &format!("device: {}\n", engine.adapter().adapter))?;
    let header = ["kernel", "cases", "tensors", "worst error", "ms", "verdict"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut complaints = Vec::new();
    for &kernel in kernels {
        if !is_fast(kernel) {
            let row = [kernel.name(), "–", "–", "–", "–", "runs its twin"];
            rows.push(row.map(str::to_owned).to_vec());
            continue;
        }
        let (row, wrong_about) = judged(&mut engine, kernel, &cases(kernel))?;
        rows.push(row);
        complaints.extend(wrong_about);
    }
    print(out, &table::columns(&rows, terminal::width()))?;
    if !activations.is_empty() {
        complaints.extend(check_activations(&mut engine, activations, out)?);
    }
    print(out, "worst error: as a fraction of its tolerance; good up to 1")?;
    complaints.iter().try_for_each(|complaint| print(out, complaint))?;
    Ok(if complaints.is_empty() { Status::Good } else { Status::Failed })
}

/// A kernel's row of the table, and lines about what is wrong.
fn judged(
    engine: &mut CpuBackend,
    kernel: &'static Kernel,
    cases: &[Case],
) -> Result<(Vec<String>, Vec<String>)> {
    let mut tally = Tally::default();
    for case in cases {
        tally.add(&check(engine, kernel, case)?);
    }
    let row = vec![
        kernel.name().to_owned(),
        tally.cases.to_string(),
        tally.tensors.to_string(),
        compare::ratio_text(tally.worst),
        format!("{:.0}", 1e3 * tally.elapsed.as_secs_f64()),
        verdict(tally.complaints.is_empty()),
    ];
    Ok((row, wrong(kernel.name(), "CPU engine", &tally.complaints)))
}
