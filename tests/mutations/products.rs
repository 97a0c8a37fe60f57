//! Faults of the matrix products.

use super::{Fault, Faults, fault};

pub(crate) static FAULTS: [Faults; 15] = [
    Faults {
        kernel: "matmul_nn",
        variant: "naive",
        faults: &[
            fault("a write past the end", "row >= params.m ||", "row > params.m ||")
                .named("outside the tensor"),
            fault("a column never written", "|| col >= params.n)", "|| col + 1u >= params.n)")
                .named("not finite"),
            fault("the last product missing", "i < params.k;", "i + 1u < params.k;"),
            fault("only the last product", "sum += a[", "sum = a["),
            fault("stride of a", "row * params.k + i]", "row * params.m + i]"),
            fault("stride of b", "b_start + i * params.n", "b_start + i * params.k"),
            fault("replicas of b dense", "id.z * params.b_stride", "id.z * params.k * params.n"),
            fault("replicas of a", "id.z * params.m * params.k", "id.z * params.m * params.n"),
        ],
    },
    Faults {
        kernel: "matmul_nn",
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
            fault("a row beyond the end", "if (row < params.m", "if (row <= params.m")
                .named("outside the tensor"),
            fault(
                "a column never written",
                "row < params.m && at < params.n",
                "row < params.m && at + 1u < params.n",
            )
            .named("not finite"),
            fault(
                "a column of b left out",
                "params.k && at < params.n",
                "params.k && at + 1u < params.n",
            ),
            fault(
                "a row of a left out",
                "params.k && at < params.m",
                "params.k && at + 1u < params.m",
            ),
            fault(
                "the last step missing",
                "k < block.terms; k +=",
                "k + TILE_K < block.terms; k +=",
            ),
            fault("half a step", "i < TILE_K; i++", "i < TILE_K / 2u; i++"),
            fault("a step too wide", "k += TILE_K", "k += TILE_K + 1u"),
            fault("half of a's block", "TILE_K * QUARTER_M;", "TILE_K * QUARTER_M / 2u;"),
            fault("another pitch", "i * A_PITCH + r", "i * B_PITCH + 1u + r"),
            fault("rows next to each other", "row + i * QUARTER_M", "row + i"),
            fault("another row", "+ r / 4u * DOWN + local.y;", "+ r / 4u * DOWN + local.x;"),
            fault("a row for another", "factors.z * terms", "factors.y * terms"),
            fault("only the last product", "sums[r][q] += ", "sums[r][q] = "),
            fault("stride of a", "params.m + i) * params.k", "params.m + i) * params.m"),
            fault("stride of b", "l * params.n", "l * params.k"),
            fault(
                "replicas of b dense",
                "replica * params.b_stride",
                "replica * params.k * params.n",
            ),
            fault(
                "replicas of a",
                "(replica * params.m + i) * params.k",
                "(replica * params.n + i) * params.k",
            ),
        ],
    },
    Faults {
        kernel: "matmul_nn",
        variant: "subgroup",
        faults: &[
            fault("a row beyond the end", "if (row >= params.m)", "if (row > params.m)")
                .named("outside the tensor"),
            fault("a column beyond the end", "if (col < params.n)", "if (col <= params.n)"),
            fault("clamped one column early", "vec4(params.n - 1u)", "vec4(params.n - 2u)"),
            fault("clamped one row early", "vec4(params.m - 1u)", "vec4(params.m - 2u)"),
            fault("another lane's part", "(part.x, 5u)", "(part.x, 4u)"),
            fault("another part", "(part.w, 7u)", "(part.z, 7u)"),
            fault("a store missing", "    store_row(block, block.row + 31u, (*sums)[31]);\n", ""),
            fault("a column group missing", "i < 4u;", "i < 3u;"),
            fault("swapped columns", "vec4(b[at.x], b[at.y],", "vec4(b[at.y], b[at.x],"),
            fault("stride of b", "l * params.n", "l * params.k"),
            fault("replicas dense", "replica * params.b_stride", "replica * params.k * params.n"),
            fault("a tile too large", "TILE_M: u32 = BLOCK", "TILE_M: u32 = 64u"),
            fault("blocks in another order", "number % workgroups.y", "number % workgroups.x"),
            fault(
                "a block along a row for another",
                "number / workgroups.x",
                "number / workgroups.y",
            ),
            fault("only the last products", "(*sums)[17] + ", ""),
            fault("another lane's next part", "(next_part.x, 5u)", "(next_part.x, 4u)"),
            fault("the same step twice", "select(k, k + 1u, both)", "k"),
            fault("a step between stretches missing", "first += STRETCH", "first += STRETCH + 1u"),
            fault("the last steps of a stretch missing", "k < end; k +=", "k + 2u < end; k +="),
            fault("given up after touching", "touched == -1.0", "touched > 0.0"),
        ],
    },
    Faults {
        kernel: "matmul_nt",
        variant: "naive",
        faults: &[
            fault("a row never written", "row >= params.m ||", "row + 1u >= params.m ||"),
            fault("a column beyond the end", "|| col >= params.n)", "|| col > params.n)"),
            fault("the first product missing", "var i = 0u;", "var i = 1u;"),
            fault(
                "b not transposed",
                "b_start + col * params.k + i",
                "b_start + i * params.n + col",
            ),
            fault(
                "swapped rows and columns",
                "c_start + row * params.n + col",
                "c_start + col * params.m + row",
            ),
            fault("a sign", "sum += a[", "sum -= a["),
            fault("replicas of b dense", "id.z * params.b_stride", "id.z * params.k * params.n"),
            fault("replicas of c", "id.z * params.m * params.n", "id.z * params.m * params.k"),
        ],
    },
    Faults {
        kernel: "matmul_nt",
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
            fault("a row beyond the end", "if (row < params.m", "if (row <= params.m")
                .named("outside the tensor"),
            fault(
                "a column beyond the end",
                "row < params.m && at < params.n",
                "row < params.m && at <= params.n",
            ),
            fault(
                "a column of b left out",
                "params.k && at < params.n",
                "params.k && at + 1u < params.n",
            ),
            fault("half of b's block", "TILE_K * QUARTER_N;", "TILE_K * QUARTER_N / 2u;"),
            fault("b not transposed", "j * params.k + l", "l * params.n + j"),
            fault("columns next to each other", "col + i * QUARTER_N", "col + i").occurrence(1),
            fault("another column", "q * ACROSS + local.x]", "q * ACROSS + local.y]"),
            fault("a sign", "sums[r + 3u][q] += ", "sums[r + 3u][q] -= "),
            fault(
                "the first row again",
                "sums[r + 1u][q] += factors.y",
                "sums[r + 1u][q] += factors.x",
            ),
            fault(
                "replicas of b dense",
                "replica * params.b_stride",
                "replica * params.k * params.n",
            ),
            fault(
                "replicas of c",
                "(replica * params.m + i) * params.n",
                "(replica * params.k + i) * params.n",
            ),
            fault(
                "no barrier before the products",
                "        workgroupBarrier();\n        for",
                "        for",
            )
            .race(),
        ],
    },
    Faults {
        kernel: "matmul_nt",
        variant: "subgroup",
        faults: &[
            fault("a row never stored", "if (row >= params.m)", "if (row + 1u >= params.m)"),
            fault("a column beyond the end", "if (col < params.n)", "if (col <= params.n)"),
            fault("clamped one column early", "vec4(params.n - 1u)", "vec4(params.n - 2u)"),
            fault("lanes of a alike", "* LANES + lane, vec4", "* LANES, vec4"),
            fault("stride of b", "block.cols * params.k", "block.cols * params.n"),
            fault("another lane's part", "(part.y, 0u)", "(part.y, 1u)"),
            fault("the first of two again", "part1.y, part2.y,", "part1.y, part2.x,"),
            fault("terms of the first again", "vec4(terms0.y,", "vec4(terms0.x,"),
            fault("a term beyond the row", "k + 1u < params.k", "k < params.k"),
            fault("the last product missing", "k + 1u < params.k", "k + 2u < params.k"),
            fault("the wrong row", "row + 30u", "row + 31u"),
            fault("the first product missing", "var k = 0u;", "var k = 1u;"),
            fault("replicas of c", "(replica * params.m + i)", "(replica * params.k + i)"),
            fault(
                "replicas dense",
                "block.replica * params.b_stride",
                "block.replica * params.k * params.n",
            ),
            fault("a tile too large", "TILE_N: u32 = BLOCK", "TILE_N: u32 = 64u"),
            fault("a block for another", "number / workgroups.y", "number / workgroups.x"),
            fault("blocks along a row in another order", "number % workgroups.x", "number"),
        ],
    },
    Faults {
        kernel: "matmul_tn",
        variant: "naive",
        faults: &[
            fault("a row beyond the end", "row >= params.m ||", "row > params.m ||"),
            fault("a column never written", "|| col >= params.n)", "|| col + 1u >= params.n)"),
            fault("the last product missing", "i < params.k;", "i + 1u < params.k;"),
            fault(
                "a not transposed",
                "a_start + i * params.m + row",
                "a_start + row * params.k + i",
            ),
            fault("stride of b", "b_start + i * params.n", "b_start + i * params.m"),
            fault("a sum for a product", "+ row] * b[", "+ row] + b["),
            fault("replicas of c dense", "id.z * params.c_stride", "id.z * params.m * params.n"),
            fault("replicas of b", "id.z * params.k * params.n", "id.z * params.m * params.n"),
        ],
    },
    Faults {
        kernel: "matmul_tn",
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
            fault("a row never written", "if (row < params.m", "if (row + 1u < params.m")
                .named("not finite"),
            fault(
                "a column beyond the end",
                "row < params.m && at < params.n",
                "row < params.m && at <= params.n",
            ),
            fault(
                "a row of a left out",
                "params.k && at < params.m",
                "params.k && at + 1u < params.m",
            ),
            fault(
                "the last step missing",
                "k < block.terms; k +=",
                "k + TILE_K < block.terms; k +=",
            ),
            fault(
                "a not transposed",
                "(replica * params.k + l) * params.m + i",
                "(replica * params.m + i) * params.k + l",
            ),
            fault(
                "stride of a",
                "(replica * params.k + l) * params.m",
                "(replica * params.k + l) * params.n",
            ),
            fault("another quarter", "r % 4u * QUARTER_M", "r % 2u * QUARTER_M"),
            fault("a sum for a product", "factors.w * terms", "factors.w + terms"),
            fault(
                "replicas of c dense",
                "replica * params.c_stride",
                "replica * params.m * params.n",
            ),
            fault(
                "replicas of b",
                "(replica * params.k + l) * params.n",
                "(replica * params.m + l) * params.n",
            ),
            fault("no barrier after the products", "        workgroupBarrier();\n    }", "    }")
                .race(),
        ],
    },
    Faults {
        kernel: "matmul_tn",
        variant: "subgroup",
        faults: &[
            fault("a missing bounds check", "if (col < params.n) {", "if (true) {")
                .named("tensor c"),
            fault("a row beyond the end", "if (row >= params.m)", "if (row > params.m)"),
            fault(
                "a column of blocks by two ways",
                "workgroups.x, along) * TILE_N",
                "workgroups.x, true) * TILE_N",
            ),
            fault("clamped one row early", "vec4(params.m - 1u)", "vec4(params.m - 2u)"),
            fault("stride of a", "params.k + l) * params.m", "params.k + l) * params.k"),
            fault("another part", "block.rows.z, 0u", "block.rows.y, 0u"),
            fault("workgroups that count alike", "workgroup.y * workgroups.x", "workgroup.y"),
            fault("only the last products", "(*sums)[9] + ", ""),
            fault("a sign", "(*sums)[24] + ", "(*sums)[24] - "),
            fault(
                "replicas of c dense",
                "replica * params.c_stride",
                "replica * params.m * params.n",
            ),
            fault(
                "replicas of a",
                "(replica * params.k + l) * params.m",
                "(replica * params.m + l) * params.m",
            ),
            fault("a step between stretches missing", "first += STRETCH", "first += STRETCH + 1u"),
            fault("the last steps of a stretch missing", "k < end; k +=", "k + 2u < end; k +="),
            fault("given up after touching", "touched == -1.0", "touched > 0.0"),
        ],
    },
    Faults { kernel: "matmul_nn", variant: "cooperative_8", faults: &COOPERATIVE_NN },
    Faults { kernel: "matmul_nn", variant: "cooperative_16", faults: &COOPERATIVE_NN },
    Faults { kernel: "matmul_nt", variant: "cooperative_8", faults: &COOPERATIVE_NT },
    Faults { kernel: "matmul_nt", variant: "cooperative_16", faults: &COOPERATIVE_NT },
    Faults { kernel: "matmul_tn", variant: "cooperative_8", faults: &COOPERATIVE_TN },
    Faults { kernel: "matmul_tn", variant: "cooperative_16", faults: &COOPERATIVE_TN },
];

