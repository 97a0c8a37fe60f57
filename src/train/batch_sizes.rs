//! The batch-size experiment: the same networks trained at one batch size after another.
//!
//! Learning rate and number of steps are the same for all sizes, so that a batch is all that changes;
//! 0.01 is what single examples bear. A larger batch has seen more examples in the end: two norms are
//! to be compared at one size, not two sizes of one norm.
//!
//! ```text
//! batch_sizes.jsonl     one line a network, there as soon as it has ended
//! experiment.toml       what all networks have in common, apart from batch and seed
//! ```

use super::run::{self, Observer};
use super::run_folder::create_free;
use super::trainer::{Plan, Weights};
use crate::backend::Backend;
use crate::config::{Experiment, Norm};
use crate::error::{Error, Result};
use crate::files::replace;
use crate::record::{BatchSizeRecord, Moment};
use std::fs;
use std::path::{Path, PathBuf};

/// Moments of a network, beside the first.
const MOMENTS: usize = 5;

/// Seeds at most.
const MAX_SEEDS: u64 = 1_000;

/// What is trained: every network of an experiment, at every size, with every seed.
#[derive(Clone, Debug)]
pub struct BatchSizes {
    /// What all have in common; its own batch is not used, its seed is the first one.
    pub experiment: Experiment,
    /// The batch sizes.
    pub sizes: Vec<usize>,
    /// How many seeds.
    pub seeds: u64,
}

impl Default for BatchSizes {
    fn default() -> Self {
        let experiment = Experiment {
            norm: vec![Norm::Batch, Norm::Layer],
            learning_rate: 0.01,
            steps: 2_000,
            probes: 0,
            ..Experiment::default()
        };
        Self { experiment, sizes: vec![1, 2, 4, 16, 60], seeds: 1 }
    }
}

impl BatchSizes {
    /// One experiment for each size and seed.
    #[must_use]
    pub fn experiments(&self) -> Vec<Experiment> {
        let evaluate_every = self.experiment.steps.div_ceil(MOMENTS);
        let sized = |&batch: &usize| {
            (0..self.seeds).map(move |more| Experiment {
                batch,
                seed: self.experiment.seed.saturating_add(more),
                evaluate_every,
                ..self.experiment.clone()
            })
        };
        self.sizes.iter().flat_map(sized).collect()
    }

    /// Checks every value, with the number of training examples.
    ///
    /// # Errors
    /// [`Error::Config`] with what is wrong and what it may be.
    pub fn validate(&self, examples: usize) -> Result<()> {
        let repeated = |(at, size): (usize, &usize)| self.sizes[..at].contains(size);
        if self.sizes.is_empty() || self.sizes.iter().enumerate().any(repeated) {
            return Err(Error::Config("sizes are to be one or more, each once".into()));
        }
        if !(1..=MAX_SEEDS).contains(&self.seeds) {
            return Err(Error::Config(format!(
                "seeds is {}; expected a whole number from 1 to {MAX_SEEDS}",
                self.seeds
            )));
        }
        for experiment in self.experiments() {
            experiment.validate()?;
            experiment.validate_for(examples)?;
        }
        Ok(())
    }
}

/// Trains one network of an experiment to its end.
///
/// # Errors
/// As [`run::train`].
pub fn train(
    backend: &mut dyn Backend,
    plan: &Plan<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<BatchSizeRecord> {
    let mut watch = Watch { progress, hidden_gradient: 0.0 };
    let run = run::train(backend, plan, &mut watch)?;
    let experiment = plan.experiment;
    Ok(BatchSizeRecord {
        batch: experiment.batch,
        seed: experiment.seed,
        learning_rate: experiment.learning_rate,
        hidden: experiment.hidden.clone(),
        data: plan.data.name.clone(),
        hidden_gradient: watch.hidden_gradient,
        adapter: backend.adapter(),
        run,
    })
}

/// Keeps the largest gradient of hidden weights.
struct Watch<'a> {
    progress: &'a mut dyn FnMut(usize),
    hidden_gradient: f64,
}

