//! Matrix products, through `matrixmultiply`.

use super::operands::Operands;
use crate::program::Dispatch;
use rayon::prelude::*;

/// Multiplications below which a product is one part.
const SMALL: usize = 1 << 18;

/// Multiplications of a part of a large product.
const LARGE: usize = 1 << 24;

/// The most parts of a product: each packs one of the operands again.
const PARTS: usize = 16;

/// A matrix with the distances of its rows and of its columns.
#[derive(Clone, Copy)]
struct Strided<'a> {
    data: &'a [f32],
    row: usize,
    col: usize,
}

impl<'a> Strided<'a> {
    /// A matrix as it is stored, row after row.
    fn plain(data: &'a [f32], cols: usize) -> Self {
        Self { data, row: cols, col: 1 }
    }

    /// The transpose of a matrix that is stored with `cols` columns.
    fn transposed(data: &'a [f32], cols: usize) -> Self {
        Self { data, row: 1, col: cols }
    }
}

/// [`crate::kernels::matmul_nn`].
pub(super) fn nn(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let ([a, b], [c]) = (operands.reads(), operands.writes());
    let [m, k, n] = sizes(dispatch);
    product([m, k, n], Strided::plain(a, k), Strided::plain(b, n), c);
}

/// [`crate::kernels::matmul_nt`].
pub(super) fn nt(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let ([a, b], [c]) = (operands.reads(), operands.writes());
    let [m, k, n] = sizes(dispatch);
    product([m, k, n], Strided::plain(a, k), Strided::transposed(b, k), c);
}

/// [`crate::kernels::matmul_tn`].
pub(super) fn tn(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let ([a, b], [c]) = (operands.reads(), operands.writes());
    let [m, k, n] = sizes(dispatch);
    product([m, k, n], Strided::transposed(a, m), Strided::plain(b, n), c);
}

fn sizes(dispatch: &Dispatch) -> [usize; 3] {
    ["m", "k", "n"].map(|name| dispatch.sizes.get(name))
}

/// Where a part of a product writes: other parts write other elements of the same rows.
#[derive(Clone, Copy)]
struct Corner(*mut f32);

#[allow(unsafe_code, reason = "each part writes through it to elements that no other part touches")]
unsafe impl Send for Corner {}

#[allow(unsafe_code, reason = "see above")]
unsafe impl Sync for Corner {}

impl Corner {
    /// The element `offset` further on.
    const fn after(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

/// c = a · b, of `[m, k]` and `[k, n]`. The longer side of c is cut into parts.
fn product([m, k, n]: [usize; 3], a: Strided<'_>, b: Strided<'_>, c: &mut [f32]) {
    assert!(c.len() >= m * n && a.data.len() >= m * k && b.data.len() >= k * n, "a short operand");
    let parts = parts(m * k * n);
    let corner = Corner(c.as_mut_ptr());
    let (by_rows, longer) = (m >= n, m.max(n));
    let length = longer.div_ceil(parts).next_multiple_of(16);
    (0..longer.div_ceil(length)).into_par_iter().for_each(|part| {
        let start = part * length;
        let length = length.min(longer - start);
        let (rows, cols, row, col) =
            if by_rows { (length, n, start, 0) } else { (m, length, 0, start) };
        let (a_start, b_start) = (row * a.row, col * b.col);
        #[allow(unsafe_code, reason = "the crate's only interface")]
        // SAFETY: the operands have all elements that these sizes and distances reach (asserted above), and the
        // parts of c are disjoint.
        unsafe {
            matrixmultiply::sgemm(
                rows,
                k,
                cols,
                1.0,
                a.data[a_start..].as_ptr(),
                a.row as isize,
                a.col as isize,
                b.data[b_start..].as_ptr(),
                b.row as isize,
                b.col as isize,
                0.0,
                corner.after(row * n + col),
                n as isize,
                1,
            );
        }
    });
}

/// The number of parts of a product.
fn parts(multiplications: usize) -> usize {
    if multiplications < SMALL { 1 } else { (multiplications / LARGE).clamp(2, PARTS) }
}
