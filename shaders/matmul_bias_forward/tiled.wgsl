// matmul_bias_forward, tiled: z = a · b + bias, y = activate(z)
// prefers: cheap barriers
// shares: tiled_factors, tiled_product
//
//   a: [replicas, m, k]    b: [replicas, k, n]    bias: [replicas, 1, n]    z, y: [replicas, m, n]
//
// Unlike naive, blocks of a and b are in workgroup memory, and an invocation keeps part of a block of the
// product in registers, see tiled_product. The bias is added as an element is stored; z is the replica.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
    bias_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> z: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

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
    let at = (replica * params.m + i) * params.n + j;
    let shifted = sum + bias[replica * params.bias_stride + j];
    z[at] = shifted;
    y[at] = activate(shifted);
}
