//! A complete kernel: its contract, the twin that computes the same on the CPU, the shaders that ship, and
//! the cases on which these are compared with the twin.

use super::activation::Activation;
use super::cases::{Case, Fill};
use super::contract::{Contract, Sizes};
use super::twin::Arguments;
use crate::compare;
use crate::tensor::Value;

/// A shader that ships with the crate.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The file's name without `.wgsl`.
    pub variant: &'static str,
    /// Its source.
    pub text: &'static str,
}

/// A kernel.
#[derive(Debug)]
pub struct Kernel {
    /// What it binds and how it is dispatched.
    pub contract: Contract,
    /// The CPU twin in f32.
    pub twin_f32: fn(&Arguments<'_, f32>) -> Vec<Value<f32>>,
    /// The CPU twin in f64.
    pub twin_f64: fn(&Arguments<'_, f64>) -> Vec<Value<f64>>,
    /// The shapes and inputs that `check` and the tests try.
    pub cases: fn() -> Vec<Case>,
    /// The shipped variants, from the plainest to the fastest.
    pub shaders: &'static [Source],
    /// Multiple of the f32 twin's own error by which the GPU may be off (see [`crate::compare`]).
    pub tolerance_factor: f64,
}

impl Kernel {
    /// Defaults that a kernel need not repeat: no twin, no cases, no shaders, the usual tolerance.
    pub const PLAIN: Self = Self {
        contract: Contract::PLAIN,
        twin_f32: |_| Vec::new(),
        twin_f64: |_| Vec::new(),
        cases: Vec::new,
        shaders: &[],
        tolerance_factor: compare::FACTOR,
    };

    /// Its contract's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.contract.name
    }

    /// Whether a variant of this name ships with the crate.
    #[must_use]
    pub fn ships(&self, variant: &str) -> bool {
        self.shaders.iter().any(|source| source.variant == variant)
    }

    /// A case of these sizes, filled like the kernel's first case; indices stay below the size that
    /// they index.
    #[must_use]
    pub fn case(&self, sizes: &Sizes, activation: Activation) -> Case {
        let contract = &self.contract;
        let values = contract.sizes.iter().copied().zip(sizes.values().iter().copied());
        let mut case = Case::new(&values.collect::<Vec<_>>());
        case.replicas = sizes.replicas;
        case.activation = if contract.activation { activation } else { Activation::Identity };
        if let Some(first) = (self.cases)().into_iter().next() {
            case.fills = first.fills;
            case.parameters = first.parameters;
        }
        for operand in contract.read() {
            if let Some(size) = operand.below {
                case = case.fill(operand.name, Fill::Below(sizes.get(size) as u32));
            }
        }
        case
    }
}

/// The kernel's shipped shaders, from the folder `shaders/<kernel>/`.
macro_rules! sources {
    ($kernel:literal: $($variant:literal),+) => {
        &[$($crate::kernels::kernel::Source {
            variant: $variant,
            text: include_str!(concat!("../../shaders/", $kernel, "/", $variant, ".wgsl")),
        }),+]
    };
}
pub(super) use sources;
