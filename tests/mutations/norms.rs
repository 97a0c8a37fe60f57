//! Faults of the normalization layers.

use crate::{Faults, fault};

pub(crate) static FAULTS: [Faults; 11] = [
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
        kernel: "batch_norm_forward",
        variant: "subgroup",
        faults: &[
            fault("the second column again", "vec2(0u, LANES)", "vec2(LANES, LANES)"),
            fault("columns left out", "workgroup.x * TILE_COLS", "workgroup.x * (TILE_COLS + 1u)"),
            fault(
                "a sum that is not shifted",
                "let first_row = load(start);",
                "let first_row = 0.0;",
            ),
            fault("only the last row", "sum += ", "sum = "),
            fault("a row between stretches missing", "first += STRETCH", "first += STRETCH + 1u")
                .occurrence(1),
            fault("the last row of a stretch missing", "row < end;", "row + 1u < end;")
                .occurrence(2),
            fault("a row never written", "row < end;", "row + 1u < end;").occurrence(3),
            fault("no epsilon", " + params.epsilon", ""),
            fault("the unbiased variance", "squares / count", "squares / max(count - 1.0, 1.0)"),
            fault("the biased variance", "max(count - 1.0, 1.0)", "count"),
            fault("the other column's scale", "gamma[gamma_at.y])", "gamma[gamma_at.x])"),
            fault("the other column's offset", "beta[beta_at.y])", "beta[beta_at.x])"),
            fault("no activation", "activate(affine.y)", "affine.y"),
            fault(
                "replicas of gamma dense",
                "replica * params.gamma_stride",
                "replica * params.cols",
            ),
            fault("statistics of another replica", "replica * 2u", "replica"),
            fault("given up after touching", "touched == -1.0", "touched >= 0.0"),
            fault(
                "the other column's mean",
                "mean.y, rstd.y, unbiased.y",
                "mean.x, rstd.y, unbiased.y",
            ),
            fault("the old variance forgotten", "share * running[second_at] + ", ""),
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
        kernel: "batch_norm_backward",
        variant: "subgroup",
        faults: &[
            fault("the second column again", "vec2(0u, LANES)", "vec2(LANES, LANES)"),
            fault("columns left out", "workgroup.x * TILE_COLS", "workgroup.x * (TILE_COLS + 1u)"),
            fault(
                "a column never written",
                "cols < vec2(params.cols)",
                "cols + 1u < vec2(params.cols)",
            ),
            fault("only the last row", "sum += d_z", "sum = d_z"),
            fault("a row between stretches missing", "first += STRETCH", "first += STRETCH + 1u")
                .occurrence(1),
            fault("the last row of a stretch missing", "row < end;", "row + 1u < end;")
                .occurrence(1),
            fault("a row never written", "row < end;", "row + 1u < end;").occurrence(2),
            fault("the mean of the gradient missing", " - sum / count", ""),
            fault("the projection's sign", "- normalized * (dot", "+ normalized * (dot"),
            fault("a count of columns", "f32(params.rows)", "f32(params.cols)"),
            fault("not scaled by rstd", "gamma[gamma_at.y]) * rstd", "gamma[gamma_at.y])"),
            fault("the other column's rstd", "statistics[rstd_at.y]", "statistics[rstd_at.x]"),
            fault(
                "the other column's slope",
                "activation_gradient(z[at.y])",
                "activation_gradient(z[at.x])",
            ),
            fault(
                "the gradient at x",
                "activation_gradient(z[at.x])",
                "activation_gradient(x[at.x])",
            ),
            fault(
                "d_gamma and d_beta swapped",
                "d_gamma[d_gamma_at.y] = dot.y",
                "d_gamma[d_gamma_at.y] = sum.y",
            ),
            fault(
                "replicas of d_beta dense",
                "replica * params.d_beta_stride",
                "replica * params.cols",
            ),
            fault("given up after touching", "touched == -1.0", "touched >= 0.0"),
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
        kernel: "layer_norm_forward",
        variant: "subgroup",
        faults: &[
            fault(
                "a row never written",
                "first_row + LANES, params.rows",
                "first_row + LANES - 1u, params.rows",
            ),
            fault(
                "rows beyond the end",
                "min(first_row + LANES, params.rows)",
                "first_row + LANES",
            ),
            fault("columns in two lanes", "at += LANES", "at += LANES - 1u").occurrence(1),
            fault("columns of the variance left out", "at += LANES", "at += LANES * 2u")
                .occurrence(2),
            fault("columns never written", "at += LANES", "at += LANES * 2u").occurrence(3),
            fault("a column beyond the end", "at < end", "at <= end").occurrence(1),
            fault("a sum of one lane", "subgroupAdd(sum)", "sum"),
            fault("squares of one lane", "subgroupAdd(squares)", "squares"),
            fault("a sum that is not shifted", "let first = x[start];", "let first = 0.0;"),
            fault("no epsilon", " + params.epsilon", ""),
            fault("gamma beyond its end", "min(at - start, params.affine - 1u)", "at - start"),
            fault("one gamma for all", "min(at - start, params.affine - 1u)", "0u"),
            fault("no activation", "activate(value)", "value"),
            fault(
                "replicas of beta dense",
                "workgroup.z * params.beta_stride",
                "workgroup.z * params.affine",
            ),
            fault("the shift for the mean", "first + shift;", "shift;"),
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
            fault("only the first columns", "first += ROUND", "first += params.cols"),
            fault(
                "a column of the next row",
                "first + col < params.cols",
                "first + col <= params.cols",
            ),
            fault("columns beyond a row's end", "first + col < params.cols", "true"),
            fault("the wrong column", "line * params.cols + unit", "line * params.cols"),
            fault("the first row left out", "var row = 0u;", "var row = 1u;").occurrence(1),
            fault("the first row left out of all", "var row = 0u;", "var row = 1u;").occurrence(2),
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
        kernel: "layer_norm_backward",
        variant: "subgroup",
        faults: &[
            fault(
                "a row never written",
                "first_row + LANES, params.rows",
                "first_row + LANES - 1u, params.rows",
            ),
            fault(
                "units that nobody takes",
                "first_row + LANES > params.rows",
                "first_row > params.rows",
            ),
            fault("units twice as far apart", "number * LANES, lane", "number * UNITS, lane"),
            fault("every third workgroup", "number % 2u == 0u", "number % 3u == 0u"),
            fault("the sum of two workgroups", "number == 0u", "number == 1u"),
            fault("columns left out", "at += LANES", "at += LANES * 2u").occurrence(1),
            fault("columns never written", "at += LANES", "at += LANES * 2u").occurrence(2),
            fault("sums of one lane", "means = subgroupAdd(sums)", "means = sums"),
            fault("h never kept", "d_x[at] = h;", ""),
            fault("the mean of the gradient missing", " - means.x", ""),
            fault("the projection's sign", "- n * means.y", "+ n * means.y"),
            fault("gamma beyond its end", "min(at - start, params.affine - 1u)", "at - start"),
            fault("the second unit again", "lane + vec2(0u, LANES)", "lane + vec2(LANES, LANES)"),
            fault(
                "a unit never written",
                "units < vec2(params.cols)",
                "units + 1u < vec2(params.cols)",
            ),
            fault("a row between stretches missing", "first += STRETCH", "first += STRETCH + 1u")
                .occurrence(1),
            fault("the last row of a stretch missing", "row < end;", "row + 1u < end;"),
            fault("only the last row", "dot += g * n", "dot = g * n"),
            fault("given up after touching", "touched == -1.0", "touched >= 0.0"),
            fault(
                "d_gamma and d_beta swapped",
                "d_gamma[d_gammas.y] = dot.y",
                "d_gamma[d_gammas.y] = sum.y",
            ),
            fault("columns of all left out", "col += UNITS", "col += UNITS + 1u"),
            fault(
                "a column of all beyond the row",
                "vec2(true, col + LANES < params.cols)",
                "vec2(true, true)",
            ),
            fault("the sum of a lane for all", "sums = subgroupAdd(sums);", ""),
            fault("only the last columns of all", "sums += vec2(g.x", "sums = vec2(g.x"),
            fault(
                "replicas of a shared d_beta at one place",
                "replica * params.d_beta_stride]",
                "0u]",
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
            fault("only the last row", "dot += d_y", "dot = d_y").occurrence(1),
            fault("only the last column of all", "dot += d_y", "dot = d_y").occurrence(2),
            fault("only the first columns", "first += ROUND", "first += params.cols"),
            fault(
                "a column of the next row",
                "first + col < params.cols",
                "first + col <= params.cols",
            ),
            fault("the wrong column", "line * params.cols + unit", "line * params.cols"),
            fault("the first row left out", "var row = 0u;", "var row = 1u;").occurrence(1),
            fault("the first row left out of all", "var row = 0u;", "var row = 1u;").occurrence(2),
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
