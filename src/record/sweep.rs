//! What a sweep records: the same networks, trained at several values of one setting.

use super::{Adapter, ConstantGuess, RunRecord, nan_for_null};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The setting whose values a sweep tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Swept {
    /// Examples of a batch.
    BatchSize,
    /// The learning rate.
    LearningRate,
    /// Whether a norm has one gamma and beta for each unit, or for the whole layer.
    Affine,
    /// Any keys of an experiment.
    Keys,
}

impl Swept {
    /// The sweeps that have a command and a claim of their own, in the order of the report.
    pub const PRESETS: [Self; 3] = [Self::BatchSize, Self::LearningRate, Self::Affine];

    /// All sweeps, in the order of the report.
    pub const ALL: [Self; 4] = [Self::BatchSize, Self::LearningRate, Self::Affine, Self::Keys];

    /// The sweep's name: of its command and of a folder of its own.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BatchSize => "batch-sizes",
            Self::LearningRate => "learning-rates",
            Self::Affine => "affine",
            Self::Keys => "sweep",
        }
    }

    /// The file that holds its records.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::BatchSize => "batch_sizes.jsonl",
            Self::LearningRate => "learning_rates.jsonl",
            Self::Affine => "affine.jsonl",
            Self::Keys => "sweep.jsonl",
        }
    }

    /// The file that holds its grid.
    #[must_use]
    pub const fn grid_file(self) -> &'static str {
        match self {
            Self::BatchSize => "batch_sizes.toml",
            Self::LearningRate => "learning_rates.toml",
            Self::Affine => "affine.toml",
            Self::Keys => "sweep.toml",
        }
    }

    /// The name of the setting.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::BatchSize => "batch size",
            Self::LearningRate => "learning rate",
            Self::Affine => "affine",
            Self::Keys => "setting",
        }
    }

    /// Whether a network that diverges is a valid result: of the learning rates that are tried, some are too large.
    #[must_use]
    pub const fn may_diverge(self) -> bool {
        matches!(self, Self::LearningRate | Self::Keys)
    }
}

/// A network of a sweep: a line of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// Its place among the cells of the sweep, from 0; none beside a lesson, and in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<usize>,
    /// Its value of each key that differs within the sweep, as the key's flag has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Its whole experiment, key by key; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<serde_json::Value>,
    /// Examples of a batch.
    pub batch: usize,
    /// The seed of weights and batches.
    pub seed: u64,
    /// The learning rate.
    pub learning_rate: f32,
    /// `per_unit` or `shared`.
    #[serde(default = "per_unit")]
    pub affine: String,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// The data set.
    pub data: String,
    /// The SHA-256 of its images and labels, in hexadecimal; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<String>,
    /// What a constant guess reaches on it; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant_guess: Option<ConstantGuess>,
    /// The number of parameters that the network learns; none in records of older versions.
    #[serde(default)]
    pub parameters: Option<usize>,
    /// Steps and test accuracy at each recorded evaluation; none in records of older versions.
    #[serde(default)]
    pub accuracies: Vec<(usize, f64)>,
    /// How each replica ended; empty in records of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<ReplicaEnd>,
    /// Largest gradient RMS of a hidden layer's weights at any recorded evaluation.
    #[serde(deserialize_with = "nan_for_null")]
    pub hidden_gradient: f64,
    /// How many networks the whole sweep has; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networks: Option<usize>,
    /// Wall time of its training, in seconds; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_s: Option<f64>,
    /// The version of the crate that trained it; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the lesson trained it besides its own networks; a separate sweep replaces such records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_lesson: bool,
    /// The device that computed.
    #[serde(flatten)]
    pub adapter: Adapter,
    /// How the training ended.
    #[serde(flatten)]
    pub run: RunRecord,
}

/// How one replica of a network ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplicaEnd {
    /// Its seed.
    pub seed: u64,
    /// Share of the test set that it classifies correctly; none where that is not finite.
    pub test_accuracy: Option<f64>,
    /// Mean cross-entropy of its last recorded steps, in nats; none where that is not finite.
    pub train_loss: Option<f64>,
}

/// What all networks had before this was a choice.
fn per_unit() -> String {
    "per_unit".to_owned()
}

