//! What a page says about sweeps: their tables, and everything else if the folder has no run.

use super::blocks::{MACHINE, compared, count, write_list, write_subsection, write_table};
use crate::record::{Claim, Parity, SweepRecord, Swept};
use crate::report::claims::of_sweep;
use crate::report::markup::{escape, prose};
use crate::report::number;
use crate::report::probed::listed;
use crate::report::records::{Records, distinct};
use crate::report::style;
use crate::report::sweeps;
use std::fmt::Write;

/// The networks of all sweeps.
pub(super) fn networks(records: &Records) -> impl Iterator<Item = &SweepRecord> {
    records.sweeps.values().flatten()
}

/// The anchor of a sweep's table.
pub(super) fn id(swept: Swept) -> String {
    format!("results-{}", swept.name())
}

pub(super) fn title(swept: Swept) -> String {
    match swept {
        Swept::BatchSize => "Results of the sweep over batch sizes",
        Swept::LearningRate => "Results of the sweep over learning rates",
        Swept::Affine => "Results with one a and b for each unit, or for a whole layer",
        Swept::Keys => "Results of the sweep",
    }
    .to_owned()
}

/// The anchors and titles of the tables of results: of a finished run, and of the sweeps.
pub(super) fn results(records: &Records) -> Vec<(String, String)> {
    let run = records.summary.iter().map(|_| ("results".to_owned(), "Results".to_owned()));
    run.chain(records.sweeps.keys().map(|&swept| (id(swept), title(swept)))).collect()
}

/// The claims that the folder's sweeps decide.
pub(super) fn claims(records: &Records) -> Vec<Claim> {
    records.sweeps.iter().filter_map(|(&swept, networks)| of_sweep(swept, networks)).collect()
}

/// What was swept, in a sentence for each sweep.
pub(super) fn introduction(records: &Records) -> String {
    let sentence = |(&swept, networks): (&Swept, &Vec<SweepRecord>)| {
        let Some(first) = networks.first() else {
            return format!("A sweep over {}: no network has finished.", over(swept));
        };
        let runs = || networks.iter().map(|network| &network.run);
        let activations = distinct(runs().map(|run| style::activation(&run.activation).to_owned()));
        let norms = distinct(runs().map(|run| style::stroke(&run.norm).label.to_owned()));
        format!(
            "A sweep over {}: {} with {} ({}; {}), trained on {} for {}.",
            over(swept),
            count(networks.len(), "network"),
            count(first.hidden.len(), "hidden layer"),
            listed(&activations),
            listed(&norms),
            first.data,
            count(runs().map(|run| run.steps).max().unwrap_or_default(), "step"),
        )
    };
    records.sweeps.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

const fn over(swept: Swept) -> &'static str {
    match swept {
        Swept::BatchSize => "batch sizes",
        Swept::LearningRate => "learning rates",
        Swept::Affine => "one a and b for each unit or for a whole layer",
        Swept::Keys => "several settings",
    }
}

/// What has failed or was out of tolerance.
pub(super) fn troubles(records: &Records) -> Vec<String> {
    let mut troubles = Vec::new();
    for (&swept, networks) in &records.sweeps {
        for network in networks {
            let (name, run) = (network.name(swept), &network.run);
            let failed = run.failure.iter().filter(|_| !swept.may_diverge());
            troubles.extend(failed.map(|why| format!("{name} ended early: {why}")));
            let wrong = run.parity.failures.iter();
            troubles.extend(wrong.map(|line| format!("out of tolerance: {name}: {line}")));
        }
    }
    troubles
}

/// The table of each sweep that has a network.
pub(super) fn write_results(html: &mut String, records: &Records) {
    for (&swept, networks) in &records.sweeps {
        write_subsection(html, &id(swept), &title(swept));
        write_table(html, &sweeps::rows(swept, networks));
        write_list(html, sweeps::legend(swept, networks).into_iter());
        html.push_str("</section>\n");
    }
}

/// The settings that all networks share, and the ones that each sweep replaces.
pub(super) fn write_experiment(html: &mut String, records: &Records) {
    write_subsection(html, "experiment", "The experiment");
    for (&swept, networks) in &records.sweeps {
        let key = match swept {
            Swept::BatchSize => "batch",
            Swept::LearningRate => "learning_rate",
            Swept::Affine => "affine",
            Swept::Keys => {
                write_grid(html, networks);
                continue;
            }
        };
        let values = distinct(networks.iter().map(|network| network.value(swept)));
        let seeds = distinct(networks.iter().map(|network| network.seed.to_string()));
        let sentence = format!(
            "`normlab {}` sets `{key}` to {} and `seed` to {}.",
            swept.name(),
            listed(&values),
            listed(&seeds)
        );
        let _ = writeln!(html, "<p>{}</p>", prose(&sentence));
    }
    // The folder has one settings file, which the next sweep overwrites.
    let common = match records.sweeps.len() {
        1 => "All networks share the other settings:",
        _ => "The other settings are those of the most recent sweep:",
    };
    let _ = writeln!(html, "<p>{common}</p>");
    let text = records.experiment.to_toml().unwrap_or_else(|error| error.to_string());
    let _ = writeln!(html, "<pre>{}</pre>\n</section>", escape(text.trim_end()));
}

/// The keys of a sweep over any keys, with their values.
fn write_grid(html: &mut String, networks: &[SweepRecord]) {
    let axes = sweeps::keys::axes(networks).into_iter();
    let axes = axes.map(|(key, values)| {
        let values: Vec<_> = values.into_iter().map(str::to_owned).collect();
        format!("`{key}` to {}", listed(&values))
    });
    let sentence = format!("`normlab sweep` sets {}.", axes.collect::<Vec<_>>().join("; "));
    let _ = writeln!(html, "<p>{}</p>", prose(&sentence));
}

/// Hardware and software, and the comparison with the reference.
pub(super) fn write_machine(html: &mut String, records: &Records) {
    write_subsection(html, "machine", MACHINE);
    let mut parity = Parity::default();
    for (&swept, networks) in &records.sweeps {
        for network in networks {
            parity.merge(&network.run.parity, &network.name(swept));
        }
    }
    let all = |fact: fn(&SweepRecord) -> Option<String>| {
        distinct(networks(records).filter_map(fact)).join(", ")
    };
    let facts = [
        ("Adapter", all(|one| Some(format!("{} ({})", one.adapter.adapter, one.adapter.kind)))),
        ("Backend", all(|one| Some(one.adapter.backend.clone()))),
        ("Driver", all(|one| Some(one.adapter.driver.clone()))),
        ("normlab", all(|one| one.version.clone())),
        ("Networks", number::whole(networks(records).count())),
        ("Compared with the CPU reference", compared(&parity)),
    ];
    write_list(html, facts.into_iter().filter(|(_, fact)| !fact.is_empty()));
    html.push_str("</section>\n");
}
