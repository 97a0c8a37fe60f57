//! User-supplied activations, and other values of tunables. Trials that need a GPU are
//! ignored, with the reason, where there is none.

use crate::support::gpu::{done, on_gpu};
use crate::support::program::{
    evaluations, folder, normlab_without_adapter, run, say, summary, text,
};
use crate::support::trial::Trial;
use normlab::backend::gpu::GpuBackend;
use normlab::check::check;
use normlab::gradient_check;
use normlab::kernels;
use normlab::kernels::activation::Activation;
use normlab::kernels::library::Library;
use std::fs;
use std::path::Path;

/// The activation of tests/own/, which has no twin in Rust.
const GELU: &str = "tests/own/gelu.wgsl";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("activation::is_read_as_its_file_says", done(is_read)),
        Trial::test("activation::its_file_stands_in_the_experiment", done(is_recorded)),
        Trial::test("activation::two_of_one_name_are_refused", done(two_of_one_name)),
        Trial::test("activation::trains_without_an_adapter", done(trains_without_an_adapter)),
        on_gpu("activation::shipped_gradients_are_slopes", shipped_gradients_are_slopes),
        on_gpu("activation::a_gradient_with_a_fault_is_found", faults_are_found),
        on_gpu("activation::kernels_agree_with_their_twins", kernels_agree),
        on_gpu("activation::trains_as_well_as_a_shipped_one", |_| trains()),
        on_gpu("tunables::every_choice_is_right", every_choice_is_right),
        on_gpu("tunables::a_value_is_set_and_recorded", |_| a_value_is_recorded()),
    ]
}

fn gelu() -> Activation {
    Activation::read(Path::new(GELU)).unwrap()
}

/// gelu(1) and its slope, to ten digits, from its formula by an arbitrary-precision calculator.
fn is_read() {
    let gelu = gelu();
    assert_eq!(gelu.name(), "gelu");
    assert!((gelu.activate(1.0_f64) - 0.841_191_990_6).abs() < 1e-8);
    let slope = (gelu.activate(1.0_f64 + 1e-6) - gelu.activate(1.0 - 1e-6)) / 2e-6;
    assert!((gelu.activation_gradient(1.0_f64) - slope).abs() < 1e-8);
    assert_eq!(GELU.parse::<Activation>().unwrap(), gelu);
}

/// A run with a user-supplied activation can be repeated and reported again from its record, from any folder,
/// whatever became of the activation's file.
fn is_recorded() {
    let folder = folder();
    let file = folder.path().join("mine.wgsl");
    fs::copy(GELU, &file).unwrap();
    let first = folder.path().join("first");
    let train = |arguments: &[&str], out: &Path| {
        let small = ["--device", "cpu", "--out", out.to_str().unwrap()];
        say(&[&["train"], arguments, &small].concat()).with(0);
    };
    let activations = format!("{},relu", file.display());
    let network = ["--steps", "3", "--hidden", "8", "--norm", "none"];
    train(&[&["--activation", &activations], &network[..]].concat(), &first);
    let experiment = text(&first, "experiment.toml");
    let whole = std::path::absolute(&file).unwrap();
    assert!(experiment.contains(whole.to_str().unwrap()), "{experiment}");
    assert_eq!(summary(&first).runs[0].name, "mine-none");
    fs::remove_file(&file).unwrap();
    let again = folder.path().join("again");
    train(&[first.join("experiment.toml").to_str().unwrap()], &again);
    let weights = |run: &Path| fs::read(run.join("weights.safetensors")).unwrap();
    assert_eq!(weights(&first), weights(&again));
    assert_eq!(text(&again, "experiment.toml"), experiment);
    say(&["report", first.to_str().unwrap()]).with(0);
}

/// Records distinguish networks by name.
fn two_of_one_name() {
    let folder = folder();
    let other = folder.path().join("gelu.wgsl");
    fs::copy(GELU, &other).unwrap();
    let both = format!("{GELU},{}", other.display());
    say(&["train", "--activation", &both]).refused(&["activation is a list with repetitions"]);
    let relu = folder.path().join("relu.wgsl");
    fs::copy(GELU, &relu).unwrap();
    say(&["train", "--activation", relu.to_str().unwrap()])
        .refused(&["relu.wgsl has the name of a shipped activation", "rename the file"]);
}

/// The file's own formula computes where there is no GPU.
fn trains_without_an_adapter() {
    let folder = folder();
    let out = folder.path().join("out");
    let arguments = ["train", "--activation", GELU, "--steps", "150", "--depth", "1", "--out"];
    run(normlab_without_adapter().args(arguments).arg(&out)).with(0);
    let last = evaluations(&out).pop().unwrap();
    assert!(last.test_accuracy > 0.7, "{last:?}");
}

