//! The report of a run: its pictures, its page, and that every number in them comes from the records.

mod answer;
mod replicas;
mod words;

use crate::support::lesson_records::{NETWORKS, lesson};
use crate::support::program::{entries, folder as empty_folder, say, text};
use crate::support::small::small;
use normlab::record::{Evaluation, SweepRecord, Swept};
use normlab::report::picture::Picture;
use normlab::report::records::Records;
use normlab::report::{folder, number, page, style};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use words::{known, of_page};

/// A picture's last frame, one element per line.
fn lines(picture: &Picture) -> String {
    picture.frames.last().unwrap().svg.replace("><", ">\n<")
}

fn html(records: &Records) -> String {
    page::html(records, &folder::pictures(records), None)
}

/// The lesson's records, one of them changed.
fn changed(change: impl FnOnce(&mut Records)) -> Records {
    let mut records = lesson();
    change(&mut records);
    records
}

/// The evaluation of a run's end.
fn end<'a>(records: &'a mut Records, run: &str) -> &'a mut Evaluation {
    records.evaluations.iter_mut().rfind(|evaluation| evaluation.run == run).unwrap()
}

#[test]
fn pictures_are_drawn_as_they_were() {
    for picture in folder::pictures(&lesson()) {
        insta::assert_snapshot!(picture.id.clone(), lines(&picture));
    }
}

#[test]
fn a_change_of_one_record_changes_the_picture_of_it_alone() {
    let before = folder::pictures(&lesson());
    let differing = |records: Records| -> Vec<String> {
        let after = folder::pictures(&records);
        let pairs = before.iter().zip(&after).filter(|(one, other)| one != other);
        pairs.map(|(one, _)| one.id.clone()).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(differing(lesson()), none);
    let run = "relu-batch";
    assert_eq!(differing(changed(|all| end(all, run).test_accuracy = 0.5)), ["accuracy"]);
    assert_eq!(differing(changed(|all| end(all, run).train_loss = 0.5)), ["loss"]);
    assert_eq!(differing(changed(|all| end(all, run).losses = vec![0.5])), ["loss"]);
    let gradient = |all: &mut Records| end(all, run).layers[1].gradient_rms *= 3.0;
    assert_eq!(differing(changed(gradient)), ["gradients"]);
    let change = |all: &mut Records| end(all, run).layers[1].weight_change *= 0.5;
    assert_eq!(differing(changed(change)), ["weight-change"]);
    for (swept, id) in [
        (Swept::BatchSize, "batch-sizes-sigmoid"),
        (Swept::LearningRate, "learning-rates-relu"),
        (Swept::Affine, "affine-sweep"),
    ] {
        let network = |all: &mut Records| network(all, swept).run.test_accuracy = Some(0.7777);
        assert_eq!(differing(changed(network)), [id]);
    }
}

/// The second network of a sweep.
fn network(records: &mut Records, swept: Swept) -> &mut SweepRecord {
    &mut records.sweeps.get_mut(&swept).unwrap()[1]
}

#[test]
fn every_number_of_the_page_comes_from_the_records() {
    let records = lesson();
    let known = known(&records);
    let strange: Vec<_> = of_page(&html(&records)).difference(&known).cloned().collect();
    assert!(strange.is_empty(), "these are no record's: {strange:?}");
    // The test itself: a page of other records has numbers that these do not know.
    let others = changed(|all| end(all, "relu-none").test_accuracy = 0.7777);
    let strange: Vec<_> = of_page(&html(&others)).difference(&known).cloned().collect();
    assert_eq!(strange, ["77.8"]);
    for swept in Swept::PRESETS {
        let others = changed(|all| network(all, swept).run.test_accuracy = Some(0.7777));
        let strange = of_page(&html(&others)).difference(&known).count();
        assert!(strange > 0, "{swept:?}");
    }
}

#[test]
fn a_change_of_one_record_changes_its_number_alone() {
    let before = of_page(&html(&lesson()));
    let run = |all: &mut Records| all.summary.as_mut().unwrap().runs[3].clone();
    let old = run(&mut lesson());
    type Change = fn(&mut Records);
    let changes: [(Change, String, &str); 5] = [
        (
            |all| summary_run(all).output_spread = Some(0.7654),
            number::decimals(old.output_spread.unwrap(), 4),
            "0.7654",
        ),
        (
            |all| summary_run(all).ms_per_step = Some(77.75),
            number::decimals(old.ms_per_step.unwrap(), 2),
            "77.75",
        ),
        (|all| all.summary.as_mut().unwrap().elapsed_s = 77.7, "41.4".to_owned(), "77.7"),
        (|all| all.summary.as_mut().unwrap().parity.compared = 777, "1464".to_owned(), "777"),
        (|all| all.experiment.learning_rate = 0.777, "0.1".to_owned(), "0.777"),
    ];
    for (change, old, new) in changes {
        let after = of_page(&html(&changed(change)));
        let gone: Vec<_> = before.difference(&after).collect();
        let come: Vec<_> = after.difference(&before).collect();
        assert_eq!((gone, come), (vec![&old], vec![&new.to_owned()]));
    }
}

fn summary_run(records: &mut Records) -> &mut normlab::record::RunRecord {
    &mut records.summary.as_mut().unwrap().runs[3]
}

/// The cells of the table of shaders, row by row.
fn shaders(page: &str) -> Vec<Vec<String>> {
    let (_, section) = page.split_once("<section id=\"shaders\">").unwrap();
    let (table, _) = section.split_once("</table>").unwrap();
    let cells = |row: &str| {
        let cells = row.split("<td").skip(1).map(|cell| cell.split(['>', '<']).nth(1).unwrap());
        cells.map(|cell| cell.replace('\u{a0}', " ")).collect()
    };
    table.split("<tr>").skip(2).map(cells).collect()
}

#[test]
fn every_shader_has_its_settings_and_the_shapes_of_each() {
    let mut records = lesson();
    let page = html(&records);
    assert!(page.contains("<details><summary>Every shader that ran"), "it is not closed at first");
    let settings: Vec<_> = shaders(&page).iter().map(|row| row[..5].to_vec()).collect();
    assert_eq!(
        settings,
        [
            ["bias_forward", "naive", "relu", "COLS=16 ROWS=4", "rows16 cols128, rows256 cols64"],
            ["bias_forward", "naive", "relu", "COLS=64 ROWS=4", "rows256 cols128"],
            ["sgd", "naive", "", "INVOCATIONS=64", ""],
        ]
    );
    // A summary of a version that recorded neither.
    let mut summary = serde_json::to_value(&records.summary).unwrap();
    for shader in summary["shaders"].as_array_mut().unwrap() {
        let shader = shader.as_object_mut().unwrap();
        shader.retain(|key, _| ["kernel", "variant", "sha256"].contains(&key.as_str()));
    }
    records.summary = serde_json::from_value(summary).unwrap();
    let rows = shaders(&html(&records));
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row[2..5].iter().all(String::is_empty) && row[5].len() == 64));
}

