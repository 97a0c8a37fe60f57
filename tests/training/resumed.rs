//! A training goes on from its state as if it had never stopped: the same bits, on every engine.

use super::{Checked, hold, on_cpu, on_gpu, text};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::config::{Experiment, Norm, Optimizer};
use normlab::data::Dataset;
use normlab::error::Result;
use normlab::kernels::activation::Activation;
use normlab::record::{Evaluation, Probe, RunRecord};
use normlab::train::{self, Observer, Plan, Resumed, TrainingState, Weights};

pub(crate) fn trials() -> Vec<Trial> {
    let cases = [
        ("sgd_batch_norm", Norm::BATCH, Optimizer::Sgd, 1),
        ("adam_layer_norm_replicas", Norm::LAYER, Optimizer::Adam, 3),
    ];
    let trial = |(name, norm, optimizer, replicas)| {
        let probes = 9;
        let momentum = if optimizer == Optimizer::Sgd { 0.9 } else { 0.0 };
        let experiment = Experiment {
            hidden: vec![17, 9],
            batch: 30,
            steps: 200,
            learning_rate: 0.01,
            optimizer,
            momentum,
            replicas,
            probes,
            ..Experiment::default()
        };
        let other = experiment.clone();
        [
            on_gpu(format!("resumed::gpu_{name}"), move |backend| {
                goes_on(backend, (&experiment, norm), true)
            }),
            on_cpu(format!("resumed::cpu_{name}"), move || {
                goes_on(&mut CpuBackend, (&other, norm), false)
            }),
        ]
    };
    cases.into_iter().flat_map(trial).collect()
}

/// Keeps what is recorded, and the states at some questions.
#[derive(Default)]
struct Kept {
    asked: usize,
    states: Vec<(TrainingState, [usize; 2])>,
    evaluations: Vec<Evaluation>,
    probes: Vec<Probe>,
    weights: Option<Weights>,
}

impl Observer for Kept {
    fn progress(&mut self, _: usize) {}

    fn evaluation(&mut self, evaluation: &Evaluation, weights: &Weights) -> Result<()> {
        self.evaluations.push(Evaluation { ms_per_step: 0.0, ..evaluation.clone() });
        self.weights = Some(weights.clone());
        Ok(())
    }

    fn probed(&mut self, probe: &Probe) -> Result<()> {
        self.probes.push(probe.clone());
        Ok(())
    }

    fn wants_state(&mut self, _: usize, ends: bool) -> bool {
        self.asked += 1;
        ends || self.asked % 4 == 1
    }

    fn state(&mut self, state: TrainingState) -> Result<()> {
        self.states.push((state, [self.evaluations.len(), self.probes.len()]));
        Ok(())
    }
}

fn timeless(record: RunRecord) -> RunRecord {
    RunRecord { ms_per_step: None, probe_share: None, ..record }
}

/// Trains a network to its end, and again from each of its states.
fn goes_on(
    backend: &mut dyn Backend,
    (experiment, norm): (&Experiment, Norm),
    verify: bool,
) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let plan = Plan { experiment, activation: Activation::Sigmoid, norm, data: &data, verify };
    let mut whole = Kept::default();
    let record = timeless(train::train(backend, &plan, &mut whole).map_err(text)?);
    hold(whole.states.len() > 3, || format!("{} states", whole.states.len()))?;
    for (state, [evaluated, probed]) in &whole.states {
        let step = state.carried.step;
        let evaluations = whole.evaluations[..*evaluated].to_vec();
        let from = Resumed { state: state.clone(), evaluations };
        let mut rest = Kept { weights: whole.weights.clone(), ..Kept::default() };
        let resumed = train::resume(backend, &plan, Some(from), &mut rest).map_err(text)?;
        hold(timeless(resumed) == record, || format!("from step {step}: another record"))?;
        let alike = rest.evaluations == whole.evaluations[*evaluated..]
            && rest.probes == whole.probes[*probed..];
        hold(alike, || format!("from step {step}: other evaluations or probes"))?;
        let last = |kept: &Kept| kept.states.last().map(|(state, _)| state.tensors.clone());
        let ended = step == experiment.steps;
        hold(ended || last(&rest) == last(&whole), || format!("from step {step}: another state"))?;
        hold(rest.weights == whole.weights, || format!("from step {step}: other weights"))?;
    }
    // A state of another network is refused.
    let (state, _) = whole.states.swap_remove(0);
    let other = Experiment { hidden: vec![17, 8], ..experiment.clone() };
    let plan = Plan { experiment: &other, ..plan };
    let from = Resumed { state, evaluations: Vec::new() };
    let refused = train::resume(backend, &plan, Some(from), &mut Kept::default());
    let said = refused.err().map(|error| (error.exit_status(), error.to_string()));
    let refused = said
        .as_ref()
        .is_some_and(|(status, said)| *status == 2 && said.contains("it is of another network"));
    hold(refused, || format!("{said:?}"))
}
