//! Looks into the layers of a network in training: what a [`Probe`] records, for the first replica only.

use super::figures;
use crate::backend::Session;
use crate::error::{Error, Result};
use crate::kernels::{self, histogram};
use crate::model::{self, Model, Parameter, ProbedLayer};
use crate::program::TensorId;
use crate::record::{Histogram, Images, LayerProbe, OutputsInTraining, Probe, WeightProbe};
use crate::tensor::{Shape, Tensor, Value};
use std::collections::HashMap;

/// Units whose first-layer weights are recorded.
const FILTERS: usize = 24;

/// The percentiles of the inputs (Ioffe and Szegedy 2015, figure 1b).
const PERCENTILES: [f64; 3] = [0.15, 0.5, 0.85];

/// The weight matrices of a network at one time, from the first layer to the last.
pub(super) type Matrices = Vec<Tensor<f32>>;

/// Reads the weight matrices.
///
/// # Errors
/// When the device is lost or refuses.
pub(super) fn matrices(session: &mut dyn Session, model: &Model) -> Result<Matrices> {
    let ids: Vec<_> = model.weights().map(|one| one.value).collect();
    session.read_all(&ids)?.into_iter().map(Value::into_real).collect()
}

/// What a probe looks at besides the network itself.
pub(super) struct View<'a> {
    /// The run's name.
    pub(super) run: String,
    /// Steps done.
    pub(super) step: usize,
    /// The weights before the first step.
    pub(super) initial: &'a [Tensor<f32>],
    /// The weights before the last step; none before the first.
    pub(super) before: Option<&'a Matrices>,
    /// Whether the first layer's weights are recorded.
    pub(super) filters: bool,
}

/// Probes a network, without affecting its training.
///
/// # Errors
/// When the network has no probe, or the device is lost or refuses.
pub(super) fn take(session: &mut dyn Session, model: &Model, view: &View<'_>) -> Result<Probe> {
    let none = || Error::Device("the network was built without a probe".to_owned());
    let probe = model.probe.as_ref().ok_or_else(none)?;
    session.run(&[probe.pass, probe.digits], 1)?;
    let found = Found::read(session, model, probe)?;
    let without_image = classes_without(found.value(probe.digits_indices)?);
    let layers = probe.hidden.iter().enumerate();
    let of_layer = |layer| layer_probe(&found, model, layer, &without_image);
    let hidden = layers.map(of_layer).collect::<Result<_>>()?;
    let first = model.weights().next().filter(|_| view.filters);
    let first_weights = first.map(|one| found.real(one.value)).transpose()?.map(filters);
    let probed = model.weights().enumerate();
    let weights = probed.map(|one| weight_probe(&found, view, one)).collect::<Result<_>>()?;
    Ok(Probe {
        run: view.run.clone(),
        activation: model.network.activation.name().to_owned(),
        norm: model.network.norm.to_string(),
        step: view.step,
        hidden,
        without_image,
        weights,
        first_weights,
    })
}

/// The classes without an image in the first replica's order of the test images.
fn classes_without(order: &Value<f32>) -> Vec<usize> {
    let Value::Index(order) = order else { return Vec::new() };
    let none = |class: &usize| order.data.get(*class) == Some(&kernels::NONE);
    (0..order.shape.cols).filter(none).collect()
}

/// Everything that a probe reads, in one go: each wait for the device costs as much as a dispatch.
struct Found {
    values: HashMap<TensorId, Value<f32>>,
}

impl Found {
    fn read(session: &mut dyn Session, model: &Model, probe: &model::Probe) -> Result<Self> {
        let layers = probe.hidden.iter().flat_map(|layer| {
            let ProbedLayer { counts, stats, outputs, outputs_in_training, gamma, beta, .. } =
                *layer;
            let always = [counts, stats, outputs].map(Some);
            always.into_iter().chain([outputs_in_training, gamma, beta]).flatten()
        });
        let running = model.running.iter().map(|&(_, id)| id);
        let weights = model.weights().flat_map(|one| [one.value, one.gradient]);
        let last = probe.hidden.last().map(|layer| layer.inputs);
        let ids = layers.chain(running).chain(weights).chain([probe.digits_indices]).chain(last);
        let ids: Vec<_> = ids.collect();
        let values = session.read_all(&ids)?;
        Ok(Self { values: ids.into_iter().zip(values).collect() })
    }

    fn value(&self, id: TensorId) -> Result<&Value<f32>> {
        let missing = || Error::Device("a probe looks at a tensor that it has not read".to_owned());
        self.values.get(&id).ok_or_else(missing)
    }

