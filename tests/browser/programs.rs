//! Random programs in a browser: Dawn and Tint compute the same words as the interpreter.

use super::devtools::Browser;
use super::generator;
use super::webgpu::awaited;
use normlab::backend::ShaderBackend;
use normlab::backend::interpreter::InterpreterBackend;
use normlab::export::BROWSER;
use normlab::isolated::IsolatedDispatch;
use normlab::kernels::cases::Case;
use normlab::kernels::histogram;
use normlab::kernels::library::Library;
use normlab::kernels::selection::Selection;
use normlab::kernels::setting::Setting;
use normlab::lowering::shaders::Lowering;
use normlab::tensor::Value;
use serde_json::json;
use std::fs;

/// How many of the programs on which the interpreter and an adapter agree, from the first on.
const PROGRAMS: u64 = 300;

pub(super) fn programs_by_chance_agree(browser: &mut Browser) {
    let (kernel, words) = (&histogram::KERNEL, generator::INVOCATIONS as usize);
    let case = Case::new(&[("rows", 8), ("cols", 8), ("slots", words)]);
    let inputs = case.inputs(&kernel.contract).unwrap();
    let sizes = case.sizes(&kernel.contract).unwrap();
    let shapes: Vec<_> = kernel.contract.operands.iter().map(|one| sizes.shape(one)).collect();
    let isolated = IsolatedDispatch::new(kernel, &case, &shapes).unwrap();
    let lowered = Lowering::new(Selection::new(BROWSER)).lower(isolated.program()).unwrap();
    let Some(Some(Value::Real(x))) = inputs.first() else { panic!("{inputs:?}") };
    let folder = tempfile::tempdir().unwrap();
    let mut interpreter = InterpreterBackend::<f32>::new(Library::default());
    let programs = (0..PROGRAMS).map(|seed| {
        let (path, wgsl) = (folder.path().join(format!("{seed}.wgsl")), generator::program(seed));
        fs::write(&path, &wgsl).unwrap();
        interpreter.choose_setting(kernel, &Setting::of(path.display().to_string())).unwrap();
        let outputs = isolated.run(&mut interpreter, &inputs).unwrap();
        let Some(Value::Index(expected)) = outputs.written.first() else { panic!("{seed}") };
        json!({ "seed": seed, "wgsl": wgsl, "expected": expected.data })
    });
    let given = json!({
        "programs": programs.collect::<Vec<_>>(),
        "params": lowered.params,
        "x": x.data.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        "words": words,
    });
    let page = folder.path().join("programs.html");
    let given = given.to_string().replace('<', "\\u003c");
    let html = format!(
        "<!doctype html><title>programs</title><script type=\"text/plain\" id=\"given\">{given}</script>"
    );
    fs::write(&page, html).unwrap();
    browser.open(&page);
    let run = include_str!("programs.js");
    let given = "JSON.parse(document.getElementById('given').textContent)";
    assert_eq!(awaited(browser, &format!("return ({run})({given});")), json!([]));
}
