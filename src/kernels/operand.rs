//! One tensor of a kernel's contract: name, element type, symbolic shape, and how it is used.

use crate::tensor::Element;
use std::fmt;

/// How a kernel uses a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only read: `var<storage, read>`.
    Read,
    /// Written whole, and its old contents never read: `var<storage, read_write>`.
    Write,
    /// Read and written, or written in part: `var<storage, read_write>`.
    ReadWrite,
}

impl Access {
    /// Whether the kernel sees its old contents.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// Whether the kernel changes it.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

/// Which part of a tensor a kernel writes, each element of it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// One row of each replica.
    OneRow,
    /// All of it, or nothing if the parameter with this name is 0.
    UnlessZero(&'static str),
}

/// One tensor of a kernel. Its shape is `[replicas, rows, cols]`, where rows and cols are names of sizes
/// or integers.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Its name in the shader, in programs and in the twin.
    pub name: &'static str,
    /// Its element type.
    pub element: Element,
    /// How it is used.
    pub access: Access,
    /// Rows: the name of a size, or a number.
    pub rows: &'static str,
    /// Columns: the name of a size, or a number.
    pub cols: &'static str,
    /// Whether the distance between replicas may differ from their length (a segment of a larger buffer,
    /// or a tensor that all replicas share): the shader gets that distance as `<name>_stride`.
    pub strided: bool,
    /// For indices: the name of the size that they are below, unless they are [`super::NONE`].
    pub below: Option<&'static str>,
    /// Which part is written, if any.
    pub part: Part,
}

/// For display: `x f32[rows, cols]`, `targets u32[rows, 1] below classes`.
impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}[{}, {}]", self.name, self.element.wgsl(), self.rows, self.cols)?;
        self.below.map_or(Ok(()), |size| write!(f, " below {size}"))
    }
}

impl Operand {
    const fn new(
        name: &'static str,
        access: Access,
        rows: &'static str,
        cols: &'static str,
    ) -> Self {
        let element = Element::F32;
        Self { name, element, access, rows, cols, strided: false, below: None, part: Part::Whole }
    }

    /// A tensor of floats that is only read.
    #[must_use]
    pub const fn read(name: &'static str, rows: &'static str, cols: &'static str) -> Self {
        Self::new(name, Access::Read, rows, cols)
    }

    /// A tensor of floats that is written whole.
    #[must_use]
    pub const fn write(name: &'static str, rows: &'static str, cols: &'static str) -> Self {
        Self::new(name, Access::Write, rows, cols)
    }

    /// A tensor of floats that is changed.
    #[must_use]
    pub const fn update(name: &'static str, rows: &'static str, cols: &'static str) -> Self {
        Self::new(name, Access::ReadWrite, rows, cols)
    }

    /// The same tensor, of which this part is written.
    #[must_use]
    pub const fn in_part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// The same tensor, holding integers.
    #[must_use]
    pub const fn of_u32(self) -> Self {
        Self { element: Element::U32, ..self }
    }

    /// The same tensor, its replicas at a distance that the shader gets.
    #[must_use]
    pub const fn strided(self) -> Self {
        Self { strided: true, ..self }
    }

    /// The same tensor of indices, each below the size of this name or [`super::NONE`].
    #[must_use]
    pub const fn below(self, size: &'static str) -> Self {
        Self { below: Some(size), ..self }
    }
}
