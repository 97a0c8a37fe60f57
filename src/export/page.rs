//! Pages that are one file: modules and data stand in the page itself, so that it opens from a disk.

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
    /// Its text.
    pub text: &'static str,
}

/// Runs programs.
pub const RUNNER: Module =
    Module { name: "runner.js", text: include_str!("../../assets/page/runner.js") };

/// Checks a suite.
const CONFORMANCE: Module =
    Module { name: "conformance.js", text: include_str!("../../assets/page/conformance.js") };

/// What a conformance page is beside its suite.
const PAGE: &str = include_str!("../../assets/page/conformance.html");

/// The most that a conformance page may weigh, in bytes.
pub const LARGEST: usize = 8_000_000;

/// The page that checks a suite in a browser; `data` has the suite's numbers.
///
/// # Errors
/// [`Error::Config`] when it would be larger than [`LARGEST`].
pub fn conformance(suite: &Suite, data: &[u8]) -> Result<String> {
    let parts = [("suite", json(suite)?), ("data", packed(data)?)];
    at_most(LARGEST, inlined(PAGE, &parts, &[RUNNER, CONFORMANCE]), "name fewer kernels")
}

/// A page of at most so many bytes; `advice` is what to do about a larger one.
///
/// # Errors
/// [`Error::Config`] when it is larger.
pub fn at_most(largest: usize, page: String, advice: &str) -> Result<String> {
    match page.len() {
        len if len <= largest => Ok(page),
        len => Err(Error::Config(format!(
            "the page would have {len} bytes, more than {largest}: {advice}"
        ))),
    }
}

/// A page with texts in it, each in a script element that holds no script, and with modules, of which the
/// last is run. A module imports another by the name of its file: the page's import map has them all, so that
/// nothing is fetched.
#[must_use]
pub fn inlined(page: &str, texts: &[(&str, String)], modules: &[Module]) -> String {
    let texts = texts
        .iter()
        .map(|(id, text)| format!("<script type=\"text/plain\" id=\"{id}\">{text}</script>\n"));
    let texts: String = texts.collect();
    let urls = modules.iter().map(|module| {
        // Errors are to name the file, not the whole of the URL.
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

/// What the names of a page's modules begin with: a module in a URL of its own has no folder around it.
const FOLDER: &str = "normlab/";

/// A module whose imports name files of a folder, so that they name modules of the page.
fn with_bare_imports(text: &str) -> String {
    let bare = |line: &str| {
        let begins = ["import ", "export "].iter().any(|word| line.starts_with(word));
        // A list of several lines ends in another one than it begins in.
        let imports = begins || line.contains("} from '");
        let paths = ["from '../", "from './"];
        match paths.iter().find(|path| imports && line.contains(**path)) {
            Some(path) => line.replacen(path, &format!("from '{FOLDER}"), 1),
            None => line.to_owned(),
        }
    };
    text.lines().map(|line| bare(line) + "\n").collect()
}

/// A value as JSON that ends no script element.
///
/// # Errors
/// [`Error::Config`] when it cannot be written as JSON.
pub fn json(value: &impl Serialize) -> Result<String> {
    Ok(super::json(value, "the page")?.replace('<', "\\u003c"))
}

/// Bytes as base64 of gzip.
///
/// # Errors
/// [`Error::Config`] when they cannot be packed.
pub fn packed(bytes: &[u8]) -> Result<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zipped = encoder.write_all(bytes).and_then(|()| encoder.finish());
    let zipped = zipped.map_err(|error| Error::Config(format!("cannot pack the page: {error}")))?;
    Ok(STANDARD.encode(zipped))
}

/// A number to so many significant digits: a page carries no more than it needs.
#[must_use]
pub fn short(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits.saturating_sub(1)).parse().unwrap_or(number)
}
