//! WGSL's functions of scalars.

use super::code::Part;
use super::number::{Number, f32_to_half, half_to_f32, signed, unsigned};
use naga::MathFunction;

/// A function's name in WGSL.
pub(crate) fn name(function: MathFunction) -> String {
    if function == MathFunction::SmoothStep {
        return "smoothstep".to_owned();
    }
    let name = format!("{function:?}");
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

/// Whether [`real`] knows a function.
pub(crate) fn is_known(function: MathFunction) -> bool {
    real(function, 1.0_f32, 1.0, 1.0).is_some()
}

/// Whether [`whole`] knows a function.
pub(crate) fn is_known_of_whole(function: MathFunction) -> bool {
    whole(function, false, 0, (0, 0, 0)).is_some()
}

/// The number of a function's arguments.
pub(crate) fn arguments(function: MathFunction) -> usize {
    use MathFunction as F;
    match function {
        F::Clamp | F::Mix | F::SmoothStep | F::Fma => 3,
        F::Min | F::Max | F::Atan2 | F::Pow | F::Step => 2,
        _ => 1,
    }
}

/// A function of floats; none if it is not one.
pub(crate) fn real<N: Number>(function: MathFunction, x: N, y: N, z: N) -> Option<N> {
    use MathFunction as F;
    let (zero, one) = (N::zero(), N::one());
    let clamp = |x: N, low: N, high: N| x.max(low).min(high);
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
        // As exp2(y log2(x)): WGSL leaves a negative base undefined, whatever the exponent.
        F::Pow if x < zero || x == zero && y <= zero => N::nan(),
        F::Pow => x.powf(y),
        F::Sign if x > zero => one,
        F::Sign if x < zero => -one,
        // Zero, or NaN.
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
            t * t * (N::of(3.0) - N::of(2.0) * t)
        }
        F::Sqrt => x.sqrt(),
        F::InverseSqrt => one / x.sqrt(),
        _ => return None,
    })
}

/// The nearest integer, ties to even.
fn round_to_even<N: Number>(x: N) -> N {
    let (two, half) = (N::of(2.0), N::of(0.5));
    if (x - x.trunc()).abs() == half { two * (x / two).round() } else { x.round() }
}

/// Why WGSL leaves a function undefined for these arguments, if it does.
pub(crate) fn left_open<N: Number>(
    function: MathFunction,
    x: N,
    y: N,
    z: N,
) -> Option<&'static str> {
    use MathFunction as F;
    let (zero, one) = (N::zero(), N::one());
    match function {
        F::Pow if x < zero || x == zero && y <= zero => Some(
            "WGSL leaves pow undefined for a base below 0, and for 0 to a power that is not positive; \
             multiply instead, e.g. x * x * x",
        ),
        F::Log | F::Log2 if x < zero => Some("there is no logarithm of a number below 0"),
        F::Sqrt | F::InverseSqrt if x < zero => Some("there is no square root of a number below 0"),
        F::Asin | F::Acos if x.abs() > one => Some("it is defined from -1 to 1"),
        F::Acosh if x < one => Some("it is defined from 1 upwards"),
        F::Atanh if x.abs() >= one => Some("it is defined between -1 and 1"),
        F::Clamp if y > z => Some("WGSL leaves clamp undefined where low is above high"),
        F::SmoothStep if x >= y => {
            Some("WGSL leaves smoothstep undefined where low is not below high")
        }
        _ => None,
    }
}

/// See [`Part`].
pub(crate) fn decomposed<N: Number>(part: Part, a: u64, b: u64) -> u64 {
    let x = N::of_cell(a);
    match part {
        Part::Whole => x.trunc().cell(),
        Part::Fraction => N::of(frexp(x.widen()).0).cell(),
        Part::Exponent => signed(frexp(x.widen()).1),
        Part::Scaled => N::of(x.widen() * f64::powi(2.0, (b as i32).clamp(-1000, 1000))).cell(),
    }
}

/// A fraction from 0.5 to 1, and the exponent of 2.
fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let biased = (x.to_bits() >> 52 & 0x7FF) as i32;
    if biased == 0 {
        let (fraction, exponent) = frexp(x * f64::powi(2.0, 64));
        return (fraction, exponent - 64);
    }
    (f64::from_bits(x.to_bits() & !(0x7FF << 52) | 1022 << 52), biased - 1022)
}

