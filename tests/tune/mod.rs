//! The autotuner: what it accepts and rejects, what it keeps, and that a run's results do not reveal
//! that it was tuned. Trials that need a GPU are ignored, with the reason, where there is none.

mod search;

use crate::support::folders::with_cache;
use crate::support::gpu::{self, done, on_gpu};
use crate::support::program::{Ended, entries, folder, run, say, summary, text};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::measure::Spread;
use normlab::kernels::activation::Activation;
use normlab::kernels::bias_forward;
use normlab::kernels::contract::Sizes;
use normlab::kernels::library::Library;
use normlab::kernels::setting::{Setting, Target};
use normlab::program::Program;
use normlab::tune::Timed;
use normlab::tune::cache::{Cache, Entry};
use normlab::tune::run::{TuneMode, Tuning};
use search::{subject, variants};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("arguments::wrong_ones_are_refused", done(refuses)),
        on_gpu("modes::only_full_takes_other_bits", modes_differ),
        on_gpu("modes::full_searches_for_what_the_cache_lacks", full_searches),
        on_gpu("runs::quick_names_the_command_that_fills_the_cache", |_| names_the_command()),
        on_gpu("runs::quick_and_off_give_the_same_weights", |_| same_weights()),
        on_gpu("runs::the_user_s_choice_wins", |_| the_user_wins()),
        on_gpu("runs::a_damaged_cache_is_ignored_with_a_warning", |_| ignores_a_damaged_cache()),
        on_gpu("tune::keeps_what_it_finds", |_| keeps()),
        on_gpu("tune::a_wrong_variant_is_named", |_| names_a_wrong_variant()),
        on_gpu("tune::a_cache_that_cannot_be_written_is_told", |_| tells_what_is_not_kept()),
    ];
    trials.extend(search::trials());
    trials
}

fn refuses() {
    say(&["tune", "matmul"]).refused(&["no kernel is called matmul", "matmul_nn"]);
    say(&["tune", "sgd", "--shape", "6x7x8"]).refused(&["--shape 6x7x8", "sgd", "ROWSxCOLS"]);
    say(&["tune", "--device", "cpu"]).refused(&["--device cpu", "the CPU engine runs no shaders"]);
    say(&["tune", "--shape", "6x7", "--batch", "6"]).refused(&[
        "--shape",
        "flags",
        "one of the two",
    ]);
    say(&["train", "--tune", "some"]).with(2);
}

fn timed(setting: Setting, median: f64) -> Timed {
    Timed { setting, time: Spread { median, min: median, max: median } }
}

fn wide(cols: u32) -> Setting {
    Setting { tunables: [("COLS".to_owned(), cols)].into(), ..Setting::of("naive") }
}

/// The program of [`bias`], and a cache in which COLS=64 is faster, and COLS=8
/// faster still, with other bits.
fn known(backend: &GpuBackend, folder: &Path, rows: usize, cols: usize) -> (Program, Target) {
    let kernel = &bias_forward::KERNEL;
    let (mut cache, _) = Cache::open(Some(folder), backend.adapter());
    cache.put(Entry {
        target: subject(kernel, rows, cols).target,
        fingerprint: Library::default().fingerprint(kernel, Activation::Relu).unwrap(),
        default: timed(Setting::of("naive"), 1e-3),
        chosen: timed(wide(64), 5e-4),
        other_bits: Some(timed(wide(8), 1e-4)),
    });
    assert_eq!(cache.save(), None);
    bias(rows, cols)
}

/// A program of one `bias_forward`, and its target.
fn bias(rows: usize, cols: usize) -> (Program, Target) {
    let kernel = &bias_forward::KERNEL;
    let mut program = Program::default();
    let sizes = Sizes::new(&kernel.contract, 1, &[("rows", rows), ("cols", cols)]).unwrap();
    let operands = kernel.contract.operands.iter();
    let tensors: Vec<_> =
        operands.map(|one| (one.name, program.tensor(one.name, sizes.shape(one)))).collect();
    let dispatch = program.dispatch("bias", kernel, Activation::Relu, &tensors, &[]).unwrap();
    program.pass("forward", vec![dispatch]);
    (program, subject(kernel, rows, cols).target)
}

