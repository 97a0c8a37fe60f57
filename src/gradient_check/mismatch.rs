//! A gradient and the slope that it should be.

/// Where a gradient is not the slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mismatch {
    /// The argument.
    pub x: f32,
    /// What `activation_gradient` gives.
    pub found: f64,
    /// The slope of `activate`: a single value, or the slopes on both sides of a kink.
    pub expected: (f64, f64),
    /// How far from it a correct gradient may be.
    pub tolerance: f64,
}

impl Mismatch {
    /// x, both values and the tolerance, as a sentence.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { x, found, expected: (low, high), tolerance } = self;
        let expected =
            if low == high { format!("{low:e}") } else { format!("{low:e} to {high:e}") };
        format!("at x = {x} it is {found:e}, expected {expected} ± {tolerance:.1e}")
    }

    /// The error as a fraction of the tolerance; infinite if it is not a number.
    pub(super) fn ratio(&self) -> f64 {
        let (low, high) = self.expected;
        if !(low + high + self.found + self.tolerance).is_finite() {
            return f64::INFINITY;
        }
        (low - self.found).max(self.found - high).max(0.0) / self.tolerance
    }
}
