//! The lesson page in a browser. What a section must do is checked by a script, `lesson/<section>.js`:
//! it uses the page as a reader does and returns sentences about what is wrong.

use super::devtools::Browser;
use super::webgpu::{awaited, largest_distance, natives};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use normlab::config::{Affine, Experiment, Init, Norm, NormPosition, Optimizer};
use normlab::data::Dataset;
use normlab::export::catalogue::Combination;
use normlab::export::{BROWSER, Export};
use normlab::files::sha256;
use normlab::kernels::activation::Activation;
use normlab::kernels::selection::Selection;
use normlab::lowering::shaders::Lowering;
use normlab::page::{self, Links, SHIPPED};
use normlab::train::Plan;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The scripts of the sections.
pub(crate) const SECTIONS: [(&str, &str); 12] = [
    ("s0", include_str!("lesson/s0.js")),
    ("s1", include_str!("lesson/s1.js")),
    ("s2", include_str!("lesson/s2.js")),
    ("s3", include_str!("lesson/s3.js")),
    ("s4", include_str!("lesson/s4.js")),
    ("s5", include_str!("lesson/s5.js")),
    ("s6", include_str!("lesson/s6.js")),
    ("s7", include_str!("lesson/s7.js")),
    ("s8", include_str!("lesson/s8.js")),
    ("s9", include_str!("lesson/s9.js")),
    ("views", include_str!("lesson/views.js")),
    ("controls", include_str!("lesson/controls.js")),
];

/// What the page looks like in all its forms: windows, themes, languages.
const LAYOUT: &str = include_str!("lesson/layout.js");

/// Windows that people have: width and height.
const WINDOWS: [(u32, u32); 2] = [(1400, 900), (390, 844)];

/// How long the page may take until it is there, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the page with the shipped run in a window.
pub(crate) fn open(browser: &mut Browser, window: (u32, u32)) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lesson.html");
    std::fs::write(&file, page::html(SHIPPED, &Links::default()).unwrap()).unwrap();
    open_file(browser, &file, window);
}

/// Opens a page in a window.
fn open_file(browser: &mut Browser, file: &Path, (width, height): (u32, u32)) {
    let size =
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    browser.open(file);
    let start = Instant::now();
    while browser.value("document.querySelectorAll('main > section').length") != json!(10) {
        let complaints = browser.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
        assert!(start.elapsed() < PATIENCE, "the page has no sections after {PATIENCE:?}");
        sleep(Duration::from_millis(50));
    }
}

