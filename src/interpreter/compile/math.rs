//! WGSL's functions: component-wise ones, and those of vectors and matrices, composed of scalars.

use super::compiler::{Check, Compiler, Frame};
use crate::interpreter::code::{Kind, Op, Part, Register};
use crate::interpreter::functions;
use naga::{BinaryOperator, Expression, Handle, MathFunction, TypeInner};
use std::rc::Rc;

type Handles = (Handle<Expression>, [Option<Handle<Expression>>; 3]);

impl<'m> Compiler<'m> {
    pub(super) fn math(
        &mut self,
        frame: &mut Frame<'m>,
        function: MathFunction,
        (first, rest): Handles,
    ) -> Check<Vec<Register>> {
        use MathFunction as F;
        let kind = self.kind(frame, first)?;
        let mut given = vec![self.value(frame, first)?];
        for handle in rest.into_iter().flatten() {
            given.push(self.value(frame, handle)?);
        }
        let a = Rc::clone(&given[0]);
        let b = given.get(1).map_or_else(|| Rc::clone(&a), Rc::clone);
        match function {
            F::Dot => Ok(vec![self.dot(kind, &a, &b)?]),
            F::Length => Ok(vec![self.length(kind, &a)?]),
            F::Distance => {
                let between = self.each(BinaryOperator::Subtract, kind, (&a, &b))?;
                Ok(vec![self.length(kind, &between)?])
            }
            F::Normalize => {
                let length = self.length(kind, &a)?;
                self.each(BinaryOperator::Divide, kind, (&a, &[length]))
            }
            F::Cross => {
                let mut all = Vec::new();
                for (i, j) in [(1, 2), (2, 0), (0, 1)] {
                    let left = self.scalars(BinaryOperator::Multiply, kind, (a[i], b[j]))?;
                    let right = self.scalars(BinaryOperator::Multiply, kind, (a[j], b[i]))?;
                    all.push(self.scalars(BinaryOperator::Subtract, kind, (left, right))?);
                }
                Ok(all)
            }
            F::Outer => {
                let mut all = Vec::new();
                for &column in b.iter() {
                    all.extend(self.each(BinaryOperator::Multiply, kind, (&a, &[column]))?);
                }
                Ok(all)
            }
            F::FaceForward => self.face_forward(kind, (&a, &b, &given[2])),
            F::Reflect => {
                let dot = self.dot(kind, &b, &a)?;
                let twice = self.scalars(BinaryOperator::Add, kind, (dot, dot))?;
                let away = self.each(BinaryOperator::Multiply, kind, (&b, &[twice]))?;
                self.each(BinaryOperator::Subtract, kind, (&a, &away))
            }
            F::Transpose => {
                let TypeInner::Matrix { columns, rows, .. } = *self.inner(frame, first) else {
                    return Err(self.refused("transpose of something other than a matrix"));
                };
                let (columns, rows) = (columns as usize, rows as usize);
                let places =
                    (0..rows).flat_map(|row| (0..columns).map(move |col| col * rows + row));
                Ok(places.map(|at| a[at]).collect())
            }
            F::Determinant => {
                let side = (2..5).find(|side| side * side == a.len());
                let side = side
                    .ok_or_else(|| self.refused("determinant of something other than a matrix"))?;
                let rows: Vec<usize> = (0..side).collect();
                Ok(vec![self.determinant(kind, &a, (side, 0, &rows))?])
            }
            F::Modf => {
                let mut wholes = Vec::new();
                for &one in a.iter() {
                    wholes.push(self.decomposed(Part::Whole, (one, one))?);
                }
                let mut all = self.each(BinaryOperator::Subtract, kind, (&a, &wholes))?;
                all.extend(wholes);
                Ok(all)
            }
            F::Frexp => {
                let parts = [Part::Fraction, Part::Exponent];
                let pairs =
                    parts.into_iter().flat_map(|part| a.iter().map(move |&one| (part, one)));
                pairs.map(|(part, one)| self.decomposed(part, (one, one))).collect()
            }
            F::Ldexp => {
                let pairs = a.iter().zip(b.iter());
                let scale = |(&a, &b): (&Register, &Register)| {
                    let to = self.decomposed(Part::Scaled, (a, b))?;
                    self.rounded(kind, to)
                };
                pairs.map(scale).collect()
            }
            F::QuantizeToF16 => {
                let round = |&a: &Register| {
                    let to = self.fresh();
                    self.op(Op::Move { to, a })?;
                    self.rounded(Kind::Half, to)
                };
                a.iter().map(round).collect()
            }
            _ if functions::packs(function) => self.pack(function, &a),
            _ if functions::unpacks(function) > 0 => {
                let parts = 0..functions::unpacks(function);
                let one = |part| {
                    let to = self.fresh();
                    self.op(Op::Unpack { function, part, to, a: a[0] })?;
                    Ok(to)
                };
                parts.map(one).collect()
            }
            _ if kind.is_real() => self.numbers(function, kind, &given),
            _ => self.whole_numbers(function, kind, &given),
        }
    }

