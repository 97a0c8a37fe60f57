//! Changes by rule that affect no result, each with the reason; and races, which a single run need not show.

use super::rules::Injected;

/// Changes of one line that change no result.
struct Equivalent {
    /// The line's code, in any shader.
    line: &'static str,
    /// What the line's body contains, if that distinguishes it from identical lines.
    body: &'static str,
    /// What the shader contains, if the line is irrelevant only in some that share it.
    within: &'static str,
    /// What the changed line contains, one of these; nothing where any change of the line is meant.
    to: &'static [&'static str],
    why: &'static str,
}

const fn any(line: &'static str, why: &'static str) -> Equivalent {
    Equivalent { line, body: "", within: "", to: &[], why }
}

const fn to(line: &'static str, to: &'static [&'static str], why: &'static str) -> Equivalent {
    Equivalent { line, body: "", within: "", to, why }
}

impl Equivalent {
    /// The same, where the line's body contains this.
    const fn body(self, body: &'static str) -> Self {
        Self { body, ..self }
    }

    /// The same, in shaders that contain this.
    const fn within(self, within: &'static str) -> Self {
        Self { within, ..self }
    }

    fn is_at(&self, fault: &Injected) -> bool {
        let contains = fault.body.contains(self.body) && fault.text.contains(self.within);
        self.line == fault.before && contains
    }
}

/// Why a change makes no difference, if it makes none.
pub(crate) fn reason(fault: &Injected) -> Option<&'static str> {
    // Such lines load what is needed soon, and the result is used for nothing.
    if fault.function == "touch" || TOUCHING.iter().any(|start| fault.before.starts_with(start)) {
        return Some(TOUCH);
    }
    let adds = ["+=", "add(", "atomicAdd"].iter().any(|sign| fault.body.contains(sign));
    if fault.rule == "a stride" && fault.after.contains("- 1u)") && !adds {
        return Some(STORED_TWICE);
    }
    let means = |one: &&Equivalent| {
        let to = one.to.is_empty() || one.to.iter().any(|to| fault.after.contains(to));
        to && one.is_at(fault)
    };
    EQUIVALENTS.iter().find(means).map(|one| one.why)
}

/// Entries that match none of these faults: their lines are no longer in any shader.
pub(crate) fn stale(injected: &[Injected]) -> Vec<&'static str> {
    let used = |one: &Equivalent| injected.iter().any(|fault| one.is_at(fault));
    EQUIVALENTS.iter().filter(|one| !used(one)).map(|one| one.line).collect()
}

const TOUCH: &str = "what touching loads is used for nothing";
const SIZE: &str = "ids are global, and the host takes a workgroup's size from the shader";
const LARGER: &str = "the array is as large as the largest choice needs";
const SAME_VALUE: &str = "every lane of the item has the same value to store";
const STORES_NOTHING: &str = "only keeps reads in bounds for a lane that stores nothing";
const STORED_TWICE: &str =
    "a loop that only stores: some elements are stored twice, with the same value";
const ALL_UNITS: &str = "affine is the number of columns here";
const MODULO: &str = "affine is the number of columns here, or 1, of which nothing remains";
const SHARED_TWICE: &str =
    "of a shared gamma, the sum of all units is written over that of the first";
const ANOTHER_WORKGROUP: &str = "another workgroup adds up the same";
const RACE: &str = "a race, which this driver does not show: lanes read what others are adding to";
const IN_BOUNDS: &str = "only keeps reads in bounds for what is not stored; `sanitize` reports it";
const REPEATS: &str = "a column beyond the end repeats the last one";
const ORDER: &str = "only the order in which tiles are taken";
const UNTUNED: &str = "no other size of a step or of an invocation's part changes a result";
const NOT_TAKEN: &str = "the elements of this factor are loaded in the other order";
const CLASSES: &str = "labels are bytes: there are 256 classes at most";
const ZEROED: &str = "workgroup memory is 0 at the start";

/// How lines begin that only touch.
const TOUCHING: &[&str] = &[
    "for (var next = end + block.lane; next < min(end + STRETCH, touch_end);",
    "let fetched =",
    "let touch_end =",
    "touched = max(",
];

const ROWS_OF_PRODUCT: &str =
    "let rows = min(row + vec4(0u, 1u, 2u, 3u) * LANES + lane, vec4(params.m - 1u));";

const COLS_OF_PRODUCT: &str =
    "let cols = min(col + vec4(0u, 1u, 2u, 3u) * LANES, vec4(params.n - 1u));";

