//! What the batch-size experiment records: a line of `batch_sizes.jsonl`.

use super::{Adapter, RunRecord, nan_for_null};
use serde::{Deserialize, Serialize};

/// A network trained at one batch size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchSizeRecord {
    /// Examples of a batch.
    pub batch: usize,
    /// The seed of weights and batches.
    pub seed: u64,
    /// The learning rate.
    pub learning_rate: f32,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// The data set.
    pub data: String,
    /// Largest gradient RMS of a hidden layer's weights at any recorded moment.
    #[serde(deserialize_with = "nan_for_null")]
    pub hidden_gradient: f64,
    /// What computed.
    #[serde(flatten)]
    pub adapter: Adapter,
    /// How the training ended.
    #[serde(flatten)]
    pub run: RunRecord,
}

impl BatchSizeRecord {
    /// The file of a run's folder that holds these records.
    pub const FILE: &str = "batch_sizes.jsonl";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Parity;

    #[test]
    fn a_network_is_one_line_and_reads_the_same() -> serde_json::Result<()> {
        let run = RunRecord {
            name: "sigmoid-batch".into(),
            activation: "sigmoid".into(),
            norm: "batch".into(),
            steps: 3,
            failure: None,
            last_losses: Vec::new(),
            test_accuracy: Some(0.1),
            train_loss: Some(2.3),
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
        let record = BatchSizeRecord {
            batch: 1,
            seed: u64::MAX >> 1,
            learning_rate: 0.01,
            hidden: vec![8],
            data: "drawn digits".into(),
            hidden_gradient: 0.0,
            adapter,
            run,
        };
        let line = serde_json::to_string(&record)?;
        assert!(!line.contains('\n') && line.contains(r#""norm":"batch""#), "{line}");
        assert_eq!(serde_json::from_str::<BatchSizeRecord>(&line)?, record);
        Ok(())
    }
}
