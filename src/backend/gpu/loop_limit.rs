//! How long a driver lets an invocation loop. Software Vulkan (Mesa's llvmpipe) ends the loops of an
//! invocation after 65,535 rounds in total, silently dropping the rest.

use super::device::Gpu;
use super::pipelines::Pipelines;
use super::session::GpuSession;
use crate::backend::Session;
use crate::error::Result;
use crate::kernels::header::Requirements;
use crate::kernels::precision::Precision;
use crate::lowering::{BindingType, ByteRange, Lowered, LoweredDispatch, LoweredPipeline};
use crate::program::{BufferId, BufferSpec, PassId, TensorId, TensorSpec};
use crate::tensor::{Element, Shape, Tensor, Value};

/// The rounds of the loop.
const ROUNDS: usize = 1 << 17;

/// Bytes of the uniform buffer: a multiple of 16.
const PARAMS: usize = 16;

/// After how many rounds in total the driver ends the loops of an invocation; none if it lets them finish.
pub(super) fn measure(gpu: Gpu, pipelines: Pipelines) -> Result<Option<usize>> {
    let mut session = GpuSession::new(gpu, pipelines, program())?;
    let ones = Tensor::filled(Shape::matrix(1, ROUNDS), 1);
    session.write(TensorId(0), &Value::Index(ones))?;
    session.run_dispatch(PassId(0), 0)?;
    let rounds = session.read(TensorId(1))?.widened(0) as usize;
    Ok((rounds < ROUNDS).then_some(rounds))
}

/// One dispatch of one invocation.
fn program() -> Lowered {
    let tensors = [("ones", ROUNDS), ("sum", 1)];
    let buffer = |(name, len): (&str, usize)| BufferSpec {
        name: name.to_owned(),
        element: Element::U32,
        len,
    };
    let tensor = |(buffer, (name, len)): (usize, (&str, usize))| TensorSpec {
        name: name.to_owned(),
        shape: Shape::matrix(1, len),
        buffer: BufferId(buffer),
        offset: 0,
        replica_stride: len,
        guard: 0,
    };
    let range = |len: usize| ByteRange { offset: 0, size: 4 * len as u64 };
    let mut params = (ROUNDS as u32).to_le_bytes().to_vec();
    params.resize(PARAMS, 0);
    let dispatch = LoweredDispatch {
        label: "loop_limit".to_owned(),
        pipeline: 0,
        params: ByteRange { offset: 0, size: PARAMS as u64 },
        tensors: vec![(BufferId(0), range(ROUNDS)), (BufferId(1), range(1))],
        workgroups: [1, 1, 1],
    };
    Lowered {
        buffers: tensors.map(buffer).to_vec(),
        tensors: tensors.into_iter().enumerate().map(tensor).collect(),
        pipelines: vec![LoweredPipeline {
            label: "loop_limit".to_owned(),
            wgsl: include_str!("loop_limit.wgsl").to_owned(),
            layout: vec![BindingType::Uniform, BindingType::ReadOnlyStorage, BindingType::Storage],
            precision: Precision::F32,
            ships: true,
            requires: Requirements::default(),
            workgroup_size: [1, 1, 1],
            workgroup_memory: 0,
        }],
        params,
        passes: vec![vec![dispatch]],
    }
}
