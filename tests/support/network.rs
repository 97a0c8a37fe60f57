//! A network of a sweep, made by hand.

use normlab::record::{Adapter, Parity, RunRecord, SweepRecord};
use std::collections::BTreeMap;

/// A finished network, e.g. `relu-none`, and its results.
pub(crate) fn network(name: &str, accuracy: f64) -> SweepRecord {
    let (activation, norm) = name.split_once('-').unwrap();
    let run = RunRecord {
        name: name.into(),
        activation: activation.into(),
        norm: norm.into(),
        steps: 1000,
        failure: None,
        last_losses: Vec::new(),
        test_accuracy: Some(accuracy),
        train_loss: Some(1.0),
        late_accuracy: None,
        first_layers: Vec::new(),
        layers: Vec::new(),
        output_spread: Some(0.2),
        range: None,
        ms_per_step: Some(1.0),
        probe_share: None,
        shader_changes: Vec::new(),
        parity: Parity::default(),
    };
    let [adapter, backend, kind, driver] = ["CPU engine", "cpu", "cpu", "none"].map(str::to_owned);
    SweepRecord {
        cell: None,
        values: BTreeMap::new(),
        experiment: None,
        data_sha256: None,
        replicas: Vec::new(),
        elapsed_s: None,
        batch: 60,
        seed: 1,
        learning_rate: 0.1,
        affine: "per_unit".into(),
        hidden: vec![100; 3],
        data: "drawn digits".into(),
        constant_guess: None,
        parameters: Some(100_010),
        accuracies: vec![(1, 0.1), (1000, accuracy)],
        hidden_gradient: 0.05,
        networks: None,
        version: None,
        of_lesson: false,
        adapter: Adapter { adapter, backend, kind, driver },
        run,
    }
}

/// The same at a learning rate; diverged if it has no results.
pub(crate) fn at_rate(name: &str, rate: f32, accuracy: Option<f64>) -> SweepRecord {
    let mut record = network(name, accuracy.unwrap_or(0.1));
    record.learning_rate = rate;
    if accuracy.is_none() {
        record.run.failure = Some("the loss is inf at step 3".into());
    }
    record
}

/// A network with layer norm that has one gamma and beta for each unit, or for a whole layer.
pub(crate) fn with_affine(name: &str, affine: &str, seed: u64, accuracy: f64) -> SweepRecord {
    let parameters = Some(if affine == "shared" { 99_416 } else { 100_010 });
    SweepRecord { affine: affine.into(), seed, parameters, ..network(name, accuracy) }
}
