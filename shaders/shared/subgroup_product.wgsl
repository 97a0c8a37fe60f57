// subgroup_product: the products of matrices whose blocks are kept in registers, 32 x 32 per subgroup
//
// Made for software Vulkan, where a load costs far more than a product. A workgroup is one subgroup of 8 lanes,
// or half of one of 16. For each k it adds a term to all of its sums, see subgroup_sums. Lanes beyond the edge of a
// or b repeat its last row or column and store nothing. Workgroups go down the blocks of a column before moving to
// the next, or along those of a row if c has more rows than columns: the larger of a and b is then fetched once, and
// what they share of the smaller stays in the cache.
//
// The including file defines add_up, which adds up the terms of a block, and store_sums.

const TILE_M: u32 = BLOCK;
const TILE_N: u32 = BLOCK;

// A lane's view of a block of c: its first row and column, and those that the lane loads.
struct Block {
    replica: u32,
    lane: u32,
    row: u32,
    col: u32,
    rows: vec4<u32>,
    cols: vec4<u32>,
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let number = workgroup.y * workgroups.x + workgroup.x;
    let along = params.m > params.n;
    let row = select(number % workgroups.y, number / workgroups.x, along) * TILE_M;
    let col = select(number / workgroups.y, number % workgroups.x, along) * TILE_N + lane;
    let rows = min(row + vec4(0u, 1u, 2u, 3u) * LANES + lane, vec4(params.m - 1u));
    let cols = min(col + vec4(0u, 1u, 2u, 3u) * LANES, vec4(params.n - 1u));
    let block = Block(workgroup.z, lane, row, col, rows, cols);
    var sums: Sums;
    let touched = add_up(&sums, block);
    // It never is, but loads that nothing depends on would be removed.
    if (touched == -1.0) {
        return;
    }
    store_sums(&sums, block);
}

// Writes the lane's four elements of one row, if they are inside the result.
fn store_row(block: Block, row: u32, sum: vec4<f32>) {
    if (row >= params.m) {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        let col = block.col + i * LANES;
        if (col < params.n) {
            store(block.replica, row, col, sum[i]);
        }
    }
}
