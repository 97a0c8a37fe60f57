//! What the pictures of probes share: the grouping of runs side by side, and wording.

use super::axis::{Axis, Range};
use super::records::Records;
use super::slopes::Curve;
use super::style;
use crate::kernels::activation::Activation;
use crate::record::{LayerProbe, Probe};
use std::collections::BTreeSet;

/// The probed runs with one activation, in the order in which they were trained. They are side by side in
/// one picture.
pub(super) struct Group<'a> {
    /// The activation's key.
    pub(super) activation: &'a str,
    /// The function of that name; none if it is neither shipped nor in the experiment.
    pub(super) function: Option<Activation>,
    /// The runs, one for each norm.
    pub(super) runs: Vec<ProbedRun<'a>>,
    /// The label of the first class.
    first_label: usize,
}

/// A run and its probes.
pub(super) struct ProbedRun<'a> {
    /// The norm's name.
    pub(super) norm: &'a str,
    /// Its probes in the order of their steps, at least one.
    pub(super) probes: Vec<&'a Probe>,
}

/// The groups of a run folder's records, by activation.
pub(super) fn groups(records: &Records) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for probe in &records.probes {
        let (activation, norm) = (&*probe.activation, &*probe.norm);
        let group = match groups.iter_mut().position(|group| group.activation == activation) {
            Some(at) => &mut groups[at],
            None => {
                let known = records.experiment.activation.iter().copied().chain(Activation::ALL);
                let function = known.into_iter().find(|known| known.name() == activation);
                let first_label = records.first_label();
                groups.push(Group { activation, function, runs: Vec::new(), first_label });
                let last = groups.len() - 1;
                &mut groups[last]
            }
        };
        match group.runs.iter_mut().find(|run| run.norm == norm) {
            Some(run) => run.probes.push(probe),
            None => group.runs.push(ProbedRun { norm, probes: vec![probe] }),
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// The label of a class.
    pub(super) fn class(&self, class: usize) -> String {
        (self.first_label + class).to_string()
    }

    /// The activation over the bins of the histograms; none if its function is not known, or no hidden
    /// layer was probed.
    pub(super) fn curve(&self) -> Option<Curve> {
        let counted = self.probes().find_map(|probe| probe.hidden.first())?;
        Some(Curve::new(self.function?, &counted.histogram))
    }

    /// The activation's name in words.
    pub(super) fn name(&self) -> &'a str {
        style::activation(self.activation)
    }

    /// The probes of all runs.
    pub(super) fn probes(&self) -> impl Iterator<Item = &'a Probe> {
        self.runs.iter().flat_map(|run| run.probes.iter().copied())
    }

    /// The steps at which a run was probed.
    pub(super) fn steps(&self) -> BTreeSet<usize> {
        self.probes().map(|probe| probe.step).collect()
    }

    /// The axis of the steps.
    pub(super) fn steps_axis(&self) -> Axis {
        Axis::whole(Range::of(self.steps().iter().map(|&step| step as f64)))
    }

    /// Whether the steps are unevenly spaced.
    pub(super) fn is_unevenly_probed(&self) -> bool {
        are_uneven(&self.steps())
    }

    /// The last step.
    pub(super) fn last_step(&self) -> usize {
        self.steps().last().copied().unwrap_or(0)
    }

    /// The number of hidden layers of its deepest run.
    pub(super) fn depth(&self) -> usize {
        self.probes().map(|probe| probe.hidden.len()).max().unwrap_or(0)
    }

    /// The first and the last hidden layer, counted from 0; only one if there is only one.
    pub(super) fn ends(&self) -> Vec<usize> {
        spread_evenly(self.depth(), 2)
    }
}

impl<'a> ProbedRun<'a> {
    /// The last probe at or before a step; of a run that ended early, its last one.
    pub(super) fn at(&self, step: usize) -> Option<&'a Probe> {
        self.probes.iter().copied().rfind(|probe| probe.step <= step)
    }

    /// The last probe.
    pub(super) fn last(&self) -> Option<&'a Probe> {
        self.probes.last().copied()
    }

    /// A layer over the steps.
    pub(super) fn layer(&self, at: usize) -> impl Iterator<Item = (usize, &'a LayerProbe)> {
        self.probes.iter().filter_map(move |probe| Some((probe.step, probe.hidden.get(at)?)))
    }
}

/// Whether steps are unevenly spaced.
pub(super) fn are_uneven(steps: &BTreeSet<usize>) -> bool {
    let mut apart = steps.iter().zip(steps.iter().skip(1)).map(|(one, next)| next - one);
    let first = apart.next();
    apart.any(|other| Some(other) != first)
}

/// At most `most` of `count` indices, evenly spread, including the first and the last.
pub(super) fn spread_evenly(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let last = most.saturating_sub(1).max(1);
    (0..most).map(|place| (place * (count - 1) + last / 2) / last).collect()
}

/// `with batch norm`, or `without a norm`.
pub(super) fn with_norm(norm: &str) -> String {
    match norm {
        "none" => "without a norm".to_owned(),
        norm => format!("with {}", style::stroke(norm).label),
    }
}

/// Parts of a sentence, joined: `a, b and c`.
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn runs_stand_side_by_side_by_activation() {
        let records = sample::records();
        let groups = groups(&records);
        let norms = |group: &Group| group.runs.iter().map(|run| run.norm.to_owned()).collect();
        let found: Vec<(&str, Vec<String>)> =
            groups.iter().map(|group| (group.activation, norms(group))).collect();
        let all = ["none", "batch", "layer"].map(str::to_owned).to_vec();
        assert_eq!(found, [("sigmoid", all.clone()), ("relu", all)]);
        assert_eq!(groups[1].function, Some(Activation::Relu));
        assert_eq!((groups[0].ends(), groups[0].depth()), (vec![0, 1], 2));
        // At steps 0, 10 and 100.
        assert!(groups[0].is_unevenly_probed());
        let mut even = sample::records();
        even.probes.retain(|probe| probe.step != 10);
        assert!(!super::groups(&even)[0].is_unevenly_probed());
        assert_eq!(groups[0].runs[0].at(99).map(|probe| probe.step), Some(10));
    }

    #[test]
    fn few_of_many_are_evenly_spread() {
        assert_eq!(spread_evenly(3, 5), [0, 1, 2]);
        assert_eq!(spread_evenly(64, 2), [0, 63]);
        assert_eq!(spread_evenly(61, 4), [0, 20, 40, 60]);
        assert_eq!(spread_evenly(0, 2), [0; 0]);
    }

    #[test]
    fn lists_are_words() {
        assert_eq!(listed(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
