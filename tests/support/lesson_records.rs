//! Records as a short lesson leaves them, with invented numbers, no two of which look alike.

use super::network::{at_rate, network, with_affine};
use normlab::config::Experiment;
use normlab::record::{
    Adapter, Evaluation, LayerFigures, Parity, RunRecord, ShaderRecord, Summary, SweepRecord,
    Swept, parts_of,
};
use normlab::report::claims;
use normlab::report::records::Records;
use std::collections::BTreeMap;

/// The networks, in the order in which they were trained.
pub(crate) const NETWORKS: [&str; 6] =
    ["sigmoid-none", "sigmoid-batch", "sigmoid-layer", "relu-none", "relu-batch", "relu-layer"];

/// The steps at which an evaluation was recorded.
pub(crate) const STEPS: [usize; 4] = [1, 50, 100, 150];

/// Layers, including the output layer.
const LAYERS: usize = 4;

/// The records of all six networks.
pub(crate) fn lesson() -> Records {
    let experiment =
        Experiment { steps: 150, hidden: vec![100; LAYERS - 1], ..Experiment::lesson().unwrap() };
    let evaluations =
        (0..NETWORKS.len()).flat_map(|run| (0..STEPS.len()).map(move |at| evaluation(run, at)));
    let evaluations: Vec<_> = evaluations.collect();
    let summary = Some(summary(&evaluations));
    let mut records = Records {
        experiment,
        summary,
        evaluations,
        ranges: Vec::new(),
        probes: Vec::new(),
        sweeps: sweeps(),
        heat_map: None,
        missing: Vec::new(),
    };
    let claims = claims::claims(&records);
    records.summary.iter_mut().for_each(|summary| summary.claims.clone_from(&claims));
    records
}

/// A few networks of each sweep.
fn sweeps() -> BTreeMap<Swept, Vec<SweepRecord>> {
    let sized = |norm: &str, batch, hidden_gradient, accuracy| SweepRecord {
        batch,
        hidden_gradient,
        learning_rate: 0.02,
        ..network(&format!("sigmoid-{norm}"), accuracy)
    };
    let sizes =
        [("batch", 1, 0.0, 0.1213), ("layer", 1, 0.07, 0.6724), ("batch", 60, 0.03, 0.8835)];
    let sizes =
        sizes.map(|(norm, batch, gradient, accuracy)| sized(norm, batch, gradient, accuracy));
    let rates = [
        ("relu-none", [Some(0.3146), Some(0.9157), Some(0.4468), None]),
        ("relu-batch", [Some(0.5179), Some(0.9381), Some(0.9592), Some(0.2213)]),
        ("relu-layer", [Some(0.9024), Some(0.9435), Some(0.9546), None]),
    ];
    let rates = rates.into_iter().flat_map(|(name, reads)| {
        let pairs = [0.008, 0.07, 0.6, 5.0].into_iter().zip(reads);
        pairs.map(move |(rate, accuracy)| at_rate(name, rate, accuracy))
    });
    let affine = [
        ("sigmoid-layer", "per_unit", [0.8214, 0.8635]),
        ("sigmoid-layer", "shared", [0.8856, 0.9137]),
        ("relu-layer", "per_unit", [0.9648, 0.9729]),
        ("relu-layer", "shared", [0.9312, 0.9523]),
    ];
    let affine = affine.into_iter().flat_map(|(name, affine, reads)| {
        (1..).zip(reads).map(move |(seed, read)| with_affine(name, affine, seed, read))
    });
    [
        (Swept::BatchSize, sizes.to_vec()),
        (Swept::LearningRate, rates.collect()),
        (Swept::Affine, affine.collect()),
    ]
    .into()
}

