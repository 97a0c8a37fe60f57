//! Runs programs by calling the kernels' twins: in f64, the reference of the tests; in either type, the memory of
//! the interpreter and of the CPU engine.

use super::{Session, Ticket};
use crate::error::{Error, Result};
use crate::kernels::kernel::Kernel;
use crate::kernels::twin::{self, Arguments};
use crate::program::{BufferId, Dispatch, PassId, Program, TensorId, TensorSpec};
use crate::tensor::{Real, Shape, Tensor, Value};
use std::collections::HashMap;

/// A number type that twins compute in.
pub trait TwinNumber: Real {
    /// The twin of a kernel in this type.
    fn twin(kernel: &Kernel) -> fn(&Arguments<'_, Self>) -> Vec<Value<Self>>;
}

impl TwinNumber for f32 {
    fn twin(kernel: &Kernel) -> fn(&Arguments<'_, Self>) -> Vec<Value<Self>> {
        kernel.twin_f32
    }
}

impl TwinNumber for f64 {
    fn twin(kernel: &Kernel) -> fn(&Arguments<'_, Self>) -> Vec<Value<Self>> {
        kernel.twin_f64
    }
}

/// The twin's results for one dispatch: the operands that it writes, in the contract's order.
#[must_use]
pub fn evaluate<T: TwinNumber>(dispatch: &Dispatch, inputs: &[Option<Value<T>>]) -> Vec<Value<T>> {
    let chosen = (dispatch.parameters.as_slice(), dispatch.activation);
    twin::run(T::twin(dispatch.kernel), &dispatch.kernel.contract, &dispatch.sizes, chosen, inputs)
}

/// A program with its memory on the host.
#[derive(Clone, Debug)]
pub struct TwinSession<T> {
    program: Program,
    buffers: Vec<Value<T>>,
    waiting: HashMap<Ticket, Value<f32>>,
    tickets: u64,
}

impl<T: TwinNumber> TwinSession<T> {
    /// A program whose tensors are all zero.
    #[must_use]
    pub fn new(program: Program) -> Self {
        let zeros = |buffer: &crate::program::BufferSpec| {
            Value::zeros(buffer.element, Shape::matrix(1, buffer.len))
        };
        let buffers = program.buffers.iter().map(zeros).collect();
        Self { program, buffers, waiting: HashMap::new(), tickets: 0 }
    }

    /// A tensor in the engine's own number type.
    #[must_use]
    pub fn get(&self, tensor: TensorId) -> Value<T> {
        let spec = self.program.spec(tensor);
        match &self.buffers[spec.buffer.0] {
            Value::Real(buffer) => Value::Real(extract(spec, &buffer.data)),
            Value::Index(buffer) => Value::Index(extract(spec, &buffer.data)),
        }
    }

    /// The elements of a buffer.
    pub(super) fn buffer(&self, buffer: BufferId) -> &Value<T> {
        &self.buffers[buffer.0]
    }

