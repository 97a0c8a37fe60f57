//! Exported networks in a browser: they train as they do natively, and errors are reported in a sentence.

use super::devtools::Browser;
use normlab::backend::Backend;
use normlab::backend::cpu::CpuBackend;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::gpu::adapters::candidates;
use normlab::config::{Experiment, Norm, NormLayers};
use normlab::data::{Dataset, Examples};
use normlab::export::page::RUNNER;
use normlab::export::{BROWSER, Export};
use normlab::kernels;
use normlab::kernels::activation::Activation;
use normlab::kernels::library::Library;
use normlab::kernels::selection::Selection;
use normlab::lowering::shaders::Lowering;
use normlab::train::{Plan, Trainer};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take in a browser on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(180);

/// Steps whose losses are compared one by one.
const FIRST: usize = 10;

/// Steps after which losses are compared once more.
const LATER: usize = 200;

/// Data of few images, because pages contain all of them.
fn data() -> Dataset {
    let mut data = Dataset::drawn().unwrap();
    for (part, examples) in [(&mut data.train, 600), (&mut data.test, 50)] {
        let images = &part.images()[..examples * part.features()];
        let labels = part.labels[..examples].to_vec();
        *part = Examples::new(images, labels, [part.image_rows, part.image_cols]);
    }
    data
}

fn experiment() -> Experiment {
    Experiment { hidden: vec![12, 10], batch: 16, steps: LATER, probes: 4, ..Experiment::default() }
}

fn plan<'a>(experiment: &'a Experiment, norm: Norm, data: &'a Dataset) -> Plan<'a> {
    Plan { experiment, activation: Activation::Sigmoid, norm, data, verify: false }
}

/// A page with a network in it, where scripts find the module as `lab` and the network as `text` and `bytes`.
fn page(export: &Export) -> String {
    use base64::Engine;
    let json = export.json().unwrap().replace('<', "\\u003c");
    let data = base64::engine::general_purpose::STANDARD.encode(&export.data);
    let runner = RUNNER.text;
    format!(
        "<!doctype html><title>a network</title><script type=\"text/plain\" id=\"text\">{json}</script>\
         <script type=\"text/plain\" id=\"data\">{data}</script><script type=\"module\">{runner}\n\
         const contents = (id) => document.getElementById(id).textContent;\n\
         const bytes = Uint8Array.from(atob(contents('data')), (char) => char.charCodeAt(0));\n\
         globalThis.lab = {{ readProgram, openDevice, lacking, Runner, text: contents('text'), bytes }};\n\
         </script>"
    )
}

/// Opens a page with a network.
fn open(browser: &mut Browser, export: &Export) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("network.html");
    std::fs::write(&file, page(export)).unwrap();
    browser.open(&file);
}

/// What the body of an asynchronous function returns in the page; what it throws is `{ thrown }`.
pub(crate) fn awaited(browser: &mut Browser, body: &str) -> Value {
    browser.value(&format!(
        "globalThis.returned = null; (async () => {{ {body} }})().then((value) => {{ \
         globalThis.returned = {{ value }}; }}, (error) => {{ \
         globalThis.returned = {{ value: {{ thrown: `${{error.name}}: ${{error.message}}` }} }}; }});"
    ));
    let start = Instant::now();
    loop {
        let mut returned = browser.value("globalThis.returned");
        if !returned.is_null() {
            return returned["value"].take();
        }
        assert!(start.elapsed() < PATIENCE, "{body}: nothing after {PATIENCE:?}");
        sleep(Duration::from_millis(100));
    }
}

/// Losses of all steps of an experiment on one backend.
fn losses(backend: &mut dyn Backend, plan: &Plan<'_>) -> Vec<f64> {
    let mut trainer = Trainer::new(backend, plan).unwrap();
    trainer.run_to(plan.experiment.steps).unwrap();
    let (evaluations, _) = trainer.evaluation().unwrap();
    evaluations[0].losses.iter().map(|&loss| f64::from(loss)).collect()
}

/// Losses with several native variants: the CPU's, and where there is an adapter those of its shaders.
pub(crate) fn natives(plan: &Plan<'_>) -> Vec<Vec<f64>> {
    let mut all = vec![losses(&mut CpuBackend, plan)];
    let Some(candidate) = candidates().into_iter().next() else { return all };
    for variant in [None, Some("naive"), Some("tiled"), Some("lanes")] {
        let mut library = Library::default();
        for kernel in kernels::ALL {
            if let Some(variant) = variant.filter(|variant| kernel.ships(variant)) {
                library.choose_variant(kernel, variant).unwrap();
            }
        }
        let mut backend = GpuBackend::open(&candidate).unwrap().with(library);
        all.push(losses(&mut backend, plan));
    }
    all
}

/// The largest distance between any two of these at a step.
pub(crate) fn largest_distance(natives: &[Vec<f64>], step: usize) -> f64 {
    let at = natives.iter().map(|losses| losses[step]);
    let (least, most) = (at.clone().fold(f64::INFINITY, f64::min), at.fold(0.0, f64::max));
    most - least
}

