//! `normlab eval` as a process, on the CPU engine: what it computes, writes and refuses.

use crate::support::program::{Ended, entries, folder, normlab, normlab_without_adapter, run, say};
use crate::support::tensors::{Tensors, floats, named, read, wholes, write};
use normlab::files::TensorBytes;
use normlab::kernels;
use safetensors::tensor::Dtype;
use std::collections::HashMap;
use std::path::Path;

/// A tensor of f32.
fn reals(shape: &[usize], data: &[f32]) -> TensorBytes {
    TensorBytes::reals(shape, data)
}

/// A tensor of i64, which is what labels are in a notebook.
fn labels(shape: &[usize], data: &[i64]) -> TensorBytes {
    let bytes = data.iter().flat_map(|x| x.to_le_bytes()).collect();
    TensorBytes { dtype: Dtype::I64, shape: shape.to_vec(), bytes }
}

/// `normlab eval KERNEL` on the CPU engine, in.safetensors of a folder into out.safetensors.
fn eval(folder: &Path, arguments: &[&str]) -> Ended {
    let files = ["--input", "in.safetensors", "--output", "out.safetensors", "--device", "cpu"];
    run(normlab().current_dir(folder).arg("eval").args(arguments).args(files))
}

/// What comes out for these tensors: what was printed, the tensors, and the words about them.
fn evaluate(arguments: &[&str], inputs: &Tensors) -> (String, Tensors, HashMap<String, String>) {
    let folder = folder();
    write(&folder.path().join("in.safetensors"), inputs);
    let ended = eval(folder.path(), arguments).with(0);
    assert_eq!(ended.stderr, "");
    assert_eq!(entries(folder.path()), ["in.safetensors", "out.safetensors"]);
    let (outputs, metadata) = read(&folder.path().join("out.safetensors"));
    (ended.stdout, outputs, metadata)
}

fn bias() -> Tensors {
    named([("x", reals(&[2, 2], &[1.0, -2.0, 3.0, -40.0])), ("bias", reals(&[2], &[10.0, 20.0]))])
}

