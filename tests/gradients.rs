//! Gradients of user-supplied activations: correct ones at kinks of every kind, and wrong ones, with which
//! nothing is trained. Trials that need a GPU are ignored, with the reason, where there is none.

use crate::support::folders::put;
use crate::support::gpu::{done, on_gpu};
use crate::support::program::{Ended, entries, evaluations, folder, say};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::gradient_check;
use normlab::kernels::activation::Activation;
use std::fs;
use std::path::Path;

/// The body of `activate`, right gradients, and where the kinks are among the values of x.
type Right = (&'static str, &'static [&'static str], &'static [f32]);

/// Of each activation, the gradient with its kink on either side, and those in between.
const RIGHT: [Right; 19] = [
    // SELU and ELU with alpha 2: the curved side is the steep one.
    (
        "return 1.0507009873554805 * select(1.6732632423543773 * (exp(x) - 1.0), x, x > 0.0);",
        &[
            "return 1.0507009873554805 * select(1.6732632423543773 * exp(x), 1.0, x > 0.0);",
            "return 1.0507009873554805 * select(1.6732632423543773 * exp(x), 1.0, x >= 0.0);",
        ],
        &[0.0],
    ),
    (
        "return select(2.0 * (exp(x) - 1.0), x, x > 0.0);",
        &[
            "return select(2.0 * exp(x), 1.0, x > 0.0);",
            "return select(2.0 * exp(x), 1.0, x >= 0.0);",
            "if (x == 0.0) { return 1.4; } return select(2.0 * exp(x), 1.0, x > 0.0);",
        ],
        &[0.0],
    ),
    // Hard-swish, its band closed and open.
    (
        "return x * clamp(x + 3.0, 0.0, 6.0) / 6.0;",
        &[
            "return select(select(x / 3.0 + 0.5, 1.0, x > 3.0), 0.0, x < -3.0);",
            "return select(select(x / 3.0 + 0.5, 1.0, x >= 3.0), 0.0, x <= -3.0);",
        ],
        &[-3.0, 3.0],
    ),
    // LeakyReLU, ELU(1), CELU(0.5), softplus, mish, softsign.
    ("return select(0.01 * x, x, x > 0.0);", &["return select(0.01, 1.0, x > 0.0);"], &[0.0]),
    ("return select(exp(x) - 1.0, x, x > 0.0);", &["return select(exp(x), 1.0, x > 0.0);"], &[]),
    (
        "return max(x, 0.0) + min(0.5 * (exp(2.0 * x) - 1.0), 0.0);",
        &["return select(exp(2.0 * x), 1.0, x > 0.0);"],
        &[],
    ),
    (
        "return max(x, 0.0) + log(1.0 + exp(-abs(x)));",
        &["return select(1.0, exp(-abs(x)), x < 0.0) / (1.0 + exp(-abs(x)));"],
        &[],
    ),
    (
        "return x * tanh(max(x, 0.0) + log(1.0 + exp(-abs(x))));",
        &["let t = tanh(max(x, 0.0) + log(1.0 + exp(-abs(x)))); \
           return t + x * (1.0 - t * t) / (1.0 + exp(-x));"],
        &[],
    ),
    ("return x / (1.0 + abs(x));", &["let d = 1.0 + abs(x); return 1.0 / (d * d);"], &[]),
    // Hardtanh, ReLU6, |x|, hard sigmoid.
    (
        "return clamp(x, -1.0, 1.0);",
        &[
            "return select(0.0, 1.0, abs(x) < 1.0);",
            "return select(0.0, 1.0, abs(x) <= 1.0);",
            "if (abs(x) == 1.0) { return 0.5; } return select(0.0, 1.0, abs(x) < 1.0);",
        ],
        &[-1.0, 1.0],
    ),
    ("return clamp(x, 0.0, 6.0);", &["return select(0.0, 1.0, x > 0.0 && x < 6.0);"], &[0.0, 6.0]),
    ("return abs(x);", &["return sign(x);", "return select(-1.0, 1.0, x > 0.0);"], &[0.0]),
    (
        "return clamp(x / 6.0 + 0.5, 0.0, 1.0);",
        &["return select(0.0, 1.0 / 6.0, abs(x) < 3.0);"],
        &[-3.0, 3.0],
    ),
    // A kink between the values of x, and two near each other.
    ("return max(x - 0.3, 0.0);", &["return select(0.0, 1.0, x > 0.3);"], &[]),
    ("return max(x - 0.01, 0.0);", &["return select(0.0, 1.0, x > 0.01);"], &[]),
    (
        "return clamp(x, 0.0, 0.03125);",
        &["return select(0.0, 1.0, x > 0.0 && x < 0.03125);"],
        &[0.0],
    ),
    ("return clamp(x, -0.02, 0.02);", &["return select(0.0, 1.0, abs(x) < 0.02);"], &[]),
    // A kink that is small compared with the curvature, and one between two curved sides.
    (
        "return x * x + 0.01 * abs(x);",
        &["return 2.0 * x + 0.01 * sign(x);", "return 2.0 * x + select(-0.01, 0.01, x > 0.0);"],
        &[0.0],
    ),
    (
        "return select(exp(3.0 * x) - 1.0, sin(x), x > 0.0);",
        &["return select(3.0 * exp(3.0 * x), cos(x), x > 0.0);"],
        &[0.0],
    ),
];

/// Bodies of `activate`, and of gradients that are wrong, with an x where they are.
const WRONG: [(&str, &str, f32); 15] = [
    // Outside of the slopes on both sides of the kink.
    ("return max(x, 0.0);", "if (x == 0.0) { return 1.1; } return select(0.0, 1.0, x > 0.0);", 0.0),
    (
        "return max(x, 0.0);",
        "if (x == 0.0) { return -0.1; } return select(0.0, 1.0, x > 0.0);",
        0.0,
    ),
    ("return abs(x);", "if (x == 0.0) { return 1.01; } return sign(x);", 0.0),
    (
        "return select(2.0 * (exp(x) - 1.0), x, x > 0.0);",
        "if (x == 0.0) { return 2.02; } return select(2.0 * exp(x), 1.0, x > 0.0);",
        0.0,
    ),
    (
        "return select(2.0 * (exp(x) - 1.0), x, x > 0.0);",
        "if (x == 0.0) { return 0.98; } return select(2.0 * exp(x), 1.0, x > 0.0);",
        0.0,
    ),
    (
        "return x * clamp(x + 3.0, 0.0, 6.0) / 6.0;",
        "if (x == 3.0) { return 1.55; } return select(select(x / 3.0 + 0.5, 1.0, x > 3.0), 0.0, x < -3.0);",
        3.0,
    ),
    // Next to it: the kink of the gradient is elsewhere.
    ("return max(x, 0.0);", "return select(0.0, 1.0, x > 0.0625);", 0.0625),
    ("return max(x, 0.0);", "return select(0.0, 1.0, x > -0.125 && x != 0.0);", -0.0625),
    ("return max(x - 0.3, 0.0);", "return select(0.0, 1.0, x > 0.4);", 0.375),
    // The other sign, on one side or both.
    ("return abs(x);", "return -sign(x);", 1.0),
    ("return select(0.01 * x, x, x > 0.0);", "return select(-0.01, 1.0, x > 0.0);", -1.0),
    ("return select(exp(x) - 1.0, x, x > 0.0);", "return select(-exp(x), 1.0, x > 0.0);", -1.0),
    // A slope between those of a kink, where there is none.
    ("return x * x;", "return x;", 1.0),
    ("return clamp(x, -1.0, 1.0);", "return select(0.0, 0.99, abs(x) < 1.0);", 0.5),
    // At a jump neither side has a slope of 16.
    (
        "return select(0.0, x, x > 0.5);",
        "if (x == 0.5) { return 16.0; } return select(0.0, 1.0, x > 0.5);",
        0.5,
    ),
];

const POW: &str = "return 0.5 * x + pow(x, 3.0);";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("cpu::right_gradients_are_good", done(|| are_good(&mut cpu()))),
        Trial::test("cpu::wrong_gradients_are_found", done(|| are_found(&mut cpu()))),
        Trial::test("cpu::what_wgsl_leaves_open_is_named", done(|| is_named(&mut cpu()))),
        Trial::test(
            "cpu::nothing_is_trained_with_a_wrong_one",
            done(|| refused(&["--device", "cpu"])),
        ),
        on_gpu("gpu::right_gradients_are_good", |gpu| are_good(gpu)),
        on_gpu("gpu::wrong_gradients_are_found", |gpu| are_found(gpu)),
        on_gpu("gpu::what_wgsl_leaves_open_is_named", |gpu| is_named(gpu)),
        on_gpu("gpu::nothing_is_trained_with_a_wrong_one", |_| refused(&[])),
        on_gpu("gpu::an_activation_laid_over_a_shipped_one_is_checked", |_| overlaid()),
    ]
}

