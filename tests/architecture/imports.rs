//! Who imports whom: a module only from those above it in the list of its folder.

use super::{Source, assert_none, files, root, source};
use normlab::kernels;

/// The modules of a folder from the ground up, from the list in a file's docs.
struct Order {
    /// The file with the list.
    file: &'static str,
    /// Modules from the crate's root to the folder.
    depth: usize,
    names: Vec<String>,
}

impl Order {
    fn new(file: &'static str, depth: usize) -> Self {
        let docs = source(&root().join(file)).text;
        let list = docs.lines().skip_while(|line| *line != "//! ```text").skip(1);
        let list = list.take_while(|line| *line != "//! ```");
        let column = |line: &str| {
            let line = line.trim_start_matches("//! ");
            let names = line.split("  ").next().unwrap_or_default();
            names.split(", ").map(|name| name.trim_end_matches('/').to_owned()).collect::<Vec<_>>()
        };
        Self { file, depth, names: list.flat_map(column).collect() }
    }

    /// The layers of the crate.
    fn of_layers() -> Self {
        Self::new("src/lib.rs", 0)
    }

    /// The files of src/kernels, each kernel by its name.
    fn of_kernels() -> Self {
        let mut order = Self::new("src/kernels/mod.rs", 1);
        let at = order.place("<kernel>");
        let at = at.unwrap_or_else(|| panic!("the list in {} has no <kernel>", order.file));
        order.names.splice(at..=at, kernels::ALL.map(|kernel| kernel.name().to_owned()));
        order
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The module that this name comes from: a name that is no module of the folder belongs to its mod.rs.
    fn origin(&self, name: &str) -> Option<usize> {
        let registry = || self.place("mod").filter(|_| name != "super");
        self.place(name).or_else(registry)
    }
}

/// The modules at `depth` that a line of code names: at the crate's root, `crate::a::b` names a,
/// `crate::{a, b::c}` names both, and `super::super::a` does where it climbs to the root.
fn named<'a>(line: &'a str, module: &[&str], depth: usize) -> Vec<&'a str> {
    let mut found = Vec::new();
    let inside = module[..depth].iter().fold("crate::".to_owned(), |path, name| path + name + "::");
    for (at, _) in line.match_indices(&inside) {
        found.extend(heads(&line[at + inside.len()..]));
    }
    let climb = "super::".repeat(module.len() - depth);
    if let Some(at) = line.find(&climb) {
        found.extend(heads(&line[at + climb.len()..]));
    }
    found
}

/// The first names of a path, or of each path of a group in braces.
fn heads(path: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_');
    let head = |text: &'_ str| text.len().min(word(text).unwrap_or(text.len()));
    let Some(group) = path.strip_prefix('{') else { return vec![&path[..head(path)]] };
    let mut depth = 0;
    let parts = group.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts.map(str::trim).map(|part| &part[..head(part)]).collect()
}

/// Lines of one file that import from a module that is not above it.
fn climbing(source: &Source, order: &Order) -> Vec<String> {
    let module = source.module();
    let own = module[order.depth];
    let Some(mine) = order.place(own) else {
        return vec![format!(
            "{}: the list in {} has no {own}; add it above all that import it",
            source.path, order.file
        )];
    };
    let mut complaints = Vec::new();
    // The tests of a file may use what builds on it, within the same layer.
    let is_tests = |line: &str| order.depth > 0 && line.starts_with("#[cfg(test)]");
    for (number, line) in source.code().take_while(|(_, line)| !is_tests(line)) {
        for name in named(line, &module, order.depth) {
            if order.origin(name).is_some_and(|other| other > mine) {
                complaints.push(format!(
                    "{}:{number}: {own} imports {name}, which stands below it in the list in {}; move \
                     what both need up, or hand it in from below",
                    source.path, order.file
                ));
            }
        }
    }
    complaints
}

#[test]
fn modules_import_only_from_above() {
    let layers = Order::of_layers();
    for name in ["error", "kernels", "backend", "commands"] {
        assert!(layers.place(name).is_some(), "src/lib.rs lists no layer {name}");
    }
    let sources = files("src", "rs");
    let roots = ["src/lib.rs", "src/main.rs"];
    let inner = sources.iter().filter(|source| !roots.contains(&source.path.as_str()));
    assert_none(&inner.flat_map(|source| climbing(source, &layers)).collect::<Vec<_>>());
}

#[test]
fn files_of_kernels_import_only_from_above() {
    let order = Order::of_kernels();
    let sources = files("src/kernels", "rs");
    let inner = sources.iter().filter(|source| source.path != order.file);
    assert_none(&inner.flat_map(|source| climbing(source, &order)).collect::<Vec<_>>());
}

/// The scan itself: what it must see.
#[test]
fn imports_are_found_however_they_are_written() {
    assert_eq!(named("use crate::program::Program;", &["check"], 0), ["program"]);
    assert_eq!(named("    crate::report::table(1)", &["check"], 0), ["report"]);
    assert_eq!(named("use crate::{error::{Error, Result}, train};", &["a"], 0), ["error", "train"]);
    assert_eq!(named("use super::train::run;", &["model"], 0), ["train"]);
    assert_eq!(named("use super::train::run;", &["model", "layers"], 0), [""; 0]);
    assert_eq!(named("use super::super::train;", &["model", "layers"], 0), ["train"]);
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let order = |depth, names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Order { file: "src/lib.rs", depth, names }
    };
    let layers = order(0, &["error", "model", "train"]);
    let wrong = source("src/model/mod.rs", "use crate::error::Error;\nuse crate::train::run;");
    let complaints = climbing(&wrong, &layers);
    assert!(
        complaints.len() == 1 && complaints[0].starts_with("src/model/mod.rs:2: model imports")
    );
    assert_eq!(
        climbing(&source("src/train.rs", "/// [`crate::x`]\nuse crate::model;"), &layers),
        [""; 0]
    );
    assert_eq!(climbing(&source("src/other.rs", ""), &layers).len(), 1);

    let files = order(1, &["a", "b", "mod", "c"]);
    let wrong = |path: &str, text: &str| climbing(&source(path, text), &files).len();
    assert_eq!(named("use super::a::A;", &["k", "b"], 1), ["a"]);
    assert_eq!(named("use super::super::a::A;", &["k", "b", "inner"], 1), ["a"]);
    for text in ["use super::b::B;", "crate::k::b::B", "super::ALL", "use super::{b, c};"] {
        assert!(wrong("src/k/a.rs", text) > 0, "{text}");
    }
    for text in ["use super::a::A;", "use super::super::c::C;", "use crate::c::C;"] {
        assert_eq!(wrong("src/k/b.rs", text), 0, "{text}");
    }
    assert_eq!(wrong("src/k/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use super::b;"), 0);
    assert_eq!(wrong("src/k/c.rs", "super::ALL"), 0);
}
