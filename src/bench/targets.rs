//! This project's speed targets for an adapter, and what is measured there.
//!
//! Targets in time and in GFLOP/s are for software Vulkan on two cores; on hardware they are shares of the adapter's
//! measured upper limits. Kernels are timed with the variants that programs get.

use super::shape::BenchShape;
use super::step::{self, StepTime, Workload};
use super::{Roofline, variants};
use crate::backend::gpu::GpuBackend;
use crate::config::Norm;
use crate::data::Dataset;
use crate::error::Result;
use crate::kernels::kernel::Kernel;
use crate::kernels::{
    batch_norm_backward, batch_norm_forward, layer_norm_backward, layer_norm_forward, matmul_nn,
    matmul_nt, matmul_tn,
};
use serde::Serialize;

/// The side of its bound that a value must be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// At or above it.
    AtLeast,
    /// At or below it.
    AtMost,
}

/// One value to reach.
#[derive(Clone, Debug, Serialize)]
pub struct SpeedTarget {
    /// What is measured.
    pub what: String,
    /// The side of the bound that it must be on.
    pub side: Side,
    /// The bound.
    pub bound: f64,
    /// The measured value; none if it could not be measured.
    pub measured: Option<f64>,
    /// The unit of both.
    pub unit: &'static str,
}

impl SpeedTarget {
    /// Whether it is reached; false if nothing was measured.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.measured.is_some_and(|measured| match self.side {
            Side::AtLeast => measured >= self.bound,
            Side::AtMost => measured <= self.bound,
        })
    }
}

/// The targets of products on software Vulkan: GFLOP/s at shapes.
const PRODUCTS: [(&Kernel, [usize; 3], f64); 6] = [
    (&matmul_nn::KERNEL, [256, 256, 256], 7.0),
    (&matmul_nn::KERNEL, [512, 512, 512], 7.0),
    (&matmul_nn::KERNEL, [1024, 1024, 1024], 7.0),
    (&matmul_nn::KERNEL, [60, 784, 100], 7.0),
    (&matmul_tn::KERNEL, [784, 60, 100], 4.5),
    (&matmul_nt::KERNEL, [60, 100, 100], 4.5),
];

/// Norms with both of their kernels.
const NORMS: [(&str, [&Kernel; 2]); 2] = [
    ("batch norm", [&batch_norm_forward::KERNEL, &batch_norm_backward::KERNEL]),
    ("layer norm", [&layer_norm_forward::KERNEL, &layer_norm_backward::KERNEL]),
];

/// The targets of steps on software Vulkan, in milliseconds: the number of the network among
/// [`Workload::usual`], and the times with no norm, batch norm and layer norm.
const STEPS: [(usize, [f64; 3]); 2] = [(SMALL, [4.0, 5.0, 5.0]), (2, [250.0, 270.0, 270.0])];

/// The number of the small network among [`Workload::usual`].
const SMALL: usize = 1;

/// The target of its step with batch norm on hardware, in milliseconds: 50,000 of them in 10 s.
const HARDWARE_STEP: f64 = 0.2;

/// Times everything that there are targets for; `report` gets each target as soon as it is measured.
///
/// # Errors
/// When a shader cannot be read, or the device refuses.
pub fn measure(
    backend: &mut GpuBackend,
    data: &Dataset,
    report: &mut dyn FnMut(&SpeedTarget) -> Result<()>,
) -> Result<Vec<SpeedTarget>> {
    let software = !backend.selection().capabilities().hardware;
    let mut goals = Goals { all: Vec::new(), report };
    if software {
        absolute(backend, &mut goals)?;
    } else {
        shares(backend, &mut goals)?;
    }
    for (network, bounds) in STEPS {
        for (norm, bound) in [Norm::NONE, Norm::BATCH, Norm::LAYER].into_iter().zip(bounds) {
            let small = network == SMALL && norm == Norm::BATCH;
            if !software && !small {
                continue;
            }
            let step = step::time(backend, &Workload::usual()[network], norm, data)?;
            let bound = if software { bound } else { HARDWARE_STEP };
            let what = format!("{}, norm {}", step.network, step.norm);
            goals.add(Side::AtMost, what, bound, Some(step.ms_per_step), "ms/step")?;
            if small {
                of_the_host(backend, data, &step, &mut goals)?;
            }
        }
    }
    Ok(goals.all)
}

