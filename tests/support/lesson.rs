//! Records as the lesson leaves them, made by hand, with the numbers of a real run.

use super::network::{at_rate, network, with_affine};

use normlab::config::Experiment;
use normlab::record::{
    Evaluation, Histogram, Images, LayerFigures, LayerProbe, Parity, Probe, RunRecord, Summary,
    SweepRecord, Swept, WeightProbe, parts_of,
};
use normlab::report::records::Records;
use std::collections::BTreeMap;

/// The lesson's steps.
const STEPS: usize = 1500;

/// Accuracy after a tenth of the steps and at the end, the first layer's gradient over the last one's,
/// ‖W − W₀‖/‖W₀‖ of the first layer and the spread of the outputs at the end.
const ENDS: [(&str, f64, f64, f64, f64, f64); 6] = [
    ("sigmoid-none", 0.1, 0.1, 1.4e-5, 0.001, 0.0),
    ("sigmoid-batch", 0.86, 0.962, 0.49, 0.825, 0.25),
    ("sigmoid-layer", 0.1, 0.854, 0.23, 0.994, 0.24),
    ("relu-none", 0.117, 0.944, 0.48, 1.172, 0.84),
    ("relu-batch", 0.943, 0.982, 0.63, 0.971, 0.75),
    ("relu-layer", 0.783, 0.977, 0.77, 1.14, 0.69),
];

/// The records of the lesson.
pub(crate) fn lesson() -> Records {
    let mut evaluations = Vec::new();
    for (run, early, late, gradient, change, spread) in ENDS {
        evaluations.push(start(run));
        evaluations.push(evaluation(run, 150, early, gradient, change, spread));
        evaluations.push(evaluation(run, STEPS, late, gradient, change, spread));
    }
    let all = |run: &str, end: LayerProbe, start: LayerProbe| {
        [(0, start), (STEPS, end)].map(|(step, layer)| probe(run, step, &layer))
    };
    let normed = layer([-1.1, 0.0, 1.1], 1.0, (0.0, 0.0), 1.0);
    let moved = layer([-1.4, 0.0, 1.5], 1.3, (0.0, 0.0), 1.3);
    let probes = [
        all(
            "sigmoid-none",
            layer([-0.6, -0.4, -0.1], 1e-4, (0.05, 0.95), 0.0),
            layer([-0.3, 0.0, 0.3], 1e-4, (0.5, 0.5), 0.0),
        ),
        all("sigmoid-batch", moved.clone(), normed.clone()),
        all(
            "relu-none",
            layer([-0.8, 0.1, 1.9], 1.1, (0.04, 0.14), 0.0),
            layer([-0.1, 0.0, 0.1], 0.003, (0.0, 0.97), 0.0),
        ),
        all("relu-batch", moved, normed),
    ];
    Records {
        experiment: Experiment::lesson().unwrap(),
        summary: None,
        evaluations,
        ranges: Vec::new(),
        probes: probes.concat(),
        sweeps: sweeps(),
        heat_map: None,
        missing: Vec::new(),
    }
}

/// The factor by which the gradient of the initial weights changes from each layer to the one before it.
const FACTORS: [(&str, [f64; 5]); 6] = [
    ("sigmoid-none", [0.108, 0.146, 0.139, 0.156, 0.039]),
    ("sigmoid-batch", [1.056, 1.037, 0.992, 1.049, 0.145]),
    ("sigmoid-layer", [0.499, 0.448, 0.377, 0.489, 0.1]),
    ("relu-none", [1.084, 0.775, 0.721, 0.493, 0.131]),
    ("relu-batch", [1.262, 1.188, 1.236, 1.197, 0.315]),
    ("relu-layer", [1.053, 1.146, 0.92, 1.033, 0.31]),
];

/// The evaluation of the first step.
fn start(run: &str) -> Evaluation {
    let mut evaluation = evaluation(run, 1, 0.1, 1.0, 0.0, 0.1);
    let (_, factors) = FACTORS.iter().find(|(name, _)| *name == run).unwrap();
    for (layer, factor) in factors.iter().enumerate().rev() {
        evaluation.layers[layer].gradient_rms = evaluation.layers[layer + 1].gradient_rms * factor;
    }
    evaluation
}

/// An evaluation of a network with six layers.
pub(crate) fn evaluation(
    run: &str,
    step: usize,
    accuracy: f64,
    gradient: f64,
    change: f64,
    spread: f64,
) -> Evaluation {
    let layer = |number: usize| LayerFigures {
        layer: format!("layer{number}"),
        gradient_rms: if number == 1 { gradient } else { 1.0 },
        weight_change: change,
    };
    let (activation, norm) = parts_of(run);
    Evaluation {
        run: run.into(),
        activation: activation.into(),
        norm: norm.into(),
        replica: 0,
        step,
        losses: vec![1.0],
        train_loss: 1.0,
        train_accuracy: accuracy,
        test_loss: 1.0,
        test_accuracy: accuracy,
        layers: (1..=6).map(layer).collect(),
        output_spread: spread,
        ms_per_step: 1.0,
        shader_changes: Vec::new(),
    }
}

