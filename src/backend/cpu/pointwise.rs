//! Kernels without products and statistics: biases, the loss, and the collection of a batch.

use super::operands::Operands;
use super::parts::{for_row_pairs, for_rows, sum_rows};
use crate::kernels::NONE;
use crate::kernels::activation::Activation;
use crate::kernels::gather::BYTES_PER_WORD;
use crate::program::Dispatch;

/// y = activate(z).
pub(super) fn activate(activation: Activation, z: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(z).for_each(|(y, &z)| *y = activation.activate(z));
}

/// d_z = d_y · activation_gradient(z), for whole tensors.
pub(super) fn through_activation(
    dispatch: &Dispatch,
    d_y: &[f32],
    z: &[f32],
    d_z: &mut [f32],
    cols: usize,
) {
    let activation = dispatch.activation;
    for_rows(d_z, cols, |row, d_z| {
        let (d_y, z) = (line(d_y, row, cols), line(z, row, cols));
        for ((d_z, &d_y), &z) in d_z.iter_mut().zip(d_y).zip(z) {
            *d_z = d_y * activation.activation_gradient(z);
        }
    });
}

/// Row `row` of a matrix with `cols` columns.
pub(super) fn line(data: &[f32], row: usize, cols: usize) -> &[f32] {
    &data[row * cols..][..cols]
}

/// [`crate::kernels::bias_forward`].
pub(super) fn bias_forward(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let ([x, bias], [z, y]) = (operands.reads(), operands.writes());
    let cols = dispatch.sizes.get("cols");
    for_row_pairs((z, y), cols, |row, z, y| {
        for ((z, &x), &bias) in z.iter_mut().zip(line(x, row, cols)).zip(bias) {
            *z = x + bias;
        }
        activate(dispatch.activation, z, y);
    });
}

/// [`crate::kernels::bias_backward`].
pub(super) fn bias_backward(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let ([d_y, z], [d_x, d_bias]) = (operands.reads(), operands.writes());
    let [rows, cols] = ["rows", "cols"].map(|name| dispatch.sizes.get(name));
    through_activation(dispatch, d_y, z, d_x, cols);
    sum_rows(d_bias, d_x, rows);
}

/// [`crate::kernels::softmax_cross_entropy`].
pub(super) fn softmax_cross_entropy(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let ([logits], [targets]) = (operands.reads(), operands.read_indices());
    let ([d_logits, losses], [correct, step]) = (operands.writes(), operands.write_indices());
    let [rows, classes, slots] = ["rows", "classes", "slots"].map(|name| dispatch.sizes.get(name));
    let (mut loss, mut hits) = (0.0, 0);
    for ((line, out), &target) in
        logits.chunks_exact(classes).zip(d_logits.chunks_exact_mut(classes)).zip(targets)
    {
        if target == NONE {
            out.fill(0.0);
            continue;
        }
        let target = target as usize;
        let best = (1..classes).fold(0, |best, c| if line[c] > line[best] { c } else { best });
        for (out, &logit) in out.iter_mut().zip(line) {
            *out = (logit - line[best]).exp();
        }
        let sum = out.iter().sum::<f32>();
        for (class, out) in out.iter_mut().enumerate() {
            let expected = if class == target { 1.0 } else { 0.0 };
            *out = (*out / sum - expected) / rows as f32;
        }
        loss += sum.ln() - (line[target] - line[best]);
        hits += u32::from(best == target);
    }
    let slot = step[0] as usize % slots;
    losses[slot] = loss / rows as f32;
    correct[slot] = hits;
    step[0] = step[0].wrapping_add(1);
}

/// [`crate::kernels::gather`].
pub(super) fn gather(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let [images, labels, batch_indices, step] = operands.read_indices();
    let ([x], [targets]) = (operands.writes(), operands.write_indices());
    let [words, slots, batch, features] =
        ["words", "slots", "batch", "features"].map(|name| dispatch.sizes.get(name));
    let indices = &batch_indices[step[0] as usize % slots * batch..][..batch];
    for (target, &example) in targets.iter_mut().zip(indices) {
        *target = if example == NONE { NONE } else { labels[example as usize] };
    }
    for_rows(x, features, |row, x| {
        if indices[row] == NONE {
            return x.fill(0.0);
        }
        let image = &images[indices[row] as usize * words..][..words];
        for (pixels, word) in x.chunks_mut(BYTES_PER_WORD).zip(image) {
            for (pixel, byte) in pixels.iter_mut().zip(word.to_le_bytes()) {
                *pixel = f32::from(byte) / 255.0;
            }
        }
    });
}
