//! The papers whose networks are cells of a grid: Bjorck et al. 2018, and Wu and He 2018.

use super::paper::{Paper, Setting, answer};
use crate::record::{Claim, SweepRecord};
use crate::report::claims::evidence::{Evidence, weigh};
use crate::report::number::percent;
use crate::report::page::study::{Study, StudyTable};
use crate::report::picture::Picture;
use crate::report::sweeps;
use crate::report::table::Legend;

/// Test accuracies of PyTorch on the drawn digits with the same weights and batches, one seed, by the norm.
const LAST_LAYER: [(&str, f64); 2] = [("batch@first", 0.10), ("batch@last", 0.909)];

/// The same by norm and batch size.
const BATCH_SIZE: [(&str, usize, f64); 9] = [
    ("batch", 2, 0.447),
    ("layer", 2, 0.736),
    ("group:10", 2, 0.738),
    ("batch", 4, 0.825),
    ("layer", 4, 0.828),
    ("group:10", 4, 0.837),
    ("batch", 16, 0.880),
    ("layer", 16, 0.845),
    ("group:10", 16, 0.897),
];

/// The share of a gain from which on it is most of it, and up to which it is none of it.
const MOST: f64 = 0.7;
const NONE: f64 = 0.2;

/// Points of accuracy by which networks must differ.
const APART: f64 = 0.03;

/// Batch norm in one hidden layer only.
#[must_use]
pub fn last_layer(records: &[SweepRecord], setting: Setting) -> (Study, Vec<Claim>) {
    let of = |norm: &str| {
        let found = records.iter().find(|record| record.run.norm == norm);
        found.and_then(SweepRecord::accuracy).ok_or_else(|| format!("{norm} has not finished"))
    };
    let measured = || {
        let [none, all] = [of("none")?, of("batch")?];
        let gain = all - none;
        if gain < APART {
            return Err(format!(
                "batch norm in all layers gains {:.1} points only, from {} to {}",
                100.0 * gain,
                percent(none),
                percent(all)
            ));
        }
        let share = |norm: &str| Ok::<_, String>((of(norm)? - none) / gain);
        let [last, first] = [share("batch@last")?, share("batch@first")?];
        let said = |share: f64, layer: &str| {
            format!(
                "in the {layer} hidden layer alone it brings {:.0} % of the gain",
                100.0 * share
            )
        };
        Ok(vec![
            Evidence::new(last >= MOST, said(last, "last")),
            Evidence::new(first <= NONE, said(first, "first")),
        ])
    };
    let claim = weigh(
        "last-layer",
        "Batch norm in the last hidden layer alone brings most of the gain, in the first one alone none",
        measured(),
    );
    let calibrated = |record: &SweepRecord| {
        LAST_LAYER.iter().find(|(norm, _)| *norm == record.run.norm).map(|(_, accuracy)| *accuracy)
    };
    let rows = rows(records, &["norm"], calibrated, setting);
    let choices = vec![
        "The paper normalizes a ResNet on CIFAR-10; here it is a perceptron with five hidden layers of 100 sigmoid \
         units, where a gradient without a norm vanishes."
            .to_owned(),
        "The paper prints no accuracies for this comparison, but says that the last batch norm brings most of the gain."
            .to_owned(),
    ];
    study(
        Paper::LastLayer,
        "Which layer's batch norm brings the gain?",
        (rows, records),
        claim,
        (choices, setting),
    )
}

