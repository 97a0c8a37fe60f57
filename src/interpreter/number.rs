//! Numbers in cells. A cell has 64 bits and holds one scalar of WGSL.
//!
//! An f32 is stored in the interpreter's number type, f32 or f64. An integer is stored as the value that it
//! would have without wrapping, modulo 2⁶⁴: its low 32 bits are WGSL's value, and the high ones show whether
//! that has wrapped around. Sums, differences and products of cells preserve this. A boolean is 0 or 1.

use crate::tensor::Real;

/// A number type that WGSL's f32 is computed in: either of the twins'.
pub trait Number: Real {
    /// Its cell.
    #[inline(always)]
    fn cell(self) -> u64 {
        self.to_word()
    }
    /// The number in a cell.
    #[inline(always)]
    fn of_cell(cell: u64) -> Self {
        Self::of_word(cell)
    }
    /// From an f32.
    #[inline(always)]
    fn of_f32(x: f32) -> Self {
        Self::of(f64::from(x))
    }
    /// The nearest f32.
    #[inline(always)]
    fn to_f32(self) -> f32 {
        self.widen() as f32
    }
    /// Rounded to f16; unchanged in f64, where the shader's types do not round.
    fn to_half(self) -> Self {
        match size_of::<Self>() {
            4 => Self::of_f32(rounded_to_half(self.to_f32())),
            _ => self,
        }
    }
}

impl<T: Real> Number for T {}

/// The cell of an i32.
#[inline(always)]
pub const fn signed(value: i32) -> u64 {
    value as i64 as u64
}

/// The cell of a u32.
#[inline(always)]
pub const fn unsigned(value: u32) -> u64 {
    value as u64
}

/// Whether the integer of a cell has wrapped around, as an i32 or a u32.
pub const fn has_wrapped(cell: u64, is_signed: bool) -> bool {
    if is_signed { signed(cell as i32) != cell } else { unsigned(cell as u32) != cell }
}

/// The nearest f16, ties to even, as an f32.
fn rounded_to_half(x: f32) -> f32 {
    half_to_f32(f32_to_half(x))
}

/// The bits of the nearest f16.
pub fn f32_to_half(x: f32) -> u16 {
    let (bits, sign) = (x.to_bits() & 0x7FFF_FFFF, (x.to_bits() >> 16 & 0x8000) as u16);
    if bits >= 0x7F80_0000 {
        return sign | 0x7C00 | u16::from(bits > 0x7F80_0000) << 9;
    }
    // 65520 and more are nearer to infinity than to the largest f16.
    if bits >= 0x477F_F000 {
        return sign | 0x7C00;
    }
    // Below 2⁻¹⁴, numbers are multiples of 2⁻²⁴: adding 0.5 puts them into the last bits.
    if bits < 0x3880_0000 {
        let shifted = f32::from_bits(bits) + 0.5;
        return sign | (shifted.to_bits() - 0x3F00_0000) as u16;
    }
    let odd = bits >> 13 & 1;
    sign | ((bits + 0xFFF + odd - 0x3800_0000) >> 13) as u16
}

/// The f16 with these bits.
pub fn half_to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(half >> 10 & 0x1F), u32::from(half & 0x3FF));
    let magnitude = match exponent {
        0 => fraction as f32 * f32::powi(2.0, -24),
        31 => f32::from_bits(0x7F80_0000 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    f32::from_bits(magnitude.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_the_nearest_and_then_to_even() {
        for (x, half) in [
            (0.0, 0),
            (1.0, 0x3C00),
            (-2.0, 0xC000),
            (65504.0, 0x7BFF),
            (65519.9, 0x7BFF),
            (65520.0, 0x7C00),
            (1.0 + 1.0 / 2048.0, 0x3C00),
            (1.0 + 3.0 / 2048.0, 0x3C02),
            (f32::powi(2.0, -24), 1),
            (f32::powi(2.0, -25), 0),
            (f32::powi(2.0, -14), 0x0400),
            (f32::INFINITY, 0x7C00),
        ] {
            assert_eq!(f32_to_half(x), half, "{x}");
        }
        for half in (0..=u16::MAX).filter(|half| half & 0x7C00 != 0x7C00 || half & 0x3FF == 0) {
            assert_eq!(f32_to_half(half_to_f32(half)), half);
        }
        assert!(half_to_f32(f32_to_half(f32::NAN)).is_nan());
    }

    #[test]
    fn a_wrap_that_is_undone_is_none() {
        let below = unsigned(3).wrapping_sub(unsigned(5));
        assert!(has_wrapped(below, false) && below as u32 == u32::MAX - 1);
        assert!(!has_wrapped(below.wrapping_add(unsigned(9)), false));
        assert!(has_wrapped(unsigned(70_000).wrapping_mul(unsigned(70_000)), false));
        assert!(has_wrapped(signed(i32::MIN).wrapping_sub(signed(1)), true));
        assert!(!has_wrapped(signed(-1), true));
    }
}
