//! A single dispatch: a program of its own, with NaN in tensors that are only written and guard words
//! after every tensor, to detect what a kernel leaves out or writes outside its tensors.

use crate::backend::{Backend, Session};
use crate::error::Result;
use crate::kernels::cases::Case;
use crate::kernels::contract::{Access, Operand};
use crate::kernels::kernel::Kernel;
use crate::kernels::precision::Precision;
use crate::program::{
    ALIGNMENT, BufferId, BufferSpec, Dispatch, PassId, Program, TensorId, TensorSpec,
};
use crate::tensor::{Element, Shape, Tensor, Value};

/// Guard words after every tensor.
const GUARD: usize = 64;

/// The contents of guard words: as a float, a large number that no kernel computes.
pub const CANARY: u32 = 0x7E57_CA7A;

/// The initial contents of a tensor that is only written.
#[must_use]
pub fn unwritten(element: Element, shape: Shape) -> Value<f32> {
    filled(element, shape, f32::NAN.to_bits())
}

/// A program of one dispatch whose tensors are in separate buffers with guard words.
#[derive(Clone, Debug)]
pub struct IsolatedDispatch {
    program: Program,
    /// The operands.
    tensors: Vec<TensorId>,
    /// For each operand, its whole buffer, including guards.
    wholes: Vec<TensorId>,
}

/// The outcome of a dispatch.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The operands that the kernel writes, in the contract's order.
    pub written: Vec<Value<f32>>,
    /// A sentence for each illegal write, into a read-only tensor or outside one.
    pub trespasses: Vec<String>,
    /// The precision of the kernel's products.
    pub precision: Precision,
}

impl IsolatedDispatch {
    /// The dispatch of a case on tensors of these shapes, in the contract's order. Strided tensors have
    /// gaps between replicas; one that all replicas share has the shape of one replica.
    ///
    /// # Errors
    /// [`crate::error::Error::Shape`] when the shapes do not fit together.
    pub fn new(kernel: &'static Kernel, case: &Case, shapes: &[Shape]) -> Result<Self> {
        let mut program = Program::default();
        let (mut tensors, mut wholes) = (Vec::new(), Vec::new());
        for (operand, &shape) in kernel.contract.operands.iter().zip(shapes) {
            let (tensor, whole) = place(&mut program, operand, shape);
            tensors.push(tensor);
            wholes.push(whole);
        }
        let label = format!("{} at {}", kernel.name(), case.describe());
        let dispatch = program.dispatch_case(label, kernel, case, &tensors)?;
        program.pass("isolated", vec![dispatch]);
        Ok(Self { program, tensors, wholes })
    }

    /// The dispatch.
    #[must_use]
    pub fn dispatch(&self) -> &Dispatch {
        &self.program.passes[0].dispatches[0]
    }

    /// The dispatch as a program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The dispatch, ready to run on `inputs` as in [`IsolatedDispatch::run`].
    ///
    /// # Errors
    /// When the backend cannot run the kernel at all.
    pub fn load(
        &self,
        backend: &mut dyn Backend,
        inputs: &[Option<Value<f32>>],
    ) -> Result<Box<dyn Session>> {
        let mut session = backend.load(&self.program)?;
        self.fill(session.as_mut(), inputs)?;
        Ok(session)
    }

    /// Runs the dispatch on `inputs`: a value for every operand that is read, in the contract's
    /// order.
    ///
    /// # Errors
    /// When the backend cannot run the kernel at all.
    pub fn run(&self, backend: &mut dyn Backend, inputs: &[Option<Value<f32>>]) -> Result<Outputs> {
        let mut session = backend.load(&self.program)?;
        let before = self.fill(session.as_mut(), inputs)?;
        session.run_dispatch(PassId(0), 0)?;
        let dispatch = self.dispatch();
        let (mut written, mut trespasses) = (Vec::new(), Vec::new());
        for (position, operand) in dispatch.kernel.contract.operands.iter().enumerate() {
            if operand.access.writes() {
                written.push(session.read(self.tensors[position])?);
            }
            let after = session.read(self.wholes[position])?;
            let spec = self.program.spec(self.tensors[position]);
            let changed = trespass(operand, spec, &before[position], &after);
            trespasses.extend(changed.map(|change| format!("{}, tensor {change}", dispatch.label)));
        }
        let precision = session.precision(PassId(0), 0);
        Ok(Outputs { written, trespasses, precision })
    }

    /// Writes canaries, then NaN or the input; returns all buffers as they were before the dispatch.
    fn fill(
        &self,
        session: &mut dyn Session,
        inputs: &[Option<Value<f32>>],
    ) -> Result<Vec<Value<f32>>> {
        let mut before = Vec::new();
        for ((&tensor, &whole), input) in self.tensors.iter().zip(&self.wholes).zip(inputs) {
            let (spec, element) = (self.program.spec(tensor), self.program.element(tensor));
            let shape = self.program.spec(whole).shape;
            session.write(whole, &filled(element, shape, CANARY))?;
            match input {
                Some(input) => session.write(tensor, input)?,
                None => session.write(tensor, &unwritten(element, spec.shape))?,
            }
            before.push(session.read(whole)?);
        }
        Ok(before)
    }
}

/// Adds a buffer with guard words for one operand; strided operands get gaps between replicas, all of
/// different size, so that using another operand's stride fails.
fn place(program: &mut Program, operand: &Operand, shape: Shape) -> (TensorId, TensorId) {
    let apart = operand.strided && shape.replicas > 1;
    let gap = if apart { ALIGNMENT + program.buffers.len() } else { 0 };
    let replica_stride = shape.matrix_len() + gap;
    let len = shape.replicas * replica_stride + GUARD;
    let buffer = BufferId(program.buffers.len());
    let name = operand.name.to_owned();
    program.buffers.push(BufferSpec { name: name.clone(), element: operand.element, len });
    let mut add = |shape: Shape, replica_stride, guard| {
        let name = name.clone();
        program.tensors.push(TensorSpec { name, shape, buffer, offset: 0, replica_stride, guard });
        TensorId(program.tensors.len() - 1)
    };
    let tensor = add(shape, replica_stride, gap + GUARD);
    let whole = add(Shape::matrix(1, len), len, 0);
    (tensor, whole)
}

fn filled(element: Element, shape: Shape, bits: u32) -> Value<f32> {
    match element {
        Element::F32 => Value::Real(Tensor::filled(shape, f32::from_bits(bits))),
        Element::U32 => Value::Index(Tensor::filled(shape, bits)),
    }
}

/// A sentence about a change to something that the kernel must not write.
fn trespass(
    operand: &Operand,
    spec: &TensorSpec,
    before: &Value<f32>,
    after: &Value<f32>,
) -> Option<String> {
    let length = spec.shape.matrix_len();
    let inside = |at: usize| {
        at / spec.replica_stride < spec.shape.replicas && at % spec.replica_stride < length
    };
    let bits = |value: &Value<f32>, at: usize| match value {
        Value::Real(tensor) => tensor.data[at].to_bits(),
        Value::Index(tensor) => tensor.data[at],
    };
    let guarded = |at: &usize| operand.access == Access::Read || !inside(*at);
    let mut all = (0..before.shape().len()).filter(guarded);
    let at = all.find(|&at| bits(before, at) != bits(after, at))?;
    let place = if inside(at) { "only read" } else { "outside the tensor" };
    Some(format!(
        "{}: element {at} of its buffer, which is {place}, was changed from {:e} to {:e}: check \
         the indices that the shader writes to",
        operand.name,
        before.widened(at),
        after.widened(at)
    ))
}
