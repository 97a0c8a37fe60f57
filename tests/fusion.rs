//! Fusion: a network computes exactly the same with it and without, in fewer dispatches, and a user's
//! shader always takes effect. Trials that need a GPU are ignored, with the reason, where there
//! is none.

use crate::support::gpu::{self, done, on_gpu};
use crate::support::program::{folder, say, summary};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::config::{Affine, Experiment, Norm, NormPosition, Optimizer};
use normlab::data::Dataset;
use normlab::fusion::{self, Fusion, fuse};
use normlab::kernels::activation::Activation;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::{self, bias_forward, matmul_nn};
use normlab::model::{DataBuffers, Model, Network};
use normlab::program::{Dispatch, Program, TensorId};
use normlab::tensor::{Shape, Value};
use normlab::train::{data_set, initial_state, training_order};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("rules::are_well_formed", done(rules_are_well_formed)),
        Trial::test("rules::leave_what_others_read", done(others_read)),
        Trial::test("rules::leave_other_wires_alone", done(other_wires)),
        Trial::test("network::writes_all_that_its_user_reads", done(all_is_written)),
        Trial::test("network::takes_few_dispatches", done(few_dispatches)),
        Trial::test("network::keeps_large_products_apart", done(large_products)),
        on_gpu("own::a_touched_part_keeps_its_rule_away", |_| touched_parts()),
        on_gpu("own::a_wrong_part_is_seen", |backend| wrong_part_is_seen(backend)),
        on_gpu("program::flag_changes_no_bit_and_is_recorded", |_| flag()),
    ];
    let alone = fusion::ALL.iter().map(|rule| (rule.name, Fusion::of(|one| one.name == rule.name)));
    for (name, fusion) in alone.chain([("all", Fusion::of(|_| true))]) {
        trials.push(on_gpu(format!("bits::{name}"), move |backend| same_bits(backend, &fusion)));
    }
    trials.push(on_gpu("bits::all_tiled", |backend| {
        for name in ["nn", "nt", "tn", "bias_forward", "backward"] {
            let kernel = kernels::find(&format!("matmul_{name}")).unwrap();
            backend.choose_variant(kernel, "tiled").unwrap();
        }
        same_bits(backend, &Fusion::of(|_| true));
    }));
    trials
}

/// The networks whose steps are examined: every norm, affine, position and optimizer.
fn networks() -> Vec<(Experiment, Activation, Norm)> {
    let small = Experiment { hidden: vec![31, 17, 40], batch: 30, ..Experiment::default() };
    let after = Experiment { norm_position: NormPosition::After, ..small.clone() };
    let shared = Experiment { affine: Affine::Shared, ..small.clone() };
    let adam = Experiment { optimizer: Optimizer::Adam, learning_rate: 0.01, ..small.clone() };
    let flat = Experiment { hidden: vec![], ..small.clone() };
    vec![
        (small.clone(), Activation::Sigmoid, Norm::None),
        (small.clone(), Activation::Relu, Norm::None),
        (small.clone(), Activation::Tanh, Norm::Batch),
        (small, Activation::Sigmoid, Norm::Layer),
        (after.clone(), Activation::Relu, Norm::Batch),
        (after, Activation::Tanh, Norm::Rms),
        (shared, Activation::Sigmoid, Norm::Layer),
        (adam, Activation::Relu, Norm::None),
        (flat, Activation::Sigmoid, Norm::None),
    ]
}

fn digits() -> Dataset {
    Dataset::drawn().unwrap()
}

fn model((experiment, activation, norm): &(Experiment, Activation, Norm), data: &Dataset) -> Model {
    Model::new(Network::new(experiment, (*activation, *norm), data)).unwrap()
}

