//! A user-supplied activation that changes while a network is trained with it. Trials that need a
//! GPU are ignored, with the reason, where there is none.

use crate::support::gpu::{done, on_gpu};
use crate::support::program::{PATIENCE, evaluations, folder, normlab, run, say, summary};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::config::{Experiment, Norm};
use normlab::data::Dataset;
use normlab::error::Result;
use normlab::kernels;
use normlab::kernels::activation::Activation;
use normlab::kernels::library::Library;
use normlab::record::{Evaluation, ShaderRecord};
use normlab::report::watch;
use normlab::train::{Observer, Plan, ShaderReload, Weights, train};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// x, its lower half softened: activate(x) = log(1 + e^x).
const SOFT: &str = "\
fn activate(x: f32) -> f32 { return max(x, 0.0) + log(1.0 + exp(-abs(x))); }
fn activation_gradient(x: f32) -> f32 {
    let e = exp(-abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}
";

/// Half of it.
const HALF: &str = "\
fn activate(x: f32) -> f32 { return 0.5 * (max(x, 0.0) + log(1.0 + exp(-abs(x)))); }
fn activation_gradient(x: f32) -> f32 {
    let e = exp(-abs(x));
    return 0.5 * select(1.0, e, x < 0.0) / (1.0 + e);
}
";

/// A gradient that is off where x is above 1.
const WRONG_SLOPE: &str = include_str!("broken/activation_slope.wgsl");

/// Cut off in the middle.
const BROKEN: &str = "fn activate(";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("file::is_read_again_where_it_has_changed", done(is_read_again)),
        Trial::test("cpu::an_engine_without_shaders_is_refused", done(refuses_the_cpu)),
        on_gpu("train::takes_what_is_good_and_keeps_it_where_it_is_not", takes_what_is_good),
        on_gpu("train::the_next_network_begins_with_the_last_good_one", |_| carries_on()),
    ]
}

/// A file of an activation in a folder.
fn write(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("mine.wgsl");
    fs::write(&path, text).unwrap();
    path
}

fn is_read_again() {
    let folder = folder();
    let path = write(folder.path(), SOFT);
    let soft = Activation::read(&path).unwrap();
    assert_eq!(soft.changed().unwrap(), None);
    assert_eq!(Activation::Relu.changed().unwrap(), None);
    write(folder.path(), HALF);
    let half = soft.changed().unwrap().unwrap();
    assert_eq!(half.activate(1.5_f64), 0.5 * soft.activate(1.5_f64));
    assert_eq!((soft.or_newer(half), half.or_newer(soft)), (half, soft));
    assert_eq!(Activation::Relu.or_newer(half), Activation::Relu);
    let other = folder.path().join("other.wgsl");
    fs::rename(&path, &other).unwrap();
    assert!(soft.changed().unwrap_err().to_string().contains("mine.wgsl"));
    let other = Activation::read(&other).unwrap();
    assert_eq!(soft.or_newer(other), soft);
}

fn refuses_the_cpu() {
    let folder = folder();
    let (path, out) = (write(folder.path(), SOFT), folder.path().join("out"));
    let flags = ["--watch", "--device", "cpu", "--out", out.to_str().unwrap()];
    let ended = say(&[&["train", "--activation", path.to_str().unwrap()], &flags[..]].concat());
    let ended = ended.with(2);
    assert!(ended.stderr.contains("--watch: the CPU engine runs no shaders"), "{ended:#?}");
}

/// Saves sources after certain steps, and keeps what is reported.
struct Saver<'a> {
    folder: &'a Path,
    /// After how many steps, and the source.
    saves: Vec<(usize, &'static str)>,
    saved: bool,
    told: Vec<String>,
    taken: Vec<Activation>,
}

impl Observer for Saver<'_> {
    fn progress(&mut self, step: usize) {
        if let Some(at) = self.saves.iter().position(|(after, _)| *after <= step) {
            write(self.folder, self.saves.remove(at).1);
            self.saved = true;
        }
    }

    fn evaluation(&mut self, _: &Evaluation, _: &Weights) -> Result<()> {
        Ok(())
    }

    fn shaders_changed(&mut self) -> Option<bool> {
        Some(std::mem::take(&mut self.saved))
    }

    fn shaders_reloaded(&mut self, reload: &ShaderReload) -> Result<()> {
        self.told.push(watch::reload(reload));
        if let ShaderReload::Taken { activation, .. } = reload {
            self.taken.extend(*activation);
        }
        Ok(())
    }
}

