//! The program on shaders that change: `watch` and `train --watch`. Trials that need a GPU are ignored,
//! with the reason, where there is none.

use crate::support::folders::put;
use crate::support::gpu::{done, on_gpu};
use crate::support::program::{
    PATIENCE, evaluations, folder, normlab, normlab_without_adapter, run, say, summary,
};
use crate::support::trial::Trial;
use normlab::kernels::{batch_norm_forward, bias_forward};
use normlab::record::Evaluation;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const ENDLESS: &str = include_str!("broken/endless_loop.wgsl");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("arguments::wrong_ones_are_refused", done(refuses)),
        on_gpu("watch::every_save_is_judged", |_| judges_every_save()),
        on_gpu("watch::a_file_may_vanish_and_others_come", |_| follows_files()),
        on_gpu("watch::a_crash_of_the_driver_is_survived", |_| survives_a_crash()),
        on_gpu("watch::a_newer_save_ends_the_judgement", |_| judges_the_newest()),
        on_gpu("train::takes_shaders_and_tells_of_it", |_| takes_shaders()),
        on_gpu("train::a_wrong_shader_is_out_of_tolerance", |_| tells_of_a_wrong_shader()),
        on_gpu("train::a_text_that_nests_too_deep_is_refused", |_| refuses_depth()),
        on_gpu("train::an_endless_shader_leaves_a_report", |_| reports_before_an_endless_shader()),
    ]
}

fn bias() -> &'static str {
    bias_forward::KERNEL.shaders[0].text
}

/// The shader with one of its lines changed.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} must stand in the shader once");
    text.replace(from, to)
}

fn wrong() -> String {
    changed(bias(), "x[at] + bias", "x[at] - bias")
}

/// The shader with a workgroup that no adapter of today allows.
fn large(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("@compute")).unwrap();
    changed(text, line, "@compute @workgroup_size(2048)")
}

