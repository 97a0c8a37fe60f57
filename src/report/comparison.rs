//! Several runs beside each other: which of their settings differ, what they reached, and their curves.

use super::axis::Axis;
use super::chart::{Chart, Plot};
use super::curves::loss_axis;
use super::number;
use super::panel::Line;
use super::picture::{Picture, Topic};
use super::records::{Network, Records, distinct};
use super::style::Pen;
use crate::config::KEYS;
use crate::record::Evaluation;

/// The colours of runs (Okabe and Ito 2008), and the dashes of those beyond them.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES: [&str; 3] = ["none", "7 3", "2 2.5"];

/// The most runs with distinct colours.
pub const MOST: usize = COLOURS.len() * DASHES.len();

/// Panels in a row.
const IN_A_ROW: usize = 3;

/// A run that is compared.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it is called: its folder.
    pub name: String,
    /// What it has recorded.
    pub records: Records,
}

/// The settings that differ, one a row, below a row with the runs. What computes them is among them.
#[must_use]
pub fn settings(runs: &[Run]) -> Vec<Vec<String>> {
    let of_summary = |run: &Run, device: bool| {
        let summary = run.records.summary.as_ref();
        summary.map_or_else(String::new, |summary| match device {
            true => summary.adapter.adapter.clone(),
            false => summary.version.clone(),
        })
    };
    let keys = KEYS.iter().map(|key| {
        (key.name, runs.iter().map(|run| (key.text)(&run.records.experiment)).collect::<Vec<_>>())
    });
    let beside = [("device", true), ("normlab", false)];
    let beside = beside
        .map(|(name, device)| (name, runs.iter().map(|run| of_summary(run, device)).collect()));
    let differing =
        keys.chain(beside).filter(|(_, values)| values.iter().any(|one| *one != values[0]));
    let shown = |value: String| if value.is_empty() { "–".to_owned() } else { value };
    let row = |(name, values): (&str, Vec<String>)| {
        [name.to_owned()].into_iter().chain(values.into_iter().map(shown)).collect()
    };
    [header("setting", runs)].into_iter().chain(differing.map(row)).collect()
}

/// The test accuracy of each network at its last evaluation, one network a row, below a row with the runs.
#[must_use]
pub fn accuracies(runs: &[Run]) -> Vec<Vec<String>> {
    let cell = |run: &Run, network: &str| match run.records.evaluations_of(network).last() {
        None => "–".to_owned(),
        Some(last) if last.step < run.records.experiment.steps => {
            format!("{} (step {})", number::percent(last.test_accuracy), last.step)
        }
        Some(last) => number::percent(last.test_accuracy),
    };
    let row = |network: &Network<'_>| {
        let cells = runs.iter().map(|run| cell(run, network.run));
        [network.run.to_owned()].into_iter().chain(cells).collect()
    };
    [header("test accuracy", runs)].into_iter().chain(networks(runs).iter().map(row)).collect()
}

fn header(first: &str, runs: &[Run]) -> Vec<String> {
    [first.to_owned()].into_iter().chain(runs.iter().map(|run| run.name.clone())).collect()
}

/// The networks of all runs, each once.
fn networks(runs: &[Run]) -> Vec<Network<'_>> {
    distinct(runs.iter().flat_map(|run| run.records.networks()))
}

/// Accuracy and loss over the steps, a panel for each network and a line for each run.
#[must_use]
pub fn pictures(runs: &[Run]) -> Vec<Picture> {
    let all = runs.iter().flat_map(|run| &run.records.evaluations);
    let axis = loss_axis(all.map(|one| one.train_loss));
    let accuracy: fn(&Evaluation) -> f64 = |one| one.test_accuracy;
    let loss = "training loss, mean cross-entropy in nats";
    vec![
        picture(
            runs,
            ("accuracy", "Test accuracy"),
            ("test accuracy", number::percent),
            Axis::percent(),
            accuracy,
        ),
        picture(
            runs,
            ("loss", "Training loss"),
            (loss, |loss| number::decimals(loss, 3)),
            axis,
            |one| one.train_loss,
        ),
    ]
}

fn picture(
    runs: &[Run],
    (id, title): (&str, &str),
    (label, value): (&str, fn(f64) -> String),
    y: Axis,
    of: fn(&Evaluation) -> f64,
) -> Picture {
    let plot = |network: &Network<'_>| {
        let line = |(at, run): (usize, &Run)| {
            let evaluations = run.records.evaluations_of(network.run);
            let points: Vec<_> = evaluations.map(|one| (one.step as f64, of(one))).collect();
            let line = Line { pen: pen(at), points, band: Vec::new() };
            (!line.points.is_empty()).then(|| (line, run.name.clone()))
        };
        let (lines, names) = runs.iter().enumerate().filter_map(line).unzip();
        Plot { title: network.label(), lines, names }
    };
    let plots: Vec<_> = networks(runs).iter().map(plot).collect();
    let steps = runs.iter().map(|run| run.records.experiment.steps).max().unwrap_or_default();
    let key = runs.iter().enumerate().map(|(at, run)| (run.name.clone(), pen(at)));
    let chart = Chart {
        steps,
        y,
        label: label.to_owned(),
        value,
        columns: plots.len().min(IN_A_ROW),
        height: 150.0,
        plots,
        key: key.collect(),
    };
    let names: Vec<_> = runs.iter().map(|run| run.name.as_str()).collect();
    let caption = format!("A panel for each network, a line for each run: {}.", names.join(", "));
    Picture {
        id: id.to_owned(),
        title: title.to_owned(),
        alt: format!("{title} over the training steps, as lines. {caption}"),
        caption,
        topic: Topic::Accuracy,
        has_modes: false,
        frames: vec![chart.frame(steps)],
    }
}

/// How the line of a run is drawn.
fn pen(at: usize) -> Pen {
    let (colour, dashes) = (COLOURS[at % COLOURS.len()], DASHES[at / COLOURS.len() % DASHES.len()]);
    Pen { colour, dashes, width: "1.8", opacity: "1" }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn runs() -> Vec<Run> {
        let records = sample::records();
        let mut other = records.clone();
        other.experiment.learning_rate = 0.5;
        other.experiment.hidden.clear();
        other.evaluations.retain(|one| one.run != "relu-none");
        let [one, two] = ["one", "two"].map(str::to_owned);
        vec![Run { name: one, records }, Run { name: two, records: other }]
    }

    #[test]
    fn settings_that_differ_are_listed_and_no_others() {
        let rows = settings(&runs());
        let rows: Vec<_> = rows.iter().map(|row| row.join(" ")).collect();
        assert_eq!(rows, ["setting one two", "hidden 100,100,100 –", "learning_rate 0.1 0.5"]);
        let same = [runs(), runs()].concat();
        assert_eq!(settings(&[same[0].clone(), same[2].clone()]).len(), 1);
    }

    #[test]
    fn a_network_that_a_run_lacks_has_no_accuracy_and_no_line() {
        let rows = accuracies(&runs());
        let row = rows.iter().find(|row| row[0] == "relu-none").unwrap();
        assert!(row[1].contains(" % (step 100)") && row[2] == "–", "{row:?}");
        for picture in pictures(&runs()) {
            let lines: Vec<_> =
                picture.frames[0].values.iter().map(|one| one.lines.len()).collect();
            assert_eq!(lines, [2, 2, 2, 1, 2, 2], "{}", picture.id);
        }
    }

    #[test]
    fn no_two_runs_look_alike() {
        let pens: Vec<_> = (0..MOST).map(pen).collect();
        assert!(pens.iter().enumerate().all(|(at, one)| !pens[..at].contains(one)));
    }
}
