//! A program with a shader for each of its dispatches, as plain data: everything that an executor needs, and
//! nothing that requires a device. [`shaders`] chooses and reads the shaders.

pub mod shaders;

use crate::error::Result;
use crate::kernels::contract::{Access, Contract};
use crate::kernels::header::Requirements;
use crate::kernels::precision::Precision;
use crate::kernels::shader::Shader;
use crate::program::{BufferId, BufferSpec, Dispatch, Program, TensorId, TensorSpec};
use crate::tensor::Element;
use std::rc::Rc;

/// The alignment of each dispatch's `Params`, in bytes: the coarsest that WebGPU allows for uniforms.
const UNIFORM_ALIGNMENT: usize = 256;

/// The size of a uniform is a multiple of this many bytes.
const UNIFORM_SIZE: usize = 16;

/// A program as an executor runs it.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Memory for tensors.
    pub buffers: Vec<BufferSpec>,
    /// Where the program's tensors are in it, by id.
    pub tensors: Vec<TensorSpec>,
    /// The pipelines that dispatches run, each once.
    pub pipelines: Vec<LoweredPipeline>,
    /// The contents of one uniform buffer: the `Params` of all dispatches.
    pub params: Vec<u8>,
    /// The program's passes, by id.
    pub passes: Vec<Vec<LoweredDispatch>>,
}

/// A compute pipeline, its entry point `main`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LoweredPipeline {
    /// Kernel and variant, for display.
    pub label: String,
    /// The complete source of the shader.
    pub wgsl: String,
    /// The bindings of group 0, from 0 on: all those of the kernel, whether the shader uses them or not.
    pub layout: Vec<BindingType>,
    /// The precision of its products.
    pub precision: Precision,
    /// Whether its source is unmodified as shipped, apart from values of tunables.
    pub ships: bool,
    /// What it needs from the adapter.
    pub requires: Requirements,
    /// Invocations of a workgroup along each axis.
    pub workgroup_size: [u32; 3],
    /// Bytes of workgroup memory per workgroup.
    pub workgroup_memory: u32,
}

/// What is bound, in WebGPU's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindingType {
    /// `Params`.
    Uniform,
    /// A tensor that is read.
    ReadOnlyStorage,
    /// A tensor that is written, or read and written.
    Storage,
}

/// One dispatch.
#[derive(Clone, Debug)]
pub struct LoweredDispatch {
    /// What it is for, e.g. `layer2.batch_norm_forward`.
    pub label: String,
    /// The index of its pipeline.
    pub pipeline: usize,
    /// Its `Params`, in the uniform buffer: binding 0.
    pub params: ByteRange,
    /// Its tensors: the bindings from 1 on.
    pub tensors: Vec<(BufferId, ByteRange)>,
    /// Workgroups along each axis.
    pub workgroups: [u32; 3],
}

/// A part of a buffer, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Where it begins.
    pub offset: u64,
    /// Its length.
    pub size: u64,
}

impl ByteRange {
    const fn new(offset: usize, size: usize) -> Self {
        Self { offset: offset as u64, size: size as u64 }
    }
}

impl Lowered {
    /// A program whose dispatches run these shaders, one each, in order.
    ///
    /// # Errors
    /// [`crate::error::Error::Shape`] when a dispatch would have too many workgroups.
    pub fn new(program: &Program, shaders: &[Rc<Shader>]) -> Result<Self> {
        let mut lowered = Self {
            buffers: program.buffers.clone(),
            tensors: program.tensors.clone(),
            pipelines: Vec::new(),
            params: Vec::new(),
            passes: Vec::new(),
        };
        let (mut distinct, mut shaders) = (Vec::new(), shaders.iter());
        for pass in &program.passes {
            let dispatches = pass.dispatches.iter().zip(&mut shaders);
            let lower = |(dispatch, shader): (&Dispatch, _)| {
                let pipeline = lowered.pipeline(&mut distinct, shader);
                lowered.dispatch(program, dispatch, (pipeline, shader))
            };
            let dispatches = dispatches.map(lower).collect::<Result<_>>()?;
            lowered.passes.push(dispatches);
        }
        Ok(lowered)
    }

    /// The index of a shader's pipeline; `distinct` are the shaders that have one.
    fn pipeline(&mut self, distinct: &mut Vec<Rc<Shader>>, shader: &Rc<Shader>) -> usize {
        if let Some(known) = distinct.iter().position(|known| Rc::ptr_eq(known, shader)) {
            return known;
        }
        distinct.push(Rc::clone(shader));
        self.pipelines.push(LoweredPipeline {
            label: shader.label(),
            wgsl: shader.text.clone(),
            layout: layout(shader.contract),
            precision: shader.precision(),
            ships: shader.ships,
            requires: shader.requires.clone(),
            workgroup_size: shader.workgroup_size,
            workgroup_memory: shader.workgroup_memory(),
        });
        distinct.len() - 1
    }

    fn dispatch(
        &mut self,
        program: &Program,
        dispatch: &Dispatch,
        (pipeline, shader): (usize, &Shader),
    ) -> Result<LoweredDispatch> {
        let bytes = params(program, dispatch);
        let size = bytes.len().next_multiple_of(UNIFORM_SIZE);
        let params = ByteRange::new(self.params.len(), size);
        self.params.extend(bytes);
        self.params.resize(self.params.len().next_multiple_of(UNIFORM_ALIGNMENT), 0);
        let tensors = dispatch.tensors.iter().map(|&id| {
            let spec = program.spec(id);
            (spec.buffer, ByteRange::new(4 * spec.offset, 4 * (spec.span() + spec.guard)))
        });
        Ok(LoweredDispatch {
            label: dispatch.label.clone(),
            pipeline,
            params,
            tensors: tensors.collect(),
            workgroups: shader.grid(&dispatch.sizes)?,
        })
    }

