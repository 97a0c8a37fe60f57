// matmul_bias_forward, naive: z = a · b + bias, y = activate(z)
//
//   a: [replicas, m, k]    b: [replicas, k, n]    bias: [replicas, 1, n]    z, y: [replicas, m, n]
//
// The plain formula. One invocation computes one element; a workgroup computes an 8 x 8 block;
// z is the replica.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
    bias_stride: u32,
}

const SIDE: u32 = 8u; // tune: 4 8 16

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> z: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(SIDE, SIDE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    let row = id.y;
    if (row >= params.m || col >= params.n) {
        return;
    }
    let a_start = (id.z * params.m + row) * params.k;
    let b_start = id.z * params.b_stride + col;
    var sum = 0.0;
    for (var i = 0u; i < params.k; i++) {
        sum += a[a_start + i] * b[b_start + i * params.n];
    }
    let at = (id.z * params.m + row) * params.n + col;
    let shifted = sum + bias[id.z * params.bias_stride + col];
    z[at] = shifted;
    y[at] = activate(shifted);
}