    /// The elements of a buffer, mutable.
    pub(super) fn buffer_mut(&mut self, buffer: BufferId) -> &mut Value<T> {
        &mut self.buffers[buffer.0]
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Puts a value in the engine's own number type into a tensor.
    ///
    /// # Errors
    /// [`Error::Shape`] when the value's shape or type differs from the tensor's.
    pub fn put(&mut self, tensor: TensorId, value: &Value<T>) -> Result<()> {
        let spec = self.program.spec(tensor);
        if spec.shape != value.shape() {
            return Err(mismatch(spec, value.shape()));
        }
        match (&mut self.buffers[spec.buffer.0], value) {
            (Value::Real(buffer), Value::Real(value)) => insert(spec, value, &mut buffer.data),
            (Value::Index(buffer), Value::Index(value)) => insert(spec, value, &mut buffer.data),
            _ => return Err(mismatch(spec, value.shape())),
        }
        Ok(())
    }

    /// Whether a dispatch reads a tensor in place instead of copying it (it may hold all images): the tensor is
    /// its whole buffer, and the dispatch has no other tensor in it.
    fn is_lent(&self, dispatch: &Dispatch, tensor: TensorId) -> bool {
        let spec = self.program.spec(tensor);
        let buffer = |id: &&TensorId| self.program.spec(**id).buffer == spec.buffer;
        let is_whole = spec.shape.len() == self.program.buffers[spec.buffer.0].len;
        is_whole && dispatch.tensors.iter().filter(buffer).count() == 1
    }

    /// Takes a tensor that is its whole buffer out of it.
    fn lend(&mut self, tensor: TensorId) -> Value<T> {
        let spec = self.program.spec(tensor);
        let nothing = Value::Index(Tensor::filled(Shape::matrix(0, 0), 0));
        match std::mem::replace(&mut self.buffers[spec.buffer.0], nothing) {
            Value::Real(buffer) => Value::Real(Tensor { shape: spec.shape, ..buffer }),
            Value::Index(buffer) => Value::Index(Tensor { shape: spec.shape, ..buffer }),
        }
    }

    /// The program, and its buffers to be changed.
    pub(super) fn split(&mut self) -> (&Program, &mut [Value<T>]) {
        (&self.program, &mut self.buffers)
    }

    fn execute(&mut self, dispatch: &Dispatch) -> Result<()> {
        let operands = dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
        let mut inputs = Vec::new();
        for (operand, &id) in operands.clone() {
            let lent = self.is_lent(dispatch, id);
            let read = || if lent { self.lend(id) } else { self.get(id) };
            inputs.push(operand.access.reads().then(read));
        }
        let outputs = evaluate(dispatch, &inputs);
        for (&id, input) in dispatch.tensors.iter().zip(inputs) {
            if let Some(value) = input.filter(|_| self.is_lent(dispatch, id)) {
                let buffer = self.program.spec(id).buffer;
                self.buffers[buffer.0] = value;
            }
        }
        let written = operands.filter(|(operand, _)| operand.access.writes());
        for ((_, &id), value) in written.zip(&outputs) {
            self.put(id, value)?;
        }
        Ok(())
    }
}

impl<T: TwinNumber> Session for TwinSession<T> {
    fn write(&mut self, tensor: TensorId, value: &Value<f32>) -> Result<()> {
        let spec = self.program.spec(tensor);
        match (&mut self.buffers[spec.buffer.0], value) {
            // A value that needs no conversion is not copied first: it may hold all images.
            (Value::Index(buffer), Value::Index(value)) if spec.shape == value.shape => {
                insert(spec, value, &mut buffer.data);
                Ok(())
            }
            _ => self.put(tensor, &value.cast()),
        }
    }

    fn run(&mut self, passes: &[PassId], times: usize) -> Result<()> {
        for _ in 0..times {
            for pass in passes {
                for dispatch in 0..self.program.passes[pass.0].dispatches.len() {
                    self.run_dispatch(*pass, dispatch)?;
                }
            }
        }
        Ok(())
    }

    fn run_dispatch(&mut self, pass: PassId, dispatch: usize) -> Result<()> {
        let dispatch = self.program.passes[pass.0].dispatches[dispatch].clone();
        self.execute(&dispatch)
    }

    fn request(&mut self, tensor: TensorId) -> Result<Ticket> {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.waiting.insert(ticket, self.get(tensor).cast());
        Ok(ticket)
    }

    fn receive(&mut self, ticket: Ticket) -> Result<Value<f32>> {
        let used =
            || Error::Device(format!("the value of ticket {} has already been read", ticket.0));
        self.waiting.remove(&ticket).ok_or_else(used)
    }
}

/// An error for a value that does not fit its tensor.
pub(super) fn mismatch(spec: &TensorSpec, found: Shape) -> Error {
    Error::Shape(format!("the tensor {} is {}, but the value is {found}", spec.name, spec.shape))
}

/// A tensor from the elements of its buffer.
pub(super) fn extract<U: Copy>(spec: &TensorSpec, buffer: &[U]) -> Tensor<U> {
    let length = spec.shape.matrix_len();
    let start = |replica: usize| spec.offset + replica * spec.replica_stride;
    let replica = |replica: usize| &buffer[start(replica)..][..length];
    let data = (0..spec.shape.replicas).map(replica).collect::<Vec<_>>().concat();
    Tensor::new(spec.shape, data)
}

fn insert<U: Copy>(spec: &TensorSpec, tensor: &Tensor<U>, buffer: &mut [U]) {
    let length = spec.shape.matrix_len();
    for (replica, data) in tensor.data.chunks(length).enumerate() {
        let start = spec.offset + replica * spec.replica_stride;
        buffer[start..start + length].copy_from_slice(data);
    }
}
