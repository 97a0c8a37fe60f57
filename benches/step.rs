//! Time of one training step of 784-100-100-100-10 (batch 60, sigmoid, SGD) on the best adapter: with
//! each norm, and for batch norm also with the naive products, in the same run.
//!
//! `cargo bench --bench step`; needs an adapter. Criterion prints the time of [`STEPS`] steps.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::gpu::adapters::{NO_ADAPTER, candidates};
use normlab::config::{Experiment, Norm};
use normlab::data::Dataset;
use normlab::error::{Error, Result};
use normlab::kernels::activation::Activation;
use normlab::kernels::{matmul_nn, matmul_nt, matmul_tn};
use normlab::train::{Plan, Trainer};
use std::time::Duration;

/// Steps of one measurement, between two round trips to the host.
const STEPS: usize = 50;

fn open(naive_products: bool) -> Result<GpuBackend> {
    let candidate = candidates().into_iter().next();
    let candidate = candidate.ok_or_else(|| Error::Device(NO_ADAPTER.to_owned()))?;
    let mut backend = GpuBackend::open(&candidate)?;
    if naive_products {
        for kernel in [&matmul_nn::KERNEL, &matmul_nt::KERNEL, &matmul_tn::KERNEL] {
            backend.choose_variant(kernel, "naive")?;
        }
    }
    Ok(backend)
}

fn steps(criterion: &mut Criterion) -> Result<()> {
    let data = Dataset::drawn()?;
    let experiment = Experiment::default();
    let mut group = criterion.benchmark_group("step");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(5)).throughput(Throughput::Elements(STEPS as u64));
    let cases = [
        (Norm::NONE, false),
        (Norm::BATCH, false),
        (Norm::LAYER, false),
        (Norm::RMS, false),
        (Norm::BATCH, true),
    ];
    for (norm, naive) in cases {
        let mut backend = open(naive)?;
        let products = if naive { "naive products" } else { "best products" };
        let name = format!("{norm}, {products}, {}", backend.adapter().adapter);
        let activation = Activation::Sigmoid;
        let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
        let mut trainer = Trainer::new(&mut backend, &plan)?;
        let mut failure = None;
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let next = trainer.step() + STEPS;
                failure = trainer.run_to(next).err().or(failure.take());
            });
        });
        failure.map_or(Ok(()), Err)?;
    }
    group.finish();
    Ok(())
}

fn all(criterion: &mut Criterion) {
    if let Err(error) = steps(criterion) {
        eprintln!("error: {error}");
        std::process::exit(i32::from(error.exit_status()));
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
