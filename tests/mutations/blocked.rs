//! Faults of the products whose invocations keep a block in registers.

use super::{Fault, Faults, fault};

/// Faults of the code that all three share.
const SHARED: [Fault; 10] = [
    fault("a row beyond the end", "if (row >= params.m) {", "if (row > params.m) {")
        .named("outside the tensor"),
    fault("a column beyond the end", "if (col + 1u < params.n)", "if (col < params.n)"),
    fault("a column never written", "if (col + 3u < params.n)", "if (col + 4u < params.n)")
        .named("not finite"),
    fault("a row never written", "store_row(id.z, row + 3u, col, sums3);", "").named("not finite"),
    fault("the last product missing", "i < params.k;", "i + 1u < params.k;"),
    fault("only the last product", "sums1 += factors", "sums1 = factors"),
    fault("a row for another", "factors.z * terms", "factors.y * terms"),
    fault("a column for another", "col + 2u, sums.z", "col + 2u, sums.y"),
    fault("a factor that stays", "b_at += ", "b_at = b_at; a_at += "),
    fault("columns for rows", "rows * (a_index(id.z, 1u, 0u)", "rows * (a_index(id.z, 0u, 1u)"),
];

pub(crate) static FAULTS: [Faults; 6] = [
    Faults { kernel: "matmul_nn", variant: "blocked", faults: &SHARED },
    Faults { kernel: "matmul_nt", variant: "blocked", faults: &SHARED },
    Faults { kernel: "matmul_tn", variant: "blocked", faults: &SHARED },
    Faults {
        kernel: "matmul_nn",
        variant: "blocked",
        faults: &[
            fault(
                "replicas of a",
                "(replica * params.m + i) * params.k",
                "(replica * params.n + i) * params.k",
            ),
            fault("stride of a", "params.k + l;", "params.m + l;"),
            fault("stride of b", "l * params.n + j", "l * params.k + j"),
            fault(
                "replicas of b dense",
                "replica * params.b_stride",
                "replica * params.k * params.n",
            ),
        ],
    },
    Faults {
        kernel: "matmul_nt",
        variant: "blocked",
        faults: &[
            fault(
                "replicas of a",
                "(replica * params.m + i) * params.k",
                "(replica * params.n + i) * params.k",
            ),
            fault("stride of a", "i) * params.k + l;", "i) * params.m + l;"),
            fault("stride of b", "j * params.k", "j * params.n"),
            fault(
                "replicas of b dense",
                "replica * params.b_stride",
                "replica * params.k * params.n",
            ),
        ],
    },
    Faults {
        kernel: "matmul_tn",
        variant: "blocked",
        faults: &[
            fault(
                "replicas of a",
                "(replica * params.k + l) * params.m",
                "(replica * params.m + l) * params.m",
            ),
            fault("stride of a", "params.k + l) * params.m", "params.k + l) * params.k"),
            fault("stride of b", "params.k + l) * params.n", "params.k + l) * params.k"),
            fault(
                "replicas of c dense",
                "replica * params.c_stride",
                "replica * params.m * params.n",
            ),
        ],
    },
];
