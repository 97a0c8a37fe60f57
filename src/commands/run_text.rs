//! What a run says: what it trains, what came out of each network, and of all.

use super::output::compared;
use super::terminal;
use crate::config::{Experiment, Optimizer};
use crate::data::Dataset;
use crate::kernels::precision::Precision;
use crate::record::{ReplicaRange, RunRecord, Summary};
use crate::report::{claims, number, table};
use crate::train::run_folder::RunFolder;

/// What is trained on what.
pub(super) fn introduction(experiment: &Experiment, data: &Dataset) -> String {
    format!(
        "data: {}, {} training and {} test images{}\nnetwork: {}, {} steps at batch {}, {} \
         at learning rate {:?}, {}{}",
        data.name,
        data.train.len(),
        data.test.len(),
        classes(data),
        layers(experiment, data),
        experiment.steps,
        experiment.batch,
        match experiment.optimizer {
            Optimizer::Sgd => "SGD",
            Optimizer::Adam => "Adam",
        },
        experiment.learning_rate,
        seeds(experiment),
        match experiment.precision {
            Precision::F32 => "",
            Precision::Mixed => ", products in mixed precision",
        },
    )
}

/// The seed, or those of several replicas.
fn seeds(experiment: &Experiment) -> String {
    match experiment.replicas {
        1 => format!("seed {}", experiment.seed),
        replicas => {
            format!("{replicas} replicas, seeds {} to {}", experiment.seed, experiment.last_seed())
        }
    }
}

/// The classes of the images, unless they are ten classes counted from 0.
fn classes(data: &Dataset) -> String {
    match (data.classes, data.first_label) {
        (10, 0) => String::new(),
        (classes, first) => {
            format!(" in {classes} classes, labelled {first} to {}", first + classes - 1)
        }
    }
}

/// The units of each layer, for example 784-100-10.
pub(super) fn layers(experiment: &Experiment, data: &Dataset) -> String {
    let units: String = experiment.hidden.iter().map(|units| format!("-{units}")).collect();
    format!("{}{units}-{}", data.train.features(), data.classes)
}

/// One line about a network whose training has ended.
pub(super) fn ended(record: &RunRecord) -> String {
    match &record.failure {
        Some(failure) => format!("{}: ended early: {failure}", record.name),
        None => format!(
            "{}: {:.1} %{} after {} steps",
            record.name,
            100.0 * record.test_accuracy.unwrap_or_default(),
            record.range.as_ref().map_or(String::new(), range_of_accuracy),
            record.steps
        ),
    }
}

/// The range of the accuracies, which follows their median.
fn range_of_accuracy(range: &ReplicaRange) -> String {
    let [low, high] = [&range.lowest, &range.highest]
        .map(|end| number::percent(end.test_accuracy.unwrap_or_default()));
    format!(" ({low} to {high}, {} replicas)", range.replicas)
}

/// What came out of all.
pub(super) fn conclusion(summary: &Summary, folder: &RunFolder) -> String {
    let mut text = format!(
        "\n{}\n{}",
        table::results(summary, terminal::width()),
        table::legend_text(&table::legend(summary))
    );
    if let Some(sentence) = table::about_ranges(summary) {
        text.push_str(&format!("{sentence}\n"));
    }
    let findings = table::findings(summary);
    if !findings.is_empty() {
        text.push_str(&format!("\n{findings}"));
    }
    let claims = claims::text(&summary.claims);
    if !claims.is_empty() {
        text.push_str(&format!("\nwhat this run says about the lesson's claims\n{claims}"));
    }
    text.push_str(&compared(&summary.parity));
    let shares = summary.runs.iter().filter_map(|run| run.probe_share);
    if let Some(largest) = shares.reduce(f64::max) {
        let share = 100.0 * largest;
        text.push_str(&format!(
            "probes of the layers: at most {share:.1} % of the training time\n"
        ));
    }
    for run in &summary.runs {
        if let Some(failure) = &run.failure {
            text.push_str(&format!("FAILED: {}: {failure}\n", run.name));
        }
    }
    text.push_str(&format!(
        "records: {} ({:.1} s in all)",
        folder.path().display(),
        summary.elapsed_s
    ));
    text
}
