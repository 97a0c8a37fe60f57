//! The engines against each other and against themselves.

use super::{Checked, hold, on_cpu, on_gpu, text};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::config::{Affine, Experiment, Norm, NormLayers, NormPosition, Optimizer};
use normlab::data::Dataset;
use normlab::kernels::activation::Activation;
use normlab::record::Parity;
use normlab::train::{Plan, Trainer, TrainingOutcome, Weights};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        on_gpu("deterministic::gpu", |backend| {
            twice(|| weights_after(backend, &small(), Norm::BATCH, 40))
        }),
        on_cpu("deterministic::cpu", || twice(|| on_threads(2, &small()))),
        on_cpu("deterministic::cpu_on_any_number_of_threads", || {
            // Narrow layers are one part, wide ones many.
            let wide = Experiment { optimizer: Optimizer::Adam, hidden: vec![700, 300], ..small() };
            for experiment in [small(), Experiment { replicas: 3, ..small() }, wide] {
                let one = on_threads(1, &experiment)?;
                for threads in [3, 8] {
                    same(&one, &on_threads(threads, &experiment)?)?;
                }
            }
            Ok(())
        }),
        on_gpu("free_run::loss_curves_agree", |backend| loss_curves_agree(backend)),
    ];
    for (name, experiment, activation, norm) in lockstep_cases() {
        let of = experiment.clone();
        trials.push(on_cpu(format!("lockstep::cpu::{name}"), move || {
            lockstep(&mut CpuBackend, &of, activation, norm)
        }));
        trials.push(on_gpu(format!("lockstep::{name}"), move |backend| {
            lockstep(backend, &experiment, activation, norm)
        }));
    }
    trials
}

/// A network that trains in a moment, on the drawn digits.
fn small() -> Experiment {
    Experiment { hidden: vec![31, 17], batch: 30, ..Experiment::default() }
}

fn weights_after(
    backend: &mut dyn Backend,
    experiment: &Experiment,
    norm: Norm,
    steps: usize,
) -> Result<Weights, String> {
    let data = Dataset::drawn().map_err(text)?;
    let activation = Activation::Sigmoid;
    let plan = Plan { experiment, activation, norm, data: &data, verify: false };
    let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
    trainer.run_to(steps).map_err(text)?;
    trainer.weights().map_err(text)
}

fn on_threads(threads: usize, experiment: &Experiment) -> Result<Weights, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(text)?;
    let mut backend = CpuBackend;
    pool.install(|| weights_after(&mut backend, experiment, Norm::LAYER, 10))
}

fn twice(mut run: impl FnMut() -> Result<Weights, String>) -> Checked {
    same(&run()?, &run()?)
}

/// Whether all weights have the same bytes.
fn same(first: &Weights, second: &Weights) -> Checked {
    for ((name, a), (_, b)) in first.iter().zip(second) {
        let bits = |data: &[f32]| data.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        hold(bits(&a.data) == bits(&b.data), || format!("{name} differs between two runs"))?;
    }
    hold(!first.is_empty(), || "there are no weights".to_owned())
}

/// Both engines train freely from one seed. Rounding differs and grows, so the curves are compared
/// as curves: at every step within 2 % of where they began.
fn loss_curves_agree(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let experiment = Experiment { evaluate_every: 100, ..small() };
    let (activation, norm) = (Activation::Sigmoid, Norm::BATCH);
    let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
    let curve = |backend: &mut dyn Backend| {
        let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
        trainer.run_to(100).map_err(text)?;
        Ok::<_, String>(trainer.evaluation().map_err(text)?.0.swap_remove(0).losses)
    };
    let gpu = curve(backend)?;
    let cpu = curve(&mut CpuBackend)?;
    hold(gpu.len() == 100 && gpu[99] < 0.8 * gpu[0], || "nothing was learned".to_owned())?;
    for (step, (a, b)) in gpu.iter().zip(&cpu).enumerate() {
        let is_close = (a - b).abs() <= 0.02 * gpu[0];
        hold(is_close, || format!("the loss at step {} is {a}, on the CPU {b}", step + 1))?;
    }
    Ok(())
}

type LockstepCase = (String, Experiment, Activation, Norm);

/// Every activation, norm, affine, position and optimizer at least once, with odd sizes.
fn lockstep_cases() -> Vec<LockstepCase> {
    let mut cases = Vec::new();
    for activation in Activation::ALL {
        for norm in [Norm::NONE, Norm::BATCH, Norm::LAYER, Norm::RMS] {
            let name = format!("{}_{norm}", activation.name());
            cases.push((name, small(), activation, norm));
        }
    }
    let group = Norm::group(6);
    let divided = |experiment| Experiment { hidden: vec![30, 18], ..experiment };
    for activation in Activation::ALL {
        let name = format!("{}_group", activation.name());
        cases.push((name, divided(small()), activation, group));
    }
    let after = Experiment { norm_position: NormPosition::After, ..small() };
    let shared = Experiment { affine: Affine::Shared, ..small() };
    let adam = Experiment { optimizer: Optimizer::Adam, learning_rate: 0.01, ..small() };
    let momentum = Experiment { momentum: 0.9, ..small() };
    let replicas = Experiment { replicas: 3, ..small() };
    let wide = Experiment { hidden: vec![1, 129], batch: 1, ..small() };
    cases.extend([
        ("after_batch".to_owned(), after.clone(), Activation::Relu, Norm::BATCH),
        ("after_layer".to_owned(), after.clone(), Activation::Sigmoid, Norm::LAYER),
        ("after_group".to_owned(), divided(after.clone()), Activation::Relu, group),
        ("after_rms".to_owned(), after.clone(), Activation::Tanh, Norm::RMS),
        ("shared_layer".to_owned(), shared.clone(), Activation::Relu, Norm::LAYER),
        ("shared_group".to_owned(), divided(shared.clone()), Activation::Tanh, group),
        ("shared_rms".to_owned(), shared, Activation::Sigmoid, Norm::RMS),
        ("adam".to_owned(), adam, Activation::Tanh, Norm::BATCH),
        ("momentum".to_owned(), momentum, Activation::Sigmoid, Norm::LAYER),
        ("replicas_batch".to_owned(), replicas.clone(), Activation::Relu, Norm::BATCH),
        ("replicas_group".to_owned(), divided(replicas.clone()), Activation::Tanh, group),
        ("replicas_layer".to_owned(), replicas, Activation::Sigmoid, Norm::LAYER),
        (
            "batch_in_the_last".to_owned(),
            small(),
            Activation::Sigmoid,
            Norm::BATCH.in_layers(NormLayers::Last),
        ),
        (
            "group_in_the_second".to_owned(),
            after,
            Activation::Relu,
            Norm::group(1).in_layers(NormLayers::Only(2)),
        ),
        ("one_example".to_owned(), wide, Activation::Sigmoid, Norm::LAYER),
    ]);
    cases
}

/// Compares the first step and the 20th, in which evaluations and running statistics are not trivial.
fn lockstep(
    backend: &mut dyn Backend,
    experiment: &Experiment,
    activation: Activation,
    norm: Norm,
) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let plan = Plan { experiment, activation, norm, data: &data, verify: false };
    let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
    let mut parity = Parity::default();
    for steps in [1, 19] {
        trainer.run_to(steps).map_err(text)?;
        let outcome = trainer.compared_step(&mut parity).map_err(text)?;
        hold(outcome == TrainingOutcome::Finite, || format!("{outcome:?}"))?;
    }
    hold(parity.compared > 50, || "too little was compared".to_owned())?;
    hold(parity.failures.is_empty(), || parity.failures.join("; "))
}
