//! Faults that are inserted by rule, wherever a shader's source has a place for them.
//!
//! Tables list faults that somebody thought of. These rules go through every variant, line by line, and so find
//! the places that nobody thought of: another axis of an id, another size, a replica's offset left out, a
//! loop that ends early or steps too far, a number in place of a tunable.

use normlab::kernels::tunable::tunables;

/// One fault: the text with it, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Injected {
    /// The rule.
    pub(crate) rule: &'static str,
    /// The line, from 1, and the function that contains it; none outside of functions.
    pub(crate) line: usize,
    pub(crate) function: String,
    /// The line as it was, without its indentation and comment.
    pub(crate) before: String,
    /// The line as it became.
    pub(crate) after: String,
    /// The code below the line with deeper indentation: the body of a loop.
    pub(crate) body: String,
    /// The whole text with the fault.
    pub(crate) text: String,
    /// The tunable that decides whether it shows, if any.
    pub(crate) tunable: Option<String>,
}

impl Injected {
    /// For the list of survivors.
    pub(crate) fn describe(&self) -> String {
        let Self { rule, line, before, after, .. } = self;
        format!("{rule}, line {line}: {before:?} became {after:?}")
    }
}

/// Rounds after which a loop of [`loops_cut`] ends. Training lets a batch or a layer be twice as large.
const CUT: &str = "8192u";

/// All faults that the rules make of a shader's text.
pub(crate) fn all(text: &str) -> Vec<Injected> {
    let mut found = Vec::new();
    let rules = [axes, sizes, replicas, loops_cut, strides];
    let mut function = "";
    for (number, line) in text.lines().enumerate() {
        if let Some(named) = line.strip_prefix("fn ") {
            function = named.split_once('(').map_or(named, |(name, _)| name);
        }
        let mut changes: Vec<_> = rules.iter().flat_map(|rule| rule(text, code(line))).collect();
        changes.extend(numbers(text, code(line)));
        for (rule, at, length, to, tunable) in changes {
            let after = format!("{}{to}{}", &line[..at], &line[at + length..]);
            let lines = text.lines().enumerate();
            let lines = lines.map(|(other, line)| if other == number { &after } else { line });
            let mutant = lines.flat_map(|line| [line, "\n"]).collect();
            let [before, after] = [code(line), code(&after)].map(|line| line.trim().to_owned());
            let (line, function, body) = (number + 1, function.to_owned(), body(text, number));
            found.push(Injected {
                rule,
                line,
                function,
                before,
                after,
                body,
                text: mutant,
                tunable,
            });
        }
    }
    found
}

/// The lines below one with deeper indentation.
fn body(text: &str, number: usize) -> String {
    let depth = |line: &&str| line.len() - line.trim_start().len();
    let mut lines = text.lines().skip(number);
    let own = lines.next().map_or(0, |line| depth(&line));
    lines.take_while(|line| depth(line) > own).map(str::trim).collect::<Vec<_>>().join("\n")
}

/// A rule's name; where in a line, and how many bytes of it, become what; and a tunable.
type Change = (&'static str, usize, usize, String, Option<String>);

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where a word occurs in code, not as part of another and not as a member.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + word.len()).copied();
        let ends = |byte: Option<u8>| byte.is_none_or(|byte| !is_word(byte));
        ends(before) && before != Some(b'.') && ends(after)
    })
}

/// The names of ids of three axes: `workgroup`, `local`, `id`.
fn ids(text: &str) -> Vec<&str> {
    let parameters = text.split("@builtin(").skip(1);
    let named = parameters.filter_map(|rest| {
        let (name, rest) = rest.split_once(')')?.1.split_once(':')?;
        rest.trim_start().starts_with("vec3<u32>").then_some(name.trim())
    });
    named.collect()
}

