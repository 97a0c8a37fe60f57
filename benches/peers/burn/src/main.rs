//! Times a training step in burn, on a Vulkan driver that computes on the CPU. See ../README.md.

#[path = "../../common.rs"]
mod common;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{
    BatchNorm, BatchNormConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, RmsNorm,
    RmsNormConfig,
};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::wgpu::WgpuBackend;
use burn::tensor::{Device, DeviceKind, Int, Tensor, TensorData, activation};
use common::{
    ADAM_EPSILON, Activation, CLASSES, IMAGES, INPUTS, LEARNING_RATE, NORM_EPSILON, Network, cpu,
    measure, random,
};
use std::error::Error;

const RUNNING_MOMENTUM: f64 = 0.1;
/// The version in Cargo.toml: burn does not say its own.
const VERSION: &str = "0.22";

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
        let numbers = |count, limit| random(count, limit).map(|value| value as i32).collect();
        let images = TensorData::new(numbers(IMAGES * INPUTS, 256), [IMAGES, INPUTS]);
        let labels = TensorData::new(numbers(IMAGES, CLASSES as u64), [IMAGES]);
        let (images, labels) =
            (Tensor::from_data(images, &device), Tensor::from_data(labels, &device));
        Self { images, labels, device }
    }
}

struct Training<'a> {
    data: &'a Data,
    activation: fn(Tensor<2>) -> Tensor<2>,
    /// None while a step changes it.
    model: Option<Model>,
    optimizer: ModuleOptimizer,
    loss: Option<Tensor<1>>,
}

impl<'a> Training<'a> {
    fn new(network: Network, norm: &str, data: &'a Data) -> Self {
        let adam = || AdamConfig::new().with_epsilon(ADAM_EPSILON as f32).init();
        Self {
            data,
            activation: match network.activation {
                Activation::Sigmoid => activation::sigmoid,
                Activation::Relu => activation::relu,
            },
            model: Some(Model::new(network.hidden, norm, &data.device)),
            optimizer: if network.adam { adam() } else { SgdConfig::new().init() },
            loss: None,
        }
    }
}

impl common::Training for Training<'_> {
    type Error = Box<dyn Error>;

    fn step(&mut self, indices: &[u32]) -> Result<(), Self::Error> {
        let Data { images, labels, device } = self.data;
        let indices: Vec<_> = indices.iter().map(|&index| index as i32).collect();
        let indices = Tensor::<1, Int>::from_ints(indices.as_slice(), device);
        let inputs = images.clone().select(0, indices.clone()).float() / 255.0;
        let labels = labels.clone().select(0, indices);
        let model = self.model.take().ok_or("an earlier step failed")?;
        let logits = model.forward(inputs, self.activation);
        let loss = CrossEntropyLossConfig::new().init(device).forward(logits, labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        self.model = Some(self.optimizer.step(LEARNING_RATE, model, gradients));
        self.loss = Some(loss);
        Ok(())
    }

    fn finish(&mut self) -> Result<f32, Self::Error> {
        let loss = self.loss.take().map_or(f32::NAN, |loss| loss.into_scalar());
        self.data.device.sync()?;
        Ok(loss)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Device::wgpu_options().graphics_api(WgpuBackend::Vulkan);
    let (device, setup) = options.device_kind(DeviceKind::Cpu).init_with_setup()?;
    let adapter = setup.adapter.get_info().name;
    // The driver starts a thread for every CPU that it may use.
    let threads = std::thread::available_parallelism()?;
    println!("burn {VERSION} on {adapter}, {threads} threads, {}", cpu());
    device.seed(1);
    let data = Data::new(device.autodiff());
    measure(|network, norm| Ok(Training::new(network, norm, &data)))
}
