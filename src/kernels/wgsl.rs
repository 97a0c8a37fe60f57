//! Reading WGSL with naga: a text becomes a module that is valid by itself, whatever kernel or activation
//! it is for.

use super::header::Requirements;
use super::nesting::{self, TooDeep};
use crate::error::{Error, Result};
use naga::Module;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use std::thread;

/// Bytes of stack for a thread that reads a text or compiles it. What is not refused as nested too deep takes
/// 0.7 MB of it, and 9 MB without optimization.
pub const STACK: usize = 16 << 20;

/// A module that naga has read and found valid, being allowed what its header requires. `place` is what
/// messages call its file.
///
/// # Errors
/// [`Error::Shader`] with the line that naga objects to.
pub(super) fn validated(
    text: &str,
    place: &str,
    requires: &Requirements,
) -> Result<(Module, ModuleInfo)> {
    nesting::check(text)
        .map_err(|TooDeep { reason, line }| refused(&format!("{reason}\n  ┌─ {place}:{line}:1")))?;
    let read = || {
        let module = naga::front::wgsl::parse_str(text)
            .map_err(|error| refused(&error.emit_to_string_with_path(text, place)))?;
        let info = Validator::new(ValidationFlags::all(), capabilities(requires))
            .validate(&module)
            .map_err(|error| refused(&error.emit_to_string_with_path(text, place)))?;
        Ok((module, info))
    };
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read);
        let reader =
            reader.map_err(|error| Error::Device(format!("could not start a thread: {error}")))?;
        let broken =
            |_| refused(&format!("{place}: naga, which reads it, broke down on this text"));
        reader.join().map_err(broken)?
    })
}

/// What naga lets a shader with these requirements do.
pub fn capabilities(requires: &Requirements) -> Capabilities {
    // Whether the header names the matrices that are used is seen later, with better words.
    let usual = Capabilities::SUBGROUP | Capabilities::COOPERATIVE_MATRIX;
    match requires.cooperative_matrix {
        Some(_) => usual | Capabilities::SHADER_FLOAT16,
        None => usual,
    }
}

/// naga's message as an error; the word `error` before it is for whoever prints it.
fn refused(message: &str) -> Error {
    Error::Shader(message.trim_start_matches("error: ").trim_end().to_owned())
}
