//! How a network classifies a test set.

use serde::{Deserialize, Serialize};

/// What one replica of a network makes of a test set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The network, for example `sigmoid-batch`.
    pub run: String,
    /// The replica.
    pub replica: usize,
    /// The steps that it was trained for; none where nothing says it.
    pub step: Option<usize>,
    /// The number of images.
    pub images: usize,
    /// Mean cross-entropy over them, in nats.
    pub loss: f64,
    /// Share of them that are classified correctly.
    pub accuracy: f64,
    /// The classes, in the order of the matrix.
    pub classes: Vec<ClassRecord>,
    /// How many images of each class (a row) are taken for each class (a column).
    pub confusion: Vec<Vec<usize>>,
}

/// What a network makes of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRecord {
    /// What people call it.
    pub label: usize,
    /// Its images.
    pub images: usize,
    /// Of the images that are taken for it, the share that is; none where there are none.
    pub precision: Option<f64>,
    /// Of its images, the share that is taken for it; none where there are none.
    pub recall: Option<f64>,
}

impl Classification {
    /// The name of the network, and of its replica where that is not the first.
    #[must_use]
    pub fn name(&self) -> String {
        match self.replica {
            0 => self.run.clone(),
            replica => format!("{}-replica{replica}", self.run),
        }
    }
}
