//! Every variant of a kernel on the GPU against the kernel's twin, on every case of its contract.

use super::gpu::{self, Gpu};
use libtest_mimic::{Completion, Failed, Trial};
use normlab::backend::gpu::GpuBackend;
use normlab::check::check;
use normlab::kernels::contract::Contract;

/// One trial for each shipped variant.
pub(crate) fn trials(contract: &'static Contract) -> Vec<Trial> {
    let trial = |variant| {
        gpu_trial(contract, variant, "agrees_with_its_twin", move |backend| {
            agree(backend, contract)
        })
    };
    contract.shaders.iter().map(|source| trial(source.variant)).collect()
}

/// A trial that runs `test` on an open adapter with the variant chosen. It is ignored, with the
/// reason, where there is no adapter or where the adapter cannot run the variant.
pub(crate) fn gpu_trial(
    contract: &'static Contract,
    variant: &'static str,
    name: &str,
    test: impl FnOnce(&mut GpuBackend) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let name = format!("{}::{variant}_{name}", contract.name);
    Trial::ignorable_test(name, move || {
        let mut backend = match gpu::open()? {
            Gpu::Open(backend) => backend,
            Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
        };
        if let Some(reason) = backend.lacks(contract, variant)? {
            return Ok(Completion::ignored_with(reason));
        }
        backend.choose_variant(contract, variant)?;
        test(&mut backend)?;
        Ok(Completion::Completed)
    })
}

fn agree(backend: &mut GpuBackend, contract: &'static Contract) -> Result<(), Failed> {
    let mut complaints = Vec::new();
    for case in (contract.cases)() {
        complaints.extend(check(backend, contract, &case)?.complaints());
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}
