//! A kernel's interface, defined once as plain data: its tensors with their symbolic shapes, its
//! parameters, its grid.
//!
//! Everything else reads it from here: the loader checks each shader against it, both backends size
//! and bind buffers by it, `check` makes its inputs from it, and `shaders list` prints it.

pub use super::operand::{Access, Operand, Part};
use crate::error::{Error, Result};
use crate::tensor::Shape;

/// A number that a dispatch passes to its kernel: `f32` in the shader's `Params`.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in the shader, in programs and in the twin.
    pub name: &'static str,
    /// The value if none is given.
    pub default: f32,
}

/// How many items one axis of the grid covers. A workgroup covers as many as the shader's constant
/// `TILE_<SIZE>` says; without it, one per invocation on that axis.
#[derive(Clone, Copy, Debug)]
pub enum GridAxis {
    /// One workgroup.
    One,
    /// One item for each of the size with this name.
    Size(&'static str),
    /// One item for each of the first size, then one for each of the second.
    Both(&'static str, &'static str),
    /// Workgroups for the first size, then workgroups for the second, each covering `TILE` items of
    /// one of them.
    Tiles(&'static str, &'static str),
}

impl GridAxis {
    /// The number of workgroups, each covering `tile` items.
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

    /// The name of the constant that says how many items a workgroup covers, if a shader may have one.
    #[must_use]
    pub fn tile_constant(self) -> Option<String> {
        match self {
            Self::One | Self::Both(..) => None,
            Self::Size(name) => Some(format!("TILE_{}", name.to_uppercase())),
            Self::Tiles(..) => Some("TILE".to_owned()),
        }
    }
}

/// How many columns an operand must have, besides equal names having equal sizes.
#[derive(Clone, Copy, Debug)]
pub enum Columns {
    /// One, or as many as the size with this name.
    OneOrAll(&'static str),
    /// At least the first number, at most the second.
    Between(usize, usize),
    /// Just enough words for the size with this name, at this many items per word.
    Words(&'static str, usize),
    /// A multiple of the size with this name.
    MultipleOf(&'static str),
}

impl Columns {
    /// A sentence about `operand`'s wrong number of columns; none if it is right.
    fn misfit(self, operand: &Operand, sizes: &Sizes) -> Option<String> {
        let (name, found) = (operand.name, sizes.extent(operand.cols));
        match self {
            Self::OneOrAll(size) => {
                let all = sizes.get(size);
                let fits = found == 1 || found == all;
                (!fits).then(|| format!("{name} has {found} columns, expected 1 or {all}"))
            }
            Self::Between(least, most) => {
                let fits = (least..=most).contains(&found);
                (!fits).then(|| format!("{name} has {found} columns, expected {least} to {most}"))
            }
            Self::Words(items, per_word) => {
                let (held, words) = (sizes.get(items), operand.cols);
                let needed = held.div_ceil(per_word);
                (found != needed).then(|| {
                    format!("{name} have {found} {words} per row, but {held} {items} need {needed}")
                })
            }
            Self::MultipleOf(size) => {
                let parts = sizes.get(size);
                (!found.is_multiple_of(parts)).then(|| {
                    format!("{name} has {found} columns, expected a multiple of {parts} ({size})")
                })
            }
        }
    }
}

/// A kernel's contract.
#[derive(Debug)]
pub struct Contract {
    /// The name of the kernel, its shader folder, its Rust module and its test module.
    pub name: &'static str,
    /// What it computes, in one line.
    pub summary: &'static str,
    /// Names of the sizes, in the order in which `Params` holds them.
    pub sizes: &'static [&'static str],
    /// Tensors in binding order, from binding 1 on: first all read-only ones, then the others.
    pub operands: &'static [Operand],
    /// Numbers, in the order in which `Params` holds them, after sizes and strides.
    pub parameters: &'static [Parameter],
    /// Whether an activation is composed in.
    pub activation: bool,
    /// The grid's x and y axes; z is the replicas.
    pub grid: [GridAxis; 2],
    /// The number of matrix products that it computes, each taking as many multiplications as the
    /// product of its three sizes; 0 for other kernels.
    pub products: usize,
    /// The size along which the CPU cuts a dispatch into independent parts.
    pub split: Option<&'static str>,
    /// Operands' names, and how many columns they must have.
    pub constraints: &'static [(&'static str, Columns)],
}

impl Contract {
    /// Defaults for most contracts; a kernel states only what differs.
    pub const PLAIN: Self = Self {
        name: "",
        summary: "",
        sizes: &[],
        operands: &[],
        parameters: &[],
        activation: false,
        grid: [GridAxis::One, GridAxis::One],
        products: 0,
        split: None,
        constraints: &[],
    };

