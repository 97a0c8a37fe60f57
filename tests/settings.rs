//! Settings on a device: which pipeline a dispatch uses, and how it is recorded. Trials that need a GPU
//! are ignored, with the reason, where there is none.

use crate::support::gpu::on_gpu;
use crate::support::trial::Trial;
use normlab::backend::gpu::GpuBackend;
use normlab::backend::{Backend, Session};
use normlab::kernels::activation::Activation;
use normlab::kernels::library::Library;
use normlab::kernels::setting::{Setting, Settings, Target};
use normlab::kernels::{bias_forward, matmul_nn};
use normlab::program::{Dispatch, PassId, Program, TensorId};
use normlab::tensor::{Shape, Tensor, Value};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_gpu("shapes::one_kernel_runs_two_settings_in_one_program", runs_two_settings),
        on_gpu("shapes::a_class_has_one_setting", shares_a_setting_in_a_class),
        on_gpu("choice::the_user_s_variant_wins", the_variant_wins),
        on_gpu("choice::the_user_s_tunable_wins", the_tunable_wins),
        on_gpu("choice::the_user_s_file_wins", the_file_wins),
        on_gpu("choice::what_is_not_offered_is_refused", refuses_what_is_not_offered),
        on_gpu("swap::memory_stays", swaps_in_place),
        on_gpu("fork::its_programs_are_its_own", forks_keep_to_themselves),
        on_gpu("errors::the_first_in_the_program_s_order_is_told", tells_the_first_error),
    ]
}

/// Products of these sizes, one pass each, and their tensors a, b and c.
fn products(sizes: &[[usize; 3]]) -> (Program, Vec<[TensorId; 3]>) {
    let mut program = Program::default();
    let mut tensors = Vec::new();
    for &[m, k, n] in sizes {
        let [a, b, c] = [("a", (m, k)), ("b", (k, n)), ("c", (m, n))]
            .map(|(name, (rows, cols))| program.tensor(name, Shape::matrix(rows, cols)));
        let operands = [("a", a), ("b", b), ("c", c)];
        let label = format!("{m}x{k}x{n}");
        let made =
            program.dispatch(label, &matmul_nn::KERNEL, Activation::Identity, &operands, &[]);
        program.pass("product", vec![made.unwrap()]);
        tensors.push([a, b, c]);
    }
    (program, tensors)
}

fn dispatch(program: &Program, pass: usize) -> &Dispatch {
    &program.passes[pass].dispatches[0]
}

fn target(dispatch: &Dispatch) -> Target {
    Target::of(&dispatch.kernel.contract, dispatch.activation, &dispatch.sizes)
}

fn naive(side: u32) -> Setting {
    Setting { tunables: [("SIDE".to_owned(), side)].into(), ..Setting::of("naive") }
}

/// For each record: its variant, its SIDE and its shapes.
fn recorded(backend: &GpuBackend) -> Vec<(String, Option<u32>, Vec<String>)> {
    let records = backend.shaders().into_iter();
    records.map(|one| (one.variant, one.tunables.get("SIDE").copied(), one.shapes)).collect()
}

fn fill(session: &mut dyn Session, program: &Program, tensor: TensorId) {
    let shape = program.spec(tensor).shape;
    let data = (0..shape.len()).map(|at| (at % 7) as f32 - 3.0).collect();
    session.write(tensor, &Value::Real(Tensor::new(shape, data))).unwrap();
}

fn runs_two_settings(backend: &mut GpuBackend) {
    let (program, tensors) = products(&[[5, 6, 7], [20, 30, 40]]);
    let settings = [(target(dispatch(&program, 0)), naive(16))];
    backend.use_settings(settings.into());
    let mut session = backend.load(&program).unwrap();
    let mut found = Vec::new();
    for (pass, [a, b, c]) in tensors.into_iter().enumerate() {
        fill(session.as_mut(), &program, a);
        fill(session.as_mut(), &program, b);
        session.run(&[PassId(pass)], 1).unwrap();
        found.push(session.read(c).unwrap());
    }
    // Integers: every order of summation gives them exactly.
    for (value, [m, k, n]) in found.iter().zip([[5, 6, 7], [20, 30, 40]]) {
        let of = |at: usize| f64::from((at % 7) as f32 - 3.0);
        for (row, col) in [(0, 0), (m - 1, n - 1), (m / 2, n / 3)] {
            let sum: f64 = (0..k).map(|i| of(row * k + i) * of(i * n + col)).sum();
            assert_eq!(value.widened(row * n + col), sum, "[{row}, {col}] of {m}x{k}x{n}");
        }
    }
    let default = backend.selection().variant(&matmul_nn::KERNEL).unwrap();
    let records = recorded(backend);
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records.contains(&("naive".to_owned(), Some(16), vec!["m8 k8 n8".to_owned()])));
    let other = records.iter().find(|record| record.2 == ["m32 k32 n64"]).unwrap();
    assert_eq!(other.0, default);
}

fn shares_a_setting_in_a_class(backend: &mut GpuBackend) {
    let (program, _) = products(&[[5, 6, 7], [8, 5, 8], [9, 5, 8]]);
    backend.use_settings([(target(dispatch(&program, 0)), naive(16))].into());
    backend.load(&program).unwrap();
    let records = recorded(backend);
    let tuned = records.iter().find(|record| record.1 == Some(16)).unwrap();
    assert_eq!(tuned.2, ["m8 k8 n8"]);
    assert_eq!(records.len(), 2, "{records:?}");
}

