//! Times a training step in burn, on a Vulkan driver that computes on the CPU. See ../README.md.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{
    BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, RmsNorm,
    RmsNormConfig,
};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::wgpu::WgpuBackend;
use burn::tensor::{Device, DeviceKind, Int, Tensor, TensorData, activation};
use std::time::Instant;

const IMAGES: usize = 1000;
const INPUTS: usize = 784;
const CLASSES: usize = 10;
const LEARNING_RATE: f64 = 1e-3;
const ADAM_EPSILON: f32 = 1e-8;
const NORM_EPSILON: f64 = 1e-5;
const RUNNING_MOMENTUM: f64 = 0.1;
const SAMPLES: usize = 9;
/// The version in Cargo.toml: burn does not say its own.
const VERSION: &str = "0.22";

#[derive(Clone, Copy)]
struct Network {
    name: &'static str,
    hidden: usize,
    activation: fn(Tensor<2>) -> Tensor<2>,
    batch: usize,
    adam: bool,
    warm_up: usize,
    steps: usize,
}

const NETWORKS: [Network; 2] = [
    Network {
        name: "784-100-100-100-10 sigmoid, batch 60, SGD",
        hidden: 100,
        activation: activation::sigmoid,
        batch: 60,
        adam: false,
        warm_up: 20,
        steps: 50,
    },
    Network {
        name: "784-1024-1024-1024-10 relu, batch 128, Adam",
        hidden: 1024,
        activation: activation::relu,
        batch: 128,
        adam: true,
        warm_up: 5,
        steps: 5,
    },
];

/// A norm for each hidden layer, all of one kind, or none at all.
#[derive(Module, Debug)]
struct Model {
    hidden: Vec<Linear>,
    batch_norms: Vec<BatchNorm>,
    layer_norms: Vec<LayerNorm>,
    rms_norms: Vec<RmsNorm>,
    last: Linear,
}

impl Model {
    fn new(width: usize, norm: &str, device: &Device) -> Self {
        let linear = |inputs| LinearConfig::new(inputs, width).with_bias(norm == "none");
        let hidden = [INPUTS, width, width].map(|inputs| linear(inputs).init(device)).to_vec();
        let count = |kind| if norm == kind { hidden.len() } else { 0 };
        let batch =
            BatchNormConfig::new(width).with_epsilon(NORM_EPSILON).with_momentum(RUNNING_MOMENTUM);
        let layer = LayerNormConfig::new(width).with_epsilon(NORM_EPSILON);
        let rms = RmsNormConfig::new(width).with_epsilon(NORM_EPSILON);
        Self {
            batch_norms: (0..count("batch")).map(|_| batch.init(device)).collect(),
            layer_norms: (0..count("layer")).map(|_| layer.init(device)).collect(),
            rms_norms: (0..count("rms")).map(|_| rms.init(device)).collect(),
            last: LinearConfig::new(width, CLASSES).init(device),
            hidden,
        }
    }

    fn forward(&self, mut x: Tensor<2>, activation: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
        for (layer, linear) in self.hidden.iter().enumerate() {
            x = linear.forward(x);
            if let Some(norm) = self.batch_norms.get(layer) {
                x = norm.forward(x);
            }
            if let Some(norm) = self.layer_norms.get(layer) {
                x = norm.forward(x);
            }
            if let Some(norm) = self.rms_norms.get(layer) {
                x = norm.forward(x);
            }
            x = activation(x);
        }
        self.last.forward(x)
    }
}

struct Data {
    /// WGSL has no 8-bit integers: a pixel takes 32 bits here.
    images: Tensor<2, Int>,
    labels: Tensor<1, Int>,
    device: Device,
}

impl Data {
    fn new(device: Device) -> Self {
        let images = TensorData::new(random(IMAGES * INPUTS, 256).collect(), [IMAGES, INPUTS]);
        let labels = TensorData::new(random(IMAGES, CLASSES as u64).collect(), [IMAGES]);
        let (images, labels) =
            (Tensor::from_data(images, &device), Tensor::from_data(labels, &device));
        Self { images, labels, device }
    }

    /// Trains one step, and gives the changed model and the loss.
    fn step(
        &self,
        network: Network,
        model: Model,
        optimizer: &mut ModuleOptimizer,
        indices: &[i32],
    ) -> (Model, Tensor<1>) {
        let indices = Tensor::<1, Int>::from_ints(indices, &self.device);
        let inputs = self.images.clone().select(0, indices.clone()).float() / 255.0;
        let labels = self.labels.clone().select(0, indices);
        let logits = model.forward(inputs, network.activation);
        let loss = CrossEntropyLossConfig::new().init(&self.device).forward(logits, labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        (optimizer.step(LEARNING_RATE, model, gradients), loss)
    }
}

/// Numbers below `limit`, the same in each run.
fn random(count: usize, limit: u64) -> impl Iterator<Item = i32> {
    let mut state = 1u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) % limit) as i32
    })
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown CPU").to_owned()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Device::wgpu_options().graphics_api(WgpuBackend::Vulkan);
    let (device, setup) = options.device_kind(DeviceKind::Cpu).init_with_setup()?;
    let adapter = setup.adapter.get_info().name;
    // The driver starts a thread for every CPU that it may use.
    let threads = std::thread::available_parallelism()?;
    println!("burn {VERSION} on {adapter}, {threads} threads, {}", cpu());
    device.seed(1);
    let data = Data::new(device.autodiff());
    for network in NETWORKS {
        let order: Vec<_> = random(IMAGES, IMAGES as u64).collect();
        for norm in ["none", "batch", "layer", "rms"] {
            let mut model = Model::new(network.hidden, norm, &data.device);
            let adam = || AdamConfig::new().with_epsilon(ADAM_EPSILON).init();
            let mut optimizer = if network.adam { adam() } else { SgdConfig::new().init() };
            let mut times = Vec::new();
            for sample in 0..=SAMPLES {
                let steps = if sample == 0 { network.warm_up } else { network.steps };
                let start = Instant::now();
                let mut loss = None;
                for indices in order.chunks_exact(network.batch).cycle().take(steps) {
                    let (changed, new) = data.step(network, model, &mut optimizer, indices);
                    (model, loss) = (changed, Some(new));
                }
                let loss = loss.map_or(f32::NAN, |loss| loss.into_scalar());
                data.device.sync()?;
                times.push(1000.0 * start.elapsed().as_secs_f64() / steps as f64);
                assert!(loss.is_finite(), "{}, {norm}: the loss is {loss}", network.name);
            }
            times.remove(0);
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
