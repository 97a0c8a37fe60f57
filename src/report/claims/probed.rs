//! Claims decided by probes of the hidden layers.

use super::super::number::{figure, percent};
use super::evidence::{Evidence, Measured, weigh};
use super::thresholds::{
    ALMOST_ALL, COLLAPSED, DRIFTED, FEW_UNITS, MANY_UNITS, OFF_CENTRE, ON_THE_DIAGONAL, SCALE_GREW,
    SPREAD,
};
use crate::config::NormPosition;
use crate::record::{Claim, LayerProbe, Probe, median};
use crate::report::records::Records;
use crate::report::style;

/// A ReLU without a norm may have a whole batch on one side; with batch norm it does not.
pub(super) fn one_sided_batches(records: &Records) -> Claim {
    let measured = || -> Measured {
        let none = most_one_sided(first(records, "relu-none")?)?;
        let batch = most_one_sided(first(records, "relu-batch")?)?;
        let text = |what: &str, layer: &LayerProbe| {
            format!(
                "{what}, {} of {}'s units start as a straight line, {} with no output",
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
    let claim = "A batch all on one side of a ReLU sees a straight line, or zero output and no gradient: \
                 true of many units without a norm, but not with batch norm";
    weigh("one-sided-batches", claim, measured())
}

/// Share of units whose inputs all lie on one side.
fn one_sided(layer: &LayerProbe) -> f64 {
    layer.all_positive + layer.all_negative
}

fn most_one_sided(probe: &Probe) -> Result<&LayerProbe, String> {
    let most = |a: &&LayerProbe, b: &&LayerProbe| one_sided(a).total_cmp(&one_sided(b));
    probe.hidden.iter().max_by(most).ok_or_else(|| no_hidden_layer(&probe.run))
}

/// Batch norm's a and b are the standard deviation and the mean of its outputs.
pub(super) fn scale_and_shift(records: &Records) -> Claim {
    let measured = || -> Measured {
        norm_before(records)?;
        let runs = ["sigmoid-batch", "relu-batch"];
        let probes: Vec<_> = runs.iter().filter_map(|run| last(records, run).ok()).collect();
        let layers: Vec<_> = probes.iter().flat_map(|probe| &probe.hidden).collect();
        if layers.is_empty() {
            return Err("no run with batch norm was probed".to_owned());
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
                 learn where its outputs should be";
    weigh("scale-and-shift", claim, measured())
}

/// The statistics of a unit's inputs, and its norm's parameters.
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

/// The inputs of the last sigmoids drift and collapse without a norm.
pub(super) fn drifting_inputs(records: &Records) -> Claim {
    let measured = || -> Measured {
        let (start, end) = both_ends(records, "sigmoid-none")?;
        let (Some(before), Some(now)) = (start.hidden.last(), end.hidden.last()) else {
            return Err(no_hidden_layer("sigmoid-none"));
        };
        let [from, to] = [before, now].map(|layer| layer.percentiles[1]);
        let width = width(before);
        if width.is_nan() || width <= 0.0 {
            return Err("at the start the inputs of the last hidden layer are all equal".to_owned());
        }
        // A move towards 0 is not drift, wherever it began.
        let away = (to.abs() - from.abs()) / width;
        let deviation = f64::from(now.deviation.iter().sum::<f32>()) / now.deviation.len() as f64;
        Ok(vec![
            Evidence::new(
                away >= DRIFTED,
                format!(
                    "their median moved from {} to {}, {} {:.2} times the initial width of their middle \
                     70 %",
                    figure(from),
                    figure(to),
                    if away >= 0.0 { "away from 0 by" } else { "towards 0 by" },
                    away.abs()
                ),
            ),
            Evidence::new(
                deviation <= COLLAPSED,
                format!("a unit's input has a standard deviation of {deviation:.4} across images"),
            ),
        ])
    };
    let claim = "Sigmoid without a norm: the inputs to the last hidden layer drift to one side and \
                 collapse";
    weigh("drifting-inputs", claim, measured())
}

/// Batch norm pulls the inputs of the last sigmoids towards 0 but, the lesson says, "not up to 0".
pub(super) fn location(records: &Records) -> Claim {
    let measured = || -> Measured {
        norm_before(records)?;
        let end = at_the_end(records, "sigmoid-batch")?;
        let layer = end.hidden.last().ok_or_else(|| no_hidden_layer("sigmoid-batch"))?;
        let (scale, shift) = (scale(layer), median_magnitude(&layer.beta));
        let median = layer.percentiles[1];
        Ok(vec![
            Evidence::new(
                median.abs() >= OFF_CENTRE * scale,
                format!("the median of the last hidden layer's inputs is {}", figure(median)),
            ),
            Evidence::new(
                shift >= OFF_CENTRE * scale,
                format!(
                    "half of its units have |b| up to {}, while the median |a| is {scale:.2}",
                    figure(shift)
                ),
            ),
        ])
    };
    let claim = "Location: batch norm pulls the inputs of the last sigmoids towards the middle, but not \
                 all the way to 0";
    weigh("location", claim, measured())
}

/// How widely batch norm spreads them.
pub(super) fn spread(records: &Records) -> Claim {
    let measured = || -> Measured {
        norm_before(records)?;
        let (start, end) = both_ends(records, "sigmoid-batch")?;
        let layers: Vec<_> = start.hidden.iter().zip(&end.hidden).collect();
        let furthest = layers.iter().max_by(|a, b| scale(a.1).total_cmp(&scale(b.1)));
        let (before, now) = *furthest.ok_or_else(|| no_hidden_layer("sigmoid-batch"))?;
        let band = |layer: &LayerProbe| {
            let [low, _, high] = layer.percentiles;
            format!("{}…{}", figure(low), figure(high))
        };
        let (name, learned) = (style::layer(&now.layer), scale(now));
        Ok(vec![
            Evidence::new(
                learned >= SCALE_GREW * scale(before),
                format!("the median |a| of {name} went from {:.2} to {learned:.2}", scale(before)),
            ),
            Evidence::new(
                width(now) >= SPREAD * width(before),
                format!(
                    "the middle 70 % of its inputs went from {} to {}",
                    band(before),
                    band(now)
                ),
            ),
        ])
    };
    let claim = "Spread: with batch norm, a grows, so that the inputs of a sigmoid reach beyond its \
                 linear middle";
    weigh("spread", claim, measured())
}

/// The width of the band that holds the middle 70 % of a layer's inputs.
fn width(layer: &LayerProbe) -> f64 {
    layer.percentiles[2] - layer.percentiles[0]
}

/// The median magnitude of a norm's scales; NaN if there are none.
fn scale(layer: &LayerProbe) -> f64 {
    median_magnitude(&layer.gamma)
}

fn median_magnitude(values: &[f32]) -> f64 {
    let magnitudes: Vec<_> = values.iter().map(|value| f64::from(value.abs())).collect();
    median(&magnitudes).unwrap_or(f64::NAN)
}

/// After the activation, the norm says nothing about the activation's inputs.
fn norm_before(records: &Records) -> Result<(), String> {
    match records.experiment.norm_position {
        NormPosition::Before => Ok(()),
        NormPosition::After => Err("the norm comes after the activation".to_owned()),
    }
}

pub(super) fn first<'a>(records: &'a Records, run: &'a str) -> Result<&'a Probe, String> {
    records.probes_of(run).next().ok_or_else(|| not_probed(run))
}

fn last<'a>(records: &'a Records, run: &'a str) -> Result<&'a Probe, String> {
    records.probes_of(run).last().ok_or_else(|| not_probed(run))
}

/// The first probe of a run and the one at its last step.
fn both_ends<'a>(records: &'a Records, run: &'a str) -> Result<(&'a Probe, &'a Probe), String> {
    Ok((first(records, run)?, at_the_end(records, run)?))
}

/// The probe at the last step of a run.
fn at_the_end<'a>(records: &'a Records, run: &'a str) -> Result<&'a Probe, String> {
    let (end, steps) = (last(records, run)?, records.experiment.steps);
    if end.step < steps {
        return Err(format!("{run} was probed only up to step {} of {steps}", end.step));
    }
    Ok(end)
}

fn not_probed(run: &str) -> String {
    format!("the run {run} was not probed")
}

fn no_hidden_layer(run: &str) -> String {
    format!("{run} has no hidden layer")
}
