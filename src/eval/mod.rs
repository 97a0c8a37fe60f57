//! Runs one kernel on user-supplied tensors: from a safetensors file, through one dispatch, into another
//! file. This allows comparing a kernel with any framework that reads and writes such files.
//!
//! Tensor names follow the contract's operands. A tensor is `[replicas, rows, cols]` or `[rows, cols]`, or has
//! a single axis where the contract has one row or one column; outputs have as many axes as the inputs.

mod input;
mod output;

pub use input::list;
pub use output::{Output, Results, check_paths};

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::isolated::{IsolatedDispatch, Outputs};
use crate::kernels::NONE;
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::contract::{Operand, Sizes};
use crate::kernels::kernel::Kernel;
use crate::program::Dispatch;
use crate::record::ShaderRecord;
use crate::tensor::{Shape, Value};
use input::Given;
use std::path::Path;

/// The most elements of a tensor: 4 GiB, more than adapters bind at once.
const MOST_ELEMENTS: usize = 1 << 30;

/// What the user specifies besides the tensors.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The activation to compose in; identity if none is named.
    pub activation: Option<Activation>,
    /// Parameters that differ from their default, by name.
    pub parameters: Vec<(String, f32)>,
    /// Sizes that do not follow from a tensor, by name.
    pub sizes: Vec<(String, usize)>,
}

/// A kernel with everything that it needs to run once.
#[derive(Clone, Debug)]
pub struct Request {
    isolated: IsolatedDispatch,
    given: Vec<Option<Given>>,
}

impl Request {
    /// Reads the tensors of a kernel from the safetensors file `path` and fits them together.
    ///
    /// # Errors
    /// [`Error::Config`] about an option; [`Error::File`] when the file cannot be read;
    /// [`Error::Data`] when it is damaged or its tensors are not what the kernel reads.
    pub fn read(kernel: &'static Kernel, path: &Path, options: &Options) -> Result<Self> {
        let parameters = parameters(kernel, &options.parameters)?;
        let activation = activation(kernel, options.activation)?;
        let explicit_values = given_sizes(kernel, &options.sizes)?;
        let given = input::read(kernel, path)?;
        let shapes: Vec<_> =
            given.iter().map(|one| one.as_ref().map(|one| one.value.shape())).collect();
        let unfit = |error: Error| {
            let (path, inputs) = (path.display(), list(kernel.contract.read()));
            Error::Data(format!("{path}: {error}; it reads {inputs}"))
        };
        let sizes = Sizes::infer(&kernel.contract, &shapes, &explicit_values).map_err(unfit)?;
        let case = Case {
            sizes: kernel
                .contract
                .sizes
                .iter()
                .copied()
                .zip(sizes.values().iter().copied())
                .collect(),
            replicas: sizes.replicas,
            parameters,
            activation,
            fills: Vec::new(),
            seed: 0,
        };
        let operands = kernel.contract.operands.iter();
        let shapes: Vec<_> = operands
            .zip(shapes)
            .map(|(operand, shape)| shape.unwrap_or_else(|| sizes.shape(operand)))
            .collect();
        for ((operand, shape), given) in kernel.contract.operands.iter().zip(&shapes).zip(&given) {
            validate(operand, *shape, given.as_ref(), &sizes)
                .map_err(|reason| Error::Data(format!("{}: {reason}", path.display())))?;
        }
        let isolated = IsolatedDispatch::new(kernel, &case, &shapes).map_err(unfit)?;
        Ok(Self { isolated, given })
    }

    /// The dispatch.
    #[must_use]
    pub fn dispatch(&self) -> &Dispatch {
        self.isolated.dispatch()
    }

    /// The values of the operands that are read, in the contract's order.
    fn inputs(&self) -> Vec<Option<Value<f32>>> {
        self.given.iter().map(|one| one.as_ref().map(|one| one.value.clone())).collect()
    }

    /// Runs the kernel. Its outputs are filled with NaN first.
    ///
    /// # Errors
    /// [`Error::Shader`] when the kernel writes outside its tensors; when the backend cannot run it.
    pub fn run(&self, backend: &mut dyn Backend) -> Result<Results> {
        let Outputs { written, trespasses, .. } = self.isolated.run(backend, &self.inputs())?;
        if !trespasses.is_empty() {
            return Err(Error::Shader(trespasses.join("\n")));
        }
        let dispatch = self.dispatch().clone();
        let activation = output::activation(&dispatch);
        let ran = |record: &ShaderRecord| {
            record.kernel == dispatch.kernel.name() && record.activation.as_deref() == activation
        };
        let shader = backend.shaders().into_iter().find(ran);
        let outputs = self.outputs(written);
        Ok(Results { dispatch, adapter: backend.adapter(), shader, outputs })
    }

