//! `normlab check` on shaders that are wrong only at other values of their tunables, and on shaders that depend
//! on what WGSL leaves open. Trials that need a GPU are ignored, with the reason, where there is none.

use crate::support::folders::put;
use crate::support::gpu::on_gpu;
use crate::support::program::{Ended, folder, normlab, run, say};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::backend::gpu::GpuBackend;
use normlab::kernels;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("help::all_tunables", help),
        on_gpu("tunables::every_shipped_shader_is_right_at_all", |_| shipped_at_all()),
        on_gpu("tunables::a_wrong_one_is_named", |_| wrong_one_is_named()),
        on_gpu("tunables::one_that_cannot_run_is_skipped_by_name", |_| too_large_is_skipped()),
        on_gpu("tunables::the_user_s_own_stay", |_| own_stay()),
        on_gpu("subgroups::products_run_on_16_lanes", |gpu| products_on_16_lanes(gpu)),
        on_gpu("leeway::flushed_denormals_are_told", |_| flushed_are_told()),
        on_gpu("leeway::a_nan_that_is_not_kept_is_told", |_| not_kept_is_told()),
        on_gpu("leeway::a_wrong_neighbour_is_wrong", |_| wrong_neighbour()),
        on_gpu("leeway::normal_numbers_are_never_flushed", |_| small_is_no_denormal()),
    ]
}

fn help() -> Result<(), libtest_mimic::Failed> {
    let ended = say(&["check", "--help"]).with(0);
    assert!(ended.stdout.contains("--all-tunables") && ended.stdout.contains("every value"));
    Ok(())
}

/// Checks a kernel with its naive shader, changed, as another variant `mine`; returns its row.
fn check_changed(kernel: &str, changes: &[(&str, &str)], flags: &[&str]) -> (Ended, String) {
    let mut text = kernels::find(kernel).unwrap().shaders[0].text.to_owned();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {kernel}");
        text = text.replace(from, to);
    }
    let folder = folder();
    put(folder.path(), &format!("{kernel}/mine.wgsl"), &text);
    let all = ["check", kernel, "--shaders", folder.path().to_str().unwrap()];
    let ended = say(&[&all, flags].concat());
    let row = row(&ended, kernel, "mine");
    (ended, row)
}

/// The row of a kernel's variant, or of one of its settings.
fn row(ended: &Ended, kernel: &str, setting: &str) -> String {
    let starts = |line: &&str| {
        let columns: Vec<_> =
            line.split("  ").map(str::trim).filter(|one| !one.is_empty()).collect();
        columns.first() == Some(&kernel) && columns.get(1) == Some(&setting)
    };
    let found = ended.stdout.lines().find(starts);
    found.unwrap_or_else(|| panic!("no row {kernel} {setting} in {ended:#?}")).to_owned()
}

fn shipped_at_all() {
    let ended = say(&["check", "--all-tunables"]).with(0);
    assert!(!ended.stdout.contains("WRONG"), "{ended:#?}");
    for (kernel, setting) in [
        ("sgd", "naive"),
        ("sgd", "naive TILE_COUNT=4096"),
        ("matmul_tn", "tiled ROWS=8"),
        ("matmul_tn", "tiled ROWS=8 TILE_M=32"),
        ("batch_norm_backward", "lanes LANES=4"),
    ] {
        assert!(row(&ended, kernel, setting).contains("good"), "{kernel} {setting}");
    }
}

/// A step of 256 is right where a workgroup has 256 invocations, and leaves parameters out at fewer.
const STEP: (&str, &str) = ("i += INVOCATIONS", "i += 256u");

