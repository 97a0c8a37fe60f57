//! The CPU engine: its kernels by the rule of the shaders, in place, and with any number of threads.

use normlab::backend::Backend;
use normlab::backend::cpu::{CpuBackend, is_fast};
use normlab::backend::twins;
use normlab::check::Trial;
use normlab::config::{Experiment, Norm, Optimizer};
use normlab::data::Dataset;
use normlab::isolated::IsolatedDispatch;
use normlab::kernels::activation::Activation;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::{self, sgd};
use normlab::program::{PassId, Program};
use normlab::tensor::{Shape, Tensor, Value};
use normlab::train::Plan;

fn fast() -> impl Iterator<Item = &'static Kernel> {
    kernels::ALL.into_iter().filter(|kernel| is_fast(kernel))
}

#[test]
fn every_kernel_is_within_tolerance_on_all_its_cases() {
    assert_eq!(fast().count(), crate::cli::FAST);
    for kernel in fast() {
        for case in (kernel.cases)() {
            let outcome = Trial::new(kernel, &case).unwrap().run(&mut CpuBackend).unwrap();
            assert!(outcome.passes(), "{:?}", outcome.complaints());
        }
    }
}

#[test]
fn a_step_and_an_evaluation_call_no_twin() {
    let data = Dataset::drawn().unwrap();
    let norms = [Norm::NONE, Norm::BATCH, Norm::LAYER, Norm::RMS, Norm::group(2)];
    for optimizer in [Optimizer::Sgd, Optimizer::Adam] {
        let experiment = Experiment { optimizer, hidden: vec![8, 6], ..Experiment::default() };
        for norm in norms {
            let activation = Activation::Tanh;
            let plan =
                Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
            let model = plan.model(&CpuBackend).unwrap();
            let passes = model.step_passes().into_iter().chain([model.evaluate]);
            for dispatch in passes.flat_map(|pass| &model.program.passes[pass.0].dispatches) {
                assert!(is_fast(dispatch.kernel), "{} with {norm}", dispatch.label);
            }
        }
    }
}

/// The operands that a kernel writes for a case, on a number of threads.
fn written(trial: &Trial, threads: usize) -> Vec<Value<f32>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| trial.isolated().run(&mut CpuBackend, trial.inputs()).unwrap().written)
}

#[test]
fn results_have_the_same_bits_on_any_number_of_threads() {
    for kernel in fast() {
        for case in (kernel.cases)() {
            let trial = Trial::new(kernel, &case).unwrap();
            let [one, two, seven] = [1, 2, 7].map(|threads| written(&trial, threads));
            let same =
                |a: &[Value<f32>], b: &[Value<f32>]| a.iter().zip(b).all(|(a, b)| a.has_bits_of(b));
            assert!(!one.is_empty() && same(&one, &two) && same(&one, &seven), "{}", trial.label());
        }
    }
}

#[test]
fn tensors_that_overlap_go_to_the_twin() {
    // The gradients are the parameters themselves, so they cannot be lent while these are written.
    let mut program = Program::default();
    let shape = Shape::matrix(1, 5);
    let parameters = program.tensor("parameters", shape);
    let velocity = program.tensor("velocity", shape);
    let rate = program.tensor("rate", Shape::matrix(1, 1));
    let tensors = [
        ("gradients", parameters),
        ("learning_rate", rate),
        ("parameters", parameters),
        ("velocity", velocity),
    ];
    let identity = Activation::Identity;
    let dispatch = program.dispatch("sgd", &sgd::KERNEL, identity, &tensors, &[]).unwrap();
    program.pass("update", vec![dispatch]);
    let mut session = CpuBackend.load(&program).unwrap();
    let value = |data: Vec<f32>| Value::Real(Tensor::new(Shape::matrix(1, data.len()), data));
    session.write(parameters, &value(vec![1.0, -2.0, 3.0, 0.0, 8.0])).unwrap();
    session.write(rate, &value(vec![0.25])).unwrap();
    session.run(&[PassId(0)], 1).unwrap();
    assert_eq!(session.read(parameters).unwrap(), value(vec![0.75, -1.5, 2.25, 0.0, 6.0]));
}

#[test]
fn a_damaged_input_is_damage_in_the_result() {
    // The comparison that judges the engine sees a product whose operand differs in one element.
    let kernel = kernels::find("matmul_nn").unwrap();
    let case = (kernel.cases)().swap_remove(1);
    let trial = Trial::new(kernel, &case).unwrap();
    let mut inputs = trial.inputs().to_vec();
    let Some(Some(Value::Real(a))) = inputs.first_mut() else { panic!("a is read") };
    a.data[0] += 1.0;
    let written = trial.isolated().run(&mut CpuBackend, &inputs).unwrap().written;
    let dispatch = IsolatedDispatch::dispatch(trial.isolated());
    let exact = twins::evaluate::<f32>(dispatch, trial.inputs());
    let judged = normlab::check::judge(
        dispatch,
        trial.inputs(),
        &written,
        normlab::kernels::precision::Precision::F32,
    );
    assert!(judged.iter().all(|one| !one.verdict.passes()));
    assert!(!written[0].has_bits_of(&exact[0]));
}