impl Observer for Watch<'_> {
    fn progress(&mut self, step: usize) {
        (self.progress)(step);
    }

    fn moment(&mut self, moment: &Moment, _: &Weights) -> Result<()> {
        if let Some((_, hidden)) = moment.layers.split_last() {
            let gradients = hidden.iter().map(|layer| layer.gradient_rms.abs());
            // One that is not a number stays the largest: it must not pass for 0.
            let all = gradients.chain([self.hidden_gradient]);
            self.hidden_gradient = all.max_by(f64::total_cmp).unwrap_or_default();
        }
        Ok(())
    }
}

/// The folder of a batch-size experiment: one of its own, or that of a run, whose report then shows it.
#[derive(Debug)]
pub struct BatchSizesFolder {
    path: PathBuf,
    records: Vec<BatchSizeRecord>,
}

impl BatchSizesFolder {
    /// Whether the records may go to `out`: before anything is computed for them.
    ///
    /// # Errors
    /// [`Error::Config`] when `out` holds such records and `force` is not given.
    pub fn check_free(out: Option<&Path>, force: bool) -> Result<()> {
        match out {
            Some(out) if !force && out.join(BatchSizeRecord::FILE).exists() => {
                Err(Error::Config(format!(
                    "{} holds batch sizes already; name another folder with --out, or replace them \
                     with --force",
                    out.display()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Makes the folder: `out` if given, else the first of `runs/batch-sizes`, `runs/batch-sizes-2`, …
    /// that is free. A run in `out` is left as it is.
    ///
    /// # Errors
    /// As [`Self::check_free`]; [`Error::File`] when it cannot be written.
    pub fn create(out: Option<&Path>, force: bool, experiment: &Experiment) -> Result<Self> {
        Self::check_free(out, force)?;
        let path = match out {
            Some(out) => {
                fs::create_dir_all(out).map_err(|error| Error::file("create", out, error))?;
                out.to_owned()
            }
            None => create_free("batch-sizes")?,
        };
        let folder = Self { path, records: Vec::new() };
        folder.write("create")?;
        if !folder.path.join("metrics.jsonl").exists() {
            let toml = folder.path.join("experiment.toml");
            replace(&toml, experiment.to_toml()?.as_bytes())
                .map_err(|error| Error::file("create", &toml, error))?;
        }
        Ok(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The networks that have ended.
    #[must_use]
    pub fn records(&self) -> &[BatchSizeRecord] {
        &self.records
    }

    /// Takes in a network that has ended.
    ///
    /// # Errors
    /// [`Error::File`] when the records cannot be written.
    pub fn add(&mut self, record: BatchSizeRecord) -> Result<()> {
        self.records.push(record);
        self.write("write")
    }

    fn write(&self, action: &'static str) -> Result<()> {
        let path = self.path.join(BatchSizeRecord::FILE);
        let failed = |error| Error::file(action, &path, error);
        let mut lines = Vec::new();
        for record in &self.records {
            serde_json::to_writer(&mut lines, record).map_err(|error| failed(error.into()))?;
            lines.push(b'\n');
        }
        replace(&path, &lines).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_trained_with_every_seed() {
        let all = BatchSizes { sizes: vec![1, 60], seeds: 2, ..BatchSizes::default() };
        let pairs: Vec<_> = all.experiments().iter().map(|one| (one.batch, one.seed)).collect();
        assert_eq!(pairs, [(1, 1), (1, 2), (60, 1), (60, 2)]);
        assert!(all.validate(60).is_ok());
        for sizes in [vec![], vec![2, 2], vec![0], vec![61]] {
            assert!(
                BatchSizes { sizes: sizes.clone(), ..all.clone() }.validate(60).is_err(),
                "{sizes:?}"
            );
        }
        for seeds in [0, u64::MAX] {
            assert!(BatchSizes { seeds, ..all.clone() }.validate(60).is_err(), "{seeds}");
        }
    }
}
