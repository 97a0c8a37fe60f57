//! Following a function of a module from its argument to its result.

use super::scalar::{self, Scalar};
use crate::tensor::Real;
use naga::{Block, Expression, Function, Handle, Module, Statement, SwitchValue, TypeInner};
use std::cell::RefCell;

/// Statements that one evaluation may take: a loop without an end is left after so many.
const MOST_STATEMENTS: usize = 100_000;

/// How a block ended.
enum Flow<T> {
    /// At its end.
    Next,
    /// By `break`.
    Break,
    /// By `continue`.
    Continue,
    /// By `return`.
    Return(Scalar<T>),
}

/// One call of a function. Everything is `None` that a formula which was read does not have, and what
/// comes of a loop without an end.
pub(super) struct Evaluation<'a, T> {
    module: &'a Module,
    function: &'a Function,
    arguments: Vec<Scalar<T>>,
    /// Values of expressions, by handle, once they were emitted.
    values: Vec<Option<Scalar<T>>>,
    /// Values of local variables, by handle.
    locals: Vec<Option<Scalar<T>>>,
    /// Statements that may still be taken.
    left: usize,
    /// Where the first step that makes no number of numbers is noted, in words, if anybody asks.
    cause: Cause<'a>,
}

/// See [`Evaluation`].
type Cause<'a> = Option<&'a RefCell<Option<String>>>;

impl<'a, T: Real> Evaluation<'a, T> {
    /// The result of a function for one argument.
    pub(super) fn of(
        module: &'a Module,
        function: Handle<Function>,
        x: Scalar<T>,
        cause: Cause<'a>,
    ) -> Option<Scalar<T>> {
        Self::call(module, function, vec![x], (MOST_STATEMENTS, cause)).map(|(result, _)| result)
    }

