//! Every variant of a kernel on the GPU against the kernel's twin, on every case of the kernel.

use super::Call;
use crate::support::gpu::{self, Gpu};
use crate::support::trial::Trial;
use libtest_mimic::{Completion, Failed};
use normlab::backend::gpu::GpuBackend;
use normlab::check::check;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;

/// One trial for each shipped variant.
pub(crate) fn trials(kernel: &'static Kernel) -> Vec<Trial> {
    let trial = |variant| {
        gpu_trial(kernel, variant, "agrees_with_its_twin", move |backend| agree(backend, kernel))
    };
    kernel.shaders.iter().map(|source| trial(source.variant)).collect()
}

/// A trial that runs `test` on an open adapter with the variant chosen. It is ignored, with the
/// reason, where there is no adapter or where the adapter cannot run the variant.
pub(crate) fn gpu_trial(
    kernel: &'static Kernel,
    variant: &'static str,
    name: &str,
    test: impl FnOnce(&mut GpuBackend) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let name = format!("{}::{variant}_{name}", kernel.name());
    Trial::ignorable_test(name, move || {
        let mut backend = match gpu::open_for(kernel, variant)? {
            Gpu::Open(backend) => backend,
            Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
        };
        if let Some(reason) = backend.selection().lacks(kernel, variant)? {
            return Ok(Completion::ignored_with(reason));
        }
        backend.choose_variant(kernel, variant)?;
        test(&mut backend)?;
        Ok(Completion::Completed)
    })
}

/// Block sizes of a tiled product; those not named are as in the file.
pub(crate) const BLOCKS: [&[&str]; 8] = [
    &[],
    &["TILE_M=32"],
    &["TILE_N=128"],
    &["TILE_K=8"],
    &["TILE_K=32"],
    &["ROWS=8"],
    &["TILE_M=32", "TILE_N=32", "COLS=8"],
    &["TILE_M=128", "TILE_N=128", "TILE_K=8", "ROWS=8", "COLS=8"],
];

/// A trial that a tiled product gives the same bits of each of `results` whatever the size of its
/// block.
pub(crate) fn tiled_trial(
    kernel: &'static Kernel,
    (blocks, results): (&'static [&'static [&'static str]], &'static [&'static str]),
    call: fn() -> Call,
) -> Trial {
    gpu_trial(kernel, "tiled", "gives_the_same_bits_at_all_sizes", move |backend| {
        let mut first = None;
        for block in blocks {
            let mut library = Library::default();
            library.choose(&format!("{}=tiled", kernel.name()))?;
            for setting in *block {
                library.tune(&format!("{}.{setting}", kernel.name()))?;
            }
            backend.use_library(library);
            if backend.selection().lacks(kernel, "tiled")?.is_some() {
                continue;
            }
            let outputs = call().run_on(backend)?;
            let found: Vec<_> = results.iter().map(|name| outputs.real(name).clone()).collect();
            let expected = first.get_or_insert_with(|| found.clone());
            if found != *expected {
                return Err(format!("{block:?} gives other bits than the file as it stands").into());
            }
        }
        Ok(())
    })
}

fn agree(backend: &mut GpuBackend, kernel: &'static Kernel) -> Result<(), Failed> {
    let mut complaints = Vec::new();
    for case in (kernel.cases)() {
        complaints.extend(check(backend, kernel, &case)?.complaints());
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}