#[test]
fn one_network_without_hidden_layers_is_shown_as_such() {
    let records = changed(|all| {
        let experiment = &mut all.experiment;
        experiment.activation.truncate(1);
        experiment.norm.truncate(1);
        experiment.hidden.clear();
        all.evaluations.retain(|evaluation| evaluation.run == NETWORKS[0]);
        all.evaluations.iter_mut().for_each(|evaluation| evaluation.layers.truncate(1));
    });
    let page = html(&records);
    assert!(
        page.contains("<p>1 network with 0 hidden layers, trained on drawn digits for 150 steps")
    );
    assert!(page.contains(">first layer<") && !page.contains(">last layer<"));
}

#[test]
fn the_page_needs_nothing_beside_it() {
    let html = html(&lesson());
    for outside in ["src=", "@import", "url(", "href=\"http", "href=\"/", "fetch("] {
        assert!(!html.contains(outside), "{outside}");
    }
    let ids = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    for link in html.split("href=\"#").skip(1) {
        assert!(ids.contains(&link.split('"').next().unwrap()), "{link:.40}");
    }
}

#[test]
fn a_dark_page_knows_the_colour_of_every_norm() {
    let css = include_str!("../../src/report/page/style.css");
    for norm in ["none", "batch", "layer", "rms"] {
        for attribute in ["stroke", "fill"] {
            let rule = format!("[{attribute}=\"{}\"]", style::stroke(norm).colour);
            assert!(css.contains(&rule), "style.css has no rule for {norm}: {rule}");
        }
    }
}

#[test]
fn words_of_the_records_are_no_markup() {
    let evil = "</script><script>alert(1)</script><!--";
    let records = changed(|all| {
        all.summary.as_mut().unwrap().data = evil.to_owned();
        for evaluation in
            all.evaluations.iter_mut().filter(|evaluation| evaluation.run == "relu-none")
        {
            evaluation.run = format!("{evil}-none");
        }
    });
    let page = html(&records);
    // Within the frames' JSON it is only text, provided that it does not end the element.
    assert!(!page.split("id=\"frames\">").next().unwrap().contains("<script>alert"));
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<!--"));
}