fn cpu() -> CpuBackend {
    CpuBackend
}

fn file(activate: &str, gradient: &str) -> String {
    format!(
        "fn activate(x: f32) -> f32 {{ {activate} }}\n\
         fn activation_gradient(x: f32) -> f32 {{ {gradient} }}\n"
    )
}

fn read(folder: &Path, activate: &str, gradient: &str) -> Activation {
    let path = folder.join("mine.wgsl");
    fs::write(&path, file(activate, gradient)).unwrap();
    Activation::read(&path).unwrap()
}

fn are_good(backend: &mut dyn Backend) {
    let folder = folder();
    for (activate, gradients, kinks) in RIGHT {
        for gradient in gradients {
            let mine = read(folder.path(), activate, gradient);
            let found = gradient_check::check(backend, mine).unwrap();
            assert_eq!(found.complaint(), None, "{activate} {gradient}");
            assert_eq!(found.kinks, kinks, "{activate}");
        }
    }
    // At a jump each side has its slope, and there is no kink.
    for gradient in ["x > 0.5", "x >= 0.5"] {
        let gradient = format!("return select(0.0, 1.0, {gradient});");
        let mine = read(folder.path(), "return select(0.0, x, x > 0.5);", &gradient);
        let found = gradient_check::check(backend, mine).unwrap();
        assert_eq!((found.complaint(), found.kinks), (None, Vec::new()), "{gradient}");
    }
}