/// Fails with the faults that a script, an async function, returns.
pub(crate) fn assert_nothing_wrong(browser: &mut Browser, script: &str) {
    let found =
        awaited(browser, &format!("return await ({})()", script.trim().trim_end_matches(';')));
    assert_eq!(found, json!([]), "{found:#}");
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// A section in a wide window.
pub(crate) fn section(browser: &mut Browser, script: &str) {
    open(browser, WINDOWS[0]);
    assert_nothing_wrong(browser, script);
}

/// Nothing is wider than its window, cut off, too pale or without a name, in any form of the page.
pub(crate) fn the_page_has_no_defects(browser: &mut Browser) {
    for window in WINDOWS {
        open(browser, window);
        assert_nothing_wrong(browser, LAYOUT);
        // The page is self-contained: it makes no requests.
        let fetched = "performance.getEntriesByType('resource').map(({ name }) => name.slice(0, 40)) \
                       .filter((name) => !/^(data|blob):/.test(name))";
        assert_eq!(browser.value(fetched), json!([]));
    }
}

/// A run of other widths, in which networks diverge and no batch has the size 1.
pub(crate) fn the_page_of_another_run_has_no_defects(browser: &mut Browser) {
    let folder = tempfile::tempdir().unwrap();
    let (run, file) = (folder.path().join("run"), folder.path().join("lesson.html"));
    let flags = "train --activation sigmoid,relu --norm none,batch,layer,rms --hidden 12,6,9 --steps 30 \
                 --learning-rate 10000 --device cpu --out";
    let normlab = || Command::new(env!("CARGO_BIN_EXE_normlab"));
    normlab().args(flags.split_whitespace()).arg(&run).output().unwrap();
    let made =
        normlab().args(["page", "--run"]).arg(&run).arg("--out").arg(&file).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    open_file(browser, &file, WINDOWS[1]);
    assert_nothing_wrong(browser, LAYOUT);
}

/// The page prints on few sheets, including what the reader has not scrolled to.
pub(crate) fn the_page_prints_on_eight_pages(browser: &mut Browser) {
    open(browser, WINDOWS[0]);
    let sheets = json!({ "paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true });
    let printed = browser.call("Page.printToPDF", sheets);
    let pdf = STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
    let pages = String::from_utf8_lossy(&pdf).matches("/Type /Page\n").count();
    assert!((4..=8).contains(&pages), "{pages} pages");
}

/// An export of a network of the catalogue as the command line makes it.
fn export(combination: &Combination, activation: Activation, data: &Dataset) -> Value {
    let experiment = combination.experiment(activation);
    let plan =
        Plan { experiment: &experiment, activation, norm: combination.norm, data, verify: false };
    let mut lowering = Lowering::new(Selection::new(BROWSER));
    let export = Export::new(&plan, &mut lowering, "browser", 0).unwrap();
    let [start, length] = export.document.program.params;
    let mut document = serde_json::to_value(&export.document).unwrap();
    document["paramBytes"] = json!(export.data[start..start + length]);
    for part in ["uploads", "experiment", "data", "references"] {
        document.as_object_mut().unwrap().remove(part);
    }
    document
}

/// The page assembles exactly the programs that the command line exports.
pub(crate) fn the_catalogue_has_the_programs_of_the_command_line(browser: &mut Browser) {
    open(browser, WINDOWS[0]);
    let data = Dataset::drawn().unwrap();
    let usual = Combination::usual;
    let sampled = [
        (usual(Norm::Batch, 5, 32, 32), Activation::Sigmoid),
        (usual(Norm::None, 20, 32, 1), Activation::Relu),
        (usual(Norm::Rms, 1, 100, 60), Activation::Tanh),
        (
            Combination {
                position: NormPosition::After,
                affine: Affine::Shared,
                ..usual(Norm::Layer, 5, 100, 60)
            },
            Activation::Relu,
        ),
        (
            Combination { optimizer: Optimizer::Adam, ..usual(Norm::Batch, 5, 32, 32) },
            Activation::Sigmoid,
        ),
    ];
    for (combination, activation) in sampled {
        let wanted = serde_json::to_string(&combination).unwrap();
        let document = export(&combination, activation, &data);
        let body = format!(
            "const compare = {COMPARE}; const {{ Catalogue }} = await import('normlab/catalogue.js'); \
             const catalogue = await Catalogue.open(); \
             const start = {{ init: 'uniform', seed: 1, rate: 0.1 }}; \
             return compare({document}, catalogue.program({wanted}, '{}', start));",
            activation.name()
        );
        let found = awaited(browser, &body);
        assert_eq!(found, json!([]), "{wanted}: {found:#}");
    }
}

/// Where two programs are not the same.
const COMPARE: &str = include_str!("lesson/same_program.js");

/// The page begins a training with the same numbers as the command line: images, labels, orders of examples and
/// uniform weights to the bit, normal ones within a unit in the last place.
pub(crate) fn the_page_starts_as_the_command_line_does(browser: &mut Browser) {
    open(browser, WINDOWS[0]);
    let data = Dataset::drawn().unwrap();
    let large = (1 << 40) + 3;
    for (init, seed, batch) in [
        (Init::Uniform, 1, 60),
        (Init::Glorot, 7, 1),
        (Init::He, large, 256),
        (Init::Normal(0.01), 2, 32),
    ] {
        let (combination, activation) =
            (Combination::usual(Norm::Batch, 2, 32, batch), Activation::Relu);
        let experiment =
            Experiment { init, seed, steps: 700, ..combination.experiment(activation) };
        let plan = Plan {
            experiment: &experiment,
            activation,
            norm: Norm::Batch,
            data: &data,
            verify: false,
        };
        let mut lowering = Lowering::new(Selection::new(BROWSER));
        let export = Export::new(&plan, &mut lowering, "browser", 0).unwrap();
        let wanted = json!({ "uploads": uploads(&export, init), "refills": refills(&export) });
        let start = json!({ "init": init, "seed": seed, "rate": 0.1 });
        let body = format!(
            "return ({START})({}, '{}', {start}, {wanted});",
            serde_json::to_string(&combination).unwrap(),
            activation.name()
        );
        let found = awaited(browser, &body);
        assert_eq!(found, json!([]), "{init:?}: {found:#}");
    }
}

/// What an export puts into tensors: elements of weights that are drawn by logarithms and roots, and hashes.
fn uploads(export: &Export, init: Init) -> Vec<Value> {
    let document = &export.document;
    let is_weight = |tensor: usize| {
        let mut parameters = document.parameters.iter();
        parameters.any(|known| known.value == tensor && known.name.ends_with(".weight"))
    };
    let all = document.uploads.state.iter().chain(&document.uploads.data);
    let with_data = all.filter_map(|upload| Some((upload.tensor, upload.data?)));
    let rounded = matches!(init, Init::He | Init::Normal(_));
    let one = |(tensor, [start, length]): (usize, [usize; 2])| {
        let bytes = &export.data[start..start + length];
        match rounded && is_weight(tensor) {
            true => json!({ "tensor": tensor, "base64": STANDARD.encode(bytes) }),
            false => json!({ "tensor": tensor, "sha256": sha256(bytes) }),
        }
    };
    with_data.map(one).collect()
}

/// Hashes of the first refills of the ring of batches.
fn refills(export: &Export) -> Vec<String> {
    let all = export.document.loops.train.batch_indices.refills.iter().take(2);
    all.map(|&[start, length]| sha256(&export.data[start..start + length])).collect()
}

/// What compares the beginnings of two trainings.
const START: &str = include_str!("lesson/same_start.js");

/// The laboratory's first ten losses are those of the command line that it shows, to within the spread of native
/// variants or the tolerance of references.
pub(crate) fn the_laboratory_trains_as_the_command_line_does(browser: &mut Browser) {
    open(browser, WINDOWS[0]);
    let found =
        awaited(browser, &format!("return ({TEN_STEPS})('#s7?depth=2&norm=none,batch,layer')"));
    let data = Dataset::drawn().unwrap();
    for norm in [Norm::None, Norm::Batch, Norm::Layer] {
        let combination = Combination::usual(norm, 2, 32, 32);
        let activation = Activation::Sigmoid;
        let experiment = Experiment { steps: 10, ..combination.experiment(activation) };
        let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
        let natives = natives(&plan);
        let mut lowering = Lowering::new(Selection::new(BROWSER));
        let export = Export::new(&plan, &mut lowering, "browser", 10).unwrap();
        let losses = found[plan.name()].as_array().unwrap_or_else(|| panic!("{norm:?}: {found}"));
        assert_eq!(losses.len(), 10, "{norm:?}: {found}");
        for (step, reference) in export.document.references.iter().enumerate() {
            let off = (losses[step].as_f64().unwrap() - natives[0][step]).abs();
            let allowed = largest_distance(&natives, step).max(reference.losses[0].tolerance);
            assert!(off <= allowed, "{norm:?} step {}: {off:e} of {allowed:e}", step + 1);
        }
    }
}

/// What trains ten steps in the laboratory.
const TEN_STEPS: &str = include_str!("lesson/ten_steps.js");
