//! How deeply source nests. Compilers recurse through nested expressions and statements, and beyond some depth
//! they run out of stack, which ends the process. So source that is too deep is refused before any sees it.

use super::tokens::{Token, tokens};

/// Operators in one expression, each of which may be an operand of the next one. naga survives 3,500 on the
/// 2 MiB of a thread; see also [`super::wgsl::STACK`].
const MOST_OPERATORS: usize = 500;

/// Nested brackets and braces. naga refuses 127 braces.
const MOST_BRACKETS: usize = 100;

/// Conditions in one chain of `else if`. naga survives 1,700 on 2 MiB.
const MOST_CONDITIONS: usize = 200;

/// Declarations of a module, each of which may refer to the next one. naga survives 6,000 on 2 MiB.
const MOST_DECLARATIONS: usize = 2_000;

/// Signs that join their neighbours.
const OPERATORS: &str = "+-*/%&|^!~<>=.";

/// Where source nests too deeply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TooDeep {
    /// What is too deep, and what to do about it.
    pub(super) reason: String,
    /// The line, from 1.
    pub(super) line: usize,
}

/// The state between two brackets, or outside all.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// Operators outside it.
    outer: usize,
    /// The same plus those of the expression being read.
    operators: usize,
    /// Conditions of the `else if` chain being read.
    conditions: usize,
    /// Whether it is in braces.
    braces: bool,
}

/// Looks for the first place where WGSL source nests too deeply.
///
/// # Errors
/// That place.
pub(super) fn check(text: &str) -> Result<(), TooDeep> {
    let (mut levels, mut level) = (Vec::new(), Level { braces: true, ..Level::default() });
    let (mut declarations, mut before) = (0, Token { text: "", start: 0, line: 1 });
    for token in tokens(text) {
        let last = std::mem::replace(&mut before, token);
        match token.text {
            "if" if last.text == "else" => level.conditions += 1,
            "if" => level.conditions = 0,
            "(" | "[" | "{" => {
                levels.push(level);
                let braces = token.text == "{";
                let outer = if braces { 0 } else { level.operators };
                level = Level { outer, operators: outer, conditions: 0, braces };
            }
            ")" | "]" | "}" => {
                let closed = level;
                level = levels.pop().unwrap_or(closed);
                // A bracket after an expression, such as an index, is an operator.
                level.operators = if closed.braces { level.outer } else { level.operators + 1 };
                declarations += usize::from(levels.is_empty() && closed.braces);
            }
            ";" | "," => {
                level.operators = level.outer;
                declarations += usize::from(levels.is_empty() && token.text == ";");
            }
            // || << >> == are one each; in a row of ! - ~ * & each counts, as some compiler may read it so.
            "|" | "<" | ">" | "=" if last.text == token.text && last.end() == token.start => {
                before.text = "";
            }
            sign if sign.len() == 1 && OPERATORS.contains(sign) => level.operators += 1,
            _ => {}
        }
        let found = [
            (
                level.operators,
                MOST_OPERATORS,
                "operators in one expression; split it into several statements",
            ),
            (levels.len(), MOST_BRACKETS, "nested brackets; split their contents"),
            (
                level.conditions,
                MOST_CONDITIONS,
                "conditions in one chain of `else if`; use a switch or a table",
            ),
            (declarations, MOST_DECLARATIONS, "declarations; use fewer"),
        ];
        if let Some((_, most, what)) = found.into_iter().find(|(count, most, _)| count > most) {
            let reason = format!("more than {most} {what}: compilers would run out of stack");
            return Err(TooDeep { reason, line: token.line });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Option<(String, usize)> {
        check(text)
            .err()
            .map(|deep| (deep.reason.chars().take_while(|&c| c != ';').collect(), deep.line))
    }

    fn many(part: &str) -> String {
        part.repeat(5_000)
    }

    #[test]
    fn every_kind_of_depth_is_told_with_its_line() {
        let operators = Some(("more than 500 operators in one expression".to_owned(), 2));
        for chain in ["+x", "||y", "*-x", "- ", "!", ".xyzw", "*&", "[0]", "(x)", "< a", "=x", "/x"]
        {
            assert_eq!(reason(&format!("\nlet a = x{}", many(chain))), operators, "{chain}");
        }
        // Half of them within brackets, half of them around.
        let nested = format!("\n{}({})", "x+".repeat(300), "x+".repeat(300));
        assert_eq!(reason(&nested), operators);
        let brackets = Some(("more than 100 nested brackets".to_owned(), 1));
        for open in ["(", "[", "{", "f(", "if y {", "loop {", "switch i { default {"] {
            assert_eq!(reason(&many(open)), brackets, "{open}");
        }
        let conditions = format!("\n\nif y {{}} {}", many("else if y {}"));
        assert_eq!(
            reason(&conditions),
            Some(("more than 200 conditions in one chain of `else if`".to_owned(), 3))
        );
        for declaration in ["const a = b;", "struct a { b: c }", "fn a() {}", "alias a = b;"] {
            let said = reason(&many(declaration));
            assert_eq!(said, Some(("more than 2000 declarations".to_owned(), 1)), "{declaration}");
        }
    }

    #[test]
    fn what_is_long_and_not_deep_is_let_through() {
        for long in [
            format!("fn f() {{ {} }}", many("x = x + 1.0;")),
            format!("const a = array({});", many("-0.5e-3, .5 * 0x1p-2,")),
            format!("const a = array({});", many("vec2(-1.0, 1.0),")),
            format!("fn f() {{ {} }}", many("if x { y = -y; } else { y++; }")),
            format!("// {}\n/* {} */", many("+("), many("-{ /* */")),
            format!("fn f() {{ {} }}", many("{ let x = y; }")),
        ] {
            assert_eq!(check(&long), Ok(()), "{}", &long[..40]);
        }
    }
}
