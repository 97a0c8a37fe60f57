//! Faults of the kernels that do what several do.

use super::{Faults, fault};

pub(crate) static FAULTS: [Faults; 7] = [
    Faults {
        kernel: "matmul_bias_forward",
        variant: "naive",
        faults: &[
            fault("a write behind the end", "row >= params.m ||", "row > params.m ||"),
            fault("a column never written", "|| col >= params.n)", "|| col + 1u >= params.n)"),
            fault("the last product missing", "i < params.k;", "i + 1u < params.k;"),
            fault("stride of b", "b_start + i * params.n", "b_start + i * params.k"),
            fault("no bias", "sum + bias[id.z * params.bias_stride + col]", "sum"),
            fault("replicas of the bias dense", "id.z * params.bias_stride", "id.z * params.n"),
            fault("no activation", "activate(shifted)", "shifted"),
            fault("z without its bias", "z[at] = shifted", "z[at] = sum"),
        ],
    },
    Faults {
        kernel: "matmul_bias_forward",
        variant: "subgroup",
        faults: &[
            fault("a row beyond the end", "if (row >= params.m)", "if (row > params.m)"),
            fault(
                "a row of blocks by two ways",
                "workgroups.x, along) * TILE_M",
                "workgroups.x, true) * TILE_M",
            ),
            fault("a column beyond the end", "LANES < params.n)", "LANES <= params.n)"),
            fault("clamped one column early", "vec4(params.n - 1u)", "vec4(params.n - 2u)"),
            fault("another lane's part", "(part0, 5u)", "(part0, 4u)"),
            fault("a bias missing", "sum31 + shift", "sum31"),
            fault(
                "another column's bias",
                "bias[bias_start + cols.z]",
                "bias[bias_start + cols.y]",
            ),
            fault(
                "replicas of the bias dense",
                "workgroup.z * params.bias_stride",
                "workgroup.z * params.n",
            ),
            fault("no activation", "activate(sum[i])", "sum[i]"),
            fault("only the last product", "sum17 += ", "sum17 = "),
            fault("the last step of a stretch missing", "k < end; k++", "k + 1u < end; k++"),
            fault("given up after touching", "touched == -1.0", "touched > 0.0"),
        ],
    },
    Faults {
        kernel: "matmul_bias_forward",
        variant: "tiled",
        faults: &[
            // These show only where an invocation has more rows or columns, or a tile more elements.
            fault(
                "rows as far apart as columns",
                "r / 4u * DOWN + local.y]",
                "r / 4u * ACROSS + local.y]",
            )
            .tuned(),
            fault("the first columns alone", "q < COLS / 4u", "q < 1u").occurrence(2).tuned(),
            fault("a tile of one size", "i += ACROSS * DOWN", "i += 256u").occurrence(1).tuned(),
            fault("a row beyond the end", "if (row < params.m", "if (row <= params.m"),
            fault("a column never written", "at < params.n) {", "at + 1u < params.n) {")
                .occurrence(2),
            fault("a column of b left out", "at < params.n) {", "at + 1u < params.n) {")
                .occurrence(1),
            fault("the last step missing", "k < params.k; k +=", "k + TILE_K < params.k; k +="),
            fault("another pitch", "i * A_PITCH + r", "i * B_PITCH + 1u + r"),
            fault("a row for another", "factors.z * terms", "factors.y * terms"),
            fault("stride of a", "at * params.k]", "at * params.m]"),
            fault("no bias", "sums[i] + bias[replica * params.bias_stride + at]", "sums[i]"),
            fault("another column's bias", "params.bias_stride + at]", "params.bias_stride + col]"),
            fault("replicas of the bias dense", "params.bias_stride + at]", "params.n + at]"),
            fault("no activation", "activate(shifted)", "shifted"),
        ],
    },
    Faults {
        kernel: "matmul_backward",
        variant: "naive",
        faults: &[
            fault("an input beyond the end", "input >= params.inputs", "input > params.inputs"),
            fault("a tile too few", "params.outputs + SIDE - 1u", "params.outputs"),
            fault("outputs beyond the end", "(output >= params.outputs)", "(false)"),
            fault("examples beyond the end", "(i >= params.batch)", "(false)"),
            fault("the first example missing", "var i = 0u;", "var i = 1u;"),
            fault("the first output missing", "var output = 0u;", "var output = 1u;"),
            fault(
                "the weights not transposed",
                "weight[weights + output]",
                "weight[weights + output * params.inputs]",
            ),
            fault(
                "replicas of the weights dense",
                "replica * params.weight_stride",
                "replica * params.inputs * params.outputs",
            ),
            fault(
                "replicas of d_weight dense",
                "replica * params.d_weight_stride",
                "replica * params.inputs * params.outputs",
            ),
            fault("replicas of x", "let first = replica * params.batch", "let first = replica"),
        ],
    },
    Faults {
        kernel: "matmul_backward",
        variant: "subgroup",
        faults: &[
            fault("a row beyond the end", "if (row >= result.rows)", "if (row > result.rows)"),
            fault("a column beyond the end", "LANES < result.cols)", "LANES <= result.cols)"),
            fault("clamped one column early", "result.cols - 1u)", "result.cols - 2u)"),
            fault("clamped one row early", "result.rows - 1u)", "result.rows - 2u)"),
            fault("another lane's part of x", "(part1, 2u)", "(part1, 3u)").occurrence(1),
            fault("another lane's part of d_y", "(part1, 2u)", "(part1, 3u)").occurrence(2),
            fault("another part", "let part2 = d_y[a_at.z]", "let part2 = d_y[a_at.y]"),
            fault("the first example missing", "var example = 0u;", "var example = 1u;"),
            fault("the first output missing", "var output = 0u;", "var output = 1u;"),
            fault(
                "examples for outputs",
                "outputs_to_add = params.outputs",
                "outputs_to_add = params.batch",
            ),
            fault("both sums in one", "        examples_to_add = 0u;\n", ""),
            fault(
                "the weights not transposed",
                "weights + cols * params.outputs + output",
                "weights + output * params.inputs + cols",
            ),
            fault(
                "replicas of d_weight dense",
                "replica * params.d_weight_stride",
                "replica * params.inputs * params.outputs",
            ),
            fault(
                "replicas of the weights dense",
                "replica * params.weight_stride",
                "replica * params.inputs * params.outputs",
            ),
            fault("the tiles of d_weight", "(workgroup.y - weight_tiles)", "workgroup.y"),
            fault("only the last product", "sum9 += ", "sum9 = ").occurrence(1),
            fault("only the last output", "sum9 += ", "sum9 = ").occurrence(2),
        ],
    },
    Faults {
        kernel: "matmul_backward",
        variant: "tiled",
        faults: &[
            // These show only where an invocation has more rows or columns, or a tile more elements.
            fault("a tile of one size", "i += ACROSS * ACROSS", "i += 256u").tuned(),
            fault("the first columns alone", "q < SPAN / 4u", "q < 1u").occurrence(2).tuned(),
            fault("a tile too few", "params.outputs + TILE - 1u", "params.outputs"),
            fault("examples for outputs", "terms = params.outputs;", "terms = params.batch;"),
            fault("the tiles of d_weight", "(workgroup.y - weight_tiles)", "workgroup.y"),
            fault("half of the blocks", "TERMS * QUARTER;", "TERMS * QUARTER / 2u;"),
            fault(
                "the last terms missing",
                "term < terms; term +=",
                "term + TERMS < terms; term +=",
            ),
            fault("a row for another", "of_rows.w * of_cols", "of_rows.x * of_cols"),
            fault("only the last product", "sums[r + 2u][q] += ", "sums[r + 2u][q] = "),
            fault("the first span again", "q * ACROSS + local.x]", "q * ACROSS + local.y]"),
            fault(
                "an input beyond the end of d_weight",
                "if (input < params.inputs &&",
                "if (input <= params.inputs &&",
            ),
            fault(
                "an example beyond the end of d_x",
                "if (example < params.batch && at < params.inputs) {\n            d_x",
                "if (example <= params.batch && at < params.inputs) {\n            d_x",
            ),
            fault("the weights not transposed", "start + at * params.outputs", "start + at"),
            fault(
                "replicas of d_weight dense",
                "replica * params.d_weight_stride",
                "replica * params.inputs * params.outputs",
            ),
            fault(
                "replicas of the weights dense",
                "replica * params.weight_stride",
                "replica * params.inputs * params.outputs",
            ),
            fault("replicas of d_y", "d_y[(replica * params.batch + at)", "d_y[(replica + at)"),
        ],
    },
    Faults {
        kernel: "bias_softmax_cross_entropy",
        variant: "naive",
        faults: &[
            fault("the last of equal classes", "(logit > largest)", "(logit >= largest)"),
            fault("the largest not kept", "            largest = logit;\n", ""),
            fault(
                "no bias",
                "let logit = x[start + c] + bias[shift + c];",
                "let logit = x[start + c];",
            ),
            fault("no bias of the first class", "= x[start] + bias[shift];", "= x[start];"),
            fault(
                "replicas of the bias dense",
                "replica * params.bias_stride",
                "replica * params.classes",
            ),
            fault(
                "replicas of d_bias dense",
                "replica * params.d_bias_stride",
                "replica * params.classes",
            ),
            fault("a gradient without a target", "select(0.0, gradient, has_target)", "gradient"),
            fault("a loss without a target", "if (!has_target)", "if (false)"),
            fault("a sum of losses", "total.loss / f32(params.rows)", "total.loss"),
            fault("a sign", "probability - select(0.0", "probability + select(0.0"),
            fault("the first row left out of d_bias", "var row = 0u; row", "var row = 1u; row"),
            fault("only the first columns of d_bias", "c += INVOCATIONS", "c += params.classes"),
            fault("one row each", "row += INVOCATIONS", "row += params.rows"),
            fault("steps not counted", "step[replica] += 1u;", ""),
            fault("another slot", "step[replica] % params.slots", "0u"),
        ],
    },
];