/// The training state and the result of an evaluation, after a few steps.
fn trained(
    backend: &mut GpuBackend,
    model: &Model,
    experiment: &Experiment,
    data: &Dataset,
) -> Vec<Value<f32>> {
    let mut session = backend.load(&model.program).unwrap();
    session.upload(&initial_state(model, experiment)).unwrap();
    session.upload(&data_set(model, data)).unwrap();
    session.upload(&[training_order(model, experiment.seed, 0)]).unwrap();
    session.run(&model.step_passes(), 7).unwrap();
    session.run(&[model.evaluate], 2).unwrap();
    let DataBuffers { losses, correct, .. } = model.train;
    let outputs = [losses, correct, model.test.losses, model.test.correct, model.test_outputs];
    let gradients = model.parameters.iter().map(|parameter| parameter.gradient);
    let ids: Vec<_> = model.state().into_iter().chain(outputs).chain(gradients).collect();
    session.read_all(&ids).unwrap()
}

fn bits(value: &Value<f32>) -> Vec<u32> {
    match value {
        Value::Real(tensor) => tensor.data.iter().map(|x| x.to_bits()).collect(),
        Value::Index(tensor) => tensor.data.clone(),
    }
}

fn same_bits(backend: &mut GpuBackend, fusion: &Fusion) {
    let data = digits();
    let mut rewritten = 0;
    for network in networks() {
        let plain = model(&network, &data);
        let fused = plain.clone().fused(fusion).unwrap();
        rewritten += usize::from(count(&fused) < count(&plain));
        let (experiment, activation, norm) = &network;
        let first = trained(backend, &plain, experiment, &data);
        let second = trained(backend, &fused, experiment, &data);
        for (place, (plain, fused)) in first.iter().zip(&second).enumerate() {
            assert_eq!(bits(plain), bits(fused), "{place} of {} {norm:?}", activation.name());
        }
    }
    assert!(rewritten > 0, "no network was rewritten");
}

/// Dispatches of a step and of an evaluation.
fn count(model: &Model) -> (usize, usize) {
    let dispatches = |pass: normlab::program::PassId| model.program.passes[pass.0].dispatches.len();
    let step = model.step_passes().into_iter().map(dispatches).sum();
    (step, dispatches(model.evaluate))
}

/// A product that takes much longer than a dispatch to start gains nothing: its two gradients stay apart.
fn large_products() {
    let data = digits();
    let experiment = Experiment { hidden: vec![1024; 2], batch: 128, ..Experiment::default() };
    let model = model(&(experiment, Activation::Relu, Norm::Batch), &data);
    let gradients = Fusion::of(|rule| rule.name == "gradients");
    // Those of the first layer have no input's gradient, those of the last are small.
    assert_eq!(count(&model).0 - count(&model.clone().fused(&gradients).unwrap()).0, 1);
}

/// Of a step of 784-100-100-100-10: at most 18 with a norm.
fn few_dispatches() {
    let data = digits();
    let experiment = Experiment { hidden: vec![100; 3], ..Experiment::default() };
    for (norm, plain, fused) in [
        (Norm::None, (22, 10), (14, 6)),
        (Norm::Batch, (22, 10), (17, 9)),
        (Norm::Layer, (22, 10), (17, 9)),
        (Norm::Rms, (22, 10), (17, 9)),
    ] {
        let model = model(&(experiment.clone(), Activation::Sigmoid, norm), &data);
        assert_eq!(count(&model), plain, "{norm:?}");
        let model = model.fused(&Fusion::of(|_| true)).unwrap();
        assert_eq!(count(&model), fused, "{norm:?}");
    }
}

/// The tensors that a model exposes are written as before.
fn all_is_written() {
    let data = digits();
    for network in networks() {
        let plain = model(&network, &data);
        let fused = plain.clone().fused(&Fusion::of(|_| true)).unwrap();
        let (DataBuffers { losses, correct, step, .. }, test) = (plain.train, plain.test);
        let told =
            [losses, correct, step, test.losses, test.correct, test.step, plain.test_outputs];
        let gradients = plain.parameters.iter().map(|parameter| parameter.gradient);
        let before = written(&plain.program);
        let after = written(&fused.program);
        for id in plain.state().into_iter().chain(gradients).chain(told) {
            let name = &plain.program.spec(id).name;
            assert_eq!(before.contains(&id), after.contains(&id), "{name}");
        }
        assert!(after.len() < before.len(), "nothing was saved");
    }
}

