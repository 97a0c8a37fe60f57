//! Changes of the lesson's records, and the verdict that a claim must have after each.

use crate::support::lesson::{ending, evaluation, probe_at};
use normlab::config::NormPosition;
use normlab::record::{SweepRecord, Swept, Verdict};
use normlab::report::records::Records;

use Verdict::{DoesNotHold, Holds, HoldsPartly, NotMeasured};

/// The networks of a sweep.
pub(super) fn sweep(records: &mut Records, swept: Swept) -> &mut Vec<SweepRecord> {
    records.sweeps.get_mut(&swept).unwrap()
}

/// The networks of the sweep over batch sizes.
pub(super) fn batch_sizes(records: &mut Records) -> &mut Vec<SweepRecord> {
    sweep(records, Swept::BatchSize)
}

/// Gives a norm the accuracies of no norm at every learning rate.
fn without_effect(records: &mut Records, run: &str) {
    let networks = sweep(records, Swept::LearningRate);
    let none: Vec<_> = networks.iter().filter(|one| one.run.name == "relu-none").cloned().collect();
    for one in networks.iter_mut().filter(|one| one.run.name == run) {
        let like = none.iter().find(|none| none.learning_rate == one.learning_rate).unwrap();
        one.run.test_accuracy = like.run.test_accuracy;
        one.run.failure.clone_from(&like.run.failure);
    }
}

/// The network of a learning rate.
fn at_rate<'a>(records: &'a mut Records, run: &str, rate: f32) -> &'a mut SweepRecord {
    let mut networks = sweep(records, Swept::LearningRate).iter_mut();
    networks.find(|one| one.run.name == run && one.learning_rate == rate).unwrap()
}

/// Sets the results of all networks with this affine.
fn set_affine(records: &mut Records, affine: &str, accuracy: f64) {
    let networks = sweep(records, Swept::Affine).iter_mut();
    for one in networks.filter(|one| one.affine == affine) {
        one.run.test_accuracy = Some(accuracy);
    }
}

/// Gives a network one factor by which its first gradient changes into each layer.
fn start_of(records: &mut Records, run: &str, factor: f64) {
    let evaluation =
        records.evaluations.iter_mut().find(|one| one.run == run && one.step == 1).unwrap();
    for (layer, figures) in evaluation.layers.iter_mut().rev().enumerate() {
        figures.gradient_rms = factor.powi(layer as i32);
    }
}

