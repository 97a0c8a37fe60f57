//! `normlab sweep`: grids of any keys, shared among machines, continued after a kill.

use super::records;
use crate::support::idx_files::{images, labels, put};
use crate::support::program::{Ended, folder, normlab, run, text};
use normlab::record::{SweepRecord, Swept};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

const GRID: &str = "activation = 'relu'\nnorm = ['none', 'batch']\nlearning_rate = [0.1, 1e8]\n\
                    hidden = [[8], [8, 8]]\nseed = [1, 2]\nsteps = 6\nbatch = 5\n";

fn grid(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("grid.toml");
    fs::write(&path, text).unwrap();
    path
}

/// `normlab sweep` on the CPU engine.
fn sweep(grid: &Path, out: &Path, arguments: &[&str]) -> Ended {
    let mut command = normlab();
    run(command.args(["sweep", "--device", "cpu"]).arg(grid).arg("--out").arg(out).args(arguments))
}

fn merge(parts: &[&Path], out: &Path) -> Ended {
    run(normlab().args(["sweep", "--merge"]).args(parts).arg("--out").arg(out))
}

/// The networks without what times took.
fn timeless(folder: &Path) -> Vec<SweepRecord> {
    let mut networks = records(Swept::Keys, folder);
    for network in &mut networks {
        (network.elapsed_s, network.run.ms_per_step) = (None, None);
    }
    networks
}

#[test]
fn every_cell_is_trained_and_shown() {
    let place = folder();
    let (file, out) = (grid(place.path(), GRID), place.path().join("whole"));
    let ended = sweep(&file, &out, &[]).with(0);
    for words in [
        "networks: 784-8-10, 784-8-8-10, 6 steps at batch 5, SGD at learning rate 0.1, 100000000\n",
        "cells: 8 (2 hidden × 2 learning_rate × 2 norm), 2 replicas each\n",
        "norm",
        "diverged: relu-none at hidden 8,8, learning_rate 100000000: ",
    ] {
        assert!(ended.stdout.contains(words), "{words}: {ended:#?}");
    }
    let networks = records(Swept::Keys, &out);
    assert_eq!(
        networks.iter().map(|one| one.cell).collect::<Vec<_>>(),
        (0..8).map(Some).collect::<Vec<_>>()
    );
    let first = &networks[0];
    assert_eq!(first.replicas.iter().map(|one| one.seed).collect::<Vec<_>>(), [1, 2]);
    let experiment = first.experiment.as_ref().unwrap();
    assert_eq!((&experiment["steps"], &experiment["learning_rate"]), (&6.into(), &0.1.into()));
    assert_eq!(first.data_sha256.as_ref().map(String::len), Some(64));
    let table = text(&out, "sweep.csv");
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 9);
    assert!(lines[0].starts_with("cell,activation,norm,hidden,learning_rate,first_seed,replicas,"));
    assert!(lines[8].starts_with("7,relu,batch,\"8,8\",100000000,1,2,"), "{}", lines[8]);
    let map = text(&out, "pictures/sweep-map.svg");
    assert_eq!(
        map.matches(">×<").count(),
        networks.iter().filter(|one| one.run.failure.is_some()).count()
    );
    assert!(text(&out, "report.html").contains("<figure id=\"sweep-map\">"));
    // Another map of the same cells, from their records.
    let report = |keys: &str| run(normlab().arg("report").arg(&out).args(["--heat-map", keys]));
    report("hidden,norm").with(0);
    assert_ne!(text(&out, "pictures/sweep-map.svg"), map);
    for keys in ["hidden", "hidden,hidden", "hidden,batch", "a,b,c"] {
        report(keys).refused(&["--heat-map", "norm, hidden, learning_rate"]);
    }
}

#[test]
fn a_map_of_one_key_names_every_column_and_no_row() {
    let place = folder();
    let norms = ["none", "batch@first", "batch@last", "batch"];
    let text_of_grid =
        format!("norm = {norms:?}\nactivation = 'relu'\nhidden = [8, 8]\nsteps = 2\nbatch = 5\n");
    let (file, out) = (grid(place.path(), &text_of_grid), place.path().join("out"));
    sweep(&file, &out, &[]).with(0);
    let map = text(&out, "pictures/sweep-map.svg");
    for norm in norms {
        assert_eq!(map.matches(&format!(">{norm}<")).count(), 1, "{norm}: {map}");
    }
}