/// Those of both sizes of matrices.
const COOPERATIVE_NN: [Fault; 14] = [
    fault("a row beyond the end", "if (i < params.m &&", "if (i <= params.m &&")
        .named("outside the tensor"),
    fault("a column never written", "&& j < params.n)", "&& j + 1u < params.n)")
        .named("not finite"),
    fault("the last products missing", "l < params.k; l += SIDE", "l + SIDE < params.k; l += SIDE"),
    fault(
        "the upper rows for the lower ones",
        "(&a_part[SIDE * SIDE], SIDE)",
        "(&a_part[0], SIDE)",
    ),
    fault("stride of b", "l * params.n", "l * params.k"),
    fault("replicas of b dense", "replica * params.b_stride", "replica * params.k * params.n"),
    fault(
        "replicas of a",
        "(replica * params.m + i) * params.k",
        "(replica * params.n + i) * params.k",
    ),
    fault("a scale left in", "exponents.x - EXPONENT", "exponents.x"),
    fault("no scale", "EXPONENT - exponent)", "EXPONENT)"),
    fault("the largest of one lane", "i < LANES; i++", "i < 1u; i++"),
    fault("rounded too far", "0xffffe000u", "0xfff00000u"),
    fault("another block's sums", "(bottom, left, bottom_left)", "(bottom, left, bottom_right)"),
    fault(
        "multiplied before it is loaded",
        "        workgroupBarrier();\n        var top:",
        "        var top:",
    )
    .race(),
    fault("a tile too large", "TILE_M: u32 = 2u", "TILE_M: u32 = 4u"),
];

