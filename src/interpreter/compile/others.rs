//! Statements that involve other invocations: barriers, atomics, subgroup operations.

use super::compiler::{Check, Compiler, Frame, Operand, Root};
use crate::interpreter::code::{
    Atomic, Change, Collective, Gather, Kind, Op, Register, Rendezvous, Together,
};
use naga::{AtomicFunction, Barrier, Direction, Expression, GatherMode, Handle, ScalarKind};

impl<'m> Compiler<'m> {
    fn meeting(&mut self) -> Check<u32> {
        if self.alone {
            return Err(self.refused("barriers or subgroup operations"));
        }
        self.code.meetings.push(Rendezvous { rounds: self.rounds.clone() });
        Ok(self.code.meetings.len() as u32 - 1)
    }

    pub(super) fn barrier(&mut self, barrier: Barrier) -> Check<()> {
        let rendezvous = self.meeting()?;
        if barrier.contains(Barrier::SUB_GROUP) {
            let what = Collective::Meet;
            let (arguments, results) = (Vec::new(), Vec::new());
            let kind = Kind::Bool;
            self.code.together.push(Together { what, arguments, results, kind });
            let with = self.code.together.len() as u32 - 1;
            return self.op(Op::Subgroup { rendezvous, with });
        }
        let storage = barrier.contains(Barrier::STORAGE);
        let workgroup = barrier.contains(Barrier::WORK_GROUP);
        self.op(Op::Barrier { rendezvous, storage, workgroup })
    }

    pub(super) fn atomic(
        &mut self,
        frame: &mut Frame<'m>,
        (pointer, function, value): (Handle<Expression>, AtomicFunction, Handle<Expression>),
        result: Option<Handle<Expression>>,
    ) -> Check<()> {
        let is_signed = self.inner(frame, value).scalar_kind() == Some(ScalarKind::Sint);
        if self.kind(frame, value)?.is_real() {
            return Err(self.refused("atomics of non-integer numbers"));
        }
        let a = self.value(frame, value)?[0];
        let target = self.pointer(frame, pointer)?;
        let Root::Memory(memory) = target.root else {
            return Err(self.refused("an atomic outside shared memory"));
        };
        self.seen_atomic(memory);
        let (address, access) = (self.address(&target), self.access(memory, target.offset)?);
        let to = self.fresh();
        let mut made = vec![to];
        if let AtomicFunction::Exchange { compare: Some(compare) } = function {
            let compare = self.value(frame, compare)?[0];
            self.op(Op::Move { to, a: compare })?;
            self.op(Op::Atomic { function: Atomic::Compare, to, address, a, access })?;
            made.push(self.binary(|to, a, b| Op::EqualWhole { to, a, b }, to, compare)?);
        } else if let Some(change) = Change::of(function) {
            let function = Atomic::Change(change, is_signed);
            self.op(Op::Atomic { function, to, address, a, access })?;
        }
        if let Some(result) = result {
            frame.operands[result.index()] = Some(Operand::Value(made.into()));
        }
        Ok(())
    }

    pub(super) fn gather(&mut self, frame: &mut Frame<'m>, mode: GatherMode) -> Check<Gather> {
        let mut register = |handle| Ok(self.value(frame, handle)?[0]);
        Ok(match mode {
            GatherMode::BroadcastFirst => Gather::First,
            GatherMode::Broadcast(lane) => Gather::Broadcast(register(lane)?),
            GatherMode::Shuffle(lane) => Gather::Shuffle(register(lane)?),
            GatherMode::ShuffleDown(lanes) => Gather::Down(register(lanes)?),
            GatherMode::ShuffleUp(lanes) => Gather::Up(register(lanes)?),
            GatherMode::ShuffleXor(mask) => Gather::Exclusive(register(mask)?),
            GatherMode::QuadBroadcast(lane) => Gather::QuadBroadcast(register(lane)?),
            GatherMode::QuadSwap(Direction::X) => Gather::QuadSwap(1),
            GatherMode::QuadSwap(Direction::Y) => Gather::QuadSwap(2),
            GatherMode::QuadSwap(Direction::Diagonal) => Gather::QuadSwap(3),
        })
    }

    pub(super) fn together(
        &mut self,
        frame: &mut Frame<'m>,
        what: Collective,
        argument: Option<Handle<Expression>>,
        result: Handle<Expression>,
    ) -> Check<()> {
        let (arguments, kind) = match argument {
            Some(argument) => (self.value(frame, argument)?.to_vec(), self.kind(frame, argument)?),
            None => (Vec::new(), Kind::Unsigned),
        };
        let count = if arguments.is_empty() { 4 } else { arguments.len() as u32 };
        let start = self.take(count);
        let results: Vec<Register> = (start..start + count).collect();
        frame.operands[result.index()] = Some(Operand::Value(results.clone().into()));
        let rendezvous = self.meeting()?;
        self.code.together.push(Together { what, arguments, results, kind });
        let with = self.code.together.len() as u32 - 1;
        self.op(Op::Subgroup { rendezvous, with })
    }
}
