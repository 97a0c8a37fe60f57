//! Numbers of WGSL's four scalar types, and its operators and functions on them.

use crate::tensor::Real;
use naga::{BinaryOperator, Literal, MathFunction, ScalarKind, UnaryOperator};
use std::fmt;

/// For people: as Rust writes it.
impl<T: Real> fmt::Display for Scalar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real(x) => fmt::Display::fmt(x, f),
            Self::Signed(i) => i.fmt(f),
            Self::Unsigned(u) => u.fmt(f),
            Self::Truth(truth) => truth.fmt(f),
        }
    }
}

/// A single number or truth value. `T` stands for f32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<T> {
    Real(T),
    Signed(i32),
    Unsigned(u32),
    Truth(bool),
}

impl<T: Real> Scalar<T> {
    /// Whether it is NaN.
    pub(super) fn is_nan(self) -> bool {
        matches!(self, Self::Real(x) if x.is_nan())
    }

    /// A literal: a number of f32 as it is, also where `T` is f64.
    pub(super) fn literal(literal: Literal) -> Option<Self> {
        Some(match literal {
            Literal::F32(x) => Self::Real(T::of(f64::from(x))),
            Literal::I32(i) => Self::Signed(i),
            Literal::U32(u) => Self::Unsigned(u),
            Literal::Bool(truth) => Self::Truth(truth),
            _ => return None,
        })
    }

    /// Zero of a type.
    pub(super) fn zero(kind: ScalarKind) -> Option<Self> {
        Self::Signed(0).convert(kind)
    }

    /// The value as another type: towards zero, and to the nearest that the type has.
    pub(super) fn convert(self, kind: ScalarKind) -> Option<Self> {
        let wide = match self {
            Self::Real(x) => x.widen(),
            Self::Signed(i) => f64::from(i),
            Self::Unsigned(u) => f64::from(u),
            Self::Truth(truth) => f64::from(u8::from(truth)),
        };
        Some(match (kind, self) {
            (ScalarKind::Float, Self::Real(x)) => Self::Real(x),
            (ScalarKind::Float, _) => Self::Real(T::of(wide)),
            // Whole numbers keep their bits.
            (ScalarKind::Sint, Self::Unsigned(u)) => Self::Signed(u as i32),
            (ScalarKind::Uint, Self::Signed(i)) => Self::Unsigned(i as u32),
            (ScalarKind::Sint, _) => Self::Signed(wide as i32),
            (ScalarKind::Uint, _) => Self::Unsigned(wide as u32),
            (ScalarKind::Bool, _) => Self::Truth(wide != 0.0),
            _ => return None,
        })
    }

    pub(super) fn unary(self, operator: UnaryOperator) -> Option<Self> {
        Some(match (operator, self) {
            (UnaryOperator::Negate, Self::Real(x)) => Self::Real(-x),
            (UnaryOperator::Negate, Self::Signed(i)) => Self::Signed(i.wrapping_neg()),
            (UnaryOperator::LogicalNot, Self::Truth(truth)) => Self::Truth(!truth),
            (UnaryOperator::BitwiseNot, Self::Signed(i)) => Self::Signed(!i),
            (UnaryOperator::BitwiseNot, Self::Unsigned(u)) => Self::Unsigned(!u),
            _ => return None,
        })
    }

