//! The guides are accurate: every snippet in src/kernels/README.md occurs in the file that it names, every link
//! has a target, every command names existing things and is accepted by the program, and the variant of the
//! worked example is correct.

use crate::support::gpu::{self, Gpu};
use crate::support::trial::Trial;
use clap::Parser;
use clap::error::ErrorKind;
use libtest_mimic::{Completion, Failed};
use normlab::check::check;
use normlab::commands::Cli;
use normlab::kernels::library::Library;
use normlab::kernels::{self, rms_norm_forward};
use std::path::{Path, PathBuf};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("every_quoted_line_stands_in_its_file", quotations),
        trial("a_wrong_quotation_is_found", wrong_quotations),
        trial("every_link_leads_somewhere", every_link),
        trial("every_command_names_what_there_is", every_command),
        trial("every_command_line_is_one", every_command_line),
        trial("wrong_command_lines_are_found", wrong_command_lines),
        trial("every_quoted_complaint_is_one", every_complaint),
        Trial::ignorable_test("the_example_variant_agrees_with_its_twin", example),
    ]
}

const GUIDE: &str = "src/kernels/README.md";

/// A user-supplied activation, in place of those that the guides name but that do not exist.
const ACTIVATION: &str = "tests/own/gelu.wgsl";

/// Languages of blocks that quote a file, and how a comment begins in them.
const QUOTING: [(&str, &str); 3] = [("rust", "//"), ("wgsl", "//"), ("python", "#")];

/// The mark for omitted lines, after the comment mark.
const LEFT_OUT: &str = "…";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    let read = std::fs::read_to_string(root().join(path));
    read.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A fenced block: its language and its lines, with the number of the line above them.
struct Block {
    language: String,
    line: usize,
    lines: Vec<String>,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in guide.lines().enumerate() {
        match (open.take(), line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.into(), line: at + 1, lines: Vec::new() });
            }
            (Some(block), Some(_)) => found.push(block),
            (Some(mut block), None) => {
                block.lines.push(line.trim_end().to_owned());
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of code is not closed");
    found
}

/// What is wrong with a block that quotes a file: its first line names the file, and the pieces between
/// omitted lines must occur there in this order, each contiguous.
fn misquoted(block: &Block, comment: &str, read: impl Fn(&str) -> String) -> Option<String> {
    let path = block.lines.first()?.strip_prefix(comment)?.trim();
    let source = read(path);
    let source: Vec<_> = source.lines().map(str::trim_end).collect();
    let left_out = |line: &String| line.trim() == format!("{comment} {LEFT_OUT}");
    let mut from = 0;
    for piece in block.lines[1..].split(left_out).filter(|piece| !piece.is_empty()) {
        let mut places = from..(source.len() + 1).saturating_sub(piece.len());
        let Some(at) = places.find(|&at| source[at..at + piece.len()] == *piece) else {
            return Some(format!(
                "{GUIDE}:{}: {path} has no such lines{}; bring the guide in line with it:\n{}",
                block.line,
                if from > 0 { format!(" after line {from}") } else { String::new() },
                piece.join("\n")
            ));
        };
        from = at + piece.len();
    }
    None
}

