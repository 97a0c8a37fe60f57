//! The records of a run, read back: everything that the report knows.

use super::chance::{self, Chance};
use super::damaged::{lines, text, whole};
use super::style;
use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::files;
use crate::record::{
    ConstantGuess, Evaluation, Pick, Probe, RunRecord, Summary, SweepRecord, Swept, highest,
    lowest, median, parts_of,
};
use crate::train::run_name;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A network of a run, as its records name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network<'a> {
    /// Its name, for example `sigmoid-batch`.
    pub run: &'a str,
    /// Its activation's key.
    pub activation: &'a str,
    /// Its norm's key.
    pub norm: &'a str,
}

impl<'a> Network<'a> {
    fn of(Evaluation { run, activation, norm, .. }: &'a Evaluation) -> Self {
        Self { run, activation, norm }
    }

    /// The network in words, for example `ReLU, batch norm`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}, {}", style::activation(self.activation), style::stroke(self.norm).label)
    }
}

/// The contents of a run's folder, less after a run was killed or a file was truncated.
#[derive(Clone, Debug)]
pub struct Records {
    /// The experiment.
    pub experiment: Experiment,
    /// The results; none if no network has finished.
    pub summary: Option<Summary>,
    /// The evaluations, in the order in which they were recorded; with several replicas, the medians over
    /// them, value by value.
    pub evaluations: Vec<Evaluation>,
    /// The lowest and the highest values over the replicas at each of these evaluations; empty if there
    /// is one replica.
    pub ranges: Vec<[Evaluation; 2]>,
    /// The probes of the first replica, in the order in which they were recorded.
    pub probes: Vec<Probe>,
    /// The networks of each sweep in the folder.
    pub sweeps: BTreeMap<Swept, Vec<SweepRecord>>,
    /// The keys of the columns and rows of a sweep's heat map, where they are not those with the most values.
    pub heat_map: Option<[String; 2]>,
    /// Sentences about what is missing.
    pub missing: Vec<String>,
}