    fn real(&self, id: TensorId) -> Result<&Tensor<f32>> {
        match self.value(id)? {
            Value::Real(tensor) => Ok(tensor),
            Value::Index(_) => {
                Err(Error::Shape("a probe needs real numbers, not integers".to_owned()))
            }
        }
    }
}

fn layer_probe(
    found: &Found,
    model: &Model,
    (number, layer): (usize, &ProbedLayer),
    without_image: &[usize],
) -> Result<LayerProbe> {
    let histogram = counted(found.value(layer.counts)?);
    let stats = found.real(layer.stats)?;
    let outputs = found.real(layer.outputs)?;
    let in_training = layer.outputs_in_training.map(|id| found.real(id)).transpose()?;
    let row = |tensor: Option<_>| match tensor {
        Some(id) => Ok(rounded(found.real(id)?.matrix(0))),
        None => Ok(Vec::new()),
    };
    let (gamma, beta) = (row(layer.gamma)?, row(layer.beta)?);
    let running = model.running.iter().find(|(known, _)| *known == number);
    let mut running = row(running.map(|&(_, id)| id))?;
    let running_variance = running.split_off(running.len() / 2);
    let units = stats.shape.cols;
    let share = |holds: &dyn Fn(usize) -> bool| {
        (0..units).filter(|&unit| holds(unit)).count() as f64 / units as f64
    };
    let [smallest, largest] = [2, 3].map(|row| stats.row(row));
    let outside = stats.row(4).iter().copied().map(f64::from).sum::<f64>();
    Ok(LayerProbe {
        layer: format!("layer{}", number + 1),
        percentiles: PERCENTILES.map(|share| histogram.percentile(share)),
        unit_percentiles: found.real(layer.inputs).ok().and_then(percentiles_of_first_unit),
        histogram,
        mean: rounded(stats.row(0)),
        deviation: rounded(stats.row(1)),
        all_positive: share(&|unit| smallest[unit] >= 0.0),
        all_negative: share(&|unit| largest[unit] <= 0.0),
        smallest: rounded(smallest),
        largest: rounded(largest),
        saturated: outside / units as f64,
        gamma,
        beta,
        running_mean: running,
        running_variance,
        output_spread: spread(outputs, without_image),
        outputs: images(outputs, without_image),
        in_training: in_training.map(|outputs| OutputsInTraining {
            output_spread: spread(outputs, without_image),
            outputs: images(outputs, without_image),
        }),
    })
}

/// The percentiles of a matrix's first column, that of its first replica; none if they are not all finite.
fn percentiles_of_first_unit(inputs: &Tensor<f32>) -> Option<[f64; 3]> {
    let mut column: Vec<_> =
        (0..inputs.shape.rows).map(|row| f64::from(inputs.at(row, 0))).collect();
    column.sort_by(f64::total_cmp);
    let last = column.len().checked_sub(1)?;
    let at = |share: f64| {
        let place = share * last as f64;
        let (below, rest) = (place.floor() as usize, place.fract());
        column[below] + rest * (column[last.min(below + 1)] - column[below])
    };
    let percentiles = PERCENTILES.map(at);
    column.iter().all(|value| value.is_finite()).then_some(percentiles)
}

/// How much the outputs differ from row to row, except for the rows without an image.
fn spread(outputs: &Tensor<f32>, without_image: &[usize]) -> f64 {
    let rows = (0..outputs.shape.rows).filter(|row| !without_image.contains(row));
    let data: Vec<f32> = rows.flat_map(|row| outputs.row(row)).copied().collect();
    let shape = Shape::matrix(data.len() / outputs.shape.cols.max(1), outputs.shape.cols);
    figures::spread(&Tensor::new(shape, data))
}

/// The outputs as images. Rows without an image do not count for the range.
fn images(outputs: &Tensor<f32>, without_image: &[usize]) -> Images {
    let row = |row| match without_image.contains(&row) {
        true => vec![f32::NAN; outputs.shape.cols],
        false => outputs.row(row).to_vec(),
    };
    let numbers: Vec<f32> = (0..outputs.shape.rows).flat_map(row).collect();
    Images::new(&numbers, outputs.shape.cols)
}

/// The counts of a histogram with the kernel's default bins.
fn counted(counts: &Value<f32>) -> Histogram {
    let parameter = |place: usize| f64::from(histogram::KERNEL.contract.parameters[place].default);
    let (per_unit, first) = (parameter(0), parameter(1));
    let count = |slot: usize| counts.widened(slot) as u32;
    let last = counts.shape().cols - 1;
    Histogram {
        low: first / per_unit,
        high: (first + (last - 1) as f64) / per_unit,
        below: count(0),
        above: count(last),
        counts: (1..last).map(count).collect(),
    }
}

