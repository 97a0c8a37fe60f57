//! What may happen to a run and its folder: signals, a second run, a full disk, foreign files. No test here
//! needs an adapter: all run on the CPU engine.

use crate::support::program::{
    Ended, PATIENCE, evaluations, folder, normlab, run, say, summary, text,
};
use normlab::rng::{Purpose, Stream};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ENDLESS: [&str; 13] = [
    "train",
    "--device",
    "cpu",
    "--hidden",
    "8",
    "--batch",
    "5",
    "--steps",
    "10000000",
    "--evaluate-every",
    "10",
    "--probes",
    "20",
];

/// A run of very many steps.
fn start(out: &Path) -> Child {
    let mut command = normlab();
    command.args(ENDLESS).arg("--out").arg(out);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The same, when it has recorded its first evaluations.
fn started(out: &Path) -> Child {
    let (child, metrics) = (start(out), out.join("metrics.jsonl"));
    let deadline = Instant::now() + PATIENCE;
    let lines = || fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
    while lines() < 3 && Instant::now() < deadline {
        sleep(Duration::from_millis(5));
    }
    child
}

/// Sends a signal to a process.
fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(sent.unwrap().success(), "{name}");
}

fn small(out: &Path, more: &[&str]) -> Ended {
    let small = ["train", "--device", "cpu", "--hidden", "4", "--batch", "5", "--steps", "12"];
    run(normlab().args(small).args(more).arg("--out").arg(out))
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_with_its_records_and_its_report() {
    for (name, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = folder();
        let child = started(folder.path());
        signal(name, &child);
        let ended = Ended::of(child.wait_with_output().unwrap()).with(status);
        let step = evaluations(folder.path()).last().unwrap().step;
        let kept = format!(
            "interrupted: sigmoid-batch was recorded up to step {step} of 10000000; `normlab train --resume {}` goes \
             on from here",
            folder.path().display()
        );
        assert!(ended.stdout.contains(&kept), "{kept}: {ended:#?}");
        assert!(ended.stdout.lines().last().unwrap().starts_with("report: "), "{ended:#?}");
        assert!(folder.path().join("report.html").is_file());
        assert_eq!(summary(folder.path()).runs[0].steps, step);
        assert!(ended.stderr.is_empty(), "{ended:#?}");
    }
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_a_run_at_once() {
    let folder = folder();
    let child = started(folder.path());
    signal("STOP", &child);
    // Both are there when it goes on.
    signal("INT", &child);
    signal("TERM", &child);
    signal("CONT", &child);
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert!([Some(130), Some(143)].contains(&ended.status), "{ended:#?}");
    assert!(!folder.path().join("report.html").exists(), "{ended:#?}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_sweep_with_the_networks_that_have_ended() {
    let folder = folder();
    let mut command = normlab();
    command.args(["learning-rates", "--device", "cpu", "--hidden", "4", "--steps", "3000"]);
    command.args(["--batch", "5", "--norm", "none", "--rates", "0.1,0.2,0.3,0.4,0.5,0.6"]);
    command.arg("--out").arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let records = folder.path().join("learning_rates.jsonl");
    let lines = || fs::read_to_string(&records).map_or(0, |text| text.lines().count());
    let deadline = Instant::now() + PATIENCE;
    while lines() < 1 && Instant::now() < deadline {
        sleep(Duration::from_millis(5));
    }
    signal("INT", &child);
    let ended = Ended::of(child.wait_with_output().unwrap()).with(130);
    let said = format!("interrupted: {} of 6 networks have finished", lines());
    assert!(ended.stdout.contains(&said), "{said}: {ended:#?}");
    assert!(folder.path().join("report.html").is_file());
}

#[test]
fn two_runs_do_not_write_into_one_folder() {
    let folder = folder();
    let mut first = started(folder.path());
    for second in [&["--force"][..], &[]] {
        let path = folder.path().display().to_string();
        let words =
            [format!("another run (process {})", first.id()), format!("is writing to {path}")];
        small(folder.path(), second).refused(&[&words[0], &words[1], "--out"]);
    }
    let sweep = ["affine", "--device", "cpu", "--steps", "2", "--out"];
    run(normlab().args(sweep).arg(folder.path())).refused(&["another run", "is writing to"]);
    let report = say(&["report", folder.path().to_str().unwrap()]).with(0);
    assert!(report.stdout.contains("note: a run is writing to this folder"), "{report:#?}");
    first.kill().unwrap();
    first.wait().unwrap();
    // The leftovers of a killed run lock nothing.
    small(folder.path(), &["--force"]).with(0);
    assert!(!folder.path().join("run.lock").exists());
}

#[test]
fn files_of_different_runs_are_told_apart() {
    let (one, other) = (folder(), folder());
    small(one.path(), &["--norm", "none"]).with(0);
    small(other.path(), &["--norm", "batch"]).with(0);
    let report = |copied: &str, says: &[&str]| {
        let kept = fs::read(one.path().join(copied)).unwrap();
        fs::copy(other.path().join(copied), one.path().join(copied)).unwrap();
        let ended = say(&["report", one.path().to_str().unwrap()]).with(0);
        for words in says {
            assert!(ended.stdout.contains(words), "{words:?} is not in {ended:#?}");
        }
        fs::write(one.path().join(copied), kept).unwrap();
    };
    report(
        "summary.json",
        &["missing: summary.json belongs to a different run than experiment.toml"],
    );
    let all = "belong to a different run than experiment.toml and are ignored";
    report("metrics.jsonl", &["lines of metrics.jsonl", all, "sigmoid-none has recorded nothing"]);
    report("histograms.jsonl", &["lines of histograms.jsonl", all]);
    report(
        "experiment.toml",
        &["summary.json belongs to a different run", "sigmoid-batch has recorded nothing"],
    );
    // Duplicate lines come from two runs of one experiment.
    let metrics = text(one.path(), "metrics.jsonl");
    fs::write(one.path().join("metrics.jsonl"), format!("{metrics}{metrics}")).unwrap();
    let ended = say(&["report", one.path().to_str().unwrap()]).with(0);
    let half = metrics.lines().count();
    let said = format!("missing: {half} of {} lines of metrics.jsonl {all}", 2 * half);
    assert!(ended.stdout.contains(&said), "{said}: {ended:#?}");
}

#[test]
fn names_in_records_lead_nowhere() {
    for file in ["metrics.jsonl", "histograms.jsonl"] {
        for name in ["../../victim", "/tmp/victim", "a\\b", ".hidden", "a\u{0}b"] {
            let outer = folder();
            let inner = outer.path().join("run/folder");
            small(&inner, &["--norm", "none"]).with(0);
            for made in ["pictures", "frames"] {
                fs::remove_dir_all(inner.join(made)).unwrap();
            }
            let lines = text(&inner, file);
            let escaped = serde_json::to_string(name).unwrap();
            let activation = "\"activation\":\"sigmoid\"";
            assert!(lines.contains(activation), "{file}: {lines}");
            let foreign = lines.replace(activation, &format!("\"activation\":{escaped}"));
            fs::write(inner.join(file), foreign).unwrap();
            let ended = say(&["report", inner.to_str().unwrap()]);
            ended.refused(&[file, "no run has written it"]);
            assert!(!inner.join("pictures").exists(), "{file}: {name}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn words_that_cannot_be_written_change_no_status() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let command = |arguments: &[&str]| {
        let mut command = normlab();
        command.args(arguments);
        command
    };
    for refused in [&["train", "nowhere.toml"][..], &["check", "nothing"], &["--no-such-flag"]] {
        let status = command(refused).stderr(full()).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(2), "{refused:?}");
    }
    let out = folder();
    let out = out.path().join("run");
    let run = ["train", "--device", "cpu", "--hidden", "4", "--steps", "5", "--out"];
    let status = command(&run).arg(&out).stderr(full()).stdout(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    // Standard output was requested, so losing it is reported.
    let ended = command(&["devices"]).stdout(full()).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("standard output"));
}

#[test]
fn a_run_killed_at_any_time_can_be_read() {
    let mut stream = Stream::new(7, Purpose::Checks, 0);
    for round in 0..14 {
        let folder = folder();
        let mut child = start(folder.path());
        sleep(Duration::from_secs_f64(stream.range(0.0, 0.7)));
        child.kill().unwrap();
        child.wait().unwrap();
        let ended = say(&["report", folder.path().to_str().unwrap()]);
        let begun = folder.path().join("experiment.toml").exists();
        assert_eq!(ended.status, Some(if begun { 0 } else { 2 }), "round {round}: {ended:#?}");
        assert!(begun || ended.stderr.contains("holds no run"), "round {round}: {ended:#?}");
        assert!(!ended.stdout.contains("is damaged"), "round {round}: {ended:#?}");
    }
}

#[test]
fn a_text_that_nests_too_deep_is_refused() {
    let folder = folder();
    let path = folder.path().join("deep.wgsl");
    let gradient = "fn activation_gradient(x: f32) -> f32 { return 1.0; }\n";
    let flat =
        format!("{gradient}fn activate(x: f32) -> f32 {{ return x{}; }}\n", "+x".repeat(20_000));
    let deep = format!("{gradient}fn activate(x: f32) -> f32 {{ {} }}\n", "{".repeat(20_000));
    for (text, says) in [(flat, "more than 500 operators"), (deep, "more than 100 nested brackets")]
    {
        fs::write(&path, text).unwrap();
        for command in ["train", "check", "eval bias_forward"] {
            let mut arguments: Vec<_> = command.split(' ').collect();
            arguments.extend(["--device", "cpu", "--activation", path.to_str().unwrap()]);
            say(&arguments).refused(&[says, "deep.wgsl:2"]);
        }
    }
}

#[test]
fn mesa_is_not_asked_about_a_desktop() {
    let mut command = normlab();
    command.env_remove("NODEVICE_SELECT").env_remove("XDG_RUNTIME_DIR");
    let ended = run(command.arg("devices")).with(0);
    assert!(ended.stderr.is_empty(), "{ended:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_page_is_opened_where_that_was_asked_for() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let opener = folder.path().join("xdg-open");
    let opened = folder.path().join("opened");
    fs::write(&opener, format!("#!/bin/sh\necho \"$1\" > {}\n", opened.display())).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let paths = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let out = folder.path().join("run");
    let train = ["train", "--device", "cpu", "--hidden", "4", "--steps", "5", "--open", "--out"];
    let page = folder.path().join("lesson.html");
    for (arguments, path, expected) in [
        (&train[..], &out, out.join("report.html")),
        (&["report", "--open"], &out, out.join("report.html")),
        (&["page", "--open", "--out"], &page, page.clone()),
    ] {
        let _ = fs::remove_file(&opened);
        run(normlab().env("PATH", &paths).args(arguments).arg(path)).with(0);
        let deadline = Instant::now() + PATIENCE;
        let said = || fs::read_to_string(&opened).unwrap_or_default();
        while said().is_empty() && Instant::now() < deadline {
            sleep(Duration::from_millis(5));
        }
        assert_eq!(said().trim(), expected.display().to_string(), "{arguments:?}");
    }
}

#[test]
fn the_short_help_is_short_and_has_headings() {
    for (arguments, lines) in [(&["-h"][..], 100), (&["train", "-h"], 80), (&["eval", "-h"], 50)] {
        let help = say(arguments).with(0).stdout;
        assert!(help.lines().count() <= lines, "{arguments:?}: {} lines", help.lines().count());
    }
    let headings = ["Network:", "Training:", "Data:", "Records:", "Device:", "Shaders:", "Output:"];
    for help in [say(&["train", "-h"]), say(&["lesson", "--help"])] {
        for heading in headings {
            assert!(help.stdout.lines().any(|line| line == heading), "{heading}: {help:#?}");
        }
    }
}
