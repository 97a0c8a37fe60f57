//! What a kernel is, told once: its tensors with their shapes in symbols, its parameters, its grid.
//!
//! Everything else reads it from here: the loader checks each shader against it, both backends size
//! and bind by it, `check` makes its inputs from it, and `shaders list` prints it.

use super::cases::Case;
use super::twin::Arguments;
use crate::compare;
use crate::error::{Error, Result};
use crate::tensor::{Element, Shape, Value};
use std::fmt;

/// How a kernel uses a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only read: `var<storage, read>`.
    Read,
    /// Written whole, and nothing read that stood there before: `var<storage, read_write>`.
    Write,
    /// Read and written, or written in part: `var<storage, read_write>`.
    ReadWrite,
}

impl Access {
    /// Whether the kernel sees what stood there before.
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

/// One tensor of a kernel. Its shape is `[replicas, rows, cols]`, rows and cols being names of sizes
/// or whole numbers.
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
    /// Whether its replicas lie further apart than their length (a segment of a larger buffer, or a
    /// tensor that all replicas share): the shader is told the distance as `<name>_stride`.
    pub strided: bool,
    /// For whole numbers that choose among others: the name of the size that they lie below, unless
    /// they are [`super::NONE`].
    pub below: Option<&'static str>,
}

/// For people: `x f32[rows, cols]`, `targets u32[rows, 1] below classes`.
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
        Self { name, element: Element::F32, access, rows, cols, strided: false, below: None }
    }

    /// A tensor of numbers that is only read.
    #[must_use]
    pub const fn read(name: &'static str, rows: &'static str, cols: &'static str) -> Self {
        Self::new(name, Access::Read, rows, cols)
    }

    /// A tensor of numbers that is written whole.
    #[must_use]
    pub const fn write(name: &'static str, rows: &'static str, cols: &'static str) -> Self {
        Self::new(name, Access::Write, rows, cols)
    }

    /// A tensor of numbers that is changed.
    #[must_use]
    pub const fn update(name: &'static str, rows: &'static str, cols: &'static str) -> Self {
        Self::new(name, Access::ReadWrite, rows, cols)
    }

    /// The same tensor, holding whole numbers.
    #[must_use]
    pub const fn of_u32(self) -> Self {
        Self { element: Element::U32, ..self }
    }

    /// The same tensor, its replicas at a distance that the shader is told.
    #[must_use]
    pub const fn strided(self) -> Self {
        Self { strided: true, ..self }
    }

    /// The same tensor of whole numbers, each below the size of this name or [`super::NONE`].
    #[must_use]
    pub const fn below(self, size: &'static str) -> Self {
        Self { below: Some(size), ..self }
    }
}

/// A number that a dispatch gives its kernel: `f32` in the shader's `Params`.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in the shader, in programs and in the twin.
    pub name: &'static str,
    /// The value where none is given.
    pub default: f32,
}

/// How many items one axis of the grid covers. A workgroup covers as many of them as the shader's
/// constant `TILE_<SIZE>` says, or else as many as it has invocations on that axis.
#[derive(Clone, Copy, Debug)]
pub enum Axis {
    /// One workgroup.
    One,
    /// One item for each of the size with this name.
    Size(&'static str),
    /// One item for each of the first size, then one for each of the second.
    Both(&'static str, &'static str),
    /// Workgroups for the first size, then workgroups for the second, each of them covering `TILE`
    /// items of the one or of the other.
    Tiles(&'static str, &'static str),
}

impl Axis {
    /// The number of workgroups that cover `tile` items each.
    #[must_use]
    pub fn workgroups(self, sizes: &Sizes, tile: usize) -> usize {
        let tiles = |name| sizes.get(name).div_ceil(tile);
        match self {
            Self::One => 1,
            Self::Size(name) => tiles(name),
            Self::Both(first, second) => (sizes.get(first) + sizes.get(second)).div_ceil(tile),
            Self::Tiles(first, second) => tiles(first) + tiles(second),
        }
    }

