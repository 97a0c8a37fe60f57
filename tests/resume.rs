//! A run that was stopped and resumed leaves what a run leaves that never stopped. No test here needs an adapter:
//! the CPU engine computes.

use crate::support::idx_files::{TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, file, put};
use crate::support::program::{
    Ended, PATIENCE, evaluations, folder, normlab, run, say, summary, text,
};
use normlab::record::{Evaluation, RunRecord, SweepRecord};
use normlab::rng::{Purpose, Stream};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const CHECKPOINT: &str = "checkpoint.safetensors";

/// Several networks with all that a state may hold: running statistics, Adam's memory, replicas, probes.
const NETWORKS: [&str; 16] = [
    "train",
    "--device",
    "cpu",
    "--norm",
    "batch,layer",
    "--hidden",
    "8",
    "--batch",
    "5",
    "--optimizer",
    "adam",
    "--learning-rate",
    "0.001",
    "--replicas",
    "2",
    "--probes=12",
];

/// The command that trains them anew.
fn anew(steps: usize, out: &Path) -> Command {
    let mut command = normlab();
    command.args(NETWORKS).arg("--steps").arg(steps.to_string()).arg("--force");
    command.arg("--out").arg(out);
    command
}

/// The command that goes on with a run.
fn resume(out: &Path, more: &[&str]) -> Command {
    let mut command = normlab();
    command.args(["train", "--device", "cpu", "--resume"]).arg(out).args(more);
    command
}

/// The tensors of a safetensors file, as bytes.
fn tensors(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.iter().map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec())).collect()
}

/// Asserts that two runs left the same, but for what they measured in time.
#[track_caller]
fn assert_alike(one: &Path, other: &Path) {
    for file in ["weights.safetensors", CHECKPOINT] {
        assert!(tensors(&one.join(file)) == tensors(&other.join(file)), "{file}");
    }
    let timeless = |folder: &Path| {
        let all = evaluations(folder).into_iter();
        all.map(|one| Evaluation { ms_per_step: 0.0, ..one }).collect::<Vec<_>>()
    };
    assert_eq!(timeless(one), timeless(other));
    assert!(text(one, "histograms.jsonl") == text(other, "histograms.jsonl"));
    assert_eq!(text(one, "experiment.toml"), text(other, "experiment.toml"));
    let runs = |folder: &Path| {
        let all = summary(folder).runs.into_iter();
        all.map(|one| RunRecord { ms_per_step: None, probe_share: None, ..one }).collect::<Vec<_>>()
    };
    assert_eq!(runs(one), runs(other));
}