fn quotations() {
    let mut quoted = 0;
    let mut complaints = Vec::new();
    for block in blocks(&text(GUIDE)) {
        let known = QUOTING.iter().find(|(language, _)| *language == block.language);
        let Some((_, comment)) = known else {
            let language = &block.language;
            let line = block.line;
            assert!(["sh", "text"].contains(&language.as_str()), "{GUIDE}:{line}: {language:?}");
            continue;
        };
        assert!(
            block.lines[0].strip_prefix(comment).is_some_and(|path| path.contains('/')),
            "{GUIDE}:{}: begin the block with a comment that names its file",
            block.line
        );
        quoted += 1;
        complaints.extend(misquoted(&block, comment, text));
    }
    assert!(quoted >= 10, "only {quoted} blocks quote a file");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The check itself: what it must find.
fn wrong_quotations() {
    let wrong = |quoted: &str| {
        let guide = format!("```rust\n// a/b.rs\n{quoted}\n```\n");
        let read = |_: &str| "one\n  two\nthree\nfour\n".to_owned();
        misquoted(&blocks(&guide)[0], "//", read)
    };
    for right in ["one", "one\n  two\nthree", "one\n// …\nfour", "// …\n  two\n  // …\nfour"]
    {
        assert_eq!(wrong(right), None, "{right}");
    }
    for other in ["five", "two", "one\nthree", "two\n// …\none", "one\n// …\none", "four\nfive"]
    {
        assert!(wrong(other).is_some_and(|words| words.contains("a/b.rs")), "{other}");
    }
}

/// Targets of the links `[words](target)` of a text.
fn links(guide: &str) -> Vec<String> {
    let targets = guide.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchor that a heading gets: lower case, no punctuation, hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The guides whose links are followed and whose commands are read.
fn guides() -> Vec<String> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().display()));
    let docs = docs.filter(|path| path.ends_with(".md"));
    ["README.md", "CONTRIBUTING.md", GUIDE].map(str::to_owned).into_iter().chain(docs).collect()
}

/// Whether a file has a heading with this anchor.
fn has_anchor(path: &Path, wanted: &str) -> bool {
    let words = std::fs::read_to_string(path).unwrap_or_default();
    words.lines().any(|line| line.starts_with('#') && anchor(line) == wanted)
}

fn every_link() {
    for guide in guides() {
        let here = root().join(&guide);
        for target in links(&text(&guide)).iter().filter(|target| !target.contains("://")) {
            let (file, wanted) = target.split_once('#').unwrap_or((target, ""));
            let there = match file {
                "" => here.clone(),
                file => here.parent().map_or_else(PathBuf::new, |folder| folder.join(file)),
            };
            let found = there.exists() && (wanted.is_empty() || has_anchor(&there, wanted));
            assert!(found, "{guide}: the link to {target} leads nowhere");
        }
    }
}

/// The command lines of the program in a guide: lines of `sh` blocks, and code within a sentence. Comments
/// are left out.
fn command_lines(guide: &str) -> Vec<String> {
    let shell = blocks(guide).into_iter().filter(|block| block.language == "sh");
    let shell = shell.flat_map(|block| block.lines);
    let mut in_block = false;
    let prose = guide.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    let prose = prose.collect::<Vec<_>>().join(" ");
    let inline = prose.split('`').skip(1).step_by(2).map(str::to_owned);
    let lines = shell.chain(inline).map(|line| match line.split_once(" #") {
        Some((command, _)) => command.trim_end().to_owned(),
        None => line,
    });
    lines.filter(|line| line == "normlab" || line.starts_with("normlab ")).collect()
}

/// Why the program refuses a command line. It reads files of activations, so an existing one replaces them.
fn refusal(line: &str) -> Option<String> {
    let mut words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    for at in 1..words.len() {
        if words[at - 1] == "--activation" {
            let own = root().join(ACTIVATION).display().to_string();
            let names = words[at].split(',');
            let names = names.map(|name| if name.ends_with(".wgsl") { own.as_str() } else { name });
            words[at] = names.collect::<Vec<_>>().join(",");
        }
    }
    let error = Cli::try_parse_from(words).err()?;
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!is_help).then(|| error.to_string())
}

