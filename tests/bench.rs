//! The program's `bench`: what it refuses, and, on an adapter, what it times and what it prints.
//! Trials that need a GPU are ignored, with the reason, where there is none.

use crate::support::folders::put;
use crate::support::gpu::{done, on_gpu};
use crate::support::program::{Ended, folder, normlab_without_adapter, run, say};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::bench::step::{Workload, time};
use normlab::config::{Norm, Optimizer};
use normlab::data::Dataset;
use normlab::kernels::activation::Activation;
use normlab::kernels::{bias_forward, matmul_nn};
use normlab::program::Program;
use normlab::tensor::Shape;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("arguments::wrong_ones_are_refused", done(refuses)),
        Trial::test("arguments::no_adapter_is_told", done(tells_that_there_is_no_adapter)),
        Trial::test("step::the_cpu_engine_is_timed_too", done(times_on_the_cpu)),
        on_gpu("clock::a_time_is_within_the_call", times_within_the_call),
        on_gpu("ladder::times_every_variant_that_runs_here", times_every_variant),
        on_gpu("ladder::a_wrong_variant_has_no_time", shows_a_wrong_variant),
        on_gpu("ladder::one_that_is_wrong_at_the_shape_has_no_time", checks_the_shape),
        on_gpu("ladder::a_driver_that_ends_loops_is_named", names_a_driver_that_ends_loops),
        on_gpu("ladder::tables_have_every_shape", prints_tables),
        on_gpu("step::a_small_batch_takes_no_longer", small_batches_are_quick),
        on_gpu("step::json_has_every_network", prints_steps),
        on_gpu("scale::tables_have_every_size", |_| prints_scales()),
        on_gpu("scale::json_has_every_size", |_| scales_in_json()),
    ]
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{why}: {ended:#?}"))
}

fn refuses() {
    say(&["bench", "matmul"]).refused(&["no kernel is called matmul", "matmul_nn"]);
    say(&["bench", "--device", "cpu"]).refused(&["the CPU engine has no variants"]);
    say(&["bench", "matmul_nn", "--shape", "60x100"]).refused(&["--shape 60x100", "MxKxN"]);
    say(&["bench", "sgd", "--shape", "6x7x8"]).refused(&["--shape 6x7x8", "sgd", "ROWSxCOLS"]);
    for wrong in ["60", "0x4", "ax4", "1x2x3x4", "16777216x16777216"] {
        let ended = say(&["bench", "sgd", "--shape", wrong]).with(2);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(wrong), "{ended:#?}");
    }
    say(&["bench", "--variant", "sgd=warp"]).refused(&["sgd has no variant warp"]);
    say(&["bench", "scale", "--batch", "0"]).refused(&["batch"]);
    say(&["bench", "scale", "--batch", "10001"]).refused(&["batch", "10000"]);
    say(&["bench", "scale", "--width", "8,0"]).refused(&["hidden"]);
    say(&["bench", "step", "--shaders", "/no/such"]).refused(&["cannot read /no/such"]);
}

fn tells_that_there_is_no_adapter() {
    let ended = run(normlab_without_adapter().args(["bench", "sgd"])).with(1);
    assert!(ended.stderr.contains("there is no adapter to time on"), "{ended:#?}");
}

fn times_on_the_cpu() {
    let workload = Workload {
        hidden: vec![4],
        batch: 5,
        activation: Activation::Relu,
        optimizer: Optimizer::Adam,
    };
    let mut engine = normlab::backend::cpu::CpuBackend;
    let data = Dataset::drawn().unwrap();
    let step = time(&mut engine, &workload, Norm::BATCH, &data).unwrap();
    assert_eq!((step.network.as_str(), step.clock), ("784-4-10", "wall time"));
    // gather, 2 products, norm, bias, loss; bias, 2 products of weights, one of inputs, norm; adam.
    assert_eq!(step.dispatches, 12);
    assert!(0.0 < step.ms_min && step.ms_min <= step.ms_per_step);
    assert!(step.ms_per_step <= step.ms_max);
    assert!(step.kernels.is_sorted_by(|a, b| a.ms >= b.ms), "{step:#?}");
}

/// Timestamps read in another unit, or of another submit, would be outside these bounds.
fn times_within_the_call(backend: &mut GpuBackend) {
    let mut program = Program::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| program.tensor(name, Shape::matrix(128, 128)));
    let tensors = [("a", a), ("b", b), ("c", c)];
    let kernel = &matmul_nn::KERNEL;
    let dispatch = program.dispatch("product", kernel, Activation::Identity, &tensors, &[]);
    let pass = program.pass("bench", vec![dispatch.unwrap()]);
    let mut session = backend.load(&program).unwrap();
    let once = session.time(&[pass], 1).unwrap().seconds;
    let start = Instant::now();
    let many = session.time(&[pass], 200).unwrap();
    let passed = start.elapsed().as_secs_f64();
    assert!(0.0 < once && 0.0 < many.seconds, "{many:?}");
    // A device may be slow to start, so nothing is asserted about how close to `passed` it comes.
    assert!(many.seconds <= 1.05 * passed, "{many:?} in {passed} s");
    assert_eq!(session.time(&[pass], 2).unwrap().clock, many.clock);
}

