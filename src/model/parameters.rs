//! The layout of the parameters.

use super::network::Network;
use super::role::Role;
use super::stage::Stage;
use crate::config::{Affine, NormKind};
use crate::error::{Error, Result};
use crate::memory::words;
use crate::program::{Program, TensorId};
use crate::tensor::Shape;
use std::collections::BTreeMap;

/// One segment of the parameters.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in weight files, e.g. `layer1.weight`.
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
    /// The parameters that each dispatch of the optimizer updates.
    pub(super) groups: Vec<Group>,
}

/// Parameters that share a buffer.
pub(super) struct Group {
    /// Its name; none if all parameters are in it.
    pub(super) name: Option<&'static str>,
    /// The parameters as one row.
    pub(super) values: TensorId,
    /// Their gradients as one row.
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
                planned.extend(stage.kind().roles.iter().map(|&role| (layer, role, shape)));
            }
        }
        // Replicas of a segment are not contiguous, so two segments of a buffer overlap as ranges, and WebGPU
        // lets no dispatch write two overlapping ranges. A norm's backward pass writes the gradients of both
        // gamma and beta.
        let apart = |role| network.replicas > 1 && role == Role::Beta;
        let mut groups = Vec::new();
        let mut placed = BTreeMap::new();
        for (name, is_beta) in [(None, false), (Some("betas"), true)] {
            let mine = || planned.iter().filter(|one| apart(one.1) == is_beta);
            if mine().next().is_none() {
                continue;
            }
            let segments = |prefix: &str| -> Vec<(String, Shape)> {
                mine()
                    .map(|&(layer, role, shape)| (self::name(prefix, layer, role), shape))
                    .collect()
            };
            let mut add =
                |whole: &str, prefix| program.segments(whole, network.replicas, &segments(prefix));
            let (values, value_ids) = add(name.unwrap_or("parameters"), "");
            let gradient_name = name.map_or("gradients".to_owned(), |name| format!("d_{name}"));
            let (gradients, gradient_ids) = add(&gradient_name, "d_");
            groups.push(Group { name, values, gradients });
            let keys = mine().map(|&(layer, role, _)| (layer, role.name()));
            placed.extend(keys.zip(value_ids.into_iter().zip(gradient_ids)));
        }
        let parameter = |(layer, role, shape): (usize, Role, Shape)| {
            let (value, gradient) = placed[&(layer, role.name())];
            Parameter { name: name("", layer, role), layer, role, shape, value, gradient }
        };
        Self { parameters: planned.into_iter().map(parameter).collect(), groups }
    }

    /// The bytes of a network's largest buffer of parameters.
    pub(super) fn largest_bytes(network: &Network) -> usize {
        let mut program = Program::default();
        let groups = Self::new(network, &mut program).groups;
        let bytes = groups.iter().map(|group| 4 * program.spec(group.values).shape.len());
        bytes.max().unwrap_or_default()
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

    /// The parameters of a stage, by their names in its contract.
    pub(super) fn values(
        &self,
        layer: usize,
        stage: Stage,
    ) -> impl Iterator<Item = (&'static str, TensorId)> {
        let value = move |&role: &Role| (role.name(), self.find(layer, role).value);
        stage.kind().roles.iter().map(value)
    }

    /// The gradients of a stage's parameters, by their names in its contract.
    pub(super) fn gradients(
        &self,
        layer: usize,
        stage: Stage,
    ) -> impl Iterator<Item = (&'static str, TensorId)> {
        let gradient = move |&role: &Role| (role.gradient_name(), self.find(layer, role).gradient);
        stage.kind().roles.iter().map(gradient)
    }
}

impl Network {
    /// Checks that `who`, whose largest binding has `largest` bytes, can hold the parameters: all layers' are in one
    /// buffer.
    ///
    /// # Errors
    /// [`Error::Config`] with the width at which they fit.
    pub fn check_parameters(&self, largest: usize, who: &str) -> Result<()> {
        let bytes = Layout::largest_bytes(self);
        if bytes <= largest {
            return Ok(());
        }
        let (replicas, depth) = (self.replicas, self.hidden.len());
        let each = if replicas == 1 { String::new() } else { format!(" of {replicas} replicas") };
        let less = match self.widest(largest) {
            0 => "use fewer layers or fewer replicas".to_owned(),
            width => {
                let hidden = vec![width.to_string(); depth];
                format!(
                    "{depth} hidden layers of equal width fit with up to {width} units (--hidden {})",
                    hidden.join(",")
                )
            }
        };
        Err(Error::Config(format!(
            "the parameters{each} of {} take {}, and {who} binds at most {} at once; {less}",
            self.name(),
            words(bytes as u64),
            words(largest as u64)
        )))
    }

    /// The most units that all hidden layers can have for the parameters to fit into `largest` bytes; 0 if none.
    fn widest(&self, largest: usize) -> usize {
        let fits = |width: usize| {
            let hidden = vec![width; self.hidden.len()];
            Layout::largest_bytes(&Self { hidden, ..self.clone() }) <= largest
        };
        let most = self.hidden.iter().copied().max().unwrap_or_default();
        let widths: Vec<usize> = (1..=most).collect();
        let widest = widths.partition_point(|&width| fits(width));
        match self.norm.kind {
            NormKind::Group(groups) => widest - widest % groups,
            _ => widest,
        }
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
