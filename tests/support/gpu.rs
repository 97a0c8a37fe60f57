//! Opens the adapter that tests run on, or says why there is none.
//!
//! Tests that need a GPU and find none are *ignored with the reason*: they did not pass. If the
//! environment variable `NORMLAB_REQUIRE_GPU` is 1, for example on a machine that is known to have an
//! adapter, they fail instead.

use super::trial::Trial;
use libtest_mimic::{Completion, Failed};
use normlab::backend::gpu::GpuBackend;
use normlab::backend::gpu::adapters::{NO_ADAPTER, candidates};
use normlab::error::Error;
use normlab::kernels::activation::Activation;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::precision::Precision;

/// The variable that turns a missing adapter into a failure.
pub(crate) const REQUIRE_GPU: &str = "NORMLAB_REQUIRE_GPU";

/// What a test that needs a GPU gets.
pub(crate) enum Gpu {
    /// The best adapter of this machine.
    Open(Box<GpuBackend>),
    /// There is none that will do, for this reason: report the test as ignored.
    Missing(String),
}

/// Opens the best adapter.
///
/// # Errors
/// The reason to fail a test: the adapter refuses, or there is none although one is required.
pub(crate) fn open() -> Result<Gpu, String> {
    open_in(Precision::F32)
}

/// Opens the best adapter so that it can run a shipped variant of a kernel, if any device can.
///
/// # Errors
/// As [`open_in`], and when the variant cannot be read.
pub(crate) fn open_for(kernel: &'static Kernel, variant: &str) -> Result<Gpu, String> {
    let shader = Library::default().shader(kernel, variant, Activation::default());
    open_in(shader.map_err(|error| error.to_string())?.precision())
}

/// Opens the best adapter with products of this precision. One that lacks it counts as missing.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_in(precision: Precision) -> Result<Gpu, String> {
    match candidates().first() {
        Some(candidate) => match GpuBackend::open_in(candidate, precision) {
            Ok(backend) => Ok(Gpu::Open(Box::new(backend))),
            Err(Error::Config(lacking)) if precision == Precision::Mixed => {
                Ok(Gpu::Missing(lacking))
            }
            Err(error) => Err(error.to_string()),
        },
        None => missing(std::env::var(REQUIRE_GPU).is_ok_and(|value| value == "1")),
    }
}

/// What a test gets where there is no adapter.
///
/// # Errors
/// The reason, where an adapter is `required`.
pub(crate) fn missing(required: bool) -> Result<Gpu, String> {
    if required {
        return Err(format!("{REQUIRE_GPU} is 1, but {NO_ADAPTER}"));
    }
    Ok(Gpu::Missing(NO_ADAPTER.to_owned()))
}

/// A check that needs no adapter, as a trial.
pub(crate) fn done(check: fn()) -> impl FnOnce() -> Result<(), Failed> + Send + 'static {
    move || {
        check();
        Ok(())
    }
}

/// A trial that gets an open adapter, or is ignored with the reason.
pub(crate) fn on_gpu(
    name: impl Into<String>,
    check: impl FnOnce(&mut GpuBackend) + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match open()? {
        Gpu::Open(mut backend) => {
            check(&mut backend);
            Ok(Completion::Completed)
        }
        Gpu::Missing(reason) => Ok(Completion::ignored_with(reason)),
    })
}
