//! The layout of the parameters and their initial values.

use super::{Model, Network, Parameter, Role, Stage};
use crate::config::{Affine, Init};
use crate::program::{Program, TensorId};
use crate::rng::{Purpose, Stream};
use crate::tensor::{Shape, Tensor};

/// Parameters and gradients in their buffers.
pub(super) struct Layout {
    pub(super) parameters: Vec<Parameter>,
    /// All parameters as one row.
    pub(super) values: TensorId,
    /// All gradients as one row.
    pub(super) gradients: TensorId,
}

impl Layout {
    /// Lays out the parameters of a network in its program.
    pub(super) fn new(network: &Network, program: &mut Program) -> Self {
        let widths = network.widths();
        let mut planned = Vec::new();
        for (layer, &fan_out) in widths.iter().enumerate() {
            let fan_in = if layer == 0 { network.features } else { widths[layer - 1] };
            planned.push((layer, Role::Weight, Shape::matrix(fan_in, fan_out)));
            for stage in network.stages(layer) {
                let shape = stage_shape(network, stage, fan_out);
                planned.extend(stage.roles().iter().map(|&role| (layer, role, shape)));
            }
        }
        let named = |prefix: &str| -> Vec<(String, Shape)> {
            let name = |&(layer, role, _): &(usize, Role, Shape)| name(prefix, layer, role);
            planned.iter().map(|one| (name(one), one.2)).collect()
        };
        let (values, value_ids) = program.segments("parameters", network.replicas, &named(""));
        let (gradients, gradient_ids) =
            program.segments("gradients", network.replicas, &named("d_"));
        let parameters = planned
            .iter()
            .zip(value_ids.into_iter().zip(gradient_ids))
            .map(|(&(layer, role, shape), (value, gradient))| {
                let name = name("", layer, role);
                Parameter { name, layer, role, shape, value, gradient }
            })
            .collect();
        Self { parameters, values, gradients }
    }

    /// The parameter of a layer with this role.
    pub(super) fn find(&self, layer: usize, role: Role) -> &Parameter {
        let found = self.find_any(layer, role);
        found.unwrap_or_else(|| panic!("layer {} has no {role:?}", layer + 1))
    }

    /// The parameter of a layer with this role, if the layer has one.
    pub(super) fn find_any(&self, layer: usize, role: Role) -> Option<&Parameter> {
        self.parameters.iter().find(|one| one.layer == layer && one.role == role)
    }

    /// The parameters of a stage by their names in its contract.
    pub(super) fn values(
        &self,
        layer: usize,
        stage: Stage,
    ) -> impl Iterator<Item = (&'static str, TensorId)> {
        let value = move |&role: &Role| (role.name(), self.find(layer, role).value);
        stage.roles().iter().map(value)
    }

    /// The gradients of the parameters of a stage by their names in its contract.
    pub(super) fn gradients(
        &self,
        layer: usize,
        stage: Stage,
    ) -> impl Iterator<Item = (&'static str, TensorId)> {
        let gradient = move |&role: &Role| (role.gradient_name(), self.find(layer, role).gradient);
        stage.roles().iter().map(gradient)
    }
}

/// The shape of each parameter of a stage.
fn stage_shape(network: &Network, stage: Stage, units: usize) -> Shape {
    let shared = stage.norm.may_share() && network.affine == Affine::Shared;
    Shape::matrix(1, if shared { 1 } else { units })
}

fn name(prefix: &str, layer: usize, role: Role) -> String {
    format!("{prefix}layer{}.{}", layer + 1, role.name())
}

/// Initial values of a parameter, replica r with the seed `seed + r`. They depend on the seed, the
/// layer, the role and the shape only: networks that differ in norm or activation begin alike.
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