/// A change of the lesson's records, the claim that it is about, and the verdict that it must have then.
pub(super) type Change = (&'static str, fn(&mut Records), Verdict);

/// Changes that turn each claim to its other verdicts.
pub(super) const CHANGES: [Change; 64] = [
    ("straight line", |r| probe_at(r, "relu-none", 0).hidden[4].all_negative = 0.0, HoldsPartly),
    ("straight line", |r| probe_at(r, "relu-batch", 0).hidden[2].all_positive = 0.2, HoldsPartly),
    (
        "straight line",
        |r| {
            for layer in &mut probe_at(r, "relu-none", 0).hidden {
                (layer.all_positive, layer.all_negative) = (0.0, 0.1);
            }
            probe_at(r, "relu-batch", 0).hidden[2].all_positive = 0.2;
        },
        DoesNotHold,
    ),
    ("straight line", |r| r.probes.retain(|probe| probe.run != "relu-none"), NotMeasured),
    ("deviation |a|", |r| probe_at(r, "sigmoid-batch", 1500).hidden[0].mean.fill(1.0), HoldsPartly),
    (
        "deviation |a|",
        |r| probe_at(r, "relu-batch", 1500).hidden[0].deviation.fill(0.0),
        HoldsPartly,
    ),
    (
        "deviation |a|",
        |r| {
            let layer = &mut probe_at(r, "relu-batch", 1500).hidden[0];
            layer.deviation.fill(f32::NAN);
            layer.mean.fill(f32::NAN);
        },
        DoesNotHold,
    ),
    ("deviation |a|", |r| r.experiment.norm_position = NormPosition::After, NotMeasured),
    ("deviation |a|", |r| r.probes.clear(), NotMeasured),
    ("gradients vanish", |r| ending(r, "sigmoid-none").test_accuracy = 0.92, HoldsPartly),
    ("gradients vanish", |r| ending(r, "sigmoid-none").layers[0].gradient_rms = 0.01, HoldsPartly),
    (
        "gradients vanish",
        |r| ending(r, "sigmoid-none").layers[0].gradient_rms = f64::NAN,
        HoldsPartly,
    ),
    ("gradients vanish", |r| ending(r, "sigmoid-none").output_spread = 0.2, HoldsPartly),
    (
        "gradients vanish",
        |r| *ending(r, "sigmoid-none") = evaluation("sigmoid-none", 1500, 0.92, 0.5, 1.2, 0.3),
        DoesNotHold,
    ),
    ("gradients vanish", |r| r.evaluations.retain(|m| m.run != "sigmoid-none"), NotMeasured),
    ("gradients vanish", |r| r.evaluations.retain(|m| m.step < 1500), NotMeasured),
    ("gradients vanish", |r| ending(r, "sigmoid-none").layers.truncate(1), NotMeasured),
    ("drift", |r| probe_at(r, "sigmoid-none", 1500).hidden[4].percentiles[1] = 0.0, HoldsPartly),
    ("drift", |r| probe_at(r, "sigmoid-none", 1500).hidden[4].deviation.fill(0.5), HoldsPartly),
    ("drift", |r| r.probes.retain(|probe| probe.step == 0), NotMeasured),
    ("network trains", |r| ending(r, "sigmoid-layer").test_accuracy = 0.1, HoldsPartly),
    (
        "network trains",
        |r| {
            for run in ["sigmoid-batch", "sigmoid-layer"] {
                *ending(r, run) = evaluation(run, 1500, 0.1, 1e-5, 0.001, 0.0);
            }
        },
        DoesNotHold,
    ),
    ("network trains", |r| r.evaluations.retain(|m| m.run != "sigmoid-layer"), NotMeasured),
    ("Spread", |r| probe_at(r, "sigmoid-batch", 1500).hidden[4].gamma.fill(1.0), HoldsPartly),
    // A scale that shrinks has moved, but not grown.
    ("Spread", |r| probe_at(r, "sigmoid-batch", 1500).hidden[4].gamma.fill(0.5), DoesNotHold),
    (
        "Location",
        |r| {
            let layer = &mut probe_at(r, "sigmoid-batch", 1500).hidden[4];
            layer.percentiles[1] = 0.4;
            layer.beta.fill(-0.4);
        },
        Holds,
    ),
    ("Location", |r| probe_at(r, "sigmoid-batch", 1500).hidden[4].beta.fill(-0.4), HoldsPartly),
    ("Location", |r| r.experiment.norm_position = NormPosition::After, NotMeasured),
    // Towards the middle is no drift, however far.
    (
        "drift",
        |r| {
            probe_at(r, "sigmoid-none", 0).hidden[4].percentiles = [1.05, 1.35, 1.65];
            probe_at(r, "sigmoid-none", 1500).hidden[4].percentiles[1] = -0.15;
        },
        HoldsPartly,
    ),
    // A move that is small compared with the width of the band is none.
    (
        "drift",
        |r| probe_at(r, "sigmoid-none", 0).hidden[4].percentiles = [-3.0, 0.0, 3.0],
        HoldsPartly,
    ),
    ("drift", |r| probe_at(r, "sigmoid-none", 0).hidden[4].percentiles = [0.0; 3], NotMeasured),
    // Saturated, the slopes take their share.
    (
        "slope ×",
        |r| {
            for layer in &mut probe_at(r, "sigmoid-none", 0).hidden {
                layer.histogram.counts.rotate_left(16);
            }
            start_of(r, "sigmoid-none", 0.011);
        },
        HoldsPartly,
    ),
    ("slope ×", |r| start_of(r, "sigmoid-none", 0.5), HoldsPartly),
    ("slope ×", |r| probe_at(r, "sigmoid-none", 0).weights.clear(), NotMeasured),
    ("Batch norm keeps", |r| start_of(r, "sigmoid-batch", 0.5), DoesNotHold),
    ("Batch norm keeps", |r| start_of(r, "sigmoid-batch", 1.5), DoesNotHold),
    ("Batch norm keeps", |r| r.evaluations.retain(|m| m.step > 1), NotMeasured),
    ("Layer norm only slows", |r| start_of(r, "sigmoid-layer", 1.0), HoldsPartly),
    ("Layer norm only slows", |r| start_of(r, "sigmoid-layer", 0.15), HoldsPartly),
    (
        "Layer norm only slows",
        |r| {
            start_of(r, "sigmoid-none", 0.9);
            start_of(r, "sigmoid-layer", 0.9);
        },
        DoesNotHold,
    ),
    (
        "Layer norm only slows",
        |r| r.evaluations.iter_mut().for_each(|evaluation| evaluation.layers.truncate(3)),
        NotMeasured,
    ),
    ("ReLU, the gradient", |r| ending(r, "relu-none").test_accuracy = 0.8, HoldsPartly),
    ("ReLU, the gradient", |r| ending(r, "relu-none").layers[0].gradient_rms = 1e-6, HoldsPartly),
    ("batch size 1", |r| batch_sizes(r)[0].hidden_gradient = 1e-30, HoldsPartly),
    ("batch size 1", |r| batch_sizes(r)[1].run.test_accuracy = Some(0.1), HoldsPartly),
    ("batch size 1", |r| drop(batch_sizes(r).remove(1)), NotMeasured),
    (
        "drift",
        |r| {
            let layer = &mut probe_at(r, "sigmoid-none", 1500).hidden[4];
            layer.percentiles[1] = 0.0;
            layer.deviation.fill(0.5);
        },
        DoesNotHold,
    ),
    (
        "Spread",
        |r| {
            let start = probe_at(r, "sigmoid-batch", 0).hidden.clone();
            probe_at(r, "sigmoid-batch", 1500).hidden = start;
        },
        DoesNotHold,
    ),
    (
        "ReLU, the gradient",
        |r| {
            *ending(r, "relu-none") = evaluation("relu-none", 1500, 0.1, 1e-6, 0.001, 0.0);
            *ending(r, "relu-batch") = evaluation("relu-batch", 1500, 0.5, 0.5, 1.0, 0.5);
            r.evaluations.retain(|m| m.step == 1500);
            let early = r.evaluations.iter().filter(|m| m.run.starts_with("relu")).cloned();
            let mut early: Vec<_> = early.collect();
            for evaluation in &mut early {
                (evaluation.step, evaluation.test_accuracy) = (150, 0.1);
            }
            r.evaluations.splice(0..0, early);
            without_effect(r, "relu-batch");
        },
        DoesNotHold,
    ),
    ("ReLU, the gradient", |r| without_effect(r, "relu-batch"), HoldsPartly),
    ("ReLU, the gradient", |r| drop(r.sweeps.remove(&Swept::LearningRate)), Holds),
    ("batch norm as well as layer norm", |r| r.sweeps.clear(), NotMeasured),
    (
        "batch norm as well as",
        |r| sweep(r, Swept::LearningRate).retain(|one| one.run.name != "relu-none"),
        NotMeasured,
    ),
    ("batch norm as well as", |r| without_effect(r, "relu-layer"), HoldsPartly),
    (
        "batch norm as well as",
        |r| {
            without_effect(r, "relu-layer");
            without_effect(r, "relu-batch");
        },
        DoesNotHold,
    ),
    // A rate in the middle of batch norm's range at which it diverges keeps the rates beyond it.
    (
        "batch norm as well as",
        |r| at_rate(r, "relu-batch", 0.03).run.failure = Some("inf".into()),
        Holds,
    ),
    // Without a norm the range may go on below the lowest rate: nobody knows which is wider.
    (
        "batch norm as well as",
        |r| {
            for rate in [0.003, 0.01, 0.03] {
                at_rate(r, "relu-none", rate).run.test_accuracy = Some(0.95);
            }
        },
        NotMeasured,
    ),
    ("whole layer", |r| set_affine(r, "shared", 0.9), HoldsPartly),
    ("whole layer", |r| sweep(r, Swept::Affine)[3].run.failure = Some("inf".into()), HoldsPartly),
    ("whole layer", |r| sweep(r, Swept::Affine).retain(|one| one.seed == 1), NotMeasured),
    ("whole layer", |r| sweep(r, Swept::Affine).truncate(4), NotMeasured),
    ("whole layer", |r| sweep(r, Swept::Affine).retain(|one| one.affine != "shared"), NotMeasured),
    (
        "whole layer",
        |r| {
            set_affine(r, "per_unit", 0.3);
            set_affine(r, "shared", 0.1);
        },
        DoesNotHold,
    ),
    (
        "batch size 1",
        |r| {
            batch_sizes(r)[0].hidden_gradient = f64::NAN;
            batch_sizes(r)[0].run.test_accuracy = Some(0.9);
            batch_sizes(r)[1].run.test_accuracy = Some(0.1);
        },
        DoesNotHold,
    ),
];
