//! Runs one invocation until it ends or waits.

use super::code::{Conversion, Op};
use super::finding::Fault;
use super::functions;
use super::number::{Number, signed, unsigned};
use super::world::{Computed, Step, World, changed};

/// Why an invocation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It has ended.
    Ended,
    /// It waits at a barrier.
    Barrier,
    /// It waits for the others of its subgroup.
    Subgroup,
    /// It has used up its operations.
    Endless,
}

/// An invocation's position in the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    /// The next operation, or the one that it waits at.
    pub(crate) at: u32,
    /// Its index in the workgroup.
    pub(crate) index: u16,
    /// Operations that it may still execute.
    pub(crate) left: u64,
}

/// Runs an invocation; `WATCH` says whether to look for faults.
pub(crate) fn run<N: Number, const WATCH: bool>(
    world: &mut World<'_, N>,
    lane: &mut Lane,
    registers: &mut [u64],
) -> Stop {
    let code = world.code;
    let (mut at, mut left, index) = (lane.at as usize, lane.left, lane.index);
    macro_rules! get {
        ($register:expr) => {
            registers[$register as usize]
        };
    }
    macro_rules! real {
        ($register:expr) => {
            N::of_cell(registers[$register as usize])
        };
    }
    macro_rules! set {
        ($to:expr, $value:expr) => {
            registers[$to as usize] = $value
        };
    }
    macro_rules! number {
        ($to:expr, $a:expr, $b:expr, $sign:literal, $operator:tt) => {{
            let (a, b) = (real!($a), real!($b));
            let result = a $operator b;
            if WATCH && !result.is_finite() {
                let step = || Computed { what: Step::Operator($sign), given: [a, b, b], result };
                world.not_finite(step, code.offsets[at], index);
            }
            set!($to, result.cell());
        }};
    }
    macro_rules! compare {
        ($to:expr, $a:expr, $b:expr, $of:expr, $operator:tt) => {{
            let of = $of;
            set!($to, u64::from(of(get!($a)) $operator of(get!($b))));
        }};
    }
    macro_rules! whole {
        ($to:expr, $a:expr, $b:expr, $function:ident) => {
            set!($to, get!($a).$function(get!($b)))
        };
    }
    macro_rules! divide {
        ($to:expr, $a:expr, $b:expr, $sign:literal, $of:ty, $cell:ident, $function:ident, $otherwise:expr) => {{
            let (a, b) = (get!($a) as $of, get!($b) as $of);
            if b == 0 {
                if WATCH {
                    let fault = Fault::DivisionByZero(format!("{a} {} 0", $sign));
                    let who = world.who(index);
                    world.findings.note(fault, code.offsets[at], who, None);
                }
                set!($to, $cell($otherwise(a)));
            } else {
                set!($to, $cell(a.$function(b)));
            }
        }};
    }
    macro_rules! shift {
        ($by:expr) => {{
            let by = get!($by) as u32;
            if WATCH && by >= 32 {
                let who = world.who(index);
                world.findings.note(Fault::Shift(by), code.offsets[at], who, None);
            }
            by & 31
        }};
    }
    let stop = loop {
        if left == 0 {
            break Stop::Endless;
        }
        left -= 1;
        match code.ops[at] {
            Op::Move { to, a } => set!(to, get!(a)),
            Op::MoveMany { to, a, count } => {
                registers.copy_within(a as usize..(a + count) as usize, to as usize);
            }
            Op::Select { to, condition, accept, reject } => {
                let chosen = if get!(condition) != 0 { accept } else { reject };
                set!(to, get!(chosen));
            }
            Op::Add { to, a, b } => number!(to, a, b, "+", +),
            Op::Subtract { to, a, b } => number!(to, a, b, "-", -),
            Op::Multiply { to, a, b } => number!(to, a, b, "*", *),
            Op::Divide { to, a, b } => number!(to, a, b, "/", /),
            Op::Remainder { to, a, b } => number!(to, a, b, "%", %),
            Op::Negate { to, a } => set!(to, (-real!(a)).cell()),
            Op::Equal { to, a, b } => compare!(to, a, b, N::of_cell, ==),
            Op::NotEqual { to, a, b } => compare!(to, a, b, N::of_cell, !=),
            Op::Less { to, a, b } => compare!(to, a, b, N::of_cell, <),
            Op::LessEqual { to, a, b } => compare!(to, a, b, N::of_cell, <=),
            Op::Math { function, to, a, b, c } => {
                let given = [real!(a), real!(b), real!(c)];
                let [x, y, z] = given;
                let result = functions::real(function, x, y, z).unwrap_or_else(N::nan);
                if WATCH {
                    let step = || Computed { what: Step::Function(function), given, result };
                    if !result.is_finite() {
                        world.not_finite(step, code.offsets[at], index);
                    } else if let Some(why) = functions::left_open(function, x, y, z) {
                        let fault = Fault::LeftOpen(step().to_string(), why);
                        let who = world.who(index);
                        world.findings.note(fault, code.offsets[at], who, None);
                    }
                }
                set!(to, result.cell());
            }
            Op::Decompose { part, to, a, b } => {
                set!(to, functions::decomposed::<N>(part, get!(a), get!(b)));
            }
            Op::Round { to } => set!(to, real!(to).to_half().cell()),
            Op::AddWhole { to, a, b } => whole!(to, a, b, wrapping_add),
            Op::SubtractWhole { to, a, b } => whole!(to, a, b, wrapping_sub),
            Op::MultiplyWhole { to, a, b } => whole!(to, a, b, wrapping_mul),
            Op::NegateWhole { to, a } => set!(to, get!(a).wrapping_neg()),
            Op::And { to, a, b } => set!(to, get!(a) & get!(b)),
            Op::Or { to, a, b } => set!(to, get!(a) | get!(b)),
            Op::ExclusiveOr { to, a, b } => set!(to, get!(a) ^ get!(b)),
            Op::Not { to, a } => set!(to, unsigned(!(get!(a) as u32))),
            Op::EqualWhole { to, a, b } => compare!(to, a, b, |cell| cell as u32, ==),
            Op::NotEqualWhole { to, a, b } => compare!(to, a, b, |cell| cell as u32, !=),
            Op::LessUnsigned { to, a, b } => compare!(to, a, b, |cell| cell as u32, <),
            Op::LessEqualUnsigned { to, a, b } => compare!(to, a, b, |cell| cell as u32, <=),
            Op::LessSigned { to, a, b } => compare!(to, a, b, |cell| cell as i32, <),
            Op::LessEqualSigned { to, a, b } => compare!(to, a, b, |cell| cell as i32, <=),
            Op::DivideUnsigned { to, a, b } => {
                divide!(to, a, b, "/", u32, unsigned, wrapping_div, |a| a);
            }
            Op::RemainderUnsigned { to, a, b } => {
                divide!(to, a, b, "%", u32, unsigned, wrapping_rem, |_| 0);
            }
            Op::DivideSigned { to, a, b } => {
                divide!(to, a, b, "/", i32, signed, wrapping_div, |a| a);
            }
            Op::RemainderSigned { to, a, b } => {
                divide!(to, a, b, "%", i32, signed, wrapping_rem, |_| 0);
            }
            Op::ShiftLeft { to, a, b, signed: is_signed } => {
                let bits = (get!(a) as u32) << shift!(b);
                set!(to, if is_signed { signed(bits as i32) } else { unsigned(bits) });
            }
            Op::ShiftRight { to, a, b, signed: is_signed } => {
                let (by, a) = (shift!(b), get!(a));
                let shifted =
                    if is_signed { signed(a as i32 >> by) } else { unsigned(a as u32 >> by) };
                set!(to, shifted);
            }
            Op::Bits { function, signed, to, a, b, c } => {
                let given = (get!(a), get!(b), get!(c));
                let result = functions::whole(function, signed, get!(to), given);
                set!(to, result.unwrap_or_default());
            }
            Op::Pack { function, part, to, a } => {
                set!(to, get!(to) | functions::pack::<N>(function, part, get!(a)).unwrap_or(0));
            }
            Op::Unpack { function, part, to, a } => {
                set!(to, functions::unpack::<N>(function, part, get!(a)));
            }
            Op::Convert { conversion, to, a } => set!(to, converted::<N>(conversion, get!(a))),
            Op::Index { to, base, index: by, place } => {
                let address = world.index::<WATCH>((get!(base), get!(by)), place, index);
                set!(to, address);
            }
            Op::LoadRegister { to, start, address } => {
                let address = get!(address);
                let cell = match usize::try_from(address) {
                    Ok(address) if address < registers.len() => get!(start as usize + address),
                    _ => {
                        world.nowhere(address, (false, code.offsets[at]), index);
                        0
                    }
                };
                set!(to, cell);
            }
            Op::StoreRegister { start, address, a } => {
                let (address, value) = (get!(address), get!(a));
                match usize::try_from(address) {
                    Ok(address) if address < registers.len() => {
                        set!(start as usize + address, value);
                    }
                    _ => world.nowhere(address, (true, code.offsets[at]), index),
                }
            }
            Op::Load { to, address, access } => {
                let cell = world.load::<WATCH>(get!(address), access, index);
                set!(to, cell);
            }
            Op::Store { address, a, access } => {
                world.store::<WATCH>((get!(address), access), get!(a), index);
            }
            Op::AtomicLoad { to, address, access } => {
                let cell = world.atomic::<WATCH>((get!(address), access), |_| None, index);
                set!(to, cell);
            }
            Op::AtomicStore { address, a, access } => {
                let value = get!(a);
                world.atomic::<WATCH>((get!(address), access), |_| Some(value), index);
            }
            Op::Atomic { function, to, address, a, access } => {
                let given = (get!(to), get!(a));
                let change = |before| changed(function, given, before);
                let before = world.atomic::<WATCH>((get!(address), access), change, index);
                set!(to, before);
            }
            Op::Length { to, memory } => set!(to, unsigned(world.lengths[memory as usize])),
            Op::Jump { target } => {
                at = target as usize;
                continue;
            }
            Op::JumpIf { condition, target } => {
                if get!(condition) != 0 {
                    at = target as usize;
                    continue;
                }
            }
            Op::JumpUnless { condition, target } => {
                if get!(condition) == 0 {
                    at = target as usize;
                    continue;
                }
            }
            Op::Barrier { .. } => break Stop::Barrier,
            Op::Subgroup { .. } => break Stop::Subgroup,
            Op::End => break Stop::Ended,
        }
        at += 1;
    };
    world.executed += lane.left - left;
    (lane.at, lane.left) = (at as u32, left);
    stop
}

