//! Pages that are one file: modules and data stand in the page itself, so that it opens from a disk.

use super::conformance::Suite;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use std::io::Write;

/// Runs programs.
pub const RUNNER: &str = include_str!("../../assets/page/runner.js");

/// Checks a suite.
const CONFORMANCE: &str = include_str!("../../assets/page/conformance.js");

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
    let page = inlined(PAGE, &parts, &[RUNNER, CONFORMANCE]);
    if page.len() <= LARGEST {
        return Ok(page);
    }
    Err(Error::Config(format!(
        "the page would have {} bytes, more than {LARGEST}: name fewer kernels",
        page.len()
    )))
}

/// A page with texts in it, each in a script element that holds no script, and with modules, which import
/// from modules before them in the list alone.
fn inlined(page: &str, texts: &[(&str, String)], modules: &[&str]) -> String {
    let texts = texts
        .iter()
        .map(|(id, text)| format!("<script type=\"text/plain\" id=\"{id}\">{text}</script>\n"));
    let lines = modules.iter().flat_map(|module| module.lines());
    let lines = lines.filter(|line| !line.starts_with("import "));
    let module: String = lines.map(|line| format!("{line}\n")).collect();
    let scripts =
        format!("{}<script type=\"module\">\n{module}</script>\n", texts.collect::<String>());
    page.replacen("</body>", &format!("{scripts}</body>"), 1)
}

/// A value as JSON that ends no script element.
fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value);
    let text = text.map_err(|error| Error::Config(format!("no JSON of the page: {error}")))?;
    Ok(text.replace('<', "\\u003c"))
}

/// Bytes as base64 of gzip.
fn packed(bytes: &[u8]) -> Result<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zipped = encoder.write_all(bytes).and_then(|()| encoder.finish());
    let zipped = zipped.map_err(|error| Error::Config(format!("cannot pack the page: {error}")))?;
    Ok(STANDARD.encode(zipped))
}