/// What opens a runner in a page.
const RUN: &str = "const program = await lab.readProgram(lab.text, lab.bytes); \
                   const { device } = await lab.openDevice(program.requires); \
                   const runner = await lab.Runner.create(program, device);";

fn export(experiment: &Experiment, norm: Norm, data: &Dataset) -> Export {
    let mut lowering = Lowering::new(Selection::new(BROWSER));
    Export::new(&plan(experiment, norm, data), &mut lowering, "browser", FIRST).unwrap()
}

pub(crate) fn networks_train_as_they_do_natively(browser: &mut Browser) {
    let (experiment, data) = (experiment(), data());
    let last = Norm::BATCH.in_layers(NormLayers::Last);
    for norm in [Norm::NONE, Norm::BATCH, Norm::LAYER, Norm::group(2), Norm::RMS, last] {
        let export = export(&experiment, norm, &data);
        open(browser, &export);
        let found = awaited(
            browser,
            &format!(
                "{RUN} const losses = []; const worst = []; \
                 for (let step = 0; step < {FIRST}; step++) {{ \
                   losses.push(...(await runner.train(1)).map(({{ loss }}) => loss[0])); \
                   worst.push(...(await runner.compare())); }} \
                 losses.push(...(await runner.train({LATER} - {FIRST})).map(({{ loss }}) => loss[0])); \
                 return {{ losses, worst }};"
            ),
        );
        assert!(found.get("thrown").is_none(), "{norm:?}: {found}");
        let natives = natives(&plan(&experiment, norm, &data));
        let loss = |step: usize| found["losses"][step].as_f64().unwrap();
        for (step, reference) in export.document.references.iter().enumerate() {
            let rule = reference.losses[0].tolerance;
            let off = (loss(step) - natives[0][step]).abs();
            let allowed = largest_distance(&natives, step).max(rule);
            assert!(off <= allowed, "{norm:?} step {}: {off:e} of {allowed:e}", step + 1);
        }
        let last = LATER - 1;
        let off = (loss(last) - natives[0][last]).abs();
        let rule = export.document.references[0].losses[0].tolerance;
        let allowed = (2.0 * largest_distance(&natives, last)).max(rule);
        assert!(off <= allowed, "{norm:?} step {LATER}: {off:e} of {allowed:e}");
        let compared = found["worst"].as_array().unwrap();
        assert_eq!(compared.len(), FIRST * (1 + export.document.parameters.len()));
        let bad =
            compared.iter().filter(|one| one["ratio"].as_f64().is_none_or(|ratio| ratio > 1.0));
        assert_eq!(bad.collect::<Vec<_>>(), [&Value::Null; 0], "{norm:?}");
    }
}

/// Beyond the ring of batches and the ring of losses, and back.
pub(crate) fn a_runner_refills_evaluates_probes_and_goes_back(browser: &mut Browser) {
    let (mut experiment, data) = (experiment(), data());
    let steps = 310;
    experiment.steps = steps;
    experiment.replicas = 2;
    let export = export(&experiment, Norm::BATCH, &data);
    let slots = export.document.loops.train.batch_indices.slots;
    assert!(slots < steps && export.document.loops.train.history.slots < steps, "{slots}");
    open(browser, &export);
    let found = awaited(
        browser,
        &format!(
            "{RUN} const steps = await runner.train({steps}); const saved = await runner.save(); \
             const [before] = await runner.read(['layer1.weight']); \
             const first = await runner.evaluate(); const layers = await runner.probe(); \
             const next = await runner.train(2); runner.restore(saved); \
             const [after] = await runner.read(['layer1.weight']); const again = await runner.train(2); \
             const second = await runner.evaluate(); await runner.reset(); \
             const [start] = await runner.train(1); runner.write('learning_rate', new Float32Array(2)); \
             const still = await runner.read(['layer1.weight']); await runner.train(1); \
             const frozen = await runner.read(['layer1.weight']); \
             const same = (a, b) => JSON.stringify(a) === JSON.stringify(b); \
             return {{ losses: steps.map(({{ loss }}) => loss), first, \
               same: [same(before, after), same(next, again), same(start, steps[0]), same(still, frozen), \
                 !same(first, second)], \
               counted: layers.map(({{ counts }}) => counts.reduce((a, b) => a + b, 0)), \
               stats: runner.stats }};"
        ),
    );
    assert_eq!(found["same"], json!(vec![true; 5]), "{found}");
    let time = |what: &str| found["stats"][what].as_f64().unwrap();
    let own = time("encodeMs") / (time("encodeMs") + time("waitMs"));
    assert!(own < 0.05, "the runner itself takes {own} of the time");
    // 200 images, 12 and 10 units, 2 replicas.
    assert_eq!(found["counted"], json!([200 * 12 * 2, 200 * 10 * 2]));
    let mut backend = CpuBackend;
    let plan = plan(&experiment, Norm::BATCH, &data);
    let mut trainer = Trainer::new(&mut backend, &plan).unwrap();
    trainer.run_to(steps).unwrap();
    let (evaluations, _) = trainer.evaluation().unwrap();
    for (replica, evaluation) in evaluations.iter().enumerate() {
        for step in [0, slots - 1, slots, steps - 1] {
            let (native, browsers) = (evaluation.losses[step], &found["losses"][step][replica]);
            let off = (f64::from(native) - browsers.as_f64().unwrap()).abs();
            assert!(off < 1e-3, "replica {replica}, step {}: {native} and {browsers}", step + 1);
        }
        let evaluated = &found["first"][replica];
        let off = (evaluated["loss"].as_f64().unwrap() - evaluation.test_loss).abs();
        assert!(off < 1e-3, "{evaluated} and {}", evaluation.test_loss);
        let off = (evaluated["accuracy"].as_f64().unwrap() - evaluation.test_accuracy).abs();
        assert!(off <= 0.0201, "{evaluated} and {}", evaluation.test_accuracy);
    }
}

