//! How two results are compared, and what is close enough.
//!
//! The reference is the twin in f64 on the GPU's own f32 inputs. No tolerance is tuned by hand: the
//! error of f32 arithmetic itself is measured by running the same twin in f32. The GPU's error may be
//! at most `factor` times that, plus [`ULPS`] units in the last place of the tensor's largest
//! magnitude. All elements of a tensor have the same tolerance. (For a tensor of few elements,
//! [`crate::check`] also measures that error on nearby inputs.)

use crate::tensor::{Real, Shape, Value};

/// Multiple of the f32 twin's own error by which a result may be off, unless its kernel says otherwise.
pub const FACTOR: f64 = 8.0;

/// Units in the last place of the largest magnitude that are always allowed.
pub const ULPS: f64 = 8.0;

/// The worst element of a comparison, with both values.
#[derive(Clone, Debug, PartialEq)]
pub struct Worst {
    /// `[replica, row, col]`.
    pub index: [usize; 3],
    /// The value under test.
    pub found: f64,
    /// The f64 reference.
    pub expected: f64,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The error is `ratio` times the tolerance, at the element `worst`; it passes up to 1.
    Compared {
        /// Largest error as a fraction of the tolerance.
        ratio: f64,
        /// Where that is; none for a tensor without elements or without any error.
        worst: Option<Worst>,
    },
    /// The shapes differ: nothing else was compared.
    WrongShape {
        /// The shape under test.
        found: Shape,
        /// The reference's shape.
        expected: Shape,
    },
    /// A NaN or an infinity that the reference does not have there.
    NotFinite(Worst),
}

impl Verdict {
    /// Whether the result passes.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::Compared { ratio, .. } if *ratio <= 1.0)
    }

    /// The error as a fraction of the tolerance; infinite where there is no such fraction.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        match self {
            Self::Compared { ratio, .. } => *ratio,
            Self::WrongShape { .. } | Self::NotFinite(_) => f64::INFINITY,
        }
    }

    /// One sentence for display.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Compared { ratio, worst } => {
                let place =
                    worst.as_ref().map_or_else(String::new, |one| format!(" at {}", at(one)));
                format!("error {} of the tolerance{place}", ratio_text(*ratio))
            }
            Self::WrongShape { found, expected } => {
                format!("the shape is {found}, expected {expected}")
            }
            Self::NotFinite(worst) => format!("not finite at {}", at(worst)),
        }
    }
}

/// A ratio with three decimals, or in scientific notation if that would be long.
#[must_use]
pub fn ratio_text(ratio: f64) -> String {
    if ratio < 1e4 { format!("{ratio:.3}") } else { format!("{ratio:.1e}") }
}

fn at(worst: &Worst) -> String {
    let [replica, row, col] = worst.index;
    let (found, expected) = (short(worst.found), short(worst.expected));
    format!("[{replica}, {row}, {col}]: {found}, expected {expected}")
}

/// A number with enough digits to distinguish it from its neighbours in f32.
fn short(value: f64) -> String {
    let single = value as f32;
    if f64::from(single) == value { format!("{single:e}") } else { format!("{value:.8e}") }
}

/// Compares `found` with the f64 `reference`; `twin` is the same formula in f32 and measures the cost of
/// f32; `factor` is the allowed multiple of that cost (see [`FACTOR`]).
#[must_use]
pub fn compare<T: Real>(
    found: &Value<T>,
    twin: &Value<f32>,
    reference: &Value<f64>,
    factor: f64,
) -> Verdict {
    compare_at_cost(found, reference, cost(twin, reference), factor)
}

/// The cost of f32: the largest error of the f32 `twin` where both are finite; 0 if the shapes differ.
#[must_use]
pub fn cost(twin: &Value<f32>, reference: &Value<f64>) -> f64 {
    if twin.shape() != reference.shape() {
        return 0.0;
    }
    let positions = 0..reference.shape().len();
    let error = |at| finite_difference(twin.widened(at), reference.widened(at));
    positions.map(error).fold(0.0, f64::max)
}

/// As [`compare`], with a known cost of f32.
#[must_use]
pub fn compare_at_cost<T: Real>(
    found: &Value<T>,
    reference: &Value<f64>,
    cost: f64,
    factor: f64,
) -> Verdict {
    compare_within(found, reference, tolerance(reference, cost, factor))
}

/// As [`compare_at_cost`], with a known tolerance.
pub(crate) fn compare_within<T: Real>(
    found: &Value<T>,
    reference: &Value<f64>,
    tolerance: f64,
) -> Verdict {
    let (shape, expected) = (found.shape(), reference.shape());
    if shape != expected {
        return Verdict::WrongShape { found: shape, expected };
    }
    let positions = 0..shape.len();
    let worst_at = |position| Worst {
        index: shape.index(position),
        found: found.widened(position),
        expected: reference.widened(position),
    };
    let same = |position| agrees_where_not_finite(&worst_at(position));
    if let Some(position) = positions.clone().find(|&position| !same(position)) {
        return Verdict::NotFinite(worst_at(position));
    }
    let error = |position| finite_difference(found.widened(position), reference.widened(position));
    let worst = positions.max_by(|&a, &b| error(a).total_cmp(&error(b)));
    match worst {
        Some(position) if error(position) > 0.0 => Verdict::Compared {
            ratio: error(position) / tolerance,
            worst: Some(worst_at(position)),
        },
        _ => Verdict::Compared { ratio: 0.0, worst: None },
    }
}

