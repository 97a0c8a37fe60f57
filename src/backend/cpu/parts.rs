//! How work is cut into parts that run at the same time. It depends on sizes alone: with more threads the parts are
//! the same, and so are the results.

use rayon::prelude::*;
use std::ops::Range;

/// Elements of a part: they cost more than starting it, which takes a few microseconds.
const GRAIN: usize = 4096;

/// The rows of a part of a matrix with `cols` columns.
pub(super) fn rows_of_a_part(cols: usize) -> usize {
    GRAIN.div_ceil(cols.max(1))
}

/// Calls `each` for every row of a written matrix, with its number.
pub(super) fn for_rows(out: &mut [f32], cols: usize, each: impl Fn(usize, &mut [f32]) + Sync) {
    let rows = rows_of_a_part(cols);
    out.par_chunks_mut(rows * cols).enumerate().for_each(|(part, out)| {
        let numbered = out.chunks_exact_mut(cols).enumerate();
        numbered.for_each(|(row, out)| each(part * rows + row, out));
    });
}

/// Calls `each` for every row of two written matrices of the same shape, with its number.
pub(super) fn for_row_pairs(
    (first, second): (&mut [f32], &mut [f32]),
    cols: usize,
    each: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
) {
    let rows = rows_of_a_part(cols);
    let parts = first.par_chunks_mut(rows * cols).zip(second.par_chunks_mut(rows * cols));
    parts.enumerate().for_each(|(part, (first, second))| {
        let pairs = first.chunks_exact_mut(cols).zip(second.chunks_exact_mut(cols));
        let numbered = pairs.enumerate();
        numbered.for_each(|(row, (first, second))| each(part * rows + row, first, second));
    });
}

/// Sums over all rows of a matrix, one for each column. `add` adds a row's terms in a range of columns to their sums.
pub(super) fn column_sums(
    sums: &mut [f32],
    rows: usize,
    add: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
) {
    let cols = GRAIN.div_ceil(rows.max(1)).next_multiple_of(16);
    sums.par_chunks_mut(cols).enumerate().for_each(|(part, sums)| {
        let range = part * cols..part * cols + sums.len();
        sums.fill(0.0);
        (0..rows).for_each(|row| add(row, range.clone(), sums));
    });
}

/// The sums of a matrix over its rows, one for each column.
pub(super) fn sum_rows(sums: &mut [f32], matrix: &[f32], rows: usize) {
    let cols = sums.len();
    column_sums(sums, rows, |row, range, sums| {
        let terms = &matrix[row * cols..][range];
        sums.iter_mut().zip(terms).for_each(|(sum, &term)| *sum += term);
    });
}

/// Calls `each` for parts of equally long tensors: some that are written, and one that is read.
pub(super) fn for_parts<const N: usize>(
    written: [&mut [f32]; N],
    read: &[f32],
    each: impl Fn([&mut [f32]; N], &[f32]) + Sync,
) {
    let count = read.len().div_ceil(4 * GRAIN);
    let mut parts: Vec<Vec<&mut [f32]>> = Vec::new();
    parts.resize_with(count, Vec::new);
    for tensor in written {
        let chunks = tensor.chunks_mut(4 * GRAIN);
        parts.iter_mut().zip(chunks).for_each(|(part, chunk)| part.push(chunk));
    }
    parts.into_par_iter().zip(read.par_chunks(4 * GRAIN)).for_each(|(part, read)| {
        if let Ok(part) = <[&mut [f32]; N]>::try_from(part) {
            each(part, read);
        }
    });
}
