//! The network that a program is made from.

use super::stage::Stage;
use crate::config::{Affine, Experiment, Init, Norm, NormKind, NormPosition, Optimizer};
use crate::data::{Dataset, batches};
use crate::kernels::activation::Activation;
use crate::kernels::gather;

/// A fully connected network and the shapes of its training data.
#[derive(Clone, Debug)]
pub struct Network {
    /// Independent copies of the whole experiment.
    pub replicas: usize,
    /// Inputs of the first layer.
    pub features: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Outputs of the last layer.
    pub classes: usize,
    /// The hidden layers' activation.
    pub activation: Activation,
    /// The hidden layers' norm.
    pub norm: Norm,
    /// How a layer or group norm's gammas and betas, or an RMS norm's gammas, are shared.
    pub affine: Affine,
    /// Where the norm is placed.
    pub norm_position: NormPosition,
    /// Initial weights.
    pub init: Init,
    /// How parameters are updated.
    pub optimizer: Optimizer,
    /// SGD's momentum.
    pub momentum: f32,
    /// Examples per training batch.
    pub batch: usize,
    /// Batches per epoch.
    pub steps_per_epoch: usize,
    /// Epochs whose order is on the device at a time: enough that short epochs need no round trip to the
    /// host within the steps whose losses are kept.
    pub epochs_per_order: usize,
    /// Steps whose loss and number of correct examples are kept until they are read.
    pub history: usize,
    /// Batches whose images are on the device at a time, if all images would exceed its largest binding;
    /// none if all are there.
    pub window: Option<usize>,
    /// Training examples.
    pub train_examples: usize,
    /// Test examples.
    pub test_examples: usize,
    /// Examples per chunk of an evaluation.
    pub test_batch: usize,
    /// Training images of a probe; 0 if nothing is probed.
    pub probe_images: usize,
}

/// Steps whose losses stay on the device until they are read.
pub const HISTORY: usize = 256;

/// Training images of a probe, at most.
const PROBE_IMAGES: usize = 200;

/// Examples evaluated at once, at most.
const TEST_BATCH: usize = 500;

impl Network {
    /// One network of an experiment, for a data set.
    #[must_use]
    pub fn new(
        experiment: &Experiment,
        (activation, norm): (Activation, Norm),
        data: &Dataset,
    ) -> Self {
        let (train_examples, test_examples) = (data.train.len(), data.test.len());
        let steps_per_epoch = batches::steps_per_epoch(train_examples, experiment.batch);
        Self {
            replicas: experiment.replicas,
            features: data.train.features(),
            hidden: experiment.hidden.clone(),
            classes: data.classes,
            activation,
            norm,
            affine: experiment.affine,
            norm_position: experiment.norm_position,
            init: experiment.init,
            optimizer: experiment.optimizer,
            momentum: experiment.momentum,
            batch: experiment.batch,
            steps_per_epoch,
            epochs_per_order: HISTORY.div_ceil(steps_per_epoch),
            history: HISTORY,
            window: None,
            train_examples,
            test_examples,
            test_batch: test_examples.min(TEST_BATCH),
            probe_images: if experiment.probes > 0 { train_examples.min(PROBE_IMAGES) } else { 0 },
        }
    }

    /// Its widths, for example `784-100-10`.
    #[must_use]
    pub fn name(&self) -> String {
        let widths = [self.features].into_iter().chain(self.widths());
        widths.map(|width| width.to_string()).collect::<Vec<_>>().join("-")
    }

    /// The same on a device whose largest binding is `largest` bytes.
    #[must_use]
    pub fn within(mut self, largest: usize) -> Self {
        let image = self.image_bytes();
        if self.train_examples.saturating_mul(image) > largest {
            let slot = image * self.batch * self.replicas;
            self.window = Some((largest / slot).clamp(1, HISTORY));
        }
        self
    }

    /// Bytes of one image on the device.
    fn image_bytes(&self) -> usize {
        4 * self.features.div_ceil(gather::BYTES_PER_WORD)
    }

    /// Batches in the ring that holds the order of the examples.
    #[must_use]
    pub fn order_slots(&self) -> usize {
        self.window.unwrap_or(self.epochs_per_order * self.steps_per_epoch)
    }

    /// Training images that are on the device at a time.
    #[must_use]
    pub fn images_held(&self) -> usize {
        self.window.map_or(self.train_examples, |slots| self.replicas * slots * self.batch)
    }

    /// Chunks of one evaluation.
    #[must_use]
    pub fn test_chunks(&self) -> usize {
        self.test_examples.div_ceil(self.test_batch)
    }

    /// Units of each layer, the output layer last.
    pub(super) fn widths(&self) -> Vec<usize> {
        self.hidden.iter().copied().chain([self.classes]).collect()
    }

    /// What follows the product of layer `layer`, counted from 0.
    pub(super) fn stages(&self, layer: usize) -> Vec<Stage> {
        let activation = self.activation;
        if layer == self.hidden.len() {
            return vec![Stage { norm: NormKind::None, activation: Activation::Identity }];
        }
        match (self.norm.of_layer(layer, self.hidden.len()), self.norm_position) {
            (norm @ NormKind::None, _) | (norm, NormPosition::Before) => {
                vec![Stage { norm, activation }]
            }
            (norm, NormPosition::After) => vec![
                Stage { norm: NormKind::None, activation },
                Stage { norm, activation: Activation::Identity },
            ],
        }
    }
}
