//! Records made up for tests: the lesson's six runs with two hidden layers of four units, probed at
//! three steps, and faulty ones.

use super::records::Records;
use crate::config::Experiment;
use crate::record::{Evaluation, Histogram, Images, LayerProbe, Probe, parts_of};

/// The probed steps.
pub(super) const STEPS: [usize; 3] = [0, 10, 100];

/// The six runs.
pub(super) fn records() -> Records {
    let mut records = empty();
    for activation in ["sigmoid", "relu"] {
        for norm in ["none", "batch", "layer"] {
            let run = format!("{activation}-{norm}");
            records.probes.extend(STEPS.map(|step| probe(&run, step, 2)));
            records.evaluations.extend(STEPS[1..].iter().map(|&step| evaluation(&run, step)));
        }
    }
    records
}

/// A folder without a run.
pub(super) fn empty() -> Records {
    Records::new(Experiment::default(), Vec::new(), Vec::new())
}

/// Everything that must not stop a report, by name.
pub(super) fn odd() -> Vec<(&'static str, Records)> {
    let with = |probes: Vec<Probe>| Records { probes, ..empty() };
    let mut flat = probe("relu-layer", 0, 0);
    flat.first_weights = None;
    let mut shared = probe("tanh-layer", 5, 1);
    (shared.hidden[0].gamma, shared.hidden[0].beta) = (vec![1.5], vec![0.5]);
    let mut broken = probe("relu-batch", 5, 2);
    for layer in &mut broken.hidden {
        layer.percentiles = [f64::NAN; 3];
        layer.output_spread = f64::NAN;
        layer.histogram.counts.clear();
        layer.mean = vec![f32::NAN; 4];
        layer.gamma = vec![f32::NAN; 4];
        layer.outputs = Images { low: f32::NAN, high: f32::NAN, width: 4, hex: "nothing".into() };
    }
    let mut rms = probe("own<&>-rms", 5, 1);
    rms.hidden[0].beta.clear();
    let mut nothing = probe("sigmoid-none", 1, 1);
    nothing.hidden[0].histogram.counts.fill(0);
    let deep = probe("identity-batch", 3, 64);
    vec![
        ("no records", empty()),
        ("no hidden layer", with(vec![flat])),
        ("one layer, one probe, a shared gamma", with(vec![shared])),
        ("figures that are not numbers", with(vec![probe("relu-batch", 0, 2), broken])),
        ("no beta, a name of markup", with(vec![rms])),
        ("an empty histogram", with(vec![nothing])),
        ("runs of other depths", with(vec![deep, probe("identity-none", 3, 2)])),
    ]
}

/// A probe whose units have means and betas of 0, 1, 2 and 3.
pub(super) fn probe(run: &str, step: usize, depth: usize) -> Probe {
    let normed = !run.ends_with("none");
    let layer = |at: usize| LayerProbe {
        layer: format!("layer{}", at + 1),
        histogram: Histogram { low: -4.0, high: 4.0, below: 0, above: 0, counts: counts(step) },
        percentiles: [-1.0, 0.0, 1.0 + step as f64 / 100.0],
        unit_percentiles: None,
        mean: vec![0.0, 1.0, 2.0, 3.0],
        deviation: vec![1.0; 4],
        all_positive: 0.0,
        all_negative: 0.0,
        smallest: Vec::new(),
        largest: Vec::new(),
        saturated: 0.0,
        gamma: if normed { vec![1.0; 4] } else { Vec::new() },
        beta: if normed { vec![0.0, 1.0, 2.0, 3.0] } else { Vec::new() },
        running_mean: Vec::new(),
        running_variance: Vec::new(),
        outputs: Images::new(&(0..40).map(|n| n as f32 / 39.0).collect::<Vec<_>>(), 4),
        output_spread: 0.25,
        in_training: None,
    };
    let weights: Vec<f32> = (0..18).map(|n| n as f32 / 17.0 - 0.5).collect();
    let (activation, norm) = parts_of(run);
    Probe {
        run: run.to_owned(),
        activation: activation.to_owned(),
        norm: norm.to_owned(),
        step,
        hidden: (0..depth).map(layer).collect(),
        without_image: Vec::new(),
        weights: Vec::new(),
        first_weights: (step != 10).then(|| Images::new(&weights, 9)),
    }
}

/// One peak at first, two later, in bins of width 1 from -4 to 4.
fn counts(step: usize) -> Vec<u32> {
    if step == 0 { vec![0, 0, 0, 0, 4, 0, 0, 0] } else { vec![0, 0, 1, 0, 0, 3, 0, 0] }
}

fn evaluation(run: &str, step: usize) -> Evaluation {
    let (activation, norm) = parts_of(run);
    Evaluation {
        run: run.to_owned(),
        activation: activation.to_owned(),
        norm: norm.to_owned(),
        replica: 0,
        step,
        shader_changes: Vec::new(),
        losses: vec![2.0],
        train_loss: 2.0,
        train_accuracy: 0.5,
        test_loss: 2.0,
        test_accuracy: step as f64 / 200.0,
        layers: Vec::new(),
        output_spread: 0.25,
        ms_per_step: 1.0,
    }
}
