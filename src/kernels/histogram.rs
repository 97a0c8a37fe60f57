//! `histogram`: how many elements fall into each bin.
//!
//! ```text
//! counts[i + 1] = number of x with  floor(x · per_unit) − first = i     for each bin i, from 0
//! ```
//!
//! Slot 0 counts what is below bin 0, the last slot what is above the last bin. A bin is
//! 1 / `per_unit` wide and bin 0 begins at `first` / `per_unit`. Where `per_unit` is a power of two and
//! `first` an integer, nothing is rounded and every count is exact. A NaN is counted nowhere.

use super::cases::{Case, Fill, LONG, NEXT_TO_ZERO, NOT_FINITE};
use super::contract::{Columns, Contract, Operand, Parameter};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Shape, Tensor, Value};

/// Slots for the default parameters: 128 bins of 1/8 from −8 to 8, and both ends.
pub const USUAL_SLOTS: usize = 130;

/// One bin and both ends.
const LEAST_SLOTS: usize = 3;

/// The most slots that a shader keeps in workgroup memory.
const MOST_SLOTS: usize = 1024;

/// The kernel `histogram`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "histogram",
        summary: "counts[floor(x * per_unit) - first + 1] of x; below and above at both ends",
        sizes: &["rows", "cols", "slots"],
        operands: &[
            Operand::read("x", "rows", "cols"),
            Operand::write("counts", "1", "slots").of_u32(),
        ],
        parameters: &[
            Parameter { name: "per_unit", default: 8.0 },
            Parameter { name: "first", default: -64.0 },
        ],
        constraint: Some(("counts", Columns::Between(LEAST_SLOTS, MOST_SLOTS))),
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("histogram": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let slots = call.size("slots");
    let (per_unit, first) = (call.parameter("per_unit"), call.parameter("first"));
    let last = T::of((slots - 1) as f64);
    let mut counts = Tensor::filled(Shape::matrix(1, slots), 0);
    for &x in call.real("x").data.iter().filter(|x| !x.is_nan()) {
        let slot = (x * per_unit).floor() - first + T::one();
        counts.data[slot.max(T::zero()).min(last).widen() as usize] += 1;
    }
    vec![Value::Index(counts)]
}

fn cases() -> Vec<Case> {
    let case = |rows, cols, slots| Case::new(&[("rows", rows), ("cols", cols), ("slots", slots)]);
    vec![
        case(1, 1, 3),
        case(31, 65, 130),
        case(257, 3, 34).parameter("per_unit", 2.0).parameter("first", -16.0),
        case(65, 100, 130).fill("x", Fill::Normal(1.0, 6.0)).replicas(3),
        case(9, 57, 1024).fill("x", Fill::Uniform(-100.0, 100.0)),
        // On the edge of a bin: it belongs to the bin above.
        case(7, 9, 130).fill("x", Fill::Count(0)),
        case(7, 9, 130).fill("x", Fill::Count(8)),
        case(31, 5, 5).fill("x", Fill::Extreme(1e30)).replicas(2),
        case(LONG, 3, 34),
        case(5, 33, 130).fill("x", Fill::Between(NOT_FINITE)).replicas(2),
        case(5, 33, 130).fill("x", Fill::Between(NEXT_TO_ZERO)).replicas(2),
        case(5, 33, 130).fill("x", Fill::Extreme(1e37)),
    ]
}
