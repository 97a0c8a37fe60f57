//! At which steps of a run something is recorded or compared.

use crate::config::Experiment;
use std::collections::BTreeSet;

/// Moments of a run where the experiment does not say how far apart they are.
const MOMENTS: usize = 30;

/// Steps between moments at least, where the experiment does not say.
const FEWEST_STEPS: usize = 50;

/// The steps, counted from 1, after which a moment is recorded: the first, the last, and regularly
/// between them.
pub(super) fn moments(experiment: &Experiment) -> BTreeSet<usize> {
    let steps = experiment.steps;
    let every = match experiment.evaluate_every {
        0 => steps.div_ceil(MOMENTS).max(FEWEST_STEPS),
        every => every,
    };
    (every..steps).step_by(every).chain([1, steps]).collect()
}

/// The steps, counted from 1, that are compared with the CPU: the first, a middle one, the last, and
/// those that the experiment asks for.
pub(super) fn compared(experiment: &Experiment) -> BTreeSet<usize> {
    let steps = experiment.steps;
    let asked = match experiment.verify_every {
        0 => BTreeSet::new(),
        every => (every..=steps).step_by(every).collect(),
    };
    asked.into_iter().chain([1, steps.div_ceil(2), steps]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(steps: usize, evaluate_every: usize, verify_every: usize) -> Experiment {
        Experiment { steps, evaluate_every, verify_every, ..Experiment::default() }
    }

    #[test]
    fn moments_are_the_first_the_last_and_regular_ones() {
        let listed = |steps, every| Vec::from_iter(moments(&experiment(steps, every, 0)));
        assert_eq!(listed(1, 0), [1]);
        assert_eq!(listed(120, 0), [1, 50, 100, 120]);
        assert_eq!(listed(5, 2), [1, 2, 4, 5]);
        assert_eq!(listed(30_000, 0).len(), 31);
    }

    #[test]
    fn compared_are_the_first_a_middle_and_the_last_step() {
        let listed = |steps, every| Vec::from_iter(compared(&experiment(steps, 0, every)));
        assert_eq!(listed(1, 0), [1]);
        assert_eq!(listed(1500, 0), [1, 750, 1500]);
        assert_eq!(listed(10, 4), [1, 4, 5, 8, 10]);
    }
}