/// Kernels on software Vulkan: GFLOP/s of products, milliseconds of norms.
fn absolute(backend: &mut GpuBackend, goals: &mut Goals<'_>) -> Result<()> {
    for (kernel, [m, k, n], bound) in PRODUCTS {
        let shape = BenchShape::Product(m, k, n);
        let time = variants::time(backend, kernel, shape)?;
        let what = format!("{} {shape}", kernel.name());
        goals.add(Side::AtLeast, what, bound, time.gflop_per_s, "GFLOP/s")?;
    }
    let shape = BenchShape::Matrix(1024, 1024);
    for (name, [forward, backward]) in NORMS {
        let forward = 1e3 * variants::time(backend, forward, shape)?.time.median;
        let both = forward + 1e3 * variants::time(backend, backward, shape)?.time.median;
        let what = |which: &str| format!("{name} {which} {shape}");
        goals.add(Side::AtMost, what("forward"), 12.0, Some(forward), "ms")?;
        goals.add(Side::AtMost, what("forward and backward"), 30.0, Some(both), "ms")?;
    }
    Ok(())
}

/// Kernels on hardware: shares of the adapter's upper limits.
fn shares(backend: &mut GpuBackend, goals: &mut Goals<'_>) -> Result<()> {
    let ceilings = Roofline::measure(backend)?;
    let shape = BenchShape::Product(4096, 4096, 4096);
    let time = variants::time(backend, &matmul_nn::KERNEL, shape)?;
    let share = time.gflop_per_s.map(|speed| 100.0 * speed / ceilings.gflop_per_s);
    let what = format!("matmul_nn {shape} of the multiply-add ceiling");
    goals.add(Side::AtLeast, what, 50.0, share, "%")?;
    let shape = BenchShape::Matrix(8192, 1024);
    for kernel in NORMS.into_iter().flat_map(|(_, both)| both) {
        let time = variants::time(backend, kernel, shape)?;
        let share = 100.0 * time.gb_per_s / ceilings.gb_per_s;
        let what = format!("{} {shape} of the copy", kernel.name());
        goals.add(Side::AtLeast, what, 85.0, Some(share), "%")?;
    }
    Ok(())
}

/// What a step costs the host.
fn of_the_host(
    backend: &mut GpuBackend,
    data: &Dataset,
    step: &StepTime,
    goals: &mut Goals<'_>,
) -> Result<()> {
    let workload = &Workload::usual()[SMALL];
    let cost = step::host_cost(backend, workload, Norm::BATCH, data)?;
    let what = |which: &str| format!("{which}, {}, norm {}", step.network, step.norm);
    let dispatches = Some(step.dispatches as f64);
    goals.add(Side::AtMost, what("dispatches"), 18.0, dispatches, "a step")?;
    goals.add(Side::AtMost, what("encoding"), 2.0, cost.encoding_us, "us/dispatch")?;
    goals.add(Side::AtLeast, what("steps"), 10.0, cost.steps_per_submit, "a submit")?;
    let ratio = step::loop_ratio(backend, workload, Norm::BATCH, data)?;
    goals.add(Side::AtMost, what("training loop"), 1.05, ratio, "of its steps alone")
}

/// Targets as they are measured.
struct Goals<'a> {
    all: Vec<SpeedTarget>,
    report: &'a mut dyn FnMut(&SpeedTarget) -> Result<()>,
}

impl Goals<'_> {
    fn add(
        &mut self,
        side: Side,
        what: String,
        bound: f64,
        measured: Option<f64>,
        unit: &'static str,
    ) -> Result<()> {
        let goal = SpeedTarget { what, side, bound, measured, unit };
        (self.report)(&goal)?;
        self.all.push(goal);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_reached_on_its_side_of_the_bound_and_only_when_measured() {
        let goal = |side, measured| SpeedTarget {
            what: String::new(),
            side,
            bound: 5.0,
            measured,
            unit: "ms",
        };
        assert!(goal(Side::AtLeast, Some(5.0)).is_reached());
        assert!(goal(Side::AtMost, Some(4.9)).is_reached());
        assert!(!goal(Side::AtLeast, Some(4.9)).is_reached());
        assert!(!goal(Side::AtMost, Some(5.1)).is_reached());
        assert!(!goal(Side::AtMost, Some(f64::NAN)).is_reached());
        assert!(!goal(Side::AtMost, None).is_reached());
    }
}
