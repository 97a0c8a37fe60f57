//! Shaders with a small fault, put in as text: `check` must find each of them.

use super::support::gpu::{self, Gpu};
use libtest_mimic::{Completion, Failed, Trial};
use normlab::check::check;
use normlab::kernels;
use std::io::Write;

/// A shipped shader, what is changed in it, and what a complaint about it must name.
struct Fault {
    name: &'static str,
    kernel: &'static str,
    variant: &'static str,
    from: &'static str,
    to: &'static str,
    named: &'static str,
}

const FAULTS: [Fault; 5] = [
    Fault {
        name: "a_sign",
        kernel: "batch_norm_backward",
        variant: "naive",
        from: "(x[at] - mean) * rstd;",
        to: "(x[at] + mean) * rstd;",
        named: "tensor d_x",
    },
    Fault {
        name: "an_epsilon_outside_the_root",
        kernel: "layer_norm_forward",
        variant: "naive",
        from: "sqrt(squares / count + params.epsilon)",
        to: "(sqrt(squares / count) + params.epsilon)",
        named: "tensor statistics",
    },
    Fault {
        name: "an_element_that_is_never_written",
        kernel: "bias_forward",
        variant: "naive",
        from: "row >= params.rows ||",
        to: "row + 1u >= params.rows ||",
        named: "NaN",
    },
    Fault {
        name: "a_write_behind_the_end",
        kernel: "matmul_nn",
        variant: "naive",
        from: "row >= params.m ||",
        to: "row > params.m ||",
        named: "outside the tensor",
    },
    Fault {
        name: "a_missing_bounds_check",
        kernel: "matmul_tn",
        variant: "subgroup",
        from: "if (col + i * LANES < params.n) {",
        to: "if (true) {",
        named: "tensor c",
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |fault: &'static Fault| {
        Trial::ignorable_test(format!("broken::{}_is_found", fault.name), || found(fault))
    };
    FAULTS.iter().map(trial).collect()
}

fn found(fault: &Fault) -> Result<Completion, Failed> {
    let mut backend = match gpu::open()? {
        Gpu::Open(backend) => backend,
        Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let contract = kernels::find(fault.kernel)?;
    if let Some(reason) = backend.lacks(contract, fault.variant)? {
        return Ok(Completion::ignored_with(reason));
    }
    let sources = contract.shaders.iter();
    let text = sources.filter(|source| source.variant == fault.variant).map(|one| one.text);
    let text: String = text.collect();
    if !text.contains(fault.from) {
        return Err(format!("{} no longer has {:?}", fault.kernel, fault.from).into());
    }
    let mut file = tempfile::Builder::new().suffix(".wgsl").tempfile()?;
    file.write_all(text.replace(fault.from, fault.to).as_bytes())?;
    backend.choose_variant(contract, &file.path().display().to_string())?;
    let mut complaints = Vec::new();
    for case in (contract.cases)() {
        complaints.extend(check(backend.as_mut(), contract, &case)?.complaints());
    }
    if complaints.iter().any(|complaint| complaint.contains(fault.named)) {
        return Ok(Completion::Completed);
    }
    Err(format!("no complaint names {:?} in {complaints:?}", fault.named).into())
}
