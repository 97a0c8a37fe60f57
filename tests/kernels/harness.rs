//! The checks are checked: a backend that is wrong in one place must be caught, with the place.

use crate::support::gpu::{self, Gpu};
use crate::support::trial::Trial;
use normlab::backend::cpu::CpuBackend;
use normlab::backend::gpu::adapters::NO_ADAPTER;
use normlab::backend::twins::TwinSession;
use normlab::backend::{Backend, Session, Ticket, Timing};
use normlab::check::{CheckOutcome, check, judge};
use normlab::error::Result;
use normlab::kernels::activation::Activation;
use normlab::kernels::cases::Case;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::precision::Precision;
use normlab::kernels::{self, batch_norm_forward, bias_backward, bias_forward, gather, matmul_tn};
use normlab::program::{PassId, Program, TensorId};
use normlab::record::{Adapter, ShaderRecord};
use normlab::rng::{Purpose, Stream};
use normlab::tensor::{Shape, Tensor, Value};

/// `names` are the trials of all kernels.
pub(crate) fn trials(names: Vec<String>) -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("harness::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        Trial::test("harness::every_kernel_is_tested", move || {
            every_kernel_is_tested(&names);
            Ok(())
        }),
        trial("check_passes_what_is_right", nothing_wrong),
        trial("check_finds_one_wrong_element", wrong_element),
        trial("check_finds_a_small_error", small_error),
        trial("check_finds_an_element_that_is_not_written", not_written),
        trial("check_finds_an_infinity", infinity),
        trial("check_finds_a_wrong_whole_number", wrong_number),
        trial("check_finds_exchanged_replicas", exchanged_replicas),
        trial("check_finds_a_write_behind_the_end", behind_the_end),
        trial("check_finds_a_write_between_replicas", between_replicas),
        trial("check_finds_a_changed_input", changed_input),
        trial("another_order_of_a_sum_of_few_is_right", another_order),
        trial("missing_adapter_is_never_a_success", missing_adapter),
    ]
}

fn every_kernel_is_tested(names: &[String]) {
    for kernel in kernels::ALL {
        let prefix = format!("{}::", kernel.name());
        let mine: Vec<_> = names.iter().filter(|name| name.starts_with(&prefix)).collect();
        for source in kernel.shaders {
            let wanted = format!("{prefix}{}_agrees_with_its_twin", source.variant);
            assert!(
                mine.iter().any(|name| **name == wanted),
                "{wanted} is missing: add agreement::trials(&KERNEL) to tests/kernels/{}.rs and \
                 the module to tests/kernels/mod.rs",
                kernel.name()
            );
        }
    }
}