fn layer_norm() -> Tensors {
    let ones = || reals(&[3], &[1.0; 3]);
    let x = reals(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    named([("x", x), ("gamma", ones()), ("beta", ones())])
}

fn cross_entropy(targets: TensorBytes) -> Tensors {
    named([
        ("logits", reals(&[2, 3], &[0.0, 5.0, 0.0, 0.0, 0.0, 5.0])),
        ("targets", targets),
        ("losses", reals(&[2], &[9.0, 9.0])),
        ("correct", labels(&[2], &[7, 7])),
        ("step", labels(&[], &[3])),
    ])
}

#[test]
fn a_kernel_runs_over_tensors_of_ones_own() {
    let (said, outputs, metadata) = evaluate(&["bias_forward", "--activation", "relu"], &bias());
    assert_eq!(outputs.keys().collect::<Vec<_>>(), ["y", "z"]);
    assert_eq!(floats(&outputs["z"]), [11.0, 18.0, 13.0, -20.0]);
    assert_eq!(floats(&outputs["y"]), [11.0, 18.0, 13.0, 0.0]);
    assert_eq!(outputs["y"].shape, [2, 2]);
    for (key, word) in [
        ("kernel", "bias_forward"),
        ("variant", "twin"),
        ("activation", "relu"),
        ("sizes", "rows=2 cols=2"),
        ("parameters", ""),
        ("backend", "cpu"),
        ("normlab", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(metadata[key], word, "{key}");
    }
    assert!(metadata["adapter"].starts_with("CPU engine"));
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("device: CPU engine"), "{said}");
    assert_eq!(
        lines[1..],
        [
            "kernel: bias_forward (twin), activation relu",
            "sizes: rows=2 cols=2",
            "written to out.safetensors: z [2, 2], y [2, 2]",
        ]
    );
}

#[test]
fn parameters_reach_the_kernel() {
    let (said, outputs, metadata) =
        evaluate(&["layer_norm_forward", "--param", "epsilon=1"], &layer_norm());
    // The variance of 1, 2, 3 is 2/3.
    let rstd = (2.0_f32 / 3.0 + 1.0).sqrt().recip();
    let expected = [2.0, rstd, 5.0, rstd];
    let found = floats(&outputs["statistics"]);
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    assert_eq!(metadata["parameters"], "epsilon=1.0");
    assert!(said.contains("parameters: epsilon=1.0"), "{said}");
    let (_, usual, metadata) = evaluate(&["layer_norm_forward"], &layer_norm());
    assert!(floats(&usual["statistics"])[1] > 1.2);
    assert_eq!(metadata["parameters"], "epsilon=1e-5");
}

#[test]
fn outputs_have_as_many_axes_as_inputs() {
    // An operand that is read and written comes back in its given shape, even a number without axes.
    let (_, outputs, _) = evaluate(
        &["sgd", "--param", "momentum=0.5"],
        &named([
            ("gradients", reals(&[2], &[1.0, 2.0])),
            ("learning_rate", reals(&[], &[0.5])),
            ("parameters", reals(&[1, 2], &[10.0, 20.0])),
            ("velocity", reals(&[2], &[4.0, 4.0])),
        ]),
    );
    let [parameters, velocity] = ["parameters", "velocity"].map(|name| &outputs[name]);
    assert_eq!((floats(parameters), parameters.shape.len()), (vec![8.5, 18.0], 2));
    assert_eq!((floats(velocity), velocity.shape.len()), (vec![3.0, 4.0], 1));
    // One bias serves both replicas; what is only written gets the replicas' axis, too.
    let x = reals(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
    let both = named([("x", x), ("bias", reals(&[2], &[10.0, 20.0]))]);
    let (said, outputs, _) = evaluate(&["bias_forward"], &both);
    assert_eq!(outputs["y"].shape, [2, 1, 2]);
    assert_eq!(floats(&outputs["y"]), [11.0, 22.0, 13.0, 24.0]);
    assert!(said.contains("sizes: replicas=2 rows=1 cols=2"), "{said}");
}

#[test]
fn whole_numbers_of_any_type_are_taken() {
    let bytes = |dtype, bytes: &[u8]| TensorBytes { dtype, shape: vec![2], bytes: bytes.to_vec() };
    for targets in [
        labels(&[2], &[1, 0]),
        labels(&[2, 1], &[1, 0]),
        bytes(Dtype::U8, &[1, 0]),
        bytes(Dtype::I16, &[1, 0, 0, 0]),
        bytes(Dtype::U32, &[1, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        let (_, outputs, _) = evaluate(&["softmax_cross_entropy"], &cross_entropy(targets));
        // Step 3 writes slot 1 of two; the other stays as it was.
        assert_eq!(wholes(&outputs["correct"]), [7, 1]);
        assert_eq!(floats(&outputs["losses"])[0], 9.0);
        let step = &outputs["step"];
        assert_eq!((wholes(step), step.shape.len()), (vec![4], 0));
        assert_eq!(outputs["d_logits"].shape, [2, 3]);
    }
    // A row without a target has no gradient.
    let none = labels(&[2], &[i64::from(u32::MAX), 2]);
    let (_, outputs, _) = evaluate(&["softmax_cross_entropy"], &cross_entropy(none));
    assert_eq!(floats(&outputs["d_logits"])[..3], [0.0; 3]);
}

#[test]
fn a_size_that_no_tensor_tells_is_given() {
    let images = TensorBytes { dtype: Dtype::U32, shape: vec![1, 1], bytes: vec![255, 0, 51, 0] };
    let inputs = named([
        ("images", images),
        ("labels", labels(&[1], &[8])),
        ("batch_indices", labels(&[1, 1], &[0])),
        ("step", labels(&[1], &[0])),
    ]);
    let (_, outputs, _) = evaluate(&["gather", "--size", "features=3"], &inputs);
    assert_eq!(floats(&outputs["x"]), [1.0, 0.0, 0.2]);
    assert_eq!(wholes(&outputs["targets"]), [8]);
    let refused = |flags: &[&str], words: &[&str]| {
        refuses(&[&["gather"], flags].concat(), &inputs, words);
    };
    refused(&[], &["gather", "the size features", "--size features=NUMBER"]);
    refused(&["--size", "features=9"], &["in.safetensors", "9 features need 3"]);
    refused(&["--size", "features=0"], &["features is 0"]);
    refused(&["--size", "batch=1"], &["--size batch", "features"]);
}

/// Fails unless these tensors are refused with one sentence that has all of `words`, and nothing is
/// written.
#[track_caller]
fn refuses(arguments: &[&str], inputs: &Tensors, words: &[&str]) {
    let folder = folder();
    write(&folder.path().join("in.safetensors"), inputs);
    let ended = eval(folder.path(), arguments);
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{ended:#?}");
    ended.refused(words);
    assert_eq!(entries(folder.path()), ["in.safetensors"]);
}

#[test]
fn tensors_that_do_not_fit_are_refused_by_name() {
    let refused = |name: &str, tensor: Option<TensorBytes>, words: &[&str]| {
        let mut inputs = layer_norm();
        inputs.remove(name);
        inputs.extend(tensor.map(|tensor| (name.to_owned(), tensor)));
        refuses(&["layer_norm_forward"], &inputs, &[words, &["in.safetensors"]].concat());
    };
    let zeros = |shape: &[usize]| Some(reals(shape, &vec![0.0; shape.iter().product()]));
    let typed = |dtype: Dtype| {
        Some(TensorBytes { dtype, shape: vec![3], bytes: vec![0; 3 * dtype.bitsize() / 8] })
    };
    refused("beta", None, &["no tensor beta", "x f32[rows, cols], gamma f32[1, affine]"]);
    refused("gama", zeros(&[3]), &["no tensor gama", "did you mean gamma?"]);
    refused("weight", zeros(&[3]), &["no tensor weight; available: x, gamma, beta"]);
    refused("y", zeros(&[2, 3]), &["y is an output of layer_norm_forward", "leave it out"]);
    refused("x", zeros(&[3]), &["x", "[3]", "expected [rows, cols] or [replicas, rows, cols]"]);
    refused("x", zeros(&[1, 1, 2, 3]), &["x", "[1, 1, 2, 3]", "expected [rows, cols]"]);
    refused("gamma", zeros(&[]), &["gamma", "[]", "expected [affine], [1, affine] or"]);
    refused("gamma", zeros(&[4]), &["beta has 3 where affine is 4 (from gamma)", "it reads x"]);
    refused("gamma", zeros(&[2, 3]), &["gamma has 2 where 1 is expected"]);
    refused("x", zeros(&[2, 4]), &["gamma has 3 columns, expected 1 or 4"]);
    refused("x", zeros(&[0, 3]), &["x", "[0, 3]", "1 or more"]);
    refused("gamma", zeros(&[0, 1, 3]), &["gamma", "[0, 1, 3]", "1 or more"]);
    for dtype in [Dtype::F64, Dtype::F16, Dtype::BF16, Dtype::I32, Dtype::BOOL] {
        let name = dtype.to_string();
        refused("beta", typed(dtype), &["beta", &name, "astype(\"float32\")", "beta.float()"]);
    }
}

#[test]
fn replicas_that_do_not_fit_are_refused() {
    let three = reals(&[3, 1, 2], &[0.0; 6]);
    let two = reals(&[2, 1, 2], &[0.0; 4]);
    let one = reals(&[2], &[0.0; 2]);
    let infer = |x, running, words: &[&str]| {
        let (gamma, beta) = (one.clone(), one.clone());
        let inputs = [("x", x), ("gamma", gamma), ("beta", beta), ("running", running)];
        refuses(&["batch_norm_infer"], &named(inputs), words);
    };
    let running = reals(&[2, 2, 2], &[1.0; 8]);
    infer(three, running, &["running has 2 replicas", "3"]);
    infer(two, reals(&[2, 2], &[1.0; 4]), &["running has 1 of 2 replicas"]);
}

#[test]
fn whole_numbers_out_of_range_are_refused() {
    let refused = |targets: TensorBytes, words: &[&str]| {
        refuses(&["softmax_cross_entropy"], &cross_entropy(targets), words);
    };
    refused(labels(&[2], &[1, -100]), &["targets is -100 at [0, 1, 0]", "from 0 to 4294967295"]);
    refused(labels(&[2], &[1 << 32, 0]), &["targets is 4294967296 at [0, 0, 0]"]);
    // The twin would look for a class that is not there.
    refused(labels(&[2], &[1, 3]), &["targets is 3 at [0, 1, 0]", "below classes = 3"]);
    refused(reals(&[2], &[1.0, 2.0]), &["targets", "F32", "astype(\"int64\")", "targets.long()"]);
}

#[test]
fn a_result_that_no_memory_holds_is_refused() {
    let long = |shape: &[usize]| reals(shape, &vec![0.0; 40_000]);
    let inputs = named([("a", long(&[40_000, 1])), ("b", long(&[1, 40_000]))]);
    refuses(&["matmul_nn"], &inputs, &["c would be [1, 40000, 40000]", "at most 1073741824"]);
}

#[test]
fn bad_flags_are_refused() {
    let refused = |flags: &[&str], words: &[&str]| {
        let all = [&["layer_norm_forward"], flags].concat();
        refuses(&all, &layer_norm(), words);
    };
    refused(&["--param", "eps=1"], &["takes no --param eps", "it takes epsilon"]);
    refused(&["--param", "epsilon=inf"], &["--param epsilon=inf", "finite"]);
    let twice = ["--param", "epsilon=1", "--param", "epsilon=2"];
    refused(&twice, &["--param epsilon is given twice"]);
    refused(&["--size", "cols=3"], &["takes no --size cols", "it takes none"]);
    refused(&["--variant", "sgd=warp"], &["sgd has no variant warp"]);
    refused(&["--shaders", "/no/such"], &["cannot read /no/such"]);
    refuses(&["matmul_nn", "--activation", "relu"], &bias(), &["--activation relu", "matmul_nn"]);
    // The parser's own message.
    for (flag, value) in [
        ("--param", "epsilon=tiny"),
        ("--param", "epsilon"),
        ("--param", "=1"),
        ("--size", "features=-1"),
        ("--activation", "swoosh"),
    ] {
        say(&["eval", "layer_norm_forward", flag, value]).refused(&[flag, value]);
    }
}

#[test]
fn what_is_left_out_is_asked_for() {
    say(&["eval"]).refused(&["the name of a kernel", "layer_norm_forward", "adam"]);
    say(&["eval", "layernorm"]).refused(&["no kernel is called layernorm", "layer_norm_forward"]);
    let inputs = "x f32[rows, cols], gamma f32[1, affine], beta f32[1, affine]";
    say(&["eval", "layer_norm_forward"]).refused(&["--input FILE.safetensors", inputs]);
    let ended = say(&["eval", "layer_norm_forward", "--input", "in.safetensors"]);
    ended.refused(&["--output FILE.safetensors", "z f32[rows, cols], y f32[rows, cols]"]);
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let folder = folder();
    let path = folder.path().join("in.safetensors");
    let refused = |words: &[&str]| {
        let ended = eval(folder.path(), &["layer_norm_forward"]);
        assert!(!entries(folder.path()).contains(&"out.safetensors".to_owned()));
        ended.refused(&[words, &["in.safetensors"]].concat());
    };
    refused(&["cannot read"]);
    write(&path, &layer_norm());
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 5, 60, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        refused(&["is not a complete safetensors file", "save_file"]);
    }
    std::fs::write(&path, "x,gamma,beta\n1,2,3\n").unwrap();
    refused(&["is not a complete safetensors file", "save_file"]);
}

#[test]
fn an_output_that_cannot_be_written_is_refused_first() {
    let folder = folder();
    let input = folder.path().join("in.safetensors");
    write(&input, &layer_norm());
    let before = std::fs::read(&input).unwrap();
    let refused = |output: &Path, words: &[&str]| {
        let mut command = normlab();
        command.args(["eval", "layer_norm_forward", "--device", "cpu", "--input"]).arg(&input);
        let ended = run(command.arg("--output").arg(output));
        assert_eq!(ended.stdout, "", "{ended:#?}");
        ended.refused(words);
        assert_eq!(std::fs::read(&input).unwrap(), before);
        assert_eq!(entries(folder.path()), ["in.safetensors"]);
    };
    refused(&folder.path().join("none/out.safetensors"), &["cannot create", "none"]);
    refused(&input.join("out.safetensors"), &["cannot create", "in.safetensors"]);
    refused(folder.path(), &["cannot create", "directory"]);
    refused(&input, &["--output", "is the input", "name another file"]);
    refused(&folder.path().join(".").join("in.safetensors"), &["is the input"]);
    if cfg!(target_os = "linux") {
        // Nobody may make files there, not even an administrator.
        refused(Path::new("/proc/out.safetensors"), &["cannot create /proc/out.safetensors"]);
    }
}

#[test]
fn an_older_output_is_replaced_whole_or_not_at_all() {
    let folder = folder();
    let [input, output] =
        ["in.safetensors", "out.safetensors"].map(|name| folder.path().join(name));
    std::fs::write(&output, "older").unwrap();
    write(&input, &bias());
    eval(folder.path(), &["layer_norm_forward"]).with(2);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "older");
    eval(folder.path(), &["bias_forward"]).with(0);
    assert_eq!(floats(&read(&output).0["z"]), [11.0, 18.0, 13.0, -20.0]);
    assert_eq!(entries(folder.path()), ["in.safetensors", "out.safetensors"]);
}

#[test]
fn nan_in_what_comes_out_is_told() {
    let x = reals(&[2, 2], &[1.0, f32::NAN, 3.0, 4.0]);
    let (said, ..) =
        evaluate(&["bias_forward"], &named([("x", x), ("bias", reals(&[2], &[0.0, 0.0]))]));
    assert!(said.contains("note: y: 1 of 4 elements are NaN"), "{said}");
}

#[test]
fn without_an_adapter_the_cpu_computes() {
    let folder = folder();
    write(&folder.path().join("in.safetensors"), &bias());
    let mut command = normlab_without_adapter();
    command.current_dir(folder.path()).args(["eval", "bias_forward", "--variant"]);
    command.args(["bias_forward=naive", "--input", "in.safetensors", "--output", "out"]);
    let ended = run(&mut command).with(0);
    assert!(ended.stdout.contains("Using the CPU engine"), "{ended:#?}");
    assert!(ended.stdout.contains("the CPU engine runs no shaders"), "{ended:#?}");
    assert_eq!(floats(&read(&folder.path().join("out")).0["z"]), [11.0, 18.0, 13.0, -20.0]);
}

#[test]
fn help_lists_kernels_as_their_contracts_have_them() {
    let all = say(&["eval", "--help"]).with(0).stdout;
    for kernel in kernels::ALL {
        let own = say(&["eval", kernel.name(), "--help"]).with(0).stdout;
        for text in [&all, &own] {
            assert!(text.contains("Usage: normlab eval") && text.contains("--input"), "{text}");
            assert!(text.contains(&format!("\n{}: ", kernel.name())), "{text}");
            for operand in kernel.contract.operands {
                assert!(text.contains(&operand.to_string()), "{operand} is not in {text}");
            }
            for parameter in kernel.contract.parameters {
                let flag = format!("--param {}={:?}", parameter.name, parameter.default);
                assert!(text.contains(&flag), "{flag} is not in {text}");
            }
        }
        let others = kernels::ALL.iter().filter(|other| other.name() != kernel.name());
        for other in others {
            assert!(!own.contains(&format!("\n{}: ", other.name())), "{own}");
        }
    }
    assert!(all.contains("--size features=NUMBER"));
    assert_eq!(say(&["help", "eval"]).with(0).stdout.trim_end(), all.trim_end());
    say(&["eval", "layernorm", "--help"]).refused(&["no kernel is called layernorm"]);
}
