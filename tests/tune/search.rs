//! The search for one kernel's fastest setting: which candidates it accepts and which it rejects.

use crate::support::folders::put;
use crate::support::gpu::on_gpu;
use crate::support::program::folder;
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::kernels::activation::Activation;
use normlab::kernels::bias_backward;
use normlab::kernels::contract::Sizes;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::library::Library;
use normlab::kernels::setting::Setting;
use normlab::tune::Tuned;
use normlab::tune::search::{self, Searched, Subject};
use tempfile::TempDir;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_gpu("search::a_wrong_variant_is_named_and_never_taken", |backend| {
            let tuned = search(backend, &variants());
            let named = |setting: &Setting| setting.variant == "wrong";
            assert!(tuned.candidates.wrong.iter().any(|(setting, _)| named(setting)), "{tuned:?}");
            assert!(!named(&tuned.chosen.setting), "{tuned:?}");
            assert!(!tuned.other_bits.is_some_and(|other| named(&other.setting)));
        }),
        on_gpu("search::other_bits_are_offered_apart", |backend| {
            let tuned = search(backend, &variants());
            // The shipped names have identical sources: which of them is fastest is chance.
            assert_ne!(tuned.chosen.setting.variant, "other", "{tuned:?}");
            let other = tuned.other_bits.as_ref().unwrap();
            assert_eq!(other.setting.variant, "other", "{tuned:?}");
            assert!(tuned.gain(other) > 1.05, "{tuned:?}");
        }),
        on_gpu("search::other_bits_of_a_tunable_are_offered_apart", |backend| {
            let tuned = search(backend, &orders());
            assert_eq!(tuned.chosen.setting, Setting::of("naive"), "{tuned:?}");
            let other = tuned.other_bits.as_ref().unwrap();
            assert_eq!(other.setting.tunables.get("BACKWARDS"), Some(&1), "{tuned:?}");
        }),
        on_gpu("search::a_wrong_default_is_told", tells_a_wrong_default),
    ]
}

/// `bias_backward` in a folder: all of its shipped names slow.
fn slow() -> TempDir {
    let folder = folder();
    for source in bias_backward::KERNEL.shaders {
        let file = format!("bias_backward/{}.wgsl", source.variant);
        put(folder.path(), &file, &replaced(&[(BEGIN, &wasteful(ROUNDS, "true"))]));
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

/// The same, `naive` less slow, with a tunable that changes the order and makes it fast.
fn orders() -> TempDir {
    let row = format!("select({ROW}, {BACKWARDS}, BACKWARDS == 1u)");
    let text = replaced(&[(BEGIN, &wasteful(ROUNDS / 3, "BACKWARDS == 0u")), (ROW, &row)]);
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

/// Rounds of useless work that make a shader slow.
const ROUNDS: u32 = 30_000;

/// The beginning of the sum, with rounds of useless work under a condition.
fn wasteful(rounds: u32, condition: &str) -> String {
    format!(
        "var waste = bitcast<u32>(d_y[col]);
        for (var i = 0u; i < {rounds}u && {condition}; i++) {{ waste = waste * 1664525u + i; }}
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
fn search(backend: &mut GpuBackend, folder: &TempDir) -> Tuned {
    let searched = search_from(backend, folder, "naive");
    // The trials are not what the backend's programs use.
    assert_eq!(backend.shaders(), []);
    let Searched::Tuned(tuned) = searched else { panic!("{searched:?}") };
    *tuned
}

fn search_from(backend: &mut GpuBackend, folder: &TempDir, variant: &str) -> Searched {
    let mut library = Library::over(folder.path()).unwrap();
    library.choose(&format!("bias_backward={variant}")).unwrap();
    backend.use_library(library);
    search::search(backend, &subject(&bias_backward::KERNEL, 60, 100)).unwrap()
}

fn tells_a_wrong_default(backend: &mut GpuBackend) {
    let searched = search_from(backend, &variants(), "wrong");
    let Searched::DefaultWrong(complaints) = searched else { panic!("{searched:?}") };
    assert!(complaints.iter().any(|one| one.contains("tensor d_bias")), "{complaints:?}");
}