fn shipped_gradients_are_slopes(backend: &mut GpuBackend) {
    for activation in Activation::ALL {
        let found = gradient_check::check(backend, activation).unwrap();
        assert_eq!(found.complaint(), None, "{}", activation.name());
        let kinks: &[f32] = if activation == Activation::Relu { &[0.0] } else { &[] };
        assert_eq!(found.kinks, kinks, "{}", activation.name());
    }
}

/// Faults in the gradient of gelu, each of which is wrong at some x.
fn faults_are_found(backend: &mut GpuBackend) {
    let right = fs::read_to_string(GELU).unwrap();
    let faults = [
        ("0.5 * (1.0 + t)", "0.5 * (1.0 - t)"),
        ("(1.0 - t * t)", "(1.0 - t)"),
        ("0.134145", "0.044715"),
        ("0.134145", "0.135"),
        ("+ 0.5 * x", "+ 0.5"),
        ("return 0.5 * (1.0 + t)", "return 0.001 + 0.5 * (1.0 + t)"),
    ];
    let folder = folder();
    for (number, (from, to)) in faults.into_iter().enumerate() {
        let (before, gradient) = right.split_at(right.find("fn activation_gradient").unwrap());
        assert!(gradient.contains(from), "{from} is not in {GELU}");
        let path = folder.path().join(format!("fault{number}.wgsl"));
        fs::write(&path, format!("{before}{}", gradient.replacen(from, to, 1))).unwrap();
        let found = gradient_check::check(backend, Activation::read(&path).unwrap()).unwrap();
        let said = found.complaint().unwrap_or_else(|| panic!("{from} → {to} was not found"));
        assert!(said.contains("at x = "), "{said}");
    }
    let found = gradient_check::check(backend, gelu()).unwrap();
    assert_eq!(found.complaint(), None);
}

fn kernels_agree(backend: &mut GpuBackend) {
    for kernel in kernels::ALL.into_iter().filter(|kernel| kernel.contract.activation) {
        for case in (kernel.cases)() {
            let outcome = check(backend, kernel, &case.activation(gelu())).unwrap();
            assert!(outcome.passes(), "{:?}", outcome.complaints());
        }
    }
}

/// On the GPU, in lockstep with the CPU: the reference is the file's own formula.
fn trains() {
    let folder = folder();
    let out = folder.path().join("out");
    let path = out.to_str().unwrap();
    let norms = ["--norm", "none,batch,layer", "--steps", "150", "--depth", "2"];
    say(&[&["train", "--activation", GELU, "--out", path], &norms[..]].concat()).with(0);
    let summary = summary(&out);
    assert!(summary.parity.failures.is_empty() && summary.parity.compared > 100);
    for run in &summary.runs {
        assert!(run.test_accuracy > Some(0.7), "{run:?}");
    }
    let composed = summary.shaders.iter().filter_map(|shader| shader.activation.as_deref());
    assert!(composed.collect::<Vec<_>>().contains(&"gelu"));
}

fn every_choice_is_right(backend: &mut GpuBackend) {
    let mut tried = 0;
    for kernel in kernels::ALL {
        for source in kernel.shaders {
            if backend.selection().lacks(kernel, source.variant).unwrap().is_some() {
                continue;
            }
            let shader = Library::default().shader(kernel, source.variant, Activation::Relu);
            for tunable in shader.unwrap().tunables {
                for choice in tunable.choices {
                    let mut library = Library::default();
                    library.choose(&format!("{}={}", kernel.name(), source.variant)).unwrap();
                    let setting = format!("{}.{}={choice}", kernel.name(), tunable.name);
                    library.tune(&setting).unwrap();
                    backend.use_library(library);
                    if backend.selection().lacks(kernel, source.variant).unwrap().is_some() {
                        continue;
                    }
                    for case in (kernel.cases)() {
                        let outcome = check(backend, kernel, &case).unwrap();
                        assert!(outcome.passes(), "{setting}: {:?}", outcome.complaints());
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 50, "only {tried} values were tried");
}

fn a_value_is_recorded() {
    let folder = folder();
    let out = folder.path().join("out");
    let path = out.to_str().unwrap();
    let small = ["--steps", "2", "--hidden", "8", "--tunable", "sgd.INVOCATIONS=64", "--out", path];
    say(&[&["train"], &small[..]].concat()).with(0);
    let summary = summary(&out);
    let sgd = summary.shaders.iter().find(|shader| shader.kernel == "sgd").unwrap();
    assert_eq!(sgd.tunables.get("INVOCATIONS"), Some(&64));
    assert_eq!(sgd.tunables.get("TILE_COUNT"), Some(&1024));
}
