//! The program from outside: what it prints, how it ends, and what a run leaves behind. No test here
//! needs an adapter: the CPU engine computes.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

#[path = "support/program.rs"]
mod program;

use normlab::config::Experiment;
use normlab::kernels::{self, contract::Contract};
use normlab::record::Moment;
use program::{
    SMALL, entries, folder, moments, normlab, normlab_without_adapter, run, say, small, summary,
    text,
};
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The lesson's networks, in the order of its table.
const NETWORKS: [&str; 6] =
    ["sigmoid-none", "sigmoid-batch", "sigmoid-layer", "relu-none", "relu-batch", "relu-layer"];

/// What a run leaves.
const FILES: [&str; 9] = [
    "experiment.toml",
    "frames",
    "histograms.jsonl",
    "metrics.jsonl",
    "pictures",
    "report.html",
    "summary.json",
    "training.gif",
    "weights.safetensors",
];

/// The name of the package that gives a software Vulkan.
const PACKAGE: &str = "mesa-vulkan-drivers";

#[test]
fn help_names_commands_and_flags() {
    let output = ["--device", "--out", "--force", "runs/NAME"];
    let keys = ["--activation", "--norm", "--hidden", "--depth", "--init", "--learning-rate"];
    let more = [
        "--batch",
        "--steps",
        "--seed",
        "--replicas",
        "--data",
        "--evaluate-every",
        "--verify-every",
    ];
    let flags = [&output[..], &keys, &more].concat();
    let cases = [
        ("--help", [&flags[..], &["lesson", "train", "report", "devices", "check"]].concat()),
        ("lesson --help", flags.clone()),
        ("train --help", [&flags[..], &["EXPERIMENT.toml"]].concat()),
        ("report --help", vec!["RUN_DIR"]),
        ("devices --help", vec!["--device", "auto", "cpu"]),
        ("check --help", vec!["KERNEL", "--device"]),
        ("--version", vec![env!("CARGO_PKG_VERSION")]),
    ];
    for (arguments, words) in cases {
        let ended = say(&Vec::from_iter(arguments.split(' '))).with(0);
        assert_eq!(ended.stderr, "", "{arguments}");
        for word in words {
            assert!(ended.stdout.contains(word), "{arguments} does not mention {word}");
        }
    }
}

#[test]
fn what_does_not_exist_is_refused() {
    say(&["teach"]).refused(&["teach"]);
    say(&["--learning-speed", "1"]).refused(&["--learning-speed"]);
    say(&["check", "matmul"]).refused(&["matmul", "matmul_nn", "softmax_cross_entropy"]);
    say(&["train", "missing.toml"]).refused(&["missing.toml", "No such file"]);
}

