//! The autotuner: what it takes and what it leaves, what it keeps, and that nobody can see in a run's
//! results that it was tuned. Trials that need a GPU are ignored, with the reason, where there is none.

mod search;

use crate::support::folders::with_cache;
use crate::support::gpu::{self, done, on_gpu};
use crate::support::program::{Ended, entries, folder, run, say, summary, text};
use crate::support::trial::Trial;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::measure::Spread;
use normlab::backend::{Backend, Session};
use normlab::config::{Experiment, Norm};
use normlab::data::Dataset;
use normlab::error::Result;
use normlab::kernels::activation::Activation;
use normlab::kernels::bias_forward;
use normlab::kernels::contract::Sizes;
use normlab::kernels::library::Library;
use normlab::kernels::setting::{Setting, Target};
use normlab::program::{PassId, Program};
use normlab::record::Moment;
use normlab::train::{self, Observer, Plan, Weights};
use normlab::tune::Timed;
use normlab::tune::cache::{Cache, Entry};
use normlab::tune::run::{MOST, Mode, SHARE, Tuning};
use search::{subject, variants};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("arguments::wrong_ones_are_refused", done(refuses)),
        on_gpu("modes::only_full_takes_other_bits", modes_differ),
        on_gpu("modes::the_budget_is_held", holds_the_budget),
        on_gpu("runs::a_swap_cannot_be_seen_in_the_weights", swaps_unseen),
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
    say(&["train", "--tune", "some"]).with(2);
}

fn timed(setting: Setting, median: f64) -> Timed {
    Timed { setting, time: Spread { median, min: median, max: median } }
}

fn wide(cols: u32) -> Setting {
    Setting { tunables: [("COLS".to_owned(), cols)].into(), ..Setting::of("naive") }
}

/// A program of one `bias_forward`, its target, and a cache that knows: COLS=64 is faster, and COLS=8
/// faster still, with other bits.
fn known(backend: &GpuBackend, folder: &Path, rows: usize, cols: usize) -> (Program, Target) {
    let kernel = &bias_forward::KERNEL;
    let subject = subject(kernel, rows, cols);
    let (mut cache, _) = Cache::open(Some(folder), backend.adapter());
    cache.put(Entry {
        target: subject.target.clone(),
        fingerprint: Library::default().fingerprint(kernel, Activation::Relu).unwrap(),
        default: timed(Setting::of("naive"), 1e-3),
        chosen: timed(wide(64), 5e-4),
        other_bits: Some(timed(wide(8), 1e-4)),
        thorough: true,
    });
    assert_eq!(cache.save(), None);
    let mut program = Program::default();
    let sizes = Sizes::new(&kernel.contract, 1, &[("rows", rows), ("cols", cols)]).unwrap();
    let operands = kernel.contract.operands.iter();
    let tensors: Vec<_> =
        operands.map(|one| (one.name, program.tensor(one.name, sizes.shape(one)))).collect();
    let dispatch = program.dispatch("bias", kernel, Activation::Relu, &tensors, &[]).unwrap();
    program.pass("forward", vec![dispatch]);
    (program, subject.target)
}

fn modes_differ(backend: &mut GpuBackend) {
    let folder = folder();
    let (program, target) = known(backend, folder.path(), 60, 100);
    for (mode, expected) in
        [(Mode::Off, None), (Mode::Quick, Some(wide(64))), (Mode::Full, Some(wide(8)))]
    {
        backend.use_settings(Default::default());
        let mut tuning = Tuning::new(mode, backend.adapter(), Some(folder.path()));
        let mut tell = |_: &Target, _| panic!("nothing is left to search for");
        tuning.begin(backend, (&program, &[PassId(0)]), &mut tell).unwrap();
        assert_eq!(backend.selection().settings().get(&target), expected.as_ref(), "{mode:?}");
        assert_eq!(tuning.finish().len(), usize::from(mode != Mode::Off));
    }
}

fn holds_the_budget(backend: &mut GpuBackend) {
    let data = Dataset::load(None, None, false).unwrap();
    let experiment = Experiment { hidden: vec![100; 3], ..Experiment::default() };
    let plan = plan(&experiment, &data, Norm::Layer);
    let model = plan.model(backend).unwrap();
    let start = Instant::now();
    let mut tuning = Tuning::new(Mode::Quick, backend.adapter(), None);
    let steps = model.step_passes();
    tuning.begin(backend, (&model.program, &steps), &mut |_, _| {}).unwrap();
    tuning.go_on(backend).unwrap();
    let mut most = Duration::ZERO;
    while start.elapsed() < Duration::from_secs(4) {
        tuning.go_on(backend).unwrap();
        let [spent, longest] = tuning.spent();
        // What a step costs is known only when it has ended.
        assert!(spent <= MOST.min(start.elapsed().mul_f64(SHARE)) + longest, "{spent:?}");
        most = most.max(spent);
        sleep(Duration::from_millis(20));
    }
    assert!(most > Duration::ZERO);
}

fn plan<'a>(experiment: &'a Experiment, data: &'a Dataset, norm: Norm) -> Plan<'a> {
    Plan { experiment, activation: Activation::Relu, norm, data, verify: true }
}

/// Keeps the last weights; at its third call it gives `bias_forward` another setting.
struct Swapper {
    target: Option<Target>,
    calls: usize,
    weights: Option<Weights>,
}

impl Observer for Swapper {
    fn progress(&mut self, _: usize) {}

    fn moment(&mut self, _: &Moment, weights: &Weights) -> Result<()> {
        self.weights = Some(weights.clone());
        Ok(())
    }

    fn between(
        &mut self,
        backend: &mut dyn Backend,
        program: &Program,
        session: &mut dyn Session,
    ) -> Result<()> {
        self.calls += 1;
        let Some(target) = self.target.take_if(|_| self.calls == 3) else { return Ok(()) };
        let backend = backend.gpu().unwrap();
        backend.use_settings([(target, wide(64))].into());
        session.swap_pipelines(backend.lower(program)?)
    }
}

fn swaps_unseen(backend: &mut GpuBackend) {
    // With fusion there is no bias_forward.
    backend.use_library(Library::default().unfused());
    let data = Dataset::load(None, None, false).unwrap();
    let experiment =
        Experiment { hidden: vec![20, 20], steps: 150, probes: 0, ..Experiment::default() };
    let plan = plan(&experiment, &data, Norm::None);
    let target = subject(&bias_forward::KERNEL, experiment.batch, 20).target;
    let mut weights = Vec::new();
    for target in [None, Some(target)] {
        backend.use_settings(Default::default());
        let mut swapper = Swapper { target, calls: 0, weights: None };
        let record = train::train(backend, &plan, &mut swapper).unwrap();
        assert!(record.parity.failures.is_empty() && swapper.target.is_none(), "{record:?}");
        weights.push(swapper.weights.unwrap());
    }
    let shaders = backend.shaders();
    assert!(shaders.iter().any(|one| one.tunables.get("COLS") == Some(&64)), "{shaders:?}");
    let bits = |weights: &Weights| -> Vec<u32> {
        weights.iter().flat_map(|(_, one)| one.data.iter().map(|x| x.to_bits())).collect()
    };
    assert_eq!(bits(&weights[0]), bits(&weights[1]));
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
    assert!(ended.stdout.contains("the cache is left as it was"), "{ended:#?}");
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
    for word in ["WRONG: bias_backward (wrong)", "the cache is left as it was", "other "] {
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
