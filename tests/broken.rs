//! Shaders and folders that are broken on purpose (`tests/broken/`): the program must report each with a
//! helpful message. Trials that need a GPU are ignored, with the reason, where there is none.

use crate::support::gpu::{done, on_gpu};
use crate::support::program::{Ended, folder, say};
use crate::support::trial::Trial;
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("names::an_unknown_kernel_with_the_nearest_names", done(unknown_kernel)),
        Trial::test("names::an_unknown_tunable_with_the_nearest_name", done(unknown_tunable)),
        Trial::test("names::an_unknown_activation_with_the_nearest_name", done(unknown_activation)),
        Trial::test("folders::one_that_cannot_be_read", done(unreadable_folder)),
        Trial::test("folders::a_file_that_is_no_text", done(no_text)),
        Trial::test("activations::one_function_is_missing", done(one_function)),
        Trial::test("activations::one_that_cannot_be_followed", done(not_followed)),
    ];
    let checked = CHECKED.into_iter().map(|broken| {
        on_gpu(format!("shaders::{}", broken.file), move |_| broken.is_told_by_check())
    });
    trials.extend(checked);
    trials.push(on_gpu("shaders::the_others_are_checked_all_the_same", |_| others_are_checked()));
    trials.push(on_gpu("activations::a_wrong_gradient_is_named_with_its_x", |_| wrong_gradient()));
    trials
}

/// A broken shader for `bias_forward`, and how `normlab check` ends on it.
struct Broken {
    file: &'static str,
    status: i32,
    /// Words of what it says.
    words: &'static [&'static str],
}

const CHECKED: [Broken; 10] = [
    Broken {
        file: "wrong_binding_type",
        status: 1,
        words: &["x at @binding(1)", "expected var<storage, read> x: array<f32>"],
    },
    Broken {
        file: "wrong_binding_number",
        status: 1,
        words: &["x at @binding(2)", "expected var<storage, read> bias: array<f32>"],
    },
    Broken {
        file: "no_main",
        status: 1,
        words: &[
            "no compute entry point called main",
            "write `@compute @workgroup_size(…) fn main",
        ],
    },
    Broken {
        file: "wrong_params",
        status: 1,
        words: &[
            "params at @binding(0) lacks the field rows at position 0",
            "expected var<uniform>",
        ],
    },
    Broken {
        file: "syntax_error",
        status: 1,
        words: &["syntax_error.wgsl:28:26", "expected `;`, found \")\"", "^ expected `;`"],
    },
    Broken {
        file: "lacking_feature",
        status: 2,
        words: &["tests/broken/lacking_feature.wgsl: it needs subgroups of 1024"],
    },
    Broken {
        file: "wrong_tunable",
        status: 1,
        words: &["line 10", "`const ROWS: u32 = 4u; // tune: 1 2 8` is not a valid tunable"],
    },
    Broken {
        file: "nan_output",
        status: 1,
        words: &["tensor y: not finite at [0, 0, ", "NaN, expected"],
    },
    Broken {
        file: "out_of_bounds",
        status: 1,
        words: &["tensor y: element 1 of its buffer, which is outside the tensor, was changed"],
    },
    Broken { file: "unwritten", status: 1, words: &["tensor z: not finite at [0, 0, 64]: NaN"] },
];

impl Broken {
    fn is_told_by_check(&self) {
        let path = format!("tests/broken/{}.wgsl", self.file);
        let ended = say(&["check", "bias_forward", "--variant", &format!("bias_forward={path}")]);
        let ended = ended.with(self.status);
        assert!(ended.said().contains(&path), "no {path} in {ended:#?}");
        for word in self.words {
            assert!(ended.said().contains(word), "no {word:?} in {ended:#?}");
        }
        assert!(!ended.stderr.contains("panicked"), "{ended:#?}");
    }
}

