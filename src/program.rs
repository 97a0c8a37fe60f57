//! A computation as plain data: buffers, tensors in them, and passes of dispatches.
//!
//! A dispatch names a kernel, its tensors and its parameters. It says what to run, not how: both
//! backends run the same program, and checking, drawing and tuning read it.

use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::contract::Sizes;
use crate::kernels::kernel::Kernel;
use crate::memory;
use crate::tensor::{Element, Shape, Value};
use std::sync::Arc;

/// Segments of a shared buffer begin at multiples of this many elements (256 bytes): the coarsest
/// alignment of a storage binding that WebGPU adapters require.
pub const ALIGNMENT: usize = 64;

/// A tensor of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub usize);

/// A buffer of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId(pub usize);

/// A pass of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PassId(pub usize);

/// Memory of one element type.
#[derive(Clone, Debug)]
pub struct BufferSpec {
    /// Its name, for messages.
    pub name: String,
    /// Its element type.
    pub element: Element,
    /// Its length in elements.
    pub len: usize,
}

/// Where a tensor is stored.
#[derive(Clone, Debug)]
pub struct TensorSpec {
    /// Its name, for messages and in files of weights.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// The buffer that holds it.
    pub buffer: BufferId,
    /// Where its first replica begins, in elements.
    pub offset: usize,
    /// The distance from the beginning of one replica to that of the next, in elements.
    pub replica_stride: usize,
    /// Elements after the tensor that its binding also covers: guard words of a check.
    pub guard: usize,
}

impl TensorSpec {
    /// Elements from the beginning of its first replica to the end of its last.
    #[must_use]
    pub fn span(&self) -> usize {
        (self.shape.replicas - 1) * self.replica_stride + self.shape.matrix_len()
    }
}

/// One kernel to run on some tensors.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// What it is for, e.g. `layer2.batch_norm_forward`.
    pub label: String,
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The activation that is composed in.
    pub activation: Activation,
    /// The contract's operands, in its order.
    pub tensors: Vec<TensorId>,
    /// The contract's parameters, in its order.
    pub parameters: Vec<f32>,
    /// The contract's sizes, from the tensors' shapes.
    pub sizes: Sizes,
}

impl Dispatch {
    /// The parameter called `name`.
    ///
    /// # Panics
    /// When the contract has no such parameter: a mistake in the calling code.
    #[must_use]
    pub fn parameter(&self, name: &str) -> f32 {
        let position = self.kernel.contract.parameters.iter().position(|known| known.name == name);
        position
            .map(|at| self.parameters[at])
            .unwrap_or_else(|| panic!("no parameter is called {name}"))
    }

    /// The multiple of the cost of f32 by which its results may be off.
    #[must_use]
    pub fn tolerance_factor(&self) -> f64 {
        self.kernel.tolerance_factor * self.activation.tolerance_factor()
    }
}

/// A value to be put into a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// The tensor.
    pub tensor: TensorId,
    /// The value, of the tensor's shape and element type. Several programs may share it.
    pub value: Arc<Value<f32>>,
}

/// Dispatches that run one after another.
#[derive(Clone, Debug)]
pub struct Pass {
    /// Its name: `forward`, `backward`, `update`, `evaluate`.
    pub name: &'static str,
    /// The dispatches in order.
    pub dispatches: Vec<Dispatch>,
}

/// Everything that a backend needs to know.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Memory.
    pub buffers: Vec<BufferSpec>,
    /// Tensors.
    pub tensors: Vec<TensorSpec>,
    /// Passes.
    pub passes: Vec<Pass>,
}

impl Program {
    /// Adds a separate buffer holding one tensor of floats.
    pub fn tensor(&mut self, name: impl Into<String>, shape: Shape) -> TensorId {
        self.own_tensor(name.into(), Element::F32, shape)
    }

    /// Adds a separate buffer holding one tensor of integers.
    pub fn index_tensor(&mut self, name: impl Into<String>, shape: Shape) -> TensorId {
        self.own_tensor(name.into(), Element::U32, shape)
    }

    fn own_tensor(&mut self, name: String, element: Element, shape: Shape) -> TensorId {
        self.buffers.push(BufferSpec { name: name.clone(), element, len: shape.len() });
        self.tensors.push(TensorSpec {
            name,
            shape,
            buffer: BufferId(self.buffers.len() - 1),
            offset: 0,
            replica_stride: shape.matrix_len(),
            guard: 0,
        });
        TensorId(self.tensors.len() - 1)
    }

    /// Adds one buffer holding several tensors of floats as segments, the same in every replica,
    /// and returns a tensor over the whole of it, followed by the segments. The whole has the shape
    /// `[replicas, 1, aligned sum of the segments' lengths]`.
    pub fn segments(
        &mut self,
        name: &str,
        replicas: usize,
        segments: &[(String, Shape)],
    ) -> (TensorId, Vec<TensorId>) {
        let aligned = |shape: &Shape| shape.matrix_len().next_multiple_of(ALIGNMENT);
        let stride = segments.iter().map(|(_, shape)| aligned(shape)).sum();
        let whole = self.tensor(name, Shape::new(replicas, 1, stride));
        let buffer = self.spec(whole).buffer;
        let mut offset = 0;
        let mut ids = Vec::new();
        for (segment, shape) in segments {
            let (name, shape) = (segment.clone(), Shape { replicas, ..*shape });
            let spec = TensorSpec { name, shape, buffer, offset, replica_stride: stride, guard: 0 };
            offset += aligned(&shape);
            self.tensors.push(spec);
            ids.push(TensorId(self.tensors.len() - 1));
        }
        (whole, ids)
    }

