//! What a sweep records: the same networks, trained at several values of one setting.

use super::{Adapter, ConstantGuess, RunRecord, nan_for_null};
use serde::{Deserialize, Serialize};

/// The setting whose values a sweep tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Swept {
    /// Examples of a batch.
    BatchSize,
    /// The learning rate.
    LearningRate,
    /// Whether a norm has one gamma and beta for each unit, or for the whole layer.
    Affine,
}

impl Swept {
    /// All sweeps, in the order of the report.
    pub const ALL: [Self; 3] = [Self::BatchSize, Self::LearningRate, Self::Affine];

    /// The sweep's name: of its command and of a folder of its own.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BatchSize => "batch-sizes",
            Self::LearningRate => "learning-rates",
            Self::Affine => "affine",
        }
    }

    /// The file that holds its records.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::BatchSize => "batch_sizes.jsonl",
            Self::LearningRate => "learning_rates.jsonl",
            Self::Affine => "affine.jsonl",
        }
    }

    /// The name of the setting.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::BatchSize => "batch size",
            Self::LearningRate => "learning rate",
            Self::Affine => "affine",
        }
    }

    /// Whether a network that diverges is a valid result: of the learning rates that are tried, some are too large.
    #[must_use]
    pub const fn may_diverge(self) -> bool {
        matches!(self, Self::LearningRate)
    }
}

/// A network of a sweep: a line of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRecord {
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
    /// What a constant guess reaches on it; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant_guess: Option<ConstantGuess>,
    /// The number of parameters that the network learns; none in records of older versions.
    #[serde(default)]
    pub parameters: Option<usize>,
    /// Steps and test accuracy at each recorded evaluation; none in records of older versions.
    #[serde(default)]
    pub accuracies: Vec<(usize, f64)>,
    /// Largest gradient RMS of a hidden layer's weights at any recorded evaluation.
    #[serde(deserialize_with = "nan_for_null")]
    pub hidden_gradient: f64,
    /// How many networks the whole sweep has; none in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networks: Option<usize>,
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
        }
    }

    /// Its name among the networks of a sweep, for example `relu-none at 0.1`.
    #[must_use]
    pub fn name(&self, swept: Swept) -> String {
        format!("{} at {}", self.run.name, self.value(swept))
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
        let newer = ["affine", "parameters", "accuracies", "networks", "version", "of_lesson"];
        for key in newer {
            older.as_object_mut().and_then(|object| object.remove(key));
        }
        let read: SweepRecord = serde_json::from_value(older)?;
        let (accuracies, version) = (Vec::new(), None);
        let expected =
            SweepRecord { parameters: None, networks: None, accuracies, version, ..record() };
        let expected = SweepRecord { of_lesson: false, ..expected };
        assert_eq!(read, expected);
        Ok(())
    }

    #[test]
    fn a_network_is_named_by_its_value() {
        let names = Swept::ALL.map(|swept| record().name(swept));
        assert_eq!(
            names,
            ["at 1", "at 0.01", "at per_unit"].map(|at| format!("sigmoid-batch {at}"))
        );
    }
}