/// Batch, layer and group norm at small batch sizes.
#[must_use]
pub fn batch_size(records: &[SweepRecord], setting: Setting) -> (Study, Vec<Claim>) {
    let at = |norm: &str, batch: usize| {
        let found = records.iter().find(|one| one.run.norm == norm && one.batch == batch);
        let missing = || format!("{norm} at batch size {batch} has not finished");
        found.and_then(SweepRecord::accuracy).ok_or_else(missing)
    };
    let measured = || {
        let sizes = records.iter().map(|record| record.batch);
        let (least, most) = (sizes.clone().min().unwrap_or(2), sizes.max().unwrap_or(16));
        let [group, batch] = [at("group:10", least)?, at("batch", least)?];
        let [group_most, batch_most] = [at("group:10", most)?, at("batch", most)?];
        let lost = |most: f64, least: f64| 100.0 * (most - least);
        Ok(vec![
            Evidence::new(
                group - batch >= APART,
                format!(
                    "at batch size {least}, group norm reaches {} and batch norm {}",
                    percent(group),
                    percent(batch)
                ),
            ),
            Evidence::new(
                group_most - group <= batch_most - batch,
                format!(
                    "from batch size {most} to {least}, group norm loses {:.1} points and batch norm {:.1}",
                    lost(group_most, group),
                    lost(batch_most, batch)
                ),
            ),
        ])
    };
    let claim = weigh(
        "batch-size",
        "Group norm works at batch sizes that are too small for batch norm",
        measured(),
    );
    let calibrated = |record: &SweepRecord| {
        let is_of = |(norm, batch, _): &&(&str, usize, f64)| {
            *norm == record.run.norm && *batch == record.batch
        };
        BATCH_SIZE.iter().find(is_of).map(|(_, _, accuracy)| *accuracy)
    };
    let rows = rows(records, &["norm", "batch"], calibrated, setting);
    let choices = vec![
        "The paper trains a ResNet-50 on ImageNet with groups of channels; here the 100 units of each hidden layer are \
         in 10 groups."
            .to_owned(),
        "All batch sizes train for the same number of steps at the same learning rate: a larger batch sees more \
         examples. The paper scales the rate with the batch and trains for the same number of epochs."
            .to_owned(),
    ];
    let question = "Which norm works at small batch sizes?";
    study(Paper::BatchSize, question, (rows, records), claim, (choices, setting))
}

type Rows = Vec<Vec<String>>;

/// A row for each network: its settings, what was reached here, and what PyTorch reached.
fn rows(
    records: &[SweepRecord],
    keys: &[&str],
    calibrated: impl Fn(&SweepRecord) -> Option<f64>,
    setting: Setting,
) -> Rows {
    let comparable = !setting.own_data;
    let header = keys.iter().copied().chain(["test accuracy"]);
    let header = header.chain(comparable.then_some("PyTorch")).map(str::to_owned);
    let mut rows = vec![header.collect::<Vec<_>>()];
    let dash = || "–".to_owned();
    for record in records {
        let value = |key: &&str| record.values.get(*key).cloned().unwrap_or_default();
        let mut row: Vec<_> = keys.iter().map(value).collect();
        row.push(sweeps::reached(record).unwrap_or_else(dash));
        if comparable {
            row.push(calibrated(record).map_or_else(dash, percent));
        }
        rows.push(row);
    }
    rows
}

fn legend() -> Legend {
    vec![
        ("test accuracy", "median of the seeds at the last step, with their range".to_owned()),
        ("PyTorch", "an independent implementation with the same data, initial weights and batches, one seed".to_owned()),
        ("–", "the network diverged, or no figure is known".to_owned()),
    ]
}

fn study(
    paper: Paper,
    question: &str,
    (rows, records): (Rows, &[SweepRecord]),
    claim: Claim,
    (mut choices, setting): (Vec<String>, Setting),
) -> (Study, Vec<Claim>) {
    if setting.own_data {
        choices
            .push("The figures of PyTorch are of the drawn digits, and left out here.".to_owned());
    }
    if setting.quick {
        choices.push("`--quick` trains one seed in place of three.".to_owned());
    }
    let pictures: Vec<Picture> =
        sweeps::pictures(crate::record::Swept::Keys, records, None).into_iter().collect();
    let tables = vec![StudyTable {
        id: "results".to_owned(),
        title: "Results".to_owned(),
        rows,
        legend: legend(),
    }];
    let answer = vec![answer(&claim)];
    let first = records.first();
    let fact = |of: fn(&SweepRecord) -> String| first.map(of).unwrap_or_default();
    let facts = vec![
        ("Paper", paper.citation().to_owned()),
        (
            "Data",
            fact(|one| {
                format!("{}, SHA-256 {}", one.data, one.data_sha256.clone().unwrap_or_default())
            }),
        ),
        ("Steps", fact(|one| one.run.steps.to_string())),
        (
            "Seeds",
            fact(|one| {
                one.replicas.iter().map(|end| end.seed.to_string()).collect::<Vec<_>>().join(", ")
            }),
        ),
        ("Adapter", fact(|one| format!("{} ({})", one.adapter.adapter, one.adapter.kind))),
        ("Driver", fact(|one| one.adapter.driver.clone())),
        ("normlab", fact(|one| one.version.clone().unwrap_or_default())),
    ];
    let study = Study { question: question.to_owned(), answer, pictures, tables, choices, facts };
    (study, vec![claim])
}