/// WGSL cannot express that a shader is made for subgroups of 8 lanes; an export does.
pub(crate) fn what_was_exported_for_another_adapter_is_refused(browser: &mut Browser) {
    let Some(candidate) = candidates().into_iter().next() else { return };
    let backend = GpuBackend::open(&candidate).unwrap();
    if backend.selection().capabilities().subgroup_size != (8, 8) {
        return;
    }
    let (experiment, data) = (experiment(), data());
    let mut lowering = Lowering::new(backend.selection().clone());
    let plan = plan(&experiment, Norm::LAYER, &data);
    let export = Export::new(&plan, &mut lowering, "adapter", 0).unwrap();
    let requires = &export.document.program.requires;
    assert_eq!((requires.subgroup_size, &requires.features[..]), (Some(8), &["subgroups"][..]));
    open(browser, &export);
    let told = awaited(browser, RUN)["thrown"].as_str().unwrap_or_default().to_owned();
    assert!(told.ends_with("lanes, but 8 are needed; the program cannot run on it."), "{told}");
}

pub(crate) fn a_lost_device_is_told(browser: &mut Browser) {
    let (experiment, data) = (experiment(), data());
    open(browser, &export(&experiment, Norm::NONE, &data));
    let lost = "RunnerError: The GPU device was lost (Device was destroyed.); reload the page to start \
                again.";
    let body = "setTimeout(() => device.destroy(), 50); await runner.train(1e6);";
    assert_eq!(awaited(browser, &format!("{RUN} {body}"))["thrown"], lost);
    let body = "device.destroy(); await runner.read(['learning_rate']);";
    assert_eq!(awaited(browser, &format!("{RUN} {body}"))["thrown"], lost);
}

pub(crate) fn bad_input_is_told(browser: &mut Browser) {
    let (experiment, data) = (experiment(), data());
    let export = export(&experiment, Norm::NONE, &data);
    open(browser, &export);
    let bytes = export.data.len();
    let read = |change: &str| format!("{change} return (await lab.readProgram(text, bytes)).name;");
    let start = "let { text, bytes } = lab; ";
    let cases = [
        (
            "text = text.replace('\"version\":1,', '\"version\":9,');".to_owned(),
            "program.json has format version 9; this page reads version 1.".to_owned(),
        ),
        ("text = text.slice(9);".to_owned(), "program.json is not JSON".to_owned()),
        ("text = '{}';".to_owned(), "program.json is not a program".to_owned()),
        (
            "bytes = bytes.slice(4);".to_owned(),
            format!("data.bin has {} bytes, not {bytes}; it is truncated", bytes - 4),
        ),
        (
            "bytes = bytes.slice(); bytes[7] ^= 1;".to_owned(),
            "The SHA-256 of data.bin does not match program.json; it was altered".to_owned(),
        ),
    ];
    for (change, sentence) in cases {
        let told = awaited(browser, &format!("{start}{}", read(&change)));
        let told = told["thrown"].as_str().unwrap_or_default().to_owned();
        assert!(told.starts_with(&format!("RunnerError: {sentence}")), "{told}");
    }
    assert_eq!(awaited(browser, &format!("{start}{}", read(""))), "sigmoid-none");
    let devices = [
        ("limits.maxStorageBuffersPerShaderStage = 1000", "has maxStorageBuffersPerShaderStage"),
        ("features = ['shader-f64']", "lacks the feature shader-f64"),
        ("subgroup_size = 8192", "has subgroups of"),
    ];
    for (change, words) in devices {
        let body = format!(
            "const {{ requires }} = await lab.readProgram(lab.text, lab.bytes); requires.{change}; \
             await lab.openDevice(requires);"
        );
        let told = awaited(browser, &body)["thrown"].as_str().unwrap_or_default().to_owned();
        assert!(told.contains(words) && told.ends_with("cannot run on it."), "{told}");
    }
    let told = awaited(browser, "await lab.openDevice(JSON.parse(lab.text).requires, null);");
    assert_eq!(
        told["thrown"],
        "RunnerError: This browser does not support WebGPU; open the page in a recent Chrome, Edge, \
         Safari or Firefox."
    );
    let none = "await lab.openDevice(JSON.parse(lab.text).requires, { requestAdapter: async () => null });";
    let told = awaited(browser, none)["thrown"].as_str().unwrap_or_default().to_owned();
    assert!(told.contains("offers no adapter"), "{told}");
}
