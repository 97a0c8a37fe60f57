//! Networks as files: their contents, that WebGPU permits their dispatches, and that a reader which knows
//! only the format gets their losses.

use crate::support::program::{normlab, run, say};
use normlab::config::{Affine, Experiment, Norm, NormPosition, Optimizer};
use normlab::data::Dataset;
use normlab::export::BROWSER;
use normlab::files::sha256;
use normlab::kernels::activation::Activation;
use normlab::kernels::contract::Access;
use normlab::kernels::selection::Selection;
use normlab::lowering::shaders::Lowering;
use normlab::model::{Model, Network};
use normlab::program::{BufferId, Program};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const NORMS: [Norm; 4] = [Norm::None, Norm::Batch, Norm::Layer, Norm::Rms];

/// Flags of small networks.
const SMALL: [&str; 8] =
    ["--hidden", "9,7", "--batch", "8", "--steps", "12", "--norm", "none,batch"];

fn export(folder: &Path, more: &[&str]) -> crate::support::program::Ended {
    run(normlab().arg("export").arg(folder).args(SMALL).args(more))
}

fn document(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("program.json")).unwrap()).unwrap()
}

/// Ranges of one buffer that a dispatch writes and that overlap, and buffers that it both reads and writes.
fn forbidden(program: &Program) -> Vec<String> {
    let mut found = Vec::new();
    for dispatch in program.passes.iter().flat_map(|pass| &pass.dispatches) {
        let operands = dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
        let bound: Vec<(bool, BufferId, usize, usize)> = operands
            .map(|(operand, &id)| {
                let spec = program.spec(id);
                (
                    operand.access != Access::Read,
                    spec.buffer,
                    spec.offset,
                    spec.offset + spec.span(),
                )
            })
            .collect();
        for (at, one) in bound.iter().enumerate() {
            for other in bound[at + 1..].iter().filter(|other| other.1 == one.1) {
                let overlap = one.2 < other.3 && other.2 < one.3;
                if one.0 != other.0 || (one.0 && overlap) {
                    found.push(dispatch.label.clone());
                }
            }
        }
    }
    found
}

#[test]
fn no_dispatch_binds_what_webgpu_forbids() {
    let data = Dataset::drawn().unwrap();
    let fusion = Lowering::new(Selection::new(BROWSER)).fusion().unwrap();
    let mut seen = HashSet::new();
    for norm in NORMS {
        for affine in [Affine::PerUnit, Affine::Shared] {
            for norm_position in [NormPosition::Before, NormPosition::After] {
                for optimizer in [Optimizer::Sgd, Optimizer::Adam] {
                    for replicas in [1, 3] {
                        let experiment = Experiment {
                            affine,
                            norm_position,
                            optimizer,
                            replicas,
                            hidden: vec![5, 4],
                            ..Experiment::default()
                        };
                        let network = Network::new(&experiment, (Activation::Relu, norm), &data);
                        let model = Model::new(network).unwrap();
                        for model in [model.clone(), model.fused(&fusion).unwrap()] {
                            let found = forbidden(&model.program);
                            assert!(found.is_empty(), "{norm:?} {replicas} replicas: {found:?}");
                            let update = &model.program.passes[model.update.0].dispatches;
                            seen.insert((format!("{norm:?}"), replicas, update.len()));
                        }
                    }
                }
            }
        }
    }
    // One dispatch updates everything where nothing prevents it.
    let two = seen.iter().filter(|(.., dispatches)| *dispatches == 2);
    let two: HashSet<_> = two.map(|(norm, replicas, _)| (norm.as_str(), *replicas)).collect();
    assert_eq!(two, HashSet::from([("Batch", 3), ("Layer", 3)]));
}

#[test]
fn an_export_has_both_files_of_each_network_and_asks_before_it_replaces_them() {
    let folder = tempfile::tempdir().unwrap();
    let ended = export(folder.path(), &[]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for network in ["sigmoid-none", "sigmoid-batch"] {
        let folder = folder.path().join(network);
        let document = document(&folder);
        let data = fs::read(folder.join("data.bin")).unwrap();
        assert_eq!(
            (&document["format"], &document["version"]),
            (&"normlab program".into(), &1.into())
        );
        assert_eq!(document["data"]["bytes"], data.len());
        assert_eq!(document["data"]["sha256"], sha256(&data));
        assert_eq!(document["references"].as_array().unwrap().len(), 3);
        let limits = &document["requires"]["limits"];
        assert!(limits["maxStorageBuffersPerShaderStage"].as_u64().unwrap() <= 8, "{limits}");
        assert_eq!(document["requires"]["features"], serde_json::json!([]));
        assert_eq!(document["requires"]["subgroup_size"], Value::Null);
    }
    let again = export(folder.path(), &[]);
    assert_eq!(again.status, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(export(folder.path(), &["--force", "--references", "0"]).status, Some(0));
    assert_eq!(document(&folder.path().join("sigmoid-none"))["references"], serde_json::json!([]));
}

#[test]
fn what_no_browser_can_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    for (flags, words) in [
        (&["--precision", "mixed"][..], "WebGPU has no cooperative matrices"),
        (&["--variant", "matmul_nn=subgroup"], "the adapter has no subgroup operations"),
        (&["--batch", "0"], "batch"),
    ] {
        let ended = say(&[&["export", &out], flags].concat());
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The output of the reader in Python for ten steps; none if there is no Python with numpy.
fn read(folder: &Path) -> Option<Vec<String>> {
    let has = Command::new("python3").args(["-c", "import numpy"]).output();
    if !has.is_ok_and(|ended| ended.status.success()) {
        eprintln!("ignored: there is no python3 with numpy");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/read_program.py");
    let ended = run(Command::new("python3").arg(script).arg(folder));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    Some(ended.stdout.lines().map(str::to_owned).collect())
}

#[test]
fn a_reader_that_knows_the_format_alone_gets_the_losses() {
    let script =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/read_program.py"));
    assert!(script.unwrap().lines().count() < 150);
    let cases = [
        &["--norm", "batch,rms", "--no-fuse"][..],
        &["--norm", "none,layer", "--replicas", "2", "--affine", "shared", "--activation", "tanh"],
        &[
            "--norm",
            "batch",
            "--optimizer",
            "adam",
            "--norm-position",
            "after",
            "--activation",
            "relu",
        ],
        &["--norm", "none", "--momentum", "0.9", "--depth", "0"],
    ];
    for flags in cases {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().display().to_string();
        let common = ["export", &out, "--hidden", "9", "--batch", "8", "--references", "10"];
        let ended = say(&[&common, flags].concat());
        assert_eq!(ended.status, Some(0), "{ended:?}");
        for network in fs::read_dir(folder.path()).unwrap() {
            let Some(lines) = read(&network.unwrap().path()) else { return };
            assert_eq!(lines.len(), 10);
            for line in lines {
                assert!(line.ends_with(", as program.json says"), "{flags:?}: {line}");
            }
        }
    }
}

#[test]
fn a_reader_tells_a_loss_that_is_not_the_references() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(export(folder.path(), &[]).status, Some(0));
    let network = folder.path().join("sigmoid-batch");
    let mut document = document(&network);
    let loss = &mut document["references"][1]["losses"][0]["value"];
    *loss = (loss.as_f64().unwrap() * 1.00001).into();
    fs::write(network.join("program.json"), document.to_string()).unwrap();
    let Some(lines) = read(&network) else { return };
    let wrong: Vec<_> = lines.iter().filter(|line| line.contains(", NOT what")).collect();
    assert!(wrong.len() == 1 && wrong[0].starts_with("step 2"), "{lines:?}");
}