fn wrong_one_is_named() {
    let (ended, row) = check_changed("adam", &[STEP], &[]);
    assert!(row.contains("good"), "{:#?}", ended.with(0));
    let (ended, good) = check_changed("adam", &[STEP], &["--all-tunables"]);
    let ended = ended.with(1);
    assert!(good.contains("good"), "{good}");
    assert!(self::row(&ended, "adam", "mine INVOCATIONS=64").ends_with("WRONG"), "{ended:#?}");
    assert!(self::row(&ended, "adam", "mine TILE_COUNT=256").contains("good"), "{ended:#?}");
    assert!(ended.stdout.contains("WRONG: adam (mine INVOCATIONS=64): adam at "), "{ended:#?}");
}

fn too_large_is_skipped() {
    let huge = ("// tune: 64 128 256\n", "// tune: 64 128 256 16384\n");
    let (ended, _) = check_changed("sgd", &[huge], &["--all-tunables"]);
    let row = row(&ended.with(0), "sgd", "mine INVOCATIONS=16384");
    assert!(row.contains("skipped: its workgroup has 16384 invocations"), "{row}");
}

fn own_stay() {
    let all = ["check", "sgd", "--all-tunables", "--tunable", "sgd.TILE_COUNT=4096"];
    let ended = say(&all).with(0);
    for setting in ["naive TILE_COUNT=4096", "naive INVOCATIONS=64 TILE_COUNT=4096"] {
        assert!(row(&ended, "sgd", setting).contains("good"), "{ended:#?}");
    }
}

/// Mesa's software makes its subgroups as wide as it is told, on any processor; other adapters have no such choice.
fn products_on_16_lanes(gpu: &GpuBackend) {
    if !gpu.adapter().driver.contains("llvmpipe") {
        return;
    }
    let products =
        ["matmul_nn", "matmul_nt", "matmul_tn", "matmul_bias_forward", "matmul_backward"];
    let wide = run(normlab().arg("check").args(products).env("LP_NATIVE_VECTOR_WIDTH", "512"));
    let wide = wide.with(0);
    for product in products {
        assert!(row(&wide, product, "subgroup").ends_with("good"), "{product}: {wide:#?}");
    }
    // Norms' subgroup variants need exactly 8 lanes.
    let norm = ["check", "layer_norm_forward"];
    let narrow = run(normlab().args(norm).env("LP_NATIVE_VECTOR_WIDTH", "512")).with(0);
    let skipped = row(&narrow, "layer_norm_forward", "subgroup");
    assert!(
        skipped.contains("it needs subgroups of 8 lanes; the adapter's have 16 to 16"),
        "{skipped}"
    );
}

fn flushed_are_told() {
    let flush = ("floor(value *", "floor(select(value, 0.0, abs(value) < 1.17e-38) *");
    let (ended, row) = check_changed("histogram", &[flush], &[]);
    ended.with(0);
    assert!(row.ends_with("good (permitted by WGSL: denormals flushed)"), "{row}");
}

fn not_kept_is_told() {
    let all = ("if (is_number(value))", "if (true)");
    let (ended, row) = check_changed("histogram", &[all], &[]);
    ended.with(0);
    assert!(row.contains("good (permitted by WGSL: ") && row.contains("not kept"), "{row}");
}

/// What a NaN becomes is open, but not what its neighbours become.
fn wrong_neighbour() {
    let other = "(bitcast<u32>(gradients[at + 1u]) & 0x7fffffffu) > 0x7f800000u";
    let spread = format!("rate * select(gradients[at], 0.0, {other})");
    let (ended, row) = check_changed("sgd", &[("rate * gradients[at]", spread.as_str())], &[]);
    let ended = ended.with(1);
    assert!(row.ends_with("WRONG"), "{row}");
    assert!(ended.stdout.contains("gradients:Between([NaN, inf, -inf])"), "{ended:#?}");
}

fn small_is_no_denormal() {
    let flush = ("floor(value *", "floor(select(value, 0.0, abs(value) < 5e-36) *");
    let (ended, _) = check_changed("histogram", &[flush], &[]);
    assert!(ended.with(1).stdout.contains("e-36"));
}