    /// The element type of a tensor.
    #[must_use]
    pub fn element(&self, tensor: TensorId) -> Element {
        self.buffers[self.tensors[tensor.0].buffer.0].element
    }
}

fn layout(contract: &Contract) -> Vec<BindingType> {
    let tensors = contract.operands.iter().map(|operand| match operand.access {
        Access::Read => BindingType::ReadOnlyStorage,
        _ => BindingType::Storage,
    });
    std::iter::once(BindingType::Uniform).chain(tensors).collect()
}

/// One dispatch's `Params`: sizes, strides and parameters, in the order of `shader::params_fields`.
pub(crate) fn params(program: &Program, dispatch: &Dispatch) -> Vec<u8> {
    let operands = dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
    let strided = operands.filter(|(operand, _)| operand.strided);
    let strides = strided.map(|(_, &id)| program.stride(id) as u32);
    let sizes = dispatch.sizes.values().iter().map(|&size| size as u32);
    let words = sizes.chain(strides).chain(dispatch.parameters.iter().map(|p| p.to_bits()));
    words.flat_map(u32::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::Activation;
    use crate::kernels::kernel::Kernel;
    use crate::kernels::library::Library;
    use crate::kernels::{bias_forward, matmul_nn};
    use crate::tensor::Shape;

    fn shader(kernel: &'static Kernel) -> Result<Rc<Shader>> {
        Library::default().shader(kernel, "naive", Activation::Relu).map(Rc::new)
    }

    /// c = a · b of two layers whose b are in one buffer, the second with a bias.
    fn program(rows: usize) -> Result<Program> {
        let mut program = Program::default();
        let shapes = [("w1", Shape::matrix(5, 7)), ("w2", Shape::matrix(7, 3))];
        let shapes = shapes.map(|(name, shape)| (name.to_owned(), shape));
        let (_, weights) = program.segments("weights", 1, &shapes);
        let x = program.tensor("x", Shape::matrix(rows, 5));
        let [y, z, out] = [7, 3, 3].map(|cols| program.tensor("y", Shape::matrix(rows, cols)));
        let bias = program.tensor("bias", Shape::matrix(1, 3));
        let relu = Activation::Relu;
        let product = |program: &Program, a, b, c| {
            let tensors = [("a", a), ("b", b), ("c", c)];
            program.dispatch("product", &matmul_nn::KERNEL, relu, &tensors, &[])
        };
        let first = product(&program, x, weights[0], y)?;
        let second = product(&program, y, weights[1], z)?;
        let tensors = [("x", z), ("bias", bias), ("z", out), ("y", out)];
        let known = bias_forward::KERNEL.contract.operands.iter().map(|operand| operand.name);
        let tensors: Vec<_> =
            known.filter_map(|name| tensors.iter().find(|one| one.0 == name).copied()).collect();
        let last = program.dispatch("bias", &bias_forward::KERNEL, relu, &tensors, &[])?;
        program.pass("first", vec![first]);
        program.pass("second", vec![second, last]);
        Ok(program)
    }

    #[test]
    fn all_that_an_executor_needs_is_worked_out_without_a_device() -> Result<()> {
        let program = program(2)?;
        let product = shader(&matmul_nn::KERNEL)?;
        let bias = shader(&bias_forward::KERNEL)?;
        let lowered = Lowered::new(&program, &[Rc::clone(&product), product, bias])?;
        assert_eq!(lowered.pipelines.len(), 2, "a shader is one pipeline");
        use BindingType::{ReadOnlyStorage, Storage, Uniform};
        assert_eq!(
            lowered.pipelines[0].layout,
            [Uniform, ReadOnlyStorage, ReadOnlyStorage, Storage]
        );
        assert!(lowered.pipelines[1].wgsl.contains("fn activate"), "the activation is composed in");
        let [first, second] = [&lowered.passes[0][0], &lowered.passes[1][0]];
        assert_eq!([first.pipeline, second.pipeline, lowered.passes[1][1].pipeline], [0, 0, 1]);
        // m, k, n, and the replica stride: there is one replica.
        assert_eq!(lowered.params[..16], bytemuck::cast::<[u32; 4], [u8; 16]>([2, 5, 7, 0]));
        assert_eq!(first.params, ByteRange { offset: 0, size: 16 });
        assert_eq!(second.params, ByteRange { offset: 256, size: 16 });
        assert_eq!(lowered.params.len(), 3 * 256);
        // The second layer's weights begin after the first one's, at a multiple of 256 bytes.
        assert_eq!(first.tensors[1].1, ByteRange { offset: 0, size: 4 * 35 });
        assert_eq!(second.tensors[1].1, ByteRange { offset: 256, size: 4 * 21 });
        assert_eq!(first.tensors[1].0, second.tensors[1].0);
        assert_eq!(first.workgroups, [1, 1, 1]);
        Ok(())
    }

    #[test]
    fn too_many_workgroups_are_refused_before_a_device_sees_them() -> Result<()> {
        let program = program(20_000_000)?;
        let product = shader(&matmul_nn::KERNEL)?;
        let shaders = [Rc::clone(&product), product, shader(&bias_forward::KERNEL)?];
        let refused = Lowered::new(&program, &shaders).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains("65535"), "{refused}");
        Ok(())
    }
}
