//! How long a driver lets an invocation loop. Software Vulkan (Mesa's llvmpipe) ends the loops of an
//! invocation after 65,535 rounds in all, and what they would have added is missing without a word.

use crate::backend::gpu::GpuBackend;
use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::bias_backward::KERNEL;
use crate::kernels::contract::Sizes;
use crate::kernels::library::Library;
use crate::single::Single;
use crate::tensor::{Shape, Tensor, Value};

/// Rounds that are asked for.
const ROUNDS: usize = 1 << 17;

/// After how many rounds in all the adapter's driver ends the loops of an invocation; none where it lets
/// them go on. Measured: the shipped naive `bias_backward` adds up a column of ones, a row a round.
///
/// # Errors
/// When the device is lost or refuses.
pub fn limit(backend: &GpuBackend) -> Result<Option<usize>> {
    let mut library = Library::default();
    library.choose(&format!("{}=naive", KERNEL.name()))?;
    let mut trials = backend.fork();
    trials.use_library(library);
    let sizes = Sizes::new(&KERNEL.contract, 1, &[("rows", ROUNDS), ("cols", 1)])?;
    let case = KERNEL.case(&sizes, Activation::Identity);
    let shapes: Vec<_> =
        KERNEL.contract.operands.iter().map(|operand| sizes.shape(operand)).collect();
    let single = Single::new(&KERNEL, &case, &shapes)?;
    let ones = || Some(Value::Real(Tensor::filled(Shape::matrix(ROUNDS, 1), 1.0)));
    let left = single.run(&mut trials, &[ones(), ones(), None, None])?;
    // d_bias is written last.
    let rounds = left.written.last().map_or(0.0, |sum| sum.widened(0)) as usize;
    Ok((rounds < ROUNDS).then_some(rounds))
}
