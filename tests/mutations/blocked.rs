//! Faults of the products whose invocations keep a block in registers.

use super::{Fault, Faults, fault};

/// Of all three, whose texts differ in two lines and in how a replica of the result is found.
const SHARED: [Fault; 10] = [
    fault("a row beyond the end", "if (row >= params.m) {", "if (row > params.m) {")
        .named("outside the tensor"),
    fault("a column beyond the end", "if (col + 1u < params.n)", "if (col < params.n)"),
    fault("a column never written", "if (col + 3u < params.n)", "if (col + 4u < params.n)")
        .named("not finite"),
    fault("a row never written", "store(id.z, row + 3u, col, sums3);", "").named("not finite"),
    fault("the last product missing", "i < params.k;", "i + 1u < params.k;"),
    fault("only the last product", "sums1 += factors", "sums1 = factors"),
    fault("a row for another", "factors.z * terms", "factors.y * terms"),
    fault("a column for another", "c[at + 2u] = sums.z", "c[at + 2u] = sums.y"),
    fault("replicas of a", "id.z * params.m * params.k", "id.z * params.m * params.n"),
    fault("a factor that stays", "b_at += ", "b_at = b_at; a_at += "),
];

pub(crate) static FAULTS: [Faults; 6] = [
    Faults { kernel: "matmul_nn", variant: "blocked", faults: &SHARED },
    Faults { kernel: "matmul_nt", variant: "blocked", faults: &SHARED },
    Faults { kernel: "matmul_tn", variant: "blocked", faults: &SHARED },
    Faults {
        kernel: "matmul_nn",
        variant: "blocked",
        faults: &[
            fault("stride of a", "rows * params.k", "rows * params.m"),
            fault("stride of b", "vec4(params.n);", "vec4(params.k);"),
            fault("replicas of b dense", "id.z * params.b_stride", "id.z * params.k * params.n"),
        ],
    },
    Faults {
        kernel: "matmul_nt",
        variant: "blocked",
        faults: &[
            fault("stride of a", "rows * params.k", "rows * params.m"),
            fault("stride of b", "cols * params.k", "cols * params.n"),
            fault("replicas of b dense", "id.z * params.b_stride", "id.z * params.k * params.n"),
        ],
    },
    Faults {
        kernel: "matmul_tn",
        variant: "blocked",
        faults: &[
            fault("stride of a", "vec4(params.m);", "vec4(params.k);"),
            fault("stride of b", "vec4(params.n);", "vec4(params.k);"),
            fault(
                "replicas of c dense",
                "replica * params.c_stride",
                "replica * params.m * params.n",
            ),
        ],
    },
];