/// The tensors that dispatches write.
fn written(program: &Program) -> BTreeSet<TensorId> {
    let dispatches = program.passes.iter().flat_map(|pass| &pass.dispatches);
    let operands = dispatches.flat_map(|one| one.kernel.contract.operands.iter().zip(&one.tensors));
    operands.filter(|(operand, _)| operand.access.writes()).map(|(_, &id)| id).collect()
}

fn operand(kernel: &Kernel, name: &str) -> &'static normlab::kernels::contract::Operand {
    kernel.contract.operands.iter().find(|operand| operand.name == name).unwrap()
}

/// Every operand of a fused kernel is one of its parts', of the same type and with the same access,
/// and every tensor that the parts hand on is written before it is read.
fn rules_are_well_formed() {
    for rule in &fusion::ALL {
        assert_eq!(rule.operands.len(), rule.kernel.contract.operands.len(), "{}", rule.name);
        for (operand_of_kernel, &(part, name)) in
            rule.kernel.contract.operands.iter().zip(rule.operands)
        {
            let of_part = operand(rule.parts[part], name);
            let what = format!("{}: {name}", rule.name);
            assert_eq!(of_part.element, operand_of_kernel.element, "{what}");
            assert_eq!(of_part.access, operand_of_kernel.access, "{what}");
            assert_eq!(of_part.strided, operand_of_kernel.strided, "{what}");
        }
        for &((from, source), (to, target)) in rule.wires {
            assert!(from < to, "{}", rule.name);
            assert!(operand(rule.parts[to], target).access.reads(), "{}: {target}", rule.name);
            assert_eq!(
                operand(rule.parts[from], source).element,
                operand(rule.parts[to], target).element
            );
        }
        let activated = rule.activated.is_some_and(|part| rule.parts[part].contract.activation);
        assert_eq!(activated, rule.kernel.contract.activation, "{}", rule.name);
    }
}

/// A product, followed by a bias on `x`; `x` is the product unless it is given.
fn layer(program: &mut Program, x: Option<TensorId>) -> Vec<Dispatch> {
    let mut tensor = |name: &str, rows, cols| program.tensor(name, Shape::matrix(rows, cols));
    let (a, b, c) = (tensor("a", 2, 3), tensor("b", 3, 4), tensor("c", 2, 4));
    let (bias, z, y) = (tensor("bias", 1, 4), tensor("z", 2, 4), tensor("y", 2, 4));
    let relu = Activation::Relu;
    let product = [("a", a), ("b", b), ("c", c)];
    let shift = [("x", x.unwrap_or(c)), ("bias", bias), ("z", z), ("y", y)];
    let identity = Activation::Identity;
    vec![
        program.dispatch("l.matmul_nn", &matmul_nn::KERNEL, identity, &product, &[]).unwrap(),
        program.dispatch("l.bias_forward", &bias_forward::KERNEL, relu, &shift, &[]).unwrap(),
    ]
}

/// A product that a later pass reads is still written: the rule does not apply.
fn others_read() {
    for read in [false, true] {
        let mut program = Program::default();
        let dispatches = layer(&mut program, None);
        let product = dispatches[0].tensors[2];
        let pass = program.pass("forward", dispatches);
        if read {
            let more = layer(&mut program, Some(product));
            program.pass("look", vec![more[1].clone()]);
        }
        let fused = fuse(&program, &[pass], &Fusion::of(|_| true)).unwrap();
        let names: Vec<_> =
            fused.passes[0].dispatches.iter().map(|one| one.label.clone()).collect();
        if read {
            assert_eq!(names, ["l.matmul_nn", "l.bias_forward"]);
        } else {
            assert_eq!(names, ["l.matmul_bias_forward"]);
            assert_eq!(fused.passes[0].dispatches[0].activation, Activation::Relu);
        }
    }
}

