//! Batch norm: statistics of each column, then one sweep over the rows.

use super::operands::Operands;
use super::parts::{column_sums, for_row_pairs, for_rows, sum_rows};
use super::pointwise::{activate, line, through_activation};
use crate::program::Dispatch;

/// [`crate::kernels::batch_norm_forward`].
pub(super) fn forward(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let [x, gamma, beta] = operands.reads();
    let [running, z, y, statistics] = operands.writes();
    let [rows, cols] = ["rows", "cols"].map(|name| dispatch.sizes.get(name));
    let (epsilon, momentum) = (dispatch.parameter("epsilon"), dispatch.parameter("momentum"));
    let (count, first) = (rows as f32, line(x, 0, cols));
    let (mut shift, mut squares) = (vec![0.0; cols], vec![0.0; cols]);
    column_sums(&mut shift, rows, |row, range, sums| {
        let terms = line(x, row, cols)[range.clone()].iter().zip(&first[range]);
        sums.iter_mut().zip(terms).for_each(|(sum, (&x, &first))| *sum += x - first);
    });
    shift.iter_mut().for_each(|shift| *shift /= count);
    column_sums(&mut squares, rows, |row, range, sums| {
        let centre = first[range.clone()].iter().zip(&shift[range.clone()]);
        let terms = line(x, row, cols)[range].iter().zip(centre);
        for (sum, (&x, (&first, &shift))) in sums.iter_mut().zip(terms) {
            let centred = x - first - shift;
            *sum += centred * centred;
        }
    });
    let (means, rstds) = statistics.split_at_mut(cols);
    for col in 0..cols {
        let (mean, unbiased) = (first[col] + shift[col], squares[col] / (count - 1.0).max(1.0));
        means[col] = mean;
        rstds[col] = 1.0 / (squares[col] / count + epsilon).sqrt();
        running[col] = (1.0 - momentum) * running[col] + momentum * mean;
        running[cols + col] = (1.0 - momentum) * running[cols + col] + momentum * unbiased;
    }
    let (shift, rstds) = (&shift[..cols], &rstds[..cols]);
    let (gamma, beta) = (&gamma[..cols], &beta[..cols]);
    for_row_pairs((z, y), cols, |row, z, y| {
        let (x, z) = (line(x, row, cols), &mut z[..cols]);
        for col in 0..cols {
            z[col] = gamma[col] * ((x[col] - first[col] - shift[col]) * rstds[col]) + beta[col];
        }
        activate(dispatch.activation, z, y);
    });
}

/// [`crate::kernels::batch_norm_backward`].
pub(super) fn backward(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let [d_y, z, x, gamma, statistics] = operands.reads();
    let [d_x, d_gamma, d_beta] = operands.writes();
    let [rows, cols] = ["rows", "cols"].map(|name| dispatch.sizes.get(name));
    let (mean, rstd) = (line(statistics, 0, cols), line(statistics, 1, cols));
    through_activation(dispatch, d_y, z, d_x, cols);
    sum_rows(d_beta, d_x, rows);
    column_sums(d_gamma, rows, |row, range, sums| {
        let of = |data| &line(data, row, cols)[range.clone()];
        let columns = mean[range.clone()].iter().zip(&rstd[range.clone()]);
        let terms = of(d_x).iter().zip(of(x)).zip(columns);
        for (sum, ((&d_z, &x), (&mean, &rstd))) in sums.iter_mut().zip(terms) {
            *sum += d_z * ((x - mean) * rstd);
        }
    });
    let count = rows as f32;
    let (sum, dot, gamma) = (&d_beta[..cols], &d_gamma[..cols], &gamma[..cols]);
    for_rows(d_x, cols, |row, d_x| {
        let (x, d_x) = (line(x, row, cols), &mut d_x[..cols]);
        for col in 0..cols {
            let normalized = (x[col] - mean[col]) * rstd[col];
            let centred = d_x[col] - sum[col] / count - normalized * (dot[col] / count);
            d_x[col] = gamma[col] * rstd[col] * centred;
        }
    });
}

/// [`crate::kernels::batch_norm_infer`].
pub(super) fn infer(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let ([x, gamma, beta, running], [y]) = (operands.reads(), operands.writes());
    let (cols, epsilon) = (dispatch.sizes.get("cols"), dispatch.parameter("epsilon"));
    let (mean, variance) = (line(running, 0, cols), line(running, 1, cols));
    let rstd: Vec<f32> = variance.iter().map(|one| 1.0 / (one + epsilon).sqrt()).collect();
    let (gamma, beta) = (&gamma[..cols], &beta[..cols]);
    for_rows(y, cols, |row, y| {
        let (x, y) = (line(x, row, cols), &mut y[..cols]);
        for col in 0..cols {
            let z = gamma[col] * ((x[col] - mean[col]) * rstd[col]) + beta[col];
            y[col] = dispatch.activation.activate(z);
        }
    });
}
