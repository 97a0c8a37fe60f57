//! Faults of the kernels that do what several do.

use crate::{Faults, fault};

pub(crate) static FAULTS: [Faults; 5] = [
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
            fault("an input beyond the end", "input < params.inputs)", "input <= params.inputs)"),
            fault("clamped one input early", "params.inputs - 1u)", "params.inputs - 2u)"),
            fault("clamped one row early", "result.rows - 1u)", "result.rows - 2u)"),
            fault("another lane's part", "(part1, 2u)", "(part1, 3u)"),
            fault("another part", "let part2 = d_y[a_at.z]", "let part2 = d_y[a_at.y]"),
            fault("the weights for x", "terms = vec4(x[b_at.x]", "terms = vec4(weight[b_at.x]"),
            fault("examples for outputs", "depth = params.outputs;", "depth = params.batch;"),
            fault("the weights not transposed", "cols * params.outputs;", "cols;"),
            fault(
                "d_weight transposed",
                "1u, params.outputs,\n    );",
                "params.inputs, 1u,\n    );",
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
            fault("only the last product", "sum9 += ", "sum9 = "),
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
