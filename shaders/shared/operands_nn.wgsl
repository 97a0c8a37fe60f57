// operands_nn: the operands of matmul_nn, and the indices of their elements
//
//   a: [replicas, m, k]    b: [replicas, k, n]    c: [replicas, m, n]

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// Whether the rows of a and of b are contiguous; else their columns are.
const A_BY_ROWS: bool = true;
const B_BY_ROWS: bool = true;

fn a_index(replica: u32, i: u32, l: u32) -> u32 {
    return (replica * params.m + i) * params.k + l;
}

fn b_index(replica: u32, l: u32, j: u32) -> u32 {
    return replica * params.b_stride + l * params.n + j;
}

fn store(replica: u32, i: u32, j: u32, sum: f32) {
    c[(replica * params.m + i) * params.n + j] = sum;
}
