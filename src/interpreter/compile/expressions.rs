//! Expressions, each evaluated where it is emitted.

use super::compiler::{Check, Compiler, Frame, Operand, Pointer, Root};
use crate::interpreter::code::{Kind, Length, Op, Place, Register};
use crate::interpreter::layout::kind;
use crate::interpreter::number::unsigned;
use naga::{BinaryOperator, Expression, Handle, RelationalFunction, ScalarKind, TypeInner};
use std::rc::Rc;

impl<'m> Compiler<'m> {
    /// A compiled expression: one emitted before, or one that needs no emission.
    pub(super) fn operand(
        &mut self,
        frame: &mut Frame<'m>,
        handle: Handle<Expression>,
    ) -> Check<Operand> {
        if let Some(known) = &frame.operands[handle.index()] {
            return Ok(known.clone());
        }
        let made = match frame.function.expressions[handle] {
            Expression::Literal(literal) => {
                let constant = self.literal(literal)?;
                Operand::Value([self.hold(constant)].into())
            }
            Expression::Constant(constant) => {
                let cells = self.constant_cells(self.module.constants[constant].init)?;
                Operand::Value(self.constants(&cells).into())
            }
            Expression::ZeroValue(ty) => {
                let zero = self.constant(0);
                Operand::Value(vec![zero; self.cells(ty)? as usize].into())
            }
            Expression::FunctionArgument(place) => frame.arguments[place as usize].clone(),
            Expression::GlobalVariable(variable) => {
                Operand::Pointer(Rc::new(self.globals[&variable].clone()))
            }
            Expression::LocalVariable(local) => {
                Operand::Pointer(Rc::new(frame.locals[local.index()].clone()))
            }
            _ => return Err(self.refused("an expression that is never evaluated")),
        };
        frame.operands[handle.index()] = Some(made.clone());
        Ok(made)
    }

    pub(super) fn value(
        &mut self,
        frame: &mut Frame<'m>,
        handle: Handle<Expression>,
    ) -> Check<Rc<[Register]>> {
        match self.operand(frame, handle)? {
            Operand::Value(registers) => Ok(registers),
            Operand::Pointer(_) => Err(self.refused("a pointer as a value")),
        }
    }

    pub(super) fn pointer(
        &mut self,
        frame: &mut Frame<'m>,
        handle: Handle<Expression>,
    ) -> Check<Rc<Pointer>> {
        match self.operand(frame, handle)? {
            Operand::Pointer(pointer) => Ok(pointer),
            Operand::Value(_) => Err(self.refused("a value as a pointer")),
        }
    }

    /// The value of a constant expression, which is not emitted.
    pub(super) fn settled(
        &mut self,
        frame: &mut Frame<'m>,
        handle: Handle<Expression>,
    ) -> Check<Rc<[Register]>> {
        let function = frame.function;
        match &function.expressions[handle] {
            Expression::Compose { components, .. } => {
                for &component in components {
                    self.settled(frame, component)?;
                }
                self.emit(frame, handle)?;
            }
            Expression::Splat { value, .. } => {
                self.settled(frame, *value)?;
                self.emit(frame, handle)?;
            }
            _ => {}
        }
        self.value(frame, handle)
    }

    /// The kind of a value's scalars.
    pub(super) fn kind(&self, frame: &Frame<'m>, handle: Handle<Expression>) -> Check<Kind> {
        let inner = self.inner(frame, handle);
        let scalar = inner.scalar().and_then(kind);
        scalar.ok_or_else(|| self.refused("numbers that are not 32 bits wide"))
    }