/// Another axis of an id.
fn axes(text: &str, code: &str) -> Vec<Change> {
    let mut found = Vec::new();
    for id in ids(text) {
        for axis in ["x", "y", "z"] {
            let member = format!("{id}.{axis}");
            for other in ["x", "y", "z"].into_iter().filter(|other| *other != axis) {
                let to = |at| ("an axis", at, member.len(), format!("{id}.{other}"), None);
                found.extend(words(code, &member).map(to));
            }
        }
    }
    found
}

/// The integers of `Params`.
fn parameters(text: &str) -> Vec<&str> {
    let body = text.split_once("struct Params {").and_then(|(_, rest)| rest.split_once('}'));
    let lines = body.map_or("", |(body, _)| body).lines();
    lines.filter_map(|line| line.trim().strip_suffix(": u32,")).collect()
}

/// Another size or stride.
fn sizes(text: &str, code: &str) -> Vec<Change> {
    let mut found = Vec::new();
    let names = parameters(text);
    for name in &names {
        let member = format!("params.{name}");
        for other in names.iter().filter(|other| *other != name) {
            let to = |at| ("a size", at, member.len(), format!("params.{other}"), None);
            found.extend(words(code, &member).map(to));
        }
    }
    found
}

/// The first replica in place of any.
fn replicas(text: &str, code: &str) -> Vec<Change> {
    let mut names: Vec<_> = ids(text).iter().map(|id| format!("{id}.z")).collect();
    names.push("replica".to_owned());
    let mut found = Vec::new();
    for name in &names {
        // Not where it is declared.
        let uses = words(code, name).filter(|at| {
            let rest = code[at + name.len()..].trim_start();
            !rest.starts_with(':') && !code[..*at].ends_with("let ")
        });
        found.extend(uses.map(|at| ("the first replica", at, name.len(), "0u".to_owned(), None)));
    }
    found
}

/// The three parts of a line's `for (…; …; …)`, each with its place.
fn loop_parts(code: &str) -> Option<[(usize, &str); 3]> {
    let start = code.find("for (")? + "for (".len();
    let end = code.rfind(") {")?;
    let first = start + code[start..end].find(';')?;
    let second = first + 1 + code[first + 1..end].find(';')?;
    Some([
        (start, &code[start..first]),
        (first + 1, &code[first + 1..second]),
        (second + 1, &code[second + 1..end]),
    ])
}

/// A loop that ends early where it is long.
fn loops_cut(_: &str, code: &str) -> Vec<Change> {
    let Some([_, (start, condition), _]) = loop_parts(code) else { return Vec::new() };
    let Some(less) = condition.rfind(" < ") else { return Vec::new() };
    let (at, bound) = (start + less + 3, &condition[less + 3..]);
    // A constant is no size.
    if bound.chars().all(|char| char.is_ascii_uppercase() || " */_4u".contains(char)) {
        return Vec::new();
    }
    vec![("a loop cut", at, bound.len(), format!("min({bound}, {CUT})"), None)]
}

/// A loop that leaves something out, or does something twice.
fn strides(_: &str, code: &str) -> Vec<Change> {
    let Some([_, _, (start, step)]) = loop_parts(code) else { return Vec::new() };
    let made = |to: String| ("a stride", start, step.len(), to, None);
    match (step.split_once(" += "), step.strip_suffix("++")) {
        (Some((name, by)), _) => {
            [format!("{name} += {by} + 1u"), format!("{name} += {by} - 1u")].map(made).to_vec()
        }
        (_, Some(name)) => vec![made(format!("{name} += 2u"))],
        _ => Vec::new(),
    }
}

/// A number in place of a tunable: right only at the tunable's value in the file.
fn numbers(text: &str, code: &str) -> Vec<Change> {
    let mut found = Vec::new();
    for tunable in tunables(text).unwrap_or_default() {
        let declared = format!("const {}:", tunable.name);
        if code.starts_with(&declared) {
            continue;
        }
        let made = |at| {
            let number = format!("{}u", tunable.value);
            let name = Some(tunable.name.clone());
            ("a number for a tunable", at, tunable.name.len(), number, name)
        };
        found.extend(words(code, &tunable.name).map(made));
    }
    found
}
