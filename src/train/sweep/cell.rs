//! One cell of a sweep: a network, trained and recorded.

use crate::backend::Backend;
use crate::config::Cell;
use crate::error::Result;
use crate::interrupt;
use crate::record::{Evaluation, ReplicaEnd, RunRecord, SweepRecord, median};
use crate::train::observer::Observer;
use crate::train::plan::Plan;
use crate::train::run;
use crate::train::trainer::Weights;
use std::collections::BTreeMap;
use std::time::Instant;

/// A cell to be trained.
#[derive(Clone, Copy, Debug)]
pub struct CellPlan<'a> {
    /// Its network.
    pub plan: &'a Plan<'a>,
    /// The cell.
    pub cell: &'a Cell,
    /// How many cells the whole sweep has.
    pub cells: usize,
    /// The hash of its data, which takes long to compute where they are large.
    pub data_sha256: &'a str,
}

/// Trains the network of a cell; none where the user wished that it ends before its end.
///
/// # Errors
/// As [`run::train`].
pub fn train(
    backend: &mut dyn Backend,
    CellPlan { plan, cell, cells, data_sha256 }: CellPlan<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<Option<SweepRecord>> {
    let start = Instant::now();
    let mut watch = Watch { progress, evaluations: Vec::new() };
    let run = run::train(backend, plan, &mut watch)?;
    if run.steps < plan.experiment.steps && run.failure.is_none() {
        return Ok(None);
    }
    let record = record(backend, (plan, data_sha256), run, &watch.evaluations)?;
    Ok(Some(SweepRecord {
        cell: Some(cell.number),
        networks: Some(cells),
        values: cell.values.iter().map(|(key, text)| ((*key).to_owned(), text.clone())).collect(),
        elapsed_s: Some(start.elapsed().as_secs_f64()),
        ..record
    }))
}

/// A network that was trained, as a sweep of no more steps records it: as it was after these.
///
/// # Errors
/// As [`Plan::model`].
pub fn record_up_to(
    backend: &dyn Backend,
    (plan, data_sha256): (&Plan<'_>, &str),
    run: &RunRecord,
    evaluations: &[Evaluation],
) -> Result<SweepRecord> {
    let steps = plan.experiment.steps;
    let evaluations =
        &evaluations[..evaluations.partition_point(|evaluation| evaluation.step <= steps)];
    let then = run::record(plan, evaluations, &[]);
    let failure = run.failure.clone().filter(|_| run.steps < steps);
    record(backend, (plan, data_sha256), RunRecord { failure, ..then }, evaluations)
}

/// A network that was trained, and its evaluations, as a sweep records it.
///
/// # Errors
/// As [`Plan::model`].
fn record(
    backend: &dyn Backend,
    (plan, data_sha256): (&Plan<'_>, &str),
    run: RunRecord,
    evaluations: &[Evaluation],
) -> Result<SweepRecord> {
    let experiment = plan.experiment;
    let hidden =
        evaluations.iter().filter_map(|evaluation| Some(evaluation.layers.split_last()?.1));
    let gradients = hidden.flatten().map(|layer| layer.gradient_rms.abs());
    let together = evaluations.chunk_by(|one, other| one.step == other.step);
    let accuracy = |replicas: &[Evaluation]| {
        let all: Vec<_> = replicas.iter().map(|one| one.test_accuracy).collect();
        Some((replicas.first()?.step, median(&all)?))
    };
    let last = evaluations.last().map_or(0, |evaluation| evaluation.step);
    let ends = evaluations.iter().filter(|evaluation| evaluation.step == last);
    let end = |one: &Evaluation| ReplicaEnd {
        seed: experiment.seed.saturating_add(one.replica as u64),
        test_accuracy: Some(one.test_accuracy),
        train_loss: Some(one.train_loss),
    };
    Ok(SweepRecord {
        cell: None,
        values: BTreeMap::new(),
        experiment: Some(experiment.to_json()?),
        data_sha256: Some(data_sha256.to_owned()),
        batch: experiment.batch,
        seed: experiment.seed,
        learning_rate: experiment.learning_rate,
        affine: experiment.affine.name().to_owned(),
        hidden: experiment.hidden.clone(),
        data: plan.data.name.clone(),
        constant_guess: Some(plan.data.constant_guess()),
        parameters: Some(count_parameters(backend, plan)?),
        accuracies: together.filter_map(accuracy).collect(),
        replicas: ends.map(end).collect(),
        // One that is not a number is the largest: it must not pass for 0.
        hidden_gradient: gradients.max_by(f64::total_cmp).unwrap_or_default(),
        networks: None,
        of_lesson: false,
        elapsed_s: None,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        adapter: backend.adapter(),
        run,
    })
}

/// How many numbers the network of a plan learns.
fn count_parameters(backend: &dyn Backend, plan: &Plan<'_>) -> Result<usize> {
    Ok(plan.model(backend)?.parameters.iter().map(|parameter| parameter.shape.len()).sum())
}

/// Keeps the evaluations.
struct Watch<'a> {
    progress: &'a mut dyn FnMut(usize),
    evaluations: Vec<Evaluation>,
}

impl Observer for Watch<'_> {
    fn interrupted(&self) -> bool {
        interrupt::is_requested()
    }

    fn progress(&mut self, step: usize) {
        (self.progress)(step);
    }

    fn evaluation(&mut self, evaluation: &Evaluation, _: &Weights) -> Result<()> {
        self.evaluations.push(evaluation.clone());
        Ok(())
    }
}