/// Figures of one weight matrix.
fn weight_probe(
    found: &Found,
    view: &View<'_>,
    (layer, parameter): (usize, &Parameter),
) -> Result<WeightProbe> {
    let now = found.real(parameter.value)?.matrix(0);
    let (gradient_rms, update_ratio) = match view.before {
        Some(before) => (
            figures::rms(found.real(parameter.gradient)?.matrix(0)),
            figures::relative_change(now, before[layer].matrix(0)),
        ),
        None => (0.0, 0.0),
    };
    Ok(WeightProbe {
        layer: format!("layer{}", parameter.layer + 1),
        gradient_rms,
        update_ratio,
        change: figures::relative_change(now, view.initial[layer].matrix(0)),
        backward_gain: (parameter.shape.cols as f64).sqrt() * figures::rms(now),
    })
}

/// The weights into the first units, one image each.
fn filters(weights: &Tensor<f32>) -> Images {
    let units = 0..weights.shape.cols.min(FILTERS);
    let image = |unit: usize| (0..weights.shape.rows).map(move |pixel| weights.at(pixel, unit));
    Images::new(&units.flat_map(image).collect::<Vec<_>>(), weights.shape.rows)
}

/// Rounded to four significant digits, which is more than a picture shows.
fn rounded(numbers: &[f32]) -> Vec<f32> {
    let short = |&x: &f32| {
        // Neither 0 nor a number that is not finite has digits.
        if x == 0.0 || !x.is_finite() {
            return x;
        }
        let wide = f64::from(x);
        let scale = 10_f64.powi(3 - wide.abs().log10().floor() as i32);
        ((wide * scale).round() / scale) as f32
    };
    numbers.iter().map(short).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_bins_of_the_kernel() {
        let mut counts = Tensor::filled(Shape::matrix(1, histogram::USUAL_SLOTS), 0);
        counts.data[0] = 3;
        counts.data[1] = 5;
        counts.data[histogram::USUAL_SLOTS - 1] = 7;
        let found = counted(&Value::Index(counts));
        assert_eq!((found.low, found.high, found.below, found.above), (-8.0, 8.0, 3, 7));
        assert_eq!((found.counts.len(), found.counts[0], found.total()), (128, 5, 15));
    }

    #[test]
    fn a_class_without_an_image_counts_for_nothing() {
        let order = Tensor::new(Shape::new(2, 1, 3), vec![7, kernels::NONE, 0, 7, 8, 0]);
        assert_eq!(classes_without(&Value::Index(order)), [1]);
        let outputs = Tensor::new(Shape::matrix(3, 2), vec![1.0, 5.0, 9.0, -9.0, 3.0, 5.0]);
        assert_eq!((spread(&outputs, &[1]), spread(&outputs, &[1, 2])), (0.5, 0.0));
        let images = images(&outputs, &[1]);
        assert_eq!(
            (images.low, images.high, images.bytes()),
            (1.0, 5.0, vec![0, 255, 0, 0, 128, 255])
        );
    }

    #[test]
    fn percentiles_of_a_unit_lie_between_its_values() {
        let column = |values: &[f32]| {
            let data = values.iter().flat_map(|&x| [x, 99.0]).collect();
            percentiles_of_first_unit(&Tensor::new(Shape::matrix(values.len(), 2), data))
        };
        assert_eq!(column(&[10.0, 0.0, 5.0]), Some([1.5, 5.0, 8.5].map(|x: f64| x)));
        assert_eq!(column(&[7.0]), Some([7.0; 3]));
        assert_eq!((column(&[f32::NAN, 1.0]), column(&[])), (None, None));
    }

    #[test]
    fn filters_are_the_columns_of_the_weights() {
        let weights = Tensor::new(Shape::matrix(2, 3), vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let images = filters(&weights);
        assert_eq!((images.low, images.high, images.width), (0.0, 5.0, 2));
        assert_eq!(images.bytes(), [0, 153, 51, 204, 102, 255]);
    }

    #[test]
    fn numbers_are_kept_to_four_digits() {
        assert_eq!(rounded(&[1.234_56, -0.000_123_456, 0.0]), [1.235, -0.000_123_5, 0.0]);
        assert!(rounded(&[f32::NAN])[0].is_nan());
    }
}
