//! Override constants in shaders: the host uses their default values wherever it reads a shader. Trials that
//! need a GPU are ignored, with the reason, where there is none.

use crate::support::folders::put;
use crate::support::gpu::{done, on_gpu};
use crate::support::program::{folder, say, summary};
use crate::support::trial::Trial;
use normlab::check::check;
use normlab::kernels::activation::Activation;
use normlab::kernels::composition::{Composition, Part};
use normlab::kernels::contract::Sizes;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::shader::Shader;
use normlab::kernels::{layer_norm_forward, sgd};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("host::defaults_count_in_sizes_tiles_and_grids", done(defaults_count)),
        Trial::test("host::what_has_no_value_is_refused_by_name", done(are_refused)),
        Trial::test("host::bindings_are_held_where_main_reads_none", done(bindings_are_held)),
        on_gpu("gpu::every_form_is_right", every_form_is_right),
        on_gpu("gpu::one_is_checked_tuned_and_trained_with", |_| is_used()),
    ]
}

/// The shipped text with its constants declared otherwise.
fn declared(constants: &str) -> String {
    let text = sgd::KERNEL.shaders[0].text;
    let lines = text.lines().filter(|line| !line.starts_with("const "));
    lines.collect::<Vec<_>>().join("\n") + "\n" + constants
}

fn parsed(kernel: &'static Kernel, text: &str) -> Result<Shader, String> {
    let own = Part { place: "mine.wgsl".to_owned(), text: text.to_owned().into(), ships: false };
    let identity = Part::shipped("activations", "identity", Activation::Identity.shader());
    let texts = Composition::new(own, |_| unreachable!("it shares nothing"))
        .unwrap()
        .and_activation(identity)
        .unwrap();
    let activation = kernel.contract.activation.then_some(Activation::Identity);
    let shader = Shader::parse(&kernel.contract, "mine", &texts, activation);
    shader.map_err(|error| error.to_string())
}

/// Declarations of the constants of sgd, each with 64 invocations that cover 256 parameters.
const FORMS: [&str; 7] = [
    "override INVOCATIONS: u32 = 64u; override TILE_COUNT: u32 = 256u;",
    "@id(7) override INVOCATIONS: u32 = 64; @id(8) override TILE_COUNT: u32 = 256;",
    "override INVOCATIONS: u32 = 64u; override TILE_COUNT: u32 = 4u * INVOCATIONS;",
    "const LEAST = 16u; override MORE: u32 = 2u; override INVOCATIONS: u32 = LEAST * (MORE + MORE); \
     override TILE_COUNT: u32 = INVOCATIONS << MORE;",
    "override WIDE: bool = true; override INVOCATIONS: u32 = select(32u, 64u, WIDE); \
     override TILE_COUNT: u32 = 256u;",
    "const INVOCATIONS: u32 = 64u; override TILE_COUNT: u32 = 256u;",
    "override INVOCATIONS: u32 = 64u; const TILE_COUNT: u32 = 256u;",
];

fn defaults_count() {
    for form in FORMS {
        let shader = parsed(&sgd::KERNEL, &declared(form)).unwrap();
        assert_eq!((shader.workgroup_size, shader.tile[0]), ([64, 1, 1], 256), "{form}");
        let sizes = Sizes::new(&sgd::KERNEL.contract, 1, &[("count", 70_001)]).unwrap();
        assert_eq!(shader.grid(&sizes).unwrap(), [274, 1, 1], "{form}");
    }
    // Without a declared tile, items are the invocations; and a tile that main does not read counts.
    let lanes = layer_norm_forward::KERNEL.shaders.iter().find(|one| one.variant == "lanes");
    let lanes = lanes.unwrap().text.replace("const ", "override ");
    let shipped = parsed(&layer_norm_forward::KERNEL, &lanes.replace("override ", "const "));
    let (shader, shipped) =
        (parsed(&layer_norm_forward::KERNEL, &lanes).unwrap(), shipped.unwrap());
    assert_eq!(shader.workgroup_memory(), shipped.workgroup_memory());
    assert!(shipped.workgroup_memory() > 0);
    assert_eq!((shader.tile, shader.workgroup_size), (shipped.tile, shipped.workgroup_size));
    assert_eq!(shader.tuned(), shipped.tuned());
    let unread = "struct Params { count: u32, momentum: f32 } override TILE_COUNT: u32 = 512u; \
                  @compute @workgroup_size(8) fn main() {}";
    assert_eq!(parsed(&sgd::KERNEL, unread).unwrap().tile[0], 512);
}

