//! One training step and 100 of them against PyTorch in float64 (tests/vectors/make_vectors.py).
//!
//! The CPU engine in f64 must agree almost exactly. The engines in f32 must meet the project's
//! rule: eight times the error of the f32 twin, plus eight units in the last place.

use super::{Checked, on_cpu, on_gpu, text};
use crate::support::trial::Trial;
use normlab::backend::cpu::CpuBackend;
use normlab::backend::twins::TwinSession;
use normlab::backend::{Backend, Session};
use normlab::compare::{FACTOR, compare};
use normlab::config::{Affine, Init, Norm, NormPosition, Optimizer};
use normlab::data::Examples;
use normlab::kernels::activation::Activation;
use normlab::model::{Model, Network};
use normlab::program::TensorId;
use normlab::tensor::{Shape, Tensor, Value};
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;

/// How far the f64 engine may be off, as a share of a tensor's largest magnitude.
const EXACT: f64 = 1e-9;

const STEPS: usize = 100;

/// A network of the vectors, as encoded in the file's name.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    norm: Norm,
    activation: Activation,
    affine: Affine,
    position: NormPosition,
    optimizer: Optimizer,
}

const PLAIN: Case = Case {
    name: "none_sigmoid_sgd",
    norm: Norm::NONE,
    activation: Activation::Sigmoid,
    affine: Affine::PerUnit,
    position: NormPosition::Before,
    optimizer: Optimizer::Sgd,
};

const CASES: [Case; 10] = [
    PLAIN,
    Case { name: "batch_sigmoid_sgd", norm: Norm::BATCH, ..PLAIN },
    Case { name: "batch_relu_momentum", norm: Norm::BATCH, activation: Activation::Relu, ..PLAIN },
    Case {
        name: "layer_tanh_adam",
        norm: Norm::LAYER,
        activation: Activation::Tanh,
        optimizer: Optimizer::Adam,
        ..PLAIN
    },
    Case { name: "layer_shared_sigmoid_sgd", norm: Norm::LAYER, affine: Affine::Shared, ..PLAIN },
    Case {
        name: "batch_after_relu_adam",
        norm: Norm::BATCH,
        activation: Activation::Relu,
        position: NormPosition::After,
        optimizer: Optimizer::Adam,
        ..PLAIN
    },
    Case {
        name: "layer_before_relu_sgd",
        norm: Norm::LAYER,
        activation: Activation::Relu,
        ..PLAIN
    },
    Case { name: "group_sigmoid_sgd", norm: Norm::group(2), ..PLAIN },
    Case { name: "rms_relu_sgd", norm: Norm::RMS, activation: Activation::Relu, ..PLAIN },
    Case {
        name: "rms_shared_after_tanh_adam",
        norm: Norm::RMS,
        activation: Activation::Tanh,
        affine: Affine::Shared,
        position: NormPosition::After,
        optimizer: Optimizer::Adam,
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let exact = CASES
        .into_iter()
        .map(|case| on_cpu(format!("pytorch::{}::f64", case.name), move || exact(case)));
    let gpu = CASES.into_iter().map(|case| {
        on_gpu(format!("pytorch::{}::gpu", case.name), move |backend| on_device(case, backend))
    });
    exact.chain(gpu).collect()
}

/// The tensors of one file, in f64.
struct Vectors(BTreeMap<String, (Vec<usize>, Vec<f64>)>);

impl Vectors {
    fn read(case: Case) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
        let file = std::fs::read(format!("{folder}/training_{}.safetensors", case.name)).unwrap();
        let tensors = SafeTensors::deserialize(&file).unwrap();
        let numbers = |bytes: &[u8], dtype| -> Vec<f64> {
            match dtype {
                Dtype::F64 => {
                    bytes.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
                }
                Dtype::I32 => bytes
                    .chunks(4)
                    .map(|b| i32::from_le_bytes(b.try_into().unwrap()).into())
                    .collect(),
                Dtype::U8 => bytes.iter().map(|&b| b.into()).collect(),
                other => panic!("the vectors hold {other:?}"),
            }
        };
        let one = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
            (name, (view.shape().to_vec(), numbers(view.data(), view.dtype())))
        };
        Self(tensors.tensors().into_iter().map(one).collect())
    }

    fn numbers(&self, name: &str) -> &[f64] {
        &self.0[name].1
    }

    /// Units of the hidden layers.
    fn widths(&self) -> Vec<usize> {
        let weights = ["initial/layer1.weight", "initial/layer2.weight"];
        weights.map(|name| self.0[name].0[1]).to_vec()
    }

    fn scalar(&self, name: &str) -> f64 {
        self.numbers(name)[0]
    }

    fn matrix(&self, name: &str) -> Value<f64> {
        let (shape, data) = &self.0[name];
        Value::Real(Tensor::new(Shape::matrix(shape[0], shape[1]), data.clone()))
    }

    fn whole(&self, name: &str) -> Vec<u32> {
        self.numbers(name).iter().map(|&x| x as u32).collect()
    }
}

