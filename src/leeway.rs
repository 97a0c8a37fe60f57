//! Deviations from the reference that WGSL permits.
//!
//! An implementation may treat denormal numbers as 0, and may assume that there are no NaNs and infinities
//! ("Differences from IEEE-754"). Then a correct shader may differ from the reference where that depends on
//! such inputs. [`Leeway`] says where, and [`compare_with_leeway`] distinguishes such a result from an exact
//! one and from a wrong one. All other elements must meet the usual tolerance.

use crate::compare::{self, Verdict};
use crate::tensor::{Real, Value};
use std::fmt;

/// A way in which WGSL permits a result to differ from the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permitted {
    /// Denormal inputs were treated as 0.
    DenormalsFlushed,
    /// The result differs where the reference depends on a NaN or an infinity in the inputs.
    NotKept,
}

/// For display, after "permitted by WGSL: ".
impl fmt::Display for Permitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DenormalsFlushed => "denormals flushed",
            Self::NotKept => "a NaN or an infinity not kept",
        })
    }
}

/// What WGSL permits in one tensor, besides the reference.
#[derive(Clone, Debug, Default)]
pub struct Leeway {
    /// The reference on the same inputs with their denormals set to 0; none if they have none.
    pub flushed: Option<Value<f64>>,
    /// For each element, whether the reference depends on an input that is not finite; empty if all are finite.
    pub resting: Vec<bool>,
    /// How many inputs are not finite.
    pub not_finite: usize,
}

/// As [`compare::compare_at_cost`], allowing what WGSL permits; returns which permissions were needed.
#[must_use]
pub fn compare_with_leeway<T: Real>(
    found: &Value<T>,
    reference: &Value<f64>,
    leeway: &Leeway,
    cost: f64,
    factor: f64,
) -> (Verdict, Vec<Permitted>) {
    let tolerance = compare::tolerance(reference, cost, factor);
    let strict = compare::compare_within(found, reference, tolerance);
    if strict.passes() || matches!(strict, Verdict::WrongShape { .. }) {
        return (strict, Vec::new());
    }
    let alternatives = alternatives(reference, leeway);
    for (expected, permitted) in alternatives.clone() {
        let verdict = compare::compare_within(found, expected, tolerance);
        if verdict.passes() {
            return (verdict, permitted);
        }
    }
    if !leeway.resting.contains(&true) {
        return (strict, Vec::new());
    }
    let free = |expected| compare::compare_within(found, &leeway.freed(found, expected), tolerance);
    for (expected, mut permitted) in alternatives {
        let verdict = free(expected);
        if verdict.passes() {
            permitted.push(Permitted::NotKept);
            return (verdict, permitted);
        }
    }
    (free(reference), Vec::new())
}

/// The results that are allowed if all inputs are finite, each with the permissions that it needs.
fn alternatives<'a>(
    reference: &'a Value<f64>,
    leeway: &'a Leeway,
) -> impl Iterator<Item = (&'a Value<f64>, Vec<Permitted>)> + Clone {
    let flushed = leeway.flushed.iter();
    let flushed = flushed.map(|flushed| (flushed, vec![Permitted::DenormalsFlushed]));
    std::iter::once((reference, Vec::new())).chain(flushed)
}

impl Leeway {
    /// Where f32 is too small for the result: there the twin's own result in f32 is not finite, although the
    /// reference is.
    #[must_use]
    pub fn of_overflow(twin: &Value<f32>, reference: &Value<f64>) -> Self {
        if twin.shape() != reference.shape() {
            return Self::default();
        }
        let overflows = |at| !twin.widened(at).is_finite() && reference.widened(at).is_finite();
        let resting: Vec<bool> = (0..reference.shape().len()).map(overflows).collect();
        if resting.contains(&true) { Self { resting, ..Self::default() } } else { Self::default() }
    }

