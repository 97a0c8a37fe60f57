//! Small cases that cover each edge of a shader's tiles: a whole tile and a part of one, a single element,
//! and several replicas that end within a tile.

use crate::check;
use crate::kernels::activation::Activation;
use crate::kernels::cases::{Case, Fill};
use crate::kernels::contract::{Columns, Contract, GridAxis, Sizes};
use crate::kernels::kernel::Kernel;
use crate::kernels::shader::Shader;
use std::collections::BTreeSet;

/// The most elements, or multiplications, in those of the kernel's own cases that are tried.
const MOST_WORK: usize = 300_000;

/// A remainder after the last full iteration of an inner loop, which no usual step divides.
const REMAINDER: usize = 3;

/// Terms of an inner loop whose step no contract states: a full step and a partial one, for steps up to 32.
const TERMS: usize = 35;

/// How many items a size has, relative to a tile.
#[derive(Clone, Copy)]
enum Extent {
    /// One.
    Single,
    /// One more than a tile.
    TileAndOne,
    /// Less than a tile.
    Part,
}

/// The cases on which to run a shader; if `has_own`, also the kernel's own up to a size.
#[must_use]
pub fn cases(kernel: &'static Kernel, shader: &Shader, has_own: bool) -> Vec<Case> {
    let mut found = Vec::new();
    let shapes = [
        (Extent::Single, 1, 1),
        (Extent::TileAndOne, terms(shader), 1),
        (Extent::Part, REMAINDER, 3),
    ];
    for (extent, inner, replicas) in shapes {
        let values = values(&kernel.contract, shader, extent, inner);
        for variation in variations(&kernel.contract, values) {
            if let Ok(sizes) = Sizes::new(&kernel.contract, replicas, &variation) {
                let activations = Activation::ALL;
                let activation = activations[(found.len() + 1) % activations.len()];
                found.push(kernel.case(&sizes, activation));
            }
        }
    }
    if has_own {
        let small = |case: &Case| {
            let sizes = case.sizes(&kernel.contract);
            sizes.is_ok_and(|sizes| check::work(kernel, &sizes) <= MOST_WORK)
        };
        found.extend((kernel.cases)().into_iter().filter(|case| small(case) && is_finite(case)));
    }
    let mut seen = BTreeSet::new();
    found.retain(|case| seen.insert(case.describe()));
    found
}

/// Whether the inputs are finite, so that any NaN or infinity comes from the shader.
fn is_finite(case: &Case) -> bool {
    let finite = |fill: &Fill| match fill {
        Fill::Between(values) => values.iter().all(|x| x.is_finite()),
        _ => true,
    };
    case.fills.iter().all(|(_, fill)| finite(fill))
}

/// The terms of a loop that a workgroup's invocations share: one for each, and a remainder.
fn terms(shader: &Shader) -> usize {
    let widest = shader.workgroup_size.into_iter().max().unwrap_or(1) as usize;
    TERMS.max(widest + REMAINDER)
}

/// A value for each size.
fn values(
    contract: &Contract,
    shader: &Shader,
    extent: Extent,
    inner: usize,
) -> Vec<(&'static str, usize)> {
    let value = |name: &'static str| {
        let axis = contract.grid.iter().position(|axis| match axis {
            GridAxis::One => false,
            GridAxis::Size(size) => *size == name,
            GridAxis::Both(a, b) | GridAxis::Tiles(a, b) => [*a, *b].contains(&name),
        });
        let tile = axis.map(|axis| shader.tile[axis] as usize);
        let value = match (extent, tile) {
            (Extent::Single, _) => 1,
            (Extent::TileAndOne, Some(tile)) => tile + 1,
            (Extent::Part, Some(tile)) => tile / 2 + 1,
            (_, None) if contract.is_product() => inner.min(TERMS),
            (_, None) => inner,
        };
        (name, value)
    };
    contract.sizes.iter().copied().map(value).collect()
}

/// Variations of the values that the contract's constraint allows.
fn variations(
    contract: &Contract,
    values: Vec<(&'static str, usize)>,
) -> Vec<Vec<(&'static str, usize)>> {
    let Some((operand, columns)) = contract.constraint else { return vec![values] };
    let operand = contract.operands.iter().find(|one| one.name == operand);
    let Some(symbol) = operand.map(|one| one.cols) else { return vec![values] };
    let of = |name: &str| values.iter().find(|(known, _)| *known == name).map_or(1, |one| one.1);
    let choices = match columns {
        Columns::OneOrAll(size) => vec![of(size), 1],
        Columns::Between(least, most) => vec![of(symbol).clamp(least, most)],
        Columns::Words(items, each) => vec![of(items).div_ceil(each)],
    };
    let with = |value: usize| {
        let mut values = values.clone();
        for slot in values.iter_mut().filter(|(name, _)| *name == symbol) {
            slot.1 = value;
        }
        values
    };
    choices.into_iter().map(with).collect()
}
