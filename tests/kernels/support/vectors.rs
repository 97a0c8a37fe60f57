//! The vectors of an independent implementation: `tests/vectors/make_vectors.py` has PyTorch compute
//! them in float64 and says how each tensor is meant.

use super::agreement::gpu_trial;
use super::{Call, Outputs, assert_close};
use crate::support::trial::Trial;
use libtest_mimic::Failed;
use normlab::backend::gpu::GpuBackend;
use normlab::compare::compare;
use normlab::kernels::activation::Activation;
use normlab::kernels::kernel::Kernel;
use normlab::tensor::{Shape, Tensor, Value};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::BTreeMap;
use std::path::Path;

/// Allowed error of a twin in f64, as a fraction of a tensor's largest magnitude.
const NEAR_F64: f64 = 1e-11;

/// The same in f32. The inputs have offsets of 1e3, whose f32 keeps four decimal places.
const NEAR_F32: f64 = 1e-4;

/// One call and what it must write.
pub(crate) struct Expected {
    pub(crate) label: String,
    pub(crate) call: Call,
    pub(crate) outputs: Vec<(&'static str, Value<f64>)>,
}

/// The tensors of one case of a file.
pub(crate) struct VectorCase {
    pub(crate) label: String,
    tensors: BTreeMap<String, Value<f64>>,
}

impl VectorCase {
    pub(crate) fn real(&self, key: &str) -> &Tensor<f64> {
        match self.tensors.get(key) {
            Some(Value::Real(tensor)) => tensor,
            _ => panic!("{} has no numbers {key}", self.label),
        }
    }

    /// Integers; -1 is read as `normlab::kernels::NONE`, whose bits it has.
    pub(crate) fn index(&self, key: &str) -> &Tensor<u32> {
        match self.tensors.get(key) {
            Some(Value::Index(tensor)) => tensor,
            _ => panic!("{} has no integers {key}", self.label),
        }
    }

    /// A parameter, which is an f32 in a dispatch.
    pub(crate) fn parameter(&self, key: &str) -> f32 {
        let exact = self.real(key).data[0];
        assert_eq!(f64::from(exact as f32), exact, "{}: {key} is no f32", self.label);
        exact as f32
    }

    pub(crate) fn activation(&self) -> Activation {
        Activation::ALL[self.index("activation").data[0] as usize]
    }

    /// Row `row` of a tensor that has one for each step.
    pub(crate) fn step(&self, key: &str, row: usize) -> Tensor<f64> {
        let line = self.real(key).row(row).to_vec();
        Tensor::new(Shape::matrix(1, line.len()), line)
    }
}

/// The cases of a file of vectors.
pub(crate) fn read(name: &str) -> Vec<VectorCase> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let path = folder.join(format!("{name}.safetensors"));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut cases: BTreeMap<String, BTreeMap<String, Value<f64>>> = BTreeMap::new();
    for (key, view) in file.tensors() {
        let (case, tensor) = key.split_once('/').unwrap_or_else(|| panic!("{name}: {key}"));
        let tensors = cases.entry(case.to_owned()).or_default();
        tensors.insert(tensor.to_owned(), value(&key, &view));
    }
    let labelled = |(case, tensors)| VectorCase { label: format!("{name}/{case}"), tensors };
    cases.into_iter().map(labelled).collect()
}

fn value(key: &str, view: &TensorView<'_>) -> Value<f64> {
    let shape = match *view.shape() {
        [cols] => Shape::matrix(1, cols),
        [rows, cols] => Shape::matrix(rows, cols),
        ref other => panic!("{key} has the shape {other:?}"),
    };
    match view.dtype() {
        Dtype::F64 => Value::Real(Tensor::new(shape, words(view, f64::from_le_bytes))),
        Dtype::I32 => Value::Index(Tensor::new(shape, words(view, u32::from_le_bytes))),
        other => panic!("{key} holds {other:?}"),
    }
}

fn words<const SIZE: usize, T>(view: &TensorView<'_>, decode: fn([u8; SIZE]) -> T) -> Vec<T> {
    let (words, rest) = view.data().as_chunks::<SIZE>();
    assert!(rest.is_empty(), "half a number at the end");
    words.iter().map(|word| decode(*word)).collect()
}

/// Both twins and every variant against the vectors that `expected` lists.
pub(crate) fn trials(kernel: &'static Kernel, expected: fn() -> Vec<Expected>) -> Vec<Trial> {
    let twin = |name: &str, evaluate: fn(&Call) -> Outputs, relative: f64| {
        Trial::test(format!("{}::{name}_agrees_with_the_vectors", kernel.name()), move || {
            let all = expected();
            assert!(!all.is_empty(), "no vectors were read");
            all.iter().for_each(|one| one.hold(&evaluate(&one.call), relative));
            Ok(())
        })
    };
    let mut trials = vec![
        twin("twin_in_f64", Call::evaluate::<f64>, NEAR_F64),
        twin("twin_in_f32", Call::evaluate::<f32>, NEAR_F32),
    ];
    let on_gpu = |variant| {
        gpu_trial(kernel, variant, "agrees_with_the_vectors", move |backend| {
            agree(backend, kernel, &expected())
        })
    };
    trials.extend(kernel.shaders.iter().map(|source| on_gpu(source.variant)));
    trials
}

impl Expected {
    fn hold(&self, found: &Outputs, relative: f64) {
        for (name, expected) in &self.outputs {
            let what = format!("{name} of {}", self.label);
            match expected {
                Value::Real(expected) => assert_close(&what, found.real(name), expected, relative),
                Value::Index(expected) => assert_eq!(found.index(name), expected, "{what}"),
            }
        }
    }
}

/// Judges a device by the project's rule: the expected values are the reference, and the f32 twin gives the f32
/// error.
pub(crate) fn agree(
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    expected: &[Expected],
) -> Result<(), Failed> {
    let mut complaints = Vec::new();
    for one in expected {
        let found = one.call.run_on(backend)?;
        let twin = one.call.evaluate::<f32>();
        for (name, reference) in &one.outputs {
            let (found, twin) = (found.value(name), twin.value(name).cast());
            let verdict = compare(found, &twin, reference, kernel.tolerance_factor);
            if !verdict.passes() {
                complaints.push(format!("{name} of {}: {}", one.label, verdict.describe()));
            }
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}
