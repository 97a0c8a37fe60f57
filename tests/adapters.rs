//! Which variants adapters use, and why not others, for adapters that need not exist here.

use normlab::kernels::activation::Activation;
use normlab::kernels::capabilities::AdapterCapabilities;
use normlab::kernels::contract::Sizes;
use normlab::kernels::cooperative::Cooperative;
use normlab::kernels::library::Library;
use normlab::kernels::selection::Selection;
use normlab::kernels::{self, matmul_nn};

/// Hardware with subgroups of 32 lanes and only the limits that WebGPU guarantees.
const HARDWARE: AdapterCapabilities = AdapterCapabilities {
    hardware: true,
    cheap_barriers: true,
    subgroups: true,
    subgroup_size: (32, 32),
    invocations: 256,
    workgroup_size: [256, 256, 64],
    workgroup_memory: 16 << 10,
    cooperative: Cooperative::NONE,
};

/// Mesa's software Vulkan.
const SOFTWARE: AdapterCapabilities =
    AdapterCapabilities { hardware: false, subgroup_size: (8, 8), invocations: 1024, ..HARDWARE };

/// Panics unless each kernel's usual variant on an adapter is that of its family: of products, of a
/// bias's gradient, and of norms over the batch and over a row in training; naive for all others.
fn assert_usual(offers: &AdapterCapabilities, [product, bias, batch, row]: [&str; 4]) {
    for kernel in kernels::ALL {
        let expected = match kernel.name() {
            // Fused kernels have none that keeps its block in registers alone.
            "matmul_bias_forward" | "matmul_backward" if product == "blocked" => "naive",
            name if name.starts_with("matmul_") => product,
            "bias_backward" => bias,
            "batch_norm_forward" | "batch_norm_backward" => batch,
            "layer_norm_forward" | "layer_norm_backward" => row,
            "rms_norm_forward" | "rms_norm_backward" => row,
            "group_norm_forward" | "group_norm_backward" if row == "lanes" => row,
            _ => "naive",
        };
        let usual = Selection::new(*offers).variant(kernel).unwrap();
        assert_eq!(usual, expected, "{} on {offers:?}", kernel.name());
    }
}

#[test]
fn hardware_gets_what_is_made_for_it() {
    let made = ["tiled", "naive", "lanes", "lanes"];
    assert_usual(&HARDWARE, made);
    assert_usual(&AdapterCapabilities { subgroups: false, ..HARDWARE }, made);
}

#[test]
fn software_gets_what_prefers_hardware_only_where_it_is_chosen() {
    assert_usual(&SOFTWARE, ["subgroup", "simd8", "simd8", "subgroup"]);
    // Those over the batch take 8 columns at a time, which needs no subgroup operation.
    let plain = AdapterCapabilities { subgroups: false, ..SOFTWARE };
    assert_usual(&plain, ["tiled", "simd8", "simd8", "naive"]);
    let wider = |sizes| AdapterCapabilities { subgroup_size: sizes, ..SOFTWARE };
    assert_usual(&wider((32, 32)), ["tiled", "naive", "naive", "naive"]);
    // The products run on 16 lanes as well, half of which then have nothing to do.
    assert_usual(&wider((16, 16)), ["subgroup", "naive", "naive", "naive"]);
    assert_usual(&wider((8, 16)), ["subgroup", "naive", "naive", "naive"]);
    assert_usual(&wider((4, 16)), ["tiled", "naive", "naive", "naive"]);
    assert_usual(&wider((8, 32)), ["tiled", "naive", "naive", "naive"]);
    let shader = |variant| {
        let kernel = kernels::find("layer_norm_forward").unwrap();
        Library::default().shader(kernel, variant, Activation::Relu).unwrap()
    };
    assert_eq!(SOFTWARE.lacks(&shader("lanes")), None);
    assert_eq!(SOFTWARE.passes_over(&shader("lanes")), Some("made for hardware"));
    let product = Library::default().shader(&matmul_nn::KERNEL, "subgroup", Activation::Identity);
    let product = product.unwrap();
    let sixteen = AdapterCapabilities { subgroup_size: (16, 16), ..HARDWARE };
    assert_eq!(sixteen.lacks(&product), None);
    assert_eq!(sixteen.passes_over(&product), Some("made for software"));
    assert_eq!(SOFTWARE.passes_over(&product), None);
    assert_eq!(SOFTWARE.passes_over(&shader("naive")), None);
    assert_eq!(HARDWARE.passes_over(&shader("lanes")), None);
}

