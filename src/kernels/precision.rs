//! The precision of a network's products.
//!
//! With `mixed` precision (Micikevicius et al. 2018, *Mixed Precision Training*) a product rounds its
//! operands to f16 as it loads them and adds in f32. Everything else is f32: weights, gradients and the
//! optimizer's state stay in memory as usual ("f32 master weights"), so that a step too small for f16
//! still counts.
//!
//! # What it costs, and what is close enough
//!
//! f16 has 11 significant bits where f32 has 24: rounding an operand costs up to 2⁻¹¹ of it, 2¹³ times
//! as much as in f32. Products of two such operands are exact in f32, so an element of the result is
//! off by at most 2⁻¹⁰ times the sum of its products' magnitudes, and summation adds next to nothing.
//!
//! Relative to the error of f32, that is not a constant factor. Errors of operands have either sign and
//! grow as √k over a sum of k products; f32 rounds each partial sum, and these grow too, so its own
//! error grows as k. On normal operands the factor is 10,800 for k = 1, 1,600 for k = 31, 330 for
//! k = 784 and 110 for k = 4096: about 2¹³ / √k. A single factor would reject correct results or accept
//! wrong ones.
//!
//! So the cost is measured, like that of f32 (see [`crate::compare`]): the f32 twin runs on operands
//! rounded to f16, its error relative to the f64 twin on the unrounded operands is the cost, and the
//! usual factor allows 8 times that. For normal operands that is about 1 % of the size of an element,
//! whatever k is.

use crate::choice::choice;
use crate::tensor::Value;
use std::borrow::Cow;

choice! {
    /// What the products of a network are computed in.
    #[derive(Default)]
    pub enum Precision as "precision" {
        /// Operands and sums in f32.
        #[default]
        F32 = "f32",
        /// Operands in f16, sums in f32, on an adapter with cooperative matrices.
        Mixed = "mixed",
    }
}

/// Bits of significand that f32 has and f16 lacks.
const LOST_BITS: u32 = 13;

impl Precision {
    /// The inputs of a product as this precision rounds them. Shaders scale by a power of two to stay in
    /// f16's range, so only significands are rounded: to nearest, ties to even.
    #[must_use]
    pub fn operands(self, inputs: &[Option<Value<f32>>]) -> Cow<'_, [Option<Value<f32>>]> {
        match self {
            Self::F32 => Cow::Borrowed(inputs),
            Self::Mixed => inputs.iter().map(|input| input.clone().map(rounded)).collect(),
        }
    }
}

fn rounded(mut value: Value<f32>) -> Value<f32> {
    if let Value::Real(tensor) = &mut value {
        tensor.data.iter_mut().for_each(|x| *x = half(*x));
    }
    value
}

/// The nearest number with as many significant bits as f16 has.
fn half(x: f32) -> f32 {
    if !x.is_finite() {
        return x;
    }
    let bits = x.to_bits();
    let even = (bits >> LOST_BITS) & 1;
    let below = (1 << LOST_BITS) - 1;
    f32::from_bits((bits + below / 2 + even) & !below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{Shape, Tensor};

    /// Worked out by hand: 1 + 2⁻¹⁰ is the number after 1 in f16, 1 + 2⁻¹¹ is halfway between them.
    #[test]
    fn operands_are_rounded_to_the_nearest_and_then_to_even() {
        let step = 2.0_f32.powi(-10);
        let exact = [
            1.0,
            1.0 + step,
            1.0 + 0.5 * step,
            1.0 + 0.501 * step,
            1.0 + 1.5 * step,
            -1.0 - 1.499 * step,
            2.0 - 0.25 * step,
            0.0,
        ];
        let nearest = [1.0, 1.0 + step, 1.0, 1.0 + step, 1.0 + 2.0 * step, -1.0 - step, 2.0, 0.0];
        let inputs = |data: [f32; 8]| {
            [None, Some(Value::Real(Tensor::new(Shape::matrix(1, 8), data.to_vec())))]
        };
        assert_eq!(*Precision::Mixed.operands(&inputs(exact)), inputs(nearest));
        assert_eq!(*Precision::F32.operands(&inputs(exact)), inputs(exact));
    }

    #[test]
    fn what_is_not_finite_stays_as_it_is() {
        assert!(half(f32::NAN).is_nan());
        assert_eq!(half(f32::NEG_INFINITY), f32::NEG_INFINITY);
    }
}
