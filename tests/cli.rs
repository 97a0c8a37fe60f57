//! The command line of the program: what it offers, what it refuses, and what it does without an adapter.
//! No test here needs one.

use crate::support::program::{folder, normlab, normlab_without_adapter, run, say, summary, text};
use crate::support::small::{SMALL, small};
use normlab::kernels::activation::Activation;

/// The name of the package that gives a software Vulkan.
const PACKAGE: &str = "mesa-vulkan-drivers";

/// Kernels that the CPU engine has a version of its own of: all but those of probes and of rewritten programs.
pub(crate) const FAST: usize = 18;

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
}

#[test]
fn the_cpu_engine_is_checked_like_an_adapter() {
    let check = say(&["check", "--device", "cpu"]).with(0);
    let verdicts = check.stdout.lines().filter(|line| line.ends_with("  good"));
    assert_eq!(verdicts.count(), FAST + Activation::ALL.len(), "{check:#?}");
    // What only shaders have is refused.
    for flag in ["--all-tunables", "--sanitize"] {
        say(&["check", "--device", "cpu", flag]).refused(&[flag, "the CPU engine runs no shaders"]);
    }
    let chosen = ["check", "--device", "cpu", "--variant", "matmul_nn=naive"];
    say(&chosen).refused(&["--variant", "the CPU engine runs no shaders"]);
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

/// Flags with a value that cannot be used; each is refused by its name and with what it may be.
const BAD_FLAGS: [(&str, &str, &[&str]); 22] = [
    ("--batch", "0", &["batch", "1 to"]),
    ("--batch", "10001", &["batch", "at most 10000"]),
    ("--batch", "-1", &["batch", "an integer"]),
    ("--steps", "0", &["steps", "1 to"]),
    ("--steps", "1.5", &["steps", "an integer"]),
    ("--hidden", "0", &["hidden", "1 to"]),
    ("--hidden", "8,x", &["hidden", "x", "an integer"]),
    ("--depth", "65", &["hidden", "layers", "to 64"]),
    ("--learning-rate", "nan", &["learning_rate", "above 0"]),
    ("--learning-rate", "inf", &["learning_rate", "above 0"]),
    ("--learning-rate", "0", &["learning_rate", "above 0"]),
    ("--learning-rate", "-1", &["learning_rate", "above 0"]),
    ("--learning-rate", "fast", &["--learning-rate", "number"]),
    ("--momentum", "1", &["momentum", "0 to below 1"]),
    ("--momentum", "-0.5", &["momentum", "0 to below 1"]),
    ("--seed", "-1", &["--seed", "an integer"]),
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
        ("batch = \"many\"", &["mine.toml", "batch", "an integer"]),
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