const COOPERATIVE_NT: [Fault; 9] = [
    fault("a row never written", "if (i < params.m &&", "if (i + 1u < params.m &&"),
    fault("a column beyond the end", "&& j < params.n)", "&& j <= params.n)"),
    fault("b not transposed", "j * params.k + l", "l * params.n + j"),
    fault(
        "a matrix not transposed",
        "coopLoad<PartOfB>(&b_part[0]",
        "coopLoadT<PartOfB>(&b_part[0]",
    ),
    fault("the wrong columns", "(&b_part[SIDE * SIDE], SIDE)", "(&b_part[SIDE], SIDE)"),
    fault("a sign", "return b[", "return -b["),
    fault("the scale of the other", "exponents.y - EXPONENT", "exponents.x - EXPONENT"),
    fault("replicas of b dense", "replica * params.b_stride", "replica * params.n * params.k"),
    fault("a block not written", "write(lane, replica, row + SIDE, col + SIDE, exponents);", "")
        .named("not finite"),
];

const COOPERATIVE_TN: [Fault; 9] = [
    fault("a row beyond the end", "if (i < params.m &&", "if (i <= params.m &&"),
    fault("a column beyond the end", "&& j < params.n)", "&& j <= params.n)"),
    fault(
        "a not transposed",
        "(replica * params.k + l) * params.m + i",
        "(replica * params.m + i) * params.k + l",
    ),
    fault(
        "a matrix not transposed",
        "coopLoad<PartOfA>(&a_part[SIDE]",
        "coopLoadT<PartOfA>(&a_part[SIDE]",
    ),
    fault("rows of a matrix too close", "(&a_part[0], TILE_M)", "(&a_part[0], SIDE)"),
    fault("columns exchanged", "(top, right, top_right)", "(top, left, top_right)"),
    fault("the scale of the other", "exponents.x - EXPONENT", "exponents.y - EXPONENT"),
    fault("replicas of c dense", "replica * params.c_stride", "replica * params.m * params.n"),
    fault(
        "replicas of b",
        "(replica * params.k + l) * params.n",
        "(replica * params.m + l) * params.n",
    ),
];