impl Records {
    /// Reads the folder of a run.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Config`] when it has no readable experiment. Anything else that is missing
    /// or damaged is reported in `missing`.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::of(Experiment::read(&folder.join("experiment.toml"))?, folder)
    }

    /// An experiment's records, of which nothing else is known.
    #[must_use]
    pub fn new(experiment: Experiment, evaluations: Vec<Evaluation>, probes: Vec<Probe>) -> Self {
        let (ranges, sweeps, missing) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self {
            experiment,
            summary: None,
            evaluations,
            ranges,
            probes,
            sweeps,
            heat_map: None,
            missing,
        }
    }

    /// Reads the folder of a run whose experiment is known.
    ///
    /// # Errors
    /// [`Error::File`] when a file is there but cannot be read.
    pub fn of(experiment: Experiment, folder: &Path) -> Result<Self> {
        let (mut missing, mut cut_off) = (Vec::new(), Vec::new());
        let sweeps = sweeps(folder, &mut cut_off)?;
        let mut records = Self { sweeps, ..Self::new(experiment, Vec::new(), Vec::new()) };
        let of_a_run = ["metrics.jsonl", "summary.json"];
        if records.sweeps.is_empty() || of_a_run.iter().any(|file| folder.join(file).exists()) {
            records.read_run(folder, &mut missing)?;
        }
        records.missing = [missing, cut_off].concat();
        Ok(records)
    }

    /// Reads the files of a run.
    fn read_run(&mut self, folder: &Path, missing: &mut Vec<String>) -> Result<()> {
        if let Some(text) = text(folder, "summary.json", missing)? {
            self.summary = whole(&text, "summary.json", missing);
        }
        let others = "summary.json belongs to a different run than experiment.toml and is ignored";
        let toml = files::read(&folder.join("experiment.toml")).map(|bytes| files::sha256(&bytes));
        let is_others = |summary: &mut Summary| {
            toml.as_ref().is_ok_and(|hash| summary.experiment.as_ref().is_some_and(|of| of != hash))
        };
        missing.extend(self.summary.take_if(is_others).map(|_| others.to_owned()));
        let mut evaluations = evaluations(folder, missing)?;
        self.keep_own(&mut evaluations, "metrics.jsonl", missing, |one| {
            (&one.run, one.step, one.replica)
        });
        (self.evaluations, self.ranges) = over_replicas(evaluations, self.experiment.replicas);
        missing.extend(self.unfinished());
        let mut probes: Vec<Probe> = lines(folder, "histograms.jsonl", missing)?;
        for Probe { run, activation, norm, .. } in &mut probes {
            name_parts(run, activation, norm);
            check_names("histograms.jsonl", [run, activation, norm])?;
        }
        self.keep_own(&mut probes, "histograms.jsonl", missing, |one| (&one.run, one.step, 0));
        self.probes = probes;
        Ok(())
    }

    /// Drops lines that this run did not write: those of networks or steps that it does not have, and
    /// later duplicates.
    fn keep_own<T>(
        &self,
        lines: &mut Vec<T>,
        file: &str,
        missing: &mut Vec<String>,
        of: impl Fn(&T) -> (&str, usize, usize),
    ) {
        let Experiment { steps, replicas, .. } = self.experiment;
        let networks = self.experiment.networks().into_iter();
        let names: Vec<_> = networks.map(|(activation, norm)| run_name(activation, norm)).collect();
        let (all, mut known) = (lines.len(), BTreeSet::new());
        lines.retain(|line| {
            let (run, step, replica) = of(line);
            let is_own =
                names.iter().any(|name| name == run) && step <= steps && replica < replicas;
            is_own && known.insert((run.to_owned(), step, replica))
        });
        if lines.len() < all {
            let left_out = all - lines.len();
            missing.push(format!(
                "{left_out} of {all} lines of {file} belong to a different run than experiment.toml and are ignored"
            ));
        }
    }

    /// The evaluations of one network in the folder of a run, as [`Records::evaluations_of`] gives them.
    ///
    /// # Errors
    /// [`Error::File`] when the file is there but cannot be read.
    pub fn evaluations_in(folder: &Path, run: &str, replicas: usize) -> Result<Vec<Evaluation>> {
        let mut evaluations = evaluations(folder, &mut Vec::new())?;
        evaluations.retain(|evaluation| evaluation.run == run);
        Ok(over_replicas(evaluations, replicas).0)
    }

    /// A sentence about each network that has no evaluations, or none for the last step.
    #[must_use]
    pub fn unfinished(&self) -> Vec<String> {
        let sentence = |(activation, norm)| {
            let name = run_name(activation, norm);
            let steps = self.evaluations_of(&name).map(|evaluation| evaluation.step);
            match steps.max() {
                None => Some(format!("{name} has recorded nothing")),
                Some(step) if step < self.experiment.steps => Some(format!(
                    "{name} was recorded up to step {step} of {}",
                    self.experiment.steps
                )),
                Some(_) => None,
            }
        };
        self.experiment.networks().into_iter().filter_map(sentence).collect()
    }

    /// Whether the folder has only sweeps.
    #[must_use]
    pub fn is_of_sweeps(&self) -> bool {
        self.summary.is_none() && self.evaluations.is_empty() && !self.sweeps.is_empty()
    }

    /// The networks that have an evaluation, in the order in which they were trained.
    #[must_use]
    pub fn networks(&self) -> Vec<Network<'_>> {
        distinct(self.evaluations.iter().map(Network::of))
    }

    /// The evaluations of a run.
    pub fn evaluations_of<'a>(&'a self, run: &'a str) -> impl Iterator<Item = &'a Evaluation> {
        self.evaluations.iter().filter(move |evaluation| evaluation.run == run)
    }

    /// The lowest and the highest figures of a run's evaluations, where it has several replicas.
    pub fn ranges_of<'a>(&'a self, run: &'a str) -> impl Iterator<Item = &'a [Evaluation; 2]> {
        self.ranges.iter().filter(move |[lowest, _]| lowest.run == run)
    }

    /// The evaluations and both ends of their ranges: all that a picture has room for.
    pub fn evaluations_and_ranges(&self) -> impl Iterator<Item = &Evaluation> {
        self.evaluations.iter().chain(self.ranges.iter().flatten())
    }

    /// The number of replicas of each network, if there are several.
    #[must_use]
    pub fn several(&self) -> Option<usize> {
        Some(self.experiment.replicas).filter(|&replicas| replicas > 1)
    }

    /// What a guess that ignores the images reaches.
    #[must_use]
    pub fn constant_guess(&self) -> ConstantGuess {
        let of_run = self.summary.iter().map(|summary| summary.constant_guess);
        let of_sweeps = self.sweeps.values().flatten().map(|one| one.constant_guess);
        chance::constant_guess(of_run.chain(of_sweeps))
    }

    /// The label of the first class.
    #[must_use]
    pub fn first_label(&self) -> usize {
        self.summary.as_ref().map_or(0, |summary| summary.first_label)
    }

    /// The scale of the test set's accuracies.
    ///
    /// # Errors
    /// Why accuracy is meaningless.
    pub(super) fn chance(&self) -> std::result::Result<Chance, String> {
        Chance::new(self.constant_guess())
    }

    /// The networks of a sweep; empty if the folder does not have it.
    #[must_use]
    pub fn sweep(&self, swept: Swept) -> &[SweepRecord] {
        self.sweeps.get(&swept).map_or(&[], Vec::as_slice)
    }

    /// The probes of a run.
    pub fn probes_of<'a>(&'a self, run: &'a str) -> impl Iterator<Item = &'a Probe> {
        self.probes.iter().filter(move |probe| probe.run == run)
    }
}

