//! A kernel's outputs, as a safetensors file.

use crate::error::{Error, Result};
use crate::files::{self, TensorBytes};
use crate::program::Dispatch;
use crate::record::{Adapter, ShaderRecord};
use crate::tensor::Value;
use std::fs;
use std::path::Path;

/// The variant's name if the CPU engine ran the kernel's twin.
const TWIN: &str = "twin";

/// A tensor that a kernel has written.
#[derive(Clone, Debug)]
pub struct Output {
    /// The operand.
    pub name: &'static str,
    /// The length of each axis, outermost first.
    pub axes: Vec<usize>,
    /// What it holds.
    pub value: Value<f32>,
}

impl Output {
    /// The tensor `value` with this many axes; those left out have length 1.
    pub(super) fn new(name: &'static str, axes: usize, value: Value<f32>) -> Self {
        let shape = value.shape();
        let axes = match axes {
            0 => vec![],
            1 => vec![shape.len()],
            2 => vec![shape.rows, shape.cols],
            _ => vec![shape.replicas, shape.rows, shape.cols],
        };
        Self { name, axes, value }
    }

    /// The number of elements that are NaN: computed as such, or never written.
    #[must_use]
    pub fn nans(&self) -> usize {
        match &self.value {
            Value::Real(tensor) => tensor.data.iter().filter(|x| x.is_nan()).count(),
            Value::Index(_) => 0,
        }
    }

    fn bytes(&self) -> TensorBytes {
        match &self.value {
            Value::Real(tensor) => TensorBytes::reals(&self.axes, &tensor.data),
            Value::Index(tensor) => TensorBytes::indices(&self.axes, &tensor.data),
        }
    }
}

/// The results of one run of a kernel.
#[derive(Clone, Debug)]
pub struct Results {
    /// The kernel, with its activation, parameters and sizes.
    pub dispatch: Dispatch,
    /// The adapter that computed them.
    pub adapter: Adapter,
    /// The shader that ran; none on the CPU engine.
    pub shader: Option<ShaderRecord>,
    /// The tensors that the kernel writes, in the contract's order.
    pub outputs: Vec<Output>,
}

impl Results {
    /// The variant of the kernel that ran.
    #[must_use]
    pub fn variant(&self) -> &str {
        self.shader.as_ref().map_or(TWIN, |shader| &shader.variant)
    }

    /// The activation that was composed in, if the kernel has one.
    #[must_use]
    pub fn activation(&self) -> Option<&'static str> {
        activation(&self.dispatch)
    }

    /// The sizes, e.g. `rows=60 cols=100`, with the replicas if there are several.
    #[must_use]
    pub fn sizes(&self) -> String {
        let Dispatch { kernel, sizes, .. } = &self.dispatch;
        let replicas = (sizes.replicas > 1).then_some(("replicas", sizes.replicas));
        let named = kernel.contract.sizes.iter().copied().zip(sizes.values().iter().copied());
        let words = replicas.into_iter().chain(named).map(|(name, size)| format!("{name}={size}"));
        words.collect::<Vec<_>>().join(" ")
    }

    /// All parameters, e.g. `epsilon=1e-5`.
    #[must_use]
    pub fn parameters(&self) -> String {
        let Dispatch { kernel, parameters, .. } = &self.dispatch;
        let named = kernel.contract.parameters.iter().zip(parameters);
        let words = named.map(|(known, value)| format!("{}={value:?}", known.name));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Writes the tensors to a safetensors file; its metadata says how they were computed.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written; no partial file is left behind.
    pub fn write(&self, path: &Path) -> Result<()> {
        let tensors = self.outputs.iter().map(|one| (one.name.to_owned(), one.bytes())).collect();
        let mut metadata = vec![
            ("kernel", self.dispatch.kernel.name().to_owned()),
            ("variant", self.variant().to_owned()),
            ("sizes", self.sizes()),
            ("parameters", self.parameters()),
            ("adapter", self.adapter.adapter.clone()),
            ("backend", self.adapter.backend.clone()),
            ("driver", self.adapter.driver.clone()),
            ("normlab", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        metadata.extend(self.activation().map(|name| ("activation", name.to_owned())));
        metadata.extend(self.shader.clone().map(|shader| ("shader_sha256", shader.sha256)));
        let metadata = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        files::write_tensors(path, &tensors, Some(metadata))
            .map_err(|error| Error::file("write", path, error))
    }
}

/// The activation that a dispatch composes in, if its kernel has one.
pub(super) fn activation(dispatch: &Dispatch) -> Option<&'static str> {
    dispatch.kernel.contract.activation.then(|| dispatch.activation.name())
}

/// Checks that results can be written to `output`, before anything is computed.
///
/// # Errors
/// [`Error::Config`] when it is the input; [`Error::File`] when it cannot be written.
pub fn check_paths(input: &Path, output: &Path) -> Result<()> {
    let (from, to) = (fs::canonicalize(input), fs::canonicalize(output));
    if input == output || matches!((from, to), (Ok(from), Ok(to)) if from == to) {
        return Err(Error::Config(format!(
            "--output {} is the input; name another file, so that nothing of yours is overwritten",
            output.display()
        )));
    }
    files::check_writable(output).map_err(|error| Error::file("create", output, error))
}