static EQUIVALENTS: &[Equivalent] = &[
    // The size of a workgroup.
    to("@compute @workgroup_size(INVOCATIONS)", &["u)"], SIZE),
    to("@compute @workgroup_size(COLS, ROWS)", &["u)", "u,"], SIZE),
    to("@compute @workgroup_size(SIDE, SIDE)", &["u)", "u,"], SIZE),
    // Memory of it.
    to("var<workgroup> parts: array<f32, LANES * TILE_COLS>;", &["32u *"], LARGER),
    to("var<workgroup> parts: array<vec2<f32>, LANES * TILE_COLS>;", &["32u *"], LARGER),
    to("var<workgroup> parts: array<f32, ITEMS * LANES>;", &["* 32u"], LARGER),
    to("var<workgroup> parts: array<vec2<f32>, ITEMS * LANES>;", &["* 32u"], LARGER),
    // Lanes that only take part in barriers.
    to(
        "let inside = workgroup.x * TILE_COLS + local.x < params.cols;",
        &["local.z", "workgroup.y"],
        REPEATS,
    ),
    to("let rows = min(row + FOUR, vec4(params.m - 1u));", &["_stride"], IN_BOUNDS),
    to("let cols = min(col + FOUR, vec4(params.n - 1u));", &["_stride"], IN_BOUNDS),
    to("if (inside && local.y == 0u) {", &["local.z"], SAME_VALUE),
    to("if (inside && local.x == 0u) {", &["local.z"], SAME_VALUE),
    to("if (local.y < half) {", &["local.z"], RACE),
    to("if (local.x < half) {", &["local.z"], RACE),
    to(
        "let col = min(workgroup.x * TILE_COLS + local.x, params.cols - 1u);",
        &["_stride - 1u"],
        STORES_NOTHING,
    ),
    to("let col = min(cols, vec2(params.cols - 1u));", &["_stride - 1u"], STORES_NOTHING),
    to("let cols = min(units, vec2(params.cols - 1u));", &["_stride - 1u"], STORES_NOTHING),
    to(ROWS_OF_PRODUCT, &["_stride - 1u"], STORES_NOTHING),
    to(COLS_OF_PRODUCT, &["_stride - 1u"], STORES_NOTHING),
    // Where there are as many gammas as units.
    to(
        "} else if (params.affine > 1u && id.x < params.rows + params.affine) {",
        &["params.rows + params.cols"],
        ALL_UNITS,
    ),
    to(
        "} else if (params.affine > 1u && id.x < params.rows + params.affine) {",
        &["params.cols > 1u"],
        SHARED_TWICE,
    ),
    to(
        "if (params.affine == 1u && workgroup.x == params.rows / INVOCATIONS) {",
        &["params.affine / INVOCATIONS"],
        ANOTHER_WORKGROUP,
    ),
    to("let at = line * params.cols + unit;", &["params.affine"], ALL_UNITS),
    to(
        "let at = (replica * params.rows + row) * params.cols + unit;",
        &["params.affine"],
        ALL_UNITS,
    ),
    to(
        "} else if (id.y == 0u && params.affine > 1u && id.x < params.rows + params.affine) {",
        &["params.rows + params.cols"],
        ALL_UNITS,
    ),
    to(
        "} else if (id.y == 0u && params.affine > 1u && id.x < params.rows + params.affine) {",
        &["params.cols > 1u"],
        SHARED_TWICE,
    ),
    to(
        "if (params.affine == 1u && workgroup.y == 0u && workgroup.x == params.rows / INVOCATIONS) {",
        &["params.affine / INVOCATIONS"],
        ANOTHER_WORKGROUP,
    ),
    to("let unit = (at - line * params.cols) % params.affine;", &["params.affine) %"], MODULO),
    to(
        "return d_z(at) * gamma[replica * params.gamma_stride + (at - line * params.cols) % params.affine];",
        &["params.affine) %"],
        MODULO,
    ),
    to("let at = line * params.cols + cols;", &["params.affine"], ALL_UNITS),
    to("let inside = units < vec2(params.cols);", &["params.affine"], ALL_UNITS),
    to("let cols = min(units, vec2(params.cols - 1u));", &["params.affine"], ALL_UNITS),
    // Loops that are never long, or store the same twice.
    to(
        "for (var lane = 0u; lane < min(4u, params.features - feature); lane++) {",
        &["8192u"],
        "a word has four bytes",
    ),
    any("for (var i = invocation; i < params.slots; i += INVOCATIONS) {", ZEROED)
        .body("atomicStore(&tally[i], 0u);"),
    to(
        "for (var i = invocation; i < params.slots; i += INVOCATIONS) {",
        &["8192u"],
        "a histogram has 1,024 slots at most",
    ),
    to("for (var c = 0u; c < params.classes; c++) {", &["8192u"], CLASSES),
    to("for (var c = 1u; c < params.classes; c++) {", &["8192u"], CLASSES),
    to("for (var c = invocation; c < params.classes; c += INVOCATIONS) {", &["8192u"], CLASSES),
    to(
        "for (var c = invocation; c < params.classes; c += INVOCATIONS) {",
        &["INVOCATIONS - 1u"],
        STORED_TWICE,
    ),
    // Values used only for touching, and the order of tiles.
    any("let start = replica * params.rows * params.cols + first_unit;", TOUCH),
    any("let along = params.m > params.n;", ORDER),
    to("const TILE_K: u32 = TERMS;", &["16u"], UNTUNED),
    to("const ROWS: u32 = SPAN;", &["4u"], UNTUNED),
    to("const COLS: u32 = SPAN;", &["4u"], UNTUNED),
    to(
        "let at = select(across_k, vec2(i % TILE_K, i / TILE_K), block.a_along_k);",
        &["16u"],
        NOT_TAKEN,
    )
    .within("A_BY_ROWS: bool = false"),
    to(
        "let at = select(across_k, vec2(i % TILE_K, i / TILE_K), block.b_along_k);",
        &["16u"],
        NOT_TAKEN,
    )
    .within("B_BY_ROWS: bool = true"),
];
