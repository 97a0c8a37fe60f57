//! Text within SVG and HTML.
//!
//! A sentence of the report, or of a record, may contain code between backticks. A page shows it as code; a
//! terminal and an attribute show it without the backticks.

/// Text escaped for use between tags or within quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// A sentence as HTML, with text between two backticks as code.
#[must_use]
pub fn prose(text: &str) -> String {
    let mut html = String::new();
    for (code, part) in parts(text) {
        let part = escape(part);
        html.push_str(&if code { format!("<code>{part}</code>") } else { part });
    }
    html
}

/// A sentence without the backticks around its code.
#[must_use]
pub fn plain(text: &str) -> String {
    parts(text).into_iter().map(|(_, part)| part).collect()
}

/// The parts of a sentence, and which of them are code. An unpaired backtick is an ordinary character.
fn parts(text: &str) -> Vec<(bool, &str)> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once('`')
        && let Some((code, after)) = behind.split_once('`')
    {
        parts.extend([(false, before), (true, code)]);
        rest = after;
    }
    parts.push((false, rest));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_code_in_a_page_and_words_elsewhere() {
        let text = "with `normlab affine --out` and `a<b`, a ` stays";
        let html = "with <code>normlab affine --out</code> and <code>a&lt;b</code>, a ` stays";
        assert_eq!(prose(text), html);
        assert_eq!(plain(text), "with normlab affine --out and a<b, a ` stays");
        assert_eq!((prose("`"), plain("``")), ("`".to_owned(), String::new()));
    }

    #[test]
    fn no_tag_and_no_quote_is_left() {
        assert_eq!(escape("<a b=\"c\"> & d"), "&lt;a b=&quot;c&quot;&gt; &amp; d");
    }
}
