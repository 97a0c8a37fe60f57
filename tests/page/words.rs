//! The words with a digit in them: those that a page shows, and those that its records allow.

use normlab::record::{SweepRecord, Swept};
use normlab::report::claims::answer::count_of_verdicts;
use normlab::report::claims::claims;
use normlab::report::number;
use normlab::report::records::Records;
use normlab::report::table::{legend, legend_text};
use serde_json::Value;
use std::collections::BTreeSet;

/// The numbers that a reader of the page sees outside its pictures.
pub(crate) fn of_page(html: &str) -> BTreeSet<String> {
    let mut text = html.to_owned();
    for element in ["script", "style", "svg"] {
        text = without(&text, element);
    }
    let mut inside = false;
    let plain = text.chars().map(|c| {
        let tag = inside || c == '<';
        inside = tag && c != '>';
        if tag { ' ' } else { c }
    });
    of(&plain.collect::<String>().replace("&quot;", " ").replace("&lt;", " ").replace("&gt;", " "))
}

/// A page without the elements of this name.
fn without(html: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut parts = html.split(&open);
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once(&close).unwrap().1).collect::<String>()
}

/// The words of a text that have a digit.
fn of(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c.is_whitespace() || "()[],;:\"–".contains(c));
    let words = words.map(|word| word.trim_end_matches('.').to_owned());
    words.filter(|word| word.contains(|c: char| c.is_ascii_digit())).collect()
}

/// The numbers in the records, in every notation; the numbers of networks and layers;
/// and the report's own numbers, which are not measured.
pub(crate) fn known(records: &Records) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    if let Some(summary) = &records.summary {
        known.extend(of(&legend_text(&legend(summary))));
    }
    known.extend(["SHA-256".to_owned()]);
    known.extend(count_of_verdicts(&claims(records)).iter().flat_map(|count| of(count)));
    known.extend(of(&records.experiment.to_toml().unwrap()));
    let counts = [records.experiment.networks().len(), records.experiment.hidden.len()];
    known.extend(counts.map(number::whole));
    collect(&serde_json::to_value(&records.summary).unwrap(), &mut known);
    collect(&serde_json::to_value(&records.evaluations).unwrap(), &mut known);
    collect(&serde_json::to_value(&records.probes).unwrap(), &mut known);
    for (&swept, networks) in &records.sweeps {
        collect(&serde_json::to_value(networks).unwrap(), &mut known);
        known.extend(of_sweep(swept, networks));
    }
    known
}

/// What the report computes of a sweep: the mean of all seeds, and the decades between two rates.
fn of_sweep(swept: Swept, networks: &[SweepRecord]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for one in networks {
        known.extend([one.value(swept), one.learning_rate.to_string()]);
        let key = |one: &SweepRecord| (one.run.name.clone(), one.value(swept));
        let alike = networks.iter().filter(|other| key(other) == key(one));
        let reads: Vec<_> = alike.filter_map(SweepRecord::accuracy).collect();
        known.extend(of(&number::percent(reads.iter().sum::<f64>() / reads.len() as f64)));
        let decades = |other: &SweepRecord| (other.learning_rate / one.learning_rate).log10();
        let decades = networks.iter().map(|other| number::decimals(decades(other).into(), 1));
        known.extend(decades);
    }
    known
}

fn collect(value: &Value, known: &mut BTreeSet<String>) {
    match value {
        Value::Number(number) => {
            let x = number.as_f64().unwrap();
            let texts = [2, 3, 4].map(|places| number::decimals(x, places));
            let more = [
                number::percent(x),
                number::power(x),
                number::figure(x),
                number::seconds(x),
                number.to_string(),
            ];
            known.extend(texts.iter().chain(&more).flat_map(|text| of(text)));
        }
        Value::String(text) => known.extend(of(text)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, known)),
        Value::Object(map) => {
            for (key, value) in map {
                let pair = format!("{key}={}", value.to_string().trim_matches('"'));
                known.extend(of(&pair));
                collect(value, known);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}
