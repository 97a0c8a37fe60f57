//! The pipeline cache: compiled pipelines are kept, and no damage to their files stops a
//! run. Trials that need a GPU are ignored, with the reason, where there is none.

use crate::support::folders::with_cache;
use crate::support::gpu::on_gpu;
use crate::support::program::{Ended, entries, folder, run};
use crate::support::trial::Trial;
use normlab::backend::gpu::GpuBackend;
use normlab::isolated::IsolatedDispatch;
use normlab::kernels::cases::Case;
use normlab::kernels::sgd;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_gpu("a_start_keeps_what_was_compiled", keeps),
        on_gpu("runs_and_checks_use_it", |_| is_used()),
        on_gpu("a_damaged_file_is_ignored_with_a_warning", |_| ignores_a_damaged_file()),
        on_gpu("a_folder_that_cannot_be_written_is_told", |_| tells_what_is_not_kept()),
    ]
}

/// Compiles a kernel and runs it.
fn compile(backend: &mut GpuBackend) {
    let case = Case::new(&[("count", 5)]);
    let sizes = case.sizes(&sgd::KERNEL.contract).unwrap();
    let shapes: Vec<_> = sgd::KERNEL.contract.operands.iter().map(|one| sizes.shape(one)).collect();
    let isolated = IsolatedDispatch::new(&sgd::KERNEL, &case, &shapes).unwrap();
    isolated.run(backend, &case.inputs(&sgd::KERNEL.contract).unwrap()).unwrap();
}

fn keeps(backend: &mut GpuBackend) {
    let folder = folder();
    let place = folder.path().join("pipelines");
    assert_eq!(backend.keep_pipelines(), None);
    assert_eq!(backend.use_pipeline_cache(&place), None);
    assert!(!place.exists());
    compile(backend);
    assert_eq!(backend.keep_pipelines(), None);
    let [name] = &entries(&place)[..] else { panic!("one file is kept") };
    let kept = fs::read(place.join(name)).unwrap();
    assert!(kept.starts_with(b"normlab pipelines "));
    // An up-to-date file is not written again.
    fs::remove_file(place.join(name)).unwrap();
    assert_eq!(backend.keep_pipelines(), None);
    assert!(entries(&place).is_empty());
    // A later start takes it, as the same adapter's.
    fs::write(place.join(name), &kept).unwrap();
    assert_eq!(backend.use_pipeline_cache(&place), None);
}

/// The pipelines folder below a cache folder.
fn pipelines(caches: &Path) -> PathBuf {
    caches.join("normlab").join("pipelines")
}

fn checked(caches: &Path) -> Ended {
    run(with_cache(caches).args(["check", "sgd"])).with(0)
}

fn is_used() {
    let (caches, out) = (folder(), folder());
    for _ in 0..2 {
        let ended = checked(caches.path());
        assert!(!ended.stdout.contains("warning"), "{ended:#?}");
        assert_eq!(entries(&pipelines(caches.path())).len(), 1);
    }
    let caches = folder();
    let small = ["train", "--hidden", "8", "--steps", "4", "--tune", "off", "--out"];
    let out = out.path().join("out");
    let ended = run(with_cache(caches.path()).args(small).arg(out)).with(0);
    assert!(!ended.stdout.contains("warning"), "{ended:#?}");
    assert_eq!(entries(&pipelines(caches.path())).len(), 1);
}

fn ignores_a_damaged_file() {
    let caches = folder();
    checked(caches.path());
    let place = pipelines(caches.path());
    let file = place.join(entries(&place).remove(0));
    let good = fs::read(&file).unwrap();
    for bad in [&b""[..], b"not mine\n", &good[..good.len() - 1]] {
        fs::write(&file, bad).unwrap();
        let ended = checked(caches.path());
        assert_eq!(ended.stdout.matches("warning: the pipeline cache").count(), 1, "{ended:#?}");
        let ended = checked(caches.path());
        assert!(!ended.stdout.contains("warning"), "it was not replaced: {ended:#?}");
    }
}

fn tells_what_is_not_kept() {
    let folder = folder();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    let ended = checked(&file);
    assert_eq!(ended.stdout.matches("warning: cannot write").count(), 1, "{ended:#?}");
    assert_eq!(ended.stdout.matches("warning").count(), 1, "{ended:#?}");
}
