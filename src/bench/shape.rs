//! The sizes at which a kernel is timed: `MxKxN` for products, `ROWSxCOLS` for the others. The three
//! sizes of `matmul_backward` are those of the product whose gradients it computes.

use crate::error::{Error, Result};
use crate::kernels;
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::contract::Sizes;
use crate::kernels::gather::BYTES_PER_WORD;
use crate::kernels::histogram;
use crate::kernels::kernel::Kernel;
use std::fmt;
use std::str::FromStr;

/// The lesson's first layer: a batch of 60 images of 784 pixels, 100 units.
const BATCH: usize = 60;
const FEATURES: usize = 784;
const UNITS: usize = 100;
const CLASSES: usize = 10;

/// The largest number in a shape, and the most elements of a matrix (1 GiB).
const LARGEST: usize = 1 << 24;
const MOST_ELEMENTS: usize = 1 << 28;

/// Sizes of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BenchShape {
    /// Of a product: rows of the result, length of the sums, columns of the result.
    Product(usize, usize, usize),
    /// Of everything else: rows and columns. For an optimizer, those of a layer's weights.
    Matrix(usize, usize),
}

impl fmt::Display for BenchShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(m, k, n) => write!(f, "{m}x{k}x{n}"),
            Self::Matrix(rows, cols) => write!(f, "{rows}x{cols}"),
        }
    }
}

impl FromStr for BenchShape {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || {
            format!(
                "expected MxKxN for a product, for example 60x784x100, or ROWSxCOLS for another \
                 kernel, for example 60x100, with integers from 1 to {LARGEST}"
            )
        };
        let number = |part: &str| {
            let number = part.parse().ok();
            number.filter(|number| (1..=LARGEST).contains(number)).ok_or_else(wrong)
        };
        let numbers = text.split('x').map(number).collect::<std::result::Result<Vec<_>, _>>()?;
        let (shape, matrices) = match numbers[..] {
            [m, k, n] => (Self::Product(m, k, n), vec![m * k, k * n, m * n]),
            [rows, cols] => (Self::Matrix(rows, cols), vec![rows * cols]),
            _ => return Err(wrong()),
        };
        if matrices.into_iter().any(|elements| elements > MOST_ELEMENTS) {
            return Err(format!("a matrix has more than {MOST_ELEMENTS} elements"));
        }
        Ok(shape)
    }
}

impl BenchShape {
    /// The shape that a kernel has in the lesson's first layer.
    #[must_use]
    pub fn usual(kernel: &Kernel) -> Self {
        match kernel.name() {
            "matmul_nn" | "matmul_bias_forward" | "matmul_backward" => {
                Self::Product(BATCH, FEATURES, UNITS)
            }
            "matmul_nt" => Self::Product(BATCH, UNITS, FEATURES),
            "matmul_tn" => Self::Product(FEATURES, BATCH, UNITS),
            "gather" => Self::Matrix(BATCH, FEATURES),
            "softmax_cross_entropy" | "bias_softmax_cross_entropy" => Self::Matrix(BATCH, CLASSES),
            "sgd" | "adam" => Self::Matrix(FEATURES, UNITS),
            _ => Self::Matrix(BATCH, UNITS),
        }
    }

    /// Whether the shape has the form that a kernel takes.
    #[must_use]
    pub fn fits(self, kernel: &Kernel) -> bool {
        kernel.contract.is_product() == matches!(self, Self::Product(..))
    }

    /// The inputs on which a kernel of this shape is timed, filled as in the kernel's checks.
    ///
    /// # Errors
    /// [`Error::Config`] when the shape has the wrong form for the kernel.
    pub fn case(self, kernel: &Kernel) -> Result<Case> {
        if !self.fits(kernel) {
            let form = if kernel.contract.is_product() { "MxKxN" } else { "ROWSxCOLS" };
            let name = kernel.name();
            return Err(Error::Config(format!(
                "--shape {self}: {name} takes a shape of the form {form}"
            )));
        }
        let sizes: Vec<_> =
            kernel.contract.sizes.iter().map(|&name| (name, self.size(kernel, name))).collect();
        Ok(kernel.case(&Sizes::new(&kernel.contract, 1, &sizes)?, Activation::Sigmoid))
    }

    /// The value of one of a kernel's sizes. Optimizers have one row of all elements; `gather` has
    /// as many images as its batch, so that all of its operands' bytes are used.
    fn size(self, kernel: &Kernel, name: &str) -> usize {
        match (self, name) {
            (Self::Product(m, ..), "m" | "batch") => m,
            (Self::Product(_, k, _), "k" | "inputs") => k,
            (Self::Product(_, _, n), _) => n,
            (Self::Matrix(rows, cols), "count") => rows * cols,
            (Self::Matrix(_, cols), "words") => cols.div_ceil(BYTES_PER_WORD),
            (Self::Matrix(_, cols), "cols" | "affine" | "classes" | "features") => cols,
            (Self::Matrix(rows, _), "rows" | "batch" | "examples") => rows,
            (Self::Matrix(..), "slots") if kernel.name() == "histogram" => histogram::USUAL_SLOTS,
            (Self::Matrix(..), _) if kernel.contract.sizes.contains(&"slots") => 1,
            (Self::Matrix(rows, _), _) => rows,
        }
    }
}

/// The kernels with the shapes at which each is timed. A kernel that was named must fit all shapes;
/// if none was named, those that fit are timed.
///
/// # Errors
/// [`Error::Config`] when no kernel has a given name, or a shape has the wrong form for its kernel.
pub fn plan(
    named: &[String],
    shapes: &[BenchShape],
) -> Result<Vec<(&'static Kernel, Vec<BenchShape>)>> {
    let all = named.is_empty();
    let named = named.iter().map(|name| kernels::find(name));
    let mut chosen = named.collect::<Result<Vec<_>>>()?;
    if chosen.is_empty() {
        let fits =
            |kernel: &&Kernel| shapes.is_empty() || shapes.iter().any(|shape| shape.fits(kernel));
        chosen = kernels::ALL.into_iter().filter(fits).collect();
    }
    let mut plan = Vec::new();
    for kernel in chosen {
        let mut shapes = shapes.to_vec();
        if all {
            shapes.retain(|shape| shape.fits(kernel));
        }
        if shapes.is_empty() {
            shapes.push(BenchShape::usual(kernel));
        }
        shapes.iter().try_for_each(|shape| shape.case(kernel).map(|_| ()))?;
        plan.push((kernel, shapes));
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_has_a_usual_shape_that_it_can_be_run_at() {
        for kernel in kernels::ALL {
            let case = BenchShape::usual(kernel).case(kernel).map_err(|e| e.to_string());
            let sizes =
                case.and_then(|case| case.sizes(&kernel.contract).map_err(|e| e.to_string()));
            assert!(sizes.is_ok(), "{}: {sizes:?}", kernel.name());
        }
    }

    #[test]
    fn shapes_are_read_and_wrong_forms_refused() {
        assert_eq!("60x784x100".parse(), Ok(BenchShape::Product(60, 784, 100)));
        assert_eq!("3x4".parse(), Ok(BenchShape::Matrix(3, 4)));
        for wrong in ["", "3", "3x", "0x4", "ax4", "1x2x3x4", "-1x2", "99999999999x2", "60X100"] {
            assert!(wrong.parse::<BenchShape>().is_err(), "{wrong:?}");
        }
    }
}