impl SweepRecord {
    /// The network's test accuracy at the end; none if it ended early.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        self.run.test_accuracy.filter(|_| self.run.failure.is_none())
    }

    /// Its value of the setting.
    #[must_use]
    pub fn value(&self, swept: Swept) -> String {
        match swept {
            Swept::BatchSize => self.batch.to_string(),
            Swept::LearningRate => self.learning_rate.to_string(),
            Swept::Affine => self.affine.clone(),
            Swept::Keys => {
                let networks = ["activation", "norm"];
                let others =
                    self.values.iter().filter(|(key, _)| !networks.contains(&key.as_str()));
                others.map(|(key, text)| format!("{key} {text}")).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// Its name among the networks of a sweep, for example `relu-none at 0.1`.
    #[must_use]
    pub fn name(&self, swept: Swept) -> String {
        match self.value(swept) {
            value if value.is_empty() => self.run.name.clone(),
            value => format!("{} at {value}", self.run.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Parity;

    fn record() -> SweepRecord {
        let run = RunRecord {
            name: "sigmoid-batch".into(),
            activation: "sigmoid".into(),
            norm: "batch".into(),
            steps: 3,
            failure: None,
            last_losses: Vec::new(),
            test_accuracy: Some(0.1),
            train_loss: Some(2.3),
            late_accuracy: None,
            first_layers: Vec::new(),
            layers: Vec::new(),
            output_spread: Some(0.0),
            range: None,
            ms_per_step: None,
            probe_share: None,
            shader_changes: Vec::new(),
            parity: Parity::default(),
        };
        let adapter = Adapter {
            adapter: "CPU engine".into(),
            backend: "cpu".into(),
            kind: "cpu".into(),
            driver: "none".into(),
        };
        SweepRecord {
            cell: Some(1),
            values: BTreeMap::from([("batch".to_owned(), "1".to_owned())]),
            experiment: Some(serde_json::json!({"batch": 1})),
            data_sha256: Some("ab".into()),
            replicas: vec![ReplicaEnd { seed: 1, test_accuracy: Some(0.1), train_loss: Some(2.0) }],
            elapsed_s: Some(0.5),
            batch: 1,
            seed: u64::MAX >> 1,
            learning_rate: 0.01,
            affine: per_unit(),
            hidden: vec![8],
            data: "drawn digits".into(),
            constant_guess: Some(ConstantGuess { accuracy: 0.125, loss: 2.25 }),
            parameters: Some(90),
            accuracies: vec![(1, 0.05), (3, 0.1)],
            hidden_gradient: 0.0,
            networks: Some(2),
            version: Some("0.1.0".into()),
            of_lesson: true,
            adapter,
            run,
        }
    }

    #[test]
    fn a_network_is_one_line_and_reads_the_same() -> serde_json::Result<()> {
        let line = serde_json::to_string(&record())?;
        assert!(!line.contains('\n') && line.contains(r#""norm":"batch""#), "{line}");
        assert_eq!(serde_json::from_str::<SweepRecord>(&line)?, record());
        Ok(())
    }

    #[test]
    fn records_of_batch_sizes_before_there_were_other_sweeps_are_read() -> serde_json::Result<()> {
        let mut older = serde_json::to_value(record())?;
        let newer = [
            "affine",
            "parameters",
            "accuracies",
            "networks",
            "version",
            "of_lesson",
            "cell",
            "values",
            "experiment",
            "data_sha256",
            "replicas",
            "elapsed_s",
        ];
        for key in newer {
            older.as_object_mut().and_then(|object| object.remove(key));
        }
        let read: SweepRecord = serde_json::from_value(older)?;
        let (accuracies, version) = (Vec::new(), None);
        let expected =
            SweepRecord { parameters: None, networks: None, accuracies, version, ..record() };
        let expected = SweepRecord {
            of_lesson: false,
            cell: None,
            values: BTreeMap::new(),
            experiment: None,
            data_sha256: None,
            replicas: Vec::new(),
            elapsed_s: None,
            ..expected
        };
        assert_eq!(read, expected);
        Ok(())
    }

    #[test]
    fn a_network_is_named_by_its_value() {
        let names = Swept::ALL.map(|swept| record().name(swept));
        assert_eq!(
            names,
            ["at 1", "at 0.01", "at per_unit", "at batch 1"]
                .map(|at| format!("sigmoid-batch {at}"))
        );
    }
}