    /// Evaluates an expression.
    pub(super) fn emit(&mut self, frame: &mut Frame<'m>, handle: Handle<Expression>) -> Check<()> {
        let function = frame.function;
        self.at(function.expressions.get_span(handle));
        let made = match function.expressions[handle] {
            Expression::Access { base, index } => match self.operand(frame, base)? {
                Operand::Pointer(pointer) => self.element(frame, &pointer, (base, index))?,
                Operand::Value(value) => {
                    let signed = self.inner(frame, index).scalar_kind() == Some(ScalarKind::Sint);
                    let index = self.value(frame, index)?[0];
                    self.pick(
                        self.part(self.inner(frame, base), 0)?.len(),
                        &value,
                        (index, signed),
                    )?
                }
            },
            Expression::AccessIndex { base, index } => match self.operand(frame, base)? {
                Operand::Pointer(pointer) => self.member(frame, &pointer, (base, index))?,
                Operand::Value(value) => {
                    let range = self.part(self.inner(frame, base), index)?;
                    Operand::Value(value[range].into())
                }
            },
            Expression::Load { pointer } => Operand::Value(self.load(frame, pointer)?),
            Expression::ArrayLength(pointer) => {
                let pointer = self.pointer(frame, pointer)?;
                let Root::Memory(memory) = pointer.root else {
                    return Err(self.refused("an array of unknown length"));
                };
                let to = self.fresh();
                self.op(Op::Length { to, memory })?;
                Operand::Value([to].into())
            }
            _ => Operand::Value(self.computed(frame, handle)?.into()),
        };
        frame.operands[handle.index()] = Some(made);
        Ok(())
    }

    /// The element of a value at an index.
    fn pick(
        &mut self,
        cells: usize,
        value: &[Register],
        (index, signed): (Register, bool),
    ) -> Check<Operand> {
        let start = self.take(value.len() as u32);
        for (at, &a) in value.iter().enumerate() {
            self.op(Op::Move { to: start + at as u32, a })?;
        }
        let length = Length::Fixed((value.len() / cells.max(1)) as u32);
        let (stride, what, offset) = (cells as u32, "a value".to_owned(), self.offset);
        self.code.places.push(Place { length, stride, signed, what, offset });
        let (address, place) = (self.fresh(), self.code.places.len() as u32 - 1);
        let base = self.constant(0);
        self.op(Op::Index { to: address, base, index, place })?;
        let to = self.take(stride);
        for at in 0..stride {
            self.op(Op::LoadRegister { to: to + at, start: start + at, address })?;
        }
        Ok(Operand::Value((to..to + stride).collect()))
    }

    /// A value computed from other values.
    fn computed(
        &mut self,
        frame: &mut Frame<'m>,
        handle: Handle<Expression>,
    ) -> Check<Vec<Register>> {
        match frame.function.expressions[handle] {
            Expression::Compose { ref components, .. } => {
                let mut all = Vec::new();
                for &component in components {
                    all.extend_from_slice(&self.value(frame, component)?);
                }
                Ok(all)
            }
            Expression::Splat { size, value } => {
                Ok(self.value(frame, value)?.repeat(size as usize))
            }
            Expression::Swizzle { size, vector, pattern } => {
                let vector = self.value(frame, vector)?;
                let chosen = pattern[..size as usize].iter();
                Ok(chosen.map(|component| vector[*component as usize]).collect())
            }
            Expression::Unary { op, expr } => {
                let (kind, value) = (self.kind(frame, expr)?, self.value(frame, expr)?);
                value.iter().map(|&a| self.unary(op, kind, a)).collect()
            }
            Expression::Binary { op, left, right } => self.operation(frame, op, (left, right)),
            Expression::Select { condition, accept, reject } => {
                let condition = self.value(frame, condition)?;
                let (accept, reject) = (self.value(frame, accept)?, self.value(frame, reject)?);
                let mut chosen = Vec::new();
                for at in 0..accept.len() {
                    let condition = condition[at % condition.len()];
                    let (to, accept, reject) = (self.fresh(), accept[at], reject[at]);
                    self.op(Op::Select { to, condition, accept, reject })?;
                    chosen.push(to);
                }
                Ok(chosen)
            }
            Expression::Relational { fun, argument } => {
                let value = self.value(frame, argument)?;
                let make: fn(u32, u32, u32) -> Op = match fun {
                    RelationalFunction::All => |to, a, b| Op::And { to, a, b },
                    RelationalFunction::Any => |to, a, b| Op::Or { to, a, b },
                    _ => return Err(self.refused("an unsupported test of numbers")),
                };
                let mut all = value[0];
                for &one in &value[1..] {
                    all = self.binary(make, all, one)?;
                }
                Ok(vec![all])
            }
            Expression::Math { fun, arg, arg1, arg2, arg3 } => {
                self.math(frame, fun, (arg, [arg1, arg2, arg3]))
            }
            Expression::As { expr, kind: to, convert } => {
                let (from, value) = (self.kind(frame, expr)?, self.value(frame, expr)?);
                value.iter().map(|&a| self.convert((from, to, convert), a)).collect()
            }
            Expression::CooperativeLoad { .. } | Expression::CooperativeMultiplyAdd { .. } => {
                Err(self.refused("cooperative matrices"))
            }
            _ => Err(self.refused("an expression of other shader stages")),
        }
    }

