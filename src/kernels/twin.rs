//! Running a twin: the plain formula on the CPU, one replica and one part at a time.
//!
//! A twin sees matrices of one replica. This module splits a dispatch into its replicas and, along the
//! contract's `split` size, into a fixed number of independent parts, and runs them on all cores. The
//! parts do not depend on the number of cores, so neither does any result.

use super::activation::Activation;
use super::contract::{Contract, Operand, Sizes};
use crate::tensor::{Real, Shape, Tensor, Value};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Parts into which a dispatch is split.
const PARTS: usize = 8;

/// The arguments of one call of a twin.
#[derive(Debug)]
pub struct Arguments<'a, T: Real> {
    /// The kernel's contract.
    pub contract: &'static Contract,
    /// Sizes of this call: one replica, and possibly only a part of the split size.
    pub sizes: Sizes,
    /// Parameters in the contract's order.
    pub parameters: &'a [f32],
    /// The activation that is composed in.
    pub activation: Activation,
    /// A value for every operand that the kernel reads, in the contract's order.
    pub inputs: Vec<Option<Cow<'a, Value<T>>>>,
}

impl<T: Real> Arguments<'_, T> {
    /// The floats of the operand `name`.
    ///
    /// # Panics
    /// When the contract has no such operand of floats that is read: a mistake in the twin.
    #[must_use]
    pub fn real(&self, name: &str) -> &Tensor<T> {
        match self.input(name) {
            Value::Real(tensor) => tensor,
            Value::Index(_) => panic!("{} holds integers", name),
        }
    }

    /// The integers of the operand `name`.
    ///
    /// # Panics
    /// When the contract has no such operand of integers that is read: a mistake in the twin.
    #[must_use]
    pub fn indices(&self, name: &str) -> &Tensor<u32> {
        match self.input(name) {
            Value::Index(tensor) => tensor,
            Value::Real(_) => panic!("{} holds floats", name),
        }
    }

    /// The size called `name`.
    #[must_use]
    pub fn size(&self, name: &str) -> usize {
        self.sizes.get(name)
    }

    /// The parameter called `name`.
    ///
    /// # Panics
    /// When the contract has no such parameter: a mistake in the twin.
    #[must_use]
    pub fn parameter(&self, name: &str) -> T {
        let position = self.contract.parameters.iter().position(|known| known.name == name);
        let position = position.unwrap_or_else(|| panic!("no parameter is called {name}"));
        T::of(f64::from(self.parameters[position]))
    }

    /// Zeros in the shape of the operand `name`, to be filled by the twin.
    #[must_use]
    pub fn zeros(&self, name: &str) -> Tensor<T> {
        Tensor::filled(self.sizes.shape(self.operand(name).1), T::zero())
    }

    fn operand(&self, name: &str) -> (usize, &'static Operand) {
        let mut operands = self.contract.operands.iter().enumerate();
        let found = operands.find(|(_, operand)| operand.name == name);
        found.unwrap_or_else(|| panic!("{} has no operand {name}", self.contract.name))
    }

    fn input(&self, name: &str) -> &Value<T> {
        let input = self.inputs[self.operand(name).0].as_deref();
        input.unwrap_or_else(|| panic!("{name} is only written"))
    }
}

