//! Probes: that they change nothing, and that they record the actual values.

use super::{Checked, hold, on_cpu, on_gpu, text};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::config::{Experiment, Norm, NormLayers};
use normlab::data::{Dataset, Examples};
use normlab::kernels::activation::Activation;
use normlab::record::{Evaluation, LayerProbe, Probe};
use normlab::train::{Observer, Plan, Weights, train};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_cpu("probes::change_nothing_on_the_cpu", || change_nothing(&mut CpuBackend)),
        on_gpu("probes::change_nothing_on_the_gpu", |backend| change_nothing(backend)),
        on_cpu("probes::look_at_the_first_replica_on_the_cpu", || first_replica(&mut CpuBackend)),
        on_gpu("probes::look_at_the_first_replica_on_the_gpu", |backend| first_replica(backend)),
        on_cpu("probes::record_what_is_there_on_the_cpu", || what_is_there(&mut CpuBackend)),
        on_gpu("probes::record_what_is_there_on_the_gpu", |backend| what_is_there(backend)),
        on_cpu("probes::leave_out_a_class_without_an_image_on_the_cpu", || {
            class_without_image(&mut CpuBackend)
        }),
        on_gpu("probes::leave_out_a_class_without_an_image_on_the_gpu", |backend| {
            class_without_image(backend)
        }),
    ]
}

/// Keeps the events it receives.
#[derive(Default)]
struct Kept {
    probes: Vec<Probe>,
    weights: Weights,
}

impl Observer for Kept {
    fn progress(&mut self, _: usize) {}

    fn evaluation(&mut self, _: &Evaluation, weights: &Weights) -> normlab::error::Result<()> {
        self.weights.clone_from(weights);
        Ok(())
    }

    fn probed(&mut self, probe: &Probe) -> normlab::error::Result<()> {
        self.probes.push(probe.clone());
        Ok(())
    }
}

const STEPS: usize = 30;

/// The events of a small network's training.
fn trained(
    backend: &mut dyn Backend,
    probes: usize,
    network: (Activation, Norm),
) -> Result<Kept, String> {
    replicated(backend, probes, network, 1)
}

/// The events of several copies of it.
fn replicated(
    backend: &mut dyn Backend,
    probes: usize,
    (activation, norm): (Activation, Norm),
    replicas: usize,
) -> Result<Kept, String> {
    let data = Dataset::drawn().map_err(text)?;
    let hidden = vec![17, 9];
    let experiment = Experiment { hidden, steps: STEPS, probes, replicas, ..Experiment::default() };
    on_data(backend, &experiment, (activation, norm), &data)
}

fn on_data(
    backend: &mut dyn Backend,
    experiment: &Experiment,
    (activation, norm): (Activation, Norm),
    data: &Dataset,
) -> Result<Kept, String> {
    let plan = Plan { experiment, activation, norm, data, verify: false };
    let mut kept = Kept::default();
    train(backend, &plan, &mut kept).map_err(text)?;
    Ok(kept)
}

/// A probed network learns exactly the same weights as one that is not probed.
fn change_nothing(backend: &mut dyn Backend) -> Checked {
    let of_one = Norm::group(3).in_layers(NormLayers::Last);
    for norm in [Norm::NONE, Norm::BATCH, Norm::LAYER, Norm::RMS, of_one] {
        let plain = trained(backend, 0, (Activation::Sigmoid, norm))?;
        let probed = trained(backend, 20, (Activation::Sigmoid, norm))?;
        hold(plain.probes.is_empty() && probed.probes.len() > 10, || "no probes".to_owned())?;
        hold(plain.weights == probed.weights, || format!("{norm:?}: the weights differ"))?;
    }
    Ok(())
}

/// The records of three replicas are those of the first one alone.
fn first_replica(backend: &mut dyn Backend) -> Checked {
    let network = (Activation::Sigmoid, Norm::BATCH);
    let alone = trained(backend, 20, network)?;
    let among = replicated(backend, 20, network, 3)?;
    hold(among.probes.len() == alone.probes.len(), || "probes are missing".to_owned())?;
    for (among, alone) in among.probes.iter().zip(&alone.probes) {
        hold(among == alone, || format!("step {}: {among:?} {alone:?}", alone.step))?;
    }
    Ok(())
}