impl Ended {
    /// Everything that it said.
    fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

fn unknown_kernel() {
    say(&["check", "matmul"]).refused(&[
        "no kernel is called matmul",
        "did you mean matmul_nn or matmul_nt or matmul_tn? Available: gather, ",
    ]);
    say(&["bench", "sdg"]).refused(&["no kernel is called sdg; did you mean sgd?"]);
}

fn unknown_tunable() {
    let refused = |setting: &str, words: &[&str]| {
        let all = ["train", "--device", "cpu", "--tunable", setting];
        say(&all).refused(words);
    };
    refused(
        "sgd.INVOCATION=64",
        &["shaders/sgd/naive.wgsl: it has no tunable INVOCATION; did you mean INVOCATIONS?"],
    );
    refused("sgd.INVOCATIONS=65", &["INVOCATIONS = 65; expected one of 64, 128, 256"]);
    refused("sgd.INVOCATIONS", &["expected KERNEL.NAME=VALUE"]);
    refused("sgd.INVOCATIONS=many", &["expected KERNEL.NAME=VALUE"]);
    refused("sdg.INVOCATIONS=64", &["no kernel is called sdg"]);
    let all = ["train", "--device", "cpu", "--variant", "matmul_nn=subgroup"];
    let all = [&all[..], &["--tunable", "matmul_nn.SIDE=8"]].concat();
    say(&all)
        .refused(&["shaders/matmul_nn/subgroup.wgsl: it has no tunables, so SIDE cannot be set"]);
}

fn unknown_activation() {
    let words = ["no activation is called rely; did you mean relu?", "or a file, PATH.wgsl"];
    say(&["train", "--activation", "rely"]).refused(&words);
    say(&["check", "--activation", "rely"]).refused(&words);
    say(&["train", "--activation", "/no/such.wgsl"]).refused(&["cannot read /no/such.wgsl"]);
}

fn unreadable_folder() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let all = ["check", "--shaders", file.to_str().unwrap()];
    say(&all).refused(&["cannot read", file.to_str().unwrap()]);
    say(&["check", "--shaders", "/no/such/folder"]).refused(&["cannot read /no/such/folder"]);
}

/// Bytes that are not text where a shader is expected.
fn no_text() {
    let folder = folder();
    fs::create_dir(folder.path().join("sgd")).unwrap();
    fs::write(folder.path().join("sgd/mine.wgsl"), [0xff, 0xfe, 0x00]).unwrap();
    let all = ["shaders", "list", "--shaders", folder.path().to_str().unwrap()];
    say(&all).refused(&["cannot read", "mine.wgsl"]);
}

fn one_function() {
    say(&["train", "--activation", "tests/broken/activation_one_function.wgsl"])
        .refused(&["it has no function `fn activation_gradient(x: f32) -> f32`"]);
}

fn not_followed() {
    say(&["train", "--activation", "tests/broken/activation_barrier.wgsl"]).refused(&[
        "activation_barrier.wgsl:4: it uses barriers",
        "cannot be evaluated on the CPU",
    ]);
}

/// One shader of a folder that does not compile does not keep another from being checked.
fn others_are_checked() {
    let folder = folder();
    fs::create_dir(folder.path().join("bias_forward")).unwrap();
    let broken = folder.path().join("bias_forward/mine.wgsl");
    fs::copy("tests/broken/syntax_error.wgsl", broken).unwrap();
    let all = ["check", "bias_forward", "sgd", "--shaders", folder.path().to_str().unwrap()];
    let ended = say(&all).with(1);
    let line = |kernel: &str, variant: &str| {
        let mut lines = ended.stdout.lines();
        let found = lines.find(|line| line.starts_with(kernel) && line.contains(variant));
        found.unwrap_or_else(|| panic!("no {kernel} ({variant}) in {ended:#?}"))
    };
    assert!(line("bias_forward", "naive").ends_with("good"));
    assert!(line("bias_forward", "mine").ends_with("WRONG"));
    assert!(line("sgd", "naive").contains("good"));
}

fn wrong_gradient() {
    let all = ["check", "--activation", "tests/broken/activation_slope.wgsl"];
    let ended = say(&all).with(1);
    let said =
        "WRONG: activation_slope: activation_gradient is not the slope of activate: at x = 1.";
    assert!(ended.stdout.contains(said), "{ended:#?}");
    assert!(ended.stdout.contains("values of x in all, from 1.0625 to "), "{ended:#?}");
}
