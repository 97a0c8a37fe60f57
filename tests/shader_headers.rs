//! What the headers of shaders say: requirements and preferences.

use crate::shaders::{Parts, RIGHT};
use normlab::kernels::bias_forward;
use normlab::kernels::header::Preferences;
use normlab::kernels::precision::Precision;

#[test]
fn an_unknown_requirement_is_refused() {
    let header = "// bias_forward, mine: nothing\n// requires: subgroups, luck";
    let known = "expected `subgroups`, `subgroup_size = NUMBER`, with `or` between several, or \
                 `cooperative_matrix = NUMBER`";
    Parts { header, ..RIGHT }.assert_refused(&["requires \"luck\"", known]);
    for need in ["subgroup_size = many", "subgroup_size = 8 or", "cooperative_matrix"] {
        let header = format!("// requires: {need}").leak();
        let said = format!("requires {need:?}");
        Parts { header, ..RIGHT }.assert_refused(&[&said, known]);
    }
}

#[test]
fn cooperative_matrices_are_those_that_the_header_requires() {
    let entry = "alias Sums = coop_mat8x8<f32, C>;
        var<workgroup> memory: array<f32, 64>;
        @compute @workgroup_size(1) fn main() { coopStoreT(coopLoadT<Sums>(&memory[0]), &memory[0]); }";
    let right = "// requires: cooperative_matrix = 8\nenable wgpu_cooperative_matrix;";
    let shader = Parts { header: right, entry, ..RIGHT }.parse(&bias_forward::KERNEL);
    assert_eq!(shader.map(|shader| shader.precision()), Ok(Precision::Mixed));
    let expected =
        ["it uses cooperative matrices of 8 x 8", "`// requires: cooperative_matrix = 8`"];
    for other in ["// nothing", "// requires: cooperative_matrix = 16"] {
        let header = format!("{other}\nenable wgpu_cooperative_matrix;").leak();
        Parts { header, entry, ..RIGHT }.assert_refused(&expected);
    }
}

#[test]
fn requirements_are_read_from_the_header() {
    let header = "// bias_forward, mine: nothing\n// requires: subgroups, subgroup_size = 32";
    let shader = Parts { header, ..RIGHT }.parse(&bias_forward::KERNEL);
    let shader = shader.unwrap_or_else(|message| panic!("{message}"));
    assert!(shader.requires.subgroups);
    assert_eq!(shader.requires.subgroup_sizes, [32]);
    let header = "// requires: subgroup_size = 8 or 16";
    let shader = Parts { header, ..RIGHT }.parse(&bias_forward::KERNEL);
    let shader = shader.unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(
        (&shader.requires.subgroup_sizes[..], shader.requires.lanes().as_str()),
        (&[8, 16][..], "8 or 16")
    );
}

#[test]
fn a_preference_is_read_from_the_header() {
    let parsed = |header| {
        let shader = Parts { header, ..RIGHT }.parse(&bias_forward::KERNEL);
        shader.unwrap().prefers
    };
    let (hardware, cheap_barriers, software) = (true, true, true);
    let none = Preferences::default();
    assert_eq!(parsed("// bias_forward, mine: nothing"), none);
    assert_eq!(parsed("// mine\n// prefers: hardware"), Preferences { hardware, ..none });
    assert_eq!(
        parsed("// mine\n// prefers: cheap barriers"),
        Preferences { cheap_barriers, ..none }
    );
    let both = parsed("// mine\n// prefers: hardware, cheap barriers");
    assert_eq!(both, Preferences { hardware, cheap_barriers, ..none });
    assert_eq!(parsed("// mine\n// prefers: software"), Preferences { software, ..none });
    let header = "// prefers: luck";
    Parts { header, ..RIGHT }.assert_refused(&[
        "prefers \"luck\"",
        "expected `hardware`, `cheap barriers` or `software`",
    ]);
}