    /// The reference, with uncertain elements replaced by those found.
    ///
    /// Integers are counts. Where a NaN is counted is undefined, but not where the other inputs are: each
    /// input that is not finite can move at most from one count to another.
    fn freed<T: Real>(&self, found: &Value<T>, reference: &Value<f64>) -> Value<f64> {
        match (found, reference) {
            (Value::Index(found), Value::Index(expected)) => {
                let pairs = found.data.iter().zip(&expected.data);
                let moved: usize = pairs.map(|(a, b)| a.abs_diff(*b) as usize).sum();
                let known = if moved <= 2 * self.not_finite { found } else { expected };
                Value::Index(known.clone())
            }
            (Value::Real(found), Value::Real(expected)) => {
                let mut freed = expected.clone();
                let elements = freed.data.iter_mut().zip(&found.data).zip(&self.resting);
                elements
                    .filter(|(_, rests)| **rests)
                    .for_each(|((to, from), _)| *to = from.widen());
                Value::Real(freed)
            }
            _ => reference.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::FACTOR;
    use crate::tensor::{Shape, Tensor};

    const NAN: f64 = f64::NAN;

    fn value<T: Real>(data: &[f64]) -> Value<T> {
        let data: Vec<T> = data.iter().map(|&x| T::of(x)).collect();
        Value::Real(Tensor::new(Shape::matrix(1, data.len()), data))
    }

    fn counts<T: Real>(data: &[u32]) -> Value<T> {
        Value::Index(Tensor::new(Shape::matrix(1, data.len()), data.to_vec()))
    }

    /// Whether `found` passes, and the permissions that it needs.
    fn judge(
        found: &Value<f32>,
        reference: &Value<f64>,
        leeway: &Leeway,
    ) -> (bool, Vec<Permitted>) {
        let (verdict, permitted) = compare_with_leeway(found, reference, leeway, 0.0, FACTOR);
        (verdict.passes(), permitted)
    }

    fn resting(elements: &[bool]) -> Leeway {
        Leeway { resting: elements.to_vec(), not_finite: 1, ..Leeway::default() }
    }

    #[test]
    fn what_rests_on_a_nan_may_be_anything_and_is_told() {
        let (reference, leeway) = (value(&[NAN, 2.0, 3.0]), resting(&[true, false, false]));
        assert_eq!(judge(&value(&[NAN, 2.0, 3.0]), &reference, &leeway), (true, vec![]));
        let permitted = (true, vec![Permitted::NotKept]);
        assert_eq!(judge(&value(&[7.0, 2.0, 3.0]), &reference, &leeway), permitted);
        assert_eq!(judge(&value(&[f64::INFINITY, 2.0, 3.0]), &reference, &leeway), permitted);
    }

    #[test]
    fn its_neighbours_are_held_to_the_same_tolerance() {
        let (reference, leeway) = (value(&[NAN, 2.0, 3.0]), resting(&[true, false, false]));
        assert!(!judge(&value(&[NAN, 2.1, 3.0]), &reference, &leeway).0);
        assert!(!judge(&value(&[NAN, NAN, 3.0]), &reference, &leeway).0);
        // However large the number in place of the NaN is.
        assert!(!judge(&value(&[1e30, 2.1, 3.0]), &reference, &leeway).0);
        let (verdict, _) =
            compare_with_leeway::<f32>(&value(&[1e30, 2.1, 3.0]), &reference, &leeway, 0.0, FACTOR);
        assert!(verdict.describe().contains("[0, 0, 1]: 2.1e0"), "{}", verdict.describe());
    }

    #[test]
    fn an_overflow_of_f32_is_allowed_where_its_twin_overflows_too() {
        let reference = value(&[5e50, 2.0, -1e39]);
        let leeway = Leeway::of_overflow(&value(&[f64::INFINITY, 2.0, f64::NAN]), &reference);
        let infinite = f64::INFINITY;
        assert!(judge(&value(&[infinite, 2.0, -infinite]), &reference, &leeway).0);
        assert!(!judge(&value(&[infinite, infinite, -infinite]), &reference, &leeway).0);
        assert!(!judge(&value(&[infinite, 2.1, -infinite]), &reference, &leeway).0);
        // Where the twin is finite, so must the result be.
        let none = Leeway::of_overflow(&value(&[1.0, 2.0, 3.0]), &value(&[1.0, 2.0, 3.0]));
        assert!(none.resting.is_empty());
    }

    #[test]
    fn flushed_denormals_are_told_and_nothing_between_passes() {
        let leeway = Leeway { flushed: Some(value(&[0.0, 1.0])), ..Leeway::default() };
        let reference = value(&[5.0, 2.0]);
        let permitted = (true, vec![Permitted::DenormalsFlushed]);
        assert_eq!(judge(&value(&[0.0, 1.0]), &reference, &leeway), permitted);
        assert_eq!(judge(&value(&[5.0, 2.0]), &reference, &leeway), (true, vec![]));
        assert!(!judge(&value(&[5.0, 1.0]), &reference, &leeway).0);
        assert!(!judge(&value(&[0.5, 1.0]), &reference, &leeway).0);
    }

    #[test]
    fn each_number_that_is_none_moves_one_count_at_most() {
        let (reference, leeway) = (counts(&[4, 5, 6]), resting(&[true, true, true]));
        let permitted = (true, vec![Permitted::NotKept]);
        assert_eq!(judge(&counts(&[5, 5, 6]), &reference, &leeway), permitted);
        assert_eq!(judge(&counts(&[5, 5, 5]), &reference, &leeway), permitted);
        assert!(!judge(&counts(&[7, 5, 6]), &reference, &leeway).0);
        assert!(!judge(&counts(&[4, 5, 5]), &reference, &Leeway::default()).0);
    }

    #[test]
    fn both_may_come_together_and_a_wrong_shape_never_passes() {
        let leeway = Leeway { flushed: Some(value(&[NAN, 0.0])), ..resting(&[true, false]) };
        let both = vec![Permitted::DenormalsFlushed, Permitted::NotKept];
        assert_eq!(judge(&value(&[1.0, 0.0]), &value(&[NAN, 5.0]), &leeway), (true, both));
        assert!(!judge(&value(&[1.0]), &value(&[NAN, 5.0]), &leeway).0);
    }
}
