//! `normlab eval` on an adapter, compared with the twins, and from Python, as docs/shaders.md shows it.
//! Trials that need a GPU or Python's packages are ignored, with the reason, where there are none.

use crate::support::gpu::on_gpu;
use crate::support::program::{Ended, entries, folder, normlab, run, text};
use crate::support::tensors::{Tensors, floats, named, read, wholes, write};
use crate::support::trial::Trial;
use libtest_mimic::{Completion, Failed};
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::backend::gpu::GpuBackend;
use normlab::check::judge;
use normlab::eval::{Options, Request};
use normlab::files::TensorBytes;
use normlab::kernels::cases::Case;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::precision::Precision;
use normlab::kernels::{self, bias_forward};
use normlab::tensor::{Shape, Tensor, Value};
use std::path::Path;
use std::process::Command;

/// Cases of each kernel that are tried.
const CASES: usize = 4;

/// Names the Python to run the example of docs/shaders.md with; otherwise it is `python3`.
const PYTHON: &str = "NORMLAB_PYTHON";

/// The guide to shaders, and its section with the example.
const GUIDE: &str = "docs/shaders.md";
const SECTION: &str = "## Compare a kernel with your own framework";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        on_gpu("gpu::a_tensor_that_replicas_share_is_read_by_all", shared),
        on_gpu("gpu::a_write_outside_a_tensor_is_told", |_| outside()),
        on_gpu("gpu::what_is_never_written_is_nan", |_| unwritten()),
        Trial::ignorable_test("guide::python_agrees_with_the_kernel", python),
    ];
    for kernel in kernels::ALL {
        let name = format!("{}_agrees_with_its_twin", kernel.name());
        trials.push(Trial::test(format!("cpu::{name}"), move || {
            agrees(&mut CpuBackend, kernel);
            Ok(())
        }));
        trials.push(on_gpu(format!("gpu::{name}"), move |gpu| agrees(gpu, kernel)));
    }
    trials
}

/// The first cases of a kernel, from one file into another.
fn agrees(backend: &mut dyn Backend, kernel: &'static Kernel) {
    for case in (kernel.cases)().iter().take(CASES) {
        let outputs = evaluate(backend, kernel, case, &case.inputs(&kernel.contract).unwrap());
        for (name, tensor) in outputs {
            assert_eq!(tensor.shape.len(), 3, "{name} of {}", kernel.name());
        }
    }
}

/// Writes the inputs, runs the kernel on them, reads the results and compares them with the twin.
fn evaluate(
    backend: &mut dyn Backend,
    kernel: &'static Kernel,
    case: &Case,
    inputs: &[Option<Value<f32>>],
) -> Tensors {
    let folder = folder();
    let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
    let operands = kernel.contract.operands.iter().zip(inputs);
    let file = operands.filter_map(|(operand, input)| {
        input.as_ref().map(|input| (operand.name.to_owned(), bytes_of(input)))
    });
    write(&input, &file.collect());
    let parameters = kernel.contract.parameters.iter().map(|known| known.name.to_owned());
    let sizes = kernel.contract.explicit_sizes().into_iter();
    let options = Options {
        activation: kernel.contract.activation.then_some(case.activation),
        parameters: parameters.zip(case.parameters(&kernel.contract)).collect(),
        sizes: sizes.map(|name| (name.to_owned(), case.size(name))).collect(),
    };
    let request = Request::read(kernel, &input, &options).unwrap();
    let dispatch = request.dispatch();
    assert_eq!(dispatch.parameters, case.parameters(&kernel.contract));
    assert_eq!(dispatch.sizes, case.sizes(&kernel.contract).unwrap());
    let results = request.run(backend).unwrap();
    results.write(&output).unwrap();
    let (outputs, metadata) = read(&output);
    assert_eq!(metadata["variant"], results.variant());
    assert_eq!(metadata.contains_key("shader_sha256"), !backend.adapter().is_cpu_engine());
    let found = results.outputs.iter().map(|one| value_like(&outputs[one.name], &one.value));
    for judgement in judge(dispatch, inputs, &found.collect::<Vec<_>>(), Precision::F32) {
        assert!(judgement.verdict.passes(), "{}", judgement.describe());
    }
    outputs
}

/// A row for each of three replicas, and one bias for all of them.
fn shared(backend: &mut GpuBackend) {
    let x: Vec<f32> = (0..15).map(|i| i as f32).collect();
    let bias: Vec<f32> = (1..=5).map(|i| 100.0 * i as f32).collect();
    let real = |shape, data: &[f32]| Some(Value::Real(Tensor::new(shape, data.to_vec())));
    let inputs = [real(Shape::new(3, 1, 5), &x), real(Shape::matrix(1, 5), &bias), None, None];
    let case = Case::new(&[("rows", 1), ("cols", 5)]).replicas(3);
    let outputs = evaluate(backend, &bias_forward::KERNEL, &case, &inputs);
    let expected: Vec<f32> = x.iter().zip(bias.iter().cycle()).map(|(x, bias)| x + bias).collect();
    assert_eq!(floats(&outputs["z"]), expected);
}

