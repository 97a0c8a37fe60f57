//! One dispatch held against its twin: the kernel checks of `normlab check` and the tests, and what
//! the lockstep comparison of a training step is made of.

use crate::backend::{Backend, Session, cpu};
use crate::compare::{self, Verdict};
use crate::error::Result;
use crate::kernels::cases::Case;
use crate::kernels::contract::{Access, Contract, Operand};
use crate::program::{ALIGNMENT, BufferId, BufferSpec, Dispatch, Program, TensorId, TensorSpec};
use crate::tensor::{Element, Shape, Tensor, Value};

/// Guard words behind every tensor of a checked dispatch.
const GUARD: usize = 64;

/// What stands in the guard words: as a number, a large one that no kernel computes.
const CANARY: u32 = 0x7E57_CA7A;

/// What stands in a tensor that is only written, so that an element left out is found out.
pub(crate) const UNWRITTEN: f32 = f32::NAN;

/// How one written tensor of a dispatch compares with the twin's.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The dispatch's label.
    pub label: String,
    /// The kernel.
    pub kernel: &'static str,
    /// The operand.
    pub operand: &'static str,
    /// What the comparison found.
    pub verdict: Verdict,
}

impl Judgement {
    /// One sentence for people, naming kernel, tensor, element and both values.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{}, tensor {}: {}", self.label, self.operand, self.verdict.describe())
    }
}

/// Holds the outputs of a dispatch against its twin, on the inputs that the dispatch had. `found`
/// has the operands that the kernel writes, in the contract's order.
#[must_use]
pub fn judge(
    dispatch: &Dispatch,
    inputs: &[Option<Value<f32>>],
    found: &[Value<f32>],
) -> Vec<Judgement> {
    let exact_inputs: Vec<_> = inputs.iter().map(|input| input.as_ref().map(Value::cast)).collect();
    let twin = cpu::evaluate::<f32>(dispatch, inputs);
    let reference = cpu::evaluate::<f64>(dispatch, &exact_inputs);
    let factor = dispatch.contract.tolerance_factor * dispatch.activation.tolerance_factor();
    let written = dispatch.contract.operands.iter().filter(|operand| operand.access.writes());
    written
        .zip(found.iter().zip(twin.iter().zip(&reference)))
        .map(|(operand, (found, (twin, reference)))| Judgement {
            label: dispatch.label.clone(),
            kernel: dispatch.contract.name,
            operand: operand.name,
            verdict: compare::compare(found, twin, reference, factor),
        })
        .collect()
}

/// What checking one kernel on one case found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One judgement for each written tensor.
    pub judgements: Vec<Judgement>,
    /// A sentence for each tensor that the kernel must not write and did, inside or behind it.
    pub trespasses: Vec<String>,
}

impl Outcome {
    /// Whether everything is as it must be.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.trespasses.is_empty() && self.judgements.iter().all(|one| one.verdict.passes())
    }

    /// The worst error as a fraction of its tolerance.
    #[must_use]
    pub fn worst_ratio(&self) -> f64 {
        self.judgements.iter().map(|one| one.verdict.ratio()).fold(0.0, f64::max)
    }

    /// Sentences about everything that is wrong.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let failed = self.judgements.iter().filter(|one| !one.verdict.passes());
        failed.map(Judgement::describe).chain(self.trespasses.clone()).collect()
    }
}

/// Runs a kernel on one case and holds what it did against its twin. Outputs are filled with NaN
/// before, every tensor has guard words behind it, and replicas of strided tensors lie apart.
///
/// # Errors
/// When the backend cannot run the kernel at all.
pub fn check(
    backend: &mut dyn Backend,
    contract: &'static Contract,
    case: &Case,
) -> Result<Outcome> {
    let bench = Bench::new(contract, case)?;
    let mut session = backend.load(&bench.program)?;
    let before = bench.fill(session.as_mut(), &case.inputs(contract)?)?;
    session.run_dispatch(crate::program::PassId(0), 0)?;
    let dispatch = &bench.program.passes[0].dispatches[0];
    let mut found = Vec::new();
    let mut trespasses = Vec::new();
    for (position, operand) in contract.operands.iter().enumerate() {
        if operand.access.writes() {
            found.push(session.read(bench.tensors[position])?);
        }
        let after = session.read(bench.wholes[position])?;
        let spec = bench.program.spec(bench.tensors[position]);
        let changed = trespass(operand, spec, &before[position], &after);
        trespasses.extend(changed.map(|change| format!("{}, tensor {change}", dispatch.label)));
    }
    let judgements = judge(dispatch, &case.inputs(contract)?, &found);
    Ok(Outcome { judgements, trespasses })
}

/// A program of one dispatch whose tensors lie in buffers of their own between guard words.
struct Bench {
    program: Program,
    /// The operands.
    tensors: Vec<TensorId>,
    /// For each operand, all of its buffer, guards included.
    wholes: Vec<TensorId>,
}

impl Bench {
    fn new(contract: &'static Contract, case: &Case) -> Result<Self> {
        let sizes = case.sizes(contract)?;
        let mut program = Program::default();
        let (mut tensors, mut wholes) = (Vec::new(), Vec::new());
        for operand in contract.operands {
            let (tensor, whole) = place(&mut program, operand, sizes.shape(operand));
            tensors.push(tensor);
            wholes.push(whole);
        }
        let label = format!("{} at {}", contract.name, case.describe());
        let dispatch = program.dispatch_case(label, contract, case, &tensors)?;
        program.pass("check", vec![dispatch]);
        Ok(Self { program, tensors, wholes })
    }

    /// Writes canaries, then NaN or the input; returns all buffers as they are before the dispatch.
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
            let unwritten = || filled(element, spec.shape, UNWRITTEN.to_bits());
            session.write(tensor, &input.clone().unwrap_or_else(unwritten))?;
            before.push(session.read(whole)?);
        }
        Ok(before)
    }
}

/// Adds a buffer with guard words for one operand; strided operands get gaps between replicas.
fn place(program: &mut Program, operand: &Operand, shape: Shape) -> (TensorId, TensorId) {
    let gap = if operand.strided && shape.replicas > 1 { ALIGNMENT } else { 0 };
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

/// A sentence if anything changed that the kernel must leave alone.
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
        "{}: element {at} of its buffer, which is {place}, was changed from {:e} to {:e}: look at \
         the indices that the shader writes to",
        operand.name,
        before.widened(at),
        after.widened(at)
    ))
}
