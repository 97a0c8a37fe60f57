//! A trained network on a backend, and what it makes of images.

use super::weights::Trained;
use crate::backend::{Backend, Session};
use crate::config::Experiment;
use crate::data::{Dataset, Examples};
use crate::error::Result;
use crate::model::{Model, Network};
use crate::tensor::{Shape, Tensor};
use crate::train::evaluation::{rewind, scores};
use crate::train::test_set;

/// A trained network with images on a backend. Its norms use running statistics, as in an evaluation.
pub struct Inference {
    model: Model,
    session: Box<dyn Session>,
}

/// What one replica makes of the images.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Mean cross-entropy with their labels, in nats.
    pub loss: f64,
    /// Share of them whose label has the largest logit.
    pub accuracy: f64,
    /// The logits, `[images, classes]`.
    pub logits: Tensor<f32>,
}

impl Inference {
    /// The network of this name, ready for images of the size that it was trained on, with labels that are less than
    /// its number of classes.
    ///
    /// # Errors
    /// As [`Trained::find`]; [`crate::error::Error::Data`] when a tensor is missing or has another shape; when the
    /// backend cannot hold it.
    pub fn new(
        backend: &mut dyn Backend,
        trained: &Trained,
        name: &str,
        images: &Examples,
    ) -> Result<Self> {
        let network = trained.find(name)?;
        let [_, classes] = trained.ends(name)?;
        // Nothing is trained: one image stands for the training set.
        let experiment = Experiment { batch: 1, probes: 0, ..trained.experiment.clone() };
        let size = [images.image_rows, images.image_cols];
        let one = Examples::new(&vec![0; images.features()], vec![0], size);
        let (train, test, first_label) = (one, images.clone(), 0);
        let data = Dataset { name: String::new(), train, test, classes, first_label };
        // Every kernel is a dispatch of its own, so that the logits are written.
        let model = Model::new(Network::new(&experiment, network, &data))?;
        let uploads = trained.uploads(&model, name)?;
        let mut session = backend.load(&model.program)?;
        session.upload(&uploads)?;
        session.upload(&test_set(&model, &data))?;
        Ok(Self { model, session })
    }

    /// Runs the network over all images; one result a replica.
    ///
    /// # Errors
    /// When the device is lost or refuses.
    pub fn run(&mut self) -> Result<Vec<Scored>> {
        let Self { model, session } = self;
        let Network { replicas, classes, test_batch, test_examples, .. } = model.network;
        let mut logits = vec![Vec::with_capacity(test_examples * classes); replicas];
        rewind(session.as_mut(), model)?;
        for chunk in 0..model.network.test_chunks() {
            session.run(&[model.evaluate], 1)?;
            let found = session.read(model.test_logits)?.into_real()?;
            // The first chunk is filled up in front.
            let missing = if chunk == 0 {
                test_examples.next_multiple_of(test_batch) - test_examples
            } else {
                0
            };
            for (replica, logits) in logits.iter_mut().enumerate() {
                logits.extend(&found.matrix(replica)[missing * classes..]);
            }
        }
        let scored = scores(session.as_mut(), model)?.into_iter().zip(logits);
        let shape = Shape::matrix(test_examples, classes);
        let scored = scored.map(|(score, logits)| Scored {
            loss: score.loss,
            accuracy: score.accuracy,
            logits: Tensor::new(shape, logits),
        });
        Ok(scored.collect())
    }
}
