//! Claims that probes of the hidden layers decide.

use super::super::number::percent;
use super::thresholds::{
    ALMOST_ALL, COLLAPSED, DRIFTED, FEW_UNITS, MANY_UNITS, ON_THE_DIAGONAL, SCALE_MOVED, SPREAD,
};
use super::{Evidence, Measured, weigh};
use crate::config::NormPosition;
use crate::record::{Claim, LayerProbe, Probe};
use crate::report::records::Records;
use crate::report::style;

/// A ReLU without a norm has whole batches on one side; with batch norm it has not.
pub(super) fn one_sided_batches(records: &Records) -> Claim {
    let measured = || -> Measured {
        let none = most_one_sided(first(records, "relu-none")?)?;
        let batch = most_one_sided(first(records, "relu-batch")?)?;
        let text = |what: &str, layer: &LayerProbe| {
            format!(
                "{what}, {} of {}'s units begin as a straight line, {} with no output",
                percent(layer.all_positive),
                style::layer(&layer.layer),
                percent(layer.all_negative)
            )
        };
        Ok(vec![
            Evidence::new(one_sided(none) >= MANY_UNITS, text("without a norm", none)),
            Evidence::new(one_sided(batch) <= FEW_UNITS, text("with batch norm", batch)),
        ])
    };
    let claim = "A batch all on one side of a ReLU sees a straight line, or nothing and no gradient: \
                 so it is with many units without a norm, and not with batch norm";
    weigh(claim, measured())
}

/// Share of units whose inputs all lie on one side.
fn one_sided(layer: &LayerProbe) -> f64 {
    layer.all_positive + layer.all_negative
}

fn most_one_sided(probe: &Probe) -> Result<&LayerProbe, String> {
    let most = |a: &&LayerProbe, b: &&LayerProbe| one_sided(a).total_cmp(&one_sided(b));
    probe.hidden.iter().max_by(most).ok_or_else(|| no_hidden_layer(&probe.run))
}

/// Batch norm's a and b are the standard deviation and the mean of what it gives.
pub(super) fn scale_and_shift(records: &Records) -> Claim {
    let measured = || -> Measured {
        norm_before(records)?;
        let runs = ["sigmoid-batch", "relu-batch"];
        let probes: Vec<_> = runs.iter().filter_map(|run| last(records, run).ok()).collect();
        let layers: Vec<_> = probes.iter().flat_map(|probe| &probe.hidden).collect();
        if layers.is_empty() {
            return Err("no run with batch norm has been probed".to_owned());
        }
        let units = layers.iter().flat_map(|layer| units(layer)).collect::<Vec<_>>();
        let share = |near: fn(&Unit) -> bool| {
            units.iter().filter(|unit| near(unit)).count() as f64 / units.len() as f64
        };
        let means = share(|unit| (unit.mean - unit.beta).abs() <= ON_THE_DIAGONAL * unit.gamma);
        let scales =
            share(|unit| (unit.deviation - unit.gamma).abs() <= ON_THE_DIAGONAL * unit.gamma);
        let text = |share, what| format!("{} of {} units have {what}", percent(share), units.len());
        Ok(vec![
            Evidence::new(means >= ALMOST_ALL, text(means, "their mean at b")),
            Evidence::new(scales >= ALMOST_ALL, text(scales, "their standard deviation at |a|")),
        ])
    };
    let claim = "a·(x − mean)/σ + b has mean b and standard deviation |a|, so that batch norm can \
                 learn where its data should lie";
    weigh(claim, measured())
}

/// What a unit's inputs are, and what its norm makes them.
struct Unit {
    mean: f32,
    deviation: f32,
    gamma: f32,
    beta: f32,
}

fn units(layer: &LayerProbe) -> impl Iterator<Item = Unit> {
    let measured = layer.mean.iter().zip(&layer.deviation);
    let learned = layer.gamma.iter().zip(&layer.beta);
    measured.zip(learned).map(|((&mean, &deviation), (&gamma, &beta))| Unit {
        mean,
        deviation,
        gamma: gamma.abs(),
        beta,
    })
}

