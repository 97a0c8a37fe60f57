// tiled_factors: the sizes and contents of the blocks of tiled_product, for a product of a and b
//
// The including file defines a_index and b_index, the index of a factor's element, and store(replica, i, j,
// sum), which writes one element of the result.

const TILE_M: u32 = 64u; // tune: 32 64 128
const TILE_N: u32 = 64u; // tune: 32 64 128
const TILE_K: u32 = 16u; // tune: 8 16 32
const ROWS: u32 = 4u; // tune: 4 8
const COLS: u32 = 4u; // tune: 4 8

fn block_at(workgroup: vec3<u32>) -> Block {
    let row = workgroup.y * TILE_M;
    let col = workgroup.x * TILE_N;
    return Block(workgroup.z, row, col, params.k, A_BY_ROWS, !B_BY_ROWS);
}

fn rows_of_a(block: Block, k: u32, row: u32) -> vec4<f32> {
    let first = a_index(block.replica, 0u, k);
    let step = a_index(block.replica, 1u, k) - first;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = row + i * QUARTER_M;
        if (k < params.k && at < params.m) {
            found[i] = a[first + at * step];
        }
    }
    return found;
}

fn cols_of_b(block: Block, k: u32, col: u32) -> vec4<f32> {
    let first = b_index(block.replica, k, 0u);
    let step = b_index(block.replica, k, 1u) - first;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = col + i * QUARTER_N;
        if (k < params.k && at < params.n) {
            found[i] = b[first + at * step];
        }
    }
    return found;
}

// Writes four elements of a row of the result, if they are inside it.
fn store_row(block: Block, row: u32, col: u32, sums: vec4<f32>) {
    for (var i = 0u; i < 4u; i++) {
        let at = col + i * QUARTER_N;
        if (row < params.m && at < params.n) {
            store(block.replica, row, at, sums[i]);
        }
    }
}
