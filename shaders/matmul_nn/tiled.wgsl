// matmul_nn, tiled: c = a · b
// prefers: cheap barriers
//
//   a: [replicas, m, k]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Beside naive: a block of a and one of b are loaded into workgroup memory, where each element serves
// a whole row or column of a block of c; and an invocation keeps ROWS x COLS elements of that block in
// registers, so that each element that it reads there serves several products.
//
// A workgroup computes TILE_M rows x TILE_N columns of c and passes over k in steps of TILE_K. A vec4
// holds four rows of a, or columns of b and c, a quarter of the block apart: then neighbouring
// invocations load and store neighbouring addresses. Zeros stand for what lies beyond the edges of a
// and b. Every sum runs over k upwards, so that all sizes of the block give the same bits. z is the
// replica.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
}

const TILE_M: u32 = 64u; // tune: 32 64 128
const TILE_N: u32 = 64u; // tune: 32 64 128
const TILE_K: u32 = 16u; // tune: 8 16 32
const ROWS: u32 = 4u; // tune: 4 8
const COLS: u32 = 4u; // tune: 4 8

// Invocations down and across the block, and its quarters.
const DOWN: u32 = TILE_M / ROWS;
const ACROSS: u32 = TILE_N / COLS;
const QUARTER_M: u32 = TILE_M / 4u;
const QUARTER_N: u32 = TILE_N / 4u;

// From one k to the next; the one more keeps neighbours in k out of the same bank of memory.
const A_PITCH: u32 = QUARTER_M + 1u;
const B_PITCH: u32 = QUARTER_N + 1u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

var<workgroup> a_block: array<vec4<f32>, TILE_K * A_PITCH>;
var<workgroup> b_block: array<vec4<f32>, TILE_K * B_PITCH>;

@compute @workgroup_size(ACROSS, DOWN)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let replica = workgroup.z;
    let row = workgroup.y * TILE_M;
    let col = workgroup.x * TILE_N;
    var sums: array<array<vec4<f32>, COLS / 4u>, ROWS>;
    for (var k = 0u; k < params.k; k += TILE_K) {
        for (var i = index; i < TILE_K * QUARTER_M; i += ACROSS * DOWN) {
            let at = vec2(i % TILE_K, i / TILE_K);
            a_block[at.x * A_PITCH + at.y] = rows_of_a(replica, k + at.x, row + at.y);
        }
        for (var i = index; i < TILE_K * QUARTER_N; i += ACROSS * DOWN) {
            let at = vec2(i / QUARTER_N, i % QUARTER_N);
            b_block[at.x * B_PITCH + at.y] = cols_of_b(replica, k + at.x, col + at.y);
        }
        workgroupBarrier();
        for (var i = 0u; i < TILE_K; i++) {
            for (var q = 0u; q < COLS / 4u; q++) {
                let terms = b_block[i * B_PITCH + q * ACROSS + local.x];
                for (var r = 0u; r < ROWS; r += 4u) {
                    let factors = a_block[i * A_PITCH + r / 4u * DOWN + local.y];
                    sums[r][q] += factors.x * terms;
                    sums[r + 1u][q] += factors.y * terms;
                    sums[r + 2u][q] += factors.z * terms;
                    sums[r + 3u][q] += factors.w * terms;
                }
            }
        }
        workgroupBarrier();
    }
    for (var r = 0u; r < ROWS; r++) {
        let at = row + r % 4u * QUARTER_M + r / 4u * DOWN + local.y;
        for (var q = 0u; q < COLS / 4u; q++) {
            store(replica, at, col + q * ACROSS + local.x, sums[r][q]);
        }
    }
}

fn rows_of_a(replica: u32, k: u32, row: u32) -> vec4<f32> {
    let start = replica * params.m * params.k + k;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = row + i * QUARTER_M;
        if (k < params.k && at < params.m) {
            found[i] = a[start + at * params.k];
        }
    }
    return found;
}

fn cols_of_b(replica: u32, k: u32, col: u32) -> vec4<f32> {
    let start = replica * params.b_stride + k * params.n;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = col + i * QUARTER_N;
        if (k < params.k && at < params.n) {
            found[i] = b[start + at];
        }
    }
    return found;
}

// Writes four elements of a row of c, as far as they are inside it.
fn store(replica: u32, row: u32, col: u32, sums: vec4<f32>) {
    let start = (replica * params.m + row) * params.n;
    for (var i = 0u; i < 4u; i++) {
        let at = col + i * QUARTER_N;
        if (row < params.m && at < params.n) {
            c[start + at] = sums[i];
        }
    }
}
