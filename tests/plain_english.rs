//! No prose of the project has a phrase that a native engineer would not write: comments and messages in src, shaders,
//! examples and assets, and the docs. The phrases were found when all of it was read once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Phrases, in small letters, and what to write instead. A word at either end is a whole word.
const PHRASES: [(&str, &str); 27] = [
    ("whole number", "integer"),
    ("whole numbers", "integers"),
    ("rightly", "correctly"),
    ("wrongly", "incorrectly"),
    ("knowing nothing", "a uniform guess"),
    ("what computed", "hardware and software"),
    ("behind the activation", "after the activation"),
    ("told", "reported, given, said"),
    ("come to an end", "finish"),
    ("comes to an end", "finishes"),
    ("does not come to", "does not finish"),
    ("came to its end", "finished"),
    ("came to their end", "finished"),
    ("thresholds that stand", "fixed thresholds"),
    ("are called as in", "follow"),
    ("numbers that count", "significant digits"),
    ("digits that count", "significant digits"),
    ("of the user's own", "user-supplied"),
    ("for it:", "evidence for:"),
    ("against it:", "evidence against:"),
    ("held against", "compared with"),
    ("hold against", "compare with"),
    ("is to be had", "is available"),
    ("so many of something", "a count"),
    ("as it stands", "as it is"),
    ("one that is wrong is", "a faulty one is"),
    ("the next one does", "the next run does"),
];

/// The beginning of an example that should be `for example …`, if a quotation mark or a digit follows.
const EXAMPLE: &str = ", as ";

/// Folders and files with prose for users or readers of the code.
const PLACES: [&str; 7] =
    ["src", "shaders", "examples", "assets", "docs", "README.md", "CONTRIBUTING.md"];

/// The prose of a file; none where it has none, or only Korean.
fn prose(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let read = || fs::read_to_string(path).ok();
    let kind = path.extension()?.to_str()?;
    match kind {
        "rs" | "wgsl" => Some(comments_and_strings(&read()?, &['"'])),
        "js" => Some(comments_and_strings(&read()?, &['"', '\'', '`'])),
        "md" => Some(outside_of_blocks(&read()?)),
        "html" | "toml" => read(),
        "json" if name.ends_with(".en.json") => read(),
        _ => None,
    }
}

/// The comments and string literals of source code.
fn comments_and_strings(code: &str, quotes: &[char]) -> String {
    let mut prose = String::new();
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            let end = comment.find('\n').unwrap_or(comment.len());
            prose.push_str(comment[..end].trim_start_matches(['/', '!']));
            prose.push('\n');
            rest = &comment[end..];
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let end = comment.find("*/").unwrap_or(comment.len());
            prose.extend(
                comment[..end]
                    .lines()
                    .map(|line| line.trim_start_matches([' ', '*']))
                    .flat_map(|line| [line, "\n"]),
            );
            rest = &comment[end..];
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            let end = raw.find("\"#").unwrap_or(raw.len());
            prose.push_str(&raw[..end]);
            prose.push('\n');
            rest = raw.get(end + 2..).unwrap_or_default();
        } else if quotes.contains(&c) {
            let (text, behind) = literal(&rest[1..], c);
            prose.push_str(text);
            prose.push('\n');
            rest = behind;
        } else if c == '\'' {
            rest = after_character(&rest[1..]);
        } else {
            rest = &rest[c.len_utf8()..];
        }
    }
    prose
}

/// A string literal up to its closing quote, and what follows it.
fn literal(text: &str, quote: char) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// What follows the opening quote of a character literal and the literal itself, or of a lifetime.
fn after_character(text: &str) -> &str {
    let mut characters = text.char_indices();
    let is_escaped = match characters.next() {
        Some((_, '\\')) => true,
        Some(_) => false,
        None => return "",
    };
    let closing = characters.nth(usize::from(is_escaped));
    match closing {
        Some((at, '\'')) => &text[at + 1..],
        _ => text,
    }
}

/// A page without its fenced blocks.
fn outside_of_blocks(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// The phrases in a text, with the words around them.
fn found(prose: &str) -> BTreeSet<String> {
    let plain = prose.replace("\\\n", " ");
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut found = BTreeSet::new();
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    for (phrase, instead) in PHRASES {
        for (at, _) in words.match_indices(phrase) {
            let before = words[..at].chars().next_back().is_some_and(is_letter);
            let after = words[at + phrase.len()..].chars().next().is_some_and(is_letter);
            if !before && !after {
                found.insert(format!("{:?}; write: {instead}", around(&words, at)));
            }
        }
    }
    for (at, _) in words.match_indices(EXAMPLE) {
        let next = words[at + EXAMPLE.len()..].chars().next();
        if next.is_some_and(|c| matches!(c, '`' | '"' | '0'..='9')) {
            found.insert(format!("{:?}; write: for example …", around(&words, at)));
        }
    }
    found
}

fn around(words: &str, at: usize) -> String {
    let before: Vec<_> = words[..at].chars().rev().take(40).collect();
    before.into_iter().rev().chain(words[at..].chars().take(50)).collect()
}

fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).unwrap();
    entries.flat_map(|entry| files(&entry.unwrap().path())).collect()
}

#[test]
fn no_file_has_a_phrase_that_nobody_would_write() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut wrong, mut read) = (Vec::new(), 0);
    for file in PLACES.iter().flat_map(|place| files(&root.join(place))) {
        let Some(prose) = prose(&file) else { continue };
        read += 1;
        let name = file.strip_prefix(root).unwrap().display().to_string();
        wrong.extend(found(&prose).into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(read > 400, "{read} files were read");
    assert!(wrong.is_empty(), "{} phrases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_phrase_is_found_wherever_it_is_written() {
    let rust = "let told = 1; // It was\n// told.\nlet s = \"a whole \\\n    number\"; let c = '\"'; told(\"x\", 'a');";
    let seen = found(&comments_and_strings(rust, &['"']));
    assert_eq!(seen.len(), 2, "{seen:?}");
    let js = "const told = 'rightly'; /* what\n * computed */ `${told} x`;";
    assert_eq!(found(&comments_and_strings(js, &['"', '\'', '`'])).len(), 3);
    for example in ["expected a number, as 0.1", "an image, as 28x28", "a name, as `x`"] {
        assert_eq!(found(example).len(), 1, "{example}");
    }
    assert!(found("brightly untold as `this` moments").is_empty());
    assert!(found(&outside_of_blocks("good\n```\ntold\n```\nfine")).is_empty());
    for (phrase, _) in PHRASES {
        assert!(!found(phrase).is_empty(), "{phrase}");
    }
}
