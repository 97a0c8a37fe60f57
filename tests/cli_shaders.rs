//! The command line of shaders: export, list, and laying a folder over the shipped ones.

use crate::support::program::{entries, folder, normlab_without_adapter, run, say, text};
use crate::support::small::SMALL;

#[test]
fn export_writes_every_shader_and_overwrites_none() {
    let folder = folder();
    let new = folder.path().join("mine");
    let ended = say(&["shaders", "export", new.to_str().unwrap()]).with(0);
    assert!(ended.stdout.contains("shaders are in") && ended.stdout.contains("--shaders"));
    assert_eq!(entries(&new).len(), normlab::kernels::ALL.len() + 1);
    assert!(text(&new, "sgd/naive.wgsl").contains("fn main"));
    let again = say(&["shaders", "export", new.to_str().unwrap()]);
    again.refused(&["already exists", "nothing of yours is overwritten"]);
}

#[test]
fn list_names_every_kernel_also_without_an_adapter() {
    let ended = run(normlab_without_adapter().args(["shaders", "list"])).with(0);
    for kernel in normlab::kernels::ALL {
        assert!(ended.stdout.contains(kernel.name()), "{ended:#?}");
    }
    assert!(ended.stdout.contains("no adapter") && ended.stdout.contains("subgroups of 8"));
}

#[test]
fn shaders_that_do_not_fit_are_refused_before_anything_runs() {
    let folder = folder();
    let out = folder.path().join("out");
    let refused = |flags: &[&str], words: &[&str]| {
        let all = ["train", "--device", "cpu", "--out", out.to_str().unwrap()];
        say(&[&all, flags].concat()).refused(words);
        assert!(!out.exists(), "{flags:?} left a folder");
    };
    refused(&["--variant", "sgd"], &["--variant sgd", "KERNEL=NAME"]);
    refused(&["--variant", "sgd=warp"], &["sgd has no variant warp", "naive"]);
    refused(&["--variant", "sdg=naive"], &["no kernel is called sdg", "sgd"]);
    refused(&["--variant", "sgd=/no/such.wgsl"], &["cannot read /no/such.wgsl"]);
    refused(&["--shaders", "/no/such/folder"], &["cannot read /no/such/folder"]);
}

/// The CPU engine runs twins, not shaders, and warns a user who brings a folder of shaders.
#[test]
fn the_cpu_engine_says_that_it_runs_no_shaders() {
    let folder = folder();
    let out = folder.path().join("out");
    let small = [&["train", "--variant", "sgd=naive", "--out", out.to_str().unwrap()], &SMALL[..]];
    let ended = say(&small.concat()).with(0);
    assert!(ended.stdout.contains("note: the CPU engine runs no shaders"), "{ended:#?}");
}
