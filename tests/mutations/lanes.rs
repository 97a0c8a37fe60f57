//! Faults of the normalization layers' variants for hardware, in which many invocations share a row or
//! a column.
//!
//! A missing barrier between the halves of a sum is found where subgroups run one after another,
//! as in software Vulkan. There, one missing before or after the reading of a sum is not: the
//! subgroup that ends the sum runs first.

use super::{Faults, fault};

pub(crate) static FAULTS: [Faults; 6] = [
    Faults {
        kernel: "batch_norm_forward",
        variant: "lanes",
        faults: &[
            fault("columns by replica", "let inside = workgroup.x", "let inside = workgroup.z"),
            fault("another column", "+ local.x, params.cols - 1u)", "+ local.y, params.cols - 1u)"),
            fault(
                "a column never written",
                "+ local.x < params.cols",
                "+ local.x + 1u < params.cols",
            ),
            fault("a lane without its part", "half > 0u", "half > 1u"),
            fault("a quarter for the half", "half = LANES / 2u", "half = LANES / 4u"),
            fault("another column's part", "at + half * TILE_COLS", "at + half"),
            fault("rows in two lanes", "row += LANES", "row += LANES - 1u").occurrence(1),
            fault("rows of the variance left out", "row += LANES", "row += LANES * 2u")
                .occurrence(2),
            fault("rows never written", "row += LANES", "row += LANES * 2u").occurrence(3),
            fault("the first row left out", "row = local.y;", "row = local.y + 1u;").occurrence(2),
            fault("a sum that is not shifted", "let first = x[start];", "let first = 0.0;"),
            fault("squares of one lane", "squares = total(squares, local);", ""),
            fault("the biased variance", "max(count - 1.0, 1.0)", "count"),
            fault("no epsilon", " + params.epsilon", ""),
            fault(
                "replicas of gamma dense",
                "workgroup.z * params.gamma_stride",
                "workgroup.z * params.cols",
            ),
            fault("statistics of another replica", "workgroup.z * 2u", "workgroup.z"),
            fault("no activation", "activate(affine)", "affine"),
            fault("no barrier between the halves", "        workgroupBarrier();\n", "").race(),
        ],
    },
    Faults {
        kernel: "batch_norm_backward",
        variant: "lanes",
        faults: &[
            fault("columns by replica", "let inside = workgroup.x", "let inside = workgroup.z"),
            fault("another column", "+ local.x, params.cols - 1u)", "+ local.y, params.cols - 1u)"),
            fault(
                "a column never written",
                "+ local.x < params.cols",
                "+ local.x + 1u < params.cols",
            ),
            fault("a lane without its part", "half > 0u", "half > 1u"),
            fault("another column's part", "at + half * TILE_COLS", "at + half"),
            fault("the sum of another column", "return parts[local.x]", "return parts[local.y]"),
            fault("rows left out", "row += LANES", "row += LANES * 2u").occurrence(1),
            fault("rows never written", "row += LANES", "row += LANES * 2u").occurrence(2),
            fault("only the last row of a lane", "part += vec2", "part = vec2"),
            fault("a count of columns", "f32(params.rows)", "f32(params.cols)"),
            fault("the mean of the gradient missing", " - means.x", ""),
            fault("the projection's sign", "- normalized * means.y", "+ normalized * means.y"),
            fault("d_gamma and d_beta swapped", "+ col] = sums.x", "+ col] = sums.y"),
            fault("the mean for the sum", "+ col] = sums.y", "+ col] = means.y"),
            fault(
                "replicas of d_beta dense",
                "workgroup.z * params.d_beta_stride",
                "workgroup.z * params.cols",
            ),
            fault("no barrier between the halves", "        workgroupBarrier();\n", "").race(),
        ],
    },
    Faults {
        kernel: "layer_norm_forward",
        variant: "lanes",
        faults: &[
            fault(
                "rows up to a stride",
                "min(row, params.rows - 1u)",
                "min(row, params.gamma_stride - 1u)",
            ),
            fault("the last row again", "min(row, params.rows - 1u)", "params.rows - 1u"),
            fault("a row never written", "row < params.rows", "row + 1u < params.rows"),
            fault("a lane without its part", "half > 0u", "half > 1u"),
            fault("a quarter for the half", "half = LANES / 2u", "half = LANES / 4u"),
            fault(
                "the sum of another row",
                "let sum = parts[local.y * LANES]",
                "let sum = parts[0]",
            ),
            fault("columns left out of the mean", "col += LANES", "col += LANES * 2u")
                .occurrence(1),
            fault("columns in two lanes", "col += LANES", "col += LANES - 1u").occurrence(2),
            fault("columns never written", "col += LANES", "col += LANES * 2u").occurrence(3),
            fault("a sum that is not shifted", "let first = x[start];", "let first = 0.0;"),
            fault("the sum of one lane", "total(sum, local)", "sum"),
            fault("a count of rows", "f32(params.cols)", "f32(params.rows)"),
            fault("no epsilon", " + params.epsilon", ""),
            fault("beta beyond its end", "beta_stride + unit", "beta_stride + col"),
            fault(
                "replicas of gamma dense",
                "workgroup.z * params.gamma_stride",
                "workgroup.z * params.affine",
            ),
            fault("statistics swapped", "statistics[line * 2u] =", "statistics[line * 2u + 1u] ="),
            fault("no barrier between the halves", "        workgroupBarrier();\n", "").race(),
        ],
    },
    Faults {
        kernel: "layer_norm_backward",
        variant: "lanes",
        faults: &[
            fault(
                "rows up to a stride",
                "min(row, params.rows - 1u)",
                "min(row, params.gamma_stride - 1u)",
            ),
            fault("the last row again", "min(row, params.rows - 1u)", "params.rows - 1u"),
            fault("a row never written", "row < params.rows);", "row + 1u < params.rows);"),
            fault("a unit beyond the end", "unit < params.affine;", "unit <= params.affine;"),
            fault("a unit never written", "unit < params.affine;", "unit + 1u < params.affine;"),
            fault(
                "units only in separate workgroups",
                "first + ITEMS > params.rows",
                "first >= params.rows",
            ),
            fault("columns left out", "col += LANES", "col += LANES * 2u").occurrence(1),
            fault("columns never written", "col += LANES", "col += LANES * 2u").occurrence(2),
            fault("rows left out", "row += LANES", "row += LANES * 2u"),
            fault("a lane without its part", "half > 0u", "half > 1u").occurrence(1),
            fault("a row without its part", "half > 0u", "half > 1u").occurrence(2),
            fault("another unit's part", "parts[index + half * ITEMS]", "parts[index + half]"),
            fault("the sums of another row", "parts[slot - lane]", "parts[0]"),
            fault("only one column", "col += params.affine", "col += params.cols"),
            fault("a sign", "(x[start + col] - mean)", "(x[start + col] + mean)").occurrence(1),
            fault("no activation's gradient", "d_y[at] * activation_gradient(z[at])", "d_y[at]"),
            fault("gamma beyond its end", "+ col % params.affine]", "+ col]"),
            fault("the mean of the gradient missing", " - means.x", ""),
            fault("d_gamma and d_beta swapped", "unit] = parts[index].x", "unit] = parts[index].y"),
            fault(
                "replicas of d_gamma dense",
                "replica * params.d_gamma_stride",
                "replica * params.affine",
            ),
            fault("no barrier between the halves", "        workgroupBarrier();\n", "")
                .occurrence(1)
                .race(),
        ],
    },
    Faults {
        kernel: "rms_norm_forward",
        variant: "lanes",
        faults: &[
            fault(
                "rows up to a stride",
                "min(row, params.rows - 1u)",
                "min(row, params.gamma_stride - 1u)",
            ),
            fault("the last row again", "min(row, params.rows - 1u)", "params.rows - 1u"),
            fault("a row never written", "row < params.rows", "row + 1u < params.rows"),
            fault("a lane without its part", "half > 0u", "half > 1u"),
            fault("the sum of another row", "return parts[local.y * LANES]", "return parts[0]"),
            fault("columns left out", "col += LANES", "col += LANES * 2u").occurrence(1),
            fault("columns never written", "col += LANES", "col += LANES * 2u").occurrence(2),
            fault("the squares of one lane", "total(squares, local)", "squares"),
            fault("a count of rows", "f32(params.cols)", "f32(params.rows)"),
            fault("no epsilon", " + params.epsilon", ""),
            fault("gamma beyond its end", "col % params.affine", "col"),
            fault(
                "replicas of gamma dense",
                "workgroup.z * params.gamma_stride",
                "workgroup.z * params.affine",
            ),
            fault("statistics of another replica", "statistics[line]", "statistics[row]"),
            fault("no barrier between the halves", "        workgroupBarrier();\n", "").race(),
        ],
    },
    Faults {
        kernel: "rms_norm_backward",
        variant: "lanes",
        faults: &[
            fault(
                "rows up to a stride",
                "min(row, params.rows - 1u)",
                "min(row, params.gamma_stride - 1u)",
            ),
            fault("the last row again", "min(row, params.rows - 1u)", "params.rows - 1u"),
            fault("a row never written", "row < params.rows);", "row + 1u < params.rows);"),
            fault("a unit beyond the end", "unit < params.affine;", "unit <= params.affine;"),
            fault("a unit never written", "unit < params.affine;", "unit + 1u < params.affine;"),
            fault(
                "units only in separate workgroups",
                "first + ITEMS > params.rows",
                "first >= params.rows",
            ),
            fault("columns left out", "col += LANES", "col += LANES * 2u").occurrence(1),
            fault("columns in two lanes", "col += LANES", "col += LANES - 1u").occurrence(1),
            fault("rows left out", "row += LANES", "row += LANES * 2u"),
            fault("a lane without its part", "half > 0u", "half > 1u").occurrence(1),
            fault("a row without its part", "half > 0u", "half > 1u").occurrence(2),
            fault("the sum of another row", "parts[slot - lane]", "parts[0]"),
            fault("only one column", "col += params.affine", "col += params.cols"),
            fault("statistics of another replica", "statistics[line]);", "statistics[row]);"),
            fault(
                "not scaled by gamma",
                "part += scaled(replica, start, col)",
                "part += d_z(start + col)",
            ),
            fault("the projection missing", " - n * projection", ""),
            fault(
                "replicas of d_gamma dense",
                "replica * params.d_gamma_stride",
                "replica * params.affine",
            ),
            fault("no barrier between the halves", "        workgroupBarrier();\n", "")
                .occurrence(2)
                .race(),
        ],
    },
];
