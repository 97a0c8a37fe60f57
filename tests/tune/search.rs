//! The search for one kernel's fastest setting: which candidates it takes and which it leaves.

use crate::support::folders::put;
use crate::support::gpu::on_gpu;
use crate::support::program::folder;
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::kernels::activation::Activation;
use normlab::kernels::contract::Sizes;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::setting::Setting;
use normlab::kernels::{bias_backward, bias_forward};
use normlab::tune::Tuned;
use normlab::tune::search::{Search, Step, Subject};
use tempfile::TempDir;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_gpu("search::a_wrong_variant_is_named_and_never_taken", |backend| {
            let tuned = search(backend, &variants(), true);
            let named = |setting: &Setting| setting.variant == "wrong";
            assert!(tuned.candidates.wrong.iter().any(|(setting, _)| named(setting)), "{tuned:?}");
            assert!(!named(&tuned.chosen.setting), "{tuned:?}");
            assert!(!tuned.other_bits.is_some_and(|other| named(&other.setting)));
        }),
        on_gpu("search::other_bits_are_offered_apart", |backend| {
            let tuned = search(backend, &variants(), true);
            assert_eq!(tuned.chosen.setting.variant, "naive", "{tuned:?}");
            let other = tuned.other_bits.as_ref().unwrap();
            assert_eq!(other.setting.variant, "other", "{tuned:?}");
            assert!(tuned.gain(other) > 1.05, "{tuned:?}");
        }),
        on_gpu("search::quick_never_takes_other_bits", |backend| {
            let tuned = search(backend, &orders(), false);
            assert_eq!(tuned.chosen.setting, Setting::of("naive"), "{tuned:?}");
            assert!(tuned.other_bits.is_none() && tuned.candidates.other_bits > 0, "{tuned:?}");
            // It is there to be taken.
            let thorough = search(backend, &orders(), true);
            let other = thorough.other_bits.as_ref().unwrap();
            assert_eq!(other.setting.tunables.get("BACKWARDS"), Some(&1), "{thorough:?}");
        }),
        on_gpu("search::quick_leaves_other_variants_out_on_software", |backend| {
            let tuned = search(backend, &variants(), false);
            let tried = !tuned.candidates.wrong.is_empty() && tuned.candidates.other_bits > 0;
            assert_eq!(tried, backend.selection().capabilities().hardware, "{tuned:?}");
        }),
        on_gpu("search::a_wrong_default_is_told", tells_a_wrong_default),
        on_gpu("search::an_earlier_one_is_resumed", resumes),
    ]
}

/// `bias_backward` in a folder: all of its shipped names slow.
fn slow() -> TempDir {
    let folder = folder();
    for source in bias_backward::KERNEL.shaders {
        let file = format!("bias_backward/{}.wgsl", source.variant);
        put(folder.path(), &file, &replaced(&[(BEGIN, &wasteful("true"))]));
    }
    folder
}

/// The same with faster ones that are wrong or add in another order.
pub(crate) fn variants() -> TempDir {
    let folder = slow();
    let untuned = |text: String| text.replace("// tune:", "// not for tuning:");
    put(folder.path(), "bias_backward/other.wgsl", &untuned(replaced(&[(ROW, BACKWARDS)])));
    put(
        folder.path(),
        "bias_backward/wrong.wgsl",
        &untuned(replaced(&[("row < params.rows;", "row < params.rows / 2u;")])),
    );
    folder
}

/// The same, `naive` with a tunable that changes the order and makes it fast.
fn orders() -> TempDir {
    let row = format!("select({ROW}, {BACKWARDS}, BACKWARDS == 1u)");
    let text = replaced(&[(BEGIN, &wasteful("BACKWARDS == 0u")), (ROW, &row)]);
    let folder = slow();
    put(
        folder.path(),
        "bias_backward/naive.wgsl",
        &format!("const BACKWARDS: u32 = 0u; // tune: 0 1\n{text}"),
    );
    folder
}

const BEGIN: &str = "var sum = 0.0;";
const ROW: &str = "(id.z * params.rows + row)";
const BACKWARDS: &str = "(id.z * params.rows + params.rows - 1u - row)";

/// The sum's beginning with much to do for nothing under a condition.
fn wasteful(condition: &str) -> String {
    format!(
        "var waste = bitcast<u32>(d_y[col]);
        for (var i = 0u; i < 30000u && {condition}; i++) {{ waste = waste * 1664525u + i; }}
        var sum = select(0.0, 1.0, waste == 12345u && params.rows == 0u);"
    )
}

/// The shipped `bias_backward` with some of its parts replaced.
fn replaced(parts: &[(&str, &str)]) -> String {
    parts.iter().fold(bias_backward::KERNEL.shaders[0].text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the shader has another form now");
        text.replace(from, to)
    })
}

pub(crate) fn subject(kernel: &'static Kernel, rows: usize, cols: usize) -> Subject {
    let sizes = Sizes::new(&kernel.contract, 1, &[("rows", rows), ("cols", cols)]).unwrap();
    Subject::new(kernel, Activation::Relu, &sizes)
}

/// Searches from `naive` on, whatever the adapter has by default.
fn search(backend: &mut GpuBackend, folder: &TempDir, thorough: bool) -> Tuned {
    let mut library = Library::over(folder.path()).unwrap();
    library.choose("bias_backward=naive").unwrap();
    backend.use_library(library);
    let subject = subject(&bias_backward::KERNEL, 60, 100);
    let mut search = Search::new(backend, subject, thorough).unwrap();
    let tuned = end(&mut search);
    // The trials are not what the backend's programs use.
    assert_eq!(backend.shaders(), []);
    tuned
}

fn end(search: &mut Search) -> Tuned {
    loop {
        match search.step().unwrap() {
            Step::More => {}
            Step::Done(tuned) => return *tuned,
            Step::DefaultWrong(complaints) => panic!("{complaints:?}"),
        }
    }
}

fn tells_a_wrong_default(backend: &mut GpuBackend) {
    let folder = variants();
    let mut library = Library::over(folder.path()).unwrap();
    library.choose("bias_backward=wrong").unwrap();
    backend.use_library(library);
    let subject = subject(&bias_backward::KERNEL, 60, 100);
    let mut search = Search::new(backend, subject, false).unwrap();
    let Step::DefaultWrong(complaints) = search.step().unwrap() else { panic!("it was taken") };
    assert!(complaints.iter().any(|one| one.contains("tensor d_bias")), "{complaints:?}");
}

/// One that has stopped after two candidates does not try them again.
fn resumes(backend: &mut GpuBackend) {
    let subject = subject(&bias_forward::KERNEL, 60, 100);
    let mut first = Search::new(backend, subject.clone(), false).unwrap();
    assert!(first.unfinished().is_none());
    // The default's exam, then an exam and a measurement for each.
    (0..5).for_each(|_| drop(first.step().unwrap()));
    let earlier = first.unfinished().unwrap();
    assert_eq!(earlier.tried.len(), 3, "{earlier:?}");
    let all = end(&mut Search::new(backend, subject.clone(), false).unwrap()).candidates.tried;
    let mut second = Search::new(backend, subject, false).unwrap().resumed(&earlier);
    assert!(end(&mut second).candidates.tried + 2 <= all + 1);
}