fn are_found(backend: &mut dyn Backend) {
    let folder = folder();
    for (activate, gradient, at) in WRONG {
        let found =
            gradient_check::check(backend, read(folder.path(), activate, gradient)).unwrap();
        let near = found.mismatches.iter().any(|mismatch| (mismatch.x - at).abs() <= 0.0625);
        let said = found.complaint().unwrap_or_default();
        assert!(near && said.contains("at x = "), "{activate} {gradient}: {said} {found:?}");
    }
}

/// Whatever a GPU computes for it.
fn is_named(backend: &mut dyn Backend) {
    let folder = folder();
    let gradient = "return 0.5 + 3.0 * x * x;";
    let found = gradient_check::check(backend, read(folder.path(), POW, gradient)).unwrap();
    let said = found.complaint().unwrap_or_default();
    assert!(
        said.starts_with("activate(-50) is NaN: pow(-50, 3) is NaN, because WGSL leaves"),
        "{said}"
    );
    assert!(said.ends_with("from -50 to -0.0625"), "{said}");
    let found = read(folder.path(), "return x * x * x;", "return 3.0 * pow(x, 2.0);");
    let said = gradient_check::check(backend, found).unwrap().complaint().unwrap_or_default();
    assert!(said.starts_with("activation_gradient(-50) is NaN: pow(-50, 2) is NaN"), "{said}");
}

/// Runs a command with x² and the gradient x, which leaves nothing.
fn refused(device: &[&str]) {
    let folder = folder();
    let (mine, out) = (folder.path().join("mine.wgsl"), folder.path().join("out"));
    fs::write(&mine, file("return x * x;", "return x;")).unwrap();
    let small = ["--hidden", "8", "--steps", "2", "--out", out.to_str().unwrap()];
    let with = ["--activation", mine.to_str().unwrap()];
    let run = |command: &str| say(&[&[command], &with[..], &small, device].concat());
    for command in ["train", "lesson", "batch-sizes", "learning-rates", "affine"] {
        let ended = run(command);
        refusal(&ended, &["mine.wgsl", "at x = ", "expected 1.25e-1 ± ", "Nothing can be learned"]);
        assert!(!out.exists(), "{command} left a folder");
    }
    fs::write(&mine, file(POW, "return 0.5 + 3.0 * x * x;")).unwrap();
    refusal(&run("train"), &["mine.wgsl", "activate(-50) is NaN", "pow(-50, 3)", "x * x * x"]);
    fs::write(&mine, file("return x * x;", "return 2.0 * x;")).unwrap();
    run("train").with(0);
    assert_eq!(evaluations(&out).last().unwrap().step, 2);
}

/// Nothing is trained with it, and the message says why and what to do.
fn refusal(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.status, Some(1), "{ended:#?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:#?}");
    for word in words.iter().chain(&["correct the file", "normlab check --activation"]) {
        assert!(ended.stderr.contains(word), "{word}: {ended:#?}");
    }
}

fn overlaid() {
    let folder = folder();
    let (mine, out) = (folder.path().join("mine"), folder.path().join("out"));
    let run = |command: &str, text: &str, activation: &str| {
        put(&mine, "activations/relu.wgsl", text);
        say(&[
            command,
            "--shaders",
            mine.to_str().unwrap(),
            "--activation",
            activation,
            "--hidden",
            "8",
            "--steps",
            "2",
            "--out",
            out.to_str().unwrap(),
        ])
    };
    let wrong = file("return max(x, 0.0);", "return select(0.0, 2.0, x > 0.0);");
    for command in ["train", "learning-rates"] {
        refusal(&run(command, &wrong, "relu"), &["relu: activation_gradient is not the slope"]);
        assert!(!out.exists() || entries(&out).is_empty());
    }
    run("train", &wrong, "tanh").with(0);
    let right = file("return max(x, 0.0);", "return select(0.0, 1.0, x > 0.0);");
    fs::remove_dir_all(&out).unwrap();
    run("train", &right, "relu").with(0);
}