/// A program that runs, with the lines that it prints. Dropped, it is killed.
struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            out.lines().map_while(Result::ok).for_each(|line| sender.send(line).unwrap_or(()));
        });
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for the next line that has all of `words`.
    #[track_caller]
    fn line(&mut self, words: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {words:?} came after {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
    }

    /// Waits for the process that it starts; none on a system that does not list child processes.
    fn child_of_its_own(&self) -> Option<String> {
        let id = self.child.id();
        let list = format!("/proc/{id}/task/{id}/children");
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let children = fs::read_to_string(&list).ok()?;
            if let Some(child) = children.split_whitespace().next() {
                return Some(child.to_owned());
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it starts no process");
    }

    /// Waits for its end; returns the status.
    #[track_caller]
    fn end(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end; it said {:#?}", self.seen);
    }

    /// Presses Ctrl-C; it must end cleanly, with a last message.
    #[track_caller]
    fn interrupt(mut self, last: &[&str]) {
        if cfg!(unix) {
            let id = self.child.id().to_string();
            assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
            self.line(last);
            assert_eq!(self.end(), Some(0), "{:#?}", self.seen);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `normlab watch bias_forward` on a folder.
fn watch(folder: &Path) -> Running {
    let mut command = normlab();
    command.args(["watch", "bias_forward", "--time-cap", "1.5", "--shape", "3x4", "--shaders"]);
    Running::start(command.arg(folder))
}

/// `normlab watch bias_forward` on a file, with a time cap beyond the tests' patience.
fn watch_file(file: &Path) -> Running {
    let mut command = normlab();
    command.args(["watch", "bias_forward", "--time-cap", "150", "--shape", "3x4", "--variant"]);
    Running::start(command.arg(format!("bias_forward={}", file.display())))
}

fn refuses() {
    let empty = folder();
    let nothing = run(normlab().args(["watch", "sgd"]).current_dir(empty.path()));
    nothing.refused(&["no shader of sgd to watch", "shaders export DIR", "sgd=PATH.wgsl"]);
    say(&["watch", "sdg"]).refused(&["no kernel is called sdg"]);
    say(&["watch", "sgd", "--variant", "sgd=/no/such.wgsl"]).refused(&["cannot read /no/such"]);
    say(&["watch", "sgd", "--shape", "1x2x3"]).refused(&["--shape 1x2x3", "ROWSxCOLS"]);
    put(empty.path(), "sgd/naive.wgsl", "");
    let over = ["--shaders", empty.path().to_str().unwrap()];
    let cpu = [&["watch", "sgd", "--device", "cpu"], &over[..]].concat();
    say(&cpu).refused(&["the CPU engine runs no shaders"]);
    let none = run(normlab_without_adapter().args(["watch", "sgd"]).args(over)).with(1);
    assert!(none.stderr.contains("no adapter to judge"), "{none:#?}");

    say(&["train", "--watch"]).refused(&["--watch: there are no files", "--shaders DIR"]);
    say(&["lesson", "--watch", "--variant", "sgd=naive"]).refused(&["--watch: there are no files"]);
    let out = empty.path().join("out");
    let cpu = [&["train", "--watch", "--device", "cpu", "--out", out.to_str().unwrap()], &over[..]];
    let ended = say(&cpu.concat()).with(2);
    assert!(ended.stderr.contains("--watch: the CPU engine runs no shaders"), "{ended:#?}");
    assert!(!out.exists());
}

fn judges_every_save() {
    let folder = folder();
    let file = put(folder.path(), "bias_forward/mine.wgsl", bias());
    let mut watch = watch(folder.path());
    let good = ["bias_forward (mine)  good, error 0.", " of its tolerance", "µs", "GB/s"];
    let baseline = watch.line(&good);
    assert!(!baseline.contains("the last good version"), "{baseline}");

    fs::write(&file, wrong()).unwrap();
    watch.line(&["WRONG", "tensor z", "at [0, 0, 0]", "expected", "the last good version stays"]);

    fs::write(&file, changed(bias(), "let sum = x[at] +", "let sum = x[at]] +")).unwrap();
    watch.line(&["FAILED: expected `;`, found \"]\""]);
    watch.line(&["mine.wgsl:30:20"]);
    watch.line(&["let sum = x[at]]"]);
    watch.line(&["^ expected `;`"]);
    watch.line(&["the last good version stays in use: ", "µs"]);

    fs::write(&file, ENDLESS).unwrap();
    watch.line(&["FAILED", "did not finish within 1.5 s", "a loop that never ends"]);
    watch.line(&["the last good version stays in use: "]);

    let new = folder.path().join("bias_forward/new.tmp");
    fs::write(&new, bias()).unwrap();
    fs::rename(&new, &file).unwrap();
    let line = watch.line(&good);
    assert!(line.ends_with("the last good version"), "{line}");
    watch.interrupt(&["bias_forward: the last good mine takes", "µs"]);
}

fn follows_files() {
    let folder = folder();
    let file = put(folder.path(), "bias_forward/mine.wgsl", bias());
    let mut watch = watch(folder.path());
    watch.line(&["(mine)  good"]);
    fs::remove_file(&file).unwrap();
    watch.line(&["(mine)  its file is gone"]);
    fs::write(&file, format!("{}\n// back", bias())).unwrap();
    watch.line(&["(mine)  good", "the last good version"]);
    put(folder.path(), "bias_forward/other.wgsl", &wrong());
    watch.line(&["(other)  WRONG", "there is no good version yet"]);
    // Everything that a kernel is made of counts: here all its shaders are judged again, since they use the
    // activation.
    let relu = normlab::kernels::activation::Activation::Relu.shader();
    put(folder.path(), "activations/relu.wgsl", &format!("{relu}\n// mine"));
    watch.line(&["(mine)  good"]);
    watch.line(&["(other)  WRONG"]);
    watch.interrupt(&["the last good mine takes", "no version of other was good"]);
}

/// A signal ends the judging process as an assertion in the driver would.
fn survives_a_crash() {
    let folder = folder();
    let file = put(folder.path(), "any.wgsl", ENDLESS);
    let mut watch = watch_file(&file);
    watch.line(&["device: "]);
    let Some(child) = watch.child_of_its_own() else { return };
    assert!(Command::new("kill").args(["-ABRT", &child]).status().unwrap().success());
    watch.line(&["FAILED: the judging process crashed", "probably in the driver"]);
    watch.line(&["there is no good version yet"]);
    fs::write(&file, bias()).unwrap();
    watch.line(&["any.wgsl)  good"]);
    watch.interrupt(&["any.wgsl takes"]);
}

/// Judging stops when the file is saved again, also for a single file.
fn judges_the_newest() {
    let folder = folder();
    let file = put(folder.path(), "any.wgsl", ENDLESS);
    let mut watch = watch_file(&file);
    watch.line(&["device: "]);
    fs::write(&file, bias()).unwrap();
    let line = watch.line(&["any.wgsl)  good"]);
    assert_eq!(watch.seen.len(), 2, "{line} is not the first verdict: {:#?}", watch.seen);
    watch.interrupt(&["any.wgsl takes"]);
}

/// A small training that takes its time, since every step is compared and evaluated.
fn training(out: &Path) -> Command {
    let mut command = normlab();
    command.args(["train", "--norm", "batch", "--hidden", "8", "--batch", "7", "--steps", "200"]);
    command.args(["--evaluate-every", "1", "--verify-every", "1", "--out"]).arg(out);
    command
}

/// Waits until a run has recorded an evaluation.
fn begun(out: &Path) {
    let end = Instant::now() + PATIENCE;
    let metrics = || fs::read_to_string(out.join("metrics.jsonl")).unwrap_or_default();
    while metrics().lines().count() < 2 {
        assert!(Instant::now() < end, "the training does not begin");
        thread::sleep(Duration::from_millis(5));
    }
}

fn takes_shaders() {
    let folder = folder();
    let (plain, watched) = (folder.path().join("plain"), folder.path().join("watched"));
    let over = folder.path().join("shaders");
    let shipped = batch_norm_forward::KERNEL.shaders.last().unwrap();
    let file = put(&over, "batch_norm_forward/mine.wgsl", shipped.text);
    let choice = ["--variant", "batch_norm_forward=mine", "--shaders"];
    run(training(&plain).args(choice).arg(&over)).with(0);

    let mut train = Running::start(training(&watched).args(choice).arg(&over).arg("--watch"));
    begun(&watched);
    fs::write(&file, shipped.text.replace("fn main", "fn start")).unwrap();
    train.line(&["sigmoid-batch: step ", "FAILED", "mine.wgsl", "no compute entry point"]);
    train.line(&["the last good shaders stay"]);
    // A shader that is refused only on loading changes nothing either.
    fs::write(&file, large(shipped.text)).unwrap();
    train.line(&["FAILED", "mine.wgsl: its workgroup has 2048 invocations"]);
    // The same source again is no change; another source for the same numbers is.
    fs::write(&file, shipped.text).unwrap();
    fs::write(&file, format!("{}\n// the same", shipped.text)).unwrap();
    let line = train.line(&["loaded batch_norm_forward (mine), 0.", " of its tolerance"]);
    assert_eq!(train.end(), Some(0), "{:#?}", train.seen);

    let weights = |out: &Path| fs::read(out.join("weights.safetensors")).unwrap();
    assert!(weights(&plain) == weights(&watched), "the swap has changed the weights");
    let marked: Vec<Evaluation> = evaluations(&watched);
    let marked: Vec<_> = marked.iter().filter(|one| !one.shader_changes.is_empty()).collect();
    let [evaluation] = marked[..] else { panic!("{} evaluations are marked", marked.len()) };
    let [change] = &evaluation.shader_changes[..] else {
        panic!("{:?}", evaluation.shader_changes)
    };
    assert_eq!((change.step, evaluation.step), (evaluation.step, change.step));
    assert!(line.contains(&format!("step {}: ", change.step)), "{line}: {change:?}");
    let shader = &change.shader;
    assert_eq!((&*shader.kernel, &*shader.variant), ("batch_norm_forward", "mine"));
    assert_eq!(shader.activation.as_deref(), Some("sigmoid"));
    let summary = summary(&watched);
    assert_eq!(summary.runs[0].shader_changes, evaluation.shader_changes);
    assert!(summary.shaders.contains(shader), "{:?}", summary.shaders);
}

fn tells_of_a_wrong_shader() {
    let folder = folder();
    let (out, over) = (folder.path().join("out"), folder.path().join("shaders"));
    let file = put(&over, "bias_forward/naive.wgsl", bias());
    let mut train = Running::start(training(&out).arg("--shaders").arg(&over).arg("--watch"));
    begun(&out);
    fs::write(&file, wrong()).unwrap();
    train.line(&["loaded bias_forward (naive), OUT OF TOLERANCE: ", "tensor z", "expected"]);
    fs::write(&file, bias()).unwrap();
    train.line(&["loaded bias_forward (naive), 0.", " of its tolerance"]);
    assert_eq!(train.end(), Some(1), "{:#?}", train.seen);
    let summary = summary(&out);
    assert_eq!(summary.runs[0].failure, None);
    assert!(!summary.parity.failures.is_empty());
    assert_eq!(evaluations(&out).last().unwrap().step, 200);
}

/// What was recorded before the device was lost is on the page.
/// Neither naga nor wgpu sees it: either would run out of stack.
fn refuses_depth() {
    let folder = folder();
    let (out, over) = (folder.path().join("out"), folder.path().join("shaders"));
    let file = put(&over, "bias_forward/naive.wgsl", bias());
    let mut train = Running::start(training(&out).args(["--watch", "--shaders"]).arg(&over));
    begun(&out);
    let deep = format!("bias[{}]", "0u+".repeat(20_000) + "0u");
    fs::write(&file, format!("{}\nfn deep() -> f32 {{ return {deep}; }}\n", bias())).unwrap();
    train.line(&["FAILED", "more than 500 operators in one expression"]);
    train.line(&["the last good shaders stay"]);
    assert_eq!(train.end(), Some(0), "{:#?}", train.seen);
}

fn reports_before_an_endless_shader() {
    let folder = folder();
    let (out, over) = (folder.path().join("out"), folder.path().join("shaders"));
    let file = put(&over, "bias_forward/naive.wgsl", bias());
    let watched = ["--watch", "--time-cap", "1.5", "--shaders"];
    let mut train = Running::start(training(&out).args(watched).arg(&over));
    begun(&out);
    fs::write(&file, ENDLESS).unwrap();
    train.line(&["report: ", "report.html"]);
    assert_eq!(train.end(), Some(1), "{:#?}", train.seen);
    assert!(out.join("report.html").is_file());
    assert!(evaluations(&out).last().unwrap().step < 200);
}
