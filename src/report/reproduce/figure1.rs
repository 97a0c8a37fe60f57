//! Figure 1 of Ioffe and Szegedy 2015: test accuracy, and what a typical sigmoid sees, with and without batch norm.

use super::paper::{Paper, Setting, answer};
use crate::record::Claim;
use crate::report::claims::evidence::{Evidence, weigh};
use crate::report::number::{figure, percent, whole};
use crate::report::page::study::{Study, StudyTable};
use crate::report::records::Records;
use crate::report::style::stroke;
use crate::report::{bands, curves};

/// Test accuracies of PyTorch on binary MNIST with the same weights and batches, one seed: by norm and step.
const CALIBRATION: [(&str, usize, f64); 7] = [
    ("none", 10_000, 0.114),
    ("none", 20_000, 0.489),
    ("none", 40_000, 0.923),
    ("none", 50_000, 0.951),
    ("batch", 1_000, 0.911),
    ("batch", 10_000, 0.969),
    ("batch", 50_000, 0.977),
];

/// Shares of the training at which the accuracies are compared.
const SHARES: [f64; 4] = [0.02, 0.2, 0.4, 1.0];

/// The study of a run of both networks.
#[must_use]
pub fn figure1(
    records: &Records,
    setting: Setting,
    machine: &[(&'static str, String)],
) -> (Study, Vec<Claim>) {
    let claims = vec![faster(records), steadier(records)];
    let accuracy = curves::pictures(records).into_iter().find(|picture| picture.id == "accuracy");
    let mut pictures: Vec<_> = accuracy.into_iter().collect();
    pictures.extend(bands::of_one_unit(records));
    pictures.extend(bands::pictures(records));
    let mut choices = vec![
        "The paper gives no learning rate: 0.1 was chosen.".to_owned(),
        "The paper gives no deviation for its random Gaussian weights: 0.01 was chosen.".to_owned(),
        "The paper calls its sigmoid typical; here it is the first unit of the last hidden layer, over the probe's \
         training images. The pooled percentiles are those of all units of the layer."
            .to_owned(),
    ];
    if !setting.own_data {
        let drawn = "The drawn digits take MNIST's place, so accuracies cannot be compared with the paper's: give \
                     MNIST's folder with `--data`.";
        choices.push(drawn.to_owned());
    }
    if setting.quick {
        let short = "`--quick` trains for a tenth of the paper's steps, so figures at its end cannot be compared.";
        choices.push(short.to_owned());
    }
    let mut facts = vec![("Paper", Paper::Figure1.citation().to_owned())];
    facts.extend(machine.iter().cloned());
    let study = Study {
        question: "Does batch norm speed up training, and steady what a sigmoid sees?".to_owned(),
        answer: claims.iter().map(answer).collect(),
        pictures,
        tables: vec![StudyTable {
            id: "results".to_owned(),
            title: "Test accuracy over the steps".to_owned(),
            rows: rows(records, setting),
            legend: vec![
                ("PyTorch", "an independent implementation with the same initial weights and batches, binary MNIST, one seed".to_owned()),
                ("–", "no figure is known".to_owned()),
            ],
        }],
        choices,
        facts,
    };
    (study, claims)
}

/// The last evaluation of a norm's network up to a step: its own step, and its accuracy.
fn accuracy(records: &Records, norm: &str, step: usize) -> Option<(usize, f64)> {
    let run = records.networks().into_iter().find(|network| network.norm == norm)?.run.to_owned();
    let until = records.evaluations_of(&run).filter(|one| one.step <= step);
    until.last().map(|one| (one.step, one.test_accuracy))
}

fn rows(records: &Records, setting: Setting) -> Vec<Vec<String>> {
    let comparable = setting.own_data && !setting.quick;
    let header =
        ["norm", "step", "test accuracy"].into_iter().chain(comparable.then_some("PyTorch"));
    let mut rows = vec![header.map(str::to_owned).collect::<Vec<_>>()];
    let last = records.experiment.steps;
    for norm in ["none", "batch"] {
        let mut steps: Vec<_> =
            SHARES.iter().map(|share| (share * last as f64).round() as usize).collect();
        if comparable {
            steps = CALIBRATION.iter().filter(|one| one.0 == norm).map(|one| one.1).collect();
        }
        for step in steps {
            let Some((at, reached)) = accuracy(records, norm, step) else { continue };
            let mut row = vec![stroke(norm).label.to_owned(), whole(at), percent(reached)];
            if comparable {
                let known = CALIBRATION.iter().find(|one| (one.0, one.1) == (norm, at));
                row.push(known.map_or_else(|| "–".to_owned(), |one| percent(one.2)));
            }
            rows.push(row);
        }
    }
    rows
}

fn faster(records: &Records) -> Claim {
    let last = records.experiment.steps;
    let measured = || {
        let at = |norm: &str, step: usize| {
            let found = accuracy(records, norm, step).map(|(_, accuracy)| accuracy);
            found.ok_or_else(|| format!("{norm} has recorded no accuracy"))
        };
        let mut evidence = Vec::new();
        for share in SHARES {
            let step = ((share * last as f64).round() as usize).max(1);
            let [with, without] = [at("batch", step)?, at("none", step)?];
            evidence.push(Evidence::new(
                with > without,
                format!(
                    "at step {}, {} with batch norm and {} without",
                    whole(step),
                    percent(with),
                    percent(without)
                ),
            ));
        }
        Ok(evidence)
    };
    weigh(
        "figure1-faster",
        "With batch norm the network trains faster and reaches a higher accuracy",
        measured(),
    )
}

/// How far the median of one unit's inputs strays from where it starts, in widths of its middle 70 % at the end.
fn steadier(records: &Records) -> Claim {
    let measured = || {
        let of = |norm: &str| {
            let run = records.networks().into_iter().find(|network| network.norm == norm);
            let run = run.ok_or_else(|| format!("{norm} has recorded nothing"))?.run.to_owned();
            let unit = |probe: &crate::record::Probe| probe.hidden.last()?.unit_percentiles;
            let all: Vec<_> = records.probes_of(&run).filter_map(unit).collect();
            let ([_, first, _], last) = match (all.first(), all.last()) {
                (Some(first), Some(last)) => (*first, *last),
                _ => return Err(format!("{norm} has no probes")),
            };
            let medians = || all.iter().map(|[_, median, _]| *median);
            let (low, high) =
                medians().fold((first, first), |(low, high), one| (low.min(one), high.max(one)));
            let width = last[2] - last[0];
            if width > 0.0 {
                Ok((high - low) / width)
            } else {
                Err(format!("{norm}: the unit sees a constant"))
            }
        };
        let [without, with] = [of("none")?, of("batch")?];
        Ok(vec![Evidence::new(
            with < without,
            format!(
                "over the training, the median of the unit's inputs moves over {} of their middle 70 % at the end \
                 with batch norm, and over {} without",
                figure(with),
                figure(without)
            ),
        )])
    };
    weigh(
        "figure1-steadier",
        "With batch norm the inputs of a typical sigmoid are steadier",
        measured(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Verdict;
    use crate::report::sample;

    const WHOLE: Setting = Setting { quick: false, own_data: true };

    /// Both networks, evaluated at steps 1, 10 and 100, whose unit's inputs move by `moved`.
    fn records([none, batch]: [f64; 2], moved: [f64; 2]) -> Records {
        let mut records = sample::records();
        let mine = |run: &str| ["sigmoid-none", "sigmoid-batch"].contains(&run);
        records.evaluations.retain(|one| mine(&one.run));
        records.probes.retain(|one| mine(&one.run));
        let first = records.evaluations.iter().filter(|one| one.step == 10).cloned();
        let first: Vec<_> = first.map(|one| crate::record::Evaluation { step: 1, ..one }).collect();
        records.evaluations.extend(first);
        records.evaluations.sort_by_key(|one| one.step);
        for one in &mut records.evaluations {
            one.test_accuracy = if one.norm == "none" { none } else { batch };
        }
        for probe in &mut records.probes {
            let by = moved[usize::from(probe.norm == "batch")] * probe.step as f64 / 100.0;
            let unit = Some([by - 0.5, by, by + 0.5]);
            probe.hidden.iter_mut().for_each(|layer| layer.unit_percentiles = unit);
        }
        records.experiment.steps = 100;
        records
    }

    #[test]
    fn verdicts_follow_from_the_records() {
        let verdicts = |records: &Records| {
            let (study, claims) = figure1(records, WHOLE, &[]);
            assert!(study.answer.iter().all(|sentence| sentence.ends_with('.')), "{study:?}");
            claims.iter().map(|claim| claim.verdict).collect::<Vec<_>>()
        };
        let (holds, not) = (Verdict::Holds, Verdict::DoesNotHold);
        assert_eq!(verdicts(&records([0.1, 0.9], [2.0, 0.5])), [holds, holds]);
        assert_eq!(verdicts(&records([0.9, 0.1], [0.5, 2.0])), [not, not]);
        assert_eq!(verdicts(&sample::empty()), [Verdict::NotMeasured; 2]);
    }

    #[test]
    fn the_unit_has_a_picture_and_known_steps_have_pytorch_s_figures() {
        let (study, _) = figure1(&records([0.1, 0.9], [2.0, 0.5]), WHOLE, &[]);
        let ids: Vec<_> = study.pictures.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["accuracy", "unit-sigmoid", "bands-sigmoid"]);
        let rows = &study.tables[0].rows;
        // The last evaluation is at step 100, of which PyTorch has no figure.
        assert_eq!(rows[1], ["no norm", "100", "10.0 %", "–"]);
        assert_eq!(rows.len(), 1 + CALIBRATION.len());
    }
}
