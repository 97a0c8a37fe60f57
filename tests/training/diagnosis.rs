//! A loss that is not finite ends its run, and the first kernel that produced such a value is named.

use super::{Checked, hold, on_cpu, on_gpu, text};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::config::{Experiment, Norm};
use normlab::data::Dataset;
use normlab::kernels::activation::Activation;
use normlab::record::Evaluation;
use normlab::tensor::Value;
use normlab::train::{Observer, Plan, Trainer, TrainingOutcome, Weights, train};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_cpu("diverged::names_the_kernel_on_the_cpu", || diverged(&mut CpuBackend)),
        on_gpu("diverged::names_the_kernel_on_the_gpu", |backend| diverged(backend)),
        on_cpu("diverged::names_the_replica_on_the_cpu", || diverged_replica(&mut CpuBackend)),
        on_gpu("diverged::names_the_replica_on_the_gpu", |backend| diverged_replica(backend)),
        on_gpu("finished::compares_at_least_three_steps", |backend| finished(backend)),
    ]
}

struct Silent;

impl Observer for Silent {
    fn progress(&mut self, _: usize) {}

    fn evaluation(&mut self, _: &Evaluation, _: &Weights) -> normlab::error::Result<()> {
        Ok(())
    }
}

/// A learning rate of 1e30 makes weights of about 1e28 in the first step; in the second one, layer 1
/// gives about as much, and layer 2's product is the first to leave f32's range. With 1e9 that takes a
/// step more, and the loss that was bad before must not be blamed when the steps are run again.
fn diverged(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    for (learning_rate, culprit) in [(1e30, "came from layer2.matmul"), (1e9, "came from layer")] {
        let experiment =
            Experiment { hidden: vec![8, 8], learning_rate, steps: 60, ..Experiment::default() };
        let (activation, norm) = (Activation::Relu, Norm::NONE);
        let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
        let record = train(backend, &plan, &mut Silent).map_err(text)?;
        let failure = record.failure.ok_or("the run did not fail")?;
        let mut steps = failure.match_indices("at step ").map(|(at, _)| &failure[at..at + 9]);
        let same_step = steps.next() == steps.next();
        hold(failure.contains(culprit) && same_step, || format!("it says: {failure}"))?;
    }
    Ok(())
}

/// Of three replicas one has a weight that is not a number: it is named, and so are the kernel and the
/// losses of the one that diverges first.
fn diverged_replica(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let small = Experiment { hidden: vec![8, 8], steps: 60, replicas: 3, ..Experiment::default() };
    let (activation, norm) = (Activation::Relu, Norm::NONE);
    let plan = Plan { experiment: &small, activation, norm, data: &data, verify: false };
    let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
    let bias = trainer.model().parameters.last().ok_or("no parameters")?.value;
    let Value::Real(mut values) = trainer.session().read(bias).map_err(text)? else {
        return Err("a bias is a number".to_owned());
    };
    *values.data.last_mut().ok_or("no bias")? = f32::NAN;
    trainer.session().write(bias, &Value::Real(values)).map_err(text)?;
    let outcome = trainer.run_to(3).map_err(text)?;
    hold(matches!(outcome, TrainingOutcome::Diverged { replica: 2, step: 1, .. }), || {
        format!("{outcome:?}")
    })?;
    let far = Experiment { learning_rate: 1e9, probes: 0, ..small.clone() };
    let record = train(backend, &Plan { experiment: &far, ..plan }, &mut Silent).map_err(text)?;
    let failure = record.failure.ok_or("the run did not fail")?;
    let step = failure.split("at step ").nth(1).and_then(|rest| rest.split(':').next());
    let step: usize = step.ok_or("no step")?.parse().map_err(text)?;
    let named = failure.starts_with("the loss of replica ") && failure.contains("came from layer");
    hold(named, || format!("it says: {failure}"))?;
    // The evaluation after the first step has one loss, and the bad one is not kept.
    hold(record.last_losses.len() == step - 2, || format!("{failure}: {:?}", record.last_losses))?;
    let range = record.range.ok_or("no range over the replicas")?;
    hold(range.replicas == 3 && range.lowest != range.highest, || format!("{range:?}"))
}

fn finished(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let experiment = Experiment { hidden: vec![20], steps: 7, ..Experiment::default() };
    let (activation, norm) = (Activation::Sigmoid, Norm::BATCH);
    let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: true };
    let record = train(backend, &plan, &mut Silent).map_err(text)?;
    hold(record.failure.is_none() && record.steps == 7, || format!("{record:?}"))?;
    let parity = record.parity;
    // Three steps of 8 dispatches forward, 7 backward and one update, all with one output or more.
    hold(parity.compared > 3 * 16, || format!("only {} tensors were compared", parity.compared))?;
    let ratio = parity.worst_ratio.unwrap_or(f64::INFINITY);
    hold(ratio <= 1.0 && parity.failures.is_empty(), || format!("{parity:?}"))
}
