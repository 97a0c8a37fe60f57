//! Import cycles: who imports whom inside each folder, and where that leads back to its start.
//!
//! In every folder, each module with everything below it is one node, and the file of the folder itself
//! (`a/mod.rs`, or `a.rs` next to `a/`) is another, `mod`. Any name of another node is an import, wherever
//! it occurs: in a `use`, in braces over several lines, or in a path in the code. Re-exports do not count:
//! `mod` and `pub use` are not imports of a file that does not use the name itself, and whoever uses such a
//! name imports from the file that it comes from. So a folder's file may list its children, re-export
//! their items, and call them; whatever they need from it then belongs in a separate file. Unit tests may
//! import anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The modules from the crate's root: `src/a/b.rs` is a, b.
type Module = Vec<String>;

/// The source files by their modules.
type Files = BTreeMap<Module, File>;

/// Where a node of a folder imports from another, by the two nodes: `src/a/b.rs:3 imports a::c`.
type Edges = BTreeMap<(String, String), String>;

/// A source file, read.
struct File {
    path: String,
    module: Module,
    imports: Vec<Import>,
}

/// A path that a file names, as it is written.
struct Import {
    line: usize,
    path: Vec<String>,
    /// The name that it has in the file, if it is a `use`.
    alias: Option<String>,
    /// Whether it is only re-exported.
    handed_on: bool,
}

/// Nodes of a folder that import from each other, each from the next and the last from the first.
#[derive(Debug)]
pub(super) struct Circle {
    /// The folder, e.g. `src/a`.
    pub(super) folder: String,
    /// Where each imports from the next.
    pub(super) imports: Vec<String>,
}

/// The circles in `sources`, each a path and its text: for each set of nodes that lead to each other,
/// the shortest through its first.
pub(super) fn circles(sources: &[(&str, &str)]) -> Vec<Circle> {
    let read = sources.iter().map(|(path, text)| File::read(path, text));
    let files: Files = read.map(|file| (file.module.clone(), file)).collect();
    let mut folders: BTreeMap<Module, Edges> = BTreeMap::new();
    for file in files.values() {
        for import in file.imports.iter().filter(|import| !import.handed_on) {
            let Some(target) = resolve(&files, &file.module, &import.path, 0) else { continue };
            let shared = file.module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            let node = |module: &Module| module.get(shared).map_or("mod", |name| name).to_owned();
            let (from, to) = (node(&file.module), node(&target));
            // At the crate's root, the list of layers decides who may import whom.
            if from != to && shared > 0 {
                let place = format!("{}:{} imports {}", file.path, import.line, target.join("::"));
                let edges = folders.entry(target[..shared].to_vec()).or_default();
                edges.entry((from, to)).or_insert(place);
            }
        }
    }
    let of_folder = |(folder, edges): (&Module, &Edges)| {
        let folder = format!("src/{}", folder.join("/"));
        let circle = move |imports| Circle { folder: folder.clone(), imports };
        shortest(edges).into_iter().map(circle).collect::<Vec<_>>()
    };
    folders.iter().flat_map(of_folder).collect()
}

impl File {
    fn read(path: &str, text: &str) -> Self {
        let stem = path.trim_start_matches("src/").trim_end_matches(".rs");
        let module = stem.split('/').filter(|name| *name != "mod").map(str::to_owned).collect();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
        Self { path: path.to_owned(), module, imports: imports(&lines.collect::<Vec<_>>()) }
    }
}

/// The paths that lines of code name: their `use`s, and paths written in full.
fn imports(lines: &[&str]) -> Vec<Import> {
    let mut found = Vec::new();
    let mut numbered = lines.iter().enumerate().map(|(at, line)| (at + 1, *line));
    while let Some((line, text)) = numbered.next() {
        let Some((is_public, rest)) = used(text.trim()) else {
            found.extend(written_out(line, text));
            continue;
        };
        let mut statement = rest.to_owned();
        while !statement.ends_with(';') {
            let Some((_, more)) = numbered.next() else { break };
            statement.push_str(more.trim());
        }
        let mut paths = Vec::new();
        expand(&[], statement.trim_end_matches(';'), &mut paths);
        found.extend(paths.into_iter().map(|(path, alias)| {
            let handed_on = is_public && times(lines, &alias) == 1;
            Import { line, path, alias: Some(alias), handed_on }
        }));
    }
    found
}