    pub(super) fn binary(self, operator: BinaryOperator, right: Self) -> Option<Self> {
        if let Some(truth) = self.compared(operator, right) {
            return Some(Self::Truth(truth));
        }
        match (self, right) {
            (Self::Real(a), Self::Real(b)) => real(operator, a, b).map(Self::Real),
            (Self::Signed(a), Self::Signed(b)) => signed(operator, a, b).map(Self::Signed),
            (Self::Unsigned(a), Self::Unsigned(b)) => unsigned(operator, a, b).map(Self::Unsigned),
            (Self::Signed(a), Self::Unsigned(b)) => match operator {
                BinaryOperator::ShiftLeft => Some(Self::Signed(a.wrapping_shl(b))),
                BinaryOperator::ShiftRight => Some(Self::Signed(a.wrapping_shr(b))),
                _ => None,
            },
            (Self::Truth(a), Self::Truth(b)) => match operator {
                BinaryOperator::And | BinaryOperator::LogicalAnd => Some(Self::Truth(a & b)),
                BinaryOperator::InclusiveOr | BinaryOperator::LogicalOr => Some(Self::Truth(a | b)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A comparison; none where the operator is another.
    fn compared(self, operator: BinaryOperator, right: Self) -> Option<bool> {
        use std::cmp::Ordering::{Greater, Less};
        let order = match (self, right) {
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(&b),
            (Self::Signed(a), Self::Signed(b)) => Some(a.cmp(&b)),
            (Self::Unsigned(a), Self::Unsigned(b)) => Some(a.cmp(&b)),
            (Self::Truth(a), Self::Truth(b)) => Some(a.cmp(&b)),
            _ => return None,
        };
        Some(match operator {
            BinaryOperator::Equal => self == right,
            BinaryOperator::NotEqual => self != right,
            BinaryOperator::Less => order == Some(Less),
            BinaryOperator::LessEqual => order.is_some_and(|order| order != Greater),
            BinaryOperator::Greater => order == Some(Greater),
            BinaryOperator::GreaterEqual => order.is_some_and(|order| order != Less),
            _ => return None,
        })
    }
}

fn real<T: Real>(operator: BinaryOperator, a: T, b: T) -> Option<T> {
    Some(match operator {
        BinaryOperator::Add => a + b,
        BinaryOperator::Subtract => a - b,
        BinaryOperator::Multiply => a * b,
        BinaryOperator::Divide => a / b,
        BinaryOperator::Modulo => a % b,
        _ => return None,
    })
}

/// WGSL's whole numbers wrap around, and a division by 0 gives the dividend, its remainder 0.
fn signed(operator: BinaryOperator, a: i32, b: i32) -> Option<i32> {
    Some(match operator {
        BinaryOperator::Add => a.wrapping_add(b),
        BinaryOperator::Subtract => a.wrapping_sub(b),
        BinaryOperator::Multiply => a.wrapping_mul(b),
        BinaryOperator::Divide => {
            if b == 0 {
                a
            } else {
                a.wrapping_div(b)
            }
        }
        BinaryOperator::Modulo => {
            if b == 0 {
                0
            } else {
                a.wrapping_rem(b)
            }
        }
        BinaryOperator::And => a & b,
        BinaryOperator::InclusiveOr => a | b,
        BinaryOperator::ExclusiveOr => a ^ b,
        _ => return None,
    })
}

fn unsigned(operator: BinaryOperator, a: u32, b: u32) -> Option<u32> {
    Some(match operator {
        BinaryOperator::Add => a.wrapping_add(b),
        BinaryOperator::Subtract => a.wrapping_sub(b),
        BinaryOperator::Multiply => a.wrapping_mul(b),
        BinaryOperator::Divide => a.checked_div(b).unwrap_or(a),
        BinaryOperator::Modulo => a.checked_rem(b).unwrap_or(0),
        BinaryOperator::And => a & b,
        BinaryOperator::InclusiveOr => a | b,
        BinaryOperator::ExclusiveOr => a ^ b,
        BinaryOperator::ShiftLeft => a.wrapping_shl(b),
        BinaryOperator::ShiftRight => a.wrapping_shr(b),
        _ => return None,
    })
}

/// A function and its arguments, as WGSL calls it.
pub(super) fn call<T: Real>(function: MathFunction, arguments: &[Scalar<T>]) -> String {
    let name = format!("{function:?}");
    let (first, rest) = name.split_at(1);
    let arguments: Vec<_> = arguments.iter().map(Scalar::to_string).collect();
    format!("{}{rest}({})", first.to_lowercase(), arguments.join(", "))
}

/// An operator between two numbers, as WGSL writes it; none for one that cannot make NaN of numbers.
pub(super) fn operation<T: Real>(
    operator: BinaryOperator,
    left: Scalar<T>,
    right: Scalar<T>,
) -> Option<String> {
    let sign = match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        _ => return None,
    };
    Some(format!("{left} {sign} {right}"))
}

/// Whether [`math`] has this function.
pub(super) fn knows(function: MathFunction) -> bool {
    let one = Scalar::Real(1.0_f32);
    math(function, &[one, one, one]).is_some()
}

/// One of WGSL's functions, given as many arguments as it takes, or more.
pub(super) fn math<T: Real>(function: MathFunction, arguments: &[Scalar<T>]) -> Option<Scalar<T>> {
    match *arguments {
        [Scalar::Real(x), ..] => {
            let at = |place: usize| match arguments.get(place) {
                Some(Scalar::Real(x)) => *x,
                _ => T::nan(),
            };
            real_function(function, x, at(1), at(2)).map(Scalar::Real)
        }
        [Scalar::Signed(a)] if function == MathFunction::Abs => {
            Some(Scalar::Signed(a.wrapping_abs()))
        }
        [Scalar::Signed(a)] if function == MathFunction::Sign => Some(Scalar::Signed(a.signum())),
        [Scalar::Signed(a), Scalar::Signed(b)] => ordered(function, a, b, None).map(Scalar::Signed),
        [Scalar::Signed(a), Scalar::Signed(b), Scalar::Signed(c)] => {
            ordered(function, a, b, Some(c)).map(Scalar::Signed)
        }
        [Scalar::Unsigned(a)] if function == MathFunction::Abs => Some(Scalar::Unsigned(a)),
        [Scalar::Unsigned(a), Scalar::Unsigned(b)] => {
            ordered(function, a, b, None).map(Scalar::Unsigned)
        }
        [Scalar::Unsigned(a), Scalar::Unsigned(b), Scalar::Unsigned(c)] => {
            ordered(function, a, b, Some(c)).map(Scalar::Unsigned)
        }
        _ => None,
    }
}

/// min, max and clamp of whole numbers.
fn ordered<N: Ord>(function: MathFunction, a: N, b: N, c: Option<N>) -> Option<N> {
    match (function, c) {
        (MathFunction::Min, None) => Some(a.min(b)),
        (MathFunction::Max, None) => Some(a.max(b)),
        (MathFunction::Clamp, Some(c)) => Some(a.max(b).min(c)),
        _ => None,
    }
}

fn real_function<T: Real>(function: MathFunction, x: T, y: T, z: T) -> Option<T> {
    use MathFunction as F;
    let (zero, one) = (T::zero(), T::one());
    let clamp = |x: T, low: T, high: T| x.max(low).min(high);
    Some(match function {
        F::Abs => x.abs(),
        F::Min => x.min(y),
        F::Max => x.max(y),
        F::Clamp => clamp(x, y, z),
        F::Saturate => clamp(x, zero, one),
        F::Cos => x.cos(),
        F::Cosh => x.cosh(),
        F::Sin => x.sin(),
        F::Sinh => x.sinh(),
        F::Tan => x.tan(),
        F::Tanh => x.tanh(),
        F::Acos => x.acos(),
        F::Asin => x.asin(),
        F::Atan => x.atan(),
        F::Atan2 => x.atan2(y),
        F::Asinh => x.asinh(),
        F::Acosh => x.acosh(),
        F::Atanh => x.atanh(),
        F::Radians => x.to_radians(),
        F::Degrees => x.to_degrees(),
        F::Ceil => x.ceil(),
        F::Floor => x.floor(),
        F::Round => round_to_even(x),
        F::Fract => x - x.floor(),
        F::Trunc => x.trunc(),
        F::Exp => x.exp(),
        F::Exp2 => x.exp2(),
        F::Log => x.ln(),
        F::Log2 => x.log2(),
        // As exp2(y log2(x)): WGSL leaves a negative base open, whatever the exponent.
        F::Pow if x < zero || x == zero && y <= zero => T::nan(),
        F::Pow => x.powf(y),
        F::Sign if x > zero => one,
        F::Sign if x < zero => -one,
        // Zero, or no number.
        F::Sign => x,
        F::Fma => x.mul_add(y, z),
        F::Mix => x * (one - z) + y * z,
        // step(edge, x) and smoothstep(low, high, x).
        F::Step => {
            if x <= y {
                one
            } else {
                zero
            }
        }
        F::SmoothStep => {
            let t = clamp((z - x) / (y - x), zero, one);
            t * t * (T::of(3.0) - T::of(2.0) * t)
        }
        F::Sqrt => x.sqrt(),
        F::InverseSqrt => one / x.sqrt(),
        _ => return None,
    })
}

/// The nearest whole number; of two as near, the even one.
fn round_to_even<T: Real>(x: T) -> T {
    let (two, half) = (T::of(2.0), T::of(0.5));
    if (x - x.trunc()).abs() == half { two * (x / two).round() } else { x.round() }
}
