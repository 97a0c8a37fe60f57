//! The autotuner: what it takes and what it leaves, what it keeps, and that nobody can see in a run's
//! results that it was tuned. Trials that need a GPU are ignored, with the reason, where there is none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by failing"
)]

#[path = "support/gpu.rs"]
mod gpu;
#[allow(dead_code, reason = "the helpers serve other tests of the program too")]
#[path = "support/program.rs"]
mod program;

use gpu::{done, on_gpu};
use libtest_mimic::{Arguments, Trial};
use normlab::backend::gpu::GpuBackend;
use normlab::backend::measure::Spread;
use normlab::backend::{Backend, Session};
use normlab::config::{Experiment, Norm};
use normlab::data::Dataset;
use normlab::error::Result;
use normlab::kernels::activation::Activation;
use normlab::kernels::contract::{Contract, Sizes};
use normlab::kernels::library::Library;
use normlab::kernels::setting::{Setting, Target};
use normlab::kernels::{bias_backward, bias_forward};
use normlab::program::{PassId, Program};
use normlab::record::Moment;
use normlab::train::{self, Observer, Plan, Weights};
use normlab::tune::cache::{Cache, Entry};
use normlab::tune::run::{MOST, Mode, SHARE, Tuning};
use normlab::tune::search::{Search, Step, Subject};
use normlab::tune::{Timed, Tuned};
use program::{Ended, entries, folder, put, run, say, summary, text, with_cache};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn main() {
    let trials = vec![
        Trial::test("arguments::wrong_ones_are_refused", done(refuses)),
        on_gpu("search::a_wrong_variant_is_named_and_never_taken", |backend| {
            let tuned = search(backend, &variants(), true);
            let named = |setting: &Setting| setting.variant == "wrong";
            assert!(tuned.candidates.wrong.iter().any(|(setting, _)| named(setting)), "{tuned:?}");
            assert!(!named(&tuned.chosen.setting), "{tuned:?}");
            assert!(!tuned.other_bits.is_some_and(|other| named(&other.setting)));
        }),
        on_gpu("search::other_bits_are_offered_apart", |backend| {
            let tuned = search(backend, &variants(), true);
            assert_eq!(tuned.chosen.setting.variant, "naive", "{tuned:?}");
            let other = tuned.other_bits.as_ref().unwrap();
            assert_eq!(other.setting.variant, "other", "{tuned:?}");
            assert!(tuned.gain(other) > 1.05, "{tuned:?}");
        }),
        on_gpu("search::quick_never_takes_other_bits", |backend| {
            let tuned = search(backend, &orders(), false);
            assert_eq!(tuned.chosen.setting, Setting::of("naive"), "{tuned:?}");
            assert!(tuned.other_bits.is_none() && tuned.candidates.other_bits > 0, "{tuned:?}");
            // It is there to be taken.
            let thorough = search(backend, &orders(), true);
            let other = thorough.other_bits.as_ref().unwrap();
            assert_eq!(other.setting.tunables.get("BACKWARDS"), Some(&1), "{thorough:?}");
        }),
        on_gpu("search::quick_leaves_other_variants_out_on_software", |backend| {
            let tuned = search(backend, &variants(), false);
            let tried = !tuned.candidates.wrong.is_empty() && tuned.candidates.other_bits > 0;
            assert_eq!(tried, backend.offers().hardware, "{tuned:?}");
        }),
        on_gpu("search::a_wrong_default_is_told", tells_a_wrong_default),
        on_gpu("search::an_earlier_one_is_resumed", resumes),
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
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn refuses() {
    say(&["tune", "matmul"]).refused(&["no kernel is called matmul", "matmul_nn"]);
    say(&["tune", "sgd", "--shape", "6x7x8"]).refused(&["--shape 6x7x8", "sgd", "ROWSxCOLS"]);
    say(&["tune", "--device", "cpu"]).refused(&["--device cpu", "the CPU engine runs no shaders"]);
    say(&["train", "--tune", "some"]).with(2);
}

/// `bias_backward` in a folder: all of its shipped names slow.
fn slow() -> TempDir {
    let folder = folder();
    for source in bias_backward::CONTRACT.shaders {
        let file = format!("bias_backward/{}.wgsl", source.variant);
        put(folder.path(), &file, &replaced(&[(BEGIN, &wasteful("true"))]));
    }
    folder
}

/// The same with faster ones that are wrong or add in another order.
fn variants() -> TempDir {
    let folder = slow();
    let untuned = |text: String| text.replace("// tune:", "// not for tuning:");
    put(folder.path(), "bias_backward/other.wgsl", &untuned(replaced(&[(ROW, BACKWARDS)])));
    put(
        folder.path(),
        "bias_backward/wrong.wgsl",
        &untuned(replaced(&[("row < params.rows;", "row < params.rows / 2u;")])),
    );
    folder
}

/// The same, `naive` with a tunable that changes the order and makes it fast.
fn orders() -> TempDir {
    let row = format!("select({ROW}, {BACKWARDS}, BACKWARDS == 1u)");
    let text = replaced(&[(BEGIN, &wasteful("BACKWARDS == 0u")), (ROW, &row)]);
    let folder = slow();
    put(
        folder.path(),
        "bias_backward/naive.wgsl",
        &format!("const BACKWARDS: u32 = 0u; // tune: 0 1\n{text}"),
    );
    folder
}

const BEGIN: &str = "var sum = 0.0;";
const ROW: &str = "(id.z * params.rows + row)";
const BACKWARDS: &str = "(id.z * params.rows + params.rows - 1u - row)";

/// The sum's beginning with much to do for nothing under a condition.
fn wasteful(condition: &str) -> String {
    format!(
        "var waste = bitcast<u32>(d_y[col]);
        for (var i = 0u; i < 30000u && {condition}; i++) {{ waste = waste * 1664525u + i; }}
        var sum = select(0.0, 1.0, waste == 12345u && params.rows == 0u);"
    )
}

/// The shipped `bias_backward` with some of its parts replaced.
fn replaced(parts: &[(&str, &str)]) -> String {
    parts.iter().fold(bias_backward::CONTRACT.shaders[0].text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the shader has another form now");
        text.replace(from, to)
    })
}

fn subject(contract: &'static Contract, rows: usize, cols: usize) -> Subject {
    let sizes = Sizes::new(contract, 1, &[("rows", rows), ("cols", cols)]).unwrap();
    Subject::new(contract, Activation::Relu, &sizes)
}

/// Searches from `naive` on, whatever the adapter has by default.
fn search(backend: &mut GpuBackend, folder: &TempDir, thorough: bool) -> Tuned {
    let mut library = Library::over(folder.path()).unwrap();
    library.choose("bias_backward=naive").unwrap();
    backend.use_library(library);
    let subject = subject(&bias_backward::CONTRACT, 60, 100);
    let mut search = Search::new(backend, subject, thorough).unwrap();
    let tuned = end(&mut search);
    // The trials are not what the backend's programs use.
    assert_eq!(backend.shaders(), []);
    tuned
}

fn end(search: &mut Search) -> Tuned {
    loop {
        match search.step().unwrap() {
            Step::More => {}
            Step::Done(tuned) => return *tuned,
            Step::DefaultWrong(complaints) => panic!("{complaints:?}"),
        }
    }
}

fn tells_a_wrong_default(backend: &mut GpuBackend) {
    let folder = variants();
    let mut library = Library::over(folder.path()).unwrap();
    library.choose("bias_backward=wrong").unwrap();
    backend.use_library(library);
    let subject = subject(&bias_backward::CONTRACT, 60, 100);
    let mut search = Search::new(backend, subject, false).unwrap();
    let Step::DefaultWrong(complaints) = search.step().unwrap() else { panic!("it was taken") };
    assert!(complaints.iter().any(|one| one.contains("tensor d_bias")), "{complaints:?}");
}

/// One that has stopped after two candidates does not try them again.
fn resumes(backend: &mut GpuBackend) {
    let subject = subject(&bias_forward::CONTRACT, 60, 100);
    let mut first = Search::new(backend, subject.clone(), false).unwrap();
    assert!(first.unfinished().is_none());
    // The default's exam, then an exam and a measurement for each.
    (0..5).for_each(|_| drop(first.step().unwrap()));
    let earlier = first.unfinished().unwrap();
    assert_eq!(earlier.tried.len(), 3, "{earlier:?}");
    let all = end(&mut Search::new(backend, subject.clone(), false).unwrap()).candidates.tried;
    let mut second = Search::new(backend, subject, false).unwrap().resumed(&earlier);
    assert!(end(&mut second).candidates.tried + 2 <= all + 1);
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
    let contract = &bias_forward::CONTRACT;
    let subject = subject(contract, rows, cols);
    let (mut cache, _) = Cache::open(Some(folder), backend.adapter());
    cache.put(Entry {
        target: subject.target.clone(),
        fingerprint: Library::default().fingerprint(contract, Activation::Relu).unwrap(),
        default: timed(Setting::of("naive"), 1e-3),
        chosen: timed(wide(64), 5e-4),
        other_bits: Some(timed(wide(8), 1e-4)),
        thorough: true,
    });
    assert_eq!(cache.save(), None);
    let mut program = Program::default();
    let sizes = Sizes::new(contract, 1, &[("rows", rows), ("cols", cols)]).unwrap();
    let operands = contract.operands.iter();
    let tensors: Vec<_> =
        operands.map(|one| (one.name, program.tensor(one.name, sizes.shape(one)))).collect();
    let dispatch = program.dispatch("bias", contract, Activation::Relu, &tensors, &[]).unwrap();
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
        assert_eq!(backend.settings().get(&target), expected.as_ref(), "{mode:?}");
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
        backend.refit(program, session)
    }
}

fn swaps_unseen(backend: &mut GpuBackend) {
    // With fusion there is no bias_forward.
    backend.use_library(Library::default().unfused());
    let data = Dataset::load(None, None, false).unwrap();
    let experiment =
        Experiment { hidden: vec![20, 20], steps: 150, probes: 0, ..Experiment::default() };
    let plan = plan(&experiment, &data, Norm::None);
    let target = subject(&bias_forward::CONTRACT, experiment.batch, 20).target;
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