/// A bias on another tensor than the preceding product is left alone.
fn other_wires() {
    let mut program = Program::default();
    let other = program.tensor("other", Shape::matrix(2, 4));
    let dispatches = layer(&mut program, Some(other));
    let pass = program.pass("forward", dispatches);
    let fused = fuse(&program, &[pass], &Fusion::of(|_| true)).unwrap();
    assert_eq!(fused.passes[0].dispatches.len(), 2);
}

fn rules_with(change: impl FnOnce(Library) -> Library) -> Vec<&'static str> {
    let backend = match gpu::open().unwrap() {
        gpu::Gpu::Open(backend) => backend.with(change(Library::default())),
        gpu::Gpu::Missing(reason) => panic!("{reason}"),
    };
    backend.fusion().unwrap().names()
}

/// A choice, a tunable or a file of a part's keeps the rule away; one of the fused kernel does not.
fn touched_parts() {
    let chosen = |choice: &'static str| {
        rules_with(move |mut library| {
            library.choose(choice).unwrap();
            library
        })
    };
    assert_eq!(rules_with(|library| library), ["output", "layer", "gradients"]);
    assert_eq!(rules_with(Library::unfused), [""; 0]);
    assert_eq!(chosen("bias_forward=naive"), ["gradients"]);
    assert_eq!(chosen("matmul_nt=naive"), ["output", "layer"]);
    assert_eq!(chosen("matmul_backward=naive"), ["output", "layer", "gradients"]);
    let tuned = rules_with(|mut library| {
        library.tune("softmax_cross_entropy.INVOCATIONS=32").unwrap();
        library
    });
    assert_eq!(tuned, ["layer", "gradients"]);
    let over = folder();
    let file = over.path().join("matmul_nn/naive.wgsl");
    fs::create_dir(over.path().join("matmul_nn")).unwrap();
    fs::copy("shaders/matmul_nn/naive.wgsl", file).unwrap();
    assert_eq!(rules_with(|_| Library::over(over.path()).unwrap()), ["output", "gradients"]);
}

/// A network in which the user's bias_forward forgets the bias is out of tolerance.
fn wrong_part_is_seen(backend: &GpuBackend) {
    let folder = folder();
    let file = folder.path().join("forgetful.wgsl");
    let right = fs::read_to_string("shaders/bias_forward/naive.wgsl").unwrap();
    let wrong = right.replace("x[at] + bias[id.z * params.bias_stride + col]", "x[at]");
    assert_ne!(right, wrong);
    fs::write(&file, wrong).unwrap();
    let variant = format!("bias_forward={}", file.display());
    let out = folder.path().join("out");
    let small = ["--steps", "2", "--norm", "none", "--hidden", "20", "--variant", &variant];
    let ended = say(&[&["train"], &small[..], &["--out", out.to_str().unwrap()]].concat());
    let ended = ended.with(1);
    assert!(ended.stdout.contains("OUT OF TOLERANCE") && ended.stdout.contains("bias_forward"));
    let limit = backend.loop_limit().unwrap();
    assert_eq!(ended.stdout.contains("note: this driver stops"), limit.is_some(), "{ended:#?}");
}

fn flag() {
    let folder = folder();
    let train = |name: &str, flags: &[&str]| {
        let out = folder.path().join(name);
        let small = ["train", "--steps", "30", "--norm", "none,batch", "--hidden", "20,20"];
        say(&[&small[..], flags, &["--out", out.to_str().unwrap()]].concat()).with(0);
        out
    };
    let (fused, plain) = (train("fused", &[]), train("plain", &["--no-fuse"]));
    assert_eq!(summary(&fused).fusion, ["output", "layer", "gradients"]);
    assert_eq!(summary(&plain).fusion, [""; 0]);
    let weights = |run: &Path| fs::read(run.join("weights.safetensors")).unwrap();
    assert!(weights(&fused) == weights(&plain), "the weights differ");
    let ran = |run: &Path, kernel: &str| {
        summary(run).shaders.iter().any(|shader| shader.kernel == kernel)
    };
    assert!(ran(&fused, "matmul_backward") && !ran(&plain, "matmul_backward"));
}
