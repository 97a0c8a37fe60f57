//! `gather`: collects a batch of examples by the indices of the current step.
//!
//! The images are on the GPU as bytes, four to a word, and are shared by all replicas; each replica
//! has its own order of examples. `step` counts the steps done; the indices are a ring of `slots`
//! batches, of which step `s` uses number `s mod slots`. An entry [`NONE`] yields a row of zeros and
//! the target [`NONE`].

use super::cases::{Case, Fill};
use super::constants::NONE;
use super::contract::{Columns, Contract, GridAxis, Operand};
use super::kernel::{Kernel, sources};
use super::twin::Arguments;
use crate::tensor::{Real, Shape, Tensor, Value};

/// Bytes in one word of an image.
pub const BYTES_PER_WORD: usize = 4;

/// The kernel `gather`.
pub static KERNEL: Kernel = Kernel {
    contract: Contract {
        name: "gather",
        summary: "x[i] = images[batch_indices[step mod slots, i]] / 255, targets[i] = its label",
        sizes: &["examples", "words", "slots", "batch", "features"],
        operands: &[
            Operand::read("images", "examples", "words").of_u32().strided(),
            Operand::read("labels", "examples", "1").of_u32().strided(),
            Operand::read("batch_indices", "slots", "batch").of_u32().below("examples"),
            Operand::read("step", "1", "1").of_u32(),
            Operand::write("x", "batch", "features"),
            Operand::write("targets", "batch", "1").of_u32(),
        ],
        grid: [GridAxis::Size("words"), GridAxis::Size("batch")],
        constraints: &[("images", Columns::Words("features", BYTES_PER_WORD))],
        ..Contract::PLAIN
    },
    twin_f32: twin,
    twin_f64: twin,
    cases,
    shaders: sources!("gather": "naive"),
    ..Kernel::PLAIN
};

fn twin<T: Real>(call: &Arguments<'_, T>) -> Vec<Value<T>> {
    let (images, labels) = (call.indices("images"), call.indices("labels"));
    let slot = call.indices("step").at(0, 0) as usize % call.size("slots");
    let batch = call.indices("batch_indices").row(slot);
    let mut x = call.zeros("x");
    let mut targets = Tensor::filled(Shape::matrix(batch.len(), 1), NONE);
    for (i, &example) in batch.iter().enumerate().filter(|&(_, &example)| example != NONE) {
        targets.put(i, 0, labels.at(example as usize, 0));
        for (feature, value) in x.row_mut(i).iter_mut().enumerate() {
            let word = images.at(example as usize, feature / BYTES_PER_WORD);
            let byte = word.to_le_bytes()[feature % BYTES_PER_WORD];
            *value = T::of(f64::from(byte)) / T::of(255.0);
        }
    }
    vec![Value::Real(x), Value::Index(targets)]
}

fn cases() -> Vec<Case> {
    let case = |examples: u32, features: usize, slots: usize, batch: usize, step: u32| {
        let words = features.div_ceil(BYTES_PER_WORD);
        let sizes = [
            ("examples", examples as usize),
            ("words", words),
            ("slots", slots),
            ("batch", batch),
            ("features", features),
        ];
        Case::new(&sizes)
            .fill("labels", Fill::Below(10))
            .fill("batch_indices", Fill::BelowOrNone(examples))
            .fill("step", Fill::Count(step))
    };
    vec![
        case(1, 1, 1, 1, 0),
        case(31, 65, 2, 7, 1),
        case(257, 784, 3, 60, 7),
        case(65, 31, 5, 257, 4).replicas(3),
        // More words than one workgroup unpacks.
        case(2, 32_801, 1, 2, 0),
        // Each replica at its own step.
        case(31, 9, 5, 7, 0).replicas(3).fill("step", Fill::Below(1000)),
    ]
}
