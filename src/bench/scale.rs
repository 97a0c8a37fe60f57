//! How the time of a training step grows with the batch and with the width of the layers.
//!
//! Nothing may grow faster than its *work*: the multiplications of the products, and for every other kernel the
//! elements that it writes. The growth is the exponent p of time ∝ work^p, fitted to the largest sizes, where
//! starting a dispatch no longer matters: 1 is as fast as the work, and less means that the device is used better.

use super::step::{self, KernelTime, StepTime, Workload};
use crate::backend::Backend;
use crate::config::{Norm, Optimizer};
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::activation::Activation;
use serde::Serialize;
use std::collections::BTreeMap;

/// Batch sizes to try, with layers of [`WIDTH`] units.
pub const BATCHES: [usize; 7] = [1, 4, 16, 64, 256, 1024, 4096];

/// Widths to try, with batches of [`BATCH`] examples.
pub const WIDTHS: [usize; 7] = [32, 64, 128, 256, 512, 1024, 2048];

/// The width while the batch grows.
pub const WIDTH: usize = 128;

/// The batch while the width grows.
pub const BATCH: usize = 64;

/// Hidden layers.
const LAYERS: usize = 3;

/// How many of the largest sizes a growth is fitted to.
const FITTED: usize = 4;

/// The growth up to which time is said to grow no faster than the work: a fit to a few times that each vary by a few
/// percent is no more certain than this.
const AS_FAST: f64 = 1.1;

/// A network's step at one size.
#[derive(Clone, Debug, Serialize)]
pub struct ScaledStep {
    /// The batch or the width.
    pub size: usize,
    /// What the step takes.
    pub step: StepTime,
}

/// How something grows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// The exponent p of time ∝ work^p.
    pub exponent: f64,
}

impl Growth {
    /// Whether time grows no faster than the work.
    #[must_use]
    pub fn is_fair(self) -> bool {
        self.exponent <= AS_FAST
    }
}

/// The step of one network over one of its sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Scale {
    /// What grows: `batch` or `width`.
    pub what: &'static str,
    /// The steps, by size.
    pub points: Vec<ScaledStep>,
}

/// The network at one size of what grows: the batch, or else the width.
#[must_use]
pub fn workload(what: &str, size: usize) -> Workload {
    let (batch, width) = if what == "batch" { (size, WIDTH) } else { (BATCH, size) };
    Workload {
        hidden: vec![width; LAYERS],
        batch,
        activation: Activation::Relu,
        optimizer: Optimizer::Sgd,
    }
}

/// Times steps over `sizes` of what grows. `progress` gets each point.
///
/// # Errors
/// As [`step::time`].
pub fn measure(
    backend: &mut dyn Backend,
    (what, sizes): (&'static str, &[usize]),
    norm: Norm,
    data: &Dataset,
    progress: &mut dyn FnMut(&ScaledStep) -> Result<()>,
) -> Result<Scale> {
    let mut points = Vec::new();
    for &size in sizes {
        let point =
            ScaledStep { size, step: step::time(backend, &workload(what, size), norm, data)? };
        progress(&point)?;
        points.push(point);
    }
    Ok(Scale { what, points })
}

impl Scale {
    /// How the whole step grows.
    #[must_use]
    pub fn step(&self) -> Growth {
        growth(&self.points, |step| Some((step.work, step.ms_per_step)))
    }

    /// How each kernel grows, by name.
    #[must_use]
    pub fn kernels(&self) -> BTreeMap<&'static str, Growth> {
        let all = self.points.iter().flat_map(|point| &point.step.kernels);
        let of = |name: &str, step: &StepTime| {
            let found = step.kernels.iter().find(|kernel| kernel.name == name);
            found.map(|&KernelTime { work, ms, .. }| (work, ms))
        };
        all.map(|kernel| kernel.name)
            .map(|name| (name, growth(&self.points, |step| of(name, step))))
            .collect()
    }
}

/// The growth of a time with a work, over the largest points.
fn growth(points: &[ScaledStep], of: impl Fn(&StepTime) -> Option<(f64, f64)>) -> Growth {
    let largest = &points[points.len().saturating_sub(FITTED)..];
    let pairs = largest.iter().filter_map(|point| of(&point.step));
    Growth { exponent: slope(&pairs.map(|(work, ms)| (work.ln(), ms.ln())).collect::<Vec<_>>()) }
}

/// The slope of the least-squares line through points; 0 if all have the same x.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>();
    let common = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    if spread > 0.0 { common / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step of one kernel with this work and time.
    fn point(size: usize, work: f64, ms: f64) -> ScaledStep {
        let kernels = vec![KernelTime { name: "sgd", dispatches: 1, work, ms }];
        let step = StepTime { work, ms_per_step: ms, kernels, ..StepTime::default() };
        ScaledStep { size, step }
    }

    fn scale(ms: impl Fn(f64) -> f64) -> Scale {
        let works = [1.0, 4.0, 16.0, 64.0, 256.0];
        let points = works.iter().enumerate().map(|(size, &work)| point(size, work, ms(work)));
        Scale { what: "width", points: points.collect() }
    }

    #[test]
    fn growth_is_the_exponent_of_the_largest_sizes() {
        let near = |growth: Growth, expected: f64| (growth.exponent - expected).abs() < 1e-12;
        assert!(near(scale(|work| 3.0 * work).step(), 1.0));
        assert!(near(scale(|work| 0.1 * work.powf(1.5)).step(), 1.5));
        // What is constant below the largest four does not count.
        assert!(near(scale(|work| if work < 2.0 { 100.0 } else { work }).step(), 1.0));
        assert!(near(scale(|_| 7.0).kernels()["sgd"], 0.0));
    }

    #[test]
    fn what_grows_faster_than_its_work_is_reported() {
        assert!(scale(|work| work.powf(1.05)).step().is_fair());
        assert!(!scale(|work| work.powf(1.2)).step().is_fair());
        assert!(!scale(|work| work * work).kernels()["sgd"].is_fair());
    }
}