/// The last sigmoids of a network without a norm.
pub(super) fn drifting_inputs(records: &Records) -> Claim {
    let measured = || -> Measured {
        let (start, end) = both_ends(records, "sigmoid-none")?;
        let (Some(before), Some(now)) = (start.hidden.last(), end.hidden.last()) else {
            return Err(no_hidden_layer("sigmoid-none"));
        };
        let [from, to] = [before, now].map(|layer| layer.percentiles[1]);
        let deviation = f64::from(now.deviation.iter().sum::<f32>()) / now.deviation.len() as f64;
        Ok(vec![
            Evidence::new(
                (to - from).abs() >= DRIFTED,
                format!("their median went from {from:.2} to {to:.2}"),
            ),
            Evidence::new(
                deviation <= COLLAPSED,
                format!("a unit's input differs by {deviation:.4} from image to image"),
            ),
        ])
    };
    let claim = "Sigmoid without a norm: the inputs to the last hidden layer drift to one side and \
                 collapse";
    weigh(claim, measured())
}

/// What batch norm learns with sigmoid.
pub(super) fn free_inputs(records: &Records) -> Claim {
    let measured = || -> Measured {
        norm_before(records)?;
        let (start, end) = both_ends(records, "sigmoid-batch")?;
        let layers: Vec<_> = start.hidden.iter().zip(&end.hidden).collect();
        let further = |(_, now): &&(&LayerProbe, &LayerProbe)| (scale(now) - 1.0).abs();
        let furthest = layers.iter().max_by(|a, b| further(a).total_cmp(&further(b)));
        let (before, now) = *furthest.ok_or_else(|| no_hidden_layer("sigmoid-batch"))?;
        let band = |layer: &LayerProbe| {
            let [low, median, high] = layer.percentiles;
            format!("{low:.2}…{high:.2} (median {median:.2})")
        };
        let width = |layer: &LayerProbe| layer.percentiles[2] - layer.percentiles[0];
        let (name, learned) = (style::layer(&now.layer), scale(now));
        Ok(vec![
            Evidence::new(
                (learned - 1.0).abs() >= SCALE_MOVED,
                format!("the median |a| of {name} went from {:.2} to {learned:.2}", scale(before)),
            ),
            Evidence::new(
                width(now) >= SPREAD * width(before),
                format!("15 to 85 % of its inputs went from {} to {}", band(before), band(now)),
            ),
        ])
    };
    let claim = "Batch norm does not hold the data in the middle of the sigmoid, where it is linear: a \
                 and b move them";
    weigh(claim, measured())
}

/// The median magnitude of a norm's scales; NaN where there is none.
fn scale(layer: &LayerProbe) -> f64 {
    let mut sorted: Vec<f32> = layer.gamma.iter().map(|gamma| gamma.abs()).collect();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().map_or(f64::NAN, f64::from)
}

/// Behind the activation, the norm says nothing about the activation's inputs.
fn norm_before(records: &Records) -> Result<(), String> {
    match records.experiment.norm_position {
        NormPosition::Before => Ok(()),
        NormPosition::After => Err("the norm stands behind the activation".to_owned()),
    }
}

fn first<'a>(records: &'a Records, run: &'a str) -> Result<&'a Probe, String> {
    records.probes_of(run).next().ok_or_else(|| not_probed(run))
}

fn last<'a>(records: &'a Records, run: &'a str) -> Result<&'a Probe, String> {
    records.probes_of(run).last().ok_or_else(|| not_probed(run))
}

/// The first probe of a run and the one at its last step.
fn both_ends<'a>(records: &'a Records, run: &'a str) -> Result<(&'a Probe, &'a Probe), String> {
    let (start, end) = (first(records, run)?, last(records, run)?);
    let steps = records.experiment.steps;
    if end.step < steps {
        return Err(format!("{run} has been probed up to step {} of {steps}", end.step));
    }
    Ok((start, end))
}

fn not_probed(run: &str) -> String {
    format!("the run {run} has not been probed")
}

fn no_hidden_layer(run: &str) -> String {
    format!("{run} has no hidden layer")
}
