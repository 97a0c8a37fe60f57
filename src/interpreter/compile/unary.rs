//! Operators and conversions of one scalar.

use super::compiler::{Check, Compiler};
use crate::interpreter::code::{Conversion, Kind, Op, Register};
use naga::{ScalarKind, UnaryOperator};

impl Compiler<'_> {
    pub(super) fn unary(&mut self, op: UnaryOperator, kind: Kind, a: Register) -> Check<Register> {
        let to = self.fresh();
        let op = match (op, kind) {
            (UnaryOperator::Negate, kind) if kind.is_real() => Op::Negate { to, a },
            (UnaryOperator::Negate, _) => Op::NegateWhole { to, a },
            (UnaryOperator::LogicalNot, _) => {
                let b = self.constant(0);
                Op::EqualWhole { to, a, b }
            }
            (UnaryOperator::BitwiseNot, Kind::Signed) => {
                let b = self.constant(u64::MAX);
                Op::ExclusiveOr { to, a, b }
            }
            (UnaryOperator::BitwiseNot, _) => Op::Not { to, a },
        };
        self.op(op)?;
        Ok(to)
    }

    pub(super) fn convert(
        &mut self,
        (from, kind, width): (Kind, ScalarKind, Option<u8>),
        a: Register,
    ) -> Check<Register> {
        use Conversion as C;
        let bits = width.is_none();
        let conversion = match (from, kind) {
            (Kind::Half, _) if bits => return Err(self.refused("the bits of f16")),
            (Kind::Real | Kind::Half, ScalarKind::Float) if width == Some(2) => {
                let to = self.fresh();
                self.op(Op::Move { to, a })?;
                return self.rounded(Kind::Half, to);
            }
            (_, ScalarKind::Float) if width == Some(8) => {
                return Err(self.refused("64-bit numbers"));
            }
            (Kind::Real | Kind::Half, ScalarKind::Float) => return Ok(a),
            (Kind::Real, ScalarKind::Sint) if bits => C::SignedBitsOfReal,
            (Kind::Real, ScalarKind::Uint) if bits => C::BitsOfReal,
            (Kind::Signed | Kind::Unsigned, ScalarKind::Float) if bits => C::RealOfBits,
            (Kind::Real | Kind::Half, ScalarKind::Sint) => C::RealToSigned,
            (Kind::Real | Kind::Half, ScalarKind::Uint) => C::RealToUnsigned,
            (Kind::Real | Kind::Half, ScalarKind::Bool) => C::RealToBool,
            (Kind::Signed, ScalarKind::Float) => C::SignedToReal,
            (Kind::Unsigned | Kind::Bool, ScalarKind::Float) => C::UnsignedToReal,
            (Kind::Unsigned, ScalarKind::Sint) => C::ToSigned,
            (Kind::Signed, ScalarKind::Uint) => C::ToUnsigned,
            (Kind::Signed | Kind::Unsigned, ScalarKind::Bool) => C::WholeToBool,
            (Kind::Signed, ScalarKind::Sint) | (Kind::Unsigned, ScalarKind::Uint) => return Ok(a),
            (Kind::Bool, ScalarKind::Bool | ScalarKind::Sint | ScalarKind::Uint) => return Ok(a),
            _ => return Err(self.refused("an unsupported conversion")),
        };
        if width == Some(8) {
            return Err(self.refused("64-bit numbers"));
        }
        let to = self.fresh();
        self.op(Op::Convert { conversion, to, a })?;
        let half = kind == ScalarKind::Float && width == Some(2);
        self.rounded(if half { Kind::Half } else { Kind::Real }, to)
    }
}
