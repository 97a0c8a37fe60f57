//! A dispatch's tensors as slices of the program's memory, one set for each replica.

use crate::program::{Dispatch, Program};
use crate::tensor::{Shape, Tensor, Value};
use std::ops::Range;

/// The tensors of one replica, by kind and within each kind in the contract's order.
#[derive(Default)]
pub(super) struct Operands<'a> {
    reads: Vec<&'a [f32]>,
    writes: Vec<&'a mut [f32]>,
    read_indices: Vec<&'a [u32]>,
    write_indices: Vec<&'a mut [u32]>,
}

impl<'a> Operands<'a> {
    /// The floats that are only read.
    pub(super) fn reads<const N: usize>(&mut self) -> [&'a [f32]; N] {
        exactly(std::mem::take(&mut self.reads))
    }

    /// The floats that are written.
    pub(super) fn writes<const N: usize>(&mut self) -> [&'a mut [f32]; N] {
        exactly(std::mem::take(&mut self.writes))
    }

    /// The integers that are only read.
    pub(super) fn read_indices<const N: usize>(&mut self) -> [&'a [u32]; N] {
        exactly(std::mem::take(&mut self.read_indices))
    }

    /// The integers that are written.
    pub(super) fn write_indices<const N: usize>(&mut self) -> [&'a mut [u32]; N] {
        exactly(std::mem::take(&mut self.write_indices))
    }
}

/// A kernel's tensors of one kind: a fast kernel names as many as its contract has.
fn exactly<T, const N: usize>(slices: Vec<T>) -> [T; N] {
    let found = slices.len();
    slices.try_into().unwrap_or_else(|_| panic!("a kernel of {found} tensors was asked for {N}"))
}

/// Where one operand of one replica lies in a buffer.
struct Place {
    replica: usize,
    operand: usize,
    range: Range<usize>,
    is_written: bool,
}

/// The operands of a dispatch, one set for each replica. None where a tensor that is written overlaps another:
/// then they cannot be lent at the same time.
pub(super) fn borrow<'a>(
    program: &Program,
    buffers: &'a mut [Value<f32>],
    dispatch: &Dispatch,
) -> Option<Vec<Operands<'a>>> {
    let count = dispatch.kernel.contract.operands.len();
    let mut reals: Vec<Option<Loan<'a, f32>>> = Vec::new();
    let mut indices: Vec<Option<Loan<'a, u32>>> = Vec::new();
    reals.resize_with(dispatch.sizes.replicas * count, || None);
    indices.resize_with(dispatch.sizes.replicas * count, || None);
    for (buffer, value) in buffers.iter_mut().enumerate() {
        let places = places(program, dispatch, buffer);
        if places.is_empty() {
            continue;
        }
        match value {
            Value::Real(Tensor { data, .. }) => lend(data, places, count, &mut reals)?,
            Value::Index(Tensor { data, .. }) => lend(data, places, count, &mut indices)?,
        }
    }
    let mut replicas: Vec<Operands<'a>> = Vec::new();
    for (at, (real, index)) in reals.into_iter().zip(indices).enumerate() {
        if at % count == 0 {
            replicas.push(Operands::default());
        }
        let operands = replicas.last_mut()?;
        match (real, index) {
            (Some(Loan::Read(slice)), _) => operands.reads.push(slice),
            (Some(Loan::Write(slice)), _) => operands.writes.push(slice),
            (None, Some(Loan::Read(slice))) => operands.read_indices.push(slice),
            (None, Some(Loan::Write(slice))) => operands.write_indices.push(slice),
            (None, None) => return None,
        }
    }
    Some(replicas)
}

/// The operands of a dispatch that lie in a buffer, from its beginning to its end.
fn places(program: &Program, dispatch: &Dispatch, buffer: usize) -> Vec<Place> {
    let mut places = Vec::new();
    for (operand, &id) in dispatch.tensors.iter().enumerate() {
        let spec = program.spec(id);
        if spec.buffer.0 != buffer {
            continue;
        }
        let Shape { replicas, .. } = spec.shape;
        let is_written = dispatch.kernel.contract.operands[operand].access.writes();
        for replica in 0..dispatch.sizes.replicas {
            let own = if replicas == 1 { 0 } else { replica };
            let start = spec.offset + own * spec.replica_stride;
            let range = start..start + spec.shape.matrix_len();
            places.push(Place { replica, operand, range, is_written });
        }
    }
    places.sort_by_key(|place| (place.range.start, place.range.end));
    places
}

/// A part of a buffer.
enum Loan<'a, T> {
    Read(&'a [T]),
    Write(&'a mut [T]),
}

/// Lends the parts of a buffer; none if one that is written overlaps another.
fn lend<'a, T>(
    data: &'a mut [T],
    places: Vec<Place>,
    count: usize,
    loans: &mut [Option<Loan<'a, T>>],
) -> Option<()> {
    if !places.iter().any(|place| place.is_written) {
        let data = &*data;
        for Place { replica, operand, range, .. } in places {
            loans[replica * count + operand] = Some(Loan::Read(&data[range]));
        }
        return Some(());
    }
    let (mut rest, mut start) = (data, 0);
    for same in places.chunk_by(|a, b| a.range == b.range) {
        let range = &same[0].range;
        let (_, later) = std::mem::take(&mut rest).split_at_mut(range.start.checked_sub(start)?);
        let (slice, later) = later.split_at_mut(range.len());
        (rest, start) = (later, range.end);
        let place = |place: &Place| place.replica * count + place.operand;
        match same {
            [only] if only.is_written => loans[place(only)] = Some(Loan::Write(slice)),
            all if all.iter().any(|place| place.is_written) => return None,
            all => {
                let slice = &*slice;
                all.iter().for_each(|one| loans[place(one)] = Some(Loan::Read(slice)));
            }
        }
    }
    Some(())
}