/// The largest f32 values that fit in an i32 and a u32.
const LARGEST_SIGNED: f64 = 2_147_483_520.0;
const LARGEST_UNSIGNED: f64 = 4_294_967_040.0;

fn converted<N: Number>(conversion: Conversion, cell: u64) -> u64 {
    use Conversion as C;
    let up_to = |largest: f64| match N::of_cell(cell).widen() {
        x if x > largest => largest,
        x => x,
    };
    match conversion {
        // Towards zero, clamped to values that both types have.
        C::RealToSigned => signed(up_to(LARGEST_SIGNED) as i32),
        C::RealToUnsigned => unsigned(up_to(LARGEST_UNSIGNED) as u32),
        C::RealToBool => u64::from(N::of_cell(cell) != N::zero()),
        C::SignedToReal => N::of(f64::from(cell as i32)).cell(),
        C::UnsignedToReal => N::of(f64::from(cell as u32)).cell(),
        C::WholeToBool => u64::from(cell as u32 != 0),
        C::ToSigned => signed(cell as i32),
        // Unchanged: after an addition it may be non-negative again.
        C::ToUnsigned => cell,
        C::BitsOfReal => unsigned(N::of_cell(cell).to_f32().to_bits()),
        C::SignedBitsOfReal => signed(N::of_cell(cell).to_f32().to_bits() as i32),
        C::RealOfBits => N::of_f32(f32::from_bits(cell as u32)).cell(),
    }
}
