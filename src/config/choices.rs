//! The choices of an experiment: norms and their positions, optimizers, initial weights.

use crate::choice::choice;
use serde::de;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

choice! {
    /// How a layer's values are normalized.
    pub enum Norm as "norm" {
        /// Not at all: the layer has a bias instead.
        None = "none",
        /// Over the examples of the batch, for each unit (Ioffe and Szegedy 2015).
        Batch = "batch",
        /// Over the units of the layer, for each example (Ba, Kiros and Hinton 2016).
        Layer = "layer",
        /// Like layer norm, but only divided by the root mean square: no mean is subtracted, and there is
        /// no beta, so that nothing shifts a value before the activation (Zhang and Sennrich 2019).
        Rms = "rms",
    }
}

impl Norm {
    /// Whether all units of a layer may share one gamma (see [`Affine`]).
    #[must_use]
    pub const fn may_share(self) -> bool {
        match self {
            Self::None | Self::Batch => false,
            Self::Layer | Self::Rms => true,
        }
    }
}

choice! {
    /// How many gammas (and betas, if any) a layer norm or an rms norm has.
    pub enum Affine as "affine" {
        /// One of each for each unit.
        PerUnit = "per_unit",
        /// One of each for the whole layer.
        Shared = "shared",
    }
}

choice! {
    /// Where the norm comes in a layer.
    pub enum NormPosition as "norm_position" {
        /// Between the product and the activation, instead of a bias.
        Before = "before",
        /// After the activation; the layer keeps its bias.
        After = "after",
    }
}

choice! {
    /// How parameters are updated.
    pub enum Optimizer as "optimizer" {
        /// Stochastic gradient descent, with momentum if that is not 0.
        Sgd = "sgd",
        /// Adam (Kingma and Ba 2015) with beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8.
        Adam = "adam",
    }
}

/// The distribution of initial weights. Gammas start at 1, betas at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Weights and biases uniform within ±1/√fan_in (PyTorch's for linear layers).
    Uniform,
    /// Weights uniform within ±√(6 / (fan_in + fan_out)), biases 0 (Glorot and Bengio 2010).
    Glorot,
    /// Weights normal with deviation √(2 / fan_in), biases 0 (He et al. 2015).
    He,
    /// Weights normal with this deviation, biases 0.
    Normal(f64),
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Glorot => f.write_str("glorot"),
            Self::He => f.write_str("he"),
            Self::Normal(deviation) => write!(f, "normal:{deviation}"),
        }
    }
}

impl FromStr for Init {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let normal = text.strip_prefix("normal:").and_then(|number| number.parse().ok());
        match (text, normal) {
            ("uniform", _) => Ok(Self::Uniform),
            ("glorot", _) => Ok(Self::Glorot),
            ("he", _) => Ok(Self::He),
            (_, Some(deviation)) if deviation > 0.0 && (deviation as f32).is_normal() => {
                Ok(Self::Normal(deviation))
            }
            _ => Err(format!(
                "{text:?} is not an initialization; expected uniform, glorot, he, or \
                 normal:DEVIATION with a deviation above 0 that f32 can represent, for example \
                 normal:0.01"
            )),
        }
    }
}

impl Serialize for Init {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Init {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