/// A network without a norm stays where it is; the others come nearer to their aim.
fn evaluation(run: usize, at: usize) -> Evaluation {
    let learned = if NETWORKS[run] == "sigmoid-none" { 0.0 } else { at as f64 / (at as f64 + 1.0) };
    let odd = run as f64 / 100.0 + at as f64 / 1000.0;
    let train_loss = 2.313 - 2.0 * learned + odd;
    let layer = |layer: usize| {
        let depth = (LAYERS - 1 - layer) as i32;
        let lost = if NETWORKS[run] == "sigmoid-none" { 0.01 } else { 0.8 };
        LayerFigures {
            layer: format!("layer{}", layer + 1),
            gradient_rms: (0.011 + odd) * f64::powi(lost, depth),
            weight_change: (0.0017 + learned + odd) * f64::powi(lost, depth),
        }
    };
    let (activation, norm) = parts_of(NETWORKS[run]);
    Evaluation {
        run: NETWORKS[run].to_owned(),
        activation: activation.to_owned(),
        norm: norm.to_owned(),
        replica: 0,
        step: STEPS[at],
        shader_changes: Vec::new(),
        losses: vec![train_loss as f32 - 0.25, train_loss as f32 + 0.25],
        train_loss,
        train_accuracy: 0.09 + 0.8 * learned,
        test_loss: train_loss + 0.07,
        test_accuracy: 0.1004 + 0.85 * learned + odd,
        layers: (0..LAYERS).map(layer).collect(),
        output_spread: 0.0103 + learned / 3.0 + odd,
        ms_per_step: 3.01 + odd,
    }
}

fn summary(evaluations: &[Evaluation]) -> Summary {
    let ends = evaluations.iter().filter(|evaluation| evaluation.step == STEPS[STEPS.len() - 1]);
    let run = |end: &Evaluation| RunRecord {
        name: end.run.clone(),
        activation: end.activation.clone(),
        norm: end.norm.clone(),
        steps: end.step,
        failure: None,
        last_losses: Vec::new(),
        test_accuracy: Some(end.test_accuracy),
        train_loss: Some(end.train_loss),
        late_accuracy: None,
        first_layers: Vec::new(),
        layers: end.layers.clone(),
        output_spread: Some(end.output_spread),
        range: None,
        ms_per_step: Some(end.ms_per_step),
        shader_changes: Vec::new(),
        probe_share: None,
        parity: Parity::default(),
    };
    Summary {
        version: "0.1.0".to_owned(),
        adapter: Adapter {
            adapter: "an adapter".to_owned(),
            backend: "vulkan".to_owned(),
            kind: "software".to_owned(),
            driver: "a driver 22.3".to_owned(),
        },
        data: "drawn digits".to_owned(),
        constant_guess: None,
        first_label: 0,
        seed: 1,
        elapsed_s: 41.37,
        date: None,
        experiment: None,
        parity: Parity {
            worst_ratio: Some(0.1928),
            worst_at: Some(
                "relu-none: step 75: layer2.sgd: error 0.193 of the tolerance".to_owned(),
            ),
            compared: 1464,
            failures: Vec::new(),
        },
        runs: ends.map(run).collect(),
        fusion: Vec::new(),
        claims: Vec::new(),
        shaders: shaders(),
    }
}

/// A kernel with one setting, and one with two.
fn shaders() -> Vec<ShaderRecord> {
    let bias = |cols, shapes: &[&str], sha256: &str| ShaderRecord {
        kernel: "bias_forward".to_owned(),
        variant: "naive".to_owned(),
        activation: Some("relu".to_owned()),
        tunables: [("COLS".to_owned(), cols), ("ROWS".to_owned(), 4)].into(),
        shapes: shapes.iter().map(|class| (*class).to_owned()).collect(),
        sha256: sha256.to_owned(),
    };
    let sgd = ShaderRecord {
        kernel: "sgd".to_owned(),
        variant: "naive".to_owned(),
        activation: None,
        tunables: [("INVOCATIONS".to_owned(), 64)].into(),
        shapes: Vec::new(),
        sha256: "b5e09fb3235dd372bd3e4f15b0492b40b91a341dcfab82740aa2bd4a3040349a".to_owned(),
    };
    let few = "d39a0d5b1a1cd6b9aa0bc44b6c7f9d1ea3cb2a8d5c1b9e7a41ac7e0de7a2a5f1";
    let wide = "c07c3a9f20d1b8e4e9a8f7ad6c55e3b07f7c4b1d4b2f8a3d3e9b0a6c1d7f2e84";
    vec![
        bias(16, &["rows16 cols128", "rows256 cols64"], few),
        bias(64, &["rows256 cols128"], wide),
        sgd,
    ]
}
