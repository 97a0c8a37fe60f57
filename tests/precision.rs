//! Mixed precision: that it must be requested, and is refused with a reason, how strictly it is judged, and
//! that a network trains with it. Trials that need an adapter, or cooperative matrices, are ignored, with the
//! reason, where there are none.

use crate::support::gpu::{self, Gpu, done, on_gpu};
use crate::support::program::{folder, normlab_without_adapter, run, say, summary, text};
use crate::support::trial::Trial;
use libtest_mimic::Completion;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::twins::evaluate;
use normlab::check::{check, judge};
use normlab::kernels::cases::{Case, Fill};
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::precision::Precision;
use normlab::kernels::{matmul_nn, matmul_nt, matmul_tn};
use normlab::program::Program;
use normlab::tensor::{Tensor, Value};
use std::path::Path;

const PRODUCTS: [&Kernel; 3] = [&matmul_nn::KERNEL, &matmul_nt::KERNEL, &matmul_tn::KERNEL];

/// A training of seconds, also where a driver computes cooperative matrices on the CPU.
const TRAINING: [&str; 9] = [
    "train",
    "--hidden",
    "40,24",
    "--norm",
    "batch,none",
    "--activation",
    "relu",
    "--steps",
    "400",
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("shaders::both_sizes_are_one_text", done(one_text)),
        Trial::test("parity::is_as_strict_as_f16_allows", done(strict)),
        Trial::test("refused::the_cpu_engine", done(cpu_engine)),
        Trial::test("refused::no_adapter", done(no_adapter)),
        on_gpu("refused::an_adapter_without_it", |_| lacking()),
        on_gpu("f32::never_takes_it", never_by_itself),
        mixed("mixed::takes_it_unless_told_otherwise", taken),
        mixed("mixed::products_are_not_fused", not_fused),
        mixed("mixed::magnitudes_do_not_matter", magnitudes),
        mixed("mixed::wider_workgroups_are_right", wider),
        mixed("mixed::a_network_learns_as_in_f32", |_| learns()),
    ]
}

/// A trial on an adapter that is open for mixed precision.
fn mixed(name: &str, check: fn(&mut GpuBackend)) -> Trial {
    Trial::ignorable_test(name, move || match gpu::open_in(Precision::Mixed)? {
        Gpu::Open(mut backend) => {
            check(&mut backend);
            Ok(Completion::Completed)
        }
        Gpu::Missing(reason) => Ok(Completion::ignored_with(reason)),
    })
}