#[test]
fn a_run_cut_off_in_the_middle_is_shown_as_far_as_it_went() {
    let folder = empty_folder();
    let path = folder.path();
    write(&lesson(), path);
    // Killed while it wrote the second evaluation of the fourth network.
    let metrics = text(path, "metrics.jsonl");
    let whole: usize = metrics.lines().take(13).map(|line| line.len() + 1).sum();
    fs::write(path.join("metrics.jsonl"), &metrics[..whole + 40]).unwrap();
    fs::remove_file(path.join("summary.json")).unwrap();
    let rates = text(path, "learning_rates.jsonl");
    fs::write(path.join("learning_rates.jsonl"), &rates[..rates.len() - 40]).unwrap();
    let ended = say(&["report", path.to_str().unwrap()]).with(0);
    let page = text(path, "report.html");
    for sentence in [
        "summary.json was not found",
        "1 of 14 lines of metrics.jsonl are damaged",
        "relu-none was recorded up to step 1 of 150",
        "relu-batch has recorded nothing",
        "relu-layer has recorded nothing",
        "1 of 12 lines of learning_rates.jsonl are damaged",
    ] {
        assert!(ended.stdout.contains(&format!("missing: {sentence}\n")), "{ended:#?}");
        assert!(page.contains(&format!("<li>{sentence}</li>")), "{sentence}");
    }
    assert!(!ended.stdout.contains("sigmoid"), "{ended:#?}");
    assert!(page.contains("sigmoid, batch norm") && page.contains("ReLU, no norm"));
    assert!(!page.contains("ReLU, batch norm") && !page.contains("id=\"results\""));
    assert!(page.contains("layer norm: 90.2 % at 0.008, 94.3 % at 0.07, 95.5 % at 0.6."));
    // The experiment alone is the minimum for a report.
    fs::remove_file(path.join("metrics.jsonl")).unwrap();
    for swept in Swept::PRESETS {
        fs::remove_file(path.join(swept.file())).unwrap();
    }
    let ended = say(&["report", path.to_str().unwrap()]).with(0);
    assert!(ended.stdout.contains("missing: metrics.jsonl was not found"), "{ended:#?}");
    assert!(!text(path, "report.html").contains("<figure"));
}

#[test]
fn figures_that_are_no_numbers_are_left_out() {
    let records = changed(|all| {
        let evaluation = end(all, "sigmoid-none");
        evaluation.train_loss = f64::NAN;
        evaluation.losses = vec![f32::INFINITY];
        evaluation.layers[0].gradient_rms = 0.0;
        evaluation.layers[1].gradient_rms = f64::NAN;
    });
    let pictures = folder::pictures(&records);
    for picture in &pictures {
        let svg = &picture.frames[0].svg;
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", picture.id);
    }
    let said = "Exactly 0 is drawn on the lower edge. The vertical axis is logarithmic.";
    assert!(pictures[2].caption.ends_with(said), "{}", pictures[2].caption);
}

#[test]
fn a_run_ends_with_its_report() {
    let folder = empty_folder();
    let ended = small(&["train"], folder.path()).with(0);
    let line = ended.stdout.lines().last().unwrap();
    let page = folder.path().join("report.html").display().to_string();
    assert!(line.starts_with(&format!("report: {page} (")) && line.ends_with(" s)"), "{line}");
    let pictures = [
        "accuracy.svg",
        "affine-scatter-sigmoid.svg",
        "affine-sigmoid.svg",
        "backward-sigmoid.svg",
        "bands-sigmoid.svg",
        "filters-sigmoid.svg",
        "gradients.svg",
        "inputs-sigmoid.svg",
        "loss.svg",
        "ridges-sigmoid.svg",
        "seen-sigmoid.svg",
        "seen-stages-sigmoid.svg",
        "weight-change.svg",
    ];
    assert_eq!(entries(&folder.path().join("pictures")), pictures);
    let first = text(folder.path(), "report.html");
    fs::remove_file(folder.path().join("report.html")).unwrap();
    fs::write(folder.path().join("pictures/older.svg"), "<svg/>").unwrap();
    say(&["report", folder.path().to_str().unwrap()]).with(0);
    assert_eq!(entries(&folder.path().join("pictures")), pictures);
    assert!(text(folder.path(), "report.html") == first, "the same records gave another page");
}

#[test]
fn a_run_whose_report_cannot_be_written_has_failed() {
    let folder = empty_folder();
    fs::write(folder.path().join("pictures"), "a file where a folder should be").unwrap();
    let ended = small(&["train"], folder.path()).with(1);
    let line = ended.stdout.lines().last().unwrap();
    assert!(line.starts_with("FAILED: the report could not be made: cannot write "), "{line}");
    let again = say(&["report", folder.path().to_str().unwrap()]).with(1);
    assert!(again.stderr.starts_with("error: cannot write "), "{again:#?}");
}

#[test]
fn a_folder_without_a_run_is_refused() {
    let folder = empty_folder();
    let path = folder.path().to_str().unwrap();
    say(&["report", path]).refused(&[path, "experiment.toml", "for example runs/lesson"]);
    assert!(entries(folder.path()).is_empty());
    assert_eq!(NETWORKS.len(), lesson().networks().len());
}

/// Writes records as a run does.
fn write(records: &Records, folder: &Path) {
    let put = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    put("experiment.toml", records.experiment.to_toml().unwrap());
    let line = |evaluation| serde_json::to_string(evaluation).unwrap() + "\n";
    put("metrics.jsonl", records.evaluations.iter().map(line).collect());
    put("histograms.jsonl", String::new());
    put("summary.json", serde_json::to_string_pretty(&records.summary).unwrap());
    let line = |network| serde_json::to_string(network).unwrap() + "\n";
    for (swept, networks) in &records.sweeps {
        put(swept.file(), networks.iter().map(line).collect());
    }
}
