//! Constants, and parts of values that need no computation.

use super::compiler::{Check, Compiler};
use crate::interpreter::code::{Constant, Register};
use crate::interpreter::number::{signed, unsigned};
use naga::{Expression, Handle, Literal, TypeInner};

impl Compiler<'_> {
    pub(super) fn literal(&self, literal: Literal) -> Check<Constant> {
        Ok(match literal {
            Literal::F32(x) => Constant::Real(x.to_bits()),
            Literal::F16(x) => Constant::Real(x.to_f32().to_bits()),
            Literal::I32(i) => Constant::Cell(signed(i)),
            Literal::U32(u) => Constant::Cell(unsigned(u)),
            Literal::Bool(truth) => Constant::Cell(u64::from(truth)),
            _ => return Err(self.refused("a number that is not 32 bits wide")),
        })
    }

    /// The cells of a constant expression outside functions.
    pub(super) fn constant_cells(&mut self, handle: Handle<Expression>) -> Check<Vec<Constant>> {
        let module = self.module;
        match module.global_expressions[handle] {
            Expression::Literal(literal) => Ok(vec![self.literal(literal)?]),
            Expression::Constant(constant) => self.constant_cells(module.constants[constant].init),
            Expression::ZeroValue(ty) => Ok(vec![Constant::Cell(0); self.cells(ty)? as usize]),
            Expression::Splat { size, value } => {
                Ok(self.constant_cells(value)?.repeat(size as usize))
            }
            Expression::Compose { ref components, .. } => {
                let mut cells = Vec::new();
                for &component in components {
                    cells.extend(self.constant_cells(component)?);
                }
                Ok(cells)
            }
            Expression::AccessIndex { base, index } => {
                let Expression::Constant(constant) = module.global_expressions[base] else {
                    return Err(self.refused("an unsupported constant expression"));
                };
                let (all, ty) = (self.constant_cells(base)?, module.constants[constant].ty);
                let range = self.part(&module.types[ty].inner, index)?;
                Ok(all[range].to_vec())
            }
            _ => Err(self.refused("an unsupported constant expression")),
        }
    }

    /// Which scalars of a value of this type make up an element or member.
    pub(super) fn part(&self, ty: &TypeInner, index: u32) -> Check<std::ops::Range<usize>> {
        let (start, count) = match *ty {
            TypeInner::Vector { .. } => (index, 1),
            TypeInner::Matrix { rows, .. } => (index * rows as u32, rows as u32),
            TypeInner::Array { base, .. } => {
                let count = self.cells(base)?;
                (index * count, count)
            }
            TypeInner::Struct { ref members, .. } => {
                let mut start = 0;
                for member in &members[..index as usize] {
                    start += self.cells(member.ty)?;
                }
                (start, self.cells(members[index as usize].ty)?)
            }
            _ => return Err(self.refused("an index into an unsupported value")),
        };
        Ok(start as usize..(start + count) as usize)
    }

    pub(super) fn constants(&mut self, cells: &[Constant]) -> Vec<Register> {
        cells.iter().map(|&one| self.hold(one)).collect()
    }
}
