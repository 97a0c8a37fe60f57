//! Override constants: `override SIDE: u32 = 8u;`, which WebGPU would let a pipeline set. Here they have their
//! default values everywhere, including workgroup sizes, arrays and tiles; a tunable may be one.

use naga::back::PipelineConstants;
use naga::back::pipeline_constants::{PipelineConstantError, process_overrides};
use naga::valid::ModuleInfo;
use naga::{Expression, Handle, Module, Override, Span};

/// A valid module with its override constants at their default values, evaluated wherever they occur. If there
/// are any, what `main` does not reach is left out. `shown` turns an error in the module into naga's message.
///
/// # Errors
/// A sentence about the constant that has no default value, or about an error that the defaults lead to.
pub(super) fn resolved(
    module: &Module,
    info: &ModuleInfo,
    shown: impl Fn(&naga::WithSpan<naga::valid::ValidationError>) -> String,
) -> Result<Module, String> {
    match process_overrides(module, info, None, &PipelineConstants::default()) {
        Ok((resolved, _)) => Ok(resolved.into_owned()),
        Err(PipelineConstantError::MissingValue(key)) => Err(lacks_default(module, &key)),
        Err(PipelineConstantError::NegativeWorkgroupSize) => Err(
            "with its override constants at their defaults, its workgroup has 0 invocations along an \
             axis; expected at least 1"
                .to_owned(),
        ),
        Err(PipelineConstantError::ValidationError(error)) => Err(shown(&error)),
        Err(error) => {
            Err(format!("its override constants cannot take their default values: {error}"))
        }
    }
}

/// The default value of an override constant; none if it is not a u32 above 0.
///
/// # Errors
/// As [`resolved`].
pub(super) fn default_of(
    module: &Module,
    info: &ModuleInfo,
    constant: Handle<Override>,
) -> Result<Option<u32>, String> {
    let is_u32 = module.types[module.overrides[constant].ty].inner
        == naga::TypeInner::Scalar(naga::Scalar::U32);
    let mut asked = module.clone();
    let value = asked.global_expressions.append(Expression::Override(constant), Span::UNDEFINED);
    // naga evaluates workgroup sizes.
    for entry in &mut asked.entry_points {
        entry.workgroup_size_overrides = Some([Some(value), None, None]);
    }
    match process_overrides(&asked, info, None, &PipelineConstants::default()) {
        Ok((known, _)) => {
            let known = known.entry_points.first().map(|entry| entry.workgroup_size[0]);
            Ok(known.filter(|_| is_u32))
        }
        Err(PipelineConstantError::MissingValue(key)) => Err(lacks_default(module, &key)),
        // Zero, or an error in the module itself.
        Err(_) => Ok(None),
    }
}

/// A sentence about a constant without a default value, by its name or its `@id`.
fn lacks_default(module: &Module, key: &str) -> String {
    let is_meant = |one: &&Override| {
        one.name.as_deref() == Some(key) || one.id.is_some_and(|id| id.to_string() == key)
    };
    let mut constants = module.overrides.iter().map(|(_, constant)| constant);
    let name = constants.find(is_meant).and_then(|one| one.name.as_deref()).unwrap_or(key);
    format!(
        "the override constant {name} has no default value, and nothing sets it; give it one, e.g. \
         `override {name}: u32 = 32u;`"
    )
}