    /// The constant that says how many items a workgroup covers, where a shader may have one.
    #[must_use]
    pub fn tile_constant(self) -> Option<String> {
        match self {
            Self::One | Self::Both(..) => None,
            Self::Size(name) => Some(format!("TILE_{}", name.to_uppercase())),
            Self::Tiles(..) => Some("TILE".to_owned()),
        }
    }
}

/// A shader that ships with the crate.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The file's name without `.wgsl`.
    pub variant: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// A kernel's contract.
#[derive(Debug)]
pub struct Contract {
    /// Its name: of the shader folder, the Rust module and the test module.
    pub name: &'static str,
    /// What it computes, in one line.
    pub summary: &'static str,
    /// Names of the sizes, in the order in which `Params` holds them.
    pub sizes: &'static [&'static str],
    /// Tensors in binding order, from binding 1 on: all that are only read, then the others.
    pub operands: &'static [Operand],
    /// Numbers, in the order in which `Params` holds them, behind sizes and strides.
    pub parameters: &'static [Parameter],
    /// Whether an activation is composed in.
    pub activation: bool,
    /// The grid's x and y axes; z is the replicas.
    pub grid: [Axis; 2],
    /// Products of matrices that it computes, each with as many multiplications as its three sizes
    /// multiplied; 0 for a kernel of another kind.
    pub products: usize,
    /// The size along which the CPU cuts a dispatch into independent parts.
    pub split: Option<&'static str>,
    /// Times the f32 twin's own error that the GPU may be off (see [`crate::compare`]).
    pub tolerance_factor: f64,
    /// What must hold between the sizes, beyond equal names being equal.
    pub constraint: fn(&Sizes) -> std::result::Result<(), String>,
    /// The CPU twin in f32.
    pub twin_f32: fn(&Arguments<'_, f32>) -> Vec<Value<f32>>,
    /// The CPU twin in f64.
    pub twin_f64: fn(&Arguments<'_, f64>) -> Vec<Value<f64>>,
    /// The shapes and inputs that `check` and the tests try.
    pub cases: fn() -> Vec<Case>,
    /// The shipped variants, from the plainest to the fastest.
    pub shaders: &'static [Source],
}

impl Contract {
    /// Whether a variant of this name ships with the crate.
    #[must_use]
    pub fn ships(&self, variant: &str) -> bool {
        self.shaders.iter().any(|source| source.variant == variant)
    }

    /// Whether it computes products of matrices.
    #[must_use]
    pub fn is_product(&self) -> bool {
        self.products > 0
    }

    /// The multiplications of its products at these sizes; 0 for a kernel of another kind.
    #[must_use]
    pub fn multiplications(&self, sizes: &Sizes) -> usize {
        self.products * sizes.replicas * sizes.values().iter().product::<usize>()
    }

    /// The tensors that the kernel reads.
    pub fn read(&self) -> impl Iterator<Item = &'static Operand> + Clone {
        self.operands.iter().filter(|operand| operand.access.reads())
    }

    /// The tensors that the kernel writes.
    pub fn written(&self) -> impl Iterator<Item = &'static Operand> + Clone {
        self.operands.iter().filter(|operand| operand.access.writes())
    }

    /// The sizes that no tensor tells that the kernel reads.
    #[must_use]
    pub fn untold_sizes(&self) -> Vec<&'static str> {
        let told = |name: &&str| self.read().any(|one| [one.rows, one.cols].contains(name));
        self.sizes.iter().copied().filter(|name| !told(name)).collect()
    }
}

/// What most contracts share; a kernel writes only what is its own.
pub const PLAIN: Contract = Contract {
    name: "",
    summary: "",
    sizes: &[],
    operands: &[],
    parameters: &[],
    activation: false,
    grid: [Axis::One, Axis::One],
    products: 0,
    split: None,
    tolerance_factor: compare::FACTOR,
    constraint: |_| Ok(()),
    twin_f32: |_| Vec::new(),
    twin_f64: |_| Vec::new(),
    cases: Vec::new,
    shaders: &[],
};

/// The sizes of one dispatch by name, and its replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Independent copies of the experiment.
    pub replicas: usize,
    names: &'static [&'static str],
    values: Vec<usize>,
}