/// A function of integers; `to` is the first argument of those that have four. None if it is not such a
/// function.
pub(crate) fn whole(
    function: MathFunction,
    is_signed: bool,
    to: u64,
    (a, b, c): (u64, u64, u64),
) -> Option<u64> {
    use MathFunction as F;
    let (i, u) = (a as i32, a as u32);
    let of = |bits: u32| if is_signed { signed(bits as i32) } else { unsigned(bits) };
    let range = |offset: u64, count: u64| {
        let offset = (offset as u32).min(32);
        (offset, (count as u32).min(32 - offset))
    };
    let mask = |count: u32| if count >= 32 { u32::MAX } else { (1 << count) - 1 };
    Some(match function {
        F::Abs if is_signed => signed(i.wrapping_abs()),
        F::Abs => unsigned(u),
        F::Sign => signed(i.signum()),
        F::Min if is_signed => signed(i.min(b as i32)),
        F::Min => unsigned(u.min(b as u32)),
        F::Max if is_signed => signed(i.max(b as i32)),
        F::Max => unsigned(u.max(b as u32)),
        F::Clamp if is_signed => signed(i.max(b as i32).min(c as i32)),
        F::Clamp => unsigned(u.max(b as u32).min(c as u32)),
        F::CountTrailingZeros => of(u.trailing_zeros()),
        F::CountLeadingZeros => of(u.leading_zeros()),
        F::CountOneBits => of(u.count_ones()),
        F::ReverseBits => of(u.reverse_bits()),
        F::FirstTrailingBit if u == 0 => of(u32::MAX),
        F::FirstTrailingBit => of(u.trailing_zeros()),
        F::FirstLeadingBit => {
            let bits = if is_signed && i < 0 { !u } else { u };
            of(31_u32.wrapping_sub(bits.leading_zeros()))
        }
        F::ExtractBits => {
            let (offset, count) = range(b, c);
            if count == 0 {
                return Some(0);
            }
            let bits = u << (32 - offset - count);
            if is_signed {
                signed(bits as i32 >> (32 - count))
            } else {
                unsigned(bits >> (32 - count))
            }
        }
        F::InsertBits => {
            let (offset, count) = range(b, c);
            let place = mask(count).checked_shl(offset).unwrap_or(0);
            let bits = u.checked_shl(offset).unwrap_or(0) & place;
            of(to as u32 & !place | bits)
        }
        F::Dot4I8Packed => {
            let part = |word: u64, at: u32| i32::from((word as u32 >> (8 * at)) as u8 as i8);
            signed((0..4).map(|at| part(a, at) * part(b, at)).sum())
        }
        F::Dot4U8Packed => {
            let part = |word: u64, at: u32| u32::from((word as u32 >> (8 * at)) as u8);
            unsigned((0..4).map(|at| part(a, at) * part(b, at)).sum())
        }
        _ => return None,
    })
}

/// Whether a function packs a vector into a word.
pub(crate) fn packs(function: MathFunction) -> bool {
    pack::<f32>(function, 0, 0).is_some()
}

/// A component's part of the packed word.
pub(crate) fn pack<N: Number>(function: MathFunction, part: u8, a: u64) -> Option<u64> {
    use MathFunction as F;
    let x = || N::of_cell(a).to_f32();
    let scaled = |scale: f32, low: f32| ((0.5 + scale * x().clamp(low, 1.0)).floor()) as i32 as u32;
    let (bits, wide) = match function {
        F::Pack4x8snorm => (scaled(127.0, -1.0), 8),
        F::Pack4x8unorm => (scaled(255.0, 0.0), 8),
        F::Pack2x16snorm => (scaled(32767.0, -1.0), 16),
        F::Pack2x16unorm => (scaled(65535.0, 0.0), 16),
        F::Pack2x16float => (u32::from(f32_to_half(x())), 16),
        F::Pack4xI8 | F::Pack4xU8 => (a as u32, 8),
        F::Pack4xI8Clamp => ((a as i32).clamp(-128, 127) as u32, 8),
        F::Pack4xU8Clamp => ((a as u32).min(255), 8),
        _ => return None,
    };
    let mask = (1_u32 << wide) - 1;
    Some(unsigned((bits & mask) << (wide * u32::from(part))))
}

/// How many components a function unpacks from a word.
pub(crate) fn unpacks(function: MathFunction) -> u8 {
    use MathFunction as F;
    match function {
        F::Unpack4x8snorm | F::Unpack4x8unorm | F::Unpack4xI8 | F::Unpack4xU8 => 4,
        F::Unpack2x16snorm | F::Unpack2x16unorm | F::Unpack2x16float => 2,
        _ => 0,
    }
}

/// A component unpacked from a word.
pub(crate) fn unpack<N: Number>(function: MathFunction, part: u8, word: u64) -> u64 {
    use MathFunction as F;
    let wide = 32 / u32::from(unpacks(function).max(1));
    let bits = word as u32 >> (wide * u32::from(part));
    let (byte, half) = (bits as u8, bits as u16);
    let signed_over = |value: i32, most: f64| N::of((f64::from(value) / most).max(-1.0)).cell();
    match function {
        F::Unpack4x8snorm => signed_over(i32::from(byte as i8), 127.0),
        F::Unpack4x8unorm => N::of(f64::from(byte) / 255.0).cell(),
        F::Unpack2x16snorm => signed_over(i32::from(half as i16), 32767.0),
        F::Unpack2x16unorm => N::of(f64::from(half) / 65535.0).cell(),
        F::Unpack2x16float => N::of_f32(half_to_f32(half)).cell(),
        F::Unpack4xI8 => signed(i32::from(byte as i8)),
        _ => unsigned(u32::from(byte)),
    }
}