#[test]
fn a_run_killed_again_and_again_leaves_what_one_that_never_stopped_does() {
    const STEPS: usize = 4_000;
    let folder = folder();
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    run(&mut anew(STEPS, &whole)).with(0);
    let mut stream = Stream::new(5, Purpose::Checks, 0);
    let (start, mut resumed) = (Instant::now(), 0);
    let ended = loop {
        assert!(start.elapsed() < 2 * PATIENCE, "it gets nowhere");
        let goes_on = killed.join(CHECKPOINT).exists();
        let mut command = if goes_on { resume(&killed, &[]) } else { anew(STEPS, &killed) };
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Five times; after that it is let run to its end.
        if resumed < 5 {
            sleep(Duration::from_secs_f64(stream.range(0.3, 1.2)));
            child.kill().unwrap();
        }
        resumed += usize::from(goes_on);
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_some() {
            break Ended::of(output).with(0);
        }
    };
    assert!(resumed > 2, "it was resumed {resumed} times");
    assert!(ended.stdout.contains("\nresumed: sigmoid-batch "), "{ended:#?}");
    assert_alike(&whole, &killed);
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_a_checkpoint_of_the_last_step() {
    let folder = folder();
    let [whole, stopped] = ["whole", "stopped"].map(|name| folder.path().join(name));
    run(&mut anew(1_500, &whole)).with(0);
    let mut command = anew(1_500, &stopped);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let metrics = stopped.join("metrics.jsonl");
    let begun = Instant::now();
    while fs::read_to_string(&metrics).map_or(0, |text| text.lines().count()) < 6 {
        assert!(begun.elapsed() < PATIENCE, "nothing is recorded");
        sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
    let ended = Ended::of(child.wait_with_output().unwrap()).with(143);
    let said = format!("`normlab train --resume {}` goes on from here", stopped.display());
    assert!(ended.stdout.contains(&said), "{said}: {ended:#?}");
    // The evaluation that ended it is none of a run that never stopped.
    let step = evaluations(&stopped).last().unwrap().step;
    let ended = run(&mut resume(&stopped, &[])).with(0);
    assert!(ended.stdout.contains(&format!("from step {step} of 1500")), "{step}: {ended:#?}");
    assert_alike(&whole, &stopped);
}

#[test]
fn a_finished_run_can_be_lengthened() {
    let folder = folder();
    let [whole, longer] = ["whole", "longer"].map(|name| folder.path().join(name));
    run(&mut anew(70, &whole)).with(0);
    run(&mut anew(40, &longer)).with(0);
    run(&mut resume(&longer, &["--steps", "70"])).with(0);
    for file in ["weights.safetensors", CHECKPOINT] {
        assert!(tensors(&whole.join(file)) == tensors(&longer.join(file)), "{file}");
    }
    assert_eq!(text(&whole, "experiment.toml"), text(&longer, "experiment.toml"));
    let losses = |folder: &Path| {
        let all = evaluations(folder);
        let of = |run: &str, replica: usize| {
            let mine = all.iter().filter(|one| one.run == run && one.replica == replica);
            mine.flat_map(|one| one.losses.clone()).collect::<Vec<_>>()
        };
        [of("sigmoid-batch", 0), of("sigmoid-layer", 1)]
    };
    assert_eq!(losses(&whole), losses(&longer));
    assert_eq!(losses(&whole)[0].len(), 70);
    // Nothing is left to do: it says what there is.
    let again = run(&mut resume(&longer, &[])).with(0);
    assert!(again.stdout.contains("resumed: sigmoid-batch has ended, sigmoid-layer has ended"));
}

#[test]
fn a_lesson_goes_on_with_what_it_trains_beside_its_networks() {
    let folder = folder();
    let lesson = ["lesson", "--device", "cpu", "--hidden", "8", "--steps", "6", "--batch", "5"];
    run(normlab().args(lesson).arg("--out").arg(folder.path())).with(0);
    let beside = |file: &str| {
        let lines = text(folder.path(), file);
        let records = lines.lines().map(|line| serde_json::from_str::<SweepRecord>(line).unwrap());
        let timeless = records.map(|one| {
            let run = RunRecord { ms_per_step: None, ..one.run };
            SweepRecord { run, elapsed_s: None, ..one }
        });
        timeless.collect::<Vec<_>>()
    };
    let before = ["batch_sizes.jsonl", "affine.jsonl"].map(beside);
    // As if it had been killed after the first of two.
    let batches = text(folder.path(), "batch_sizes.jsonl");
    fs::write(
        folder.path().join("batch_sizes.jsonl"),
        batches.split_inclusive('\n').next().unwrap(),
    )
    .unwrap();
    let ended = run(&mut resume(folder.path(), &[])).with(0);
    assert!(ended.stdout.contains("sigmoid-layer, batch size 1: "), "{ended:#?}");
    assert!(!ended.stdout.contains("sigmoid-batch, batch size 1: "), "{ended:#?}");
    assert_eq!(["batch_sizes.jsonl", "affine.jsonl"].map(beside), before);
    assert!(ended.stdout.lines().any(|line| line.starts_with("lesson: ")), "{ended:#?}");
}

#[test]
fn flags_that_would_change_the_run_are_refused() {
    let folder = folder();
    run(&mut anew(4, folder.path())).with(0);
    let refused = |more: &[&str], words: &[&str]| {
        let before = text(folder.path(), "metrics.jsonl");
        run(&mut resume(folder.path(), more)).refused(words);
        assert_eq!(text(folder.path(), "metrics.jsonl"), before);
    };
    refused(&["--batch", "6"], &["--batch: --resume", "only --steps may be raised"]);
    refused(&["--learning-rate", "0.1"], &["--learning-rate: --resume"]);
    refused(&["--depth", "2"], &["--depth: --resume"]);
    refused(&["--precision", "mixed"], &["--precision: --resume"]);
    refused(&["--steps", "3"], &["--steps 3: the run in ", " has 4 steps; give more"]);
    for more in [&["--out", "elsewhere"][..], &["--force"], &["--tune", "off"], &["a.toml"]] {
        refused(more, &["--resume", "cannot be used with"]);
    }
}

#[test]
fn what_cannot_be_resumed_is_refused() {
    let folder = folder();
    let path = folder.path();
    run(&mut anew(4, path)).with(0);
    let checkpoint = fs::read(path.join(CHECKPOINT)).unwrap();
    let refused = |words: &[&str]| run(&mut resume(path, &[])).refused(words);
    let again = format!("`normlab train {}`", path.join("experiment.toml").display());
    let with = |change: &dyn Fn(&mut Vec<u8>), words: &[&str]| {
        let mut bytes = checkpoint.clone();
        change(&mut bytes);
        fs::write(path.join(CHECKPOINT), bytes).unwrap();
        refused(&[&[again.as_str()], words].concat());
    };
    let last = checkpoint.len() - 1;
    with(&|bytes| bytes.truncate(last), &["is damaged"]);
    with(&|bytes| bytes.truncate(5), &["is damaged"]);
    with(&|bytes| bytes[last] ^= 1, &["is damaged: its checksum is another one"]);
    let replace = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        move |bytes: &mut Vec<u8>| {
            let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
    };
    let own = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let other = own.replace(|c: char| c.is_ascii_digit(), "9");
    with(&replace(&own, &other), &["was written by 9.9.9, and this is normlab "]);
    with(&replace("normlab checkpoint 1", "normlab checkpoint 2"), &["was written by "]);
    with(&replace("\"lesson\\\":false", "\"lesson\\\":fals "), &["is damaged"]);
    fs::remove_file(path.join(CHECKPOINT)).unwrap();
    refused(&["has no checkpoint.safetensors", &again]);
    fs::write(path.join(CHECKPOINT), &checkpoint).unwrap();
    let toml = text(path, "experiment.toml");
    fs::write(path.join("experiment.toml"), toml.replace("batch = 5", "batch = 6")).unwrap();
    refused(&["is of another experiment than experiment.toml", &again]);
    fs::write(path.join("experiment.toml"), &toml).unwrap();
    let metrics = text(path, "metrics.jsonl");
    fs::write(path.join("metrics.jsonl"), &metrics[..metrics.len() - 9]).unwrap();
    refused(&["metrics.jsonl has ", "the file was replaced or cut off", &again]);
    fs::write(path.join("metrics.jsonl"), &metrics).unwrap();
    run(&mut resume(path, &[])).with(0);
    fs::remove_file(path.join("experiment.toml")).unwrap();
    refused(&["holds no run"]);
    say(&["train", "--resume", "/nowhere/at/all"]).refused(&["/nowhere/at/all holds no run"]);
}

#[test]
fn a_run_is_not_resumed_while_it_is_written_nor_on_other_data() {
    let folder = folder();
    let [data, out] = ["data", "run"].map(|name| folder.path().join(name));
    fs::create_dir(&data).unwrap();
    let set = |first: u8| {
        let pixels: Vec<u8> = (0..40 * 6).map(|at| (at as u8).wrapping_mul(37) ^ first).collect();
        let labels: Vec<u8> = (0..40).map(|at| at % 3).collect();
        for (images, classes) in [(TRAIN_IMAGES, TRAIN_LABELS), (TEST_IMAGES, TEST_LABELS)] {
            put(&data, images, &file(0x0803, &[40, 2, 3], &pixels));
            put(&data, classes, &file(0x0801, &[40], &labels));
        }
    };
    set(0);
    let mut command = anew(10_000_000, &out);
    command.arg("--data").arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while !out.join(CHECKPOINT).exists() {
        assert!(begun.elapsed() < PATIENCE, "no checkpoint is written");
        sleep(Duration::from_millis(5));
    }
    run(&mut resume(&out, &[])).refused(&["another run (process ", "is writing to "]);
    child.kill().unwrap();
    child.wait().unwrap();
    set(1);
    run(&mut resume(&out, &[])).refused(&[
        "the training images or labels of ",
        "are not those that the run in ",
        &format!("`normlab train {}`", out.join("experiment.toml").display()),
    ]);
}
