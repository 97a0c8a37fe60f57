//! The steps of a run at which something is recorded or compared.

use crate::config::Experiment;
use std::collections::BTreeSet;

/// Evaluations of a run if the experiment does not say how far apart they are.
const EVALUATIONS: usize = 30;

/// The fewest steps between evaluations, if the experiment does not say.
const FEWEST_STEPS: usize = 50;

/// The steps, counted from 1, at which a training stops for something; 0 is the start.
pub(super) struct Schedule {
    pub(super) evaluations: BTreeSet<usize>,
    pub(super) compared: BTreeSet<usize>,
    pub(super) probed: BTreeSet<usize>,
    /// The probed steps at which the first layer's weights are recorded.
    pub(super) filtered: BTreeSet<usize>,
}

impl Schedule {
    /// The schedule of an experiment; with `verify`, some of its steps are compared with the CPU.
    pub(super) fn new(experiment: &Experiment, verify: bool) -> Self {
        let compared = if verify { compared(experiment) } else { BTreeSet::new() };
        let probed = probed(experiment);
        let filtered = filtered(&probed);
        Self { evaluations: evaluations(experiment), compared, probed, filtered }
    }

    /// All of them except the start.
    pub(super) fn all(&self) -> BTreeSet<usize> {
        let all = self.evaluations.iter().chain(&self.compared).chain(&self.probed);
        all.copied().filter(|&stop| stop > 0).collect()
    }
}

/// The steps, counted from 1, after which an evaluation is recorded: the first, the last, regularly between
/// them, and at every probe before the first regular one, while a network changes fast.
pub(super) fn evaluations(experiment: &Experiment) -> BTreeSet<usize> {
    let steps = experiment.steps;
    let every = match experiment.evaluate_every {
        0 => steps.div_ceil(EVALUATIONS).max(FEWEST_STEPS),
        every => every,
    };
    let early = probed(experiment).into_iter().filter(|step| (1..every).contains(step));
    (every..steps).step_by(every).chain(early).chain([1, steps]).collect()
}

/// The steps, counted from 1, that are compared with the CPU: the first, a middle one, the last, and
/// those that the experiment asks for.
fn compared(experiment: &Experiment) -> BTreeSet<usize> {
    let steps = experiment.steps;
    let asked = match experiment.verify_every {
        0 => BTreeSet::new(),
        every => (every..=steps).step_by(every).collect(),
    };
    asked.into_iter().chain([1, steps.div_ceil(2), steps]).collect()
}

/// The steps after which the layers are probed: before the first, after the first, the second, the fourth and so on,
/// and the rest of the number that is asked for, closer together at the start.
fn probed(experiment: &Experiment) -> BTreeSet<usize> {
    let (steps, probes) = (experiment.steps, experiment.probes);
    if probes == 0 {
        return BTreeSet::new();
    }
    let doubled = std::iter::successors(Some(1_usize), |step| step.checked_mul(2));
    let doubled: Vec<_> = doubled.take_while(|&step| step < steps).collect();
    let even = probes.saturating_sub(doubled.len()).max(2) - 1;
    // The square of an even spacing.
    let share = |place: usize| (place as f64 / even as f64).powi(2);
    let even = (0..=even).map(|place| (steps as f64 * share(place)).round() as usize);
    even.chain(doubled).collect()
}

/// Those of the probed steps at which the first layer's weights are recorded: the first, the one
/// nearest to a quarter of the run, and the last.
fn filtered(probed: &BTreeSet<usize>) -> BTreeSet<usize> {
    let Some(&last) = probed.last() else { return BTreeSet::new() };
    let quarter = probed.iter().min_by_key(|step| (4 * **step).abs_diff(last));
    probed.first().into_iter().chain(quarter).chain([&last]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(steps: usize, evaluate_every: usize, verify_every: usize) -> Experiment {
        Experiment { steps, evaluate_every, verify_every, probes: 0, ..Experiment::default() }
    }

    #[test]
    fn evaluations_are_the_first_the_last_and_regular_ones() {
        let listed = |steps, every| Vec::from_iter(evaluations(&experiment(steps, every, 0)));
        assert_eq!(listed(1, 0), [1]);
        assert_eq!(listed(120, 0), [1, 50, 100, 120]);
        assert_eq!(listed(5, 2), [1, 2, 4, 5]);
        assert_eq!(listed(30_000, 0).len(), 31);
    }

    #[test]
    fn early_probes_are_evaluations_too() {
        for (steps, evaluate_every, first_regular) in [(1500, 0, 50), (50_000, 0, 1667), (40, 7, 7)]
        {
            let experiment = Experiment { steps, evaluate_every, ..Experiment::default() };
            let evaluations = evaluations(&experiment);
            let early = probed(&experiment).into_iter().filter(|&step| step < first_regular);
            let missing: Vec<_> = early.filter(|step| !evaluations.contains(step)).collect();
            assert_eq!(missing, [0], "nothing was trained at step 0");
            let later = evaluations.range(first_regular..steps);
            assert!(later.clone().all(|step| step % first_regular == 0), "{evaluations:?}");
        }
    }

    #[test]
    fn probed_are_the_start_the_end_and_closer_together_at_the_start() {
        let listed = |steps, probes| {
            let experiment = Experiment { steps, probes, ..Experiment::default() };
            Vec::from_iter(probed(&experiment))
        };
        assert_eq!(listed(100, 0), [0_usize; 0]);
        assert_eq!(listed(1, 60), [0, 1]);
        let all = listed(1500, 60);
        assert!((50..=60).contains(&all.len()) && all.starts_with(&[0, 1, 2, 3, 4]), "{all:?}");
        assert_eq!(all.last(), Some(&1500));
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] <= 70), "{all:?}");
        assert!(listed(50_000, 60).len() <= 60);
        let filtered = filtered(&all.into_iter().collect());
        assert!(filtered.len() == 3 && filtered.contains(&0) && filtered.contains(&1500));
        assert!(filtered.iter().any(|step| step.abs_diff(375) < 40), "{filtered:?}");
    }

    #[test]
    fn compared_are_the_first_a_middle_and_the_last_step() {
        let listed = |steps, every| Vec::from_iter(compared(&experiment(steps, 0, every)));
        assert_eq!(listed(1, 0), [1]);
        assert_eq!(listed(1500, 0), [1, 750, 1500]);
        assert_eq!(listed(10, 4), [1, 4, 5, 8, 10]);
    }
}
