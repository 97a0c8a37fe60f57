//! The report of a separate sweep: the page that it leaves, and what is left of it after a kill.

use super::{records, sweep};
use crate::support::program::{folder, say, text};
use normlab::record::Swept;
use std::fs;
use std::path::Path;

const RATES: [&str; 4] = ["--rates", "0.1,1e8", "--batch", "5"];

/// Two networks at two rates, one of which is too large.
fn two_rates(out: &Path) {
    let flags = ["--norm", "none", "--steps", "20"];
    sweep(Swept::LearningRate, &RATES, &flags, out).with(0);
}

#[test]
fn a_sweep_by_itself_leaves_a_whole_report() {
    let folder = folder();
    two_rates(folder.path());
    let page = text(folder.path(), "report.html");
    let network = &records(Swept::LearningRate, folder.path())[0];
    let accuracy = format!("<td class=\"number\">{:.1} %", 100.0 * network.accuracy().unwrap());
    for part in [
        "<p>A sweep over learning rates: 2 networks with 2 hidden layers (ReLU; no norm), trained on \
         drawn digits for 20 steps.</p>",
        "<figure id=\"learning-rates-relu\">",
        "<h2>The verdict</h2>",
        "<td>With ReLU, a norm widens the range of usable learning rates",
        "<code>normlab learning-rates --out RUN_DIR</code>",
        "<section id=\"results-learning-rates\">",
        &accuracy,
        "<code>normlab learning-rates</code> sets <code>learning_rate</code> to 0.1 and 100000000 and <code>seed</code> to 1.",
        "hidden = [8, 8]",
        "<dt>Adapter</dt><dd>CPU engine",
        &format!("<dt>normlab</dt><dd>{}</dd>", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Nothing is missing, too large a rate is a result, and a sweep does not report a run's claims.
    for part in ["<aside>", "batch size 1", "id=\"controls\"", "<code>normlab train"] {
        assert!(!page.contains(part), "{part}");
    }
    for link in page.split("href=\"#").skip(1) {
        let id = link.split('"').next().unwrap();
        assert!(page.contains(&format!(" id=\"{id}\"")), "{id}");
    }
    fs::remove_file(folder.path().join("report.html")).unwrap();
    let ended = say(&["report", folder.path().to_str().unwrap()]).with(0);
    assert!(
        ended.stdout.starts_with("report: ") && ended.stdout.lines().count() == 1,
        "{ended:#?}"
    );
    assert!(text(folder.path(), "report.html") == page, "the same records gave another page");
}

#[test]
fn a_killed_sweep_is_shown_as_far_as_it_went() {
    let folder = folder();
    let path = folder.path();
    two_rates(path);
    let lines = text(path, "learning_rates.jsonl");
    let report = |content: &str, sentence: &str| {
        fs::write(path.join("learning_rates.jsonl"), content).unwrap();
        let ended = say(&["report", path.to_str().unwrap()]).with(0);
        assert!(ended.stdout.contains(&format!("missing: {sentence}\n")), "{ended:#?}");
        let page = text(path, "report.html");
        assert!(page.contains(&format!("<li>{sentence}</li>")), "{sentence}");
        assert!(!page.contains("metrics.jsonl") && !page.contains("recorded nothing"));
        page
    };
    let first = format!("{}\n", lines.lines().next().unwrap());
    let page = report(&first, "learning_rates.jsonl contains 1 of 2 networks");
    assert!(page.contains("over learning rates: 1 network with") && page.contains("<figure"));
    let page =
        report(&lines[..lines.len() - 9], "1 of 2 lines of learning_rates.jsonl are damaged");
    assert!(page.contains("<figure"));
    let page = report("", "learning_rates.jsonl contains no networks");
    assert!(
        page.contains("over learning rates: no network has finished.") && !page.contains("<figure")
    );
}

#[test]
fn a_network_that_failed_is_a_trouble_of_the_page() {
    let folder = folder();
    let flags =
        ["--activation", "relu", "--norm", "none", "--learning-rate", "1e30", "--steps", "20"];
    sweep(Swept::BatchSize, &["--sizes", "5"], &flags, folder.path()).with(1);
    let page = text(folder.path(), "report.html");
    assert!(page.contains("<li>relu-none at 5 ended early: the loss is"), "no word of it");
}