/// Whether a line begins a `use`: if it is public, and what follows the word.
fn used(line: &str) -> Option<(bool, &str)> {
    if let Some(rest) = line.strip_prefix("use ") {
        return Some((false, rest));
    }
    let rest = line.strip_prefix("pub")?;
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
    Some((true, rest.trim_start().strip_prefix("use ")?))
}

/// How often a name occurs in lines of code.
fn times(lines: &[&str], name: &str) -> usize {
    let words = |line: &&str| {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| *word == name).count()
    };
    lines.iter().map(words).sum()
}

/// The paths of a `use`, and the names that they have in the file.
fn expand(before: &[String], tree: &str, paths: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    let mut path = before.to_vec();
    if let Some((head, group)) = tree.split_once('{') {
        path.extend(head.split("::").filter(|name| !name.is_empty()).map(str::to_owned));
        let group = group.strip_suffix('}').unwrap_or(group);
        let mut depth = 0;
        let parts = group.split(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        let parts = parts.filter(|part| !part.trim().is_empty());
        return parts.for_each(|part| expand(&path, part, paths));
    }
    let (tree, alias) = tree.split_once(" as ").map_or((tree, None), |(a, b)| (a, Some(b)));
    let names = tree.split("::").filter(|name| *name != "self" || before.is_empty());
    path.extend(names.map(str::to_owned));
    let alias = alias.map(str::to_owned).or_else(|| path.last().cloned());
    paths.push((path, alias.unwrap_or_default()));
}

/// The paths in a line of code.
fn written_out(line: usize, code: &str) -> impl Iterator<Item = Import> {
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let paths = words.filter(|word| word.contains("::") && !word.starts_with("::"));
    paths.map(move |word| {
        let names = word.split("::").map(|name| name.trim_matches(':'));
        let path = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Import { line, path, alias: None, handed_on: false }
    })
}

/// The file that a path leads to from a module, through any re-exports; none if it leads out of the crate.
fn resolve(files: &Files, from: &Module, path: &[String], depth: usize) -> Option<Module> {
    let child = |module: &Module, name: &String| {
        let child: Module = module.iter().chain([name]).cloned().collect();
        files.contains_key(&child).then_some(child)
    };
    let (mut module, mut rest) = start(from, path);
    // A name that begins a path is a child's, or was imported by a `use`, which counts separately.
    if rest.len() == path.len() {
        child(&module, rest.first()?)?;
    }
    while let Some((name, others)) = rest.split_first() {
        let Some(next) = child(&module, name) else { break };
        (module, rest) = (next, others);
    }
    let imports = &files.get(&module)?.imports;
    let handed = |name: &String| imports.iter().find(|one| one.alias.as_ref() == Some(name));
    // Re-exports in a cycle end, too.
    let Some(import) = rest.first().and_then(handed).filter(|_| depth < 8) else {
        return Some(module);
    };
    let further: Vec<_> = import.path.iter().chain(&rest[1..]).cloned().collect();
    resolve(files, &module, &further, depth + 1).or(Some(module))
}

/// The module where a path starts, and the rest of it after `crate`, `self` and `super`.
fn start<'p>(from: &Module, path: &'p [String]) -> (Module, &'p [String]) {
    let (mut module, mut rest) = (from.clone(), path);
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" => module.clear(),
            "self" => {}
            "super" => drop(module.pop()),
            _ => break,
        }
        rest = others;
    }
    (module, rest)
}

/// The shortest circle through the first node of each set of nodes that lead to each other.
fn shortest(edges: &Edges) -> Vec<Vec<String>> {
    let nodes: BTreeSet<&String> = edges.keys().map(|(from, _)| from).collect();
    let (mut done, mut found) = (BTreeSet::new(), Vec::new());
    for &node in &nodes {
        let Some(circle) = way(edges, node, node).filter(|_| !done.contains(node)) else {
            continue;
        };
        let both = |other: &&&String| {
            way(edges, node, other).is_some() && way(edges, other, node).is_some()
        };
        done.extend(nodes.iter().filter(both).copied());
        found.push(circle);
    }
    found
}

