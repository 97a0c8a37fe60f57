//! WGSL source as words, numbers and signs, without comments: what can be known before any compiler has read
//! it.

/// A word, a number, or one sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// Its characters in the source.
    pub(super) text: &'a str,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Its line, from 1.
    pub(super) line: usize,
}

impl Token<'_> {
    /// Whether it is a keyword or a name.
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(begins_word)
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of `text`, in order.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0, line: 1 }
}

/// See [`tokens`].
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.text[self.at..];
            let first = rest.chars().next()?;
            let (length, is_token) = match first {
                _ if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
                _ if rest.starts_with("/*") => (comment(rest), false),
                first if first.is_whitespace() => (first.len_utf8(), false),
                first if begins_word(first) => {
                    (end(rest, |c| begins_word(c) || c.is_numeric()), true)
                }
                first if first.is_ascii_digit() => (number(rest), true),
                '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (number(rest), true),
                sign => (sign.len_utf8(), true),
            };
            let token = Token { text: &rest[..length], start: self.at, line: self.line };
            self.at += length;
            self.line += token.text.matches('\n').count();
            if is_token {
                return Some(token);
            }
        }
    }
}

fn begins_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Where the first character is that is not `is_so`.
fn end(text: &str, mut is_so: impl FnMut(char) -> bool) -> usize {
    text.find(|c| !is_so(c)).unwrap_or(text.len())
}

/// The length of a number, including its point, its exponent's sign and its suffix.
fn number(text: &str) -> usize {
    let is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let exponent = if is_hexadecimal { ['p', 'P'] } else { ['e', 'E'] };
    let mut last = ' ';
    end(text, |c| {
        let is_part =
            c.is_ascii_alphanumeric() || c == '.' || ("+-".contains(c) && exponent.contains(&last));
        last = c;
        is_part
    })
}

/// The length of a block comment, which may contain others.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        at += match rest {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                if depth == 0 {
                    return at + 2;
                }
                2
            }
            _ => 1,
        };
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_signs_are_told_apart() {
        let text = "let a_1 = -1.5e-3f + .5 * 0x1p-2; // b\n/* c /* d */ e */ x.yz >= ä\n/* open";
        let found: Vec<_> = tokens(text).map(|token| token.text).collect();
        let expected = "let a_1 = - 1.5e-3f + .5 * 0x1p-2 ; x . yz > = ä";
        assert_eq!(found, expected.split(' ').collect::<Vec<_>>());
        let lines: Vec<_> =
            tokens(text).filter(|token| token.is_word()).map(|token| token.line).collect();
        assert_eq!(lines, [1, 1, 2, 2, 2]);
        for token in tokens(text) {
            assert_eq!(&text[token.start..token.end()], token.text);
        }
        assert_eq!(
            tokens("1-2e+3").map(|token| token.text).collect::<Vec<_>>(),
            ["1", "-", "2e+3"]
        );
    }
}
