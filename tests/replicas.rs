//! Several replicas in one run, as a process: how they are refused, and what they leave. No test
//! here needs an adapter: all run on the CPU engine.

use crate::support::program::{self, evaluations, folder, normlab, run, say, summary, text};
use crate::support::small::small;
use normlab::record::{Evaluation, highest, lowest, median};
use safetensors::SafeTensors;
use std::fs;
use std::path::Path;

/// Trains three replicas of two small networks.
fn three(out: &Path) -> program::Ended {
    small(&["train", "--norm", "none,batch", "--replicas", "3", "--seed", "1"], out).with(0)
}

#[test]
fn a_number_that_cannot_be_is_refused() {
    let folder = folder();
    let out = folder.path().join("run");
    let cases: [(&str, &[&str]); 4] = [
        ("0", &["replicas is 0", "from 1 to 16"]),
        ("17", &["replicas is 17", "from 1 to 16"]),
        ("some", &["--replicas", "some", "an integer"]),
        ("-1", &["--replicas", "-1", "an integer"]),
    ];
    for (value, words) in cases {
        for command in ["train", "lesson"] {
            small(&[command, "--replicas", value], &out).refused(words);
        }
    }
    assert!(!out.exists());
}

/// Replica r's lines and weights are those of a run with its seed alone.
#[test]
fn each_replica_is_a_run_of_its_own_seed() {
    let folder = folder();
    let [together, alone] = ["together", "alone"].map(|name| folder.path().join(name));
    three(&together);
    assert!(text(&together, "experiment.toml").contains("\nreplicas = 3\n"));
    let all = evaluations(&together);
    // Two networks, an evaluation at each of four steps, three replicas.
    assert_eq!(all.len(), 2 * 4 * 3);
    assert_eq!(text(&together, "metrics.jsonl").matches("\"replica\":2").count(), 2 * 4);
    let weights = |folder: &Path| fs::read(folder.join("weights.safetensors")).unwrap();
    let weights_together = weights(&together);
    let tensors = SafeTensors::deserialize(&weights_together).unwrap();
    for (replica, seed) in ["1", "2", "3"].into_iter().enumerate() {
        let flags = ["train", "--norm", "none,batch", "--seed", seed, "--force"];
        small(&flags, &alone).with(0);
        assert!(!text(&alone, "metrics.jsonl").contains("replica"));
        let timeless = |evaluation: &Evaluation| Evaluation {
            replica: 0,
            ms_per_step: 0.0,
            ..evaluation.clone()
        };
        let mine = all.iter().filter(|evaluation| evaluation.replica == replica);
        let mine: Vec<_> = mine.map(timeless).collect();
        assert_eq!(
            mine,
            evaluations(&alone).iter().map(timeless).collect::<Vec<_>>(),
            "seed {seed}"
        );
        let weights_alone = weights(&alone);
        for (name, one) in SafeTensors::deserialize(&weights_alone).unwrap().tensors() {
            let all = tensors.tensor(&name).unwrap();
            assert_eq!(all.shape(), [&[3], one.shape()].concat(), "{name}");
            let length = one.data().len();
            let mine = &all.data()[replica * length..(replica + 1) * length];
            assert!(mine == one.data(), "{name} of seed {seed} differs");
        }
    }
}

#[test]
fn the_end_is_told_as_median_and_range() {
    let folder = folder();
    let ended = three(folder.path());
    let said = |words: &str| assert!(ended.stdout.contains(words), "{words:?}: {}", ended.stdout);
    said("3 replicas, seeds 1 to 3");
    said("medians over 3 replicas");
    let (all, summary) = (evaluations(folder.path()), summary(folder.path()));
    for run in &summary.runs {
        let last =
            all.iter().filter(|evaluation| evaluation.run == run.name && evaluation.step == 4);
        let losses: Vec<_> = last.map(|evaluation| evaluation.train_loss).collect();
        let range = run.range.as_ref().unwrap();
        assert_eq!((losses.len(), range.replicas), (3, 3));
        assert_eq!(run.train_loss, median(&losses));
        assert_eq!(range.lowest.train_loss, lowest(&losses));
        assert_eq!(range.highest.train_loss, highest(&losses));
        assert!(range.lowest.layers[0].gradient_rms < range.highest.layers[0].gradient_rms);
        for end in [&range.lowest, &range.highest] {
            said(&format!("{:.3}", end.train_loss.unwrap()));
        }
    }
    let rows = |name: &str| ended.stdout.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!((rows("  lowest "), rows("  highest ")), (2, 2));
}

#[test]
fn a_report_is_made_again_from_three_replicas() {
    let folder = folder();
    three(folder.path());
    let first = text(folder.path(), "report.html");
    for words in [
        "3 replicas, with the initial weights and batches of seeds 1 to 3",
        "median and range of 3 replicas",
        "Replica 0 only.",
        "medians over 3 replicas",
        "<td>  lowest</td>",
    ] {
        assert!(first.contains(words), "{words}");
    }
    let again = || say(&["report", folder.path().to_str().unwrap()]).with(0);
    assert!(!again().stdout.contains("missing"));
    assert!(text(folder.path(), "report.html") == first, "the same records gave another page");
    // Killed between two replicas: an incomplete evaluation has no median.
    let metrics = text(folder.path(), "metrics.jsonl");
    let lines: Vec<_> = metrics.lines().collect();
    fs::write(folder.path().join("metrics.jsonl"), lines[..17].join("\n")).unwrap();
    let ended = again();
    let sentence = "missing: sigmoid-batch was recorded up to step 1 of 4\n";
    assert!(ended.stdout.contains(sentence), "{ended:#?}");
}

#[test]
fn a_replica_that_diverges_is_named() {
    let folder = folder();
    let mut command = normlab();
    command.args(["train", "--activation", "relu", "--norm", "none", "--replicas", "2"]);
    command.args(["--device", "cpu", "--hidden", "8,8", "--steps", "20"]);
    command.args(["--learning-rate", "1e9", "--out"]);
    let ended = run(command.arg(folder.path())).with(1);
    assert!(ended.stdout.contains("ended early: the loss of replica "), "{ended:#?}");
    let page = text(folder.path(), "report.html");
    assert!(page.contains("ended early: the loss of replica "), "{page}");
    assert!(!page.contains("NaN") || page.contains("is NaN at step"), "{page}");
}
