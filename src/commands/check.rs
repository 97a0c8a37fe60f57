//! `normlab check`: each kernel's results on the GPU, held against its CPU reference.

use super::arguments::{DeviceArguments, ShaderArguments};
use super::{Status, open_adapter, say, wrong};
use crate::backend::gpu::GpuBackend;
use crate::check;
use crate::compare;
use crate::error::Result;
use crate::kernels;
use crate::kernels::contract::Contract;
use crate::report::table;
use clap::Args;
use std::io::Write;
use std::time::Instant;

/// Arguments of `normlab check`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The kernels to check [default: all].
    #[arg(value_name = "KERNEL")]
    kernels: Vec<String>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
}

/// One variant over all its cases.
struct Tally {
    cases: usize,
    tensors: usize,
    worst: f64,
    complaints: Vec<String>,
    milliseconds: f64,
}

/// Checks kernels.
pub(super) fn check(arguments: &Arguments, out: &mut dyn Write) -> Result<Status> {
    let chosen: Vec<&'static Contract> = if arguments.kernels.is_empty() {
        kernels::ALL.to_vec()
    } else {
        arguments.kernels.iter().map(|name| kernels::find(name)).collect::<Result<_>>()?
    };
    let purpose = ("check", "the CPU engine is what adapters are held against");
    let library = arguments.shaders.library()?;
    let mut backend = open_adapter(&arguments.device.device, library, purpose)?;
    let adapter = crate::backend::Backend::adapter(&backend);
    say(out, &format!("device: {} ({})\n", adapter.adapter, adapter.backend))?;

    let header = ["kernel", "variant", "cases", "tensors", "worst error", "ms", "verdict"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut complaints = Vec::new();
    for contract in chosen {
        for variant in backend.library().variants(contract)? {
            if backend.lacks(contract, &variant)?.is_some() {
                rows.push(skipped(contract.name, &variant));
                continue;
            }
            let tally = check_variant(&mut backend, contract, &variant)?;
            rows.push(row(contract.name, &variant, &tally));
            complaints.extend(wrong(contract.name, &variant, &tally.complaints));
        }
    }
    say(out, &table::columns(&rows))?;
    say(out, "worst error: as a fraction of its tolerance; good up to 1")?;
    for complaint in &complaints {
        say(out, complaint)?;
    }
    Ok(if complaints.is_empty() { Status::Good } else { Status::Failed })
}

fn check_variant(
    backend: &mut GpuBackend,
    contract: &'static Contract,
    variant: &str,
) -> Result<Tally> {
    backend.choose_variant(contract, variant)?;
    let start = Instant::now();
    let mut tally =
        Tally { cases: 0, tensors: 0, worst: 0.0, complaints: Vec::new(), milliseconds: 0.0 };
    for case in (contract.cases)() {
        tally.cases += 1;
        let outcome = match check::check(backend, contract, &case) {
            Ok(outcome) => outcome,
            // What the device refuses is this variant's fault: the others are checked all the same.
            Err(error) => {
                tally.worst = f64::INFINITY;
                tally.complaints.push(format!("{}: {error}", case.describe()));
                break;
            }
        };
        tally.tensors += outcome.judgements.len();
        tally.worst = tally.worst.max(outcome.worst_ratio());
        tally.complaints.extend(outcome.complaints());
    }
    tally.milliseconds = 1e3 * start.elapsed().as_secs_f64();
    Ok(tally)
}

fn row(kernel: &str, variant: &str, tally: &Tally) -> Vec<String> {
    vec![
        kernel.to_owned(),
        variant.to_owned(),
        tally.cases.to_string(),
        tally.tensors.to_string(),
        compare::ratio_text(tally.worst),
        format!("{:.0}", tally.milliseconds),
        if tally.complaints.is_empty() { "good" } else { "WRONG" }.to_owned(),
    ]
}

fn skipped(kernel: &str, variant: &str) -> Vec<String> {
    let mut row = vec![kernel.to_owned(), variant.to_owned()];
    row.extend(["–", "–", "–", "–", "skipped: not for this adapter"].map(str::to_owned));
    row
}
