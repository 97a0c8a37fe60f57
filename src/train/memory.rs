//! Estimates how much memory training a network will take, before it begins.
//!
//! The sizes of the parts are read from the program; how many copies of each exist at the peak was measured on
//! software Vulkan and on the CPU engine (see `docs/performance.md`): the checkpoint, the weights of an evaluation
//! and their file, and the comparison with twins, with inputs and results in f64, peak at different times, and an
//! allocator returns some memory late.

use crate::backend::Backend;
use crate::error::Result;
use crate::memory::{self, words};
use crate::model::Model;
use crate::program::TensorId;

/// How many copies of each part exist, including the device's own memory; rows and images in tenths.
struct Held {
    parameters: u64,
    optimizer: u64,
    rows: u64,
    images: u64,
    /// Everything else, in bytes: compiled shaders, the report.
    anything: u64,
}

const CPU: Held = Held { parameters: 19, optimizer: 13, rows: 18, images: 10, anything: 15 << 20 };
const SHADERS: Held =
    Held { parameters: 21, optimizer: 10, rows: 20, images: 37, anything: 60 << 20 };

/// The memory that a training takes, by purpose, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Parameters, their gradients and the optimizer's memory, with all copies.
    pub weights: u64,
    /// The values of each layer for batches, the test set and probes.
    pub rows: u64,
    /// Images on the device.
    pub images: u64,
    /// Anything else.
    pub anything: u64,
}

impl Need {
    /// What training a network takes of this machine's memory, in addition to what is already in use.
    #[must_use]
    pub fn of(model: &Model, backend: &dyn Backend) -> Self {
        let program = &model.program;
        let sum = |ids: &mut dyn Iterator<Item = TensorId>| {
            ids.map(|id| 4 * program.spec(id).shape.len() as u64).sum::<u64>()
        };
        let parameters = sum(&mut model.parameters.iter().map(|one| one.value));
        let optimizer = sum(&mut model.optimizer_state.iter().copied());
        let images = sum(&mut [model.train.images, model.test.images].into_iter());
        let rows = program.bytes().saturating_sub(2 * parameters + optimizer + images);
        let adapter = backend.adapter();
        let held = if adapter.is_cpu_engine() { CPU } else { SHADERS };
        let need = Self {
            weights: held.parameters * parameters + held.optimizer * optimizer,
            rows: held.rows * rows / 10,
            images: held.images * images / 10,
            anything: held.anything,
        };
        if adapter.shares_memory() {
            return need;
        }
        // The program's own memory is on the device, which does not report how much it has.
        Self {
            weights: need.weights - 2 * parameters - optimizer,
            rows: need.rows.saturating_sub(rows),
            images: need.images.saturating_sub(images),
            ..need
        }
    }

    /// All of it.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.weights + self.rows + self.images + self.anything
    }

    /// Checks that it is available.
    ///
    /// # Errors
    /// [`crate::error::Error::Config`] with what is needed, what is available, and which settings take less.
    pub fn check(&self, name: &str) -> Result<()> {
        let Self { weights, rows, images, .. } = *self;
        let largest = weights.max(rows).max(images);
        let less = match largest {
            _ if largest == weights => {
                "fewer or narrower layers (--hidden), SGD or fewer --replicas"
            }
            _ if largest == rows => {
                "a smaller --batch, narrower layers (--hidden) or fewer --replicas"
            }
            _ => "fewer images (--train-images, --test-images)",
        };
        let what = format!(
            "training {name} (weights {}, rows of batches {}, images {})",
            words(weights),
            words(rows),
            words(images)
        );
        memory::require(self.bytes(), &what, &format!("{less} take less"))
    }
}