fn times_every_variant(backend: &mut GpuBackend) {
    let ended = say(&["bench", "matmul_nn", "bias_forward", "--json"]).with(0);
    let found = json(&ended);
    assert!(found["ceilings"]["gflop_per_s"].as_f64().unwrap() > 0.0);
    assert!(found["ceilings"]["gb_per_s"].as_f64().unwrap() > 0.0);
    let ladders = found["ladders"].as_array().unwrap();
    assert_eq!(ladders.len(), 2);
    for (ladder, kernel) in ladders.iter().zip([&matmul_nn::KERNEL, &bias_forward::KERNEL]) {
        let variants = ladder["variants"].as_array().unwrap();
        assert_eq!(variants.len(), kernel.shaders.len());
        for (variant, source) in variants.iter().zip(kernel.shaders) {
            assert_eq!(variant["variant"], source.variant);
            if backend.selection().lacks(kernel, source.variant).unwrap().is_some() {
                assert_eq!(variant["verdict"], "skipped", "{variant:#}");
                continue;
            }
            assert_eq!(variant["verdict"], "good", "{variant:#}");
            let times = ["min_s", "median_s", "max_s"].map(|key| variant[key].as_f64().unwrap());
            assert!(0.0 < times[0] && times.is_sorted(), "{variant:#}");
            let is_default = source.variant == backend.selection().variant(kernel).unwrap();
            assert_eq!(variant["default"], is_default);
            assert!(!is_default || variant["ratio"] == 1.0, "{variant:#}");
        }
        let naive = &variants[0];
        assert_eq!(naive["gflop_per_s"].is_number(), kernel.name() == "matmul_nn");
    }
    assert_eq!(ladders[0]["shape"], "60x784x100");
}

/// The shipped bias_forward in a file, with `to` where it first has `from`.
fn changed_bias_forward(folder: &Path, from: &str, to: &str) -> PathBuf {
    let right = bias_forward::KERNEL.shaders[0].text;
    let changed = right.replacen(from, to, 1);
    assert_ne!(changed, right, "the shader has another form now");
    put(folder, "changed.wgsl", &changed)
}

fn shows_a_wrong_variant(_: &mut GpuBackend) {
    let folder = folder();
    let path = changed_bias_forward(folder.path(), " + bias[", " - bias[");
    let choice = format!("bias_forward={}", path.display());
    let ended = say(&["bench", "bias_forward", "--variant", &choice, "--json"]).with(1);
    let found = json(&ended);
    let variants = found["ladders"][0]["variants"].as_array().unwrap();
    let last = variants.last().unwrap();
    assert_eq!((&variants[0]["verdict"], &last["verdict"]), (&"good".into(), &"wrong".into()));
    assert_eq!(last["variant"], path.display().to_string());
    assert!(last.get("median_s").is_none() && !last["complaints"][0].is_null(), "{last:#}");
    // There is no correct result to compare with.
    assert!(variants[0]["ratio"].is_null());
    let ended = say(&["bench", "bias_forward", "--variant", &choice]).with(1);
    assert!(ended.stdout.contains("WRONG: not timed"), "{ended:#?}");
    assert!(ended.stdout.contains("WRONG: bias_forward ("), "{ended:#?}");
}

/// No case of the kernel has these sizes.
fn checks_the_shape(_: &mut GpuBackend) {
    let folder = folder();
    let sometimes = "select(x[at], 0.0, params.rows == 123u) + ";
    let path = changed_bias_forward(folder.path(), "x[at] + ", sometimes);
    let choice = format!("bias_forward={}", path.display());
    let shapes = ["--shape", "122x3", "--shape", "123x3"];
    let bench = [&["bench", "bias_forward", "--variant", &choice, "--json"], &shapes[..]].concat();
    let found = json(&say(&bench).with(1));
    let verdict = |shape: usize| &found["ladders"][shape]["variants"][1]["verdict"];
    assert_eq!((verdict(0), verdict(1)), (&"good".into(), &"wrong".into()), "{found:#}");
}