    /// Whether it computes matrix products.
    #[must_use]
    pub fn is_product(&self) -> bool {
        self.products > 0
    }

    /// The multiplications in its products at these sizes; 0 for other kernels.
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

    /// The sizes that do not follow from a tensor that the kernel reads.
    #[must_use]
    pub fn explicit_sizes(&self) -> Vec<&'static str> {
        let of = |symbol| factored(symbol).1;
        let given =
            |name: &&str| self.read().any(|one| [of(one.rows), of(one.cols)].contains(name));
        self.sizes.iter().copied().filter(|name| !given(name)).collect()
    }
}

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
        sizes.validate(contract)?;
        Ok(sizes)
    }

    /// The sizes that follow from the shapes of a dispatch's tensors, in the contract's order. A
    /// tensor whose shape is not known yet is skipped; sizes that follow from none are `given` by name.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the two tensors that do not fit together, the tensor with too few
    /// replicas, or the size that is 0 or unknown.
    pub fn infer(
        contract: &Contract,
        shapes: &[Option<Shape>],
        given: &[(&str, usize)],
    ) -> Result<Self> {
        let mut known: Vec<(&'static str, usize, &'static str)> = Vec::new();
        let mut replicas = 1;
        let operands = contract.operands.iter().zip(shapes);
        let shaped = operands.filter_map(|(operand, shape)| Some((operand, (*shape)?)));
        for (operand, shape) in shaped.clone() {
            for (name, value) in [(operand.rows, shape.rows), (operand.cols, shape.cols)] {
                unify(contract, &mut known, (name, value, operand.name))?;
            }
            if shape.replicas != 1 && replicas != 1 && shape.replicas != replicas {
                return Err(Error::Shape(format!(
                    "{}: {} has {} replicas, other tensors have {replicas}",
                    contract.name, operand.name, shape.replicas
                )));
            }
            replicas = replicas.max(shape.replicas);
        }
        for (operand, shape) in shaped {
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

    /// All sizes, in the contract's order.
    #[must_use]
    pub fn values(&self) -> &[usize] {
        &self.values
    }

    /// The shape of `operand` with all replicas.
    #[must_use]
    pub fn shape(&self, operand: &Operand) -> Shape {
        Shape::new(self.replicas, self.extent(operand.rows), self.extent(operand.cols))
    }

    /// The same sizes with one changed.
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

    fn extent(&self, symbol: &'static str) -> usize {
        let (factor, name) = factored(symbol);
        name.parse().unwrap_or_else(|_| factor * self.get(name))
    }

    fn validate(&self, contract: &Contract) -> Result<()> {
        if let Some(at) = self.values.iter().position(|&value| value == 0) {
            let name = self.names[at];
            return Err(Error::Shape(format!("{}: the size {name} is 0", contract.name)));
        }
        let misfit = contract.constraints.iter().find_map(|(name, columns)| {
            let operand = contract.operands.iter().find(|operand| operand.name == *name);
            let operand = operand.unwrap_or_else(|| panic!("no operand is called {name}"));
            columns.misfit(operand, self)
        });
        let wrong = |reason| Err(Error::Shape(format!("{}: {reason}", contract.name)));
        misfit.map_or(Ok(()), wrong)
    }
}

/// A symbol as a factor and the size or number that it multiplies: `2*groups` is 2 times `groups`.
pub fn factored(symbol: &'static str) -> (usize, &'static str) {
    let parts =
        symbol.split_once('*').and_then(|(factor, name)| Some((factor.parse().ok()?, name)));
    parts.unwrap_or((1, symbol))
}

/// Records that `operand` gives a size this `value`, or reports the tensor that it conflicts with.
fn unify(
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
    let (factor, name) = factored(symbol);
    match known.iter().find(|(other, ..)| *other == name) {
        _ if !value.is_multiple_of(factor) => clash(format!("a multiple of {factor} is expected")),
        Some(&(_, expected, source)) if factor * expected != value => {
            clash(format!("{symbol} is {} (from {source})", factor * expected))
        }
        Some(_) => Ok(()),
        None => {
            known.push((name, value / factor, operand));
            Ok(())
        }
    }
}