#[test]
fn parts_that_are_merged_are_the_whole() {
    let place = folder();
    let file = grid(place.path(), GRID);
    let at = |name: &str| place.path().join(name);
    sweep(&file, &at("whole"), &[]).with(0);
    sweep(&file, &at("first"), &["--shard", "1/2"]).with(0);
    sweep(&file, &at("second"), &["--shard", "2/2"]).with(0);
    assert_eq!(records(Swept::Keys, &at("first")).len(), 4);
    let said = merge(&[&at("second"), &at("first")], &at("merged")).with(0);
    assert!(said.stdout.contains("merged: 8 networks\n"), "{said:#?}");
    assert_eq!(timeless(&at("merged")), timeless(&at("whole")));
    assert_eq!(text(&at("merged"), "sweep.toml"), text(&at("whole"), "sweep.toml"));
    // A part that is missing is named, and one that is there twice does no harm.
    let said = merge(&[&at("first"), &at("first")], &at("half")).with(0);
    assert!(said.stdout.contains("merged: 4 networks; missing: 4 (cells 2, 4, 6, 8)"), "{said:#?}");
    let said = sweep(&file, &at("half"), &["--resume"]).with(0);
    assert!(said.stdout.contains("4 networks are recorded already"), "{said:#?}");
    assert_eq!(timeless(&at("half")).len(), 8);
    merge(&[&at("first"), &at("second")], &at("merged")).refused(&["already holds sweep.jsonl"]);
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let place = folder();
    let file = grid(place.path(), "norm = 'batch'\nbatch = [2, 4]\nsteps = 3\nhidden = [8]\n");
    let at = |name: &str| place.path().join(name);
    sweep(&file, &at("first"), &["--shard", "1/2"]).with(0);
    sweep(&file, &at("second"), &["--shard", "2/2"]).with(0);
    sweep(&file, &at("longer"), &["--shard", "2/2", "--steps", "4"]).with(0);
    let refused = |parts: [&str; 2], words: &[&str]| {
        merge(&parts.map(at).each_ref().map(PathBuf::as_path), &at("merged")).refused(words);
        assert!(!at("merged").exists());
    };
    refused(["first", "longer"], &["are parts of different sweeps"]);
    refused(["first", "nowhere"], &["nowhere holds no sweep"]);
    let change = |from: &str, to: &str| {
        let path = at("second").join("sweep.jsonl");
        let old = text(&at("second"), "sweep.jsonl");
        assert!(old.contains(from), "{from}: {old}");
        fs::write(path, old.replace(from, to)).unwrap();
    };
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    change(&version, "\"version\":\"0.0.1\"");
    refused(["first", "second"], &["were trained by different versions"]);
    let resumed = sweep(&file, &at("second"), &["--resume"]);
    resumed.refused(&["networks that another version has trained", "--force"]);
    change("\"version\":\"0.0.1\"", &version);
    let hash = records(Swept::Keys, &at("second"))[0].data_sha256.clone().unwrap();
    change(&hash, &"0".repeat(64));
    refused(["first", "second"], &["were trained on different data"]);
    sweep(&file, &at("second"), &["--resume"]).refused(&["were trained on other data"]);
    change("\"cell\":1", "\"cell\":0");
    refused(["first", "second"], &["have different results of cell 1"]);
    change("\"cell\":0", "\"cell\":7");
    refused(["first", "second"], &["holds a network that its grid does not have"]);
}

#[test]
fn a_killed_sweep_continues_with_what_is_missing() {
    let place = folder();
    let text =
        "norm = ['none', 'batch', 'layer']\nbatch = [10, 20]\nhidden = [32, 32]\nsteps = 40\n";
    let file = grid(place.path(), text);
    let (whole, killed) = (place.path().join("whole"), place.path().join("killed"));
    sweep(&file, &whole, &[]).with(0);
    for pause in [400, 900] {
        let mut command = normlab();
        command.args(["sweep", "--device", "cpu", "--resume"]).arg(&file).arg("--out").arg(&killed);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // What the kill has cut off within a line is trained again.
    let lines = fs::read_to_string(killed.join("sweep.jsonl")).unwrap_or_default();
    let _ = fs::write(killed.join("sweep.jsonl"), format!("{lines}{{\"cell\":5,\"val"));
    sweep(&file, &killed, &["--resume"]).with(0);
    assert_eq!(timeless(&killed), timeless(&whole));
    sweep(&file, &killed, &["--resume", "--steps", "41"]).refused(&["holds another sweep"]);
    sweep(&file, &killed, &[]).refused(&["already holds sweep.jsonl", "--resume", "--force"]);
    sweep(&file, &killed, &["--steps", "2", "--force", "--batch", "3"]).with(0);
    assert_eq!(records(Swept::Keys, &killed).len(), 3, "a flag takes an axis' place");
}

#[test]
fn data_may_be_an_axis() {
    let place = folder();
    let [one, other] = ["one", "other"].map(|name| place.path().join(name));
    for (folder, of) in [(&one, [0, 1, 2, 0, 1, 2]), (&other, [0, 1, 2, 2, 1, 0])] {
        fs::create_dir(folder).unwrap();
        for part in ["train", "t10k"] {
            put(folder, &format!("{part}-images-idx3-ubyte"), &images(6));
            put(folder, &format!("{part}-labels-idx1-ubyte"), &labels(&of));
        }
    }
    let text = format!(
        "norm = 'batch'\nhidden = [4]\nbatch = 4\nsteps = 2\ndata = ['{}', '{}']\n",
        one.display(),
        other.display()
    );
    let (file, out) = (grid(place.path(), &text), place.path().join("out"));
    sweep(&file, &out, &[]).with(0);
    let hashes: Vec<_> =
        records(Swept::Keys, &out).into_iter().map(|one| one.data_sha256).collect();
    assert_eq!(hashes.len(), 2);
    assert_ne!(hashes[0], hashes[1]);
}

#[test]
fn what_is_no_sweep_is_refused_before_anything_runs() {
    let place = folder();
    let out = place.path().join("out");
    let refused = |text: &str, flags: &[&str], words: &[&str]| {
        sweep(&grid(place.path(), text), &out, flags).refused(words);
        assert!(!out.exists());
    };
    refused("batch = [1, 2000000]", &[], &["cell 2 of the grid (batch 2000000"]);
    refused("batch = [1, 16000]", &[], &["batch is 16000", "the number of training examples"]);
    refused("data = ['/nowhere', '/neither']", &[], &["/nowhere"]);
    refused("batch = [1, 2]", &["--heat-map", "batch,norm"], &["--heat-map batch,norm", "batch"]);
    for shard in ["0/2", "3/2", "1", "a/b"] {
        let ended = sweep(&grid(place.path(), "batch = 1"), &out, &["--shard", shard]).with(2);
        assert!(ended.stderr.contains("for example 1/4 to 4/4"), "{ended:#?}");
    }
    run(normlab().args(["sweep", "--device", "cpu"])).with(2);
    run(normlab().args(["sweep", "/nowhere.toml"])).refused(&["/nowhere.toml"]);
}
