//! Times a training step in candle, on the CPU. See ../README.md.

use candle_core::utils::get_num_threads;
use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_nn::{
    AdamW, BatchNorm, Init, LayerNorm, Linear, Optimizer, ParamsAdamW, RmsNorm, SGD, VarBuilder,
    VarMap, layer_norm_no_bias, linear_b, loss, ops, rms_norm,
};
use std::time::Instant;

const IMAGES: usize = 1000;
const INPUTS: usize = 784;
const CLASSES: usize = 10;
const LEARNING_RATE: f64 = 1e-3;
const ADAM_EPSILON: f64 = 1e-8;
const NORM_EPSILON: f64 = 1e-5;
const SAMPLES: usize = 9;
/// The version in Cargo.toml: candle does not say its own.
const VERSION: &str = "0.11";

#[derive(Clone, Copy)]
struct Network {
    name: &'static str,
    hidden: usize,
    activation: fn(&Tensor) -> Result<Tensor>,
    batch: usize,
    adam: bool,
    warm_up: usize,
    steps: usize,
}

const NETWORKS: [Network; 2] = [
    Network {
        name: "784-100-100-100-10 sigmoid, batch 60, SGD",
        hidden: 100,
        activation: ops::sigmoid,
        batch: 60,
        adam: false,
        warm_up: 20,
        steps: 50,
    },
    Network {
        name: "784-1024-1024-1024-10 relu, batch 128, Adam",
        hidden: 1024,
        activation: Tensor::relu,
        batch: 128,
        adam: true,
        warm_up: 5,
        steps: 5,
    },
];

enum Norm {
    None,
    Batch(BatchNorm),
    /// The shift is apart: candle's layer norm with one has no backward pass.
    Layer(LayerNorm, Tensor),
    Rms(RmsNorm),
}

impl Norm {
    fn new(name: &str, width: usize, vars: &VarBuilder) -> Result<Self> {
        let constant = |name, value| vars.get_with_hints(width, name, Init::Const(value));
        Ok(match name {
            "batch" => {
                let mean = Tensor::zeros(width, DType::F32, &Device::Cpu)?;
                let variance = mean.ones_like()?;
                let (scale, shift) = (constant("scale", 1.0)?, constant("shift", 0.0)?);
                Self::Batch(BatchNorm::new(width, mean, variance, scale, shift, NORM_EPSILON)?)
            }
            "layer" => Self::Layer(
                layer_norm_no_bias(width, NORM_EPSILON, vars.clone())?,
                constant("shift", 0.0)?,
            ),
            "rms" => Self::Rms(rms_norm(width, NORM_EPSILON, vars.clone())?),
            _ => Self::None,
        })
    }

    fn forward(&self, z: Tensor) -> Result<Tensor> {
        match self {
            Self::None => Ok(z),
            Self::Batch(norm) => norm.forward_train(&z),
            Self::Layer(norm, shift) => norm.forward(&z)?.broadcast_add(shift),
            // `forward` has no backward pass.
            Self::Rms(norm) => norm.forward_diff(&z),
        }
    }
}

enum Update {
    Sgd(SGD),
    Adam(AdamW),
}

struct Training {
    network: Network,
    hidden: Vec<(Linear, Norm)>,
    last: Linear,
    vars: Vec<Var>,
    update: Update,
}

impl Training {
    fn new(network: Network, norm: &str) -> Result<Self> {
        let map = VarMap::new();
        let builder = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
        let width = network.hidden;
        let mut hidden = Vec::new();
        for (at, inputs) in [INPUTS, width, width].into_iter().enumerate() {
            let vars = builder.pp(at);
            let linear = linear_b(inputs, width, norm == "none", vars.pp("linear"))?;
            hidden.push((linear, Norm::new(norm, width, &vars.pp("norm"))?));
        }
        let last = linear_b(width, CLASSES, true, builder.pp("last"))?;
        let vars = map.all_vars();
        let update = if network.adam {
            // Without weight decay AdamW is Adam.
            let (lr, eps) = (LEARNING_RATE, ADAM_EPSILON);
            let adam = ParamsAdamW { lr, eps, weight_decay: 0.0, ..Default::default() };
            Update::Adam(AdamW::new(vars.clone(), adam)?)
        } else {
            Update::Sgd(SGD::new(vars.clone(), LEARNING_RATE)?)
        };
        Ok(Self { network, hidden, last, vars, update })
    }

    fn step(&mut self, images: &Tensor, labels: &Tensor, indices: &[u32]) -> Result<Tensor> {
        let indices = Tensor::new(indices, &Device::Cpu)?;
        let mut x = (images.index_select(&indices, 0)?.to_dtype(DType::F32)? / 255.0)?;
        for (linear, norm) in &self.hidden {
            x = (self.network.activation)(&norm.forward(linear.forward(&x)?)?)?;
        }
        let labels = labels.index_select(&indices, 0)?;
        let loss = loss::cross_entropy(&self.last.forward(&x)?, &labels)?;
        let gradients = loss.backward()?;
        // The optimizers pass over a variable without a gradient, and the step would look fast.
        assert!(self.vars.iter().all(|var| gradients.get(var).is_some()), "a gradient is missing");
        match &mut self.update {
            Update::Sgd(sgd) => sgd.step(&gradients)?,
            Update::Adam(adam) => adam.step(&gradients)?,
        }
        Ok(loss)
    }
}

/// Numbers below `limit`, the same in each run.
fn random(count: usize, limit: u64) -> impl Iterator<Item = u64> {
    let mut state = 1u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % limit
    })
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown CPU").to_owned()
}

fn main() -> Result<()> {
    println!("candle {VERSION}, {} threads, {}", get_num_threads(), cpu());
    let images: Vec<_> = random(IMAGES * INPUTS, 256).map(|value| value as u8).collect();
    let images = Tensor::from_vec(images, (IMAGES, INPUTS), &Device::Cpu)?;
    let labels: Vec<_> = random(IMAGES, CLASSES as u64).map(|value| value as u32).collect();
    let labels = Tensor::from_vec(labels, IMAGES, &Device::Cpu)?;
    for network in NETWORKS {
        let order: Vec<_> = random(IMAGES, IMAGES as u64).map(|value| value as u32).collect();
        for norm in ["none", "batch", "layer", "rms"] {
            let mut training = Training::new(network, norm)?;
            let mut run = |steps: usize| -> Result<f64> {
                let start = Instant::now();
                let mut loss = f32::NAN;
                for indices in order.chunks_exact(network.batch).cycle().take(steps) {
                    loss = training.step(&images, &labels, indices)?.to_scalar()?;
                }
                let elapsed = start.elapsed().as_secs_f64();
                assert!(loss.is_finite(), "{}, {norm}: the loss is {loss}", network.name);
                Ok(1000.0 * elapsed / steps as f64)
            };
            run(network.warm_up)?;
            let mut times = (0..SAMPLES).map(|_| run(network.steps)).collect::<Result<Vec<_>>>()?;
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