fn network(case: Case, vectors: &Vectors) -> Network {
    let order = &vectors.0["batch_indices"].0;
    let images = &vectors.0["images"].0;
    Network {
        replicas: 1,
        features: images[1],
        hidden: vectors.widths(),
        classes: 3,
        activation: case.activation,
        norm: case.norm,
        affine: case.affine,
        norm_position: case.position,
        init: Init::Uniform,
        optimizer: case.optimizer,
        momentum: vectors.scalar("momentum") as f32,
        batch: order[1],
        steps_per_epoch: order[0],
        epochs_per_order: 1,
        window: None,
        history: order[0],
        train_examples: images[0],
        test_examples: images[0],
        test_batch: images[0],
        probe_images: 0,
    }
}

/// Puts weights and data of the vectors into a session, through `put`.
fn fill(
    model: &Model,
    vectors: &Vectors,
    mut put: impl FnMut(TensorId, Value<f64>) -> normlab::error::Result<()>,
) -> normlab::error::Result<()> {
    for parameter in &model.parameters {
        put(parameter.value, vectors.matrix(&format!("initial/{}", parameter.name)))?;
    }
    for &(_, running) in &model.running {
        let cols = model.program.spec(running).shape.cols;
        let data = [vec![0.0; cols], vec![1.0; cols]].concat();
        put(running, Value::Real(Tensor::new(Shape::matrix(2, cols), data)))?;
    }
    let rate = vec![vectors.scalar("learning_rate")];
    put(model.learning_rate, Value::Real(Tensor::new(Shape::matrix(1, 1), rate)))?;
    let examples = model.network.train_examples;
    let images: Vec<_> = vectors.whole("images").iter().map(|&byte| byte as u8).collect();
    let images = Examples::new(&images, vec![0; examples], [1, model.network.features]).packed();
    let test_order = (0..examples as u32).collect();
    for (buffers, order) in
        [(model.train, vectors.whole("batch_indices")), (model.test, test_order)]
    {
        put(buffers.images, images.cast())?;
        for (tensor, data) in
            [(buffers.labels, vectors.whole("labels")), (buffers.batch_indices, order)]
        {
            put(tensor, Value::Index(Tensor::new(model.program.spec(tensor).shape, data)))?;
        }
    }
    Ok(())
}

/// Which tensor is compared with which vector after `steps` steps.
fn expected_after(model: &Model, steps: usize) -> Vec<(TensorId, String)> {
    let place = format!("step{steps}");
    let parameters = model.parameters.iter();
    let mut pairs: Vec<_> =
        parameters.clone().map(|one| (one.value, format!("{place}/{}", one.name))).collect();
    if steps == 1 {
        pairs.extend(parameters.map(|one| (one.gradient, format!("gradient1/{}", one.name))));
    }
    let running = model.running.iter();
    pairs.extend(running.map(|&(layer, id)| (id, format!("{place}/layer{}.running", layer + 1))));
    pairs
}

