//! The fusion rules.

use crate::error::Result;
use crate::kernels::activation::Activation;
use crate::kernels::kernel::Kernel;
use crate::kernels::{
    bias_backward, bias_forward, bias_softmax_cross_entropy, matmul_backward, matmul_bias_forward,
    matmul_nn, matmul_nt, matmul_tn, softmax_cross_entropy,
};
use crate::program::{Dispatch, Program, TensorId};

/// An operand of one of a rule's parts: the part's number and the operand's name.
pub type Place = (usize, &'static str);

/// Consecutive kernels, and the kernel that replaces them.
#[derive(Debug)]
pub struct Rule {
    /// Its name, for display.
    pub name: &'static str,
    /// The kernels, in the order of their dispatches. The fused kernel has the same variants as the first.
    pub parts: &'static [&'static Kernel],
    /// Pairs of operands that must be the same tensor for the rule to apply.
    pub wires: &'static [(Place, Place)],
    /// The kernel that replaces them.
    pub kernel: &'static Kernel,
    /// Where its operands come from, in its contract's order. Operands that the parts write but that are
    /// not listed here are no longer written.
    pub operands: &'static [Place],
    /// The part whose activation the fused kernel has; the others' activations must be the identity.
    pub activated: Option<usize>,
    /// The rule applies up to this many multiplications in the first part; none means no limit.
    pub most: Option<usize>,
}

/// Multiplications above which a product takes much longer than a dispatch takes to start, so that
/// saving a dispatch gains nothing: 60 x 784 x 100 are 4.7 million. On software Vulkan both
/// gradients of 128 x 1024 x 1024 take 1.6 times as long in one dispatch as in two.
const MANY: usize = 1 << 23;

/// All rules, in the order in which they are applied.
pub static ALL: [Rule; 3] = [
    Rule {
        name: "output",
        parts: &[&bias_forward::KERNEL, &softmax_cross_entropy::KERNEL, &bias_backward::KERNEL],
        wires: &[((0, "y"), (1, "logits")), ((1, "d_logits"), (2, "d_y")), ((0, "z"), (2, "z"))],
        kernel: &bias_softmax_cross_entropy::KERNEL,
        operands: &[
            (0, "x"),
            (0, "bias"),
            (1, "targets"),
            (2, "d_x"),
            (2, "d_bias"),
            (1, "losses"),
            (1, "correct"),
            (1, "step"),
        ],
        activated: None,
        most: None,
    },
    Rule {
        name: "layer",
        parts: &[&matmul_nn::KERNEL, &bias_forward::KERNEL],
        wires: &[((0, "c"), (1, "x"))],
        kernel: &matmul_bias_forward::KERNEL,
        operands: &[(0, "a"), (0, "b"), (1, "bias"), (1, "z"), (1, "y")],
        activated: Some(1),
        most: None,
    },
    Rule {
        name: "gradients",
        parts: &[&matmul_tn::KERNEL, &matmul_nt::KERNEL],
        wires: &[((0, "b"), (1, "a"))],
        kernel: &matmul_backward::KERNEL,
        operands: &[(0, "a"), (0, "b"), (1, "b"), (0, "c"), (1, "c")],
        activated: None,
        most: Some(MANY),
    },
];

impl Rule {
    /// Whether the rule applies to these dispatches, of which there are as many as parts.
    pub(super) fn fits(&self, parts: &[&Dispatch]) -> bool {
        let kernels = parts.iter().zip(self.parts);
        let mut numbered = parts.iter().enumerate();
        let multiplications = parts[0].kernel.contract.multiplications(&parts[0].sizes);
        kernels.clone().all(|(dispatch, kernel)| dispatch.kernel.name() == kernel.name())
            && self.most.is_none_or(|most| multiplications <= most)
            && self.wires.iter().all(|&(from, to)| tensor(parts, from) == tensor(parts, to))
            && numbered.all(|(number, dispatch)| {
                self.activated == Some(number) || dispatch.activation == Activation::Identity
            })
    }

    /// The tensors that the parts write and the fused kernel does not.
    pub(super) fn dropped(&self, parts: &[&Dispatch]) -> Vec<TensorId> {
        let kept: Vec<_> = self.operands.iter().map(|&place| tensor(parts, place)).collect();
        let mut dropped = Vec::new();
        for dispatch in parts {
            let operands = dispatch.kernel.contract.operands.iter().zip(&dispatch.tensors);
            let written = operands.filter(|(operand, _)| operand.access.writes());
            dropped.extend(written.map(|(_, &id)| id).filter(|id| !kept.contains(&Some(*id))));
        }
        dropped
    }

    /// The dispatch that replaces the parts.
    pub(super) fn fused(&self, program: &Program, parts: &[&Dispatch]) -> Result<Dispatch> {
        let place = parts[0].label.rsplit_once('.').map_or("", |(place, _)| place);
        let label = format!("{place}.{}", self.kernel.name());
        let activation = self.activated.map_or(Activation::Identity, |at| parts[at].activation);
        let names = self.kernel.contract.operands.iter().map(|operand| operand.name);
        let ids = self.operands.iter().filter_map(|&place| tensor(parts, place));
        let tensors: Vec<_> = names.zip(ids).collect();
        program.dispatch(label, self.kernel, activation, &tensors, &[])
    }
}

/// The tensor of an operand.
fn tensor(parts: &[&Dispatch], (number, name): Place) -> Option<TensorId> {
    let dispatch = parts.get(number)?;
    let at = dispatch.kernel.contract.operands.iter().position(|operand| operand.name == name)?;
    Some(dispatch.tensors[at])
}