    /// The size of all its memory in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.buffers.iter().map(|buffer| 4 * buffer.len as u64).sum()
    }

    /// Checks that this machine has enough memory for it.
    ///
    /// # Errors
    /// As [`memory::require`].
    pub fn check_memory(&self) -> Result<()> {
        let largest = self.buffers.iter().max_by_key(|buffer| buffer.len);
        let name = largest.map_or("", |buffer| &buffer.name);
        let what =
            format!("a program with {name} of {} elements", largest.map_or(0, |one| one.len));
        memory::require(self.bytes(), &what, "use smaller tensors")
    }

    /// Checks that every tensor can be bound by `who`, whose bindings have at most `largest` bytes.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first that cannot be bound, and how to make it smaller.
    pub fn check_sizes(&self, largest: usize, who: &str) -> Result<()> {
        let bytes = |spec: &TensorSpec| 4 * (spec.span() + spec.guard);
        let Some(spec) = self.tensors.iter().find(|spec| bytes(spec) > largest) else {
            return Ok(());
        };
        let less = match spec.name.strip_suffix(".images") {
            Some(part) => {
                let fitting = largest / (4 * spec.shape.cols.max(1));
                format!("use --{part}-images {fitting}, as many as fit")
            }
            None => "use smaller layers, smaller batches or fewer replicas".to_owned(),
        };
        Err(Error::Config(format!(
            "the tensor {} {} takes {} MiB, and {who} binds at most {} MiB at once; {less}",
            spec.name,
            spec.shape,
            bytes(spec) >> 20,
            largest >> 20
        )))
    }

    /// Where a tensor is stored.
    #[must_use]
    pub fn spec(&self, tensor: TensorId) -> &TensorSpec {
        &self.tensors[tensor.0]
    }

    /// The element type of a tensor.
    #[must_use]
    pub fn element(&self, tensor: TensorId) -> Element {
        self.buffers[self.spec(tensor).buffer.0].element
    }

    /// Adds a pass.
    pub fn pass(&mut self, name: &'static str, dispatches: Vec<Dispatch>) -> PassId {
        self.passes.push(Pass { name, dispatches });
        PassId(self.passes.len() - 1)
    }

    /// A dispatch of `kernel` on `tensors`, given by operand name. Parameters that are not given
    /// have the contract's default.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the operand that is missing, of another element type, or of a shape
    /// that does not fit the others.
    pub fn dispatch(
        &self,
        label: impl Into<String>,
        kernel: &'static Kernel,
        activation: Activation,
        tensors: &[(&str, TensorId)],
        parameters: &[(&str, f32)],
    ) -> Result<Dispatch> {
        let label = label.into();
        let wrong = |what: String| Error::Shape(format!("{label} ({}): {what}", kernel.name()));
        let mut ids = Vec::new();
        for operand in kernel.contract.operands {
            let given = tensors.iter().find(|(name, _)| *name == operand.name);
            let &(_, id) = given.ok_or_else(|| wrong(format!("no tensor for {}", operand.name)))?;
            if self.element(id) != operand.element {
                let name = operand.element.wgsl();
                return Err(wrong(format!("{} must hold {name}", operand.name)));
            }
            let spec = self.spec(id);
            let dense = spec.shape.replicas == 1 || spec.replica_stride == spec.shape.matrix_len();
            if !dense && !operand.strided {
                return Err(wrong(format!("{} must be contiguous", operand.name)));
            }
            ids.push(id);
        }
        let shapes: Vec<_> = ids.iter().map(|&id| Some(self.spec(id).shape)).collect();
        let sizes = Sizes::infer(&kernel.contract, &shapes, &[])
            .map_err(|error| wrong(error.to_string()))?;
        let value = |name: &str, default| {
            parameters.iter().find(|(known, _)| *known == name).map_or(default, |&(_, value)| value)
        };
        let known = kernel.contract.parameters.iter();
        let parameters = known.map(|known| value(known.name, known.default)).collect();
        Ok(Dispatch { label, kernel, activation, tensors: ids, parameters, sizes })
    }

    /// A dispatch of one of `kernel`'s cases, on `tensors` in the contract's order.
    ///
    /// # Errors
    /// As [`Program::dispatch`].
    pub fn dispatch_case(
        &self,
        label: impl Into<String>,
        kernel: &'static Kernel,
        case: &Case,
        tensors: &[TensorId],
    ) -> Result<Dispatch> {
        let names = kernel.contract.operands.iter().map(|operand| operand.name);
        let given: Vec<_> = names.zip(tensors.iter().copied()).collect();
        let known = kernel.contract.parameters.iter().map(|known| known.name);
        let parameters: Vec<_> = known.zip(case.parameters(&kernel.contract)).collect();
        self.dispatch(label, kernel, case.activation, &given, &parameters)
    }

    /// Replaces an older activation from the same file in all dispatches.
    pub fn take_activation(&mut self, newer: Activation) {
        for dispatch in self.passes.iter_mut().flat_map(|pass| &mut pass.dispatches) {
            dispatch.activation = dispatch.activation.or_newer(newer);
        }
    }

    /// The distance between replicas that a shader gets: 0 for a tensor that all replicas share.
    #[must_use]
    pub fn stride(&self, tensor: TensorId) -> usize {
        let spec = self.spec(tensor);
        if spec.shape.replicas == 1 { 0 } else { spec.replica_stride }
    }
}
