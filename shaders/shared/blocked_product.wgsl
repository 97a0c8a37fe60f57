// blocked_product: the products of matrices whose blocks are kept in registers, 4 x 4 per invocation
//
// Each number that an invocation reads is used four times. It uses no workgroup memory and no barrier, which
// cost more than they gain on a CPU, for example in a browser without a GPU. A workgroup computes TILE_M
// rows x TILE_N columns.
//
// The including file defines a_index and b_index, the index of an element, and store, which writes one
// element of the result.

const TILE_M: u32 = 16u; // tune: 8 16 32
const TILE_N: u32 = 32u; // tune: 16 32 64
const FOUR: vec4<u32> = vec4(0u, 1u, 2u, 3u);

@compute @workgroup_size(TILE_N / 4u, TILE_M / 4u)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = 4u * id.y;
    let col = 4u * id.x;
    if (row >= params.m || col >= params.n) {
        return;
    }
    // Beyond the last row and column these are read again, and the result is not stored.
    let rows = min(row + FOUR, vec4(params.m - 1u));
    let cols = min(col + FOUR, vec4(params.n - 1u));
    let a_first = a_index(id.z, 0u, 0u);
    let b_first = b_index(id.z, 0u, 0u);
    var a_at = a_first + rows * (a_index(id.z, 1u, 0u) - a_first);
    var b_at = b_first + cols * (b_index(id.z, 0u, 1u) - b_first);
    let a_step = a_index(id.z, 0u, 1u) - a_first;
    let b_step = b_index(id.z, 1u, 0u) - b_first;
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
        a_at += vec4(a_step);
        b_at += vec4(b_step);
    }
    store_row(id.z, row, col, sums0);
    store_row(id.z, row + 1u, col, sums1);
    store_row(id.z, row + 2u, col, sums2);
    store_row(id.z, row + 3u, col, sums3);
}

// Up to four columns of a row, if there is such a row.
fn store_row(replica: u32, row: u32, col: u32, sums: vec4<f32>) {
    if (row >= params.m) {
        return;
    }
    store(replica, row, col, sums.x);
    if (col + 1u < params.n) {
        store(replica, row, col + 1u, sums.y);
    }
    if (col + 2u < params.n) {
        store(replica, row, col + 2u, sums.z);
    }
    if (col + 3u < params.n) {
        store(replica, row, col + 3u, sums.w);
    }
}