/// A class that the test set lacks is named; the others' outputs are unchanged, and only they count for the
/// spread.
fn class_without_image(backend: &mut dyn Backend) -> Checked {
    const LACKING: u8 = 3;
    let network = (Activation::Sigmoid, Norm::BATCH);
    let experiment = Experiment { hidden: vec![17, 9], steps: 3, ..Experiment::default() };
    let mut data = Dataset::drawn().map_err(text)?;
    let whole = on_data(backend, &experiment, network, &data)?;
    hold(whole.probes.iter().all(|probe| probe.without_image.is_empty()), || "none lacks".into())?;
    let test = &mut data.test;
    let pixels = test.features();
    let kept: Vec<_> = (0..test.len()).filter(|&at| test.labels[at] != LACKING).collect();
    let images = test.images();
    let images: Vec<_> =
        kept.iter().flat_map(|at| &images[at * pixels..][..pixels]).copied().collect();
    let labels = kept.iter().map(|&at| test.labels[at]).collect();
    *test = Examples::new(&images, labels, [test.image_rows, test.image_cols]);
    let part = on_data(backend, &experiment, network, &data)?;
    for (part, whole) in part.probes.iter().zip(&whole.probes) {
        hold(part.without_image == [usize::from(LACKING)], || format!("{:?}", part.without_image))?;
        for (part, whole) in part.hidden.iter().zip(&whole.hidden) {
            let width = part.outputs.width;
            let rows = |layer: &LayerProbe| -> Vec<Vec<f32>> {
                let images = &layer.outputs;
                let numbers: Vec<_> =
                    images.bytes().iter().map(|&byte| images.number(byte)).collect();
                let rows = numbers.chunks(width).map(<[f32]>::to_vec);
                rows.enumerate()
                    .filter(|(row, _)| *row != usize::from(LACKING))
                    .map(|(_, row)| row)
                    .collect()
            };
            let (found, expected) = (rows(part), rows(whole));
            // Each is within half a grey of what was there.
            let grey = (whole.outputs.high - whole.outputs.low) / 255.0;
            let apart =
                found.iter().flatten().zip(expected.iter().flatten()).map(|(a, b)| (a - b).abs());
            let apart = apart.fold(0.0, f32::max);
            hold(apart <= grey, || format!("{apart} apart, a grey is {grey}"))?;
            let spread = spread_of(&found);
            let near = (part.output_spread - spread).abs() <= f64::from(grey);
            hold(near, || format!("{}, of the nine {spread}", part.output_spread))?;
        }
    }
    Ok(())
}

/// The standard deviation of each column, mean over the columns.
fn spread_of(rows: &[Vec<f32>]) -> f64 {
    let count = rows.len() as f64;
    let deviation = |col: usize| {
        let values = || rows.iter().map(|row| f64::from(row[col]));
        let mean = values().sum::<f64>() / count;
        (values().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    (0..rows[0].len()).map(deviation).sum::<f64>() / rows[0].len() as f64
}

/// Batch norm's outputs have the mean beta and the deviation |gamma|, unit by unit (the scale is off by
/// epsilon's share of the variance); before the first step nothing has changed; every image is counted.
fn what_is_there(backend: &mut dyn Backend) -> Checked {
    let kept = trained(backend, 20, (Activation::Sigmoid, Norm::BATCH))?;
    let (first, last) = (&kept.probes[0], &kept.probes[kept.probes.len() - 1]);
    hold(first.step == 0 && last.step == STEPS, || "the first or the last is missing".to_owned())?;
    hold(first.weights.iter().all(|one| one.change == 0.0), || "changed at step 0".to_owned())?;
    for (layer, units) in last.hidden.iter().zip([17, 9]) {
        let total = layer.histogram.total();
        hold(total == 200 * units as u64, || format!("{total} inputs were counted"))?;
        hold(layer.outputs.bytes().len() == 10 * units, || "outputs are missing".to_owned())?;
        hold(layer.running_variance.len() == units, || "running statistics".to_owned())?;
        for unit in 0..units {
            let (mean, beta) = (layer.mean[unit], layer.beta[unit]);
            let (deviation, gamma) = (layer.deviation[unit], layer.gamma[unit].abs());
            let fits = (mean - beta).abs() < 1e-3 && (deviation / gamma - 1.0).abs() < 2e-2;
            hold(fits, || format!("unit {unit}: {mean} {beta} {deviation} {gamma}"))?;
        }
        let [low, middle, high] = layer.percentiles;
        hold(low < middle && middle < high, || format!("{:?}", layer.percentiles))?;
    }
    // Plain descent: ‖ΔW‖ is the rate times the gradient, whose size is known.
    let weight = &last.weights[0];
    let matrix = &kept.weights.iter().find(|(name, _)| name == "layer1.weight");
    let (_, matrix) = matrix.ok_or("no weights")?;
    let norm = matrix.data.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let step = 0.1 * weight.gradient_rms * (matrix.data.len() as f64).sqrt();
    let ratio = weight.update_ratio / (step / norm);
    hold((ratio - 1.0).abs() < 1e-2, || format!("the update is {ratio} times the gradient's"))?;
    let filters = last.first_weights.as_ref().ok_or("no filters at the end")?;
    hold(filters.bytes().len() == 17 * 784, || "filters are missing".to_owned())
}
