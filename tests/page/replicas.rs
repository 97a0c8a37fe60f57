//! The report of several replicas: medians as lines, ranges as areas behind them.

use super::write;
use crate::support::lesson_records::{NETWORKS, STEPS, lesson};
use crate::support::program::folder as empty_folder;
use normlab::record::{Evaluation, ReplicaRange, highest, lowest};
use normlab::report::folder;
use normlab::report::number::coordinate;
use normlab::report::records::Records;

/// A panel of the accuracies: where its steps begin and 0 % is, and its width and height.
const ORIGIN: [f64; 2] = [44.0, 234.0];
const SIZE: [f64; 2] = [280.0, 170.0];

/// The lesson's evaluations three times, as a run writes them: the second replica's values below the
/// first's, the third's above them.
fn three_replicas() -> Vec<Evaluation> {
    let replica = |evaluation: &Evaluation, replica: usize| {
        let factor = [1.0, 0.7, 1.1][replica];
        let mut other = Evaluation { replica, ..evaluation.clone() };
        other.test_accuracy = (factor * evaluation.test_accuracy).min(1.0);
        other.train_loss *= factor;
        other.losses.iter_mut().for_each(|loss| *loss *= factor as f32);
        for layer in &mut other.layers {
            layer.gradient_rms *= factor;
            layer.weight_change *= factor;
        }
        other
    };
    let recorded = lesson().evaluations;
    recorded.iter().flat_map(|evaluation| (0..3).map(move |at| replica(evaluation, at))).collect()
}

/// The records of a folder that holds them.
fn records() -> Records {
    let mut raw = lesson();
    raw.experiment.replicas = 3;
    // A sweep has no replicas, so that its pictures are the same.
    raw.sweeps.clear();
    raw.evaluations = three_replicas();
    for run in raw.summary.iter_mut().flat_map(|summary| &mut summary.runs) {
        let last = raw.evaluations.iter().filter(|one| one.run == run.name && one.step == STEPS[3]);
        run.range = ReplicaRange::of(&last.collect::<Vec<_>>());
    }
    let folder = empty_folder();
    write(&raw, folder.path());
    Records::read(folder.path()).unwrap()
}

#[test]
fn pictures_are_drawn_as_they_were() {
    for picture in folder::pictures(&records()) {
        let name = format!("{}-of-3-replicas", picture.id);
        insta::assert_snapshot!(name, super::lines(&picture));
        for words in [&picture.caption, &picture.alt] {
            assert!(words.contains("median and range of 3 replicas"), "{words}");
        }
    }
}

#[test]
fn lines_are_the_replica_s_in_the_middle() {
    let (records, folder) = (records(), empty_folder());
    write(&lesson(), folder.path());
    let alone = Records::read(folder.path()).unwrap();
    assert!(records.evaluations == alone.evaluations && records.missing.is_empty());
    assert_eq!(records.ranges.len(), records.evaluations.len());
    let summary = records.summary.unwrap();
    let (run, range) = (&summary.runs[1], summary.runs[1].range.as_ref().unwrap());
    let loss = run.train_loss.unwrap();
    for (end, factor) in [(&range.lowest, 0.7), (&range.highest, 1.1)] {
        let share = end.train_loss.unwrap() / loss;
        assert!((share - factor).abs() < 1e-9, "{share} is not {factor}");
    }
}

/// Every evaluation's lowest and highest accuracy are corners of its network's area.
#[test]
fn areas_reach_from_the_lowest_to_the_highest() {
    let svg = super::lines(&folder::pictures(&records())[0]);
    let areas = svg.lines().filter(|line| line.contains("fill-opacity"));
    let areas: Vec<_> = areas.filter_map(|line| line.strip_prefix("<path d=\"M")).collect();
    assert_eq!(areas.len(), NETWORKS.len());
    let recorded = three_replicas();
    for (area, network) in areas.iter().zip(NETWORKS).take(3) {
        let (points, _) = area.split_once('"').unwrap();
        let points: Vec<_> = points.split('L').collect();
        assert_eq!(points.len(), 2 * STEPS.len(), "{network}");
        for step in STEPS {
            let mine = recorded.iter().filter(|one| one.run == network && one.step == step);
            let shares: Vec<_> = mine.map(|one| one.test_accuracy).collect();
            for share in [lowest(&shares), highest(&shares)] {
                let x = coordinate(ORIGIN[0] + SIZE[0] * step as f64 / 150.0);
                let y = coordinate(ORIGIN[1] - SIZE[1] * share.unwrap());
                let point = format!("{x} {y}");
                assert!(
                    points.contains(&point.as_str()),
                    "{network} at {step}: {point} {points:?}"
                );
            }
        }
    }
}

#[test]
fn every_number_of_the_page_comes_from_the_records() {
    let records = records();
    let known = super::words::known(&records);
    let page = super::words::of_page(&super::html(&records));
    let strange: Vec<_> = page.difference(&known).collect();
    assert!(strange.is_empty(), "these are no record's: {strange:?}");
    assert!(page.contains("3"));
}
