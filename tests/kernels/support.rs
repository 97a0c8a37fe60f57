//! What the tests of all kernels share: calling one kernel on named tensors, in either precision or
//! on a device; seeded tensors; and saying that two tensors are close.

pub(crate) mod agreement;
pub(crate) mod gradients;
pub(crate) mod properties;
pub(crate) mod vectors;

use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::twins::{TwinNumber, evaluate};
use normlab::error::Result;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::Case;
use normlab::kernels::contract::{Operand, Sizes, factored};
use normlab::kernels::kernel::Kernel;
use normlab::kernels::twin;
use normlab::program::{Dispatch, Program, TensorId};
use normlab::rng::{Purpose, Stream};
use normlab::tensor::{Element, Real, Shape, Tensor, Value};

/// One call of a kernel. Inputs are f64; an f32 engine sees them rounded.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) kernel: &'static Kernel,
    activation: Activation,
    parameters: Vec<(&'static str, f32)>,
    sizes: Vec<(&'static str, usize)>,
    inputs: Vec<(&'static str, Value<f64>)>,
}

impl Call {
    pub(crate) fn new(kernel: &'static Kernel) -> Self {
        let activation = Activation::Identity;
        let (parameters, sizes, inputs) = (Vec::new(), Vec::new(), Vec::new());
        Self { kernel, activation, parameters, sizes, inputs }
    }

    pub(crate) fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    pub(crate) fn parameter(mut self, name: &'static str, value: f32) -> Self {
        self.parameters.push((name, value));
        self
    }

    /// A size that no input has.
    pub(crate) fn size(mut self, name: &'static str, value: usize) -> Self {
        self.sizes.push((name, value));
        self
    }

    /// The same call with another input called `name`.
    pub(crate) fn with(mut self, name: &'static str, value: Value<f64>) -> Self {
        self.inputs.retain(|(known, _)| *known != name);
        self.inputs.push((name, value));
        self
    }

    pub(crate) fn real(self, name: &'static str, tensor: &Tensor<f64>) -> Self {
        self.with(name, Value::Real(tensor.clone()))
    }

    pub(crate) fn index(self, name: &'static str, tensor: &Tensor<u32>) -> Self {
        self.with(name, Value::Index(tensor.clone()))
    }

    /// The numbers of the input `name`.
    pub(crate) fn given(&self, name: &str) -> &Tensor<f64> {
        match self.input(name) {
            Some(Value::Real(tensor)) => tensor,
            _ => panic!("{} was given no numbers as {name}", self.kernel.name()),
        }
    }

    /// The twin's result in `T`, widened.
    pub(crate) fn evaluate<T: TwinNumber>(&self) -> Outputs {
        let (program, _) = self.program();
        let operands = self.kernel.contract.operands.iter();
        let inputs: Vec<_> =
            operands.map(|operand| self.input(operand.name).map(Value::cast::<T>)).collect();
        let results = evaluate::<T>(dispatch(&program), &inputs);
        let values = results.iter().map(Value::cast).collect();
        Outputs { kernel: self.kernel, values }
    }

    /// A backend's result.
    pub(crate) fn run_on(&self, backend: &mut dyn Backend) -> Result<Outputs> {
        let (program, ids) = self.program();
        let mut session = backend.load(&program)?;
        let operands = self.kernel.contract.operands.iter().zip(&ids);
        for (operand, &id) in operands.clone() {
            if let Some(value) = self.input(operand.name) {
                session.write(id, &value.cast())?;
            }
        }
        session.run_dispatch(normlab::program::PassId(0), 0)?;
        let written = operands.filter(|(operand, _)| operand.access.writes());
        let read = |(_, &id)| session.read(id).map(|value| value.cast());
        let values = written.map(read).collect::<Result<_>>()?;
        Ok(Outputs { kernel: self.kernel, values })
    }

    fn input(&self, name: &str) -> Option<&Value<f64>> {
        self.inputs.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A program of just this call.
    fn program(&self) -> (Program, Vec<TensorId>) {
        let kernel = self.kernel;
        let sizes = self.sizes();
        let mut program = Program::default();
        let ids: Vec<_> = kernel
            .contract
            .operands
            .iter()
            .map(|operand| {
                let missing = || panic!("{}: no input {}", kernel.name(), operand.name);
                let given = || self.input(operand.name).unwrap_or_else(missing).shape();
                let shape = if operand.access.reads() { given() } else { sizes.shape(operand) };
                match operand.element {
                    Element::F32 => program.tensor(operand.name, shape),
                    Element::U32 => program.index_tensor(operand.name, shape),
                }
            })
            .collect();
        let names = kernel.contract.operands.iter().map(|operand| operand.name);
        let tensors: Vec<_> = names.zip(ids.iter().copied()).collect();
        let made =
            program.dispatch(kernel.name(), kernel, self.activation, &tensors, &self.parameters);
        let made = made.unwrap_or_else(|error| panic!("{error}"));
        program.pass("call", vec![made]);
        (program, ids)
    }

    /// The sizes that the inputs have, and those that were set.
    fn sizes(&self) -> Sizes {
        let mut given = self.sizes.clone();
        let mut replicas = 1;
        let named = |operand: &Operand| self.input(operand.name).map(|value| value.shape());
        for operand in self.kernel.contract.operands {
            let Some(shape) = named(operand) else { continue };
            let axes = [(operand.rows, shape.rows), (operand.cols, shape.cols)];
            given.extend(axes.map(|(symbol, extent)| {
                let (factor, name) = factored(symbol);
                (name, extent / factor)
            }));
            replicas = replicas.max(shape.replicas);
        }
        Sizes::new(&self.kernel.contract, replicas, &given)
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

fn dispatch(program: &Program) -> &Dispatch {
    &program.passes[0].dispatches[0]
}

/// What a call wrote.
#[derive(Clone, Debug)]
pub(crate) struct Outputs {
    kernel: &'static Kernel,
    values: Vec<Value<f64>>,
}

impl Outputs {
    pub(crate) fn value(&self, name: &str) -> &Value<f64> {
        let written =
            self.kernel.contract.operands.iter().filter(|operand| operand.access.writes());
        let found = written.zip(&self.values).find(|(operand, _)| operand.name == name);
        found.unwrap_or_else(|| panic!("{} writes no {name}", self.kernel.name())).1
    }

    pub(crate) fn real(&self, name: &str) -> &Tensor<f64> {
        match self.value(name) {
            Value::Real(tensor) => tensor,
            Value::Index(_) => panic!("{name} holds integers"),
        }
    }

    pub(crate) fn index(&self, name: &str) -> &Tensor<u32> {
        match self.value(name) {
            Value::Index(tensor) => tensor,
            Value::Real(_) => panic!("{name} holds numbers"),
        }
    }
}

/// A trial of `kernel`'s module that passes when `test` does not panic.
pub(crate) fn trial(kernel: &Kernel, name: &str, test: fn()) -> Trial {
    Trial::test(format!("{}::{name}", kernel.name()), move || {
        test();
        Ok(())
    })
}

/// One replica, written out.
pub(crate) fn matrix<const ROWS: usize, const COLS: usize>(
    rows: [[f64; COLS]; ROWS],
) -> Tensor<f64> {
    Tensor::new(Shape::matrix(ROWS, COLS), rows.concat())
}

/// One replica of integers, written out.
pub(crate) fn indices<const ROWS: usize, const COLS: usize>(
    rows: [[u32; COLS]; ROWS],
) -> Tensor<u32> {
    Tensor::new(Shape::matrix(ROWS, COLS), rows.concat())
}

/// Normal numbers, always the same for the same seed and shape.
pub(crate) fn normal(seed: u32, shape: Shape) -> Tensor<f64> {
    let mut stream = Stream::new(shape.len() as u64, Purpose::Checks, seed);
    Tensor::new(shape, (0..shape.len()).map(|_| stream.normal()).collect())
}

/// Multiples of 1/64 between -8 and 8: sums and differences of a few of them are exact in f32.
pub(crate) fn grid(seed: u32, shape: Shape) -> Tensor<f64> {
    let mut stream = Stream::new(shape.len() as u64, Purpose::Checks, seed);
    let number = |_| f64::from(stream.below(1024)) / 64.0 - 8.0;
    Tensor::new(shape, (0..shape.len()).map(number).collect())
}

/// The same tensor with each element changed.
pub(crate) fn map(tensor: &Tensor<f64>, change: impl Fn(f64) -> f64) -> Tensor<f64> {
    Tensor::new(tensor.shape, tensor.data.iter().map(|&x| change(x)).collect())
}

/// Rows and columns of one replica exchanged.
pub(crate) fn transposed(tensor: &Tensor<f64>) -> Tensor<f64> {
    let Shape { rows, cols, .. } = tensor.shape;
    let data = (0..cols).flat_map(|col| (0..rows).map(move |row| tensor.at(row, col))).collect();
    Tensor::new(Shape::matrix(cols, rows), data)
}

/// The largest magnitude of a tensor.
pub(crate) fn magnitude(tensor: &Tensor<f64>) -> f64 {
    tensor.data.iter().fold(0.0, |largest, x| x.abs().max(largest))
}

/// Panics unless all elements are within `relative` of the largest magnitude that is expected.
pub(crate) fn assert_close(what: &str, found: &Tensor<f64>, expected: &Tensor<f64>, relative: f64) {
    assert_within(what, found, expected, relative * magnitude(expected));
}

/// Panics unless all elements are within `tolerance`.
pub(crate) fn assert_within(
    what: &str,
    found: &Tensor<f64>,
    expected: &Tensor<f64>,
    tolerance: f64,
) {
    assert_eq!(found.shape, expected.shape, "{what}: the shape");
    for (at, (found, wanted)) in found.data.iter().zip(&expected.data).enumerate() {
        let index = expected.shape.index(at);
        let error = (found - wanted).abs();
        assert!(
            error <= tolerance,
            "{what} at {index:?}: {found:e}, expected {wanted:e}: off by {error:e}, allowed are \
             {tolerance:e}"
        );
    }
}

/// One replica of a value.
pub(crate) fn replica<T: Real>(value: &Value<T>, replica: usize) -> Value<T> {
    match value {
        Value::Real(tensor) => Value::Real(tensor.replica(replica)),
        Value::Index(tensor) => Value::Index(tensor.replica(replica)),
    }
}

/// The f64 twin's results for a case's inputs.
pub(crate) fn exact(kernel: &'static Kernel, case: &Case) -> Outputs {
    let inputs = case.inputs(&kernel.contract).unwrap_or_else(|error| panic!("{error}"));
    let inputs: Vec<_> = inputs.iter().map(|input| input.as_ref().map(Value::cast)).collect();
    let sizes = case.sizes(&kernel.contract).unwrap_or_else(|error| panic!("{error}"));
    let parameters = case.parameters(&kernel.contract);
    let chosen = (parameters.as_slice(), case.activation);
    let values = twin::run(kernel.twin_f64, &kernel.contract, &sizes, chosen, &inputs);
    Outputs { kernel, values }
}