/// The evaluations' medians over the replicas and, if there are several, their ranges. The replicas of one
/// evaluation are consecutive; if one is missing, the evaluation is dropped.
fn over_replicas(
    recorded: Vec<Evaluation>,
    replicas: usize,
) -> (Vec<Evaluation>, Vec<[Evaluation; 2]>) {
    if replicas <= 1 {
        return (recorded, Vec::new());
    }
    let together = recorded.chunk_by(|one, other| (&one.run, one.step) == (&other.run, other.step));
    let whole =
        together.filter(|all| all.iter().map(|evaluation| evaluation.replica).eq(0..replicas));
    let picked = whole.filter_map(|all| {
        let all: Vec<_> = all.iter().collect();
        let of = |pick: Pick| Evaluation::across(&all, pick);
        Some((of(median)?, [of(lowest)?, of(highest)?]))
    });
    picked.unzip()
}

/// The distinct items of `all`, in their order.
#[must_use]
pub fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// The evaluations in a folder, of every replica; `missing` gets sentences about damaged lines.
/// # Errors
/// As [`Records::of`].
pub fn evaluations(folder: &Path, missing: &mut Vec<String>) -> Result<Vec<Evaluation>> {
    let mut evaluations = lines(folder, "metrics.jsonl", missing)?;
    for Evaluation { run, activation, norm, .. } in &mut evaluations {
        name_parts(run, activation, norm);
        check_names("metrics.jsonl", [run, activation, norm])?;
    }
    Ok(evaluations)
}

/// Fills in a record of an older version with the activation and the norm from its run's name.
fn name_parts(run: &str, activation: &mut String, norm: &mut String) {
    if activation.is_empty() {
        let parts = parts_of(run);
        (*activation, *norm) = (parts.0.to_owned(), parts.1.to_owned());
    }
}

/// Rejects names that cannot be part of a picture's file name.
fn check_names(file: &str, names: [&str; 3]) -> Result<()> {
    match names.into_iter().find(|name| !name.is_empty() && !files::is_name(name)) {
        None => Ok(()),
        Some(name) => Err(Error::Data(format!(
            "{file} has a network named {name:?}, which cannot be part of a file name, so no run has written \
             it. Name a folder that a run has written"
        ))),
    }
}

/// The networks of each sweep whose file exists; a sentence in `missing` if it is incomplete.
fn sweeps(folder: &Path, missing: &mut Vec<String>) -> Result<BTreeMap<Swept, Vec<SweepRecord>>> {
    let mut sweeps = BTreeMap::new();
    for swept in Swept::ALL.into_iter().filter(|swept| folder.join(swept.file()).exists()) {
        let mut networks: Vec<SweepRecord> = lines(folder, swept.file(), missing)?;
        networks.sort_by_key(|network| network.cell);
        let (recorded, file) = (networks.len(), swept.file());
        for SweepRecord { run: RunRecord { name, activation, norm, .. }, .. } in &networks {
            check_names(file, [name, activation, norm])?;
        }
        match networks.iter().find_map(|network| network.networks) {
            None if recorded == 0 => missing.push(format!("{file} contains no networks")),
            Some(all) if recorded < all => {
                missing.push(format!("{file} contains {recorded} of {all} networks"));
            }
            _ => {}
        }
        sweeps.insert(swept, networks);
    }
    Ok(sweeps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    type Tested = std::result::Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn what_is_cut_off_is_reported_and_the_rest_is_read() -> Tested {
        let folder = tempfile::tempdir()?;
        fs::write(
            folder.path().join("experiment.toml"),
            "activation = \"relu\"\nnorm = [\"none\", \"batch\"]\nsteps = 3\n",
        )?;
        let line = r#"{"run":"relu-none","step":1,"losses":[2.0],"train_loss":2.0,"#.to_owned()
            + r#""train_accuracy":0.1,"test_loss":2.0,"test_accuracy":0.1,"layers":[],"#
            + r#""output_spread":0.5,"ms_per_step":1.0}"#;
        fs::write(folder.path().join("metrics.jsonl"), format!("{line}\n{}", &line[..40]))?;
        let records = Records::read(folder.path())?;
        assert_eq!(
            records.networks().iter().map(Network::label).collect::<Vec<_>>(),
            ["ReLU, no norm"]
        );
        assert_eq!(records.evaluations_of("relu-none").count(), 1);
        assert_eq!(
            records.missing,
            [
                "summary.json was not found",
                "1 of 2 lines of metrics.jsonl are damaged",
                "relu-none was recorded up to step 1 of 3",
                "relu-batch has recorded nothing",
                "histograms.jsonl was not found"
            ]
        );
        assert!(Records::read(&folder.path().join("none")).is_err());
        Ok(())
    }
}
