//! The lesson's page: one HTML file that teaches batch and layer normalization, plays a recorded run, and trains
//! networks of the reader's choice in the browser.
//!
//! Its parts are the files of `assets/page/lesson`, included in the page as they are: modules, texts, styles.
//! [`RecordedRun`] is what it shows of a run, [`crate::export::catalogue`] what it can train.

mod record;

pub use record::RecordedRun;

use crate::config::{Affine, Init, Norm, NormPosition, Optimizer};
use crate::data::{Dataset, drawn};
use crate::error::{Error, Result};
use crate::export::catalogue::{Catalogue, Combination, Start};
use crate::export::json;
use crate::export::page::{self, Module, RUNNER};
use crate::kernels::activation::Activation;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use include_dir::{Dir, File, include_dir};
use serde::Serialize;
use serde_json::{Map, Value};

/// The largest size of the page, in bytes.
pub const LARGEST: usize = 4_000_000;

/// The run that ships with the crate, for a page without a run of your own.
pub const SHIPPED: &str = include_str!("../../assets/page/record.json");

/// The page's parts.
static PARTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/page/lesson");

/// The module that builds the page and imports the others.
const MAIN: &str = "main.js";

/// The page's languages: its texts are in files such as `text/s1.en.json`.
const LANGUAGES: [&str; 2] = ["en", "ko"];

/// The addresses of files next to the page of a run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Links {
    /// The run's report.
    pub report: Option<&'static str>,
    /// Its animation.
    pub gif: Option<&'static str>,
}

/// The page that shows a run, given as JSON of a [`RecordedRun`].
///
/// # Errors
/// [`Error::Config`] when it would be larger than [`LARGEST`]; the errors of [`Catalogue::new`].
pub fn html(record: &str, links: &Links) -> Result<String> {
    let data = Dataset::drawn()?;
    let (record, catalogue) = rayon::join(
        || page::packed(record.as_bytes()),
        || {
            let catalogue = Catalogue::new(&combinations(), &starts(), &data)?;
            page::packed(json(&catalogue, "the catalogue")?.as_bytes())
        },
    );
    let texts = [
        ("words", page::json(&words()?)?),
        ("links", page::json(links)?),
        ("record", record?),
        ("catalogue", catalogue?),
        ("digits", STANDARD.encode(drawn::ATLAS)),
    ];
    let style: String = files(&PARTS, ".css").map(|(_, text)| text).collect();
    let style = format!("<style>\n{style}</style>\n</head>");
    let html = PARTS.get_file("page.html").map_or("", contents).replacen("</head>", &style, 1);
    let page = page::inlined(&html, &texts, &modules());
    page::at_most(LARGEST, page, "show a run with fewer networks or units")
}

/// The files of a folder whose names end with `end`, in the order of their names.
fn files<'a>(folder: &'a Dir<'a>, end: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let name = |file: &'a File<'a>| file.path().file_name().and_then(|name| name.to_str());
    folder
        .files()
        .filter_map(move |file| Some((name(file)?, contents(file))))
        .filter(move |(name, _)| name.ends_with(end))
}

fn contents<'a>(file: &'a File<'a>) -> &'a str {
    file.contents_utf8().unwrap_or_default()
}

/// The scripts; the main one comes after those that it imports from.
fn modules() -> Vec<Module> {
    let own = files(&PARTS, ".js").map(|(name, text)| Module { name, text });
    let (main, others): (Vec<_>, Vec<_>) = own.partition(|module| module.name == MAIN);
    [RUNNER].into_iter().chain(others).chain(main).collect()
}

/// All texts of the page, by language and key.
fn words() -> Result<Map<String, Value>> {
    let mut all = Map::new();
    for language in LANGUAGES {
        let mut words = Map::new();
        let folder = PARTS.get_dir("text");
        let end = format!(".{language}.json");
        for (name, text) in folder.into_iter().flat_map(|folder| files(folder, &end)) {
            let file: Map<String, Value> = serde_json::from_str(text)
                .map_err(|error| Error::Config(format!("{name} is not JSON: {error}")))?;
            words.extend(file);
        }
        all.insert(language.to_owned(), Value::Object(words));
    }
    Ok(all)
}

/// The depths that the page offers.
const DEPTHS: [usize; 6] = [1, 2, 3, 5, 10, 20];

/// The batch sizes that it offers.
const BATCHES: [usize; 5] = [1, 4, 32, 60, 256];

/// The default width and batch of its networks, and those of the lesson.
const USUAL: [(usize, usize); 2] = [(32, 32), (100, 60)];

/// The lesson's depth.
const DEPTH: usize = 5;

/// The networks that the page can train: of its default width at each depth and batch, of the lesson's width
/// at each depth; and at the lesson's depth with either norm position, with shared gammas and betas, and with
/// Adam.
#[must_use]
pub fn combinations() -> Vec<Combination> {
    let mut all = Vec::new();
    let [(usual, _), (wide, lesson_batch)] = USUAL;
    for norm in Norm::PLAIN {
        for depth in DEPTHS {
            all.extend(BATCHES.map(|batch| Combination::usual(norm, depth, usual, batch)));
            all.push(Combination::usual(norm, depth, wide, lesson_batch));
        }
        for (units, batch) in USUAL {
            let usual = Combination::usual(norm, DEPTH, units, batch);
            all.extend(placed(usual));
            all.push(Combination { optimizer: Optimizer::Adam, ..usual });
        }
    }
    all
}

/// The network with its other norm positions and affines.
fn placed(usual: Combination) -> Vec<Combination> {
    if usual.norm == Norm::NONE {
        return Vec::new();
    }
    let affines =
        if usual.norm.kind.may_share() { Affine::ALL.as_slice() } else { &[Affine::PerUnit] };
    let places = NormPosition::ALL.into_iter().flat_map(|position| {
        affines.iter().map(move |&affine| Combination { position, affine, ..usual })
    });
    places.filter(|one| *one != usual).collect()
}

/// The training runs whose first steps the page checks: those of the laboratory's presets, in
/// `assets/page/lesson/lab_presets.js`.
#[must_use]
pub fn starts() -> Vec<Start> {
    let [(units, batch), _] = USUAL;
    let usual = |norm, activation| Start {
        combination: Combination::usual(norm, DEPTH, units, batch),
        activation,
        init: Init::Uniform,
        seed: 1,
        learning_rate: 0.1,
        steps: 3,
    };
    let of_norm = |norm| {
        let sigmoid = usual(norm, Activation::Sigmoid);
        let relu = usual(norm, Activation::Relu);
        let alone = Combination { batch: 1, ..sigmoid.combination };
        let deep = Combination { depth: 20, ..sigmoid.combination };
        [
            Start { learning_rate: 0.01, combination: alone, ..sigmoid.clone() },
            Start { learning_rate: 3.0, ..relu.clone() },
            Start { init: Init::Normal(1.0), ..sigmoid.clone() },
            // One step with this many layers has as many numbers as three steps of the others.
            Start { combination: deep, steps: 1, ..sigmoid.clone() },
            sigmoid,
            relu,
        ]
    };
    [Norm::NONE, Norm::BATCH, Norm::LAYER].into_iter().flat_map(of_norm).collect()
}
