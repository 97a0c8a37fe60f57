//! Small shaders whose effects are all known.

use super::code::Code;
use super::compile;
use super::dispatch::{Bound, Options, Schedule, dispatch};
use super::finding::{Conflict, Fault, Finding};
use super::number::Number;
use naga::valid::{Capabilities, ValidationFlags, Validator};

const HEAD: &str = "enable f16;
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @group(0) @binding(1) var<storage, read> data: array<f32>;
    var<workgroup> w: array<u32, 8>;
    var<workgroup> v: array<vec2<f32>, 4>;
    @compute @workgroup_size(8)
    fn main(@builtin(local_invocation_index) i: u32, @builtin(workgroup_id) g: vec3<u32>,
            @builtin(subgroup_invocation_id) lane: u32) {\n";

struct Ran {
    words: Vec<u32>,
    findings: Vec<Finding>,
    text: String,
}

impl Ran {
    fn faults(&self) -> Vec<&Fault> {
        self.findings.iter().map(|finding| &finding.fault).collect()
    }

    /// The source from an offset to the end of its line.
    fn line(&self, offset: u32) -> &str {
        self.text[offset as usize..].lines().next().unwrap_or_default()
    }
}

fn code(text: &str) -> Code {
    let module = naga::front::wgsl::parse_str(text);
    let module = module.unwrap_or_else(|error| panic!("{}", error.emit_to_string(text)));
    let validated = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&module);
    validated.unwrap_or_else(|error| panic!("{}", error.emit_to_string(text)));
    compile::entry(&module).unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

/// Runs two workgroups of 8 invocations, in subgroups of 4 lanes, on 16 words and a few floats.
fn run_in<N: Number>(body: &str, schedule: Schedule) -> Ran {
    let text = format!("{HEAD}{body}\n}}");
    let code = code(&text);
    let data = [1.0_f32, 2.0, 0.5, -4.0];
    let bound = [
        Bound { binding: 0, cells: vec![0; 16], marks: Vec::new(), bytes: 64 },
        Bound {
            binding: 1,
            cells: data.map(|x| N::of_f32(x).cell()).to_vec(),
            marks: Vec::new(),
            bytes: 16,
        },
    ];
    let options = Options { subgroup_size: 4, schedule, watch: true, most: 10_000 };
    let outcome = dispatch::<N>(&code, [2, 1, 1], &bound, options);
    let memory = outcome.memories.into_iter().find(|memory| memory.cells.len() == 16);
    let words = memory.map(|memory| memory.cells.iter().map(|&cell| cell as u32).collect());
    Ran { words: words.unwrap_or_default(), findings: outcome.findings, text }
}

fn run(body: &str) -> Ran {
    run_in::<f32>(body, Schedule::Forward)
}

/// What each invocation of the first workgroup writes, if nothing is found.
fn words(expression: &str) -> Vec<u32> {
    let ran = run(&format!("out[8u * g.x + i] = {expression};"));
    assert_eq!(ran.faults(), Vec::<&Fault>::new(), "{expression}");
    ran.words[..8].to_vec()
}

#[test]
fn values_are_those_of_wgsl() {
    assert_eq!(words("i + 1u"), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(words("u32(-7 / 2 + 10) + (7u % 4u)")[0], 10);
    assert_eq!(words("bitcast<u32>(data[i % 4u] * 0.5)")[3], (-2.0_f32).to_bits());
    assert_eq!(words("u32(vec4(1u, 2u, 3u, 4u)[i % 4u])"), [1, 2, 3, 4, 1, 2, 3, 4]);
    assert_eq!(words("u32(dot(vec3(1.0, 2.0, 3.0), vec3(4.0, 5.0, 6.0).zyx))")[0], 28);
    assert_eq!(
        words("u32(determinant(mat3x3<f32>(data[1], 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 4.0)))")[0],
        24
    );
    assert_eq!(words("u32(transpose(mat2x3<f32>(data[0], 2.0, 3.0, 4.0, 5.0, 6.0))[2].y)")[0], 6);
    assert_eq!(words("pack4x8unorm(vec4(0.0, 1.0, 0.5, 2.0))")[0], 0xFF80_FF00);
    assert_eq!(words("u32(unpack4x8snorm(0x7f818000u).w * 100.0)")[0], 100);
    assert_eq!(
        words("insertBits(0xffffffffu, 0u, 4u, 8u) ^ extractBits(0xabcdu, 4u, 8u)")[0],
        0xFFFF_F0B3
    );
    assert_eq!(words("u32(firstLeadingBit(-1) + 2) + countOneBits(255u)")[0], 9);
    assert_eq!(words("u32(f16(i) * f16(0.1) * f16(1000.0))")[3], 299);
    assert_eq!(words("u32(1e20 * data[0]) + u32(-5.0 * data[0])")[0], 0xFFFF_FF00);
    assert_eq!(words("u32(i32(3e9 * data[0]) == 2147483520)")[0], 1);
    assert_eq!(words("u32(i32(-3e9 * data[0]) == i32(-2147483648))")[0], 1);
    assert_eq!(words("u32(modf(3.75).fract * 4.0) + u32(frexp(6.0).exp)")[0], 6);
}

#[test]
fn a_number_of_f32_is_one_of_f64_there() {
    let body = "out[8u * g.x + i] = u32((data[0] / 3.0 * data[1] - 0.6666667) * -1e12);";
    // 0.6666667 as an f32 is 0.66666668653488.
    assert_eq!(run_in::<f64>(body, Schedule::Forward).words[0], 19_868);
}

#[test]
fn races_are_told_with_both_places_and_whether_the_value_is_the_same() {
    let ran = run("w[i] = i;\nout[8u * g.x + i] = w[(i + 1u) % 8u];");
    let race = |one: &&Finding| matches!(one.fault, Fault::Race(Conflict::ReadWrite, _));
    let race = ran.findings.iter().find(race).and_then(|one| Some((one.offset, one.other?.0)));
    let lines = race.map(|(late, early)| (ran.line(late), ran.line(early)));
    assert_eq!(lines, Some(("w[i] = i;", "w[(i + 1u) % 8u];")), "{:?}", ran.findings);
    assert!(
        ran.findings.iter().any(|one| matches!(one.fault, Fault::Race(Conflict::WriteRead, _)))
    );
    let same = run("w[0] = 7u;");
    assert!(
        matches!(same.faults()[..], [Fault::Race(Conflict::SameValue, _)]),
        "{:?}",
        same.findings
    );
    let groups = run("out[i] = g.x;");
    let [Finding { fault: Fault::Race(Conflict::WriteWrite, cell), other: Some((_, who)), .. }] =
        groups.findings.as_slice()
    else {
        panic!("{:?}", groups.findings)
    };
    assert_eq!(
        (cell.cell, who.workgroup, groups.findings[0].who.workgroup),
        (0, [0; 3], [1, 0, 0])
    );
}

#[test]
fn a_barrier_orders_its_own_memory_alone() {
    let with = |barrier: &str| {
        run(&format!("w[i] = i; {barrier} out[8u * g.x + i] = w[(i + 1u) % 8u];")).faults().len()
    };
    assert_eq!((with("workgroupBarrier();"), with("storageBarrier();")), (0, 1));
    let storage = |barrier: &str| {
        run(&format!("out[8u * g.x + i] = i; {barrier} w[i] = out[8u * g.x + 7u - i];"))
            .faults()
            .len()
    };
    assert_eq!((storage("storageBarrier();"), storage("workgroupBarrier();")), (0, 1));
    assert_eq!(with("let first = workgroupUniformLoad(&w[3]);"), 0);
}

#[test]
fn barriers_that_not_all_reach_are_seen() {
    for (body, ended) in [
        ("if (i > 3u) { return; } workgroupBarrier();", true),
        ("if (i > 3u) { workgroupBarrier(); } else { workgroupBarrier(); }", false),
        ("for (var k = 0u; k <= i; k++) { workgroupBarrier(); }", true),
        (
            "for (var k = 0u; k < 4u; k++) { if (k == 0u && i == 1u) { continue; } workgroupBarrier(); }",
            false,
        ),
    ] {
        let ran = run(body);
        assert!(ran.faults().contains(&&Fault::Divergence { ended }), "{body}: {:?}", ran.findings);
    }
    assert!(run("for (var k = 0u; k < 4u; k++) { workgroupBarrier(); }").findings.is_empty());
}

#[test]
fn what_is_out_of_bounds_reads_0_and_writes_nothing() {
    let ran = run("out[8u * g.x + i] = 5u; out[100u + i] = 1u; w[i] = u32(data[i + 4u]);");
    assert_eq!(ran.words, [5; 16]);
    let [
        Fault::OutOfBounds { what, index: 100, length: 16, writes: true, .. },
        Fault::OutOfBounds { .. },
    ] = ran.faults()[..]
    else {
        panic!("{:?}", ran.findings)
    };
    assert_eq!(what, "out");
    let vector = run("var a = vec3(1.0, 2.0, 3.0); a[i] = 4.0; w[i] = u32(a.z);");
    assert!(matches!(vector.faults()[..], [Fault::OutOfBounds { index: 3, length: 3, .. }]));
    let below = run("w[i] = u32(data[i32(i) - 3]);");
    assert!(
        matches!(below.faults()[0], Fault::OutOfBounds { index: -3, .. }),
        "{:?}",
        below.findings
    );
}

#[test]
fn a_wrap_is_told_where_it_reaches_an_access_and_only_there() {
    let said = |index: &str| {
        run(&format!("w[i] = i; workgroupBarrier(); out[8u * g.x + i] = w[{index}];"))
            .faults()
            .len()
    };
    assert_eq!(said("(i + 4294967295u + 1u) % 8u"), 0, "the remainder removes it");
    assert_eq!(said("i - 5u + 5u"), 0, "it is undone");
    assert_eq!(said("i + u32(i32(i) - i32(i))"), 0);
    assert!(matches!(
        run("w[i * 536870912u * 8u + i] = 1u;").faults()[..],
        [Fault::Wrapped { .. }]
    ));
    assert_eq!(run("if (i - 1u < 8u) { w[i - 1u] = i; }").faults().len(), 0);
}

#[test]
fn steps_without_a_number_are_told_with_their_operands() {
    let said = |expression: &str| {
        let ran = run(&format!("out[8u * g.x + i] = u32(abs({expression}));"));
        ran.faults().iter().map(|fault| format!("{fault:?}")).collect::<Vec<_>>().join(" ")
    };
    assert!(said("data[0] / (data[0] - 1.0)").contains("1 / 0 is infinite"));
    assert!(said("pow(data[3], 2.0)").contains("pow(-4, 2) is NaN"));
    assert!(said("sqrt(data[3]) + 1.0").contains("sqrt(-4) is NaN"));
    assert!(said("clamp(data[0], data[1], data[2])").contains("clamp(1, 2, 0.5) is 0.5"));
    assert!(said("f32(7u / (i - i))").contains("7 / 0"));
    assert!(said("f32(7u << (i + 32u))").contains("Shift(32)"));
    assert_eq!(said("exp(data[0]) * 0.0 + log(data[1])"), "");
}

#[test]
fn zeros_of_workgroup_memory_are_a_note() {
    let ran = run("out[8u * g.x + i] = w[i];");
    assert!(matches!(ran.faults()[..], [Fault::Zero(_)]) && ran.faults()[0].is_note());
}

#[test]
fn lanes_of_a_subgroup_compute_together() {
    assert_eq!(words("subgroupAdd(i)"), [6, 6, 6, 6, 22, 22, 22, 22]);
    assert_eq!(
        words("subgroupExclusiveAdd(i) + 100u * subgroupInclusiveMul(2u)")[..4],
        [200, 400, 801, 1603]
    );
    assert_eq!(words("subgroupBroadcast(i, 2u) + subgroupBroadcastFirst(i)")[4..], [10; 4]);
    assert_eq!(words("subgroupShuffleXor(i, 1u)"), [1, 0, 3, 2, 5, 4, 7, 6]);
    assert_eq!(words("subgroupBallot(lane > 1u).x + quadSwapY(lane)")[..4], [14, 15, 12, 13]);
    assert_eq!(words("subgroupMax(vec2(i, 7u - i)).y"), [7, 7, 7, 7, 3, 3, 3, 3]);
    // Lanes that take a branch are active there, and meet the others after it.
    let ran = run(
        "var n = 0u; if (lane < 3u) { n = subgroupAdd(1u); } out[8u * g.x + i] = 10u * n + subgroupAdd(1u);",
    );
    assert_eq!(ran.words[..4], [34, 34, 34, 4]);
    let beyond = run("out[8u * g.x + i] = subgroupShuffle(i, lane + 1u);");
    assert!(matches!(
        beyond.faults()[..],
        [Fault::InactiveLane { lane: 4, size: 4, usual: false }]
    ));
}

#[test]
fn an_endless_loop_is_named() {
    let ran = run("var n = i;\nloop {\nif (n == 99u) { break; }\n}\n");
    let [Finding { fault: Fault::Endless, offset, .. }] = ran.findings[..] else {
        panic!("{:?}", ran.findings)
    };
    assert_eq!(ran.line(offset), "loop {");
}

#[test]
fn the_order_of_workgroups_can_be_turned() {
    let text = HEAD.replace("array<u32>;", "array<atomic<u32>>;");
    let code = code(&format!(
        "{text} if (i == 0u) {{ atomicStore(&out[1u + atomicAdd(&out[0], 1u)], g.x + 1u); }} }}"
    ));
    let bound = [Bound { binding: 0, cells: vec![0; 16], marks: Vec::new(), bytes: 64 }];
    let ran = |schedule| {
        let options = Options { subgroup_size: 4, schedule, watch: true, most: 1000 };
        let outcome = dispatch::<f32>(&code, [2, 1, 1], &bound, options);
        assert_eq!(outcome.findings, []);
        outcome.memories[0].cells[..3].to_vec()
    };
    assert_eq!((ran(Schedule::Forward), ran(Schedule::Backward)), (vec![2, 1, 2], vec![2, 2, 1]));
    assert!(code.orders_show());
}

#[test]
fn bytes_become_cells_and_cells_bytes() {
    let text = "struct S { a: f32, b: vec3<f32>, c: array<mat3x3<f32>, 2>, d: u32 }
        @group(0) @binding(0) var<storage, read_write> s: array<S>;
        @compute @workgroup_size(1) fn main() { s[1].c[1][2].z += f32(s[0].d); }";
    let code = code(text);
    let layout = &code.memories[0].layout;
    let bytes: Vec<u8> = (0..72_u32).flat_map(|at| (at as f32).to_bits().to_le_bytes()).collect();
    let cells = layout.cells::<f32>(&bytes);
    // 1 + 3 + 2 * 9 + 1 scalars in 144 bytes.
    assert_eq!((layout.elements(bytes.len()), cells.len()), (2, 46));
    let bound = [Bound { binding: 0, cells, marks: Vec::new(), bytes: bytes.len() }];
    let options =
        Options { subgroup_size: 4, schedule: Schedule::Forward, watch: true, most: 1000 };
    let outcome = dispatch::<f32>(&code, [1, 1, 1], &bound, options);
    let mut after = bytes.clone();
    layout.put::<f32>(&outcome.memories[0].cells, &mut after);
    let changed: Vec<usize> =
        (0..72).filter(|at| after[4 * at..][..4] != bytes[4 * at..][..4]).collect();
    // The second element's begins at 36, its c at 44, its second matrix at 56, and that one's z is the 10th.
    assert_eq!(changed, [36 + 8 + 12 + 10]);
}

#[test]
fn what_cannot_be_run_is_refused_by_name() {
    let text = "@group(0) @binding(0) var t: texture_2d<f32>;
        @compute @workgroup_size(1) fn main() { }";
    let module = naga::front::wgsl::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let refused = compile::entry(&module).err().map(|refusal| refusal.what);
    assert_eq!(refused.as_deref(), Some("textures"));
}
