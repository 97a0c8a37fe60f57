//! Reading WGSL with naga: source becomes a module that is valid on its own, whatever kernel or activation
//! it is for.

use super::header::Requirements;
use super::nesting::{self, TooDeep};
use crate::error::{Error, Result};
use naga::Module;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use std::thread;

/// Bytes of stack for a thread that reads or compiles source. Source that is not refused as nested too deeply
/// takes up to 0.7 MB of it, and 9 MB in an unoptimized build.
pub const STACK: usize = 16 << 20;

/// A module that naga has parsed and found valid with the features that its header requires. `place` is what
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
            reader.map_err(|error| Error::Device(format!("cannot start a thread: {error}")))?;
        let broken = |_| refused(&format!("{place}: naga crashed while parsing this shader"));
        reader.join().map_err(broken)?
    })
}

/// The features that naga allows a shader with these requirements.
pub fn capabilities(requires: &Requirements) -> Capabilities {
    // Whether the header names the matrices in use is checked later, with a better message.
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
