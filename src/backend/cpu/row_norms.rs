//! Layer, group and RMS norm: statistics of each row, or of each group of its units.

use super::operands::Operands;
use super::parts::{column_sums, for_rows, rows_of_a_part, sum_rows};
use super::pointwise::{activate, line, through_activation};
use crate::program::Dispatch;
use rayon::prelude::*;
use std::ops::Range;

/// How the rows are normalized.
#[derive(Clone, Copy)]
struct Rows {
    rows: usize,
    cols: usize,
    /// Equal parts of a row, each normalized by itself.
    groups: usize,
    /// Whether the mean is taken away. Then statistics are mean and rstd of each group, else rstd alone.
    centred: bool,
    /// As many of gamma and beta: one, or one for each column.
    affine: usize,
}

impl Rows {
    fn of(dispatch: &Dispatch, groups: usize, centred: bool) -> Self {
        let [rows, cols, affine] = ["rows", "cols", "affine"].map(|name| dispatch.sizes.get(name));
        Self { rows, cols, groups, centred, affine }
    }

    /// The columns of a group.
    fn columns(&self, group: usize) -> Range<usize> {
        let width = self.cols / self.groups;
        group * width..(group + 1) * width
    }

    /// Mean and rstd of a group; the mean is 0 where none was taken away.
    fn kept(&self, statistics: &[f32], row: usize, group: usize) -> (f32, f32) {
        let at = row * self.groups + group;
        if self.centred {
            (statistics[2 * at], statistics[2 * at + 1])
        } else {
            (0.0, statistics[at])
        }
    }
}

/// [`crate::kernels::layer_norm_forward`].
pub(super) fn layer_forward(dispatch: &Dispatch, operands: Operands<'_>) {
    shifted_forward(dispatch, operands, 1);
}

/// [`crate::kernels::group_norm_forward`].
pub(super) fn group_forward(dispatch: &Dispatch, operands: Operands<'_>) {
    shifted_forward(dispatch, operands, dispatch.sizes.get("groups"));
}

fn shifted_forward(dispatch: &Dispatch, mut operands: Operands<'_>, groups: usize) {
    let [x, gamma, beta] = operands.reads();
    normalize(dispatch, Rows::of(dispatch, groups, true), (x, gamma, beta), operands.writes());
}

/// [`crate::kernels::rms_norm_forward`].
pub(super) fn rms_forward(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let [x, gamma] = operands.reads();
    let beta = vec![0.0; gamma.len()];
    normalize(dispatch, Rows::of(dispatch, 1, false), (x, gamma, &beta), operands.writes());
}

fn normalize(
    dispatch: &Dispatch,
    what: Rows,
    (x, gamma, beta): (&[f32], &[f32], &[f32]),
    [z, y, statistics]: [&mut [f32]; 3],
) {
    let (cols, kept) = (what.cols, statistics.len() / what.rows);
    let epsilon = dispatch.parameter("epsilon");
    let rows = rows_of_a_part(cols);
    let parts = z.par_chunks_mut(rows * cols).zip(y.par_chunks_mut(rows * cols));
    let parts = parts.zip(statistics.par_chunks_mut(rows * kept)).enumerate();
    parts.for_each(|(part, ((z, y), statistics))| {
        let lines = z.chunks_exact_mut(cols).zip(y.chunks_exact_mut(cols));
        let lines = lines.zip(statistics.chunks_exact_mut(kept)).enumerate();
        for (row, ((z, y), statistics)) in lines {
            let x = line(x, part * rows + row, cols);
            for (group, statistics) in statistics.chunks_exact_mut(kept / what.groups).enumerate() {
                let range = what.columns(group);
                let (x, z) = (&x[range.clone()], &mut z[range.clone()]);
                let (first, shift) = if what.centred { shift(x) } else { (0.0, 0.0) };
                let squares = sum(x, |x| (x - first - shift) * (x - first - shift));
                let rstd = 1.0 / (squares / x.len() as f32 + epsilon).sqrt();
                z.iter_mut().zip(x).for_each(|(z, &x)| *z = (x - first - shift) * rstd);
                if what.affine == 1 {
                    z.iter_mut().for_each(|z| *z = gamma[0] * *z + beta[0]);
                } else {
                    let affine = gamma[range.clone()].iter().zip(&beta[range]);
                    z.iter_mut().zip(affine).for_each(|(z, (g, b))| *z = g * *z + b);
                }
                if what.centred {
                    statistics[0] = first + shift;
                }
                statistics[kept / what.groups - 1] = rstd;
            }
            activate(dispatch.activation, z, y);
        }
    });
}

/// The first value, and the mean minus it.
fn shift(x: &[f32]) -> (f32, f32) {
    (x[0], sum(x, |one| one - x[0]) / x.len() as f32)
}

