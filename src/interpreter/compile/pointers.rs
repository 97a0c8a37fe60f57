//! Pointers: where they point is known at compile time, except for indices.

use super::compiler::{Check, Compiler, Frame, Operand, Pointer, Root};
use crate::interpreter::code::{Access, Length, Op, Place, Register, Site};
use crate::interpreter::layout::cells;
use crate::interpreter::number::unsigned;
use naga::{ArraySize, Expression, Handle, ScalarKind, Type, TypeInner};
use std::rc::Rc;

/// What a pointer points to.
enum Pointee {
    Type(Handle<Type>),
    Vector(u32),
    Scalar,
}

impl<'m> Compiler<'m> {
    fn pointee(&self, frame: &Frame<'m>, handle: Handle<Expression>) -> Check<Pointee> {
        match *self.inner(frame, handle) {
            TypeInner::Pointer { base, .. } => Ok(Pointee::Type(base)),
            TypeInner::ValuePointer { size: Some(size), .. } => Ok(Pointee::Vector(size as u32)),
            TypeInner::ValuePointer { size: None, .. } => Ok(Pointee::Scalar),
            _ => Err(self.refused("an unsupported kind of pointer")),
        }
    }

    /// The number of elements of what is indexed, and the cells of each.
    fn elements(&self, pointee: &Pointee, root: Root) -> Check<(Length, u32)> {
        let ty = match *pointee {
            Pointee::Vector(size) => return Ok((Length::Fixed(size), 1)),
            Pointee::Type(ty) => &self.module.types[ty].inner,
            Pointee::Scalar => return Err(self.refused("an index into a scalar")),
        };
        Ok(match *ty {
            TypeInner::Vector { size, .. } => (Length::Fixed(size as u32), 1),
            TypeInner::Matrix { columns, rows, .. } => (Length::Fixed(columns as u32), rows as u32),
            TypeInner::Array { base, size: ArraySize::Constant(size), .. } => {
                (Length::Fixed(size.get()), self.cells(base)?)
            }
            TypeInner::Array { base, .. } => {
                let Root::Memory(memory) = root else {
                    return Err(self.refused("an array of unknown length"));
                };
                (Length::Of(memory), self.cells(base)?)
            }
            _ => return Err(self.refused("an index into an unsupported type")),
        })
    }

    /// An element of what a pointer points to.
    pub(super) fn element(
        &mut self,
        frame: &mut Frame<'m>,
        pointer: &Pointer,
        (base, index): (Handle<Expression>, Handle<Expression>),
    ) -> Check<Operand> {
        let pointee = self.pointee(frame, base)?;
        let signed = self.inner(frame, index).scalar_kind() == Some(ScalarKind::Sint);
        let index = self.value(frame, index)?[0];
        let (length, stride) = self.elements(&pointee, pointer.root)?;
        let place =
            Place { length, stride, signed, what: pointer.what.clone(), offset: self.offset };
        self.indexed(pointer, index, place)
    }

    fn indexed(&mut self, pointer: &Pointer, index: Register, place: Place) -> Check<Operand> {
        let base = match pointer.address {
            Some(address) => address,
            None => self.constant(0),
        };
        self.code.places.push(place);
        let (to, place) = (self.fresh(), self.code.places.len() as u32 - 1);
        self.op(Op::Index { to, base, index, place })?;
        Ok(Operand::Pointer(Rc::new(Pointer { address: Some(to), ..pointer.clone() })))
    }

    /// A member, or an element at a constant index.
    pub(super) fn member(
        &mut self,
        frame: &mut Frame<'m>,
        pointer: &Pointer,
        (base, index): (Handle<Expression>, u32),
    ) -> Check<Operand> {
        let pointee = self.pointee(frame, base)?;
        if let Pointee::Type(ty) = pointee
            && let TypeInner::Struct { members, .. } = &self.module.types[ty].inner
        {
            let mut offset = pointer.offset;
            for member in &members[..index as usize] {
                offset += self.cells(member.ty)?;
            }
            let name = members[index as usize].name.as_deref().unwrap_or_default();
            let what = format!("{}.{name}", pointer.what);
            return Ok(Operand::Pointer(Rc::new(Pointer { offset, what, ..pointer.clone() })));
        }
        let (length, stride) = self.elements(&pointee, pointer.root)?;
        if let Length::Of(_) = length {
            let (what, offset) = (pointer.what.clone(), self.offset);
            let index = self.constant(unsigned(index));
            let place = Place { length, stride, signed: false, what, offset };
            return self.indexed(pointer, index, place);
        }
        let offset = pointer.offset + index * stride;
        Ok(Operand::Pointer(Rc::new(Pointer { offset, ..pointer.clone() })))
    }