/// The largest allowed error, for every element of the tensor.
pub(crate) fn tolerance(reference: &Value<f64>, cost: f64, factor: f64) -> f64 {
    if matches!(reference, Value::Index(_)) {
        return f64::MIN_POSITIVE;
    }
    let magnitudes = (0..reference.shape().len()).map(|at| reference.widened(at).abs());
    // What f32 cannot hold says nothing about its neighbours.
    let in_range = |magnitude: &f64| *magnitude <= f64::from(f32::MAX);
    let magnitude = magnitudes.filter(in_range).fold(0.0, f64::max);
    factor * cost + ULPS * unit_in_last_place(magnitude)
}

/// |a − b|, or 0 if either is not finite: such elements are judged separately.
fn finite_difference(a: f64, b: f64) -> f64 {
    let difference = (a - b).abs();
    if difference.is_finite() { difference } else { 0.0 }
}

fn agrees_where_not_finite(pair: &Worst) -> bool {
    if pair.expected.is_nan() {
        return pair.found.is_nan();
    }
    // A reference beyond f32's range is an infinity in f32.
    let expected = f64::from(pair.expected as f32);
    pair.found.is_finite() == expected.is_finite()
        && (expected.is_finite() || pair.found == expected)
}

/// The distance from `magnitude` to the next larger f32, but at least the smallest normal f32: the GPU
/// may flush smaller numbers to zero.
fn unit_in_last_place(magnitude: f64) -> f64 {
    let value = magnitude.min(f64::from(f32::MAX)) as f32;
    let exponent = i32::from((value.to_bits() >> 23) as u8) - 127;
    f64::from(exponent - 23).exp2().max(f64::from(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    fn value<T: Real>(data: &[f64]) -> Value<T> {
        let data: Vec<T> = data.iter().map(|&x| T::of(x)).collect();
        Value::Real(Tensor::new(Shape::matrix(1, data.len()), data))
    }

    fn judge(found: &[f64], reference: &[f64]) -> Verdict {
        compare::<f32>(&value(found), &value(reference), &value(reference), FACTOR)
    }

    #[test]
    fn equal_tensors_pass_with_no_error() {
        assert_eq!(judge(&[1.0, -2.0], &[1.0, -2.0]).ratio(), 0.0);
    }

    #[test]
    fn eight_units_in_the_last_place_pass_and_nine_do_not() {
        let ulp = f64::from(f32::EPSILON);
        assert!(judge(&[1.0 + 8.0 * ulp, 0.0], &[1.0, 0.0]).passes());
        assert!(!judge(&[1.0 + 9.0 * ulp, 0.0], &[1.0, 0.0]).passes());
    }

    #[test]
    fn one_wrong_element_is_found_and_named() {
        let verdict = judge(&[1.0, 2.0, 3.5], &[1.0, 2.0, 3.0]);
        assert!(!verdict.passes());
        let text = verdict.describe();
        assert!(text.contains("[0, 0, 2]: 3.5e0, expected 3e0"), "{text}");
    }

    #[test]
    fn a_nan_or_infinity_that_the_reference_lacks_fails() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!judge(&[1.0, bad], &[1.0, 2.0]).passes());
        }
        assert!(judge(&[f64::INFINITY], &[f64::INFINITY]).passes());
        assert!(!judge(&[f64::NEG_INFINITY], &[f64::INFINITY]).passes());
        assert!(!judge(&[1.0], &[f64::NAN]).passes());
    }

    #[test]
    fn a_wrong_shape_fails_before_anything_else() {
        let verdict = judge(&[1.0], &[1.0, 2.0]);
        assert!(matches!(verdict, Verdict::WrongShape { .. }) && !verdict.passes());
    }

    #[test]
    fn the_error_of_the_twin_widens_the_tolerance() {
        let (reference, twin) = (value(&[1.0]), value(&[1.001]));
        assert!(compare::<f32>(&value(&[1.007]), &twin, &reference, FACTOR).passes());
        assert!(!compare::<f32>(&value(&[1.009]), &twin, &reference, FACTOR).passes());
    }

    #[test]
    fn whole_numbers_must_be_equal() {
        let whole = |x| Value::<f32>::Index(Tensor::filled(Shape::matrix(1, 1), x));
        let reference = |x| Value::<f64>::Index(Tensor::filled(Shape::matrix(1, 1), x));
        assert!(compare(&whole(3), &whole(3), &reference(3), FACTOR).passes());
        assert!(!compare(&whole(4), &whole(3), &reference(3), FACTOR).passes());
    }
}
