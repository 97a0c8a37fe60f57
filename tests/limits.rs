//! Shaders that never end, shaders that need more than an adapter has, and shipped
//! ones where a driver ends loops. Trials that need a GPU are ignored, with the reason, where there is none.

use crate::support::folders::put;
use crate::support::gpu::{done, on_gpu};
use crate::support::program::{PATIENCE, folder, say, text};
use crate::support::tensors;
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::check;
use normlab::files::TensorBytes;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::contract::Sizes;
use normlab::kernels::library::Library;
use normlab::kernels::setting::{Setting, Target};
use normlab::kernels::{layer_norm_backward, layer_norm_forward, rms_norm_backward};
use std::time::Instant;

const LARGE: &str = include_str!("broken/large_workgroup.wgsl");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("arguments::wrong_time_caps_are_refused", done(refuses)),
        on_gpu("time_cap::check_ends_and_tells_what_it_found", |_| check_ends()),
        on_gpu("time_cap::other_commands_end_too", |_| others_end()),
        on_gpu("time_cap::a_driver_that_compiles_for_minutes_is_given_up", |_| compiles_slowly()),
        on_gpu("limits::a_million_units_share_a_gamma", a_million_share),
        on_gpu("limits::a_variant_that_fits_the_size_is_taken", takes_what_fits),
        on_gpu("limits::commands_take_or_name_what_fits", |_| commands_fit()),
        on_gpu("limits::a_workgroup_too_large_is_told_before", |_| tells_of_a_large_workgroup()),
    ]
}

/// A file of the folder `tests/broken`.
fn broken(name: &str) -> String {
    format!("{}/tests/broken/{name}.wgsl", env!("CARGO_MANIFEST_DIR"))
}

fn refuses() {
    for wrong in ["0", "-1", "soon", "NaN", "inf"] {
        let ended = say(&["check", "--time-cap", wrong]).with(2);
        assert!(ended.stderr.contains("seconds above 0"), "{ended:#?}");
    }
}

/// The endless shader is called wrong, earlier results are reported, and nothing is run after it.
fn check_ends() {
    let choice = format!("bias_forward={}", broken("endless_loop"));
    let start = Instant::now();
    let capped = ["--variant", &choice, "--time-cap", "1"];
    let ended = say(&[&["check", "bias_forward", "bias_backward"], &capped[..]].concat()).with(1);
    assert!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    let row = |words: &[&str]| {
        let mut lines = ended.stdout.lines();
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    };
    assert!(row(&["bias_forward", "naive", "good"]), "{ended:#?}");
    assert!(row(&["bias_forward", "endless_loop.wgsl", "inf", "WRONG"]), "{ended:#?}");
    assert!(row(&[
        "WRONG",
        "endless_loop.wgsl",
        "did not finish within 1 s",
        "a loop that never ends"
    ]));
    assert!(row(&["the rest was not checked"]) && !row(&["bias_backward", "good"]), "{ended:#?}");
}

fn others_end() {
    let choice = format!("bias_forward={}", broken("endless_loop"));
    let out = folder();
    let train = ["train", "--norm", "none", "--out", out.path().to_str().unwrap()];
    for command in [&["bench", "bias_forward", "--json"][..], &["bench", "step"], &train] {
        let ended = say(&[command, &["--variant", &choice, "--time-cap", "1"]].concat()).with(1);
        for words in
            ["error: ", "endless_loop.wgsl)", "did not finish within 1 s", "--time-cap SECONDS"]
        {
            assert!(ended.stderr.contains(words), "{command:?}: {ended:#?}");
        }
    }
    // Nothing was recorded that a report could show.
    assert_eq!(text(out.path(), "metrics.jsonl"), "");
    assert!(!out.path().join("report.html").exists());
}

/// If the driver compiles it in time it is correct; else the command gives up with a message.
fn compiles_slowly() {
    let choice = format!("sgd={}", broken("slow_to_compile"));
    let out = folder();
    let train = ["train", "--hidden", "8", "--steps", "2", "--out", out.path().to_str().unwrap()];
    for command in [&["check", "sgd"][..], &train, &["bench", "sgd"]] {
        let start = Instant::now();
        let ended = say(&[command, &["--variant", &choice, "--time-cap", "1"]].concat());
        assert!(start.elapsed() < PATIENCE, "{command:?} took {:?}", start.elapsed());
        let said = format!("{}{}", ended.stdout, ended.stderr);
        let given_up = said.contains("the driver did not finish compiling sgd (")
            && said.contains("slow_to_compile.wgsl) within 1 s: ");
        let late = said.contains("did not finish within 1 s");
        assert!(ended.status == Some(0) || given_up || late, "{command:?}: {ended:#?}");
    }
}

/// Each variant is right below 16 times the 65,535 rounds after which software Vulkan ends all loops of an
/// invocation.
fn a_million_share(backend: &mut GpuBackend) {
    let sizes = [("rows", 10_000), ("cols", 104), ("affine", 1)];
    let case = Case::new(&sizes).activation(Activation::Relu);
    let layer = case.clone().fill("statistics", Fill::StatisticsCols(0.0));
    let rms = case.fill("statistics", Fill::Uniform(0.5, 1.5));
    for (kernel, case) in [(&layer_norm_backward::KERNEL, layer), (&rms_norm_backward::KERNEL, rms)]
    {
        let mut trial = check::Trial::new(kernel, &case).unwrap();
        for variant in backend.selection().library().variants(kernel).unwrap() {
            if backend.selection().lacks(kernel, &variant).unwrap().is_none() {
                backend.choose_variant(kernel, &variant).unwrap();
                let outcome = trial.run(backend).unwrap();
                assert!(outcome.passes(), "{variant}: {:?}", outcome.complaints());
            }
        }
    }
}