    /// The outputs, each with as many axes as it was given with, or else as the inputs have.
    fn outputs(&self, written: Vec<Value<f32>>) -> Vec<Output> {
        let usual = self.given.iter().flatten().map(|one| one.axes).max().unwrap_or_default();
        let operands = self.dispatch().kernel.contract.operands.iter().zip(&self.given);
        let operands = operands.filter(|(operand, _)| operand.access.writes());
        let output = |((operand, given), value): ((&Operand, &Option<Given>), Value<f32>)| {
            let axes = given.as_ref().map_or(usual.max(2), |one| one.axes);
            Output::new(operand.name, axes, value)
        };
        operands.zip(written).map(output).collect()
    }
}

/// The given parameters, each checked against the contract.
fn parameters(kernel: &Kernel, given: &[(String, f32)]) -> Result<Vec<(&'static str, f32)>> {
    let known: Vec<_> = kernel.contract.parameters.iter().map(|known| known.name).collect();
    let parameters = named(kernel, "--param", &known, given)?;
    match parameters.iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(parameters),
        Some((name, value)) => {
            Err(Error::Config(format!("--param {name}={value}: expected a finite number")))
        }
    }
}

/// The given sizes: all that do not follow from a tensor, and no others.
fn given_sizes(kernel: &Kernel, given: &[(String, usize)]) -> Result<Vec<(&'static str, usize)>> {
    let explicit = kernel.contract.explicit_sizes();
    let explicit_values = named(kernel, "--size", &explicit, given)?;
    match explicit.iter().find(|name| explicit_values.iter().all(|(given, _)| given != *name)) {
        None => Ok(explicit_values),
        Some(name) => Err(Error::Config(format!(
            "the tensors that {} reads do not determine the size {name}; add --size {name}=NUMBER",
            kernel.name()
        ))),
    }
}

/// The values of a flag by name, each known and given once.
fn named<T: Copy>(
    kernel: &Kernel,
    flag: &str,
    known: &[&'static str],
    given: &[(String, T)],
) -> Result<Vec<(&'static str, T)>> {
    let mut found: Vec<(&'static str, T)> = Vec::new();
    for (name, value) in given {
        let Some(known) = known.iter().find(|known| *known == name) else {
            let all = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Error::Config(format!(
                "{} takes no {flag} {name}; it takes {all}",
                kernel.name()
            )));
        };
        if found.iter().any(|(earlier, _)| earlier == known) {
            return Err(Error::Config(format!("{flag} {name} is given twice; give it once")));
        }
        found.push((known, *value));
    }
    Ok(found)
}

fn activation(kernel: &Kernel, named: Option<Activation>) -> Result<Activation> {
    match named {
        Some(activation) if !kernel.contract.activation => Err(Error::Config(format!(
            "--activation {}: {} has no activation; leave the flag out",
            activation.name(),
            kernel.name()
        ))),
        named => Ok(named.unwrap_or(Activation::Identity)),
    }
}

/// Checks one tensor beyond its shape: that it is not too large, and that indices are in range.
fn validate(
    operand: &Operand,
    shape: Shape,
    given: Option<&Given>,
    sizes: &Sizes,
) -> std::result::Result<(), String> {
    let len = shape.rows.checked_mul(shape.cols).and_then(|len| len.checked_mul(shape.replicas));
    if len.is_none_or(|len| len > MOST_ELEMENTS) {
        return Err(format!(
            "{} would be {shape}; a tensor has at most {MOST_ELEMENTS} elements",
            operand.name
        ));
    }
    let (Some(size), Some(Value::Index(numbers))) = (operand.below, given.map(|one| &one.value))
    else {
        return Ok(());
    };
    let bound = sizes.get(size);
    let beyond = |number: &u32| *number != NONE && *number as usize >= bound;
    match numbers.data.iter().position(beyond) {
        None => Ok(()),
        Some(at) => Err(format!(
            "{} is {} at {:?}; expected integers below {size} = {bound}, or {NONE} for none",
            operand.name,
            numbers.data[at],
            shape.index(at)
        )),
    }
}
