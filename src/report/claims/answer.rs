//! The question that a report opens with, and its answer in three sentences: the result of training, what
//! is left of the gradient, and whether the last hidden layer distinguishes the images.

use super::of_sweep;
use super::thresholds::{ALIKE, LITTLE, SURVIVED, VANISHED};
use crate::record::{Claim, Evaluation, LateAccuracy, SweepRecord, Swept, Verdict};
use crate::report::markup::plain;
use crate::report::number::{decimals, figure, percent, whole};
use crate::report::probed::{listed, with_norm};
use crate::report::records::{Network, Records, distinct};
use crate::report::style;
use crate::report::table::fraction;

/// The question.
#[must_use]
pub fn question(records: &Records) -> String {
    if records.is_of_sweeps() {
        let swept: Vec<_> = records.sweeps.keys().map(|swept| subject(*swept).to_owned()).collect();
        let verb = if swept.len() == 1 { "does" } else { "do" };
        return format!("What {verb} {} change?", listed(&swept));
    }
    if records.experiment.hidden.is_empty() {
        return "What does a network without a hidden layer learn?".to_owned();
    }
    let norms = records.experiment.networks().into_iter().map(|(_, norm)| norm.to_string());
    match distinct(norms).as_slice() {
        [one] => format!("What happens in a network {}?", with_norm(one)),
        _ => "What does normalization change?".to_owned(),
    }
}

const fn subject(swept: Swept) -> &'static str {
    match swept {
        Swept::BatchSize => "the batch size",
        Swept::LearningRate => "the learning rate",
        Swept::Affine => "one a and b for a whole layer",
        Swept::Keys => "this combination of settings",
    }
}

/// The answer, sentence by sentence.
#[must_use]
pub fn sentences(records: &Records) -> Vec<String> {
    if records.is_of_sweeps() {
        return of_sweeps(records);
    }
    let ended: Vec<_> =
        records.networks().into_iter().filter_map(|network| Ended::of(records, network)).collect();
    if ended.is_empty() {
        return vec![
            "No network has finished and was evaluated, so these records give no answer."
                .to_owned(),
        ];
    }
    let [accuracy, gradient, outputs] = [
        accuracies(records, &ended),
        gradients(&ended).unwrap_or_else(|| losses(&ended)),
        outputs(&ended),
    ];
    vec![accuracy, gradient, outputs]
}

/// A network at its last evaluation.
struct Ended<'a> {
    network: Network<'a>,
    last: &'a Evaluation,
    late: LateAccuracy,
}

impl<'a> Ended<'a> {
    /// None if the network failed, or was never evaluated.
    fn of(records: &'a Records, network: Network<'a>) -> Option<Self> {
        let runs = records.summary.iter().flat_map(|summary| &summary.runs);
        if runs.filter(|run| run.name == network.run).any(|run| run.failure.is_some()) {
            return None;
        }
        let all = || records.evaluations_of(network.run);
        let late =
            LateAccuracy::of(&all().map(|one| (one.step, one.test_accuracy)).collect::<Vec<_>>())?;
        Some(Self { network, last: all().last()?, late })
    }

    /// The gradient of the first layer's weights over that of the last layer's; none if there is no
    /// hidden layer, or if it is not finite.
    fn share(&self) -> Option<f64> {
        match self.last.layers.as_slice() {
            [first, .., last] => Some(first.gradient_rms / last.gradient_rms),
            _ => None,
        }
        .filter(|share| share.is_finite())
    }

    fn with_norm(&self) -> String {
        with_norm(self.network.norm)
    }
}