    /// The cells that a pointer points to, and whether they are an atomic.
    fn extent(&self, frame: &Frame<'m>, handle: Handle<Expression>) -> Check<(u32, bool)> {
        Ok(match self.pointee(frame, handle)? {
            Pointee::Scalar => (1, false),
            Pointee::Vector(size) => (size, false),
            Pointee::Type(ty) => {
                let atomic = matches!(self.module.types[ty].inner, TypeInner::Atomic(_));
                (cells(self.module, ty).map_err(|what| self.refused(&what))?, atomic)
            }
        })
    }

    /// An access to a memory, identified by its place in the source.
    pub(super) fn access(&mut self, memory: u32, offset: u32) -> Check<u32> {
        let site = Site(self.offset);
        let known = self.sites.len();
        let number = *self.sites.entry(site).or_insert(known as u16);
        if usize::from(number) == known {
            self.code.sites.push(site);
        }
        if known > usize::from(u16::MAX) {
            return Err(self.refused("too many places that read or write memory"));
        }
        self.code.accesses.push(Access { memory, offset, site: number });
        Ok(self.code.accesses.len() as u32 - 1)
    }

    /// Records that a memory is used atomically.
    pub(super) fn seen_atomic(&mut self, memory: u32) {
        self.code.has_storage_atomics |= self.code.memories[memory as usize].binding.is_some();
    }

    pub(super) fn address(&mut self, pointer: &Pointer) -> Register {
        match pointer.address {
            Some(address) => address,
            None => self.constant(0),
        }
    }

    pub(super) fn load(
        &mut self,
        frame: &mut Frame<'m>,
        handle: Handle<Expression>,
    ) -> Check<Rc<[Register]>> {
        let pointer = self.pointer(frame, handle)?;
        let (count, atomic) = self.extent(frame, handle)?;
        let range = |start: Register| start..start + count;
        match (pointer.root, pointer.address) {
            (Root::Registers { start, constant: true }, None) => {
                Ok(range(start + pointer.offset).collect())
            }
            (Root::Registers { start, .. }, None) => {
                let (to, a) = (self.take(count), start + pointer.offset);
                match count {
                    1 => self.op(Op::Move { to, a })?,
                    _ => self.op(Op::MoveMany { to, a, count })?,
                }
                Ok(range(to).collect())
            }
            (Root::Registers { start, .. }, Some(address)) => {
                let to = self.take(count);
                for at in 0..count {
                    let start = start + pointer.offset + at;
                    self.op(Op::LoadRegister { to: to + at, start, address })?;
                }
                Ok(range(to).collect())
            }
            (Root::Memory(memory), _) => {
                if atomic {
                    self.seen_atomic(memory);
                }
                let (address, to) = (self.address(&pointer), self.take(count));
                for at in 0..count {
                    let (access, to) = (self.access(memory, pointer.offset + at)?, to + at);
                    self.op(match atomic {
                        true => Op::AtomicLoad { to, address, access },
                        false => Op::Load { to, address, access },
                    })?;
                }
                Ok(range(to).collect())
            }
        }
    }

    pub(super) fn store(
        &mut self,
        frame: &mut Frame<'m>,
        (handle, value): (Handle<Expression>, Handle<Expression>),
    ) -> Check<()> {
        let value = self.value(frame, value)?;
        let pointer = self.pointer(frame, handle)?;
        let (_, atomic) = self.extent(frame, handle)?;
        if let (true, Root::Memory(memory)) = (atomic, pointer.root) {
            self.seen_atomic(memory);
        }
        for (at, &a) in value.iter().enumerate() {
            let offset = pointer.offset + at as u32;
            let address = pointer.address;
            let op = match (pointer.root, address) {
                (Root::Registers { start, .. }, None) => Op::Move { to: start + offset, a },
                (Root::Registers { start, .. }, Some(address)) => {
                    Op::StoreRegister { start: start + offset, address, a }
                }
                (Root::Memory(memory), _) => {
                    let (address, access) = (self.address(&pointer), self.access(memory, offset)?);
                    match atomic {
                        true => Op::AtomicStore { address, a, access },
                        false => Op::Store { address, a, access },
                    }
                }
            };
            self.op(op)?;
        }
        Ok(())
    }
}
