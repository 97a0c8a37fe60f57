//! Single-file pages: modules and data are part of the page, so that it opens from a disk.

use super::conformance::Suite;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use std::io::Write;

/// A script that other scripts import from.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// Its file's name.
    pub name: &'static str,
    /// Its source.
    pub text: &'static str,
}

/// Runs programs.
pub const RUNNER: Module =
    Module { name: "runner.js", text: include_str!("../../assets/page/runner.js") };

/// Checks a suite.
const CONFORMANCE: Module =
    Module { name: "conformance.js", text: include_str!("../../assets/page/conformance.js") };

/// The conformance page without its suite.
const PAGE: &str = include_str!("../../assets/page/conformance.html");

/// The largest size of a conformance page, in bytes.
pub const LARGEST: usize = 8_000_000;

/// The page that checks a suite in a browser; `data` is the suite's data.
///
/// # Errors
/// [`Error::Config`] when it would be larger than [`LARGEST`].
pub fn conformance(suite: &Suite, data: &[u8]) -> Result<String> {
    let parts = [("suite", json(suite)?), ("data", packed(data)?)];
    at_most(LARGEST, inlined(PAGE, &parts, &[RUNNER, CONFORMANCE]), "name fewer kernels")
}

/// The page, if it has at most `largest` bytes; `advice` says what to do about a larger one.
///
/// # Errors
/// [`Error::Config`] when it is larger.
pub fn at_most(largest: usize, page: String, advice: &str) -> Result<String> {
    match page.len() {
        len if len <= largest => Ok(page),
        len => Err(Error::Config(format!(
            "the page would have {len} bytes, more than the limit of {largest}: {advice}"
        ))),
    }
}

/// A page with embedded texts, each in a script element of type `text/plain`, and with modules, of which the
/// last is run. A module imports another by its file name: the page's import map has them all, so that
/// nothing is fetched.
#[must_use]
pub fn inlined(page: &str, texts: &[(&str, String)], modules: &[Module]) -> String {
    let texts = texts
        .iter()
        .map(|(id, text)| format!("<script type=\"text/plain\" id=\"{id}\">{text}</script>\n"));
    let texts: String = texts.collect();
    let urls = modules.iter().map(|module| {
        // Makes errors name the file, not the whole URL.
        let text = format!("{}//# sourceURL={}\n", with_bare_imports(module.text), module.name);
        let text = STANDARD.encode(text);
        format!("\"{FOLDER}{}\":\"data:text/javascript;base64,{text}\"", module.name)
    });
    let urls = urls.collect::<Vec<_>>().join(",\n");
    let first = modules.last().map_or("", |module| module.name);
    let scripts = format!(
        "{texts}<script type=\"importmap\">{{\"imports\":{{\n{urls}}}}}</script>\n\
         <script type=\"module\">import '{FOLDER}{first}';</script>\n"
    );
    page.replacen("</body>", &format!("{scripts}</body>"), 1)
}

/// The prefix of a page's module names: a module in a data URL has no folder.
const FOLDER: &str = "normlab/";

/// A module whose imports of files are rewritten to import modules of the page.
fn with_bare_imports(text: &str) -> String {
    let bare = |line: &str| {
        let begins = ["import ", "export "].iter().any(|word| line.starts_with(word));
        // A list of imports may span several lines.
        let imports = begins || line.contains("} from '");
        let paths = ["from '../", "from './"];
        match paths.iter().find(|path| imports && line.contains(**path)) {
            Some(path) => line.replacen(path, &format!("from '{FOLDER}"), 1),
            None => line.to_owned(),
        }
    };
    text.lines().map(|line| bare(line) + "\n").collect()
}

/// A value as JSON that cannot end a script element.
///
/// # Errors
/// [`Error::Config`] when it cannot be written as JSON.
pub fn json(value: &impl Serialize) -> Result<String> {
    Ok(super::json(value, "the page")?.replace('<', "\\u003c"))
}

/// Bytes, gzipped, as base64.
///
/// # Errors
/// [`Error::Config`] when they cannot be compressed.
pub fn packed(bytes: &[u8]) -> Result<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zipped = encoder.write_all(bytes).and_then(|()| encoder.finish());
    let zipped =
        zipped.map_err(|error| Error::Config(format!("cannot compress the page: {error}")))?;
    Ok(STANDARD.encode(zipped))
}

/// A number rounded to `digits` significant digits: a page carries no more than it needs.
#[must_use]
pub fn short(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits.saturating_sub(1)).parse().unwrap_or(number)
}