/// The tensor of a model with this name.
fn named(model: &Model, name: &str) -> TensorId {
    TensorId(model.program.tensors.iter().position(|spec| spec.name == name).unwrap())
}

/// The CPU engine in f64 against PyTorch in float64.
fn exact(case: Case) -> Checked {
    let vectors = Vectors::read(case);
    let model = Model::new(network(case, &vectors)).map_err(text)?;
    let mut session = TwinSession::<f64>::new(model.program.clone());
    fill(&model, &vectors, |id, value| session.put(id, &value)).map_err(text)?;
    for (run, done) in [(1, 1), (STEPS - 1, STEPS)] {
        session.run(&model.step_passes(), run).map_err(text)?;
        for (id, name) in expected_after(&model, done) {
            close(&name, &session.get(id), &vectors.matrix(&name))?;
        }
    }
    let losses = session.get(model.train.losses);
    let losses = (0..STEPS).map(|step| losses.widened(step)).collect();
    close("losses", &row(losses), &row(vectors.numbers("losses").to_vec()))?;
    let hits = session.get(model.train.correct);
    let hits = (0..STEPS).map(|step| hits.widened(step)).collect();
    close("hits", &row(hits), &row(vectors.numbers("correct").to_vec()))?;
    session.run(&[model.evaluate], 1).map_err(text)?;
    let logits = session.get(named(&model, "test.layer3.bias.y"));
    close("inference/logits", &logits, &vectors.matrix("inference/logits"))
}

fn row(data: Vec<f64>) -> Value<f64> {
    Value::Real(Tensor::new(Shape::matrix(1, data.len()), data))
}

fn close(name: &str, found: &Value<f64>, expected: &Value<f64>) -> Checked {
    if found.shape() != expected.shape() {
        return Err(format!("{name} is {}, PyTorch's is {}", found.shape(), expected.shape()));
    }
    let all = || 0..expected.shape().len();
    let magnitude = all().map(|at| expected.widened(at).abs()).fold(1e-3, f64::max);
    for at in all() {
        let (ours, theirs) = (found.widened(at), expected.widened(at));
        // A NaN must not pass: the comparison is for what is close, not for what is far.
        let is_close = (ours - theirs).abs() <= EXACT * magnitude;
        if !is_close {
            return Err(format!("{name}[{at}] is {ours}, PyTorch's is {theirs}"));
        }
    }
    Ok(())
}

/// Values of the f32 engines after 1 and after 100 steps, by the name of their vector.
fn trained(
    backend: &mut dyn Backend,
    model: &Model,
    vectors: &Vectors,
) -> normlab::error::Result<Vec<(String, Value<f32>)>> {
    let mut session = backend.load(&model.program)?;
    fill(model, vectors, |id, value| session.write(id, &value.cast()))?;
    let mut values = Vec::new();
    for (run, done) in [(1, 1), (STEPS - 1, STEPS)] {
        session.run(&model.step_passes(), run)?;
        for (id, name) in expected_after(model, done) {
            values.push((name, session.read(id)?));
        }
    }
    session.run(&[model.evaluate], 1)?;
    let logits = session.read(named(model, "test.layer3.bias.y"))?;
    values.push(("inference/logits".to_owned(), logits));
    Ok(values)
}

/// The GPU against PyTorch; the CPU engine measures the f32 error over as many steps.
fn on_device(case: Case, backend: &mut dyn Backend) -> Checked {
    let vectors = Vectors::read(case);
    let model = Model::new(network(case, &vectors)).map_err(text)?;
    let found = trained(backend, &model, &vectors).map_err(text)?;
    let twin = trained(&mut CpuBackend, &model, &vectors).map_err(text)?;
    for ((name, found), (_, twin)) in found.iter().zip(&twin) {
        let verdict = compare(found, twin, &vectors.matrix(name), FACTOR);
        if !verdict.passes() {
            return Err(format!("{name}: {}", verdict.describe()));
        }
    }
    Ok(())
}