fn every_command_line() {
    let mut lines = 0;
    let mut complaints = Vec::new();
    for guide in guides() {
        for line in command_lines(&text(&guide)) {
            lines += 1;
            complaints.extend(refusal(&line).map(|said| format!("{guide}: {line}\n{said}")));
        }
    }
    assert!(lines >= 80, "only {lines} command lines were looked at");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The check itself: what it must find.
fn wrong_command_lines() {
    let guide =
        "Say `normlab teach` or\n`normlab\ncheck`, not `ls`.\n\n```sh\nnormlab  # all\nls\n```\n";
    assert_eq!(command_lines(guide), ["normlab", "normlab teach", "normlab check"]);
    assert!(refusal("normlab teach").is_some_and(|said| said.contains("teach")));
    assert!(refusal("normlab train --speed 1").is_some_and(|said| said.contains("--speed")));
    assert_eq!(refusal("normlab train --activation mine.wgsl,relu --norm none"), None);
    assert_eq!(refusal("normlab eval --help"), None);
}

/// Whether `--test NAME` runs something.
fn is_test_root(name: &str) -> bool {
    text("Cargo.toml").contains(&format!("[[test]]\nname = \"{name}\"\n"))
}

/// The file of the topic that a filter `NAME::` runs.
fn topic_file(name: &str) -> Option<PathBuf> {
    let files = [format!("tests/{name}.rs"), format!("tests/{name}/mod.rs")];
    files.into_iter().map(|file| root().join(file)).find(|file| file.is_file())
}

/// `--test NAME` names a root of tests, `NAME::` a topic, `check` and `bench` a kernel.
fn every_command() {
    let mut commands = 0;
    for guide in [GUIDE, "CONTRIBUTING.md"] {
        for block in blocks(&text(guide)).into_iter().filter(|block| block.language == "sh") {
            for line in block.lines {
                let words: Vec<_> = line.split_whitespace().collect();
                for pair in words.windows(2) {
                    let [before, name] = pair else { unreachable!() };
                    let Some(there) = names_what_there_is(before, name) else { continue };
                    commands += 1;
                    assert!(there, "{guide}: {line:?}: there is no {name}");
                }
            }
        }
    }
    assert!(commands >= 12, "only {commands} commands were looked at");
}

/// Whether the thing that a word names exists, judged by the word before it; none if that implies nothing.
fn names_what_there_is(before: &str, name: &str) -> Option<bool> {
    match before {
        _ if name.contains("::") => Some(name.split("::").next().and_then(topic_file).is_some()),
        "--test" => Some(is_test_root(name)),
        "check" | "bench" => Some(kernels::find(name).is_ok()),
        "cp" | "python" => Some(root().join(name).is_file()),
        _ => None,
    }
}

/// Rows of a table that end in `TOPIC::`: `complaint`. The longest piece of the complaint that is not specific
/// to this example must occur in that test.
fn every_complaint() {
    let guide = text(GUIDE);
    let mut complaints = 0;
    for row in guide.lines().filter(|line| line.starts_with('|')) {
        let Some((before, told)) = row.split_once("::`: `") else { continue };
        let name = before.rsplit('`').next().unwrap();
        let complaint = told.split('`').next().unwrap();
        let general = complaint.replace("rms_norm_forward", "\"").replace("workgroup", "\"");
        let pieces = general.split(|c: char| c == '"' || c.is_ascii_digit());
        let piece = pieces.max_by_key(|piece| piece.len()).unwrap();
        let source =
            topic_file(name).unwrap_or_else(|| panic!("{GUIDE}: there is no topic {name}"));
        let source = std::fs::read_to_string(source).unwrap();
        assert!(source.contains(piece), "{GUIDE}: {name} never says {piece:?}");
        complaints += 1;
    }
    assert!(complaints >= 4, "only {complaints} complaints were looked at");
}

/// The variant of the worked example on every case of its kernel.
fn example() -> Result<Completion, Failed> {
    let library = Library::over(&root().join("examples/shaders"))?;
    let mut backend = match gpu::open()? {
        Gpu::Open(backend) => backend.with(library),
        Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let kernel = &rms_norm_forward::KERNEL;
    backend.choose_variant(kernel, "workgroup")?;
    for case in (kernel.cases)() {
        let complaints = check(&mut backend, kernel, &case)?.complaints();
        if !complaints.is_empty() {
            return Err(complaints.join("\n").into());
        }
    }
    Ok(Completion::Completed)
}