/// Applies the tuning of a mode to a program, and returns the targets that were searched for.
fn apply(tuning: &mut Tuning, backend: &mut GpuBackend, program: &Program) -> Vec<Target> {
    let mut searched = Vec::new();
    let mut tell = |target: &Target, _| searched.push(target.clone());
    tuning.apply(backend, program, &mut tell).unwrap();
    searched
}

fn modes_differ(backend: &mut GpuBackend) {
    let folder = folder();
    let (program, target) = known(backend, folder.path(), 60, 100);
    for (mode, expected) in
        [(TuneMode::Off, None), (TuneMode::Quick, Some(wide(64))), (TuneMode::Full, Some(wide(8)))]
    {
        backend.use_settings(Default::default());
        let mut tuning = Tuning::new(mode, backend.adapter(), Some(folder.path()));
        assert_eq!(apply(&mut tuning, backend, &program), [], "{mode:?}");
        assert_eq!(backend.selection().settings().get(&target), expected.as_ref(), "{mode:?}");
        let lines = tuning.finish("a command");
        assert_eq!(lines.len(), usize::from(mode != TuneMode::Off));
        assert!(!lines.iter().any(|line| line.contains("a command")), "{lines:?}");
    }
}

fn full_searches(backend: &mut GpuBackend) {
    let folder = folder();
    let (_, known) = known(backend, folder.path(), 60, 100);
    let (program, missing) = bias(60, 20);
    let tuning =
        |mode, backend: &GpuBackend| Tuning::new(mode, backend.adapter(), Some(folder.path()));
    let mut quick = tuning(TuneMode::Quick, backend);
    assert_eq!(apply(&mut quick, backend, &program), []);
    let line = quick.finish("a command").remove(0);
    assert!(line.contains("none of the 1 ") && line.ends_with(": a command"), "{line}");
    let mut full = tuning(TuneMode::Full, backend);
    let searched = apply(&mut full, backend, &program);
    assert_eq!(searched, std::slice::from_ref(&missing));
    // None of the trials is a shader of the run's.
    assert_eq!(backend.shaders(), []);
    assert!(full.finish("a command")[0].contains("of 1 tuned"));
    let (cache, _) = Cache::open(Some(folder.path()), backend.adapter());
    let hash = Library::default().fingerprint(&bias_forward::KERNEL, Activation::Relu).unwrap();
    assert!([known, missing].iter().all(|target| cache.get(target, &hash).is_some()));
}

fn kept(folder: &Path) -> PathBuf {
    folder.join("normlab").join("tuning")
}

/// A short training with one `bias_forward` of 60 by 20 under ReLU.
fn trained(cache: &Path, out: &Path, more: &[&str]) -> Ended {
    let small = ["train", "--activation", "relu", "--norm", "none", "--hidden", "20", "--no-fuse"];
    let steps = ["--steps", "120", "--probes", "0", "--out"];
    run(with_cache(cache).args(small).args(steps).arg(out).args(more))
}

fn prefilled() -> TempDir {
    let folder = folder();
    let gpu::Gpu::Open(backend) = gpu::open().unwrap() else { panic!("there was an adapter") };
    known(&backend, &kept(folder.path()), 60, 20);
    folder
}

fn cols(out: &Path) -> Vec<u32> {
    let shaders = summary(out).shaders.into_iter();
    let biases = shaders.filter(|one| one.kernel == "bias_forward");
    let mut cols: Vec<_> = biases
        .filter(|one| one.activation.as_deref() == Some("relu"))
        .map(|one| one.tunables["COLS"])
        .collect();
    cols.sort_unstable();
    cols
}

fn same_weights() {
    let (cache, out) = (prefilled(), folder());
    let mut weights = Vec::new();
    // The evaluation's batch is of another class.
    for (mode, expected) in [("off", vec![16]), ("quick", vec![16, 64])] {
        let out = out.path().join(mode);
        let ended = trained(cache.path(), &out, &["--tune", mode]).with(0);
        assert_eq!(ended.stdout.contains("tuning: "), mode == "quick", "{ended:#?}");
        assert_eq!(cols(&out), expected, "{mode}");
        weights.push(fs::read(out.join("weights.safetensors")).unwrap());
    }
    assert!(weights[0] == weights[1], "the weights differ");
}

