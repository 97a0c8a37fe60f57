//! The terminal that a command prints to.

use std::io::{IsTerminal, stdout};
use std::sync::OnceLock;
use textwrap::Options;

/// Below this many columns nothing is made to fit: no table has a use for so few.
const NARROWEST: usize = 20;

static WIDTH: OnceLock<usize> = OnceLock::new();

/// From now on, fits output to the terminal, if standard output is one: tables are no wider than it, and lines of
/// words are wrapped.
pub fn fit() {
    let size = stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let width = size.map(|(width, _)| usize::from(width.0)).filter(|width| *width >= NARROWEST);
    width.map(|width| WIDTH.set(width));
}

/// The terminal's columns, if output is fitted to it.
pub(super) fn width() -> Option<usize> {
    WIDTH.get().copied()
}

/// Wraps lines of words that are longer than `width`. Continuation lines are indented to the text after the first gap
/// of the line, or else like its first word.
pub(super) fn broken(text: &str, width: usize) -> String {
    let broken = |line: &str| {
        if line.chars().count() <= width {
            return line.to_owned();
        }
        let start = line.chars().take_while(|&c| c == ' ').count();
        let words: String = line.chars().skip(start).collect();
        let gap = words
            .split_once("  ")
            .map(|(_, behind)| words.chars().count() - behind.trim_start().chars().count());
        let indent = gap.map_or(start, |gap| start + gap).min(width / 2);
        textwrap::fill(
            line,
            Options::new(width).break_words(false).subsequent_indent(&" ".repeat(indent)),
        )
    };
    text.split('\n').map(broken).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_below_their_words() {
        let text =
            "short\nholds        one two three four five\n  and so on and so on and so on\n\nend";
        let lines = [
            "short",
            "holds        one two",
            "          three four",
            "          five",
            "  and so on and so",
            "  on and so on",
            "",
            "end",
        ];
        assert_eq!(broken(text, 20), lines.join("\n"));
        assert_eq!(broken(text, 200), text);
        // A path stays whole.
        assert_eq!(broken("a /very/long/path/of/a/file", 10), "a\n/very/long/path/of/a/file");
    }
}
