//! The layout of the parameters.

use super::network::Network;
use super::role::Role;
use super::stage::Stage;
use crate::config::Affine;
use crate::program::{Program, TensorId};
use crate::tensor::Shape;

/// One segment of the parameters.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in files of weights, as `layer1.weight`.
    pub name: String,
    /// The layer, counted from 0.
    pub layer: usize,
    /// What it is for.
    pub role: Role,
    /// Its shape in one replica.
    pub shape: Shape,
    /// Its values.
    pub value: TensorId,
    /// The gradient of the loss with respect to it.
    pub gradient: TensorId,
}

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
