//! The conformance page: the shipped shaders pass in a browser and compile without a warning, and broken
//! ones are found.

use super::devtools::Browser;
use super::webgpu::awaited;
use normlab::kernels::library::Library;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a page may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(400);

/// What the page of `normlab check --page` with these arguments says.
fn checked(browser: &mut Browser, arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kernels.html");
    let mut program = Command::new(env!("CARGO_BIN_EXE_normlab"));
    let ended = program.arg("check").args(arguments).arg("--page").arg(&file).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let size = fs::metadata(&file).unwrap().len();
    assert!(size < 8_000_000, "{size} bytes");
    browser.open(&file);
    let start = Instant::now();
    loop {
        let result = browser.value("document.documentElement.dataset.result ?? null");
        if let Some(result) = result.as_str() {
            return serde_json::from_str(result).unwrap();
        }
        assert!(start.elapsed() < PATIENCE, "{}", browser.value("document.body.innerText"));
        sleep(Duration::from_millis(200));
    }
}

/// Rows that were checked, and complaints of all.
fn rows(result: &Value) -> (Vec<&Value>, Vec<String>) {
    let rows = result["rows"].as_array().unwrap();
    let checked: Vec<_> = rows.iter().filter(|row| row["skipped"].is_null()).collect();
    let complaints = checked.iter().flat_map(|row| row["complaints"].as_array().unwrap());
    let complaints = complaints.map(|said| said.as_str().unwrap().to_owned()).collect();
    (checked, complaints)
}

pub(crate) fn every_kernel_is_good_in_a_browser(browser: &mut Browser) {
    let result = checked(browser, &[]);
    let (checked, complaints) = rows(&result);
    assert!(
        complaints.is_empty() && result["error"].is_null(),
        "{complaints:#?} {}",
        result["error"]
    );
    assert_eq!(result["good"], true);
    for kernel in normlab::kernels::ALL {
        let naive = |row: &&&Value| row["kernel"] == kernel.name() && row["variant"] == "naive";
        let row = checked.iter().find(naive).unwrap_or_else(|| panic!("{}", kernel.name()));
        assert!(row["cases"].as_u64().unwrap() > 0, "{row}");
    }
    // Only those made for subgroups of another size are skipped.
    for row in result["rows"].as_array().unwrap().iter().filter(|row| !row["skipped"].is_null()) {
        assert!(row["skipped"].as_str().unwrap().contains("has subgroups of"), "{row}");
    }
    let shown = browser.value("document.querySelectorAll('#rows tr').length");
    assert_eq!(shown, result["rows"].as_array().unwrap().len());
    assert_eq!(browser.value("document.getElementById('copy').disabled"), false);
    let text = browser.value("document.getElementById('state').textContent");
    assert_eq!(text, "All good.");
    no_shader_has_a_warning(browser);
}

/// Of the page that is open, which has every shader but the cooperative ones.
fn no_shader_has_a_warning(browser: &mut Browser) {
    let found = awaited(
        browser,
        "const { pipelines } = JSON.parse(document.getElementById('suite').textContent); \
         const adapter = await navigator.gpu.requestAdapter(); \
         const device = await adapter.requestDevice({ requiredFeatures: ['subgroups'] }); \
         const said = []; \
         for (const [{ label, wgsl }] of pipelines) { \
           const module = device.createShaderModule({ code: wgsl }); \
           const { messages } = await module.getCompilationInfo(); \
           said.push(...messages.map(({ type, lineNum, message }) => `${label}:${lineNum}: ${type}: ${message}`)); \
         } return { said, labels: pipelines.map(([{ label }]) => label) };",
    );
    assert_eq!(found["said"], serde_json::json!([]));
    let labels = found["labels"].to_string();
    for kernel in normlab::kernels::ALL {
        for source in kernel.shaders {
            let shader = Library::default().shader(kernel, source.variant, Default::default());
            let shader = shader.unwrap();
            let expected = shader.requires.cooperative_matrix.is_none();
            assert_eq!(
                labels.contains(&format!("\"{}\"", shader.label())),
                expected,
                "{}",
                shader.label()
            );
        }
    }
}

pub(crate) fn a_browser_without_an_adapter_is_told(browser: &mut Browser) {
    let result = checked(browser, &["sgd"]);
    let sentence =
        "This browser supports WebGPU but offers no adapter; its GPU may be blocked or disabled.";
    assert_eq!((&result["error"], &result["good"]), (&sentence.into(), &false.into()));
    let text = browser.value("document.getElementById('state').textContent");
    assert_eq!(text, sentence);
}

/// A folder with one broken shader.
fn broken(folder: &Path, kernel: &str, variant: &str, (from, to): (&str, &str)) {
    let found = normlab::kernels::find(kernel).unwrap();
    let source = found.shaders.iter().find(|source| source.variant == variant).unwrap();
    assert_eq!(source.text.matches(from).count(), 1, "{from}");
    fs::create_dir_all(folder.join(kernel)).unwrap();
    let file = folder.join(kernel).join(format!("{variant}.wgsl"));
    fs::write(file, source.text.replace(from, to)).unwrap();
}

pub(crate) fn a_broken_kernel_is_found_in_a_browser(browser: &mut Browser) {
    let faults = [
        // A wrong index.
        (
            "batch_norm_backward",
            "let normalized = (x[at] - mean) * rstd;",
            "let normalized = (x[start] - mean) * rstd;",
            "of the tolerance",
        ),
        // A barrier that is missing.
        (
            "bias_softmax_cross_entropy",
            "    workgroupBarrier();\n    // The columns below read what other invocations have written.\n    \
             storageBarrier();\n",
            "",
            "of the tolerance",
        ),
        // A write into guard words.
        (
            "bias_forward",
            "if (row >= params.rows || col >= params.cols) {",
            "if (col >= params.cols) {",
            "is outside the tensor",
        ),
    ];
    for (kernel, from, to, words) in faults {
        let folder = tempfile::tempdir().unwrap();
        broken(folder.path(), kernel, "naive", (from, to));
        let shaders = folder.path().display().to_string();
        let result = checked(browser, &[kernel, "--shaders", &shaders]);
        let (_, complaints) = rows(&result);
        assert_eq!(result["good"], false, "{kernel}");
        assert!(complaints.iter().any(|said| said.contains(words)), "{kernel}: {complaints:#?}");
        let state = browser.value("document.getElementById('state').textContent");
        assert!(state.as_str().unwrap().contains("WRONG"), "{state}");
        let shown = browser.value("document.querySelector('td.wrong').textContent");
        assert_eq!(shown, "WRONG");
        assert_eq!(checked(browser, &[kernel])["good"], true, "{kernel} as it ships");
    }
}