/// A clause for the networks of each activation, joined.
fn clauses<'a>(
    ended: &'a [Ended<'a>],
    clause: impl Fn(&[&'a Ended<'a>]) -> Option<String>,
) -> Option<String> {
    let activations = distinct(ended.iter().map(|one| one.network.activation));
    let of = |activation: &str| {
        let mine: Vec<_> =
            ended.iter().filter(|one| one.network.activation == activation).collect();
        Some(format!("with {} {}", style::activation(activation), clause(&mine)?))
    };
    let all: Vec<_> = activations.into_iter().filter_map(of).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// A value of each network, for example `0.12 without a norm and 0.25 with batch norm`.
fn figures(networks: &[&Ended], figure: impl Fn(&Ended) -> Option<String>) -> String {
    let one = |network: &&Ended| Some(format!("{} {}", figure(network)?, network.with_norm()));
    listed(&networks.iter().filter_map(one).collect::<Vec<_>>())
}

/// The networks for which `so` holds, by norm, or `in every network`.
fn which(networks: &[&Ended], so: impl Fn(&Ended) -> bool) -> Option<String> {
    let those: Vec<_> = networks.iter().filter(|one| so(one)).map(|one| one.with_norm()).collect();
    match those.len() {
        0 => None,
        all if all == networks.len() && all > 1 => Some("in every network".to_owned()),
        _ => Some(listed(&those)),
    }
}

/// Which step the figures are from: the last one, if all networks share it.
fn when(ended: &[Ended]) -> String {
    match distinct(ended.iter().map(|one| one.last.step)).as_slice() {
        [1] => "After 1 step".to_owned(),
        [step] => format!("After {} steps", whole(*step)),
        _ => "At the last evaluation of each network".to_owned(),
    }
}

/// The result of training.
fn accuracies(records: &Records, ended: &[Ended]) -> String {
    let guess = records.constant_guess().accuracy;
    let said = clauses(ended, |networks| {
        let accuracies = figures(networks, |one| Some(percent(one.last.test_accuracy)));
        Some(format!("{} (test accuracy: {accuracies})", learned(records, networks)))
    });
    format!(
        "{}, {}; a constant guess reaches {}.",
        when(ended),
        said.unwrap_or_default(),
        percent(guess)
    )
}

/// Which networks of an activation have learned.
fn learned(records: &Records, networks: &[&Ended]) -> String {
    let Ok(chance) = records.chance() else {
        return "accuracy is meaningless, because all test images belong to one class".to_owned();
    };
    let learns = |one: &Ended| chance.learns(one.late.median);
    let guesses = |one: &Ended| chance.guesses(one.late.highest);
    let learning = networks.iter().filter(|one| learns(one)).count();
    let guessing = networks.iter().filter(|one| guesses(one)).count();
    let accuracies = || networks.iter().map(|one| one.late.median);
    let gap =
        accuracies().fold(f64::NEG_INFINITY, f64::max) - accuracies().fold(f64::INFINITY, f64::min);
    match (learning, guessing) {
        (0, all) if all == networks.len() => "no network beats a constant guess".to_owned(),
        (1, _) if networks.len() == 1 => "the network has learned".to_owned(),
        (0, 0) if networks.len() == 1 => "the network has begun to learn".to_owned(),
        (some, rest) if some > 0 && rest > 0 && some + rest == networks.len() => {
            let with = which(networks, learns).unwrap_or_default();
            format!("the network has learned only {with}")
        }
        _ if gap <= LITTLE && networks.iter().any(|one| one.network.norm == "none") => {
            "a norm changes little in the end".to_owned()
        }
        _ if gap <= LITTLE => "the norms differ little in the end".to_owned(),
        _ => "how much the network has learned depends on the norm".to_owned(),
    }
}

/// What is left of the gradient at the first layer; none if no network has a hidden layer.
fn gradients(ended: &[Ended]) -> Option<String> {
    let said = clauses(ended, |networks| {
        let measured: Vec<_> =
            networks.iter().copied().filter(|one| one.share().is_some()).collect();
        if measured.is_empty() {
            return None;
        }
        let shares = figures(&measured, |one| fraction(one.share()?));
        let is = |so: fn(f64) -> bool| which(&measured, |one| one.share().is_some_and(so));
        let verdict = if let Some(with) = is(|share| share <= VANISHED) {
            format!("the gradient vanishes {with}")
        } else if let Some(with) = is(|share| share < SURVIVED) {
            format!("the gradient shrinks {with}")
        } else if let Some(with) = is(|share| share > 1.0 / SURVIVED) {
            format!("the gradient grows {with}")
        } else {
            "the gradient survives".to_owned()
        };
        Some(format!("{verdict} (share left: {shares})"))
    })?;
    Some(format!("Going back from the last layer to the first, {said}."))
}

/// The loss, for networks without a hidden layer.
fn losses(ended: &[Ended]) -> String {
    let said = clauses(ended, |networks| {
        let losses = figures(networks, |one| Some(decimals(one.last.train_loss, 3)));
        Some(format!("the loss reached {losses}"))
    });
    format!("In training, {}.", said.unwrap_or_default())
}

/// Whether the last hidden layer distinguishes the images.
fn outputs(ended: &[Ended]) -> String {
    if ended.iter().all(|one| one.last.layers.len() < 2) {
        return "Without a hidden layer there is no activation or norm, although the networks are named \
                after them, and no path back along which a gradient could vanish."
            .to_owned();
    }
    let said = clauses(ended, |networks| {
        let spreads = figures(networks, |one| Some(figure(one.last.output_spread)));
        let alike = which(networks, |one| one.last.output_spread <= ALIKE);
        let verdict = match alike {
            Some(with) => format!("all images give nearly the same outputs {with}"),
            None => "the outputs differ from image to image".to_owned(),
        };
        Some(format!("{verdict} (standard deviation across images: {spreads})"))
    });
    format!("In the last hidden layer, {}.", said.unwrap_or_default())
}

/// The answer for sweeps without a run: for one, its results; for all, their verdicts.
fn of_sweeps(records: &Records) -> Vec<String> {
    let mut sentences = Vec::new();
    if let [(swept, networks)] = records.sweeps.iter().collect::<Vec<_>>().as_slice() {
        sentences.push(came_to_an_end(networks));
        sentences.extend(best_and_worst(**swept, networks));
    }
    sentences.extend(records.sweeps.iter().filter_map(|(&swept, networks)| {
        let claim = of_sweep(swept, networks)?;
        let verdict = match claim.verdict {
            Verdict::NotMeasured => "was not measured here",
            measured => measured.words(),
        };
        Some(format!("The lesson's claim {verdict}: {}.", plain(&claim.claim)))
    }));
    sentences
}

fn came_to_an_end(networks: &[SweepRecord]) -> String {
    let ended = networks.iter().filter(|one| one.accuracy().is_some()).count();
    let of = whole(networks.len());
    match (ended, networks.len()) {
        (_, 0) => "No network has finished.".to_owned(),
        (1, 1) => "The network finished.".to_owned(),
        (all, trained) if all == trained => format!("All {of} networks finished."),
        (ended, _) => format!("{} of {of} networks finished.", whole(ended)),
    }
}

/// The most and the least accurate network.
fn best_and_worst(swept: Swept, networks: &[SweepRecord]) -> Option<String> {
    let ended = || networks.iter().filter_map(|one| Some((one, one.accuracy()?)));
    let (best, most) = ended().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (worst, least) = ended().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let name = |one: &SweepRecord| {
        let (activation, norm) = (style::activation(&one.run.activation), with_norm(&one.run.norm));
        let value = one.value(swept);
        match swept {
            Swept::Keys if value.is_empty() => format!("{activation} {norm}"),
            Swept::Keys => format!("{activation} {norm}, {value}"),
            _ => format!("{activation} {norm}, {} {value}", swept.setting()),
        }
    };
    Some(format!(
        "Test accuracy ranges from {} ({}) to {} ({}).",
        percent(least),
        name(worst),
        percent(most),
        name(best)
    ))
}

/// How many claims have each verdict, in a sentence; none if there is only one claim.
#[must_use]
pub fn count_of_verdicts(all: &[Claim]) -> Option<String> {
    if all.len() < 2 {
        return None;
    }
    let part = |verdict: Verdict| {
        let count = all.iter().filter(|claim| claim.verdict == verdict).count();
        let words = match (verdict, count) {
            (_, 0) => return None,
            (Verdict::Holds, 1) => "holds",
            (Verdict::Holds, _) => "hold",
            (Verdict::HoldsPartly, 1) => "holds partly",
            (Verdict::HoldsPartly, _) => "hold partly",
            (Verdict::DoesNotHold, 1) => "does not hold in this run",
            (Verdict::DoesNotHold, _) => "do not hold in this run",
            (Verdict::NotMeasured, 1) => "was not measured",
            (Verdict::NotMeasured, _) => "were not measured",
        };
        Some(format!("{} {words}", whole(count)))
    };
    let order = [Verdict::Holds, Verdict::HoldsPartly, Verdict::DoesNotHold, Verdict::NotMeasured];
    let parts: Vec<_> = order.into_iter().filter_map(part).collect();
    Some(format!("Of {} claims, {}.", whole(all.len()), listed(&parts)))
}