/// A run names the command that fills the cache for it, and then uses what that has tuned.
fn names_the_command() {
    let (cache, out) = (folder(), folder());
    let ended = trained(cache.path(), &out.path().join("first"), &[]).with(0);
    let command = ended.stdout.lines().find_map(|line| line.split_once(": normlab "));
    let (before, command) = command.unwrap();
    assert!(before.starts_with("tuning: none of the "), "{ended:#?}");
    assert_eq!(command, "tune --activation relu --norm none --hidden 20 --probes 0");
    assert!(!kept(cache.path()).exists());
    // All of them would take long.
    run(with_cache(cache.path()).args(command.split(' ')).arg("bias_forward")).with(0);
    let ended = trained(cache.path(), &out.path().join("second"), &[]).with(0);
    let line = ended.stdout.lines().find(|line| line.starts_with("tuning: ")).unwrap();
    assert!(
        line.contains(" tuned kernel shapes") && line.contains(" more: normlab tune"),
        "{line}"
    );
}

fn the_user_wins() {
    let (cache, out) = (prefilled(), folder());
    let out = out.path().join("out");
    trained(cache.path(), &out, &["--tunable", "bias_forward.COLS=32"]).with(0);
    assert_eq!(cols(&out), [32]);
}

fn ignores_a_damaged_cache() {
    let (cache, out) = (prefilled(), folder());
    let name = entries(&kept(cache.path())).remove(0);
    let file = kept(cache.path()).join(name);
    fs::write(&file, "damaged").unwrap();
    let warnings = |ended: &Ended| ended.stdout.matches("warning: the tuning cache").count();
    let ended = trained(cache.path(), &out.path().join("off"), &["--tune", "off"]).with(0);
    assert_eq!((warnings(&ended), fs::read(&file).unwrap()), (0, b"damaged".to_vec()));
    let out = out.path().join("quick");
    let ended = trained(cache.path(), &out, &[]).with(0);
    assert_eq!(warnings(&ended), 1, "{ended:#?}");
    assert!(!cols(&out).contains(&8), "{ended:#?}");
}

const ONE: [&str; 4] = ["tune", "bias_backward", "--shape", "60x100"];

fn keeps() {
    let cache = folder();
    let ended = run(with_cache(cache.path()).args(ONE).arg("--dry-run")).with(0);
    assert!(ended.stdout.contains("the cache is unchanged"), "{ended:#?}");
    assert!(!kept(cache.path()).exists());
    let ended = run(with_cache(cache.path()).args(ONE).arg("--json")).with(0);
    let found: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let tuned = &found["tuned"][0];
    assert_eq!(tuned["target"]["kernel"], "bias_backward", "{found:#}");
    assert_eq!(tuned["target"]["class"], "rows64 cols128", "{found:#}");
    assert!(tuned["default"]["time"]["median_s"].as_f64().unwrap() > 0.0, "{found:#}");
    assert!(tuned["candidates"]["tried"].as_u64().unwrap() >= 4, "{found:#}");
    let names = entries(&kept(cache.path()));
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(text(&kept(cache.path()), &names[0]).contains("rows64 cols128"));
}

fn names_a_wrong_variant() {
    let (cache, variants) = (folder(), variants());
    let ended = run(with_cache(cache.path()).args(ONE).arg("--shaders").arg(variants.path()));
    let ended = ended.with(1);
    for word in ["WRONG: bias_backward (wrong)", "the cache is unchanged", "other "] {
        assert!(ended.stdout.contains(word), "{word}: {ended:#?}");
    }
    assert!(!kept(cache.path()).exists());
}

fn tells_what_is_not_kept() {
    let folder = folder();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    let ended = run(with_cache(&file).args(ONE)).with(0);
    let warned = ended.stdout.matches("warning: cannot write").count();
    assert_eq!(warned, 1, "{ended:#?}");
}
