// matmul_nn, naive: c = a · b
//
//   a: [replicas, m, k]    b: [replicas, k, n]    c: [replicas, m, n]
//
// The plain formula. One invocation computes one element of c; a workgroup computes an 8 x 8
// block of it; z is the replica.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
}

const SIDE: u32 = 8u; // tune: 4 8 16

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

@compute @workgroup_size(SIDE, SIDE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    let row = id.y;
    if (row >= params.m || col >= params.n) {
        return;
    }
    let a_start = id.z * params.m * params.k;
    let b_start = id.z * params.b_stride;
    let c_start = id.z * params.m * params.n;
    var sum = 0.0;
    for (var i = 0u; i < params.k; i++) {
        sum += a[a_start + row * params.k + i] * b[b_start + i * params.n + col];
    }
    c[c_start + row * params.n + col] = sum;
}