/// A sum of more rounds than a driver allows is wrong, and the reason is reported.
fn names_a_driver_that_ends_loops(backend: &mut GpuBackend) {
    let limit = backend.loop_limit().unwrap();
    let ended = say(&["bench", "bias_backward", "--shape", "131072x1"]);
    let ended = ended.with(i32::from(limit.is_some()));
    let told = limit.map(|rounds| format!("after {rounds} iterations in total"));
    let note = ended.stdout.lines().find(|line| line.starts_with("note: this driver"));
    assert_eq!(note.is_some(), told.is_some(), "{ended:#?}");
    assert!(note.zip(told).is_none_or(|(note, told)| note.contains(&told)), "{ended:#?}");
    // naive takes one row per round: the first that it leaves out is reported, too.
    let left = limit.map(|rounds| format!("d_x: not finite at [0, {rounds}, 0]"));
    let naive = ended.stdout.lines().find(|line| line.starts_with("WRONG: bias_backward (naive)"));
    assert!(naive.zip(left).is_none_or(|(line, left)| line.contains(&left)), "{ended:#?}");
}

fn prints_tables(_: &mut GpuBackend) {
    let ended = say(&["bench", "--shape", "3x4x5", "--shape", "7x8x9"]).with(0);
    for kernel in ["matmul_nn", "matmul_nt", "matmul_tn"] {
        for shape in ["3x4x5", "7x8x9"] {
            assert!(ended.stdout.contains(&format!("{kernel} {shape}")), "{ended:#?}");
        }
    }
    assert!(ended.stdout.contains("ceilings: ") && !ended.stdout.contains("sgd"), "{ended:#?}");
}

/// A driver that recompiles a shader for the few rounds of its loops took 20 times as long at 16 as at 40.
fn small_batches_are_quick(backend: &mut GpuBackend) {
    let data = Dataset::drawn().unwrap();
    let mut ms = |batch| {
        let workload = Workload {
            hidden: vec![32; 2],
            batch,
            activation: Activation::Relu,
            optimizer: Optimizer::Sgd,
        };
        time(backend, &workload, Norm::LAYER, &data).unwrap().ms_min
    };
    // The small one first: the pipelines are new.
    let (small, large) = (ms(16), ms(40));
    assert!(small < 3.0 * large, "{small} ms at 16, {large} ms at 40");
}

fn prints_steps(_: &mut GpuBackend) {
    let found = json(&say(&["bench", "step", "--json"]).with(0));
    let steps = found["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 12);
    let norms: Vec<_> = steps.iter().map(|step| step["norm"].as_str().unwrap()).collect();
    assert_eq!(norms, ["none", "batch", "layer", "rms"].repeat(3));
    for step in steps {
        assert!(step["ms_per_step"].as_f64().unwrap() > 0.0, "{step:#}");
        assert!(step["dispatches"].as_u64().unwrap() > 10, "{step:#}");
        let kernels = step["kernels"].as_array().unwrap();
        let ms: Vec<_> = kernels.iter().map(|kernel| kernel["ms"].as_f64().unwrap()).collect();
        assert!(ms.iter().all(|&ms| ms > 0.0) && ms.is_sorted_by(|a, b| a >= b), "{step:#}");
        assert!(kernels.iter().all(|kernel| kernel["name"].is_string()), "{step:#}");
    }
    let wide = &steps[8];
    assert_eq!(wide["network"], "784-1024-1024-1024-10");
    assert_eq!((&wide["activation"], &wide["optimizer"]), (&"relu".into(), &"adam".into()));
    assert_eq!(wide["batch"], 128);
    assert_eq!(steps[4]["network"], "784-100-100-100-10");
}

/// The sizes that are small enough for a test.
const SCALE: [&str; 6] = ["bench", "scale", "--batch", "1,8", "--width", "4,9,16"];

fn prints_scales() {
    let ended = say(&SCALE).with(0);
    let rows = |first: &str| {
        let lines = ended.stdout.lines();
        lines.filter(|line| line.split_whitespace().next() == Some(first)).count()
    };
    for size in ["1", "8", "4", "9", "16"] {
        assert_eq!(rows(size), 1, "{size}: {ended:#?}");
    }
    // The growth of each of the two.
    assert_eq!((rows("step"), rows("sgd")), (2, 2), "{ended:#?}");
}

/// The work of a step of 784-w-w-w-10: each weight is multiplied once forward and twice backward for
/// every example, but for the first layer's, whose input has no gradient.
fn scales_in_json() {
    let found = json(&say(&[&SCALE[..], &["--json", "--norm", "none"]].concat()).with(0));
    let scales = found["scales"].as_array().unwrap();
    assert_eq!(scales.len(), 2);
    let widths = scales[1]["points"].as_array().unwrap();
    for (point, width) in widths.iter().zip([4.0, 9.0, 16.0]) {
        let step = &point["step"];
        let later = 2.0 * width * width + 10.0 * width;
        let work = 64.0 * (2.0 * 784.0 * width + 3.0 * later);
        assert_eq!(step["work"].as_f64(), Some(work), "{point:#}");
        assert!(step["ms_per_step"].as_f64().unwrap() > 0.0, "{point:#}");
        // The 10,000 training and 2,000 test images alone take 9 MiB.
        assert!(step["mib"].as_f64().unwrap() > 8.9, "{point:#}");
    }
}