/// So many rows that only naive, with 16 rows per workgroup, needs few enough workgroups.
const MANY_ROWS: usize = 600_000;

/// It is correct there; the user's choice is not replaced, and the refusal names what fits.
fn takes_what_fits(backend: &mut GpuBackend) {
    let kernel = &layer_norm_forward::KERNEL;
    let case = Case::new(&[("rows", MANY_ROWS), ("cols", 2), ("affine", 2)]);
    let usual = backend.selection().variant(kernel).unwrap();
    assert_ne!(usual, "naive");
    let outcome = check::check(backend, kernel, &case).unwrap();
    assert!(outcome.passes(), "{:?}", outcome.complaints());
    let ran = backend.shaders();
    assert!(ran.iter().any(|one| one.kernel == kernel.name() && one.variant == "naive"), "{ran:?}");
    // Elsewhere it is the usual one as before.
    assert_eq!(backend.selection().variant(kernel).unwrap(), usual);
    let few =
        Case::new(&[("rows", 60), ("cols", 2), ("affine", 2)]).sizes(&kernel.contract).unwrap();
    assert_eq!(backend.selection().choice(kernel, &few).unwrap().setting.variant, usual);
    backend.choose_variant(kernel, &usual).unwrap();
    let said = check::check(backend, kernel, &case).unwrap_err().to_string();
    for words in
        ["workgroups on one axis; a dispatch has at most 65535", "choose naive, which fits"]
    {
        assert!(said.contains(words), "{said}");
    }
    // None fits, and a setting that the tuner has found for other sizes of the class is not used.
    let mut fresh = backend.fork();
    fresh.use_library(Library::default());
    let many = [("rows", 60_000_000), ("cols", 1), ("affine", 1)];
    let many = Sizes::new(&kernel.contract, 1, &many).unwrap();
    let said = fresh.selection().choice(kernel, &many).unwrap_err().to_string();
    assert!(said.contains("no other variant of layer_norm_forward"), "{said}");
    let target =
        Target::of(&kernel.contract, Activation::Identity, &case.sizes(&kernel.contract).unwrap());
    fresh.use_settings([(target, Setting::of(usual))].into());
    assert!(check::check(&mut fresh, kernel, &case).unwrap().passes());
}

fn commands_fit() {
    let folder = folder();
    let input = folder.path().join("in.safetensors");
    let ones = |shape: &[usize]| TensorBytes::reals(shape, &vec![1.0; shape.iter().product()]);
    let x = ones(&[MANY_ROWS, 2]);
    tensors::write(
        &input,
        &tensors::named([("x", x), ("gamma", ones(&[2])), ("beta", ones(&[2]))]),
    );
    let output = folder.path().join("out.safetensors");
    let files = ["--input", input.to_str().unwrap(), "--output", output.to_str().unwrap()];
    let eval = |more: &[&str]| say(&[&["eval", "layer_norm_forward"], &files[..], more].concat());
    let ended = eval(&[]).with(0);
    let line = ended.stdout.lines().find(|line| line.starts_with("kernel: ")).unwrap();
    assert!(
        line.starts_with("kernel: layer_norm_forward (naive), activation identity; "),
        "{line}"
    );
    assert!(line.contains(" workgroups on one axis; a dispatch has at most 65535"), "{line}");
    let lanes = "layer_norm_forward=lanes";
    let ended = eval(&["--variant", lanes]).with(1);
    assert!(ended.stderr.contains("choose naive, which fits (--variant layer_norm_forward=naive)"));

    let shapes = ["--shape", "600000x2", "--shape", "60x2"];
    let ended = say(&[&["bench", "layer_norm_forward"], &shapes[..]].concat()).with(0);
    let row = |table: usize, start: &str| {
        let table = ended.stdout.split("\nlayer_norm_forward ").nth(table).unwrap();
        table.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned()
    };
    assert!(
        row(1, "naive *").ends_with("good") && row(2, "naive ").ends_with("good"),
        "{ended:#?}"
    );
    assert!(
        row(1, "lanes").contains("skipped: layer_norm_forward (lanes) would need"),
        "{ended:#?}"
    );
    assert!(!row(2, "lanes").contains("workgroups"), "{ended:#?}");
}

/// 2048 invocations are more than any adapter of today allows.
fn tells_of_a_large_workgroup() {
    let folder = folder();
    put(folder.path(), "bias_forward/large.wgsl", LARGE);
    let over = ["--shaders", folder.path().to_str().unwrap()];
    let sentence = "its workgroup has 2048 invocations (2048 x 1 x 1); the adapter's have at most";
    for command in [&["check", "bias_forward"][..], &["shaders", "list"]] {
        let ended = say(&[command, &over].concat()).with(0);
        let told = |line: &str| line.contains("large") && line.contains(sentence);
        assert!(ended.stdout.lines().any(told), "{command:?}: {ended:#?}");
    }
    let chosen =
        [&["check", "bias_forward", "--variant", "bias_forward=large"], &over[..]].concat();
    let ended = say(&chosen).with(2);
    assert!(ended.stderr.contains("large.wgsl") && ended.stderr.contains(sentence), "{ended:#?}");
    let bench = [&["bench", "bias_forward", "--variant", "bias_forward=large"], &over[..]].concat();
    let ended = say(&bench).with(2);
    assert!(ended.stderr.contains("large.wgsl") && ended.stderr.contains(sentence), "{ended:#?}");
}
