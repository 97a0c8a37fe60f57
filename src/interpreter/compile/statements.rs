//! Statements: control flow becomes jumps, calls are inlined.

use super::compiler::{Check, Compiler, Frame, Operand, Pointer, Root};
use super::waits::waits;
use crate::interpreter::code::{Collective, Op, Register};
use crate::interpreter::number::{signed, unsigned};
use naga::{
    Barrier, Block, CollectiveOperation, Expression, Function, Handle, Statement, SwitchCase,
    SwitchValue,
};

impl<'m> Compiler<'m> {
    /// Inlines a function and returns the registers of its result.
    pub(super) fn function(
        &mut self,
        function: &'m Function,
        key: usize,
        arguments: Vec<Operand>,
    ) -> Check<Vec<Register>> {
        let results = match &function.result {
            Some(result) => self.permanent(result.ty)?,
            None => Vec::new(),
        };
        let (mark, types) = (self.next, self.types(function, key)?);
        let operands = vec![None; function.expressions.len()];
        let mut frame = Frame {
            function,
            types,
            operands,
            arguments,
            locals: Vec::new(),
            results,
            returns: Vec::new(),
            breaks: Vec::new(),
            continues: Vec::new(),
        };
        for (_, local) in function.local_variables.iter() {
            let start = self.take(self.cells(local.ty)?);
            let root = Root::Registers { start, constant: false };
            let what = local.name.clone().unwrap_or_default();
            frame.locals.push(Pointer { root, offset: 0, address: None, what });
        }
        for (handle, local) in function.local_variables.iter() {
            self.at(function.local_variables.get_span(handle));
            let Root::Registers { start, .. } = frame.locals[handle.index()].root else { continue };
            let count = self.cells(local.ty)? as usize;
            let values = match local.init {
                Some(init) => self.settled(&mut frame, init)?.to_vec(),
                None => vec![self.constant(0); count],
            };
            for (at, a) in values.into_iter().enumerate() {
                self.op(Op::Move { to: start + at as u32, a })?;
            }
        }
        self.block(&mut frame, &function.body)?;
        self.land(&frame.returns);
        self.next = mark;
        Ok(frame.results)
    }

    /// Makes jumps lead to the next operation.
    fn land(&mut self, jumps: &[usize]) {
        let end = self.code.ops.len() as u32;
        for &jump in jumps {
            match &mut self.code.ops[jump] {
                Op::Jump { target } | Op::JumpIf { target, .. } | Op::JumpUnless { target, .. } => {
                    *target = end;
                }
                _ => {}
            }
        }
    }

    fn jump(&mut self) -> Check<usize> {
        self.op(Op::Jump { target: 0 })?;
        Ok(self.code.ops.len() - 1)
    }

    fn jump_unless(&mut self, condition: Register) -> Check<usize> {
        self.op(Op::JumpUnless { condition, target: 0 })?;
        Ok(self.code.ops.len() - 1)
    }

    /// A block; the registers that only it uses are free after it.
    fn block(&mut self, frame: &mut Frame<'m>, block: &'m Block) -> Check<()> {
        let mark = self.next;
        self.statements(frame, block)?;
        self.next = mark;
        Ok(())
    }

    fn statements(&mut self, frame: &mut Frame<'m>, block: &'m Block) -> Check<()> {
        for (statement, span) in block.span_iter() {
            if !matches!(statement, Statement::Emit(_)) {
                self.at(*span);
            }
            self.statement(frame, statement)?;
        }
        Ok(())
    }

    fn statement(&mut self, frame: &mut Frame<'m>, statement: &'m Statement) -> Check<()> {
        match *statement {
            Statement::Emit(ref range) => {
                for handle in range.clone() {
                    self.emit(frame, handle)?;
                }
            }
            Statement::Block(ref inner) => self.block(frame, inner)?,
            Statement::If { condition, ref accept, ref reject } => {
                let condition = self.value(frame, condition)?[0];
                let to_reject = self.jump_unless(condition)?;
                self.block(frame, accept)?;
                if reject.is_empty() {
                    self.land(&[to_reject]);
                } else {
                    let to_end = self.jump()?;
                    self.land(&[to_reject]);
                    self.block(frame, reject)?;
                    self.land(&[to_end]);
                }
            }
            Statement::Switch { selector, ref cases } => self.switch(frame, selector, cases)?,
            Statement::Loop { ref body, ref continuing, break_if } => {
                self.repeat(frame, (body, continuing), break_if)?;
            }
            Statement::Break => {
                let jump = self.jump()?;
                if let Some(breaks) = frame.breaks.last_mut() {
                    breaks.push(jump);
                }
            }
            Statement::Continue => {
                let jump = self.jump()?;
                if let Some(continues) = frame.continues.last_mut() {
                    continues.push(jump);
                }
            }
            Statement::Return { value } => {
                if let Some(value) = value {
                    let value = self.value(frame, value)?;
                    for (at, &a) in value.iter().enumerate() {
                        self.op(Op::Move { to: frame.results[at], a })?;
                    }
                }
                let jump = self.jump()?;
                frame.returns.push(jump);
            }
            Statement::Store { pointer, value } => self.store(frame, (pointer, value))?,
            Statement::Call { function, ref arguments, result } => {
                self.call(frame, function, arguments, result)?;
            }
            Statement::ControlBarrier(barrier) => self.barrier(barrier)?,
            Statement::MemoryBarrier(_) => {}
            Statement::WorkGroupUniformLoad { pointer, result } => {
                self.barrier(Barrier::WORK_GROUP)?;
                let value = self.load(frame, pointer)?;
                frame.operands[result.index()] = Some(Operand::Value(value));
                self.barrier(Barrier::WORK_GROUP)?;
            }
            Statement::Atomic { pointer, ref fun, value, result } => {
                self.atomic(frame, (pointer, *fun, value), result)?;
            }
            Statement::SubgroupBallot { result, predicate } => {
                let predicate = match predicate {
                    Some(predicate) => Some(self.value(frame, predicate)?[0]),
                    None => None,
                };
                self.together(frame, Collective::Ballot(predicate), None, result)?;
            }
            Statement::SubgroupGather { mode, argument, result } => {
                let gather = self.gather(frame, mode)?;
                self.together(frame, Collective::Gather(gather), Some(argument), result)?;
            }
            Statement::SubgroupCollectiveOperation { op, collective_op, argument, result } => {
                let what = match collective_op {
                    CollectiveOperation::Reduce => Collective::Reduce(op),
                    CollectiveOperation::InclusiveScan => Collective::Scan(op, true),
                    CollectiveOperation::ExclusiveScan => Collective::Scan(op, false),
                };
                self.together(frame, what, Some(argument), result)?;
            }
            Statement::CooperativeStore { .. } => return Err(self.refused("cooperative matrices")),
            _ => return Err(self.refused("a statement of other shader stages")),
        }
        Ok(())
    }

