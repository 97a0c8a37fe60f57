// matmul_nn, blocked: c = a · b
//
//   a: [replicas, m, k]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Beside naive: one invocation keeps a 4 x 4 block of c in registers, so that each number that it reads is
// used four times. There is no workgroup memory and no barrier, which cost more than they gain where a CPU
// computes, as in a browser without a GPU. A workgroup computes a 16 x 32 block; z is the replica.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
}

const TILE_M: u32 = 16u; // tune: 8 16 32
const TILE_N: u32 = 32u; // tune: 16 32 64
const FOUR: vec4<u32> = vec4(0u, 1u, 2u, 3u);

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

@compute @workgroup_size(TILE_N / 4u, TILE_M / 4u)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = 4u * id.y;
    let col = 4u * id.x;
    if (row >= params.m || col >= params.n) {
        return;
    }
    // Beyond the last row and column anything may be read: it is not stored.
    let rows = row + FOUR;
    let cols = col + FOUR;
    var a_at = id.z * params.m * params.k + rows * params.k;
    var b_at = id.z * params.b_stride + cols;
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    for (var i = 0u; i < params.k; i++) {
        let factors = vec4(a[a_at.x], a[a_at.y], a[a_at.z], a[a_at.w]);
        let terms = vec4(b[b_at.x], b[b_at.y], b[b_at.z], b[b_at.w]);
        sums0 += factors.x * terms;
        sums1 += factors.y * terms;
        sums2 += factors.z * terms;
        sums3 += factors.w * terms;
        a_at += vec4(1u);
        b_at += vec4(params.n);
    }
    store(id.z, row, col, sums0);
    store(id.z, row + 1u, col, sums1);
    store(id.z, row + 2u, col, sums2);
    store(id.z, row + 3u, col, sums3);
}

// Up to four columns of a row, if there is such a row.
fn store(replica: u32, row: u32, col: u32, sums: vec4<f32>) {
    if (row >= params.m) {
        return;
    }
    let at = (replica * params.m + row) * params.n + col;
    c[at] = sums.x;
    if (col + 1u < params.n) {
        c[at + 1u] = sums.y;
    }
    if (col + 2u < params.n) {
        c[at + 2u] = sums.z;
    }
    if (col + 3u < params.n) {
        c[at + 3u] = sums.w;
    }
}
