//! Initial values of the parameters.

use super::{Model, Parameter, Role};
use crate::config::Init;
use crate::rng::{Purpose, Stream};
use crate::tensor::{Shape, Tensor};

/// Initial values of a parameter; replica r uses the seed `seed + r`. They depend only on the seed, the
/// layer, the role and the shape: networks that differ in norm or activation start with the same weights.
#[must_use]
pub fn initial_parameters(model: &Model, parameter: &Parameter, seed: u64) -> Tensor<f32> {
    let network = &model.network;
    let weight = model
        .parameters
        .iter()
        .find(|one| one.layer == parameter.layer && one.role == Role::Weight)
        .map_or(parameter.shape, |one| one.shape);
    let (fan_in, fan_out) = (weight.rows as f64, weight.cols as f64);
    let uniform = |stream: &mut Stream, bound: f64| stream.range(-bound, bound);
    let draw = |stream: &mut Stream| match (parameter.role, network.init) {
        (Role::Gamma, _) => 1.0,
        (Role::Beta, _) => 0.0,
        (_, Init::Uniform) => uniform(stream, 1.0 / fan_in.sqrt()),
        (Role::Bias, _) => 0.0,
        (Role::Weight, Init::Glorot) => uniform(stream, (6.0 / (fan_in + fan_out)).sqrt()),
        (Role::Weight, Init::He) => (2.0 / fan_in).sqrt() * stream.normal(),
        (Role::Weight, Init::Normal(deviation)) => deviation * stream.normal(),
    };
    let position = 2 * parameter.layer as u32 + u32::from(parameter.role != Role::Weight);
    let mut data = Vec::new();
    for replica in 0..network.replicas as u64 {
        let mut stream = Stream::new(seed.wrapping_add(replica), Purpose::Weights, position);
        data.extend((0..parameter.shape.len()).map(|_| draw(&mut stream) as f32));
    }
    Tensor::new(Shape { replicas: network.replicas, ..parameter.shape }, data)
}