    pub(super) fn binary(
        &mut self,
        make: fn(Register, Register, Register) -> Op,
        a: Register,
        b: Register,
    ) -> Check<Register> {
        let to = self.fresh();
        self.op(make(to, a, b))?;
        Ok(to)
    }

    /// The same, rounded if the numbers are f16.
    pub(super) fn number(
        &mut self,
        kind: Kind,
        make: fn(Register, Register, Register) -> Op,
        a: Register,
        b: Register,
    ) -> Check<Register> {
        let to = self.binary(make, a, b)?;
        self.rounded(kind, to)
    }

    pub(super) fn rounded(&mut self, kind: Kind, to: Register) -> Check<Register> {
        if kind == Kind::Half {
            self.op(Op::Round { to })?;
        }
        Ok(to)
    }

    fn operation(
        &mut self,
        frame: &mut Frame<'m>,
        op: BinaryOperator,
        (left, right): (Handle<Expression>, Handle<Expression>),
    ) -> Check<Vec<Register>> {
        let kind = self.kind(frame, left)?;
        let (a, b) = (self.value(frame, left)?, self.value(frame, right)?);
        if op == BinaryOperator::Multiply {
            let shape = |inner: &TypeInner| match *inner {
                TypeInner::Matrix { columns, rows, .. } => (columns as usize, rows as usize),
                TypeInner::Vector { size, .. } => (0, size as usize),
                _ => (0, 0),
            };
            let shapes = (shape(self.inner(frame, left)), shape(self.inner(frame, right)));
            // Rows of a, terms of each sum, columns of b.
            match shapes {
                ((terms @ 1.., rows), (cols @ 1.., _)) => {
                    return self.product(kind, (&a, &b), (rows, terms, cols));
                }
                ((terms @ 1.., rows), (0, 1..)) => {
                    return self.product(kind, (&a, &b), (rows, terms, 1));
                }
                ((0, terms @ 1..), (cols @ 1.., _)) => {
                    return self.product(kind, (&a, &b), (1, terms, cols));
                }
                _ => {}
            }
        }
        let count = a.len().max(b.len());
        (0..count).map(|at| self.scalars(op, kind, (a[at % a.len()], b[at % b.len()]))).collect()
    }

    /// A product of matrices stored column by column.
    fn product(
        &mut self,
        kind: Kind,
        (a, b): (&[Register], &[Register]),
        (rows, terms, cols): (usize, usize, usize),
    ) -> Check<Vec<Register>> {
        let mut all = Vec::new();
        for col in 0..cols {
            for row in 0..rows {
                let mut pairs = (0..terms).map(|at| (a[at * rows + row], b[col * terms + at]));
                all.push(self.sum_of_products(kind, &mut pairs)?);
            }
        }
        Ok(all)
    }

    /// a₀b₀ + a₁b₁ + …
    pub(super) fn sum_of_products(
        &mut self,
        kind: Kind,
        pairs: &mut dyn Iterator<Item = (Register, Register)>,
    ) -> Check<Register> {
        let mut sum = None;
        for pair in pairs {
            let term = self.scalars(BinaryOperator::Multiply, kind, pair)?;
            sum = Some(match sum {
                None => term,
                Some(sum) => self.scalars(BinaryOperator::Add, kind, (sum, term))?,
            });
        }
        sum.ok_or_else(|| self.refused("an empty vector"))
    }

