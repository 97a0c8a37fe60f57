//! Hand-picked hidden faults, see [`super::hidden`].

use super::{Faults, fault};

pub(crate) static CHOSEN: [Faults; 28] = [
    Faults {
        kernel: "rms_norm_forward",
        variant: "lanes",
        faults: &[
            fault("an axis of one invocation", "if (local.x < half)", "if (local.z < half)")
                .named("data race"),
            fault("one lane off", "parts[at + half]", "parts[at + half - 1u]").named("data race"),
            fault(
                "a barrier in a branch",
                "        workgroupBarrier();\n        if (local.x < half) {",
                "        if (local.x < half) {\n            workgroupBarrier();",
            )
            .named("barrier not reached by all"),
            fault(
                "rows beyond the end leave early",
                "    var squares = 0.0;",
                "    if (!inside) {\n        return;\n    }\n    var squares = 0.0;",
            )
            .named("barrier not reached by all"),
            fault(
                "read before written",
                "z[start + col] = value;\n        y[start + col] = activate(value);",
                "y[start + col] = activate(z[start + col]);\n        z[start + col] = value;",
            )
            .named("read before written"),
            fault("all lanes write", "if (inside && local.x == 0u)", "if (inside)")
                .named("data race of one value"),
            fault("no lanes shared", "var<workgroup> parts", "var<private> parts"),
        ],
    },
    Faults {
        kernel: "batch_norm_forward",
        variant: "lanes",
        faults: &[
            fault("no half", "if (local.y < half)", "if (true)").named("data race"),
            fault("one lane off", "half * TILE_COLS]", "(half - 1u) * TILE_COLS]")
                .named("data race"),
            fault("one column off", "return sum;", "return parts[(local.x + 1u) % TILE_COLS];")
                .named("data race"),
            fault(
                "a barrier in a branch",
                "        workgroupBarrier();\n        if (local.y < half) {",
                "        if (local.y < half) {\n            workgroupBarrier();",
            )
            .named("barrier not reached by all"),
            fault("all lanes write", "if (inside && local.y == 0u)", "if (inside)")
                .named("data race"),
            fault("tiles overlap", "let mean_at = workgroup.z", "let mean_at = workgroup.y")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "batch_norm_backward",
        variant: "lanes",
        faults: &[
            fault("half and one", "if (local.y < half)", "if (local.y <= half)").named("data race"),
            fault("no half", "if (local.y < half)", "if (local.y < LANES - half)")
                .named("data race"),
            fault("all lanes write", "if (inside && local.y == 0u)", "if (inside)")
                .named("data race of one value"),
            fault(
                "columns beyond the end leave early",
                "    var part = vec2<f32>();",
                "    if (!inside) {\n        return;\n    }\n    var part = vec2<f32>();",
            )
            .named("barrier not reached by all"),
        ],
    },
    Faults {
        kernel: "layer_norm_forward",
        variant: "lanes",
        faults: &[
            fault("the other axis", "if (local.x < half)", "if (local.y < half)")
                .named("data race"),
            fault("one lane off", "parts[at + half]", "parts[at + half - 1u]").named("data race"),
            fault("all lanes write", "if (inside && local.x == 0u)", "if (inside)")
                .named("data race of one value"),
            fault("rows share their parts", "local.y * LANES + local.x", "local.x")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "layer_norm_backward",
        variant: "lanes",
        faults: &[
            fault("no half", "if (lane < half)", "if (true)").named("data race"),
            fault("another lane's part", "parts[slot - lane]", "parts[slot]"),
            fault(
                "lanes beyond the last unit leave early",
                "    var part = vec2<f32>();\n    for (var row = index",
                "    if (!inside) {\n        return;\n    }\n    var part = vec2<f32>();\n    for (var row = index",
            )
            .named("barrier not reached by all"),
            fault("both parts of a workgroup", "if (inside && index < ITEMS)", "if (inside)")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "group_norm_forward",
        variant: "lanes",
        faults: &[
            fault("the other axis", "if (local.x < half)", "if (local.y < half)")
                .named("data race"),
            fault("all lanes write", "if (inside && local.x == 0u)", "if (inside)")
                .named("data race of one value"),
            fault("all groups are one", "+ workgroup.y * width", "").named("data race"),
            fault("rows share their parts", "local.y * LANES + local.x", "local.x")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "group_norm_backward",
        variant: "lanes",
        faults: &[
            fault("no half", "if (lane < half)", "if (true)").named("data race"),
            fault("units of every group", "if (workgroup.y == 0u && first", "if (first")
                .named("data race"),
            fault("both parts of a workgroup", "if (inside && index < ITEMS)", "if (inside)")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "rms_norm_backward",
        variant: "lanes",
        faults: &[
            fault("no half", "if (lane < half)", "if (true)").named("data race"),
            fault("rows share their parts", "row % ITEMS * LANES + lane", "lane")
                .named("data race"),
            fault("a unit beyond the last", "let inside = unit < params.affine", "let inside = true"),
        ],
    },
    Faults {
        kernel: "bias_softmax_cross_entropy",
        variant: "naive",
        faults: &[
            fault("all in one place", "partial[invocation] = mine", "partial[0] = mine")
                .named("data race"),
            fault("two add up", "if (invocation == 0u)", "if (invocation < 2u)").named("data race"),
            fault("one row beyond", "row < params.rows; row++", "row <= params.rows; row++"),
            fault("a column for each", "c += INVOCATIONS", "c += 1u").named("data race"),
        ],
    },
    Faults {
        kernel: "softmax_cross_entropy",
        variant: "naive",
        faults: &[
            fault("all in one place", "partial[invocation] = mine", "partial[0] = mine")
                .named("data race"),
            fault("two add up", "if (invocation == 0u)", "if (invocation < 2u)").named("data race"),
            fault("no loss", "losses[slot] = total.loss / f32(params.rows);", "")
                .named("never written"),
            fault("rows of all", "row += INVOCATIONS", "row += 1u").named("data race"),
        ],
    },
    Faults {
        kernel: "histogram",
        variant: "naive",
        faults: &[
            fault("a slot too many", "i < params.slots; i += INVOCATIONS) {\n        counts", "i <= params.slots; i += INVOCATIONS) {\n        counts"),
            fault("no zero first", "atomicStore(&tally[i], 0u);", "atomicStore(&tally[i], 1u);"),
            fault("one counts for all", "i += INVOCATIONS) {\n        counts", "i += 1u) {\n        counts")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "matmul_nn",
        variant: "tiled",
        faults: &[
            fault("a block one off", "a_block[at.x * A_PITCH + at.y] =", "a_block[at.x * A_PITCH + at.y + 1u] ="),
            fault("a pitch too small", "A_PITCH: u32 = QUARTER_M + 1u", "A_PITCH: u32 = QUARTER_M - 1u")
                .named("data race"),
            fault("a step too short", "i += ACROSS * DOWN) {\n            let across_k = vec2(i / QUARTER_N", "i += ACROSS * DOWN - 1u) {\n            let across_k = vec2(i / QUARTER_N")
                .named("data race"),
            fault("a row beyond the end", "row < params.m && at < params.n", "row <= params.m && at < params.n"),
        ],
    },
    Faults {
        kernel: "matmul_backward",
        variant: "tiled",
        faults: &[fault(
            "an early end",
            "    let block = block_at(workgroup);",
            "    let block = block_at(workgroup);\n    if (local.x > 0u && block.terms == 1u) {\n        return;\n    }",
        )
        .named("barrier not reached by all")],
    },
    Faults {
        kernel: "matmul_nn",
        variant: "naive",
        faults: &[
            fault("a row beyond the end", "row >= params.m", "row > params.m").named("out of bounds"),
            fault("a column beyond the end", "col >= params.n", "col > params.n").named("data race"),
            fault("a term too many", "i < params.k", "i <= params.k").named("out of bounds"),
        ],
    },
    Faults {
        kernel: "matmul_nn",
        variant: "blocked",
        faults: &[
            fault("rows beyond the end", "min(row + FOUR, vec4(params.m - 1u))", "row + FOUR")
                .named("out of bounds"),
            fault("columns beyond the end", "min(col + FOUR, vec4(params.n - 1u))", "col + FOUR")
                .named("out of bounds"),
        ],
    },
    Faults {
        kernel: "matmul_nt",
        variant: "subgroup",
        faults: &[
            fault("a pair beyond the end", "a[at + u32(second)]", "a[at + 1u]").named("out of bounds"),
            fault("a size not asked for", ", subgroup_size = 8 or 16", ""),
        ],
    },
    Faults {
        kernel: "matmul_nn",
        variant: "subgroup",
        faults: &[fault("a size not asked for", ", subgroup_size = 8 or 16", "")],
    },
    Faults {
        kernel: "layer_norm_forward",
        variant: "subgroup",
        faults: &[fault("a size not asked for", ", subgroup_size = 8", "")],
    },
    Faults {
        kernel: "rms_norm_forward",
        variant: "subgroup",
        faults: &[fault("a size not asked for", ", subgroup_size = 8", "")],
    },
    Faults {
        kernel: "layer_norm_backward",
        variant: "subgroup",
        faults: &[fault("a size not asked for", ", subgroup_size = 8", "")],
    },
    Faults {
        kernel: "rms_norm_backward",
        variant: "subgroup",
        faults: &[fault("a size not asked for", ", subgroup_size = 8", "")],
    },
    Faults {
        kernel: "sgd",
        variant: "naive",
        faults: &[
            fault("beyond the last", "min(start + TILE_COUNT, params.count)", "start + TILE_COUNT"),
            fault("no step", "i += INVOCATIONS", "i += params.count - params.count")
                .occurrence(1)
                .named("endless loop"),
            fault("two own one", "start + invocation;", "start + invocation / 2u;")
                .occurrence(1)
                .named("data race"),
            fault("tiles overlap", "workgroup.x * TILE_COUNT", "workgroup.x * (TILE_COUNT - 1u)")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "adam",
        variant: "naive",
        faults: &[
            fault("one replica", "replica * params.count", "0u * params.count").named("data race"),
            fault("a step without bias", "first_moment[at] = m;", "first_moment[at + 1u] = m;")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "gather",
        variant: "naive",
        faults: &[
            fault("a slot too few", "% params.slots", "% (params.slots - 1u)")
                .named("division by zero"),
            fault("a shift too far", "images[image + word]", "images[image + (word << (word + 32u))]")
                .named("shift beyond the width"),
            fault("all invocations fetch", "if (first + invocation == 0u)", "if (true)")
                .named("data race of one value"),
            fault("features beyond the end", "min(4u, params.features - feature)", "4u"),
        ],
    },
    Faults {
        kernel: "column_stats",
        variant: "naive",
        faults: &[fault("a column beyond the end", "col >= params.cols", "col > params.cols")],
    },
    Faults {
        kernel: "batch_norm_infer",
        variant: "naive",
        faults: &[
            fault("a column beyond the end", "col >= params.cols", "col > params.cols"),
            fault("rows in one place", "id.z * params.rows + row)", "id.z * params.rows)")
                .named("data race"),
        ],
    },
    Faults {
        kernel: "bias_forward",
        variant: "naive",
        faults: &[
            fault("a column beyond the end", "col >= params.cols", "col > params.cols"),
            fault("no output", "y[at] = activate(sum);", "").named("never written"),
            fault("read before written", "y[at] = activate(sum);", "y[at] = activate(y[at]);")
                .named("read before written"),
        ],
    },
    Faults {
        kernel: "batch_norm_forward",
        variant: "naive",
        faults: &[
            fault("no epsilon", " + params.epsilon", "").named("NaN or infinity: 1 / 0 is infinite"),
            fault("statistics in the wrong rows", "let second_at = mean_at + params.cols;", "let second_at = mean_at;")
                .named("never written"),
        ],
    },
];
