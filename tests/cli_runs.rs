//! A run as a process: what it prints, how it ends, and what it leaves behind. No test here needs an
//! adapter: all run on the CPU engine.

use crate::support::program::{
    Ended, PATIENCE, entries, evaluations, folder, normlab, run, summary, text,
};
use crate::support::small::{SMALL, small};
use normlab::config::Experiment;
use normlab::kernels::{self, kernel::Kernel};
use normlab::record::Evaluation;
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The lesson's networks, in the order of its table.
const NETWORKS: [&str; 6] =
    ["sigmoid-none", "sigmoid-batch", "sigmoid-layer", "relu-none", "relu-batch", "relu-layer"];

/// What a run leaves.
const FILES: [&str; 13] = [
    "affine.jsonl",
    "batch_sizes.jsonl",
    "checkpoint.safetensors",
    "experiment.toml",
    "frames",
    "histograms.jsonl",
    "lesson.html",
    "metrics.jsonl",
    "pictures",
    "report.html",
    "summary.json",
    "training.gif",
    "weights.safetensors",
];

#[test]
fn the_lesson_prints_one_row_for_each_network() {
    let folder = folder();
    let ended = small(&[], &folder.path().join("run")).with(0);
    let header = ended.stdout.lines().position(|line| line.starts_with("network ")).unwrap();
    let rows: Vec<_> = ended.stdout.lines().skip(header + 2).take(NETWORKS.len()).collect();
    for (row, network) in rows.iter().zip(NETWORKS) {
        assert!(row.starts_with(network) && row.contains(" % "), "{row:?} for {network}");
    }
    // A file gets plain text only: no colours, no progress bar.
    assert!(!ended.stdout.contains(['\x1b', '\r']), "{:?}", ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_run_leaves_whole_files_that_can_be_read() {
    let folder = folder();
    small(&[], folder.path()).with(0);
    assert_eq!(entries(folder.path()), FILES);
    let experiment = Experiment::read(&folder.path().join("experiment.toml")).unwrap();
    let lesson = Experiment::lesson().unwrap();
    assert_eq!(experiment, Experiment { hidden: vec![8], steps: 4, batch: 5, ..lesson });
    for network in NETWORKS {
        let evaluations = evaluations(folder.path());
        let mine: Vec<_> =
            evaluations.iter().filter(|evaluation| evaluation.run == network).collect();
        assert_eq!(mine.last().unwrap().step, 4, "{network}");
        assert_eq!(
            mine.iter().map(|evaluation| evaluation.losses.len()).sum::<usize>(),
            4,
            "{network}"
        );
    }
}

#[test]
fn the_summary_has_every_figure() {
    let folder = folder();
    small(&["lesson", "--seed", "7"], folder.path()).with(0);
    let summary: Value = serde_json::from_str(&text(folder.path(), "summary.json")).unwrap();
    assert_eq!(summary["seed"], 7);
    assert_eq!(summary["backend"], "cpu");
    assert!(summary["adapter"].as_str().unwrap().contains("CPU"));
    assert!(summary["elapsed_s"].as_f64().unwrap() > 0.0);
    // The engine is compared with the twins like an adapter.
    let worst = summary["parity"]["worst_ratio"].as_f64().unwrap();
    assert!(worst > 0.0 && worst <= 1.0, "{summary:#}");
    let runs = summary["runs"].as_array().unwrap();
    assert_eq!(runs.len(), NETWORKS.len());
    for (run, network) in runs.iter().zip(NETWORKS) {
        let (activation, norm) = network.split_once('-').unwrap();
        assert_eq!((&run["activation"], &run["norm"]), (&activation.into(), &norm.into()));
        assert_eq!((&run["steps"], &run["failure"]), (&4.into(), &Value::Null));
        let accuracy = run["test_accuracy"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&accuracy), "{network}: {accuracy}");
        for key in ["train_loss", "output_spread", "ms_per_step"] {
            assert!(run[key].as_f64().unwrap() > 0.0, "{network}: {key}");
        }
        let layers = run["layers"].as_array().unwrap();
        assert_eq!(layers.len(), 2, "{network}");
        for (layer, key) in layers.iter().flat_map(|l| [(l, "gradient_rms"), (l, "weight_change")])
        {
            assert!(layer[key].as_f64().unwrap() > 0.0, "{network}: {key}");
        }
    }
}

#[test]
fn weights_are_named_by_network_and_layer() {
    let folder = folder();
    small(&[], folder.path()).with(0);
    let bytes = std::fs::read(folder.path().join("weights.safetensors")).unwrap();
    let weights = SafeTensors::deserialize(&bytes).unwrap();
    let shape = |name: &str| weights.tensor(name).map(|tensor| tensor.shape().to_vec());
    for network in NETWORKS {
        assert_eq!(shape(&format!("{network}/layer1.weight")).unwrap(), [784, 8]);
        assert_eq!(shape(&format!("{network}/layer2.weight")).unwrap(), [8, 10]);
        // Only batch norm keeps a running mean and variance.
        let running = shape(&format!("{network}/layer1.running"));
        assert_eq!(running.ok(), network.ends_with("batch").then(|| vec![2, 8]), "{network}");
    }
    for (name, tensor) in weights.tensors() {
        let (words, rest) = tensor.data().as_chunks::<4>();
        let finite = words.iter().all(|&word| f32::from_le_bytes(word).is_finite());
        assert!(finite && rest.is_empty(), "{name}");
    }
}

#[test]
fn the_experiment_left_behind_replays_the_run() {
    let folder = folder();
    let [first, second, other] = ["first", "second", "other"].map(|name| folder.path().join(name));
    small(&["train", "--norm", "batch,layer", "--init", "he", "--seed", "3"], &first).with(0);
    let file = first.join("experiment.toml");
    let replay = |flags: &[&str], out: &Path| {
        let mut command = normlab();
        command.arg("train").arg(&file).args(["--device", "cpu"]).args(flags);
        run(command.arg("--out").arg(out)).with(0)
    };
    replay(&[], &second);
    // Flags go before the file.
    replay(&["--seed", "4"], &other);
    let weights = |folder: &Path| std::fs::read(folder.join("weights.safetensors")).unwrap();
    assert!(weights(&first) == weights(&second), "the same seed gave other weights");
    assert!(weights(&first) != weights(&other), "another seed gave the same weights");
    assert_eq!(text(&first, "experiment.toml"), text(&second, "experiment.toml"));
}

#[test]
fn an_older_run_is_replaced_only_by_force() {
    let folder = folder();
    let path = folder.path();
    std::fs::write(path.join("notes.txt"), "mine").unwrap();
    small(&["train", "--seed", "1"], path).with(0);
    std::fs::write(path.join("lesson.html"), "the older run").unwrap();
    let before = text(path, "metrics.jsonl");
    let name = path.display().to_string();
    small(&["train", "--seed", "2"], path).refused(&["--force", "--out", &name]);
    assert_eq!(text(path, "metrics.jsonl"), before);
    small(&["train", "--seed", "2", "--force"], path).with(0);
    assert_eq!(summary(path).seed, 2);
    assert!(text(path, "experiment.toml").contains("seed = 2"));
    // Lines of the older run are gone, but not foreign files.
    assert_eq!(evaluations(path).len(), before.lines().count());
    assert_eq!(text(path, "notes.txt"), "mine");
    assert!(
        !path.join("lesson.html").exists() && !text(path, "report.html").contains("lesson.html")
    );
}

#[test]
fn without_a_folder_the_next_free_name_is_taken() {
    let folder = folder();
    let here = |arguments: &[&str]| {
        run(normlab().args(arguments).args(SMALL).current_dir(folder.path())).with(0).stdout
    };
    for name in ["lesson", "lesson-2", "lesson-3"] {
        let said = here(&["--activation", "relu", "--norm", "none"]);
        let line = format!("\nrecords: runs/{name} (");
        assert!(said.contains(&line), "{said}");
    }
    here(&["train"]);
    std::fs::write(folder.path().join("wide.toml"), "norm = \"layer\"").unwrap();
    here(&["train", "wide.toml"]);
    let runs = entries(&folder.path().join("runs"));
    assert_eq!(runs, ["lesson", "lesson-2", "lesson-3", "train", "wide"]);
}

/// The steps that a failure names: that of the loss, and that of the first bad value.
fn steps_named(failure: &str) -> Vec<usize> {
    let numbers = failure.split("at step ").skip(1);
    numbers.map(|rest| rest.split([':', ';']).next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_diverging_network_names_its_kernel_and_the_others_finish() {
    // A sigmoid's outputs stay below 1, so its network survives; ReLU's multiply from layer to layer.
    for rate in ["1e8", "1e9", "1e15"] {
        let folder = folder();
        let mut command = normlab();
        command.args(["train", "--activation", "relu,sigmoid", "--norm", "none"]);
        command.args(["--device", "cpu", "--hidden", "8,8", "--steps", "20"]);
        command.args(["--learning-rate", rate, "--out"]);
        let ended = run(command.arg(folder.path())).with(1);
        let summary = summary(folder.path());
        let failure = summary.runs[0].failure.as_ref().unwrap();
        assert!(ended.stdout.contains(&format!("FAILED: relu-none: {failure}")), "{ended:#?}");
        let steps = steps_named(failure);
        assert!(steps.len() == 2 && steps[1] <= steps[0], "{rate}: {failure}");
        let named = |kernel: &&Kernel| failure.contains(&format!(".{} (", kernel.name()));
        assert!(kernels::ALL.iter().any(named), "{rate}: {failure}");
        // The losses of the steps before it were finite.
        assert!(steps[0] == steps[1] || !failure.contains("softmax"), "{rate}: {failure}");
        assert_eq!((&summary.runs[1].failure, summary.runs[1].steps), (&None, 20), "{rate}");
        assert!(
            evaluations(folder.path()).iter().any(|evaluation| evaluation.run == "sigmoid-none")
        );
    }
}

#[test]
fn records_of_a_run_out_of_range_can_be_read() {
    // After one step the weights are finite, but not the results on the test set.
    let folder = folder();
    let arguments = ["train", "--activation", "relu", "--norm", "none", "--learning-rate", "1e30"];
    small(&arguments, folder.path()).with(1);
    assert_eq!(evaluations(folder.path())[0].step, 1);
    assert!(summary(folder.path()).runs[0].failure.is_some());
}

#[test]
fn batch_norm_at_batch_size_one_runs_with_a_warning() {
    let folder = folder();
    let one = ["train", "--device", "cpu", "--hidden", "8", "--steps", "4", "--batch", "1"];
    let ended = run(normlab().args(one).arg("--out").arg(folder.path())).with(0);
    assert!(ended.stdout.contains("warning: batch norm at batch size 1"), "{ended:#?}");
    assert_eq!(summary(folder.path()).runs[0].layers[0].gradient_rms, 0.0);
}

/// A run of 100,000 steps that has recorded its first evaluations.
fn long_run(out: &Path) -> Child {
    let metrics = out.join("metrics.jsonl");
    let long = ["train", "--device", "cpu", "--hidden", "8", "--batch", "5", "--steps", "100000"];
    let mut command = normlab();
    command.args(long).args(["--evaluate-every", "10"]).arg("--out").arg(out);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let lines = || std::fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
    while lines() < 3 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_run_that_an_error_ends_leaves_a_report_of_what_it_had() {
    // A folder in place of a file is an error during the run, like a full disk.
    for (spoilt, says, reported) in [
        (&["weights.safetensors"][..], "report: ", true),
        (
            &["weights.safetensors", "report.html"],
            "FAILED: the report could not be made: cannot write",
            false,
        ),
    ] {
        let folder = folder();
        let child = long_run(folder.path());
        for file in spoilt.iter().map(|file| folder.path().join(file)) {
            // On a slow machine the first weights are there already.
            let _ = std::fs::remove_file(&file);
            std::fs::create_dir(file).unwrap();
        }
        let ended = Ended::of(child.wait_with_output().unwrap()).with(1);
        let context = format!("error: the run in {} ended early: ", folder.path().display());
        let error = format!(": cannot write {}", folder.path().join(spoilt[0]).display());
        assert!(ended.stderr.starts_with(&context) && ended.stderr.contains(&error), "{ended:#?}");
        assert!(ended.stdout.lines().any(|line| line.starts_with(says)), "{ended:#?}");
        assert_eq!(folder.path().join("report.html").is_file(), reported);
        assert!(evaluations(folder.path()).last().unwrap().step < 100_000);
    }
}

#[test]
fn a_killed_run_leaves_what_it_had() {
    let folder = folder();
    let mut child = long_run(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let text = text(folder.path(), "metrics.jsonl");
    // The last line may have been cut short.
    let complete: Vec<_> = text.split_inclusive('\n').filter(|l| l.ends_with('\n')).collect();
    assert!(complete.len() >= 2, "{text:?}");
    for line in complete {
        serde_json::from_str::<Evaluation>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let experiment = Experiment::read(&folder.path().join("experiment.toml")).unwrap();
    assert_eq!((experiment.steps, experiment.evaluate_every), (100_000, 10));
}
