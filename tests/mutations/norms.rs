//! Faults of the normalization layers.

use super::{Faults, fault};

pub(crate) static FAULTS: [Faults; 7] = [
    Faults {
        kernel: "batch_norm_forward",
        variant: "naive",
        faults: &[
            fault("a column beyond the end", "col >= params.cols", "col > params.cols"),
            fault("a column never written", "col >= params.cols", "col + 1u >= params.cols"),
            fault(
                "epsilon outside the root",
                "sqrt(squares / count + params.epsilon)",
                "(sqrt(squares / count) + params.epsilon)",
            ),
            fault("no epsilon", "squares / count + params.epsilon", "squares / count"),
            fault("the deviation for its reciprocal", "1.0 / sqrt(", "sqrt("),
            fault(
                "the unbiased variance",
                "squares / count +",
                "squares / max(count - 1.0, 1.0) +",
            ),
            fault("the biased variance", "max(count - 1.0, 1.0)", "count"),
            fault("a single row divides by 0", "max(count - 1.0, 1.0)", "(count - 1.0)"),
            fault(
                "momentum the other way",
                "let keep = 1.0 - params.momentum;",
                "let keep = params.momentum;",
            ),
            fault(
                "momentum swapped",
                "keep * running[mean_at] + params.momentum * mean",
                "params.momentum * running[mean_at] + keep * mean",
            ),
            fault("the old variance forgotten", "keep * running[second_at] + ", ""),
            fault("a sum that is not shifted", "let first = x[start];", "let first = 0.0;"),
            fault("the last row left out", "row < params.rows;", "row + 1u < params.rows;")
                .occurrence(1),
            fault("the first row left out of the variance", "var row = 0u;", "var row = 1u;")
                .occurrence(2),
            fault("a result never written", "var row = 0u;", "var row = 1u;").occurrence(3),
            fault("statistics of another replica", "id.z * 2u * params.cols", "id.z * params.cols"),
            fault("replicas of gamma dense", "id.z * params.gamma_stride", "id.z * params.cols"),
            fault("replicas of beta dense", "id.z * params.beta_stride", "id.z * params.cols"),
            fault("gamma left out", "scale * ((x[at]", "((x[at]"),
            fault("a sign", "* rstd) + offset", "* rstd) - offset"),
            fault("no activation", "activate(affine)", "affine"),
            fault("z after the activation", "z[at] = affine", "z[at] = activate(affine)"),
        ],
    },
    Faults {
        kernel: "batch_norm_backward",
        variant: "naive",
        faults: &[
            fault(
                "a sign",
                "let normalized = (x[at] - mean) * rstd;",
                "let normalized = (x[at] + mean) * rstd;",
            )
            .named("tensor d_x"),
            fault("a column beyond the end", "col >= params.cols", "col > params.cols"),
            fault("the mean of the gradient missing", "(d_z - sum / count - ", "(d_z - "),
            fault("the projection missing", " - normalized * (dot / count)", ""),
            fault(
                "the projection's sign",
                " - normalized * (dot / count)",
                " + normalized * (dot / count)",
            ),
            fault(
                "one row less",
                "let count = f32(params.rows);",
                "let count = f32(params.rows) - 1.0;",
            ),
            fault("the last row left out", "row < params.rows;", "row + 1u < params.rows;")
                .occurrence(1),
            fault("a row never written", "row < params.rows;", "row + 1u < params.rows;")
                .occurrence(2),
            fault("no activation's gradient", "d_y[at] * activation_gradient(z[at])", "d_y[at]")
                .occurrence(1),
            fault("the gradient at x", "activation_gradient(z[at])", "activation_gradient(x[at])")
                .occurrence(2),
            fault("only the last row", "sum += d_z", "sum = d_z"),
            fault("not scaled by rstd", "+ col] * rstd;", "+ col];"),
            fault(
                "d_gamma and d_beta swapped",
                "d_gamma_stride + col] = dot",
                "d_gamma_stride + col] = sum",
            ),
            fault("statistics of another replica", "id.z * 2u * params.cols", "id.z * params.cols"),
            fault("replicas of gamma dense", "id.z * params.gamma_stride", "id.z * params.cols"),
            fault(
                "replicas of d_gamma dense",
                "id.z * params.d_gamma_stride",
                "id.z * params.cols",
            ),
            fault("replicas of d_beta dense", "id.z * params.d_beta_stride", "id.z * params.cols"),
        ],
    },
    Faults {
        kernel: "batch_norm_infer",
        variant: "naive",
        faults: &[
            fault("a row beyond the end", "row >= params.rows ||", "row > params.rows ||"),
            fault("a column never written", "|| col >= params.cols", "|| col + 1u >= params.cols"),
            fault("no epsilon", " + params.epsilon", ""),
            fault(
                "epsilon outside the root",
                "sqrt(running[mean_at + params.cols] + params.epsilon)",
                "(sqrt(running[mean_at + params.cols]) + params.epsilon)",
            ),
            fault(
                "the mean for the variance",
                "running[mean_at + params.cols]",
                "running[mean_at]",
            ),
            fault("a sign", "(x[at] - mean)", "(x[at] + mean)"),
            fault("not the root", "1.0 / sqrt(", "1.0 / ("),
            fault("statistics of another replica", "id.z * 2u * params.cols", "id.z * params.cols"),
            fault("replicas of gamma dense", "id.z * params.gamma_stride", "id.z * params.cols"),
            fault("beta left out", " + offset);", ");"),
            fault("no activation", "y[at] = activate(", "y[at] = ("),
        ],
    },
    Faults {
        kernel: "layer_norm_forward",
        variant: "naive",
        faults: &[
            fault(
                "epsilon outside the root",
                "sqrt(squares / count + params.epsilon)",
                "(sqrt(squares / count) + params.epsilon)",
            )
            .named("tensor statistics"),
            fault("no epsilon", "squares / count + params.epsilon", "squares / count"),
            fault("a row beyond the end", "row >= params.rows", "row > params.rows"),
            fault("a row never written", "row >= params.rows", "row + 1u >= params.rows"),
            fault("the unbiased variance", "squares / count", "squares / max(count - 1.0, 1.0)"),
            fault("a count of rows", "f32(params.cols)", "f32(params.rows)"),
            fault("a sum that is not shifted", "let first = x[start];", "let first = 0.0;"),
            fault(
                "the last column left out of the mean",
                "col < params.cols;",
                "col + 1u < params.cols;",
            )
            .occurrence(1),
            fault("the last column left out", "col < params.cols;", "col + 1u < params.cols;")
                .occurrence(2),
            fault("one gamma for all", "gamma_stride + unit", "gamma_stride"),
            fault("beta beyond its end", "beta_stride + unit", "beta_stride + col"),
            fault("replicas of gamma dense", "id.z * params.gamma_stride", "id.z * params.affine"),
            fault(
                "gamma and beta swapped",
                "scale * ((x[start + col] - first - shift) * rstd) + offset",
                "offset * ((x[start + col] - first - shift) * rstd) + scale",
            ),
            fault("the mean without its shift", "= first + shift;", "= first;"),
            fault(
                "statistics swapped",
                "statistics[mean_at + 1u] = rstd",
                "statistics[mean_at + 1u] = 1.0 / rstd",
            ),
            fault("statistics out of place", "params.rows + row) * 2u", "params.rows + row)"),
            fault("no activation", "activate(value)", "value"),
        ],
    },
    Faults {
        kernel: "layer_norm_backward",
        variant: "naive",
        faults: &[
            fault(
                "a unit beyond the end",
                "id.x < params.rows + params.affine",
                "id.x <= params.rows + params.affine",
            ),
            fault(
                "a row beyond the end",
                "if (id.x < params.rows) {",
                "if (id.x <= params.rows) {",
            ),
            fault(
                "a unit never written",
                "id.x < params.rows + params.affine",
                "id.x + 1u < params.rows + params.affine",
            ),
            fault("a sign", "(x[at] - mean)", "(x[at] + mean)").occurrence(1),
            fault("another sign", "(x[at] - mean)", "(x[at] + mean)").occurrence(2),
            fault("the mean for rstd", "line * 2u + 1u]", "line * 2u]").occurrence(1),
            fault("no activation's gradient", "d_y[at] * activation_gradient(z[at])", "d_y[at]")
                .occurrence(2),
            fault(
                "not scaled by gamma",
                "activation_gradient(z[at]) * scale",
                "activation_gradient(z[at])",
            ),
            fault("gamma beyond its end", "+ col % params.affine]", "+ col]"),
            fault("the mean of the gradient missing", " - sum / count - n", " - n"),
            fault("the projection's sign", "- n * (dot / count)", "+ n * (dot / count)"),
            fault("a count of rows", "f32(params.cols)", "f32(params.rows)"),
            fault("not scaled by rstd", "= rstd * (d_x[at]", "= (d_x[at]"),
            fault("h never kept", "d_x[at] = h;", ""),
            fault("units of all left out", "unit += INVOCATIONS", "unit += INVOCATIONS + 1u"),
            fault("the last unit of all left out", "unit < count;", "unit + 1u < count;"),
            fault("units of the first replica", "replica * count + unit", "unit"),
            fault("statistics of another row", "unit / params.cols", "unit % params.rows"),
            fault("a part never added", "other < INVOCATIONS", "other + 1u < INVOCATIONS"),
            fault("only the last part", "sums += parts", "sums = parts"),
            fault("only the last units", "part += ", "part = "),
            fault(
                "a workgroup past the last",
                "params.rows / INVOCATIONS)",
                "params.rows / INVOCATIONS + 1u)",
            ),
            fault("the wrong column", "line * params.cols + unit", "line * params.cols"),
            fault("the first row left out", "var row = 0u;", "var row = 1u;"),
            fault("one column for all", "params.affine == 1u", "params.affine == 2u"),
            fault(
                "d_gamma and d_beta swapped",
                "d_gamma_stride + unit] = dot",
                "d_gamma_stride + unit] = sum",
            ),
            fault(
                "replicas of d_beta dense",
                "replica * params.d_beta_stride",
                "replica * params.affine",
            )
            .occurrence(1),
            fault(
                "replicas of a shared d_beta at one place",
                "replica * params.d_beta_stride",
                "0u",
            )
            .occurrence(2),
            fault(
                "replicas of gamma dense",
                "replica * params.gamma_stride",
                "replica * params.affine",
            ),
        ],
    },
    Faults {
        kernel: "rms_norm_forward",
        variant: "naive",
        faults: &[
            fault(
                "epsilon outside the root",
                "sqrt(squares / f32(params.cols) + params.epsilon)",
                "(sqrt(squares / f32(params.cols)) + params.epsilon)",
            )
            .named("tensor statistics"),
            fault("no epsilon", " + params.epsilon", ""),
            fault("a row beyond the end", "row >= params.rows", "row > params.rows"),
            fault("a row never written", "row >= params.rows", "row + 1u >= params.rows"),
            fault("a count of rows", "f32(params.cols)", "f32(params.rows)"),
            fault("a sum for the mean", "squares / f32(params.cols)", "squares"),
            fault("the root for its reciprocal", "1.0 / sqrt(", "sqrt("),
            fault("not the root", "1.0 / sqrt(", "1.0 / ("),
            fault(
                "magnitudes for squares",
                "x[start + col] * x[start + col]",
                "abs(x[start + col])",
            ),
            fault("only the last square", "squares += ", "squares = "),
            fault("the last column left out", "col < params.cols;", "col + 1u < params.cols;")
                .occurrence(1),
            fault("the last column never written", "col < params.cols;", "col + 1u < params.cols;")
                .occurrence(2),
            fault("one gamma for all", " + col % params.affine]", "]"),
            fault("gamma beyond its end", "col % params.affine", "col"),
            fault("replicas of gamma dense", "id.z * params.gamma_stride", "id.z * params.affine"),
            fault("gamma left out", "scale * (", "("),
            fault("statistics of another replica", "statistics[line]", "statistics[row]"),
            fault("no activation", "activate(value)", "value"),
            fault(
                "z after the activation",
                "z[start + col] = value",
                "z[start + col] = activate(value)",
            ),
        ],
    },
    Faults {
        kernel: "rms_norm_backward",
        variant: "naive",
        faults: &[
            fault(
                "a unit beyond the end",
                "id.x < params.rows + params.affine",
                "id.x <= params.rows + params.affine",
            ),
            fault(
                "a row beyond the end",
                "if (id.x < params.rows) {",
                "if (id.x <= params.rows) {",
            ),
            fault(
                "a unit never written",
                "id.x < params.rows + params.affine",
                "id.x + 1u < params.rows + params.affine",
            ),
            fault("not normalized", "h * (x[at] * rstd)", "h * x[at]"),
            fault("statistics of another replica", "statistics[line]", "statistics[row]")
                .occurrence(2),
            fault("no activation's gradient", "d_y[at] * activation_gradient(z[at])", "d_y[at]")
                .occurrence(1),
            fault("the gradient at x", "activation_gradient(z[at])", "activation_gradient(x[at])")
                .occurrence(2),
            fault(
                "not scaled by gamma",
                "activation_gradient(z[at]) * scale",
                "activation_gradient(z[at])",
            ),
            fault("gamma beyond its end", "+ col % params.affine]", "+ col]"),
            fault("the projection missing", " - x[at] * rstd * projection", ""),
            fault("the projection's sign", "- x[at] * rstd", "+ x[at] * rstd"),
            fault("a count of rows", "f32(params.cols)", "f32(params.rows)"),
            fault("not scaled by rstd", "= rstd * (d_x[at]", "= (d_x[at]"),
            fault("h never kept", "d_x[at] = h;", ""),
            fault("only the last column", "dot += h", "dot = h"),
            fault("only the last row", "dot += d_y", "dot = d_y"),
            fault("units of all left out", "unit += INVOCATIONS", "unit += INVOCATIONS + 1u"),
            fault("the last unit of all left out", "unit < count;", "unit + 1u < count;"),
            fault("units of the first replica", "replica * count + unit", "unit"),
            fault("statistics of another row", "unit / params.cols", "unit % params.rows"),
            fault("a part never added", "other < INVOCATIONS", "other + 1u < INVOCATIONS"),
            fault("only the last part", "dot += parts", "dot = parts"),
            fault("only the last units", "part += ", "part = "),
            fault(
                "a workgroup past the last",
                "params.rows / INVOCATIONS)",
                "params.rows / INVOCATIONS + 1u)",
            ),
            fault("the wrong column", "line * params.cols + unit", "line * params.cols"),
            fault("the first row left out", "var row = 0u;", "var row = 1u;"),
            fault("one column for all", "params.affine == 1u", "params.affine == 2u"),
            fault(
                "replicas of d_gamma dense",
                "replica * params.d_gamma_stride",
                "replica * params.affine",
            )
            .occurrence(1),
            fault(
                "replicas of a shared d_gamma at one place",
                "replica * params.d_gamma_stride",
                "0u",
            )
            .occurrence(2),
            fault(
                "replicas of gamma dense",
                "replica * params.gamma_stride",
                "replica * params.affine",
            ),
        ],
    },
];
