//! Shaders that share sources: what is shared, what the user may replace, and how messages name it.

use normlab::error::Error;
use normlab::kernels::activation::Activation;
use normlab::kernels::composition::{SHARED, shares};
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::{self, matmul_bias_forward, matmul_nn, matmul_nt, sgd};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Code used by only one variant belongs in that variant's file.
#[test]
fn every_shared_text_is_shared() {
    let known: BTreeSet<String> = SHARED.iter().map(|shared| shared.variant.to_owned()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/shared");
    let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let files: BTreeSet<_> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(files, known, "shaders/shared and SHARED in src/kernels/composition.rs");
    let sources = || kernels::ALL.into_iter().flat_map(|kernel| kernel.shaders);
    let mut complaints = Vec::new();
    for shared in SHARED {
        let name = shared.variant;
        let path = format!("shaders/shared/{name}.wgsl");
        let users = sources().filter(|source| shares(source.text).any(|one| one == name)).count();
        if users < 2 {
            complaints.push(format!("{path} is shared by {users}: put it into the variant's file"));
        }
        if !shared.text.starts_with(&format!("// {name}: ")) {
            complaints.push(format!("{path}: begin it with \"// {name}: \" and what it is"));
        }
        if shares(shared.text).next().is_some() {
            complaints.push(format!("{path} shares texts itself: only variants name them"));
        }
    }
    for source in sources() {
        let missing = shares(source.text).filter(|name| !known.contains(*name));
        complaints.extend(missing.map(|name| format!("shaders/shared/{name}.wgsl is missing")));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn shared(name: &str) -> &'static str {
    SHARED.iter().find(|shared| shared.variant == name).unwrap().text
}

/// A library over a folder with these files.
fn over(files: &[(&str, &str)]) -> (TempDir, Result<Library, Error>) {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let library = Library::over(folder.path());
    (folder, library)
}

fn refused(library: &Library, kernel: &'static Kernel, variant: &str) -> String {
    let shader = library.shader(kernel, variant, Activation::Relu);
    shader.expect_err("it should be refused").to_string()
}

#[test]
fn a_composed_text_is_whole_by_itself() {
    for kernel in kernels::ALL {
        for source in kernel.shaders {
            let text = source.composed();
            assert_eq!(shares(&text).count(), 0, "{} {}", kernel.name(), source.variant);
            let file = format!("{}/mine.wgsl", kernel.name());
            let (_folder, library) = over(&[(&file, &text)]);
            let hash = |library: &Library, variant| {
                library.shader(kernel, variant, Activation::Tanh).unwrap().hash()
            };
            let shipped = hash(&Library::default(), source.variant);
            assert_eq!(hash(&library.unwrap(), "mine"), shipped);
        }
    }
}

#[test]
fn a_shared_file_of_the_user_stands_in_for_the_shipped_one() {
    let text = shared("tiled_product").replace("// tiled_product:", "// my tiled_product:");
    let (_folder, library) = over(&[("shared/tiled_product.wgsl", &text)]);
    let library = library.unwrap();
    for kernel in [&matmul_nn::KERNEL, &matmul_bias_forward::KERNEL] {
        let shader = library.shader(kernel, "tiled", Activation::Relu).unwrap();
        assert!(shader.text.contains("// my tiled_product:") && !shader.ships);
        assert!(library.is_own(kernel) && library.own_text(kernel, "tiled").is_some());
        assert!(library.own_text(kernel, "subgroup").is_none());
        assert!(library.shader(kernel, "subgroup", Activation::Relu).unwrap().ships);
    }
    assert!(!library.is_own(&sgd::KERNEL));
}

#[test]
fn a_variant_of_the_user_may_share_too() {
    let own = matmul_nn::KERNEL.shaders.iter().find(|one| one.variant == "tiled").unwrap().text;
    let (_folder, library) = over(&[("matmul_nn/mine.wgsl", own)]);
    let library = library.unwrap();
    assert!(!library.shader(&matmul_nn::KERNEL, "mine", Activation::Relu).unwrap().ships);
    let text = own.replace("operands_nn, tiled_factors,", "operands_nn, tiled_factor,");
    let (folder, library) = over(&[("matmul_nn/mine.wgsl", &text)]);
    let said = refused(&library.unwrap(), &matmul_nn::KERNEL, "mine");
    let place = folder.path().join("matmul_nn/mine.wgsl").display().to_string();
    let expected = format!(
        "{place}: its header shares tiled_factor, which does not exist; did you mean tiled_factors or \
         tiled_product? Available: "
    );
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn what_no_variant_shares_is_refused() {
    let (folder, library) = over(&[("shared/tiled_products.wgsl", "")]);
    let said = library.expect_err("it should be refused").to_string();
    let place = folder.path().join("shared").display().to_string();
    let expected = format!(
        "the folder {place}: no variant shares a file called tiled_products; did you mean tiled_product \
         or "
    );
    assert!(said.starts_with(&expected), "{said}");
}

/// The lines count from the beginning of the file that has the mistake.
#[test]
fn a_mistake_in_a_shared_text_is_shown_with_its_file_and_line() {
    let good = shared("tiled_factors");
    let text = good.replacen("return found;", "return zero;", 1);
    let line = 1 + text.lines().position(|line| line.contains("zero")).unwrap();
    let (folder, library) = over(&[("shared/tiled_factors.wgsl", &text)]);
    let library = library.unwrap();
    let place = folder.path().join("shared/tiled_factors.wgsl").display().to_string();
    for kernel in [&matmul_nn::KERNEL, &matmul_nt::KERNEL] {
        let said = refused(&library, kernel, "tiled");
        assert!(said.contains(&format!("┌─ {place}:{line}:12")), "{said}");
        assert!(said.contains(&format!("{line} │     return zero;\n")), "{said}");
    }
    // Of a name that two files declare, both are shown.
    let text = format!("{good}\nfn a_index() {{}}\n");
    let (folder, library) = over(&[("shared/tiled_factors.wgsl", &text)]);
    let said = refused(&library.unwrap(), &matmul_nn::KERNEL, "tiled");
    let place = folder.path().join("shared/tiled_factors.wgsl").display().to_string();
    let line = text.lines().count();
    assert!(said.contains("┌─ shaders/shared/operands_nn.wgsl:"), "{said}");
    assert!(said.contains(&format!("{line} │ fn a_index() {{}} // {place}\n")), "{said}");
}

#[test]
fn a_tunable_of_a_shared_text_can_be_set() {
    let mut library = Library::default();
    library.choose("matmul_nn=tiled").unwrap();
    library.tune("matmul_nn.TILE_M=32").unwrap();
    let shader = library.setting(&matmul_nn::KERNEL, "tiled").unwrap();
    let shader = library.set_shader(&matmul_nn::KERNEL, &shader, Activation::Relu).unwrap();
    assert_eq!((shader.tile, shader.tuned()["TILE_M"], shader.ships), ([64, 32], 32, true));
    let said = library.tune("matmul_nn.TILE_M=33").unwrap_err().to_string();
    let expected = "shaders/shared/tiled_factors.wgsl: TILE_M = 33; expected one of 32, 64, 128";
    assert!(said.ends_with(expected), "{said}");
}

/// The two functions of an activation, from `gradient` and `value`, after other declarations.
fn activation(declarations: &str, value: &str, gradient: &str) -> String {
    format!(
        "{declarations}\nfn activate(x: f32) -> f32 {{ return {value}; }}\n\
         fn activation_gradient(x: f32) -> f32 {{ return {gradient}; }}\n"
    )
}

/// Names of kernels, of what these call, and of WGSL's own functions that they call.
#[test]
fn no_name_of_an_activation_is_one_of_a_kernel() {
    let names = [
        "INVOCATIONS",
        "SIDE",
        "beta",
        "gamma",
        "scaled",
        "gradient",
        "params",
        "x",
        "main",
        "update",
        "statistics",
        "max",
        "select",
        "a_index",
        "store",
        "LANES",
        "own_beta",
        "EPSILON",
        "sum",
        "total",
    ];
    let mut texts: Vec<String> = names
        .iter()
        .flat_map(|name| {
            let constant = format!("const {name}_ = 2.0; const {name} = {name}_;");
            let function = format!("fn {name}(y: f32) -> f32 {{ return 0.5 * y; }}");
            // Within the functions x is what they are given.
            let (function, called) = match *name {
                "x" => (String::new(), "x".to_owned()),
                _ => (function, format!("{name}(0.25)")),
            };
            [
                activation(&constant, &format!("0.5 * {name}"), "0.0"),
                activation(&function, &called, "0.0"),
            ]
        })
        .collect();
    let structs = "struct Params { rows: f32, beta: f32 }\nalias Real = f32;";
    texts.push(activation(structs, "Params(x, Real(2.0)).beta * x", "2.0"));
    texts.push(format!("diagnostic(off, derivative_uniformity);{}", activation("", "x", "1.0")));
    let folder = tempfile::tempdir().unwrap();
    let library = Library::default();
    for (number, text) in texts.iter().enumerate() {
        let path = folder.path().join(format!("own{number}.wgsl"));
        fs::write(&path, text).unwrap();
        let own: Activation =
            path.to_str().unwrap().parse().unwrap_or_else(|error| panic!("{error}: {text}"));
        for kernel in kernels::ALL.into_iter().filter(|kernel| kernel.contract.activation) {
            for variant in library.variants(kernel).unwrap() {
                let shader = library.shader(kernel, &variant, own);
                let shader = shader
                    .unwrap_or_else(|error| panic!("{} {variant}: {error}\n{text}", kernel.name()));
                let shipped = library.shader(kernel, &variant, Activation::Relu).unwrap();
                let lines = |text: &str| text.lines().count();
                let relu = lines(Activation::Relu.shader());
                assert_eq!(
                    lines(&shader.text),
                    lines(&shipped.text) - relu + lines(text),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn a_mistake_in_an_activation_has_the_users_file_and_line() {
    let mistaken = "// my relu\nfn activate(x: f32) -> f32 {\n    return max(x, 0.0)\n}\n\
                    fn activation_gradient(x: f32) -> f32 { return step(0.0, x); }\n";
    let (folder, library) = over(&[("activations/relu.wgsl", mistaken)]);
    let file = folder.path().join("activations/relu.wgsl");
    for kernel in kernels::ALL.into_iter().filter(|kernel| kernel.contract.activation) {
        let library = library.as_ref().unwrap();
        for variant in library.variants(kernel).unwrap() {
            let said = library.shader(kernel, &variant, Activation::Relu).unwrap_err().to_string();
            assert!(
                said.contains(&format!("{}:4:", file.display())),
                "{} {variant}: {said}",
                kernel.name()
            );
        }
    }
    let half = activation("enable f16;", "x", "1.0");
    let (_half, library) = over(&[("activations/relu.wgsl", &half)]);
    let said = library.unwrap().shader(&kernels::bias_forward::KERNEL, "naive", Activation::Relu);
    let said = said.unwrap_err().to_string();
    assert!(said.contains("relu.wgsl") && said.contains("f16"), "{said}");
}