/// Running sums that are added up at once.
const LANES: usize = 16;

/// The sum of a term of each element.
fn sum(x: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    sum_of_pairs(x, x, |x, _| term(x))
}

/// The sum of a term of each pair of elements.
fn sum_of_pairs(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += term(a[lane], b[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| term(a, b));
    sums.into_iter().chain(rest).sum()
}

/// [`crate::kernels::layer_norm_backward`].
pub(super) fn layer_backward(dispatch: &Dispatch, operands: Operands<'_>) {
    shifted_backward(dispatch, operands, 1);
}

/// [`crate::kernels::group_norm_backward`].
pub(super) fn group_backward(dispatch: &Dispatch, operands: Operands<'_>) {
    shifted_backward(dispatch, operands, dispatch.sizes.get("groups"));
}

fn shifted_backward(dispatch: &Dispatch, mut operands: Operands<'_>, groups: usize) {
    let (read, [d_x, d_gamma, d_beta]) = (operands.reads(), operands.writes());
    let what = Rows::of(dispatch, groups, true);
    backward(dispatch, what, read, [d_x, d_gamma], Some(d_beta));
}

/// [`crate::kernels::rms_norm_backward`].
pub(super) fn rms_backward(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let (read, written) = (operands.reads(), operands.writes());
    backward(dispatch, Rows::of(dispatch, 1, false), read, written, None);
}

fn backward(
    dispatch: &Dispatch,
    what: Rows,
    [d_y, z, x, gamma, statistics]: [&[f32]; 5],
    [d_x, d_gamma]: [&mut [f32]; 2],
    d_beta: Option<&mut [f32]>,
) {
    through_activation(dispatch, d_y, z, d_x, what.cols);
    if let Some(d_beta) = d_beta {
        beta_gradient(what, d_x, d_beta);
    }
    gamma_gradient(what, (d_x, x, statistics), d_gamma);
    for_rows(d_x, what.cols, |row, d_x| {
        let x = line(x, row, what.cols);
        if what.affine == 1 {
            d_x.iter_mut().for_each(|d_x| *d_x *= gamma[0]);
        } else {
            d_x.iter_mut().zip(gamma).for_each(|(d_x, gamma)| *d_x *= gamma);
        }
        for group in 0..what.groups {
            let range = what.columns(group);
            let (mean, rstd) = what.kept(statistics, row, group);
            let (x, d_x) = (&x[range.clone()], &mut d_x[range]);
            let count = x.len() as f32;
            let share = if what.centred { sum(d_x, |one| one) / count } else { 0.0 };
            let dot = sum_of_pairs(d_x, x, |d_x, x| d_x * ((x - mean) * rstd)) / count;
            for (d_x, &x) in d_x.iter_mut().zip(x) {
                *d_x = rstd * (*d_x - share - (x - mean) * rstd * dot);
            }
        }
    });
}

/// d_beta = Σ d_z over the rows, and over the units where they share beta.
fn beta_gradient(what: Rows, d_z: &[f32], d_beta: &mut [f32]) {
    if what.affine == 1 {
        let rows = d_z.chunks_exact(what.cols);
        d_beta[0] = rows.map(|row| sum(row, |d_z| d_z)).sum();
    } else {
        sum_rows(d_beta, d_z, what.rows);
    }
}

/// d_gamma = Σ d_z · (x − mean) · rstd over the rows, and over the units where they share gamma.
fn gamma_gradient(what: Rows, (d_z, x, statistics): (&[f32], &[f32], &[f32]), d_gamma: &mut [f32]) {
    if what.affine == 1 {
        let of_group = |row, group| {
            let (mean, rstd) = what.kept(statistics, row, group);
            let of = |data| &line(data, row, what.cols)[what.columns(group)];
            sum_of_pairs(of(d_z), of(x), |d_z, x| d_z * ((x - mean) * rstd))
        };
        let of_row = |row| (0..what.groups).map(|group| of_group(row, group)).sum::<f32>();
        d_gamma[0] = (0..what.rows).map(of_row).sum();
        return;
    }
    let width = what.cols / what.groups;
    column_sums(d_gamma, what.rows, |row, range, sums| {
        for group in range.start / width..=(range.end - 1) / width {
            let columns = what.columns(group);
            let cols = columns.start.max(range.start)..columns.end.min(range.end);
            let (mean, rstd) = what.kept(statistics, row, group);
            let of = |data| &line(data, row, what.cols)[cols.clone()];
            let sums = &mut sums[cols.start - range.start..];
            for ((sum, &d_z), &x) in sums.iter_mut().zip(of(d_z)).zip(of(x)) {
                *sum += d_z * ((x - mean) * rstd);
            }
        }
    });
}
