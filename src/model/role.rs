//! What the parameters of a layer are for.

/// What the parameters of a layer are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The matrix, `[fan_in, fan_out]`.
    Weight,
    /// Added to the product.
    Bias,
    /// The norm's scale.
    Gamma,
    /// The norm's shift.
    Beta,
}

impl Role {
    /// Its name in weight files and in the contracts of stages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Bias => "bias",
            Self::Gamma => "gamma",
            Self::Beta => "beta",
        }
    }

    /// The name of its gradient in contracts.
    pub(super) const fn gradient_name(self) -> &'static str {
        match self {
            Self::Weight => "d_weight",
            Self::Bias => "d_bias",
            Self::Gamma => "d_gamma",
            Self::Beta => "d_beta",
        }
    }
}