    /// The result, and the statements that are left.
    fn call(
        module: &'a Module,
        function: Handle<Function>,
        arguments: Vec<Scalar<T>>,
        (left, cause): (usize, Cause<'a>),
    ) -> Option<(Scalar<T>, usize)> {
        let function = &module.functions[function];
        let values = vec![None; function.expressions.len()];
        let locals = Vec::new();
        let mut call = Self { module, function, arguments, values, locals, left, cause };
        for (_, local) in function.local_variables.iter() {
            let start = match local.init {
                Some(init) => call.value(init)?,
                None => call.zero(local.ty)?,
            };
            call.locals.push(Some(start));
        }
        match call.block(&function.body)? {
            Flow::Return(result) => Some((result, call.left)),
            _ => None,
        }
    }

    fn zero(&self, ty: Handle<naga::Type>) -> Option<Scalar<T>> {
        match self.module.types[ty].inner {
            TypeInner::Scalar(known) => Scalar::zero(known.kind),
            _ => None,
        }
    }

    fn block(&mut self, block: &Block) -> Option<Flow<T>> {
        for statement in block {
            self.left = self.left.checked_sub(1)?;
            match self.statement(statement)? {
                Flow::Next => {}
                other => return Some(other),
            }
        }
        Some(Flow::Next)
    }

    fn statement(&mut self, statement: &Statement) -> Option<Flow<T>> {
        match statement {
            Statement::Emit(range) => {
                for handle in range.clone() {
                    self.values[handle.index()] = Some(self.evaluate(handle)?);
                }
            }
            Statement::Block(inner) => return self.block(inner),
            Statement::If { condition, accept, reject } => {
                let chosen = if self.truth(*condition)? { accept } else { reject };
                return self.block(chosen);
            }
            Statement::Switch { selector, cases } => return self.switch(*selector, cases),
            Statement::Loop { body, continuing, break_if } => {
                return self.repeat(body, continuing, *break_if);
            }
            Statement::Break => return Some(Flow::Break),
            Statement::Continue => return Some(Flow::Continue),
            Statement::Return { value } => return Some(Flow::Return(self.value((*value)?)?)),
            Statement::Store { pointer, value } => {
                let Expression::LocalVariable(local) = self.function.expressions[*pointer] else {
                    return None;
                };
                self.locals[local.index()] = Some(self.value(*value)?);
            }
            Statement::Call { function, arguments, result } => {
                let arguments = arguments.iter().map(|&one| self.value(one)).collect::<Option<_>>();
                let (value, left) =
                    Self::call(self.module, *function, arguments?, (self.left, self.cause))?;
                self.left = left;
                if let Some(result) = result {
                    self.values[result.index()] = Some(value);
                }
            }
            _ => return None,
        }
        Some(Flow::Next)
    }

    fn switch(
        &mut self,
        selector: Handle<Expression>,
        cases: &[naga::SwitchCase],
    ) -> Option<Flow<T>> {
        let selected = self.value(selector)?;
        let fits = |value: SwitchValue| match value {
            SwitchValue::I32(i) => selected == Scalar::Signed(i),
            SwitchValue::U32(u) => selected == Scalar::Unsigned(u),
            SwitchValue::Default => false,
        };
        let is_default = |case: &naga::SwitchCase| case.value == SwitchValue::Default;
        let start = cases.iter().position(|case| fits(case.value));
        let start = start.or_else(|| cases.iter().position(is_default))?;
        for case in &cases[start..] {
            match self.block(&case.body)? {
                Flow::Break => return Some(Flow::Next),
                Flow::Next if case.fall_through => {}
                other => return Some(other),
            }
        }
        Some(Flow::Next)
    }

    fn repeat(
        &mut self,
        body: &Block,
        continuing: &Block,
        break_if: Option<Handle<Expression>>,
    ) -> Option<Flow<T>> {
        loop {
            // A round takes at least one, also where both blocks are empty.
            self.left = self.left.checked_sub(1)?;
            match self.block(body)? {
                Flow::Break => return Some(Flow::Next),
                Flow::Return(result) => return Some(Flow::Return(result)),
                Flow::Next | Flow::Continue => {}
            }
            self.block(continuing)?;
            if let Some(condition) = break_if
                && self.truth(condition)?
            {
                return Some(Flow::Next);
            }
        }
    }

    fn truth(&self, handle: Handle<Expression>) -> Option<bool> {
        match self.value(handle)? {
            Scalar::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    /// A value: of what was emitted, or of what needs no emission.
    fn value(&self, handle: Handle<Expression>) -> Option<Scalar<T>> {
        self.values[handle.index()].or_else(|| match self.function.expressions[handle] {
            Expression::Literal(_)
            | Expression::Constant(_)
            | Expression::ZeroValue(_)
            | Expression::FunctionArgument(_) => self.evaluate(handle),
            _ => None,
        })
    }

    /// Notes a step that made no number of numbers.
    fn note(&self, result: Scalar<T>, given: &[Scalar<T>], step: impl FnOnce() -> Option<String>) {
        let Some(cause) = self.cause else { return };
        if result.is_nan() && !given.iter().any(|one| one.is_nan()) && cause.borrow().is_none() {
            cause.replace(step().map(|step| format!("{step} is NaN{}", why(&step))));
        }
    }

    fn evaluate(&self, handle: Handle<Expression>) -> Option<Scalar<T>> {
        match self.function.expressions[handle] {
            Expression::Literal(literal) => Scalar::literal(literal),
            Expression::Constant(constant) => {
                let init = self.module.constants[constant].init;
                match self.module.global_expressions[init] {
                    Expression::Literal(literal) => Scalar::literal(literal),
                    Expression::ZeroValue(ty) => self.zero(ty),
                    _ => None,
                }
            }
            Expression::ZeroValue(ty) => self.zero(ty),
            Expression::FunctionArgument(place) => self.arguments.get(place as usize).copied(),
            Expression::Load { pointer } => match self.function.expressions[pointer] {
                Expression::LocalVariable(local) => self.locals[local.index()],
                _ => None,
            },
            Expression::Unary { op, expr } => self.value(expr)?.unary(op),
            Expression::Binary { op, left, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let result = left.binary(op, right)?;
                self.note(result, &[left, right], || scalar::operation(op, left, right));
                Some(result)
            }
            Expression::Select { condition, accept, reject } => {
                self.value(if self.truth(condition)? { accept } else { reject })
            }
            Expression::Math { fun, arg, arg1, arg2, .. } => {
                let given = [Some(arg), arg1, arg2].into_iter().flatten();
                let given = given.map(|one| self.value(one)).collect::<Option<Vec<_>>>()?;
                let result = scalar::math(fun, &given)?;
                self.note(result, &given, || Some(scalar::call(fun, &given)));
                Some(result)
            }
            Expression::As { expr, kind, .. } => self.value(expr)?.convert(kind),
            _ => None,
        }
    }
}

/// Why a step is no number, where WGSL has a reason that surprises.
fn why(step: &str) -> &'static str {
    if step.starts_with("pow(") {
        ", as WGSL leaves open what pow is for a base below 0 and for 0 to no positive power; multiply \
         instead, as x * x * x"
    } else {
        ""
    }
}