fn takes_what_is_good(backend: &mut GpuBackend) {
    let folder = folder();
    let activation = Activation::read(&write(folder.path(), SOFT)).unwrap();
    let experiment =
        Experiment { hidden: vec![9, 5], batch: 7, steps: 40, ..Experiment::default() };
    let data = Dataset::drawn().unwrap();
    let (norm, verify) = (Norm::Batch, true);
    let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify };
    let saves = vec![(3, HALF), (10, WRONG_SLOPE), (20, BROKEN), (30, SOFT)];
    let mut saver =
        Saver { folder: folder.path(), saves, saved: false, told: Vec::new(), taken: Vec::new() };
    let record = train(backend, &plan, &mut saver).unwrap();

    let told = &saver.told;
    assert_eq!(told.len(), 4, "{told:#?}");
    for (line, words) in told.iter().zip([
        ["loaded the activation mine with batch_norm_", " of its tolerance"],
        ["FAILED: ", "mine.wgsl: activation_gradient is not the slope of activate: at x = "],
        ["FAILED: ", "mine.wgsl:1:"],
        ["loaded the activation mine with batch_norm_", " of its tolerance"],
    ]) {
        assert!(words.iter().all(|word| line.contains(word)), "{words:?}: {line}");
        assert_eq!(line.contains("the last good shaders stay"), line.contains("FAILED"), "{line}");
    }
    assert_eq!(record.parity.failures, [""; 0]);
    assert_eq!(saver.taken.len(), 2);
    assert_eq!(saver.taken[1], activation);
    let steps: Vec<_> = record.shader_changes.iter().map(|change| change.step).collect();
    assert!(told[0].starts_with(&format!("step {}: ", steps[0])), "{} {steps:?}", told[0]);
    for change in &record.shader_changes {
        let then = saver.taken[usize::from(change.step != steps[0])];
        assert_eq!(change.shader.sha256, hash(&change.shader, then), "{change:?}");
    }
    let shaders = backend.shaders();
    assert!(shaders.iter().all(|shader| shader.kernel != "activation"), "{shaders:#?}");
    for shader in with_mine(&shaders) {
        assert_eq!(shader.sha256, hash(shader, activation), "an older text stays: {shader:?}");
    }
}

/// The shaders with the user's activation.
fn with_mine(shaders: &[ShaderRecord]) -> Vec<&ShaderRecord> {
    let is_mine = |one: &&ShaderRecord| one.activation.as_deref() == Some("mine");
    let found: Vec<_> = shaders.iter().filter(is_mine).collect();
    assert!(!found.is_empty(), "{shaders:#?}");
    found
}

/// That of a shader's text with this activation.
fn hash(shader: &ShaderRecord, activation: Activation) -> String {
    let kernel = kernels::find(&shader.kernel).unwrap();
    Library::default().shader(kernel, &shader.variant, activation).unwrap().hash()
}

/// Waits until a run has recorded this.
fn until(out: &Path, recorded: impl Fn(&[Evaluation]) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !(out.join("metrics.jsonl").exists() && recorded(&evaluations(out))) {
        assert!(Instant::now() < end, "the training does not get so far");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The file is wrong when the second network begins, and when the report is made.
fn carries_on() {
    let folder = folder();
    let out = folder.path().join("out");
    let path = write(folder.path(), SOFT);
    let mut command = normlab();
    command.args(["train", "--watch", "--norm", "none,batch", "--hidden", "8", "--batch", "7"]);
    command.args(["--steps", "150", "--evaluate-every", "1", "--verify-every", "1"]);
    command.arg("--activation").arg(&path).arg("--out").arg(&out);
    let ended = thread::scope(|scope| {
        let train = scope.spawn(|| run(&mut command));
        until(&out, |evaluations| evaluations.len() > 2);
        write(folder.path(), HALF);
        until(&out, |evaluations| {
            evaluations.iter().any(|evaluation| !evaluation.shader_changes.is_empty())
        });
        write(folder.path(), BROKEN);
        train.join().unwrap()
    });
    let ended = ended.with(0);
    for line in ["mine-none: step ", "mine-batch: step 0: "] {
        let told = |said: &str| said.starts_with(line) && said.contains("FAILED");
        assert!(ended.stdout.lines().any(told), "{line}: {ended:#?}");
    }
    assert!(ended.stdout.contains("loaded the activation mine with bias_"), "{ended:#?}");
    assert!(ended.stdout.lines().last().unwrap().starts_with("report: "), "{ended:#?}");

    let summary = summary(&out);
    assert_eq!(summary.parity.failures, [""; 0]);
    assert!(!summary.runs[0].shader_changes.is_empty());
    assert!(summary.runs[1].shader_changes.is_empty());
    let half = Activation::read(&write(folder.path(), HALF)).unwrap();
    let shaders = with_mine(&summary.shaders);
    assert!(shaders.iter().any(|shader| shader.kernel == "batch_norm_forward"), "{shaders:#?}");
    for shader in shaders {
        assert_eq!(shader.sha256, hash(shader, half), "{shader:?}");
    }
}
