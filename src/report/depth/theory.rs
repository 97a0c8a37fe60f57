//! What theory says of gradients over depth.

/// The factor per layer that theory gives for wide layers of equal width at their initial weights, and where it is from.
#[must_use]
pub(super) fn theory(activation: &str, norm: &str) -> Option<(f64, &'static str)> {
    let pi = std::f64::consts::PI;
    match (activation, norm) {
        ("relu", "batch") => Some(((pi / (pi - 1.0)).sqrt(), "√(π/(π−1)), Yang et al. 2019")),
        ("identity", "batch") => Some((1.0, "Yang et al. 2019")),
        // Products scale with their weights, forwards as much as backwards.
        ("relu" | "identity", "none") => {
            Some((1.0, "the weights' size cancels out, Glorot and Bengio 2010"))
        }
        _ => None,
    }
}