impl Sizes {
    /// Sizes given by name.
    ///
    /// # Errors
    /// [`Error::Shape`] when one is missing.
    pub fn new(contract: &Contract, replicas: usize, given: &[(&str, usize)]) -> Result<Self> {
        let value = |name: &&'static str| {
            let found = given.iter().find(|(known, _)| known == name);
            found.map(|&(_, value)| value).ok_or_else(|| {
                Error::Shape(format!("{}: the size {name} was not given", contract.name))
            })
        };
        let values = contract.sizes.iter().map(value).collect::<Result<Vec<_>>>()?;
        let sizes = Self { replicas, names: contract.sizes, values };
        sizes.hold(contract)?;
        Ok(sizes)
    }

    /// The sizes that follow from the shapes of a dispatch's tensors, in the contract's order. A
    /// tensor whose shape is still to follow tells none; sizes that none tells are `given` by name.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the two tensors that do not fit together, the tensor that lacks
    /// replicas, or the size that is 0 or unknown.
    pub fn infer(
        contract: &Contract,
        shapes: &[Option<Shape>],
        given: &[(&str, usize)],
    ) -> Result<Self> {
        let mut known: Vec<(&'static str, usize, &'static str)> = Vec::new();
        let mut replicas = 1;
        let operands = contract.operands.iter().zip(shapes);
        let told = operands.filter_map(|(operand, shape)| Some((operand, (*shape)?)));
        for (operand, shape) in told.clone() {
            for (name, value) in [(operand.rows, shape.rows), (operand.cols, shape.cols)] {
                learn(contract, &mut known, (name, value, operand.name))?;
            }
            if shape.replicas != 1 && replicas != 1 && shape.replicas != replicas {
                return Err(Error::Shape(format!(
                    "{}: {} has {} replicas, other tensors have {replicas}",
                    contract.name, operand.name, shape.replicas
                )));
            }
            replicas = replicas.max(shape.replicas);
        }
        for (operand, shape) in told {
            if shape.replicas != replicas && !operand.strided {
                return Err(Error::Shape(format!(
                    "{}: {} has {} of {replicas} replicas",
                    contract.name, operand.name, shape.replicas
                )));
            }
        }
        let known = known.iter().map(|&(name, value, _)| (name, value));
        Self::new(contract, replicas, &known.chain(given.iter().copied()).collect::<Vec<_>>())
    }

    /// The size called `name`.
    ///
    /// # Panics
    /// When the contract has no such size: a mistake in the kernel's own file.
    #[must_use]
    pub fn get(&self, name: &str) -> usize {
        let position = self.names.iter().position(|known| *known == name);
        position.map(|at| self.values[at]).unwrap_or_else(|| panic!("no size is called {name}"))
    }

    /// All sizes in the contract's order.
    #[must_use]
    pub fn values(&self) -> &[usize] {
        &self.values
    }

    /// The shape of `operand` with all replicas.
    #[must_use]
    pub fn shape(&self, operand: &Operand) -> Shape {
        Shape::new(self.replicas, self.extent(operand.rows), self.extent(operand.cols))
    }

    /// The same sizes but one.
    #[must_use]
    pub fn with(&self, name: &str, value: usize) -> Self {
        let mut changed = self.clone();
        for (known, slot) in self.names.iter().zip(&mut changed.values) {
            if *known == name {
                *slot = value;
            }
        }
        changed
    }

    fn extent(&self, symbol: &str) -> usize {
        symbol.parse().unwrap_or_else(|_| self.get(symbol))
    }

    fn hold(&self, contract: &Contract) -> Result<()> {
        if let Some(at) = self.values.iter().position(|&value| value == 0) {
            let name = self.names[at];
            return Err(Error::Shape(format!("{}: the size {name} is 0", contract.name)));
        }
        (contract.constraint)(self)
            .map_err(|reason| Error::Shape(format!("{}: {reason}", contract.name)))
    }
}

/// Notes that a size is `value` as `operand` has it, or says with which other tensor that clashes.
fn learn(
    contract: &Contract,
    known: &mut Vec<(&'static str, usize, &'static str)>,
    (symbol, value, operand): (&'static str, usize, &'static str),
) -> Result<()> {
    let clash = |expected: String| {
        Err(Error::Shape(format!("{}: {operand} has {value} where {expected}", contract.name)))
    };
    if let Ok(number) = symbol.parse::<usize>() {
        return if value == number { Ok(()) } else { clash(format!("{number} is expected")) };
    }
    match known.iter().find(|(name, ..)| *name == symbol) {
        Some(&(_, expected, source)) if expected != value => {
            clash(format!("{symbol} is {expected} (from {source})"))
        }
        Some(_) => Ok(()),
        None => {
            known.push((symbol, value, operand));
            Ok(())
        }
    }
}