/// The code of the variant for matrices of this side, with everything it shares, as if the side were 8.
fn code(kernel: &Kernel, side: u32) -> String {
    let name = format!("cooperative_{side}");
    let source = kernel.shaders.iter().find(|source| source.variant == name).unwrap();
    let text = source.composed();
    let code = text.lines().filter(|line| !line.starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    code.replace(&format!("coop_mat{side}x{side}"), "coop_mat8x8")
        .replace(&format!("SIDE: u32 = {side}u"), "SIDE: u32 = 8u")
}

/// WGSL has the side in the names of its types, so there are two files, which must change together.
fn one_text() {
    for kernel in PRODUCTS {
        assert_eq!(code(kernel, 8), code(kernel, 16), "{}", kernel.name());
    }
}

/// Rounded operands are good in mixed precision and not in f32; an element that is off by 2 % of the
/// usual one is good in neither, however many products it is the sum of.
fn strict() {
    let kernel = &matmul_nn::KERNEL;
    for k in [1, 31, 784] {
        let case = Case::new(&[("m", 20), ("k", k), ("n", 30)]);
        let (sizes, inputs) =
            (case.sizes(&kernel.contract).unwrap(), case.inputs(&kernel.contract).unwrap());
        let mut program = Program::default();
        let operands = kernel.contract.operands.iter();
        let tensors: Vec<_> =
            operands.map(|one| program.tensor(one.name, sizes.shape(one))).collect();
        let dispatch = program.dispatch_case("product", kernel, &case, &tensors).unwrap();
        let good = |found: &Tensor<f32>, precision| {
            let judged = judge(&dispatch, &inputs, &[Value::Real(found.clone())], precision);
            judged[0].verdict.passes()
        };
        let rounded = Precision::Mixed.operands(&inputs);
        let Value::Real(mut c) = evaluate::<f32>(&dispatch, &rounded).remove(0) else { panic!() };
        assert!(good(&c, Precision::Mixed) && !good(&c, Precision::F32), "k = {k}");
        c.data[123] += 0.02 * (k as f32).sqrt();
        assert!(!good(&c, Precision::Mixed), "k = {k}");
    }
}

fn cpu_engine() {
    let words = ["--precision mixed: the CPU engine computes in f32"];
    say(&["train", "--precision", "mixed", "--device", "cpu"]).refused(&words);
    let out = folder();
    let file = out.path().join("mine.toml");
    std::fs::write(&file, "precision = \"mixed\"\n").unwrap();
    say(&["train", file.to_str().unwrap(), "--device", "cpu"]).refused(&words);
    std::fs::write(&file, "precision = \"half\"\n").unwrap();
    say(&["train", file.to_str().unwrap()]).refused(&["no precision is called half", "f32, mixed"]);
}

/// Nothing falls back to f32 silently.
fn no_adapter() {
    let words = ["--precision mixed: the CPU engine computes in f32", "no Vulkan, Metal or DX12"];
    run(normlab_without_adapter().args(["lesson", "--precision", "mixed"])).refused(&words);
}

/// Every command refuses an adapter that lacks it, naming the adapter, and the variants are listed.
fn lacking() {
    let Gpu::Missing(reason) = gpu::open_in(Precision::Mixed).unwrap() else { return };
    assert!(reason.contains("--precision mixed: the adapter "), "{reason}");
    assert!(reason.contains("has no cooperative matrices (tensor cores)"), "{reason}");
    let mixed = ["--precision", "mixed"];
    for command in [&["train"][..], &["check", "matmul_nn"], &["bench", "matmul_nn"]] {
        say(&[command, &mixed].concat()).refused(&[&reason]);
    }
    let skipped = "the adapter has no cooperative matrices of 16 x 16";
    for command in [&["check", "matmul_nn"][..], &["shaders", "list"], &["devices"]] {
        let ended = say(command).with(0);
        assert!(ended.stdout.contains(skipped), "{ended:#?}");
    }
}

fn cooperative(kernel: &Kernel) -> impl Iterator<Item = &'static str> {
    let names = kernel.shaders.iter().map(|source| source.variant);
    names.filter(|name| name.starts_with("cooperative"))
}

fn never_by_itself(backend: &mut GpuBackend) {
    for kernel in PRODUCTS {
        let usual = backend.selection().variant(kernel).unwrap();
        assert!(!usual.starts_with("cooperative"), "{usual}");
        for name in cooperative(kernel) {
            let reason =
                backend.selection().lacks(kernel, name).unwrap().expect("it is not open for this");
            let known = ["has no cooperative matrices", "its precision is mixed"];
            assert!(known.iter().any(|words| reason.contains(words)), "{reason}");
            let refused = backend.choose_variant(kernel, name).unwrap_err();
            assert_eq!(refused.exit_status(), 2, "{refused}");
        }
    }
}

fn taken(backend: &mut GpuBackend) {
    for kernel in PRODUCTS {
        let usual = backend.selection().variant(kernel).unwrap();
        assert!(usual.starts_with("cooperative"), "{usual}");
        backend.choose_variant(kernel, "naive").unwrap();
        assert_eq!(backend.selection().variant(kernel).unwrap(), "naive");
    }
}

/// No fused kernel has such a variant, so none replaces a product.
fn not_fused(backend: &mut GpuBackend) {
    assert_eq!(backend.fusion().unwrap().names(), ["output"]);
    let mut library = Library::default();
    library.choose("matmul_bias_forward=naive").unwrap();
    backend.use_library(library);
    assert_eq!(backend.fusion().unwrap().names(), ["output", "layer"]);
}

