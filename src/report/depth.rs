//! What normalization does to signals and gradients over the depth of a network: pictures, table and sentences.

mod pictures;
mod theory;

use super::number::{figure, percent, whole};
use super::page::study::{Study, StudyTable};
use super::probed::{listed, with_norm};
use super::records::distinct;
use super::style::{self, stroke};
use super::table::Legend;
use crate::record::{DepthLayer, DepthRecord};
use pictures::{over_depths, over_layers, shares};
use theory::theory;

/// The study of some networks.
#[must_use]
pub fn study(records: &[DepthRecord]) -> Study {
    let mut pictures = Vec::new();
    let activations = distinct(records.iter().map(|record| record.activation.as_str()));
    for activation in activations {
        let of = |last: bool| {
            let mine = records.iter().filter(|one| one.activation == activation);
            mine.filter(|one| if last { one.last && one.step > 1 } else { one.step == 1 }).collect()
        };
        let (first, last): (Vec<_>, Vec<_>) = (of(false), of(true));
        pictures.extend(over_layers(activation, &first));
        pictures.extend(over_layers(activation, &last));
        pictures.extend(over_depths(activation, &first));
    }
    let rows = rows(records);
    let legend = table_legend();
    let table = StudyTable { id: "results".to_owned(), title: "Results".to_owned(), rows, legend };
    Study {
        question: "What does normalization do to signals and gradients over depth?".to_owned(),
        answer: sentences(records),
        pictures,
        tables: vec![table],
        choices: Vec::new(),
        facts: facts(records),
    }
}

/// The answer, a sentence for each activation at the first step.
#[must_use]
pub fn sentences(records: &[DepthRecord]) -> Vec<String> {
    let first: Vec<_> = records.iter().filter(|record| record.step == 1).collect();
    let activations = distinct(first.iter().map(|record| record.activation.as_str()));
    let mut sentences = Vec::new();
    for activation in activations {
        let mine = || first.iter().filter(|record| record.activation == activation);
        let Some(depth) = mine().map(|record| record.depth).max() else { continue };
        let deepest = || mine().filter(move |record| record.depth == depth);
        let name = style::activation(activation);
        let factors: Vec<_> = deepest()
            .filter_map(|one| Some(format!("{} {}", figure(one.factor()?), with_norm(&one.norm))))
            .collect();
        if !factors.is_empty() {
            sentences.push(format!(
                "With {name} and {} hidden layers, at the initial weights, the gradient changes from one \
                 hidden layer to the one before by a factor of {}.",
                whole(depth),
                listed(&factors)
            ));
        }
        let rank = |one: &&DepthRecord| {
            Some(format!("{} {}", figure(one.layers.last()?.rank), with_norm(&one.norm)))
        };
        let ranks: Vec<_> = deepest().filter_map(rank).collect();
        if !ranks.is_empty() {
            sentences.push(format!(
                "The entropy rank of the last hidden layer's outputs is {} there: at 1, all images look \
                 alike but for their size.",
                listed(&ranks)
            ));
        }
    }
    sentences
}