#[test]
fn the_lesson_prints_one_row_for_each_network() {
    let folder = folder();
    let ended = small(&[], &folder.path().join("run")).with(0);
    let header = ended.stdout.lines().position(|line| line.starts_with("network ")).unwrap();
    let rows: Vec<_> = ended.stdout.lines().skip(header + 2).take(NETWORKS.len()).collect();
    for (row, network) in rows.iter().zip(NETWORKS) {
        assert!(row.starts_with(network) && row.contains(" % "), "{row:?} for {network}");
    }
    // A file gets text alone: no colours, no progress bar.
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
        let moments = moments(folder.path());
        let mine: Vec<_> = moments.iter().filter(|moment| moment.run == network).collect();
        assert_eq!(mine.last().unwrap().step, 4, "{network}");
        assert_eq!(mine.iter().map(|moment| moment.losses.len()).sum::<usize>(), 4, "{network}");
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
    // There is the key, and nothing was compared.
    assert_eq!(summary["parity"].get("worst_ratio"), Some(&Value::Null));
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
fn without_an_adapter_the_cpu_computes_and_says_so() {
    let folder = folder();
    let small = &SMALL[2..];
    let out = folder.path().join("run");
    let auto = run(normlab_without_adapter().args(small).arg("--out").arg(&out)).with(0);
    assert!(auto.stdout.contains("device: CPU engine"), "{auto:#?}");
    let note = auto.stdout.lines().find(|line| line.contains("adapter was found"));
    assert!(note.is_some_and(|line| line.contains(PACKAGE)), "{auto:#?}");
    assert_eq!(summary(&out).adapter.backend, "cpu");
    let devices = run(normlab_without_adapter().arg("devices")).with(0);
    let used: Vec<_> = devices.stdout.lines().filter(|line| line.starts_with('*')).collect();
    assert!(used.len() == 1 && used[0].starts_with("* CPU engine"), "{devices:#?}");
    assert!(devices.stdout.contains(PACKAGE), "{devices:#?}");
    let check = run(normlab_without_adapter().arg("check")).with(1);
    assert!(check.stderr.starts_with("error: ") && check.stderr.contains(PACKAGE), "{check:#?}");
}

#[test]
fn an_adapter_that_is_not_there_is_refused() {
    let folder = folder();
    let out = folder.path().join("run");
    for device in ["gpu", "no such adapter"] {
        let mut command = normlab_without_adapter();
        command.args(&SMALL[2..]).args(["--device", device]).arg("--out").arg(&out);
        run(&mut command).refused(&[&format!("--device {device}"), PACKAGE]);
    }
    // Whatever adapters this machine has, none is called that.
    assert!(say(&["devices", "--device", "no such adapter"]).with(2).stderr.contains("--device"));
    assert!(!out.exists());
    // The CPU engine is the reference itself; an adapter may well be there.
    let check = say(&["check", "--device", "cpu"]);
    assert!(matches!(check.status, Some(1 | 2)) && check.stderr.contains("error: "), "{check:#?}");
    assert!(!check.stderr.contains("adapter was found"), "{check:#?}");
}

#[test]
fn an_older_run_is_replaced_only_by_force() {
    let folder = folder();
    let path = folder.path();
    std::fs::write(path.join("notes.txt"), "mine").unwrap();
    small(&["train", "--seed", "1"], path).with(0);
    let before = text(path, "metrics.jsonl");
    let name = path.display().to_string();
    small(&["train", "--seed", "2"], path).refused(&["--force", "--out", &name]);
    assert_eq!(text(path, "metrics.jsonl"), before);
    small(&["train", "--seed", "2", "--force"], path).with(0);
    assert_eq!(summary(path).seed, 2);
    assert!(text(path, "experiment.toml").contains("seed = 2"));
    // Lines of the older run are gone, but not what others have put there.
    assert_eq!(moments(path).len(), before.lines().count());
    assert_eq!(text(path, "notes.txt"), "mine");
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

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "a file").unwrap();
    for out in [file.clone(), file.join("below")] {
        small(&["train"], &out).refused(&["cannot create", &out.display().to_string()]);
    }
    assert_eq!(text(folder.path(), "file"), "a file");
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
        let named = |kernel: &&Contract| failure.contains(&format!(".{} (", kernel.name));
        assert!(kernels::ALL.iter().any(named), "{rate}: {failure}");
        // The losses of the steps before it were finite.
        assert!(steps[0] == steps[1] || !failure.contains("softmax"), "{rate}: {failure}");
        assert_eq!((&summary.runs[1].failure, summary.runs[1].steps), (&None, 20), "{rate}");
        assert!(moments(folder.path()).iter().any(|moment| moment.run == "sigmoid-none"));
    }
}