/// Runs `twin` over all replicas. `inputs` has a value for every operand that the kernel reads;
/// tensors that all replicas share may have one replica. Returns the operands that it writes, in the
/// contract's order.
pub fn run<T: Real>(
    twin: fn(&Arguments<'_, T>) -> Vec<Value<T>>,
    contract: &'static Contract,
    sizes: &Sizes,
    (parameters, activation): (&[f32], Activation),
    inputs: &[Option<Value<T>>],
) -> Vec<Value<T>> {
    let parts = parts(contract, sizes);
    let jobs: Vec<_> = (0..sizes.replicas)
        .flat_map(|replica| parts.iter().map(move |part| (replica, part.clone())))
        .collect();
    let results: Vec<_> = jobs
        .par_iter()
        .map(|(replica, part)| {
            let mut sizes = match contract.split {
                Some(name) => sizes.with(name, part.len()),
                None => sizes.clone(),
            };
            sizes.replicas = 1;
            let operands = contract.operands.iter().zip(inputs);
            let inputs = operands
                .map(|(operand, value)| {
                    let value = value.as_ref().filter(|_| operand.access.reads())?;
                    Some(slice(contract, operand, value, *replica, part))
                })
                .collect();
            twin(&Arguments { contract, sizes, parameters, activation, inputs })
        })
        .collect();
    let written = contract.written();
    let mut columns: Vec<Vec<Value<T>>> = written.clone().map(|_| Vec::new()).collect();
    for result in results {
        columns.iter_mut().zip(result).for_each(|(column, value)| column.push(value));
    }
    written
        .zip(columns)
        .map(|(operand, values)| join(contract, operand, sizes.shape(operand), &parts, values))
        .collect()
}

/// The ranges of the split size that are computed separately.
fn parts(contract: &Contract, sizes: &Sizes) -> Vec<Range<usize>> {
    let Some(name) = contract.split else { return std::iter::once(0..0).collect() };
    let size = sizes.get(name);
    let length = size.div_ceil(PARTS);
    (0..size).step_by(length).map(|start| start..size.min(start + length)).collect()
}

/// The part of `value` that one call sees.
fn slice<'a, T: Real>(
    contract: &Contract,
    operand: &Operand,
    value: &'a Value<T>,
    replica: usize,
    part: &Range<usize>,
) -> Cow<'a, Value<T>> {
    let rows = (contract.split == Some(operand.rows)).then_some(part);
    let cols = (contract.split == Some(operand.cols)).then_some(part);
    if value.shape().replicas == 1 && rows.is_none() && cols.is_none() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(match value {
        Value::Real(tensor) => Value::Real(cut(tensor, replica, rows, cols)),
        Value::Index(tensor) => Value::Index(cut(tensor, replica, rows, cols)),
    })
}

fn cut<T: Copy>(
    tensor: &Tensor<T>,
    replica: usize,
    rows: Option<&Range<usize>>,
    cols: Option<&Range<usize>>,
) -> Tensor<T> {
    let shape = tensor.shape;
    let rows = rows.cloned().unwrap_or(0..shape.rows);
    let cols = cols.cloned().unwrap_or(0..shape.cols);
    let first = if shape.replicas == 1 { 0 } else { replica * shape.rows };
    let row = |row: usize| &tensor.row(first + row)[cols.clone()];
    let data = rows.clone().map(row).collect::<Vec<_>>().concat();
    Tensor::new(Shape::matrix(rows.len(), cols.len()), data)
}

/// Joins the parts of one written operand.
fn join<T: Real>(
    contract: &Contract,
    operand: &Operand,
    shape: Shape,
    parts: &[Range<usize>],
    values: Vec<Value<T>>,
) -> Value<T> {
    let by_cols = contract.split == Some(operand.cols);
    let mut whole = Value::zeros(operand.element, shape);
    for (position, value) in values.iter().enumerate() {
        let (replica, part) = (position / parts.len(), &parts[position % parts.len()]);
        let (row, col) = if by_cols { (0, part.start) } else { (part.start, 0) };
        let corner = (replica * shape.rows + row, col);
        match (&mut whole, value) {
            (Value::Real(whole), Value::Real(value)) => paste(whole, value, corner),
            (Value::Index(whole), Value::Index(value)) => paste(whole, value, corner),
            _ => panic!(
                "the twin of {} returned {} with the wrong type",
                contract.name, operand.name
            ),
        }
    }
    whole
}

fn paste<T: Copy>(whole: &mut Tensor<T>, part: &Tensor<T>, (row, col): (usize, usize)) {
    for line in 0..part.shape.rows {
        whole.row_mut(row + line)[col..col + part.shape.cols].copy_from_slice(part.row(line));
    }
}