/// A program and settings that request SIDE 16 for its only product.
fn tuned() -> (Program, Settings) {
    let (program, _) = products(&[[5, 6, 7]]);
    let settings = [(target(dispatch(&program, 0)), naive(16))].into();
    (program, settings)
}

fn the_variant_wins(backend: &mut GpuBackend) {
    let (program, settings) = tuned();
    backend.use_settings(settings);
    backend.choose_variant(&matmul_nn::KERNEL, "naive").unwrap();
    backend.load(&program).unwrap();
    assert_eq!(recorded(backend), [("naive".to_owned(), Some(8), vec![])]);
}

fn the_tunable_wins(backend: &mut GpuBackend) {
    let (program, settings) = tuned();
    let mut library = Library::default();
    library.choose("matmul_nn=naive").unwrap();
    library.tune("matmul_nn.SIDE=4").unwrap();
    backend.use_library(library);
    backend.use_settings(settings);
    backend.load(&program).unwrap();
    assert_eq!(recorded(backend), [("naive".to_owned(), Some(4), vec![])]);
}

fn the_file_wins(backend: &mut GpuBackend) {
    let (program, settings) = tuned();
    let folder = tempfile::tempdir().unwrap();
    let sub = folder.path().join("matmul_nn");
    std::fs::create_dir(&sub).unwrap();
    let text = matmul_nn::KERNEL.shaders[0].text;
    std::fs::write(sub.join("naive.wgsl"), format!("{text}\n// mine\n")).unwrap();
    let library = Library::over(folder.path()).unwrap();
    assert!(library.is_own(&matmul_nn::KERNEL));
    assert!(!library.is_own(&bias_forward::KERNEL));
    backend.use_library(library);
    backend.use_settings(settings);
    let default = backend.selection().variant(&matmul_nn::KERNEL).unwrap();
    backend.load(&program).unwrap();
    let records = recorded(backend);
    assert_eq!((records.len(), &records[0].0), (1, &default));
    assert_ne!(records[0].1, Some(16));
}

fn refuses_what_is_not_offered(backend: &mut GpuBackend) {
    let (program, mut settings) = tuned();
    for (setting, word) in [(naive(5), "SIDE = 5"), (Setting::of("warp"), "no variant warp")] {
        settings.values_mut().for_each(|one| *one = setting.clone());
        backend.use_settings(settings.clone());
        let error = backend.load(&program).err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
}

fn swaps_in_place(backend: &mut GpuBackend) {
    let (program, tensors) = products(&[[20, 30, 40]]);
    let [a, b, c] = tensors[0];
    // The smallest tiles need more workgroups than any other setting, and others' workgroups are too few for them.
    backend.use_settings([(target(dispatch(&program, 0)), naive(4))].into());
    let mut session = backend.load(&program).unwrap();
    fill(session.as_mut(), &program, a);
    fill(session.as_mut(), &program, b);
    session.run(&[PassId(0)], 3).unwrap();
    let before = session.read_all(&[a, b, c]).unwrap();
    backend.use_settings(Settings::new());
    session.swap_pipelines(backend.lower(&program).unwrap()).unwrap();
    assert_eq!(session.read_all(&[a, b, c]).unwrap(), before);
    // What the new pipeline does not write would stay.
    let shape = program.spec(c).shape;
    session.write(c, &Value::Real(Tensor::filled(shape, f32::NAN))).unwrap();
    session.run(&[PassId(0)], 1).unwrap();
    assert_eq!(session.read(c).unwrap(), before[2]);
    assert!(recorded(backend).iter().any(|record| record.1 != Some(4)));
    let (other, _) = products(&[[20, 30, 41]]);
    let refused = session.swap_pipelines(backend.lower(&other).unwrap()).unwrap_err().to_string();
    assert!(refused.contains("another program"), "{refused}");
    // Where nothing is compiled, nothing is swapped.
    let mut on_cpu = normlab::backend::cpu::CpuBackend.load(&program).unwrap();
    on_cpu.swap_pipelines(backend.lower(&program).unwrap()).unwrap();
}

fn forks_keep_to_themselves(backend: &mut GpuBackend) {
    let (program, _) = products(&[[5, 6, 7]]);
    let mut forked = backend.fork();
    forked.choose_setting(&matmul_nn::KERNEL, &naive(4)).unwrap();
    forked.load(&program).unwrap();
    assert_eq!(recorded(&forked), [("naive".to_owned(), Some(4), vec![])]);
    assert_eq!(backend.shaders(), []);
    assert!(!backend.selection().library().is_own(&matmul_nn::KERNEL));
}

/// Both products have a wrong setting.
fn tells_the_first_error(backend: &mut GpuBackend) {
    let (program, _) = products(&[[5, 6, 7], [20, 30, 40]]);
    let wrong = [(0, naive(5)), (1, Setting::of("warp"))];
    let wrong = wrong.map(|(pass, setting)| (target(dispatch(&program, pass)), setting));
    backend.use_settings(wrong.into());
    for _ in 0..20 {
        let error = backend.load(&program).err().unwrap().to_string();
        assert!(error.contains("SIDE = 5"), "{error}");
    }
}
