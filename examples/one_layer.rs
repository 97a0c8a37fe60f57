//! One hidden layer on the GPU, from end to end: a product and a batch norm with their shaders, each compared with
//! its twin on the CPU.
//!
//! ```sh
//! cargo run --release --example one_layer
//! ```
//!
//! A reader's way into the code: a [`Program`] is plain data (tensors, and dispatches of kernels on them), a backend
//! runs it, and a kernel's twin, the plain formula in f64, says what is right. Training is these three steps with more
//! dispatches.

use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::gpu::adapters::{NO_ADAPTER, candidates};
use normlab::check::Reference;
use normlab::error::{Error, Result};
use normlab::kernels::activation::Activation;
use normlab::kernels::precision::Precision;
use normlab::kernels::{batch_norm_forward, matmul_nn};
use normlab::program::{Program, TensorId, Upload};
use normlab::rng::{Purpose, Stream};
use normlab::tensor::{Shape, Tensor, Value};
use std::sync::Arc;

/// Images in the batch, pixels of each, and units of the layer.
const BATCH: usize = 60;
const PIXELS: usize = 784;
const UNITS: usize = 100;

fn main() {
    match run() {
        Ok(true) => {}
        Ok(false) => std::process::exit(1),
        Err(error) => {
            eprintln!("error: {error}");
            std::process::exit(i32::from(error.exit_status()));
        }
    }
}

/// Runs the layer; whether every result agrees with its twin.
fn run() -> Result<bool> {
    // 1. The layer as data. Shapes are rows × columns; the contract of each kernel names its operands.
    let mut program = Program::default();
    let images = program.tensor("images", Shape::matrix(BATCH, PIXELS));
    let weights = program.tensor("weights", Shape::matrix(PIXELS, UNITS));
    let products = program.tensor("products", Shape::matrix(BATCH, UNITS));
    let gamma = program.tensor("gamma", Shape::matrix(1, UNITS));
    let beta = program.tensor("beta", Shape::matrix(1, UNITS));
    let running = program.tensor("running", Shape::matrix(2, UNITS));
    let normalized = program.tensor("normalized", Shape::matrix(BATCH, UNITS));
    let outputs = program.tensor("outputs", Shape::matrix(BATCH, UNITS));
    let statistics = program.tensor("statistics", Shape::matrix(2, UNITS));
    // c = a · b, with no activation.
    let product = program.dispatch(
        "product",
        &matmul_nn::KERNEL,
        Activation::Identity,
        &[("a", images), ("b", weights), ("c", products)],
        &[],
    )?;
    // y = sigmoid(gamma · (x − mean) / deviation + beta), over the examples of the batch.
    let norm = program.dispatch(
        "norm",
        &batch_norm_forward::KERNEL,
        Activation::Sigmoid,
        &[
            ("x", products),
            ("gamma", gamma),
            ("beta", beta),
            ("running", running),
            ("z", normalized),
            ("y", outputs),
            ("statistics", statistics),
        ],
        &[],
    )?;
    let pass = program.pass("forward", vec![product.clone(), norm.clone()]);

    // 2. A device, and the program on it: shaders are checked against their contracts and compiled.
    let candidate = candidates().into_iter().next();
    let candidate = candidate.ok_or_else(|| Error::Device(NO_ADAPTER.to_owned()))?;
    let mut backend = GpuBackend::open(&candidate)?;
    println!("device: {}", backend.adapter().adapter);
    let mut session = backend.load(&program)?;
    let upload = |tensor: TensorId, value: Value<f32>| Upload { tensor, value: Arc::new(value) };
    session.upload(&[
        upload(images, random(1, BATCH, PIXELS, 1.0)),
        upload(weights, random(2, PIXELS, UNITS, 1.0 / 28.0)),
        upload(gamma, Value::Real(Tensor::filled(Shape::matrix(1, UNITS), 1.0))),
    ])?;

    // 3. Each dispatch by its shader, and once more by its twin, in f64 on the GPU's own inputs; the tolerance follows
    //    from how much the twin loses in f32.
    let mut all_good = true;
    for (number, dispatch) in [&product, &norm].into_iter().enumerate() {
        let operands = || dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
        let mut inputs = Vec::new();
        for (operand, &tensor) in operands() {
            inputs.push(operand.access.reads().then(|| session.read(tensor)).transpose()?);
        }
        session.run_dispatch(pass, number)?;
        let written = operands().filter(|(operand, _)| operand.access.writes());
        let found = session.read_all(&written.map(|(_, &tensor)| tensor).collect::<Vec<_>>())?;
        for judgement in Reference::of(dispatch, &inputs, Precision::F32).judge(dispatch, &found) {
            println!("{}", judgement.describe());
            all_good &= judgement.verdict.passes();
        }
    }

    // 4. What the norm is for: every unit's outputs lie around the middle of the sigmoid.
    let statistics = session.read(statistics)?.into_real()?;
    println!("the first unit's products had mean {:.4} and are now around 0", statistics.at(0, 0));
    Ok(all_good)
}

/// A matrix of uniform numbers from −`bound` to `bound`, the same on every machine.
fn random(seed: u64, rows: usize, cols: usize, bound: f64) -> Value<f32> {
    let mut numbers = Stream::new(seed, Purpose::Weights, 0);
    let data = (0..rows * cols).map(|_| numbers.range(-bound, bound) as f32).collect();
    Value::Real(Tensor::new(Shape::matrix(rows, cols), data))
}
