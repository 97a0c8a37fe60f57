//! The lesson page as a file: what `normlab page` writes, and that both languages have all texts.

use crate::support::program::{Ended, folder, normlab, run};
use normlab::page::{self, LARGEST, Links, SHIPPED};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// The folder of the page's parts.
const PARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/page/lesson");

/// The files of a folder with this ending.
fn files(folder: &Path, end: &str) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.ends_with(end)).collect()
}

/// The texts of a language by file and key.
fn words(language: &str) -> BTreeSet<(String, String)> {
    let folder = Path::new(PARTS).join("text");
    let end = format!(".{language}.json");
    let mut found = BTreeSet::new();
    for name in files(&folder, &end) {
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        let file: Map<String, Value> = serde_json::from_str(&text).unwrap();
        for (key, text) in file {
            assert!(text.as_str().is_some_and(|text| !text.trim().is_empty()), "{key} is empty");
            assert!(found.insert((name.replace(&end, ""), key.clone())), "{key} stands twice");
        }
    }
    found
}

#[test]
fn both_languages_have_the_same_keys() {
    let (english, korean) = (words("en"), words("ko"));
    let apart: Vec<_> = english.symmetric_difference(&korean).collect();
    assert!(apart.is_empty() && english.len() > 300, "{apart:?}");
}

#[test]
fn both_languages_fill_in_the_same_values() {
    let values = |text: &str| -> BTreeSet<String> {
        text.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect()
    };
    let read = |file: &str, language: &str| -> Map<String, Value> {
        let path = Path::new(PARTS).join("text").join(format!("{file}.{language}.json"));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    for file in words("en").into_iter().map(|(file, _)| file).collect::<BTreeSet<_>>() {
        let (english, korean) = (read(&file, "en"), read(&file, "ko"));
        for (key, text) in english {
            let other = korean[&key].as_str().unwrap();
            assert_eq!(values(text.as_str().unwrap()), values(other), "{key}: {text} {other}");
        }
    }
}

#[test]
fn the_page_has_every_part_and_is_small() {
    let start = Instant::now();
    let html = page::html(SHIPPED, &Links::default()).unwrap();
    assert!(html.len() < LARGEST, "{} bytes", html.len());
    assert!(start.elapsed().as_secs() < 20, "made in {:?}", start.elapsed());
    for module in files(Path::new(PARTS), ".js") {
        assert!(html.contains(&format!("\"normlab/{module}\":")), "{module} is not in the page");
    }
    assert!(!html.contains("src=\"http") && !html.contains("href=\"http"));
}

/// `normlab page` with these arguments.
fn page_of(run_folder: Option<&Path>, out: &Path) -> Ended {
    let mut command = normlab();
    command.arg("page").arg("--out").arg(out);
    if let Some(folder) = run_folder {
        command.arg("--run").arg(folder);
    }
    run(&mut command)
}

#[test]
fn a_run_of_ones_own_is_shown_and_linked() {
    let folder = folder();
    let trained = folder.path().join("run");
    let small = ["--hidden", "4,4", "--steps", "3", "--batch", "5", "--device", "cpu"];
    let networks = ["--activation", "sigmoid,relu", "--norm", "none,batch,layer,rms"];
    run(normlab().arg("train").args(networks).args(small).arg("--out").arg(&trained)).with(0);
    let beside = trained.join("lesson.html");
    let ended = page_of(Some(&trained), &beside).with(0);
    assert!(ended.stdout.starts_with("lesson: "), "{}", ended.stdout);
    let html = fs::read_to_string(&beside).unwrap();
    assert!(html.contains("{\"report\":\"report.html\",\"gif\":\"training.gif\"}"));
    let elsewhere = folder.path().join("other.html");
    page_of(Some(&trained), &elsewhere).with(0);
    let html = fs::read_to_string(&elsewhere).unwrap();
    assert!(html.contains("{\"report\":null,\"gif\":null}"));
}

#[test]
fn a_run_without_the_lessons_networks_is_told() {
    let folder = folder();
    let (trained, out) = (folder.path().join("run"), folder.path().join("lesson.html"));
    let small = ["--hidden", "4", "--steps", "2", "--batch", "5", "--device", "cpu"];
    run(normlab().args(["--norm", "batch"]).args(small).arg("--out").arg(&trained)).with(0);
    page_of(Some(&trained), &out).refused(&["sigmoid-none", "relu-layer", "normlab lesson"]);
    assert!(!out.exists() && !trained.join("lesson.html").exists());
    assert!(trained.join("report.html").exists());
}

#[test]
fn what_is_no_run_is_told() {
    let folder = folder();
    let out = folder.path().join("lesson.html");
    page_of(Some(folder.path()), &out).refused(&["holds no run", "experiment.toml"]);
    let ended = page_of(None, &folder.path().join("no/lesson.html")).with(1);
    assert!(ended.stderr.contains("lesson.html"), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("os error").count(), 1, "{}", ended.stderr);
    run(normlab().args(["page", "--record"]).arg(&out)).with(2);
    assert!(!out.exists());
}