    /// An operator between two scalars.
    pub(super) fn scalars(
        &mut self,
        op: BinaryOperator,
        kind: Kind,
        (a, b): (Register, Register),
    ) -> Check<Register> {
        use BinaryOperator as B;
        let (real, signed) = (kind.is_real(), kind == Kind::Signed);
        let swapped = matches!(op, B::Greater | B::GreaterEqual);
        let (a, b) = if swapped { (b, a) } else { (a, b) };
        let make: fn(u32, u32, u32) -> Op = match (op, real, signed) {
            (B::Add, true, _) => |to, a, b| Op::Add { to, a, b },
            (B::Add, ..) => |to, a, b| Op::AddWhole { to, a, b },
            (B::Subtract, true, _) => |to, a, b| Op::Subtract { to, a, b },
            (B::Subtract, ..) => |to, a, b| Op::SubtractWhole { to, a, b },
            (B::Multiply, true, _) => |to, a, b| Op::Multiply { to, a, b },
            (B::Multiply, ..) => |to, a, b| Op::MultiplyWhole { to, a, b },
            (B::Divide, true, _) => |to, a, b| Op::Divide { to, a, b },
            (B::Divide, _, true) => |to, a, b| Op::DivideSigned { to, a, b },
            (B::Divide, ..) => |to, a, b| Op::DivideUnsigned { to, a, b },
            (B::Modulo, true, _) => |to, a, b| Op::Remainder { to, a, b },
            (B::Modulo, _, true) => |to, a, b| Op::RemainderSigned { to, a, b },
            (B::Modulo, ..) => |to, a, b| Op::RemainderUnsigned { to, a, b },
            (B::Equal, true, _) => |to, a, b| Op::Equal { to, a, b },
            (B::Equal, ..) => |to, a, b| Op::EqualWhole { to, a, b },
            (B::NotEqual, true, _) => |to, a, b| Op::NotEqual { to, a, b },
            (B::NotEqual, ..) => |to, a, b| Op::NotEqualWhole { to, a, b },
            (B::Less | B::Greater, true, _) => |to, a, b| Op::Less { to, a, b },
            (B::Less | B::Greater, _, true) => |to, a, b| Op::LessSigned { to, a, b },
            (B::Less | B::Greater, ..) => |to, a, b| Op::LessUnsigned { to, a, b },
            (B::LessEqual | B::GreaterEqual, true, _) => |to, a, b| Op::LessEqual { to, a, b },
            (B::LessEqual | B::GreaterEqual, _, true) => {
                |to, a, b| Op::LessEqualSigned { to, a, b }
            }
            (B::LessEqual | B::GreaterEqual, ..) => |to, a, b| Op::LessEqualUnsigned { to, a, b },
            (B::And | B::LogicalAnd, ..) => |to, a, b| Op::And { to, a, b },
            (B::InclusiveOr | B::LogicalOr, ..) => |to, a, b| Op::Or { to, a, b },
            (B::ExclusiveOr, ..) => |to, a, b| Op::ExclusiveOr { to, a, b },
            (B::ShiftLeft, _, true) => |to, a, b| Op::ShiftLeft { to, a, b, signed: true },
            (B::ShiftLeft, ..) => |to, a, b| Op::ShiftLeft { to, a, b, signed: false },
            (B::ShiftRight, _, true) => |to, a, b| Op::ShiftRight { to, a, b, signed: true },
            (B::ShiftRight, ..) => |to, a, b| Op::ShiftRight { to, a, b, signed: false },
        };
        let is_number = matches!(op, B::Add | B::Subtract | B::Multiply | B::Divide | B::Modulo);
        self.number(if is_number { kind } else { Kind::Bool }, make, a, b)
    }

    /// A cell of a small integer.
    pub(super) fn whole(&mut self, value: u32) -> Register {
        self.constant(unsigned(value))
    }
}
