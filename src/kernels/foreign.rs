//! A user's file that is appended to a kernel's source, such as an activation: its names are made unique, so
//! that none clashes with one of the kernel's or shadows a WGSL function that the kernel calls; and its
//! directives, which must come before everything else, are taken out of it. Line numbers stay the same.

use super::tokens::{Token, tokens};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// The keywords that begin a module-level declaration.
const DECLARATIONS: [&str; 6] = ["const", "override", "var", "fn", "struct", "alias"];

/// Source that can be appended to other source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// The source.
    pub(super) text: String,
    /// The directives that belong at the very beginning, each with its semicolon.
    pub(super) directives: String,
}

impl Foreign {
    /// `text`, to be appended to `before`; `kept` are the names that the latter uses.
    ///
    /// # Errors
    /// [`Error::Shader`] when a directive requests an unsupported feature; `place` is what it calls the file.
    pub(super) fn new(text: &str, place: &str, before: &str, kept: &[&str]) -> Result<Self> {
        let all: Vec<_> = tokens(text).collect();
        let (heads, body) = all.split_at(directives(&all));
        if let Some(asks) = heads.iter().find(|token| ["enable", "requires"].contains(&token.text))
        {
            let end = heads.iter().find(|token| token.start > asks.start && token.text == ";");
            let directive = &text[asks.start..end.map_or(asks.end(), Token::end)];
            return Err(Error::Shader(format!(
                "{place}:{}: `{directive}` requests a feature that not every adapter has; remove it: \
                 activations compute in f32",
                asks.line
            )));
        }
        let names = renamed(body, before, kept);
        let mut changed = String::new();
        let mut at = 0;
        let mut keep = |from: usize, to: usize, put: &str| {
            changed.push_str(&text[at..from]);
            changed.push_str(put);
            at = to;
        };
        for token in heads {
            keep(token.start, token.end(), "");
        }
        for (place, token) in body.iter().enumerate() {
            if let Some(name) = names.get(token.text).filter(|_| stands_for_itself(body, place)) {
                keep(token.start, token.end(), name);
            }
        }
        keep(text.len(), text.len(), "");
        let directives: Vec<_> = heads.iter().map(|token| token.text).collect();
        Ok(Self { text: changed, directives: directives.join(" ") })
    }
}

/// The number of tokens in the directives at the beginning.
fn directives(all: &[Token<'_>]) -> usize {
    let mut count = 0;
    while let Some(token) = all.get(count)
        && ["diagnostic", "enable", "requires"].contains(&token.text)
    {
        let length = all[count..].iter().position(|token| token.text == ";");
        count += length.map_or(all.len() - count, |length| length + 1);
    }
    count
}

/// The names declared at module level, each with a new one that occurs nowhere else.
fn renamed<'a>(body: &[Token<'a>], before: &str, kept: &[&str]) -> BTreeMap<&'a str, String> {
    let words = body.iter().copied().chain(tokens(before)).filter(Token::is_word);
    let taken: BTreeSet<&str> = words.map(|token| token.text).collect();
    let own = |name: &str| {
        let tries = (1..).map(|count| format!("{}{name}", "own_".repeat(count)));
        tries.into_iter().find(|tried| !taken.contains(tried.as_str())).unwrap_or_default()
    };
    let (mut names, mut depth) = (BTreeMap::new(), 0_usize);
    for (place, token) in body.iter().enumerate() {
        match token.text {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth = depth.saturating_sub(1),
            word if depth == 0 && DECLARATIONS.contains(&word) => {
                // `var` may be followed by an address space in angle brackets.
                let mut behind = body[place + 1..].iter();
                if behind.clone().next().is_some_and(|token| token.text == "<") {
                    behind.find(|token| token.text == ">");
                }
                let name =
                    behind.next().filter(|name| name.is_word() && !kept.contains(&name.text));
                if let Some(name) = name {
                    names.insert(name.text, own(name.text));
                }
            }
            _ => {}
        }
    }
    names
}

/// Whether a word is not the name of a member or an attribute: only its context gives those a meaning.
fn stands_for_itself(body: &[Token<'_>], place: usize) -> bool {
    let text = |at: Option<usize>| at.and_then(|at| body.get(at)).map_or("", |token| token.text);
    let (before, behind) = (text(place.checked_sub(1)), text(Some(place + 1)));
    let is_known_by_another =
        matches!(before, "." | "@") || (behind == ":" && is_in_struct(body, place));
    !is_known_by_another
}

/// Whether a token is directly within the braces of a struct.
fn is_in_struct(body: &[Token<'_>], place: usize) -> bool {
    let mut depth = 0;
    for at in (0..place).rev() {
        match body[at].text {
            "}" | ")" | "]" => depth += 1,
            "{" if depth == 0 => return at >= 2 && body[at - 2].text == "struct",
            "{" | "(" | "[" if depth > 0 => depth -= 1,
            "(" | "[" => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(text: &str, before: &str) -> (String, String) {
        let Foreign { text, directives } =
            Foreign::new(text, "a.wgsl", before, &["activate"]).unwrap();
        (text, directives)
    }

    #[test]
    fn names_of_a_module_are_made_its_own_and_lines_stay() {
        let text = "diagnostic(off,\n derivative_uniformity);\nconst beta = 2.0; // beta\n\
                    struct S { x: f32, beta: f32, @align(16) max: T }\nalias T = f32;\nvar<private> x: f32;\n\
                    fn max(a: f32) -> f32 { var beta1 = beta; return a + x; }\n\
                    fn activate(y: f32) -> f32 { let s = S(y, beta, max(y)); let beta = s.beta; return s.x + beta; }\n";
        let (changed, directives) = foreign(text, "const own_beta = 1.0;");
        let lines: Vec<_> = changed.lines().collect();
        assert_eq!(directives, "diagnostic ( off , derivative_uniformity ) ;");
        assert_eq!(lines[2], "const own_own_beta = 2.0; // beta");
        assert_eq!(lines[3], "struct own_S { x: f32, beta: f32, @align(16) max: own_T }");
        assert_eq!(lines[4], "alias own_T = f32;");
        assert_eq!(lines[5], "var<private> own_x: f32;");
        assert_eq!(
            lines[6],
            "fn own_max(a: f32) -> f32 { var beta1 = own_own_beta; return a + own_x; }"
        );
        assert_eq!(
            lines[7],
            "fn activate(y: f32) -> f32 { let s = own_S(y, own_own_beta, own_max(y)); let own_own_beta = s.beta; \
             return s.x + own_own_beta; }"
        );
        assert_eq!(changed.lines().count(), text.lines().count());
    }

    #[test]
    fn what_declares_nothing_stays_as_it_is() {
        for text in [
            "fn activate(x: f32) -> f32 { return x; }\n",
            "",
            "// nothing",
            "fn",
            "var<",
            "struct {",
        ] {
            assert_eq!(foreign(text, "fn main() {}").0, text);
        }
    }

    #[test]
    fn extensions_are_refused_with_their_line() {
        let text = "// half\nenable f16;\nfn activate(x: f32) -> f32 { return x; }";
        let error = Foreign::new(text, "a.wgsl", "", &[]).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "a.wgsl:2: `enable f16;` requests a feature that not every adapter has"
            ),
            "{error}"
        );
    }
}