fn are_refused() {
    let refused = |form: &str, words: &[&str]| {
        let said = parsed(&sgd::KERNEL, &declared(form)).err().unwrap_or_default();
        for word in [&["mine.wgsl"], words].concat() {
            assert!(said.contains(word), "{word} is not in what {form} gives: {said}");
        }
    };
    let tile = "override TILE_COUNT: u32 = 256u;";
    let without = ["INVOCATIONS has no default value", "`override INVOCATIONS: u32 = 32u;`"];
    refused(&format!("override INVOCATIONS: u32; {tile}"), &without);
    refused(&format!("@id(3) override INVOCATIONS: u32; {tile}"), &without);
    let indirect = format!("override LANES: u32; override INVOCATIONS: u32 = 2u * LANES; {tile}");
    refused(&indirect, &["LANES has no default value"]);
    refused(
        &format!("override INVOCATIONS: u32 = 0u; {tile}"),
        &["has 0 invocations along an axis"],
    );
    let invocations = "override INVOCATIONS: u32 = 64u;";
    let no_tile = ["TILE_COUNT is not a u32 above 0", "`override TILE_COUNT: u32 = 32u;`"];
    refused(&format!("{invocations} override TILE_COUNT: u32 = 0u;"), &no_tile);
    refused(&format!("{invocations} override TILE_COUNT: u32;"), &["TILE_COUNT has no default"]);
    let divided = "override NONE: u32 = 0u; override TILE_COUNT: u32 = 8u / NONE;";
    refused(&format!("{invocations} {divided}"), &["Division by zero"]);
}

/// Bindings are checked against the contract, even if `main` reads none of them.
fn bindings_are_held() {
    let text = "override LANES: u32 = 8u; @group(0) @binding(1) var<storage, read> q: array<f32>; \
                @compute @workgroup_size(LANES) fn main() {}";
    let said = parsed(&sgd::KERNEL, text).err().unwrap_or_default();
    assert!(said.contains("q at @binding(1) does not match the contract"), "{said}");
}

fn every_form_is_right(backend: &mut normlab::backend::gpu::GpuBackend) {
    let folder = folder();
    for form in FORMS {
        put(folder.path(), "sgd/naive.wgsl", &declared(form));
        backend.use_library(Library::over(folder.path()).unwrap());
        for case in (sgd::KERNEL.cases)() {
            let outcome = check(backend, &sgd::KERNEL, &case).unwrap();
            assert!(outcome.passes(), "{form}: {:?}", outcome.complaints());
        }
    }
    // With arrays of workgroup memory as long as a constant says.
    let kernel = &layer_norm_forward::KERNEL;
    let lanes = kernel.shaders.iter().find(|one| one.variant == "lanes").unwrap();
    put(folder.path(), "layer_norm_forward/naive.wgsl", &lanes.text.replace("const ", "override "));
    backend.use_library(Library::over(folder.path()).unwrap());
    backend.choose_variant(kernel, "naive").unwrap();
    for case in (kernel.cases)() {
        let outcome = check(backend, kernel, &case).unwrap();
        assert!(outcome.passes(), "{:?}", outcome.complaints());
    }
}

fn is_used() {
    let (folder, out) = (folder(), folder());
    let tuned =
        "override INVOCATIONS: u32 = 64u; // tune: 32 64\noverride TILE_COUNT: u32 = 1024u;";
    put(folder.path(), "sgd/naive.wgsl", &declared(tuned));
    let over = ["--shaders", folder.path().to_str().unwrap()];
    let ended = say(&[&["check", "sgd"][..], &over].concat()).with(0);
    assert!(ended.stdout.contains("good"), "{ended:#?}");
    let out = out.path().join("out");
    let small = ["--hidden", "8", "--steps", "2", "--out", out.to_str().unwrap()];
    let set = ["--tunable", "sgd.INVOCATIONS=32"];
    say(&[&["train"][..], &over, &small, &set].concat()).with(0);
    let summary = summary(&out);
    assert!(summary.parity.failures.is_empty());
    let sgd = summary.shaders.iter().find(|shader| shader.kernel == "sgd").unwrap();
    assert_eq!(sgd.tunables.get("INVOCATIONS"), Some(&32));
}
