//! What the Rust programs here share, as common.py for the Python scripts: the two networks, their data, and the timing.

use std::time::Instant;

pub const IMAGES: usize = 1000;
pub const INPUTS: usize = 784;
pub const CLASSES: usize = 10;
pub const LEARNING_RATE: f64 = 1e-3;
pub const ADAM_EPSILON: f64 = 1e-8;
pub const NORM_EPSILON: f64 = 1e-5;

const NORMS: [&str; 4] = ["none", "batch", "layer", "rms"];
const SAMPLES: usize = 9;

#[derive(Clone, Copy)]
pub enum Activation {
    Sigmoid,
    Relu,
}

#[derive(Clone, Copy)]
pub struct Network {
    name: &'static str,
    pub hidden: usize,
    pub activation: Activation,
    batch: usize,
    pub adam: bool,
    warm_up: usize,
    steps: usize,
}

const NETWORKS: [Network; 2] = [
    Network {
        name: "784-100-100-100-10 sigmoid, batch 60, SGD",
        hidden: 100,
        activation: Activation::Sigmoid,
        batch: 60,
        adam: false,
        warm_up: 20,
        steps: 50,
    },
    Network {
        name: "784-1024-1024-1024-10 relu, batch 128, Adam",
        hidden: 1024,
        activation: Activation::Relu,
        batch: 128,
        adam: true,
        warm_up: 5,
        steps: 5,
    },
];

/// A network in training.
pub trait Training {
    type Error;

    /// Trains one step on the images with these indices.
    fn step(&mut self, indices: &[u32]) -> Result<(), Self::Error>;

    /// Waits for all work and gives the last loss.
    fn finish(&mut self) -> Result<f32, Self::Error>;
}

/// Times every network with every norm; `new` makes a network with a norm.
pub fn measure<T: Training>(
    new: impl Fn(Network, &str) -> Result<T, T::Error>,
) -> Result<(), T::Error> {
    for network in NETWORKS {
        let order: Vec<_> = random(IMAGES, IMAGES as u64).collect();
        for norm in NORMS {
            let mut training = new(network, norm)?;
            let mut run = |steps: usize| -> Result<f64, T::Error> {
                let start = Instant::now();
                for indices in order.chunks_exact(network.batch).cycle().take(steps) {
                    training.step(indices)?;
                }
                let loss = training.finish()?;
                let elapsed = start.elapsed().as_secs_f64();
                assert!(loss.is_finite(), "{}, {norm}: the loss is {loss}", network.name);
                Ok(1000.0 * elapsed / steps as f64)
            };
            run(network.warm_up)?;
            let mut times =
                (0..SAMPLES).map(|_| run(network.steps)).collect::<Result<Vec<_>, _>>()?;
            times.sort_by(f64::total_cmp);
            println!(
                "{}, {norm}: {:.3} ms per step (min {:.3}, max {:.3})",
                network.name,
                times[SAMPLES / 2],
                times[0],
                times[SAMPLES - 1]
            );
        }
    }
    Ok(())
}

/// Numbers below `limit`, the same in each run.
pub fn random(count: usize, limit: u64) -> impl Iterator<Item = u32> {
    let mut state = 1u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) % limit) as u32
    })
}

pub fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown CPU").to_owned()
}