/// Chromium's software Vulkan: subgroups of 4 lanes, and barriers at which products lose more than blocks
/// gain.
#[test]
fn software_with_dear_barriers_gets_what_has_none() {
    let swiftshader = AdapterCapabilities {
        cheap_barriers: false,
        subgroup_size: (4, 4),
        invocations: 256,
        ..SOFTWARE
    };
    assert_usual(&swiftshader, ["blocked", "naive", "naive", "naive"]);
    let shader = |variant| {
        let library = Library::default();
        library.shader(&matmul_nn::KERNEL, variant, Activation::Identity).unwrap()
    };
    let tiled = shader("tiled");
    assert_eq!(swiftshader.lacks(&tiled), None);
    assert_eq!(swiftshader.passes_over(&tiled), Some("made for adapters with cheap barriers"));
    assert!(swiftshader.lacks(&shader("subgroup")).is_some());
    for cheap in [SOFTWARE, HARDWARE] {
        assert_eq!(cheap.passes_over(&tiled), None);
    }
}

/// An adapter's usual variant of a kernel at these sizes.
fn usual_at(
    offers: &AdapterCapabilities,
    kernel: &str,
    sizes: &[(&str, usize)],
) -> Result<String, String> {
    let kernel = kernels::find(kernel).unwrap();
    let sizes = Sizes::new(&kernel.contract, 1, sizes).unwrap();
    let usual = Selection::new(*offers).usual(kernel, Activation::Identity, Some(&sizes));
    usual.map_err(|error| error.to_string())
}

/// A dispatch has at most 65,535 workgroups on an axis, and a variant covers more of its sizes by one than
/// another.
#[test]
fn a_variant_whose_workgroups_are_not_too_many_is_taken() {
    let rows = |rows| [("rows", rows), ("cols", 2), ("affine", 2)];
    let layer =
        |offers: &AdapterCapabilities, count| usual_at(offers, "layer_norm_forward", &rows(count));
    assert_eq!(layer(&SOFTWARE, 60), Ok("subgroup".to_owned()));
    assert_eq!(layer(&SOFTWARE, 600_000), Ok("naive".to_owned()));
    assert_eq!(layer(&HARDWARE, 600_000), Ok("naive".to_owned()));
    let none = layer(&SOFTWARE, 60_000_000).unwrap_err();
    assert!(none.contains("naive: layer_norm_forward (naive) would need"), "{none}");
    // Of products naive covers the fewest rows.
    let product = |offers: &AdapterCapabilities, m| {
        usual_at(offers, "matmul_nn", &[("m", m), ("k", 2), ("n", 2)])
    };
    let swiftshader =
        AdapterCapabilities { cheap_barriers: false, subgroup_size: (4, 4), ..SOFTWARE };
    assert_eq!(product(&swiftshader, 60), Ok("blocked".to_owned()));
    assert_eq!(product(&swiftshader, 2_000_000), Ok("tiled".to_owned()));
    assert_eq!(product(&SOFTWARE, 600_000), Ok("subgroup".to_owned()));
}

#[test]
fn an_adapter_that_can_run_nothing_says_why() {
    let offers = AdapterCapabilities { invocations: 1, ..HARDWARE };
    let said = Selection::new(offers).variant(&matmul_nn::KERNEL).unwrap_err().to_string();
    for words in ["cannot run any variant of matmul_nn", "naive: its workgroup has 64 invocations"]
    {
        assert!(said.contains(words), "{said}");
    }
}

/// Each block size is fine on its own, but some are too large together.
#[test]
fn blocks_that_are_too_large_are_refused_by_what_they_take() {
    let lacks = |offers: &AdapterCapabilities, settings: &[&str]| {
        let mut library = Library::default();
        library.choose("matmul_nn=tiled").unwrap();
        for setting in settings {
            library.tune(&format!("matmul_nn.{setting}")).unwrap();
        }
        let shader = library.shader(&matmul_nn::KERNEL, "tiled", Activation::Identity).unwrap();
        offers.lacks(&shader).unwrap_or_default()
    };
    let wide = ["TILE_M=128", "TILE_N=128"];
    let said = lacks(&HARDWARE, &wide);
    assert!(said.contains("1024 invocations (32 x 32 x 1)"), "{said}");
    let eight = [&wide[..], &["ROWS=8", "COLS=8"]].concat();
    let said = lacks(&HARDWARE, &eight);
    assert!(said.contains("16896 bytes of workgroup memory"), "{said}");
    assert_eq!(lacks(&HARDWARE, &[&eight[..], &["TILE_K=8"]].concat()), "");
    assert_eq!(lacks(&SOFTWARE, &["TILE_M=128"]), "");
}