/// A hidden layer: the percentiles of its inputs, each unit's deviation, the shares of units on one
/// side, and gamma, which is left out where it is 0.
fn layer(
    percentiles: [f64; 3],
    deviation: f32,
    (all_positive, all_negative): (f64, f64),
    gamma: f32,
) -> LayerProbe {
    let units = 4;
    let learned = |value: f32| if gamma == 0.0 { Vec::new() } else { vec![value; units] };
    LayerProbe {
        layer: "layer".into(),
        histogram: Histogram { low: -8.0, high: 8.0, below: 0, above: 0, counts: in_the_middle() },
        percentiles,
        unit_percentiles: None,
        mean: vec![0.0; units],
        deviation: vec![deviation; units],
        all_positive,
        all_negative,
        smallest: Vec::new(),
        largest: Vec::new(),
        saturated: 0.0,
        gamma: learned(gamma),
        beta: learned(0.0),
        running_mean: Vec::new(),
        running_variance: Vec::new(),
        outputs: Images::new(&[0.0; 40], units),
        output_spread: 0.0,
        in_training: None,
    }
}

/// All inputs between -0.5 and 0.5, where a sigmoid is the steepest.
fn in_the_middle() -> Vec<u32> {
    (0..64).map(|bin| if (30..34).contains(&bin) { 100 } else { 0 }).collect()
}

/// The weights into a layer at the start: those of U(±1/√fan_in) have this gain.
fn weights(layer: usize) -> WeightProbe {
    WeightProbe {
        layer: format!("layer{layer}"),
        gradient_rms: 0.0,
        update_ratio: 0.0,
        change: 0.0,
        backward_gain: 0.577,
    }
}

/// A probe of five hidden layers, all but the last in the initial state of a norm.
fn probe(run: &str, step: usize, last: &LayerProbe) -> Probe {
    let gamma = if last.gamma.is_empty() { 0.0 } else { 1.0 };
    let mut hidden = vec![layer([-1.0, 0.0, 1.0], 1.0, (0.0, 0.0), gamma); 4];
    hidden.push(last.clone());
    for (at, layer) in hidden.iter_mut().enumerate() {
        layer.layer = format!("layer{}", at + 1);
    }
    let (activation, norm) = parts_of(run);
    Probe {
        run: run.into(),
        activation: activation.into(),
        norm: norm.into(),
        step,
        hidden,
        without_image: Vec::new(),
        weights: (1..=6).map(weights).collect(),
        first_weights: None,
    }
}

/// What each sweep finds, with the numbers of real ones.
fn sweeps() -> BTreeMap<Swept, Vec<SweepRecord>> {
    let of_one = |norm: &str, hidden_gradient, accuracy| SweepRecord {
        batch: 1,
        hidden_gradient,
        ..network(&format!("sigmoid-{norm}"), accuracy)
    };
    let sizes = vec![of_one("batch", 0.0, 0.101), of_one("layer", 0.05, 0.67)];
    let reads = [
        ("relu-none", [0.184, 0.462, 0.859, 0.947, 0.965, 0.641, f64::NAN, f64::NAN]),
        ("relu-batch", [0.918, 0.958, 0.975, 0.984, 0.982, 0.979, 0.972, 0.1]),
        ("relu-layer", [0.934, 0.955, 0.965, 0.972, 0.96, 0.966, 0.1, 0.1]),
    ];
    let rates = reads.into_iter().flat_map(|(name, reads)| {
        let rates = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
        let pairs = rates.into_iter().zip(reads);
        pairs.map(move |(rate, read)| at_rate(name, rate, Some(read).filter(|read| !read.is_nan())))
    });
    let reads = [
        ("sigmoid-layer", "per_unit", [0.923, 0.949, 0.939]),
        ("sigmoid-layer", "shared", [0.981, 0.976, 0.98]),
        ("relu-layer", "per_unit", [0.986, 0.984, 0.981]),
        ("relu-layer", "shared", [0.98, 0.979, 0.981]),
    ];
    let affine = reads.into_iter().flat_map(|(name, affine, reads)| {
        (1..).zip(reads).map(move |(seed, read)| with_affine(name, affine, seed, read))
    });
    [
        (Swept::BatchSize, sizes),
        (Swept::LearningRate, rates.collect()),
        (Swept::Affine, affine.collect()),
    ]
    .into()
}

/// A summary in which one network has failed.
pub(crate) fn summary(run: &str, failure: &str) -> Summary {
    let SweepRecord { run, adapter, .. } = network(run, 0.1);
    let failed = RunRecord { failure: Some(failure.into()), ..run };
    Summary {
        version: "0.1.0".into(),
        adapter,
        data: "drawn digits".into(),
        constant_guess: None,
        first_label: 0,
        seed: 1,
        elapsed_s: 1.0,
        date: None,
        experiment: None,
        parity: Parity::default(),
        runs: vec![failed],
        shaders: Vec::new(),
        fusion: Vec::new(),
        claims: Vec::new(),
    }
}

/// The last evaluation of a run.
pub(crate) fn ending<'a>(records: &'a mut Records, run: &str) -> &'a mut Evaluation {
    records.evaluations.iter_mut().rfind(|evaluation| evaluation.run == run).unwrap()
}

/// The probe of a run at a step.
pub(crate) fn probe_at<'a>(records: &'a mut Records, run: &str, step: usize) -> &'a mut Probe {
    let mut probes = records.probes.iter_mut();
    probes.find(|probe| probe.run == run && probe.step == step).unwrap()
}
