//! The user's shaders overlaid on the shipped ones: what comes from where, and what is refused.

use normlab::error::Error;
use normlab::kernels::activation::Activation;
use normlab::kernels::export::export;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::{self, bias_backward, bias_forward, matmul_nn, sgd};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A folder with one file in it.
fn folder_with(file: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    folder
}

fn shipped_sgd() -> &'static str {
    sgd::KERNEL.shaders[0].text
}

fn message(result: Result<impl Sized, Error>) -> String {
    let error = result.err().expect("it should be refused");
    assert_eq!(error.exit_status(), 2, "{error}");
    error.to_string()
}

#[test]
fn a_file_with_a_shipped_name_stands_in_for_it() {
    let text = format!("// mine\n{}", shipped_sgd());
    let folder = folder_with("sgd/naive.wgsl", &text);
    let library = Library::over(folder.path()).unwrap();
    assert_eq!(library.variants(&sgd::KERNEL).unwrap(), ["naive"]);
    let shader = library.shader(&sgd::KERNEL, "naive", Activation::Identity).unwrap();
    assert_eq!(shader.text, text);
    let other = library.shader(&matmul_nn::KERNEL, "naive", Activation::Identity).unwrap();
    assert_eq!(other.text, matmul_nn::KERNEL.shaders[0].text);
}

#[test]
fn another_file_is_one_more_variant_and_is_used_when_chosen() {
    let folder = folder_with("sgd/mine.wgsl", shipped_sgd());
    let mut library = Library::over(folder.path()).unwrap();
    assert_eq!(library.variants(&sgd::KERNEL).unwrap(), ["naive", "mine"]);
    assert_eq!(library.chosen(&sgd::KERNEL), None);
    library.choose("sgd=mine").unwrap();
    assert_eq!(library.chosen(&sgd::KERNEL).as_deref(), Some("mine"));
}

#[test]
fn a_file_anywhere_can_be_chosen() {
    let folder = folder_with("somewhere.wgsl", shipped_sgd());
    let path = folder.path().join("somewhere.wgsl").display().to_string();
    let mut library = Library::default();
    library.choose(&format!("sgd={path}")).unwrap();
    assert_eq!(library.variants(&sgd::KERNEL).unwrap(), ["naive", path.as_str()]);
    let shader = library.shader(&sgd::KERNEL, &path, Activation::Identity).unwrap();
    assert_eq!(shader.variant, path);
}

#[test]
fn an_activation_is_laid_over_too() {
    let text = "fn activate(x: f32) -> f32 { return x; }\n\
                fn activation_gradient(x: f32) -> f32 { return 1.0; } // mine";
    let folder = folder_with("activations/relu.wgsl", text);
    let library = Library::over(folder.path()).unwrap();
    let shader = |activation| library.shader(&bias_forward::KERNEL, "naive", activation).unwrap();
    assert!(shader(Activation::Relu).text.ends_with(text));
    assert!(!shader(Activation::Tanh).text.contains("mine"));
}

#[test]
fn what_is_exported_is_what_ships() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let count = export(&new).unwrap();
    let shipped: usize = kernels::ALL.iter().map(|kernel| kernel.shaders.len()).sum();
    assert_eq!(count, shipped + Activation::ALL.len());
    let library = Library::over(&new).unwrap();
    for kernel in kernels::ALL {
        for source in kernel.shaders {
            let path = new.join(kernel.name()).join(format!("{}.wgsl", source.variant));
            assert_eq!(fs::read_to_string(path).unwrap(), source.composed());
            let hash = |library: &Library| {
                library.shader(kernel, source.variant, Activation::Tanh).unwrap().hash()
            };
            assert_eq!(hash(&library), hash(&Library::default()));
        }
    }
}

#[test]
fn an_export_overwrites_nothing() {
    let folder = folder_with("sgd/naive.wgsl", "my own work");
    let said = message(export(folder.path()));
    assert!(said.contains("sgd/naive.wgsl already exists"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let kept = fs::read_to_string(folder.path().join("sgd/naive.wgsl")).unwrap();
    assert_eq!(kept, "my own work");
}

#[test]
fn a_folder_that_does_not_fit_is_refused() {
    let said = message(Library::over(Path::new("/no/such/folder")));
    assert!(said.starts_with("cannot read /no/such/folder"), "{said}");
    let kernel = folder_with("sdg/naive.wgsl", shipped_sgd());
    let said = message(Library::over(kernel.path()));
    assert!(said.contains("no kernel is called sdg") && said.contains("sgd"), "{said}");
}

#[test]
fn old_names_are_answered_with_the_new_ones() {
    let refused = |choice: &str| message(Library::default().choose(choice));
    let said = "the variant subgroup of bias_backward is now called simd8";
    assert_eq!(refused("bias_backward=subgroup"), said);
    assert_eq!(refused("moments=naive"), "the kernel moments is now called column_stats");
    // A file of that name is another variant.
    let text = bias_backward::KERNEL.shaders[0].text;
    let folder = folder_with("bias_backward/subgroup.wgsl", text);
    let mut library = Library::over(folder.path()).unwrap();
    assert_eq!(library.variants(&bias_backward::KERNEL).unwrap(), ["naive", "simd8", "subgroup"]);
    library.choose("bias_backward=subgroup").unwrap();
    let folder = folder_with("moments/naive.wgsl", "");
    let said = message(Library::over(folder.path()));
    assert!(said.ends_with("the kernel moments is now called column_stats"), "{said}");
}

#[test]
fn a_choice_that_does_not_fit_is_refused() {
    let refused = |choice: &str| message(Library::default().choose(choice));
    assert!(refused("sgd").contains("expected KERNEL=NAME or KERNEL=PATH.wgsl"));
    assert!(refused("sdg=naive").contains("no kernel is called sdg"));
    assert!(refused("sgd=warp").contains("sgd has no variant warp; available: naive"));
    assert!(refused("sgd=/no/such.wgsl").contains("cannot read /no/such.wgsl"));
}

#[test]
fn a_shader_that_does_not_fit_is_named_by_its_file() {
    let folder = folder_with("sgd/mine.wgsl", &shipped_sgd().replace("fn main", "fn start"));
    let library = Library::over(folder.path()).unwrap();
    let error = library.shader(&sgd::KERNEL, "mine", Activation::Identity).unwrap_err();
    let (said, path) = (error.to_string(), folder.path().join("sgd/mine.wgsl"));
    assert!(said.starts_with(&path.display().to_string()), "{said}");
    assert!(said.contains("no compute entry point called main"), "{said}");
}

#[test]
fn a_shader_knows_whether_all_of_it_ships() {
    let ships = |library: &Library, kernel: &'static Kernel, variant: &str| {
        library.shader(kernel, variant, Activation::Relu).unwrap().ships
    };
    let mut library = Library::default();
    assert!(ships(&library, &sgd::KERNEL, "naive"));
    library.tune("sgd.TILE_COUNT=256").unwrap();
    assert!(ships(&library, &sgd::KERNEL, "naive"));
    let folder = folder_with("sgd/naive.wgsl", shipped_sgd());
    let library = Library::over(folder.path()).unwrap();
    assert!(!ships(&library, &sgd::KERNEL, "naive"));
    assert!(ships(&library, &bias_forward::KERNEL, "naive"));
    let relu = Activation::Relu.shader();
    let folder = folder_with("activations/relu.wgsl", relu);
    let library = Library::over(folder.path()).unwrap();
    assert!(!ships(&library, &bias_forward::KERNEL, "naive"));
    assert!(ships(&library, &sgd::KERNEL, "naive"));
}