/// Far beyond what f16 holds, far below, and both in one tensor.
fn magnitudes(backend: &mut GpuBackend) {
    let fills = [
        (Fill::Normal(0.0, 1e-20), Fill::Normal(0.0, 1.0)),
        (Fill::Normal(0.0, 1e-15), Fill::Normal(0.0, 1e-15)),
        (Fill::Normal(0.0, 1e9), Fill::Normal(0.0, 1e-12)),
        (Fill::Normal(1e9, 1e9), Fill::Extreme(1e25)),
        (Fill::Uniform(0.0, 1.0), Fill::Uniform(0.0, 1e-6)),
        (Fill::Count(0), Fill::Normal(0.0, 1.0)),
    ];
    for kernel in PRODUCTS {
        for (a, b) in fills {
            let case = Case::new(&[("m", 35), ("k", 70), ("n", 41)]).fill("a", a).fill("b", b);
            let outcome = check(backend, kernel, &case).unwrap();
            assert_eq!(outcome.complaints(), Vec::<String>::new(), "{}", case.describe());
        }
    }
}

/// For an adapter whose subgroups may have 64 lanes.
fn wider(backend: &mut GpuBackend) {
    let mut library = Library::default();
    for kernel in PRODUCTS {
        library.tune(&format!("{}.LANES=64", kernel.name())).unwrap();
    }
    backend.use_library(library);
    for kernel in PRODUCTS {
        let variant = backend.selection().variant(kernel).unwrap();
        assert!(variant.starts_with("cooperative"), "{variant}");
        for case in (kernel.cases)() {
            let outcome = check(backend, kernel, &case).unwrap();
            assert_eq!(outcome.complaints(), Vec::<String>::new(), "{}", case.describe());
        }
    }
}

/// The accuracies are within two points, every comparison in lockstep is good, and the weights are
/// f32: f16 cannot represent most of them.
fn learns() {
    let [f32, mixed] = ["f32", "mixed"].map(|precision| {
        let out = folder();
        let path = out.path().join("run");
        let more = ["--precision", precision, "--device", "gpu", "--out", path.to_str().unwrap()];
        let said = say(&[&TRAINING[..], &more].concat()).with(0);
        let told = said.stdout.contains("products in mixed precision");
        assert_eq!(told, precision == "mixed", "{said:#?}");
        assert!(text(&path, "experiment.toml").contains(&format!("precision = \"{precision}\"")));
        let masters = share_beyond_f16(&path);
        assert!(masters > 0.9, "{masters} of the weights are none of f16's");
        summary(&path)
    });
    assert!(mixed.parity.failures.is_empty() && mixed.parity.compared > 0);
    let variants = mixed.shaders.iter().filter(|one| one.kernel.starts_with("matmul"));
    assert!(variants.clone().all(|one| one.variant.starts_with("cooperative")));
    assert_eq!(variants.count(), PRODUCTS.len());
    for (usual, mixed) in f32.runs.iter().zip(&mixed.runs) {
        let (usual, found) = (usual.test_accuracy.unwrap(), mixed.test_accuracy.unwrap());
        assert!((usual - found).abs() <= 0.02, "{}: {found}, {usual} in f32", mixed.name);
        assert!(found > 0.5, "{}: {found} says little", mixed.name);
    }
}

/// The share of a run's weights that f16 would round.
fn share_beyond_f16(run: &Path) -> f64 {
    let bytes = std::fs::read(run.join("weights.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weights = file.iter().filter(|(name, _)| name.ends_with("weight"));
    let (mut all, mut beyond) = (0, 0);
    for (_, weight) in weights {
        assert_eq!(weight.dtype(), safetensors::Dtype::F32);
        let data: Vec<f32> = bytemuck::pod_collect_to_vec(weight.data());
        all += data.len();
        // The 13 bits of a significand that f16 has not.
        beyond += data.iter().filter(|x| x.to_bits() & 0x1fff != 0).count();
    }
    beyond as f64 / all as f64
}