/// A header, and a row for each network and step.
#[must_use]
pub fn rows(records: &[DepthRecord]) -> Vec<Vec<String>> {
    let header = [
        "activation",
        "norm",
        "layers",
        "step",
        "factor",
        "theory",
        "gradient left",
        "deviation",
        "rank",
        "test accuracy",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let dash = || "–".to_owned();
    for record in records {
        let ends = |of: fn(&DepthLayer) -> f64| match record.layers.as_slice() {
            [] => dash(),
            [only] => figure(of(only)),
            [first, .., last] => format!("{} → {}", figure(of(first)), figure(of(last))),
        };
        let theory = theory(&record.activation, &record.norm).filter(|_| record.step == 1);
        let accuracy = match (&record.failure, record.test_accuracy) {
            (Some(_), _) => "diverged".to_owned(),
            (None, accuracy) => accuracy.map_or_else(dash, percent),
        };
        rows.push(vec![
            style::activation(&record.activation).to_owned(),
            stroke(&record.norm).label.to_owned(),
            record.depth.to_string(),
            record.step.to_string(),
            record.factor().map_or_else(dash, figure),
            theory.map_or_else(dash, |(factor, _)| figure(factor)),
            shares(record).first().map_or_else(dash, |share| figure(*share)),
            ends(|layer| layer.deviation),
            ends(|layer| layer.rank),
            accuracy,
        ]);
    }
    rows
}

/// What the columns of [`rows`] mean.
#[must_use]
pub fn table_legend() -> Legend {
    let terms = [
        (
            "factor",
            "by which the gradient's RMS changes from a hidden layer to the one before, geometric mean without the first",
        ),
        (
            "theory",
            "the same for wide layers of equal width at their initial weights, where it is known",
        ),
        ("gradient left", "the first hidden layer's gradient RMS over the last one's"),
        (
            "deviation",
            "standard deviation of the outputs over the batch, mean over the units, first → last hidden layer",
        ),
        ("rank", "entropy rank of the outputs, first → last hidden layer"),
    ];
    terms.map(|(term, meaning)| (term, meaning.to_owned())).to_vec()
}

fn facts(records: &[DepthRecord]) -> Vec<(&'static str, String)> {
    let Some(first) = records.first() else { return Vec::new() };
    let text = |key: &str| first.experiment[key].to_string().replace('"', "");
    let training = ["init", "batch", "optimizer", "learning_rate", "seed"]
        .map(|key| format!("{} {}", key.replace('_', " "), text(key)));
    let width = first.experiment["hidden"][0].to_string();
    vec![
        ("Units per hidden layer", width),
        ("Settings", training.join(", ")),
        ("Data", format!("SHA-256 {}", first.data_sha256)),
        ("Adapter", format!("{} ({})", first.adapter.adapter, first.adapter.kind)),
        ("Driver", first.adapter.driver.clone()),
        ("normlab", first.version.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Adapter;

    fn record(norm: &str, gradients: &[f64]) -> DepthRecord {
        let layer = |&gradient_rms: &f64| DepthLayer { gradient_rms, deviation: 0.5, rank: 3.0 };
        DepthRecord {
            run: format!("relu-{norm}"),
            activation: "relu".into(),
            norm: norm.into(),
            depth: gradients.len(),
            step: 1,
            last: true,
            test_accuracy: None,
            failure: None,
            layers: gradients.iter().map(layer).collect(),
            experiment: serde_json::json!({ "hidden": [4], "init": "he" }),
            data_sha256: "ab".into(),
            version: "0.1.0".into(),
            adapter: Adapter {
                adapter: "CPU engine".into(),
                backend: "cpu".into(),
                kind: "cpu".into(),
                driver: "none".into(),
            },
        }
    }

    #[test]
    fn factors_are_between_hidden_layers_without_the_first() {
        let one = record("batch", &[9.0, 8.0, 4.0, 2.0]);
        assert_eq!(one.factors(), [9.0 / 8.0, 2.0, 2.0]);
        assert_eq!(one.factor(), Some(2.0));
        assert_eq!(record("batch", &[1.0, 2.0]).factor(), None);
        assert_eq!(record("batch", &[1.0, 0.0, 2.0]).factor(), None);
    }

    #[test]
    fn every_record_can_be_shown() {
        for gradients in [&[][..], &[1.0], &[1.0, 0.5], &[4.0, 2.0, 1.0], &[0.0, f64::NAN, 1.0]] {
            let study = study(&[record("batch", gradients), record("none", &[1.0, 1.0, 1.0])]);
            let html = crate::report::page::study::html(&study);
            assert!(!html.contains("NaN\"") && !html.contains("inf\""), "{html}");
        }
        let (factor, _) = theory("relu", "batch").unwrap();
        assert!((factor - 1.211).abs() < 1e-3, "{factor}");
    }
}
