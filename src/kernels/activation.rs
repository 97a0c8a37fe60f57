//! The activations: `shaders/activations/<name>.wgsl` and their twins.
//!
//! A shader that needs one calls `activate` and `activation_gradient`; the loader puts the chosen
//! activation's two functions into the same module.

use crate::tensor::Real;
use serde::{Deserialize, Serialize};

/// An activation function.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// x
    Identity,
    /// 1 / (1 + e^−x)
    #[default]
    Sigmoid,
    /// max(x, 0)
    Relu,
    /// (e^x − e^−x) / (e^x + e^−x)
    Tanh,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Sigmoid, Self::Relu, Self::Tanh];

    /// The shader's name, and the word for it in experiments and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Sigmoid => "sigmoid",
            Self::Relu => "relu",
            Self::Tanh => "tanh",
        }
    }

    /// The shader's text.
    #[must_use]
    pub const fn shader(self) -> &'static str {
        match self {
            Self::Identity => include_str!("../../shaders/activations/identity.wgsl"),
            Self::Sigmoid => include_str!("../../shaders/activations/sigmoid.wgsl"),
            Self::Relu => include_str!("../../shaders/activations/relu.wgsl"),
            Self::Tanh => include_str!("../../shaders/activations/tanh.wgsl"),
        }
    }

    /// The activation of `x`.
    pub fn activate<T: Real>(self, x: T) -> T {
        match self {
            Self::Identity => x,
            Self::Sigmoid => sigmoid(x),
            // A NaN stays one, which `max` would hide.
            Self::Relu if x < T::zero() => T::zero(),
            Self::Relu => x,
            Self::Tanh => x.tanh(),
        }
    }

    /// The derivative at `x`; 0 at ReLU's kink.
    pub fn activation_gradient<T: Real>(self, x: T) -> T {
        match self {
            Self::Identity => T::one(),
            Self::Sigmoid => {
                let y = sigmoid(x);
                y * (T::one() - y)
            }
            Self::Relu if x > T::zero() => T::one(),
            Self::Relu => T::zero(),
            Self::Tanh => {
                let y = x.tanh();
                T::one() - y * y
            }
        }
    }
}

/// The stable form: e is raised to a negative power only, so nothing overflows.
fn sigmoid<T: Real>(x: T) -> T {
    let e = (-x.abs()).exp();
    let larger = T::one() / (T::one() + e);
    if x < T::zero() { e * larger } else { larger }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_known_by_hand() {
        assert_eq!(Activation::Sigmoid.activate(0.0_f64), 0.5);
        assert_eq!(Activation::Sigmoid.activation_gradient(0.0_f64), 0.25);
        assert!((Activation::Sigmoid.activate(3.0_f64.ln()) - 0.75).abs() < 1e-15);
        assert_eq!(Activation::Relu.activate(-2.0_f64), 0.0);
        assert_eq!(Activation::Relu.activation_gradient(0.0_f64), 0.0);
        assert_eq!(Activation::Tanh.activation_gradient(0.0_f64), 1.0);
        assert_eq!(Activation::Identity.activate(-7.5_f64), -7.5);
    }

    #[test]
    fn far_out_nothing_overflows() {
        for activation in Activation::ALL {
            for x in [-1000.0_f32, 1000.0] {
                assert!(activation.activate(x).is_finite(), "{activation:?} at {x}");
                assert!(activation.activation_gradient(x).is_finite(), "{activation:?} at {x}");
            }
        }
    }

    #[test]
    fn gradients_are_central_differences() {
        let step = 1e-6;
        for activation in Activation::ALL {
            for x in [-4.0_f64, -0.7, 0.3, 1.0, 5.5] {
                let rise = activation.activate(x + step) - activation.activate(x - step);
                let error = rise / (2.0 * step) - activation.activation_gradient(x);
                assert!(error.abs() < 1e-9, "{activation:?} at {x}: off by {error}");
            }
        }
    }
}
