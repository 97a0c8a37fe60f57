//! Times a training step in candle, on the CPU. See ../README.md.

#[path = "../../common.rs"]
mod common;

use candle_core::utils::get_num_threads;
use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_nn::{
    AdamW, BatchNorm, Init, LayerNorm, Linear, Optimizer, ParamsAdamW, RmsNorm, SGD, VarBuilder,
    VarMap, layer_norm_no_bias, linear_b, loss, ops, rms_norm,
};
use common::{
    ADAM_EPSILON, Activation, CLASSES, IMAGES, INPUTS, LEARNING_RATE, NORM_EPSILON, Network, cpu,
    measure, random,
};

/// The version in Cargo.toml: candle does not say its own.
const VERSION: &str = "0.11";

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

struct Training<'a> {
    images: &'a Tensor,
    labels: &'a Tensor,
    activation: fn(&Tensor) -> Result<Tensor>,
    hidden: Vec<(Linear, Norm)>,
    last: Linear,
    vars: Vec<Var>,
    update: Update,
    loss: f32,
}

impl<'a> Training<'a> {
    fn new(
        network: Network,
        norm: &str,
        (images, labels): (&'a Tensor, &'a Tensor),
    ) -> Result<Self> {
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
        let activation = match network.activation {
            Activation::Sigmoid => ops::sigmoid,
            Activation::Relu => Tensor::relu,
        };
        let loss = f32::NAN;
        Ok(Self { images, labels, activation, hidden, last, vars, update, loss })
    }
}

impl common::Training for Training<'_> {
    type Error = candle_core::Error;

    fn step(&mut self, indices: &[u32]) -> Result<()> {
        let indices = Tensor::new(indices, &Device::Cpu)?;
        let mut x = (self.images.index_select(&indices, 0)?.to_dtype(DType::F32)? / 255.0)?;
        for (linear, norm) in &self.hidden {
            x = (self.activation)(&norm.forward(linear.forward(&x)?)?)?;
        }
        let labels = self.labels.index_select(&indices, 0)?;
        let loss = loss::cross_entropy(&self.last.forward(&x)?, &labels)?;
        let gradients = loss.backward()?;
        // The optimizers pass over a variable without a gradient, and the step would look fast.
        assert!(self.vars.iter().all(|var| gradients.get(var).is_some()), "a gradient is missing");
        match &mut self.update {
            Update::Sgd(sgd) => sgd.step(&gradients)?,
            Update::Adam(adam) => adam.step(&gradients)?,
        }
        self.loss = loss.to_scalar()?;
        Ok(())
    }

    /// Nothing is left to wait for after a step.
    fn finish(&mut self) -> Result<f32> {
        Ok(self.loss)
    }
}

fn main() -> Result<()> {
    println!("candle {VERSION}, {} threads, {}", get_num_threads(), cpu());
    let images: Vec<_> = random(IMAGES * INPUTS, 256).map(|value| value as u8).collect();
    let images = Tensor::from_vec(images, (IMAGES, INPUTS), &Device::Cpu)?;
    let labels: Vec<_> = random(IMAGES, CLASSES as u64).collect();
    let labels = Tensor::from_vec(labels, IMAGES, &Device::Cpu)?;
    measure(|network, norm| Training::new(network, norm, (&images, &labels)))
}