    /// A component-wise function; a scalar argument applies to every component.
    fn numbers(
        &mut self,
        function: MathFunction,
        kind: Kind,
        given: &[Rc<[Register]>],
    ) -> Check<Vec<Register>> {
        if !functions::is_known(function) {
            return Err(self.refused(&format!("the function {}", functions::name(function))));
        }
        let mut all = Vec::new();
        for at in 0..given[0].len() {
            let argument = |place: usize| {
                let argument = given.get(place).unwrap_or(&given[0]);
                argument[at % argument.len()]
            };
            let (to, a, b, c) = (self.fresh(), argument(0), argument(1), argument(2));
            self.op(Op::Math { function, to, a, b, c })?;
            all.push(self.rounded(kind, to)?);
        }
        Ok(all)
    }

    fn whole_numbers(
        &mut self,
        function: MathFunction,
        kind: Kind,
        given: &[Rc<[Register]>],
    ) -> Check<Vec<Register>> {
        if !functions::is_known_of_whole(function) {
            return Err(self.refused(&format!("the function {}", functions::name(function))));
        }
        let signed = kind == Kind::Signed;
        let mut all = Vec::new();
        for at in 0..given[0].len() {
            let argument = |place: usize| {
                let argument = given.get(place).unwrap_or(&given[0]);
                argument[at % argument.len()]
            };
            let to = self.fresh();
            let (a, b, c) = match given.len() {
                4 => {
                    self.op(Op::Move { to, a: argument(0) })?;
                    (argument(1), argument(2), argument(3))
                }
                _ => (argument(0), argument(1), argument(2)),
            };
            self.op(Op::Bits { function, signed, to, a, b, c })?;
            all.push(to);
        }
        Ok(all)
    }

    pub(super) fn each(
        &mut self,
        op: BinaryOperator,
        kind: Kind,
        (a, b): (&[Register], &[Register]),
    ) -> Check<Vec<Register>> {
        (0..a.len()).map(|at| self.scalars(op, kind, (a[at], b[at % b.len()]))).collect()
    }

    fn dot(&mut self, kind: Kind, a: &[Register], b: &[Register]) -> Check<Register> {
        self.sum_of_products(kind, &mut a.iter().copied().zip(b.iter().copied()))
    }

    fn length(&mut self, kind: Kind, a: &[Register]) -> Check<Register> {
        let (function, a) = match a {
            [one] => (MathFunction::Abs, *one),
            _ => (MathFunction::Sqrt, self.dot(kind, a, a)?),
        };
        let to = self.fresh();
        self.op(Op::Math { function, to, a, b: a, c: a })?;
        self.rounded(kind, to)
    }

    /// `e1`, negated unless the dot product of `e2` and `e3` is negative.
    fn face_forward(
        &mut self,
        kind: Kind,
        (e1, e2, e3): (&[Register], &[Register], &[Register]),
    ) -> Check<Vec<Register>> {
        let (dot, zero) = (self.dot(kind, e2, e3)?, self.constant(0));
        let condition = self.scalars(BinaryOperator::Less, kind, (dot, zero))?;
        let mut all = Vec::new();
        for &accept in e1 {
            let (reject, to) = (self.fresh(), self.fresh());
            self.op(Op::Negate { to: reject, a: accept })?;
            self.op(Op::Select { to, condition, accept, reject })?;
            all.push(to);
        }
        Ok(all)
    }

    /// Expanded along column `col` and the following ones, over some of the rows.
    fn determinant(
        &mut self,
        kind: Kind,
        a: &[Register],
        (side, col, rows): (usize, usize, &[usize]),
    ) -> Check<Register> {
        if let [row] = rows {
            return Ok(a[col * side + row]);
        }
        let mut sum = None;
        for (place, row) in rows.iter().enumerate() {
            let others: Vec<usize> = rows.iter().copied().filter(|other| other != row).collect();
            let minor = self.determinant(kind, a, (side, col + 1, &others))?;
            let factors = (a[col * side + row], minor);
            let term = self.scalars(BinaryOperator::Multiply, kind, factors)?;
            let sign = if place % 2 == 0 { BinaryOperator::Add } else { BinaryOperator::Subtract };
            sum = Some(match sum {
                None => term,
                Some(sum) => self.scalars(sign, kind, (sum, term))?,
            });
        }
        sum.ok_or_else(|| self.refused("determinant of something other than a matrix"))
    }

    fn decomposed(&mut self, part: Part, (a, b): (Register, Register)) -> Check<Register> {
        let to = self.fresh();
        self.op(Op::Decompose { part, to, a, b })?;
        Ok(to)
    }

    fn pack(&mut self, function: MathFunction, given: &[Register]) -> Check<Vec<Register>> {
        let (to, a) = (self.fresh(), self.whole(0));
        self.op(Op::Move { to, a })?;
        for (part, &a) in given.iter().enumerate() {
            self.op(Op::Pack { function, part: part as u8, to, a })?;
        }
        Ok(vec![to])
    }
}
