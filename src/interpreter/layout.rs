//! How values are stored in cells and in bytes: each scalar takes one cell, without the padding of bytes.

#[cfg(test)]
use super::number::f32_to_half;
use super::number::{Number, half_to_f32, signed, unsigned};
use naga::{ArraySize, Handle, Module, Scalar, ScalarKind, Type, TypeInner};

/// The type of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Real,
    Half,
    Signed,
    Unsigned,
    Bool,
}

impl Kind {
    /// Whether it is an f32 or an f16.
    pub(crate) const fn is_real(self) -> bool {
        matches!(self, Self::Real | Self::Half)
    }
}

/// A scalar of a value, and its byte offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf {
    pub(crate) kind: Kind,
    pub(crate) offset: u32,
}

/// A type's scalars.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Those with a fixed place.
    pub(crate) head: Vec<Leaf>,
    /// Those of one element of a runtime-sized array.
    pub(crate) tail: Vec<Leaf>,
    /// Where that array begins, in bytes, and the distance between its elements.
    pub(crate) tail_at: (u32, u32),
}

/// The kind of a scalar; none if it is neither 32 bits wide nor f16.
pub(crate) fn kind(scalar: Scalar) -> Option<Kind> {
    Some(match (scalar.kind, scalar.width) {
        (ScalarKind::Float, 4) => Kind::Real,
        (ScalarKind::Float, 2) => Kind::Half,
        (ScalarKind::Sint, 4) => Kind::Signed,
        (ScalarKind::Uint, 4) => Kind::Unsigned,
        (ScalarKind::Bool, _) => Kind::Bool,
        _ => return None,
    })
}

/// The most cells that a value may have.
const MOST: usize = 1 << 22;

/// The layout of a type, or why it has none.
pub(crate) fn layout(module: &Module, ty: Handle<Type>) -> Result<Layout, String> {
    let mut layout = Layout::default();
    add(module, ty, 0, &mut layout)?;
    Ok(layout)
}

fn add(module: &Module, ty: Handle<Type>, offset: u32, layout: &mut Layout) -> Result<(), String> {
    let known =
        |scalar| kind(scalar).ok_or_else(|| format!("{}-bit numbers", 8 * u32::from(scalar.width)));
    match module.types[ty].inner {
        TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) => {
            layout.head.push(Leaf { kind: known(scalar)?, offset });
        }
        TypeInner::Vector { size, scalar } => {
            let kind = known(scalar)?;
            let leaf = |at: u32| Leaf { kind, offset: offset + at * u32::from(scalar.width) };
            layout.head.extend((0..size as u32).map(leaf));
        }
        TypeInner::Matrix { columns, rows, scalar } => {
            let (kind, width) = (known(scalar)?, u32::from(scalar.width));
            let pitch = width * if rows as u32 == 3 { 4 } else { rows as u32 };
            for column in 0..columns as u32 {
                let leaf = |row: u32| Leaf { kind, offset: offset + column * pitch + row * width };
                layout.head.extend((0..rows as u32).map(leaf));
            }
        }
        TypeInner::Array { base, size: ArraySize::Constant(size), stride } => {
            let mut element = Layout::default();
            add(module, base, 0, &mut element)?;
            if element.head.len().saturating_mul(size.get() as usize) > MOST {
                return Err(format!("an array of more than {MOST} scalars"));
            }
            for at in 0..size.get() {
                let moved =
                    |leaf: &Leaf| Leaf { offset: offset + at * stride + leaf.offset, ..*leaf };
                layout.head.extend(element.head.iter().map(moved));
            }
        }
        TypeInner::Array { base, size: ArraySize::Dynamic, stride } => {
            let mut element = Layout::default();
            add(module, base, 0, &mut element)?;
            layout.tail = element.head;
            layout.tail_at = (offset, stride);
        }
        TypeInner::Array { .. } => return Err("an array of unknown length".to_owned()),
        TypeInner::Struct { ref members, .. } => {
            for member in members {
                add(module, member.ty, offset + member.offset, layout)?;
            }
        }
        TypeInner::CooperativeMatrix { .. } => return Err("cooperative matrices".to_owned()),
        TypeInner::Image { .. } | TypeInner::Sampler { .. } => return Err("textures".to_owned()),
        _ => return Err("a type of other shader stages".to_owned()),
    }
    Ok(())
}

impl Layout {
    /// Elements of the runtime-sized array in a binding of this many bytes.
    #[must_use]
    pub(crate) fn elements(&self, bytes: usize) -> usize {
        let (start, stride) = self.tail_at;
        if self.tail.is_empty() {
            0
        } else {
            bytes.saturating_sub(start as usize) / stride as usize
        }
    }

    /// All scalars in a binding of this many bytes, in the order of cells.
    pub(crate) fn leaves(&self, bytes: usize) -> impl Iterator<Item = Leaf> + '_ {
        let (start, stride) = self.tail_at;
        let tail = (0..self.elements(bytes)).flat_map(move |at| {
            let moved = move |leaf: &Leaf| Leaf {
                offset: start + at as u32 * stride + leaf.offset,
                ..*leaf
            };
            self.tail.iter().map(moved)
        });
        self.head.iter().copied().chain(tail)
    }

    /// The cells of a binding's bytes.
    #[must_use]
    pub(crate) fn cells<N: Number>(&self, bytes: &[u8]) -> Vec<u64> {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
        let word = |at: usize| u32::from_le_bytes([at, at + 1, at + 2, at + 3].map(byte));
        let cell = |leaf: Leaf| {
            let at = leaf.offset as usize;
            match leaf.kind {
                Kind::Real => N::of_f32(f32::from_bits(word(at))).cell(),
                Kind::Half => N::of_f32(half_to_f32(word(at) as u16)).cell(),
                Kind::Signed => signed(word(at) as i32),
                Kind::Unsigned | Kind::Bool => unsigned(word(at)),
            }
        };
        self.leaves(bytes.len()).map(cell).collect()
    }

    /// Puts cells back into a binding's bytes.
    #[cfg(test)]
    pub(crate) fn put<N: Number>(&self, cells: &[u64], bytes: &mut [u8]) {
        let length = bytes.len();
        for (leaf, &cell) in self.leaves(length).zip(cells) {
            let at = leaf.offset as usize;
            let word = match leaf.kind {
                Kind::Real => N::of_cell(cell).to_f32().to_bits().to_le_bytes().to_vec(),
                Kind::Half => f32_to_half(N::of_cell(cell).to_f32()).to_le_bytes().to_vec(),
                _ => (cell as u32).to_le_bytes().to_vec(),
            };
            bytes[at..at + word.len()].copy_from_slice(&word);
        }
    }
}

/// The number of cells of a type with a fixed size.
pub(crate) fn cells(module: &Module, ty: Handle<Type>) -> Result<u32, String> {
    layout(module, ty).map(|layout| layout.head.len() as u32)
}