/// Runs the program on `bias_forward` with another line in place of the one that writes `z`.
fn with_fault(folder: &Path, line: &str) -> Ended {
    let shader = bias_forward::KERNEL.shaders[0].text;
    let right = "z[at] = sum;";
    assert!(shader.contains(right), "{shader}");
    std::fs::write(folder.join("mine.wgsl"), shader.replace(right, line)).unwrap();
    let inputs = named([
        ("x", TensorBytes::reals(&[2, 3], &[1.0; 6])),
        ("bias", TensorBytes::reals(&[3], &[1.0; 3])),
    ]);
    write(&folder.join("in"), &inputs);
    let mut command = normlab();
    command.current_dir(folder).args(["eval", "bias_forward", "--device", "gpu", "--input", "in"]);
    run(command.args(["--output", "out", "--variant", "bias_forward=mine.wgsl"]))
}

fn outside() {
    let folder = folder();
    let ended = with_fault(folder.path(), "z[at + 1u] = sum;").with(1);
    for word in ["error: bias_forward", "tensor z", "element 6", "outside the tensor"] {
        assert!(ended.stderr.contains(word), "{word:?} is not in {ended:#?}");
    }
    assert_eq!(entries(folder.path()), ["in", "mine.wgsl"]);
}

fn unwritten() {
    let folder = folder();
    let ended = with_fault(folder.path(), "if (at != 4u) { z[at] = sum; }").with(0);
    assert!(ended.stdout.contains("note: z: 1 of 6 elements are NaN"), "{ended:#?}");
    let (outputs, metadata) = read(&folder.path().join("out"));
    let nans = floats(&outputs["z"]).iter().map(|x| x.is_nan()).collect::<Vec<_>>();
    assert_eq!(nans, [false, false, false, false, true, false]);
    assert_eq!(metadata["variant"], "mine.wgsl");
}

/// Runs the example of docs/shaders.md and reads the difference that it prints.
fn python() -> Result<Completion, Failed> {
    let python = std::env::var(PYTHON).unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import torch, safetensors.torch"]).output();
    if !has.is_ok_and(|ended| ended.status.success()) {
        let reason = format!("{python} has no torch and safetensors; {PYTHON} names another");
        return Ok(Completion::ignored_with(reason));
    }
    let folder = folder();
    std::fs::write(folder.path().join("example.py"), example()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_normlab")).parent().unwrap().to_owned();
    let mut path = vec![program];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new(&python);
    command.arg("example.py").current_dir(folder.path());
    let ended = run(command.env("PATH", std::env::join_paths(path).unwrap())).with(0);
    let difference =
        ended.stdout.lines().find_map(|line| line.strip_prefix("largest difference: "));
    let difference: f64 = difference.unwrap_or_else(|| panic!("{ended:#?}")).parse().unwrap();
    assert!((0.0..1e-5).contains(&difference), "{ended:#?}");
    assert!(ended.stdout.contains("kernel: layer_norm_forward"), "{ended:#?}");
    Ok(Completion::Completed)
}

/// The example's lines: the first indented block of its section.
fn example() -> String {
    let guide = text(Path::new(env!("CARGO_MANIFEST_DIR")), GUIDE);
    let section = guide.lines().skip_while(|line| *line != SECTION);
    let block = section.skip_while(|line| !line.starts_with("    "));
    let block = block.take_while(|line| line.is_empty() || line.starts_with("    "));
    let lines = block.map(|line| line.strip_prefix("    ").unwrap_or_default());
    let example = lines.collect::<Vec<_>>().join("\n");
    assert!(example.contains("layer_norm"), "{GUIDE} has no example under {SECTION}");
    example
}

/// Any value, with three axes.
fn bytes_of(value: &Value<f32>) -> TensorBytes {
    let shape = [value.shape().replicas, value.shape().rows, value.shape().cols];
    match value {
        Value::Real(tensor) => TensorBytes::reals(&shape, &tensor.data),
        Value::Index(tensor) => TensorBytes::indices(&shape, &tensor.data),
    }
}

/// The tensor as a value of the shape and type of `like`.
fn value_like(tensor: &TensorBytes, like: &Value<f32>) -> Value<f32> {
    match like {
        Value::Real(like) => Value::Real(Tensor::new(like.shape, floats(tensor))),
        Value::Index(like) => Value::Index(Tensor::new(like.shape, wholes(tensor))),
    }
}