    fn switch(
        &mut self,
        frame: &mut Frame<'m>,
        selector: Handle<Expression>,
        cases: &'m [SwitchCase],
    ) -> Check<()> {
        let selected = self.value(frame, selector)?[0];
        let (mut entries, mut default) = (Vec::new(), None);
        for (number, case) in cases.iter().enumerate() {
            let cell = match case.value {
                SwitchValue::I32(value) => signed(value),
                SwitchValue::U32(value) => unsigned(value),
                SwitchValue::Default => {
                    default = Some(number);
                    continue;
                }
            };
            let value = self.constant(cell);
            let condition = self.binary(|to, a, b| Op::EqualWhole { to, a, b }, selected, value)?;
            self.op(Op::JumpIf { condition, target: 0 })?;
            entries.push((number, self.code.ops.len() - 1));
        }
        let otherwise = self.jump()?;
        frame.breaks.push(Vec::new());
        for (number, case) in cases.iter().enumerate() {
            let mine: Vec<usize> =
                entries.iter().filter(|(of, _)| *of == number).map(|(_, jump)| *jump).collect();
            self.land(&mine);
            if default == Some(number) {
                self.land(&[otherwise]);
            }
            self.block(frame, &case.body)?;
            if !case.fall_through {
                let jump = self.jump()?;
                if let Some(breaks) = frame.breaks.last_mut() {
                    breaks.push(jump);
                }
            }
        }
        if default.is_none() {
            self.land(&[otherwise]);
        }
        let breaks = frame.breaks.pop().unwrap_or_default();
        self.land(&breaks);
        Ok(())
    }

    fn repeat(
        &mut self,
        frame: &mut Frame<'m>,
        (body, continuing): (&'m Block, &'m Block),
        break_if: Option<Handle<Expression>>,
    ) -> Check<()> {
        let (mark, start) = (self.next, self.offset);
        let counted = waits(body, &self.waits) || waits(continuing, &self.waits);
        let round = self.fresh();
        if counted {
            let a = self.constant(0);
            self.op(Op::Move { to: round, a })?;
        }
        let top = self.code.ops.len() as u32;
        if counted {
            self.rounds.push((top, round));
            let b = self.whole(1);
            self.op(Op::AddWhole { to: round, a: round, b })?;
        }
        frame.breaks.push(Vec::new());
        frame.continues.push(Vec::new());
        self.statements(frame, body)?;
        let continues = frame.continues.pop().unwrap_or_default();
        self.land(&continues);
        self.statements(frame, continuing)?;
        let condition = match break_if {
            Some(condition) => Some(self.value(frame, condition)?[0]),
            None => None,
        };
        // An endless loop is reported at the line where it begins.
        self.offset = start;
        self.op(match condition {
            Some(condition) => Op::JumpUnless { condition, target: top },
            None => Op::Jump { target: top },
        })?;
        let breaks = frame.breaks.pop().unwrap_or_default();
        self.land(&breaks);
        if counted {
            self.rounds.pop();
        }
        self.next = mark;
        Ok(())
    }

    fn call(
        &mut self,
        frame: &mut Frame<'m>,
        function: Handle<Function>,
        arguments: &[Handle<Expression>],
        result: Option<Handle<Expression>>,
    ) -> Check<()> {
        let mut given = Vec::new();
        for &argument in arguments {
            given.push(self.operand(frame, argument)?);
        }
        let called = &self.module.functions[function];
        let value = self.function(called, function.index(), given)?;
        if let Some(result) = result {
            frame.operands[result.index()] = Some(Operand::Value(value.into()));
        }
        Ok(())
    }
}