/// What goes wrong in the memory of a backend after a dispatch.
#[derive(Clone, Copy)]
enum Fault {
    /// Nothing.
    None,
    /// This element of an operand becomes this number.
    Becomes(&'static str, usize, f32),
    /// This element of an operand is off by this factor.
    Times(&'static str, usize, f32),
    /// This element of an integer operand becomes one larger.
    OneMore(&'static str, usize),
    /// The first two replicas of an operand are swapped.
    Exchanged(&'static str),
    /// An element of the whole buffer that holds an operand becomes 0.
    Spilled(&'static str, usize),
}

/// The CPU engine in f32 with a fault.
struct Broken(Fault);

struct BrokenSession {
    inner: TwinSession<f32>,
    program: Program,
    fault: Fault,
}

impl Backend for Broken {
    fn adapter(&self) -> Adapter {
        CpuBackend.adapter()
    }

    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>> {
        let (inner, program) = (TwinSession::new(program.clone()), program.clone());
        Ok(Box::new(BrokenSession { inner, program, fault: self.0 }))
    }

    fn shaders(&self) -> Vec<ShaderRecord> {
        Vec::new()
    }

    fn fork(&self) -> Box<dyn Backend> {
        Box::new(Self(self.0))
    }
}

impl Session for BrokenSession {
    fn write(&mut self, tensor: TensorId, value: &Value<f32>) -> Result<()> {
        self.inner.write(tensor, value)
    }

    fn run(&mut self, passes: &[PassId], times: usize) -> Result<()> {
        self.inner.run(passes, times)
    }

    fn run_dispatch(&mut self, pass: PassId, dispatch: usize) -> Result<()> {
        self.inner.run_dispatch(pass, dispatch)?;
        match self.fault {
            Fault::None => Ok(()),
            Fault::Becomes(name, at, number) => self.damage(name, |data| data[at] = number),
            Fault::Times(name, at, factor) => self.damage(name, |data| data[at] *= factor),
            Fault::OneMore(name, at) => {
                let tensor = self.tensors(name)[0];
                let Value::Index(mut numbers) = self.inner.get(tensor) else { panic!("{name}") };
                numbers.data[at] += 1;
                self.inner.put(tensor, &Value::Index(numbers))
            }
            Fault::Exchanged(name) => {
                let length = self.program.spec(self.tensors(name)[0]).shape.matrix_len();
                self.damage(name, |data| data[..2 * length].rotate_left(length))
            }
            Fault::Spilled(name, at) => {
                let whole = self.tensors(name)[1];
                let mut buffer = self.inner.get(whole);
                match &mut buffer {
                    Value::Real(buffer) => buffer.data[at] = 0.0,
                    Value::Index(buffer) => buffer.data[at] = 0,
                }
                self.inner.put(whole, &buffer)
            }
        }
    }

    fn time(&mut self, passes: &[PassId], times: usize) -> Result<Timing> {
        self.inner.time(passes, times)
    }

    fn request(&mut self, tensor: TensorId) -> Result<Ticket> {
        self.inner.request(tensor)
    }

    fn receive(&mut self, ticket: Ticket) -> Result<Value<f32>> {
        self.inner.receive(ticket)
    }
}

impl BrokenSession {
    /// The tensors with this name: the operand, then all of its buffer.
    fn tensors(&self, name: &str) -> Vec<TensorId> {
        let named = |at: &usize| self.program.tensors[*at].name == name;
        let found: Vec<_> = (0..self.program.tensors.len()).filter(named).map(TensorId).collect();
        assert_eq!(found.len(), 2, "a check places an operand and its buffer");
        found
    }

    fn damage(&mut self, name: &str, change: impl FnOnce(&mut Vec<f32>)) -> Result<()> {
        let tensor = self.tensors(name)[0];
        let Value::Real(mut numbers) = self.inner.get(tensor) else { panic!("{name}") };
        change(&mut numbers.data);
        self.inner.put(tensor, &Value::Real(numbers))
    }
}

/// A batch norm of two replicas of 3 rows and 5 columns.
fn batch_norm() -> (&'static Kernel, Case) {
    let case = Case::new(&[("rows", 3), ("cols", 5)]).replicas(2).activation(Activation::Tanh);
    (&batch_norm_forward::KERNEL, case)
}

fn outcome(fault: Fault, (kernel, case): (&'static Kernel, Case)) -> CheckOutcome {
    check(&mut Broken(fault), kernel, &case).unwrap_or_else(|error| panic!("{error}"))
}

/// Panics unless there is just one complaint and it has all of these words.
fn assert_complaint(outcome: &CheckOutcome, words: &[&str]) {
    let complaints = outcome.complaints();
    assert!(!outcome.passes() && complaints.len() == 1, "{complaints:?}");
    for word in words {
        assert!(complaints[0].contains(word), "no {word:?} in: {}", complaints[0]);
    }
}

/// The twin's value at a place, as a complaint writes it: with nine digits.
fn written(operand: &str, at: usize) -> String {
    let (kernel, case) = batch_norm();
    let right = super::support::exact(kernel, &case);
    format!("expected {:.8e}", right.real(operand).data[at])
}

fn nothing_wrong() {
    for kernel in kernels::ALL {
        for case in (kernel.cases)() {
            let outcome = outcome(Fault::None, (kernel, case));
            assert_eq!(outcome.complaints(), Vec::<String>::new());
            assert!(outcome.passes() && outcome.worst_ratio() <= 1.0);
        }
    }
}

/// Element 22 of [2, 3, 5] is [1, 1, 2].
fn wrong_element() {
    let outcome = outcome(Fault::Becomes("z", 22, 77.5), batch_norm());
    let expected = written("z", 22);
    let words = ["batch_norm_forward", "tensor z", "[1, 1, 2]", "7.75e1", &expected];
    assert_complaint(&outcome, &words);
}

/// One part in a thousand of one element.
fn small_error() {
    let largest = |tensor: &Tensor<f64>| {
        let data = tensor.data.iter().enumerate();
        data.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).map_or(0, |(at, _)| at)
    };
    let (kernel, case) = batch_norm();
    let at = largest(super::support::exact(kernel, &case).real("z"));
    let outcome = outcome(Fault::Times("z", at, 1.001), batch_norm());
    assert_complaint(&outcome, &["tensor z", &written("z", at)]);
}

/// Outputs are NaN before the dispatch, so a shader that leaves one out leaves a NaN.
fn not_written() {
    let outcome = outcome(Fault::Becomes("y", 29, f32::NAN), batch_norm());
    let words = ["batch_norm_forward", "tensor y", "not finite", "[1, 2, 4]", "NaN"];
    assert_complaint(&outcome, &words);
    assert_complaint(&outcome, &[&written("y", 29)]);
}

fn infinity() {
    let outcome = outcome(Fault::Becomes("statistics", 0, f32::INFINITY), batch_norm());
    assert_complaint(&outcome, &["tensor statistics", "not finite at [0, 0, 0]: inf"]);
}

fn wrong_number() {
    let sizes = [("examples", 9), ("words", 1), ("slots", 1), ("batch", 4), ("features", 3)];
    let fill = normlab::kernels::cases::Fill::Below;
    let case = Case::new(&sizes).fill("batch_indices", fill(9)).fill("labels", fill(10));
    let outcome = outcome(Fault::OneMore("targets", 2), (&gather::KERNEL, case));
    assert_complaint(&outcome, &["gather", "tensor targets", "[0, 2, 0]"]);
}

fn exchanged_replicas() {
    let outcome = outcome(Fault::Exchanged("statistics"), batch_norm());
    assert_complaint(&outcome, &["batch_norm_forward", "tensor statistics"]);
}

/// z has 30 elements in one piece: 30 is the first guard word.
fn behind_the_end() {
    let outcome = outcome(Fault::Spilled("z", 30), batch_norm());
    assert_complaint(&outcome, &["z: element 30", "outside the tensor"]);
}

/// The replicas of a strided output are not contiguous: after the 6 elements of the first is a gap.
fn between_replicas() {
    let case = Case::new(&[("m", 2), ("k", 4), ("n", 3)]).replicas(2);
    let outcome = outcome(Fault::Spilled("c", 6), (&matmul_tn::KERNEL, case));
    assert_complaint(&outcome, &["c: element 6", "outside the tensor"]);
}

fn changed_input() {
    let case = Case::new(&[("rows", 3), ("cols", 5)]);
    let outcome = outcome(Fault::Spilled("bias", 4), (&bias_forward::KERNEL, case));
    assert_complaint(&outcome, &["bias: element 4", "only read"]);
}

/// A trial on the GPU without an adapter is ignored with the reason, or fails where one is required.
/// A single sum, taken from the last row to the first: correct in f32, though the twin may happen to have the
/// exact sum.
fn another_order() {
    let shapes = [("d_y", 257), ("z", 257), ("d_x", 257), ("d_bias", 1)];
    let mut program = Program::default();
    let tensors = shapes.map(|(name, rows)| (name, program.tensor(name, Shape::matrix(rows, 1))));
    let kernel = &bias_backward::KERNEL;
    let dispatch = program.dispatch("sum", kernel, Activation::Identity, &tensors, &[]);
    let dispatch = dispatch.unwrap_or_else(|error| panic!("{error}"));
    for seed in 0..200 {
        let mut stream = Stream::new(seed, Purpose::Checks, 0);
        let column: Vec<f32> = (0..257).map(|_| stream.normal() as f32).collect();
        let sum = column.iter().rev().sum();
        let real = |data: Vec<f32>| Value::Real(Tensor::new(Shape::matrix(data.len(), 1), data));
        let inputs = [Some(real(column.clone())), Some(real(column.clone())), None, None];
        let right = |sum| {
            let judged =
                judge(&dispatch, &inputs, &[real(column.clone()), real(vec![sum])], Precision::F32);
            judged.iter().all(|one| one.verdict.passes())
        };
        assert!(right(sum) && !right(sum + 1e-2), "seed {seed}");
    }
}

fn missing_adapter() {
    match gpu::missing(false) {
        Ok(Gpu::Missing(reason)) => assert!(reason.contains(NO_ADAPTER), "{reason}"),
        _ => panic!("a missing adapter is reported as missing"),
    }
    let Err(reason) = gpu::missing(true) else {
        panic!("a required adapter that is missing fails")
    };
    assert!(reason.contains(gpu::REQUIRE_GPU) && reason.contains(NO_ADAPTER), "{reason}");
}
