//! A training that needs more memory than is available is refused beforehand, and the estimate is about right.

#![cfg(target_os = "linux")]

use crate::support::program::{Ended, PATIENCE, entries, folder, normlab};
use normlab::backend::cpu::CpuBackend;
use normlab::config::{Experiment, Norm};
use normlab::data::Dataset;
use normlab::kernels::activation::Activation;
use normlab::train::{Need, Plan};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How far the estimate may be off.
const OFF: f64 = 0.25;

/// Runs the program with this many KiB of address space.
fn within(kib: u64, arguments: &[&str]) -> Ended {
    let program = normlab();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -v {kib} && exec \"$0\" \"$@\"")]);
    shell.arg(program.get_program()).args(arguments);
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    Ended::of(shell.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_training_that_does_not_fit_is_refused_before_it_begins() {
    let folder = folder();
    let out = folder.path().join("run");
    let out = ["--out", out.to_str().unwrap()];
    let wide = ["train", "--device", "cpu", "--hidden", "4096,4096"];
    within(600_000, &[&wide[..], &out].concat()).refused(&[
        "training sigmoid-batch (weights 2.",
        " more memory at its peak, but only ",
        " MiB is left of the address space (ulimit -v)",
        "fewer or narrower layers (--hidden)",
    ]);
    assert_eq!(entries(folder.path()), [""; 0]);
    let small = ["train", "--device", "cpu", "--hidden", "8", "--steps", "1", "--probes", "0"];
    within(600_000, &[&small[..], &out].concat()).with(0);
}

#[test]
fn what_takes_less_is_what_takes_most() {
    let much = 1 << 50;
    for (need, less) in [
        (Need { weights: much, ..Need::default() }, "narrower layers (--hidden), SGD"),
        (Need { rows: much, ..Need::default() }, "a smaller --batch"),
        (Need { images: much, ..Need::default() }, "fewer images (--train-images, --test-images)"),
    ] {
        let error = need.check("relu-none").unwrap_err();
        assert_eq!(error.exit_status(), 2);
        let said = error.to_string();
        assert!(said.contains(less) && said.contains("about 1048576.0 GiB more memory"), "{said}");
    }
    Need::default().check("relu-none").unwrap();
}

/// A figure of a process's status, in bytes.
fn status(process: u32, figure: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

#[test]
fn the_estimate_is_near_the_peak() {
    let (hidden, norm) = (vec![1200, 1200], Norm::BATCH);
    let experiment =
        Experiment { hidden, norm: vec![norm], steps: 3, probes: 0, ..Experiment::default() };
    let data = Dataset::drawn().unwrap();
    let backend = CpuBackend;
    let activation = Activation::Sigmoid;
    let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
    let need = Need::of(&plan.model(&backend).unwrap(), &backend).bytes();
    let folder = folder();
    let mut program = normlab();
    program.args(["train", "--device", "cpu", "--hidden", "1200,1200", "--norm", "batch"]);
    program.args(["--steps", "3", "--probes", "0", "--out"]).arg(folder.path().join("run"));
    let mut running = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (start, mut peak) = (Instant::now(), 0);
    while running.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE, "it does not end");
        peak = status(running.id(), "VmHWM:").unwrap_or_default().max(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    // What the program and the data need beforehand.
    let before = 25 << 20;
    let off = (need + before) as f64 / peak as f64 - 1.0;
    assert!(off.abs() < OFF, "estimated {}, measured {peak}", need + before);
}