/// The imports along the shortest way from one node to another, one at least.
fn way(edges: &Edges, from: &String, to: &String) -> Option<Vec<String>> {
    let mut waiting = VecDeque::from([(from, Vec::new())]);
    let mut seen = BTreeSet::new();
    while let Some((node, imports)) = waiting.pop_front() {
        for ((_, next), import) in edges.iter().filter(|((start, _), _)| start == node) {
            let imports: Vec<String> = imports.iter().chain([import]).cloned().collect();
            if next == to {
                return Some(imports);
            }
            if seen.insert(next) {
                waiting.push_back((next, imports));
            }
        }
    }
    None
}

/// The imports of the circles in made-up sources.
fn found(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
    circles(sources).into_iter().map(|circle| circle.imports).collect()
}

#[test]
fn a_circle_is_found_however_its_imports_are_written() {
    let names_b = [
        "use super::b;",
        "use super::b::B;",
        "use crate::m::b::B;",
        "use crate::{\n    error::Error,\n    m::{\n        b::{self, B},\n    },\n};",
        "use super::B;",
        "fn f() -> super::b::B {}",
        "fn f() { let _ = crate::m::b::B::<u32>::new(); }",
        "pub(super) use super::b::B;\nstruct A(B);",
    ];
    let (module, b) = ("mod a;\nmod b;\npub use b::B;", "/// B.\nuse super::a::A;");
    for a in names_b {
        let sources = [("src/m/mod.rs", module), ("src/m/a.rs", a), ("src/m/b.rs", b)];
        let circles = circles(&sources);
        assert_eq!(circles.len(), 1, "{a}");
        assert_eq!(circles[0].folder, "src/m");
        let imports = ["src/m/a.rs:1 imports m::b", "src/m/b.rs:2 imports m::a"];
        assert_eq!(circles[0].imports, imports, "{a}");
    }
}

#[test]
fn a_circle_may_be_long_and_lead_through_folders() {
    let sources = [
        ("src/m/mod.rs", "mod a;\nmod b;\nmod c;"),
        ("src/m/a.rs", "use super::b::B;"),
        ("src/m/b/mod.rs", "mod inner;"),
        ("src/m/b/inner.rs", "use crate::m::c::C;"),
        ("src/m/c.rs", "use super::a::A;"),
        ("src/m/aside.rs", "use super::a::A;"),
    ];
    let all = [
        "src/m/a.rs:1 imports m::b",
        "src/m/b/inner.rs:1 imports m::c",
        "src/m/c.rs:1 imports m::a",
    ];
    assert_eq!(found(&sources), [all]);
}

#[test]
fn a_folder_s_file_counts_for_what_it_has_itself() {
    let child = ("src/m/a.rs", "use super::Shared;");
    let own = "mod a;\npub struct Shared;\nfn f() {\n    a::run();\n}";
    let imports = ["src/m/a.rs:1 imports m", "src/m/mod.rs:4 imports m::a"];
    assert_eq!(found(&[("src/m/mod.rs", own), child]), [imports]);
    assert_eq!(
        found(&[("src/m.rs", own), child]),
        [["src/m/a.rs:1 imports m", "src/m.rs:4 imports m::a"]]
    );
    let handed_on = "mod a;\nmod shared;\npub use shared::Shared;\nfn f() {\n    a::run();\n}";
    assert_eq!(found(&[("src/m/mod.rs", handed_on), child, ("src/m/shared.rs", "")]), [[""; 0]; 0]);
    let listed = "mod a;\npub use a::run;\npub struct Shared;";
    assert_eq!(found(&[("src/m/mod.rs", listed), child]), [[""; 0]; 0]);
}

#[test]
fn what_is_no_circle_is_not_taken_for_one() {
    let sources = [
        ("src/m/mod.rs", "mod a;\nmod b;\nuse crate::other::a::x;"),
        ("src/m/a.rs", "// use super::b::y;\nuse super::b::x;\nuse std::b::a;"),
        ("src/m/b.rs", "struct B;\n#[cfg(test)]\nmod tests {\n    use super::super::a::x;\n}"),
        ("src/other/a.rs", "use crate::m::x;"),
    ];
    assert_eq!(found(&sources), [[""; 0]; 0]);
}
