//! `normlab depth`, from outside, on the CPU engine.

use crate::support::program::{Ended, folder, normlab, run, text};
use normlab::record::DepthRecord;
use std::path::Path;

fn depth(out: &Path, arguments: &[&str]) -> Ended {
    let small = ["depth", "--device", "cpu", "--width", "32", "--batch", "32"];
    run(normlab().args(small).arg("--out").arg(out).args(arguments))
}

fn records(folder: &Path) -> Vec<DepthRecord> {
    text(folder, "depth.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_network_is_measured_at_its_start_and_end() {
    let place = folder();
    let out = place.path().join("depth");
    let flags = ["--depths", "1,4", "--activation", "relu", "--norm", "none,batch", "--init", "he"];
    let ended = depth(&out, &[&flags[..], &["--steps", "3"]].concat()).with(0);
    assert!(ended.stdout.contains("entropy rank"), "{ended:#?}");
    let all = records(&out);
    let seen: Vec<_> = all.iter().map(|one| (one.depth, &*one.norm, one.step, one.last)).collect();
    let expected = [1, 4].map(|depth| {
        [("none", 1, false), ("none", 3, true), ("batch", 1, false), ("batch", 3, true)]
            .map(|(norm, step, last)| (depth, norm, step, last))
    });
    assert_eq!(seen, expected.concat());
    for record in &all {
        assert_eq!(record.layers.len(), record.depth);
        assert_eq!(record.test_accuracy.is_some(), record.last);
        assert!(record.layers.iter().all(|layer| layer.gradient_rms > 0.0 && layer.rank >= 1.0));
    }
    let page = text(&out, "report.html");
    for part in
        ["<figure id=\"depth-relu-start\">", "<figure id=\"depth-relu-end\">", "Yang et al. 2019"]
    {
        assert!(page.contains(part), "{part}");
    }
    depth(&out, &flags).refused(&["already holds a run or a study", "--force"]);
}

/// Yang et al. 2019: with batch norm, gradients grow by √(π/(π−1)) a layer with ReLU, and not at all without it.
#[test]
fn factors_are_those_of_theory() {
    let place = folder();
    let of = |activation: &str| {
        let out = place.path().join(activation);
        let flags = ["--depths", "12", "--width", "128", "--batch", "128", "--init", "he"];
        depth_of(
            &out,
            &[&flags[..], &["--norm", "none,batch", "--activation", activation]].concat(),
        )
        .with(0);
        records(&out).iter().map(|one| one.factor().unwrap()).collect::<Vec<_>>()
    };
    let (relu, identity) = (of("relu"), of("identity"));
    let is_near = |found: f64, expected: f64| (found - expected).abs() < 0.05;
    assert!(is_near(relu[0], 1.0) && is_near(relu[1], 1.211), "{relu:?}");
    assert!(is_near(identity[0], 1.0) && is_near(identity[1], 1.0), "{identity:?}");
}

fn depth_of(out: &Path, arguments: &[&str]) -> Ended {
    run(normlab().args(["depth", "--device", "cpu", "--out"]).arg(out).args(arguments))
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let place = folder();
    let out = place.path().join("depth");
    for (flags, words) in [
        (["--depths", "0,2"], "numbers of hidden layers from 1"),
        (["--depths", "2,2"], "each only once"),
        (["--depths", "65"], "64"),
        (["--width", "0"], "hidden (units of a layer) is 0"),
        (["--batch", "20000"], "batch is 20000"),
    ] {
        depth_of(&out, &flags).refused(&[words]);
        assert!(!out.exists());
    }
}
