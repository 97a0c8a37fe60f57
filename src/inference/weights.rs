//! The weights that a run has left, and the experiment that says which networks they are of.

use crate::config::{Experiment, Norm};
use crate::error::{Error, Result, unknown};
use crate::files::{TensorBytes, read_tensors};
use crate::kernels::activation::Activation;
use crate::model::Model;
use crate::program::{TensorId, Upload};
use crate::record::WeightsRecord;
use crate::tensor::{Tensor, Value};
use crate::train::run_folder::WEIGHTS;
use crate::train::run_name;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The networks of a run with their weights.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The experiment.
    pub experiment: Experiment,
    /// Where the weights come from; none where an older version wrote them.
    pub about: Option<WeightsRecord>,
    path: PathBuf,
    tensors: BTreeMap<String, TensorBytes>,
}

impl Trained {
    /// Reads what is in the folder of a run.
    ///
    /// # Errors
    /// [`Error::Config`] when there are no weights, or nothing that says of which experiment; [`Error::Data`] when the
    /// file is damaged; [`Error::File`] when it cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(WEIGHTS);
        let (tensors, words) = read_tensors(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Error::Config(format!(
                "{} has no {WEIGHTS}; name the folder that a run has left, for example runs/lesson",
                folder.display()
            )),
            ErrorKind::InvalidData => Error::Data(format!(
                "{} is no whole safetensors file: {error}; train again, or name the folder of another run",
                path.display()
            )),
            _ => Error::file("read", &path, error),
        })?;
        let about = WeightsRecord::read(&words);
        let toml = folder.join("experiment.toml");
        let experiment = match &about {
            Some(about) => Experiment::parse(&about.experiment, &path.display().to_string())?,
            None if toml.is_file() => Experiment::read(&toml)?,
            None => {
                return Err(Error::Config(format!(
                    "{} does not say of which experiment it is, and there is no experiment.toml beside it; put \
                     back the one that the run has left",
                    path.display()
                )));
            }
        };
        experiment.validate()?;
        Ok(Self { experiment, about, path, tensors })
    }

    /// The networks that have weights, in the experiment's order.
    #[must_use]
    pub fn networks(&self) -> Vec<String> {
        let names = self.experiment.networks().into_iter();
        let names = names.map(|(activation, norm)| run_name(activation, norm));
        names.filter(|name| self.tensors.contains_key(&first_weight(name))).collect()
    }

    /// Activation and norm of a network that has weights.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no such network, with those that there are.
    pub fn find(&self, name: &str) -> Result<(Activation, Norm)> {
        let known = self.networks();
        let all = self.experiment.networks().into_iter();
        let mut all = all.filter(|&(activation, norm)| run_name(activation, norm) == name);
        all.next().filter(|_| known.iter().any(|one| one == name)).ok_or_else(|| {
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            let complaint = format!("{} has no network {name:?}", self.path.display());
            Error::Config(match known.is_empty() {
                true => format!("{complaint}, and no other one of its experiment; train it again"),
                false => unknown(&complaint, name, &known, ""),
            })
        })
    }

    /// How many features a network takes, and how many classes it tells apart.
    ///
    /// # Errors
    /// [`Error::Data`] when the file lacks the tensors that say it.
    pub fn ends(&self, name: &str) -> Result<[usize; 2]> {
        let last = format!("{name}/layer{}.weight", self.experiment.hidden.len() + 1);
        let axis = |tensor: &str, from_the_end: usize| {
            let shape = self.tensors.get(tensor).map(|tensor| tensor.shape.as_slice());
            let found = shape.and_then(|shape| shape.iter().rev().nth(from_the_end)).copied();
            found.filter(|&length| length > 0).ok_or_else(|| self.lacks(tensor))
        };
        Ok([axis(&first_weight(name), 1)?, axis(&last, 0)?])
    }

    /// The steps that a network was trained for, where the file says it.
    #[must_use]
    pub fn steps(&self, name: &str) -> Option<usize> {
        self.about.as_ref()?.steps.get(name).copied()
    }

    /// Rows and columns of the images that a network was trained on: those of the file, else of a square.
    ///
    /// # Errors
    /// [`Error::Data`] when neither is known.
    pub fn image(&self, name: &str) -> Result<[usize; 2]> {
        let [features, _] = self.ends(name)?;
        let side = features.isqrt();
        let square = Some([side; 2]).filter(|_| side * side == features);
        let image = self.about.as_ref().map(|about| about.data.image).or(square);
        image.filter(|[rows, cols]| rows * cols == features).ok_or_else(|| {
            Error::Data(format!(
                "{} does not say how many rows and columns the images of {features} pixels have; train again",
                self.path.display()
            ))
        })
    }

    /// The weights of a network as its program takes them.
    ///
    /// # Errors
    /// [`Error::Data`] when a tensor is missing or has another shape.
    pub(super) fn uploads(&self, model: &Model, name: &str) -> Result<Vec<Upload>> {
        let upload = |(tensor, id): (String, TensorId)| {
            let shape = model.program.spec(id).shape;
            let key = format!("{name}/{tensor}");
            let found = self.tensors.get(&key).filter(|found| found.shape == shape.axes());
            let data = found.and_then(TensorBytes::to_reals).ok_or_else(|| self.lacks(&key))?;
            Ok(Upload { tensor: id, value: Arc::new(Value::Real(Tensor::new(shape, data))) })
        };
        model.named_weights().into_iter().map(upload).collect()
    }

    fn lacks(&self, tensor: &str) -> Error {
        Error::Data(format!(
            "{} lacks the tensor {tensor} of the shape that its experiment asks for: the file is of another \
             experiment; put back the one that the run has left, or train again",
            self.path.display()
        ))
    }
}

/// The name of a network's first weights.
fn first_weight(name: &str) -> String {
    format!("{name}/layer1.weight")
}
