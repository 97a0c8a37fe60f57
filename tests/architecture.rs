//! The structure of the source, enforced: who may import whom, where wgpu and naga may be used, and that a
//! kernel's files all exist. Every failure says which file and what to do.

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/imports.rs"]
mod imports;

use normlab::kernels;
use normlab::kernels::activation::Activation;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The longest that a source file may be.
const LONGEST: usize = 400;

/// Files in tests/kernels that belong to no kernel.
const SHARED_TESTS: [&str; 3] = ["harness", "mod", "support"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A source file, its path relative to the package.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines without comments, with their numbers from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()))
    }

    /// The modules from the crate's root to this one: `src/a/b.rs` is a, b.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|name| *name != "mod").collect()
    }
}

/// All files below `folder` that end in `extension`, sorted by path.
fn files(folder: &str, extension: &str) -> Vec<Source> {
    let mut waiting = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|known| known == extension) {
                found.push(source(&path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn source(path: &Path) -> Source {
    let text = std::fs::read_to_string(path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    Source { path: path.replace('\\', "/"), text }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing = std::fs::read_dir(folder);
    let listing = listing.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    listing.flatten().map(|entry| entry.path()).collect()
}

/// The names in a folder, without their extensions.
fn names(folder: &str) -> BTreeSet<String> {
    let stem = |path: &PathBuf| Some(path.file_stem()?.to_string_lossy().into_owned());
    entries(&root().join(folder)).iter().filter_map(stem).collect()
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Inside a folder, too, files import one way; [`circles`] says what counts.
#[test]
fn files_of_a_folder_import_in_no_circle() {
    let sources = files("src", "rs");
    let texts = sources.iter().map(|source| (source.path.as_str(), source.text.as_str()));
    let circles = circles::circles(&texts.collect::<Vec<_>>());
    let complaint = |circle: &circles::Circle| {
        format!(
            "{}: files import each other in a cycle: {}; move what both sides need to a separate file, or \
             pass it in from the caller",
            circle.folder,
            circle.imports.join(", ")
        )
    };
    assert_none(&circles.iter().map(complaint).collect::<Vec<_>>());
}

/// Lines that name a crate outside the only place that may use it.
fn strangers(name: &str, homes: &[&str]) -> Vec<String> {
    let mut complaints = Vec::new();
    let abroad = |source: &&Source| !homes.iter().any(|home| source.path.starts_with(home));
    for source in files("src", "rs").iter().filter(abroad) {
        for (number, line) in source.code() {
            let paths =
                [format!("{name}::"), format!("use {name};"), format!("extern crate {name}")];
            if paths.iter().any(|path| mentions(line, path)) {
                complaints.push(format!(
                    "{}:{number}: only {} may know {name}; hand this out of there in a type of our \
                     own",
                    source.path,
                    homes.join(" and ")
                ));
            }
        }
    }
    complaints
}

/// Whether `path` occurs in the line as a separate word.
fn mentions(line: &str, path: &str) -> bool {
    let inside = |before: char| before.is_alphanumeric() || before == '_' || before == ':';
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(inside))
}

#[test]
fn only_the_gpu_backend_knows_wgpu() {
    assert_none(&strangers("wgpu", &["src/backend/gpu"]));
}

#[test]
fn only_the_shader_loader_and_formulas_know_naga() {
    const KNOW_NAGA: [&str; 5] = [
        "src/kernels/wgsl.rs",
        "src/kernels/shader.rs",
        "src/kernels/overrides.rs",
        "src/kernels/formula.rs",
        "src/interpreter/",
    ];
    assert_none(&strangers("naga", &KNOW_NAGA));
}

#[test]
fn every_kernel_has_its_files() {
    let mut complaints = Vec::new();
    for kernel in kernels::ALL {
        let k = kernel.name();
        for (file, what) in [
            (format!("src/kernels/{k}.rs"), "its contract and its twin"),
            (format!("shaders/{k}/naive.wgsl"), "the plain formula"),
            (format!("tests/kernels/{k}.rs"), "its tests"),
        ] {
            if !root().join(&file).is_file() {
                complaints.push(format!("{file} is missing: write {what} there"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_kernel_s_file_belongs_to_a_registered_kernel() {
    let registered: BTreeSet<String> = kernels::ALL.iter().map(|k| k.name().to_owned()).collect();
    let mut complaints = Vec::new();
    let kernels = |name: &&String| !["activations", "shared"].contains(&name.as_str());
    for name in names("shaders").iter().filter(kernels) {
        if !registered.contains(name) {
            complaints.push(format!("shaders/{name} is no kernel's: add it to kernels::ALL"));
        }
    }
    let tested = names("tests/kernels");
    for name in tested.iter().filter(|name| !SHARED_TESTS.contains(&name.as_str())) {
        if !registered.contains(name) {
            complaints.push(format!("tests/kernels/{name}.rs tests no kernel of kernels::ALL"));
        }
    }
    for source in files("src/kernels", "rs") {
        let name = source.module().last().copied().unwrap_or_default().to_owned();
        if source.text.contains("static KERNEL") && !registered.contains(&name) {
            complaints.push(format!("{} is not in kernels::ALL: add its KERNEL", source.path));
        }
    }
    assert_none(&complaints);
}

/// Cargo does not discover tests here: a file that no test binary names would never run.
#[test]
fn every_topic_of_the_tests_is_run() {
    let roots = ["tests/gpu.rs", "tests/host.rs"].map(|path| source(&root().join(path)));
    let mut complaints = Vec::new();
    for path in entries(&root().join("tests")) {
        let topic = path.join("mod.rs").is_file() || path.extension().is_some_and(|rs| rs == "rs");
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let named = |source: &Source| source.text.contains(&format!("\nmod {name};\n"));
        let is_root = roots.iter().any(|root| path.ends_with(&root.path));
        if topic && !is_root && !roots.iter().any(named) {
            complaints.push(format!(
                "tests/{name} never runs: add `mod {name};` to tests/gpu.rs, if some of it needs a \
                 GPU, or to tests/host.rs"
            ));
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_shipped_variant_is_registered() {
    let mut complaints = Vec::new();
    for kernel in kernels::ALL {
        let k = kernel.name();
        let registered: BTreeSet<String> =
            kernel.shaders.iter().map(|source| source.variant.to_owned()).collect();
        for file in files(&format!("shaders/{k}"), "wgsl") {
            let variant = file.path.rsplit('/').next().unwrap_or_default();
            let variant = variant.trim_end_matches(".wgsl").to_owned();
            if !registered.contains(&variant) {
                complaints.push(format!(
                    "{}: add {variant:?} to sources! in src/kernels/{k}.rs, at its step of the ladder",
                    file.path
                ));
            }
        }
        if kernel.shaders.first().is_none_or(|first| first.variant != "naive") {
            complaints.push(format!("src/kernels/{k}.rs: the ladder must begin with naive"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_activation_has_its_shader() {
    let known: BTreeSet<String> = Activation::ALL.iter().map(|f| f.name().to_owned()).collect();
    assert_eq!(
        names("shaders/activations"),
        known,
        "shaders/activations and Activation::ALL in src/kernels/activation.rs must name the same"
    );
    for activation in Activation::ALL {
        let path = format!("shaders/activations/{}.wgsl", activation.name());
        let text = source(&root().join(&path)).text;
        assert_eq!(text, activation.shader(), "Activation::shader must include {path}");
        let header = format!("// {}: ", activation.name());
        assert!(text.starts_with(&header), "{path}: begin it with {header:?} and the formula");
        for function in ["fn activate(x: f32) -> f32", "fn activation_gradient(x: f32) -> f32"] {
            assert!(text.contains(function), "{path} must define {function}");
        }
    }
}

#[test]
fn no_source_file_is_too_long() {
    let mut complaints = Vec::new();
    let all = [("src", "rs"), ("shaders", "wgsl"), ("tests", "rs")];
    for source in all.iter().flat_map(|(folder, extension)| files(folder, extension)) {
        let lines = source.text.lines().count();
        if lines > LONGEST {
            complaints.push(format!(
                "{} has {lines} lines, more than {LONGEST}: split it by what it knows",
                source.path
            ));
        }
    }
    assert_none(&complaints);
}

#[test]
fn nothing_is_left_to_be_done() {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["to", "do!("], ["unimple", "mented!("]];
    let marks = marks.map(|halves| halves.concat());
    let mut complaints = Vec::new();
    for source in files("src", "rs").iter().chain(&files("shaders", "wgsl")) {
        for (at, line) in source.text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(mark.as_str())) {
                let number = at + 1;
                complaints.push(format!("{}:{number}: do what {mark} asks for", source.path));
            }
        }
    }
    assert_none(&complaints);
}