#[test]
fn records_of_a_run_out_of_range_can_be_read() {
    // After one step the weights are finite, but not what they make of the test set.
    let folder = folder();
    let arguments = ["train", "--activation", "relu", "--norm", "none", "--learning-rate", "1e30"];
    small(&arguments, folder.path()).with(1);
    assert_eq!(moments(folder.path())[0].step, 1);
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

/// Flags with a value that cannot be used; each is refused by its name and with what it may be.
const BAD_FLAGS: [(&str, &str, &[&str]); 22] = [
    ("--batch", "0", &["batch", "1 to"]),
    ("--batch", "10001", &["batch", "at most 10000"]),
    ("--batch", "-1", &["batch", "whole number"]),
    ("--steps", "0", &["steps", "1 to"]),
    ("--steps", "1.5", &["steps", "whole number"]),
    ("--hidden", "0", &["hidden", "1 to"]),
    ("--hidden", "8,x", &["hidden", "x", "whole number"]),
    ("--depth", "65", &["hidden", "layers", "to 64"]),
    ("--learning-rate", "nan", &["learning_rate", "above 0"]),
    ("--learning-rate", "inf", &["learning_rate", "above 0"]),
    ("--learning-rate", "0", &["learning_rate", "above 0"]),
    ("--learning-rate", "-1", &["learning_rate", "above 0"]),
    ("--learning-rate", "fast", &["--learning-rate", "number"]),
    ("--momentum", "1", &["momentum", "0 to below 1"]),
    ("--momentum", "-0.5", &["momentum", "0 to below 1"]),
    ("--seed", "-1", &["--seed", "whole number"]),
    ("--seed", "9223372036854775808", &["seed", "9223372036854775807"]),
    ("--init", "normal:x", &["--init", "uniform", "glorot", "he", "normal:0.01"]),
    ("--activation", "foo", &["--activation", "identity", "sigmoid", "relu", "tanh"]),
    ("--norm", "foo", &["--norm", "none", "batch", "layer", "rms"]),
    ("--norm", "batch,batch", &["norm", "once"]),
    ("--data", "no-such-folder", &["no-such-folder", "train-images"]),
];

#[test]
fn bad_flags_are_refused_by_name() {
    let folder = folder();
    let out = folder.path().join("run");
    for (flag, value, words) in BAD_FLAGS {
        let mut command = normlab();
        command.args(["train", "--device", "cpu", flag, value]).arg("--out").arg(&out);
        let ended = run(&mut command);
        assert_eq!(ended.stdout, "", "{flag} {value}");
        ended.refused(words);
        assert!(!out.exists(), "{flag} {value} left a folder");
    }
}

#[test]
fn bad_experiment_files_are_refused_by_key() {
    let folder = folder();
    let (file, out) = (folder.path().join("mine.toml"), folder.path().join("run"));
    // `tests/config.rs` has many more; what matters here is how the program ends.
    let cases: [(&str, &[&str]); 4] = [
        ("learning_speed = 1", &["mine.toml", "line 1", "learning_speed", "`learning_rate`"]),
        ("batch = \"many\"", &["mine.toml", "batch", "whole number"]),
        ("activation = [\"relu\", \"gelu\"]", &["gelu", "identity", "sigmoid", "relu", "tanh"]),
        ("momentum = 1.0", &["momentum", "0 to below 1"]),
    ];
    for (line, words) in cases {
        std::fs::write(&file, line).unwrap();
        let mut command = normlab();
        command.arg("train").arg(&file).args(["--device", "cpu"]).arg("--out").arg(&out);
        run(&mut command).refused(words);
        assert!(!out.exists(), "{line} left a folder");
    }
}

#[test]
fn a_killed_run_leaves_what_it_had() {
    let folder = folder();
    let metrics = folder.path().join("metrics.jsonl");
    let long = ["train", "--device", "cpu", "--hidden", "8", "--batch", "5", "--steps", "100000"];
    let mut command = normlab();
    command.args(long).args(["--evaluate-every", "10"]).arg("--out").arg(folder.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let lines = || std::fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
    while lines() < 3 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let text = text(folder.path(), "metrics.jsonl");
    // The last line may have been cut short.
    let complete: Vec<_> = text.split_inclusive('\n').filter(|l| l.ends_with('\n')).collect();
    assert!(complete.len() >= 2, "{text:?}");
    for line in complete {
        serde_json::from_str::<Moment>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let experiment = Experiment::read(&folder.path().join("experiment.toml")).unwrap();
    assert_eq!((experiment.steps, experiment.evaluate_every), (100_000, 10));
}

#[test]
fn a_reader_that_has_seen_enough_causes_no_panic() {
    let folder = folder();
    let commands: [&[&str]; 4] = [&["--help"], &["--version"], &["devices"], &["train"]];
    for arguments in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = normlab_without_adapter();
        command.args(arguments).current_dir(folder.path()).stdout(writer);
        if arguments == ["train"] {
            command.args(SMALL);
        }
        assert_eq!(run(&mut command).stderr, "", "{arguments:?}");
    }
}
