// subgroup_stretches: the terms of subgroup_product, where the rows of b lie one after the other
//
// Where b, and a where its columns lie one after the other, are larger than a core's cache, what the next
// stretch of k needs of them is touched before this one is added up, a row a lane: else each row would be
// waited for by itself.

const STRETCH: u32 = 64u;
// Elements: 1 MiB.
const LARGE: u32 = 262144u;

// Returns what touching has found, for it to be of use.
fn add_products(sums: ptr<function, Sums>, block: Block) -> f32 {
    let rows = block.rows;
    let cols = block.cols;
    let fetched = params.n + select(params.m, 0u, A_BY_ROWS);
    let touch_end = select(0u, params.k, params.k * fetched >= LARGE);
    var touched = 0.0;
    for (var first = 0u; first < params.k; first += STRETCH) {
        let end = min(first + STRETCH, params.k);
        for (var next = end + block.lane; next < min(end + STRETCH, touch_end); next += LANES) {
            touched = max(touched, touch(block, next));
        }
        for (var k = first; k < end; k++) {
            let part = vec4(
                a[a_index(block.replica, rows.x, k)],
                a[a_index(block.replica, rows.y, k)],
                a[a_index(block.replica, rows.z, k)],
                a[a_index(block.replica, rows.w, k)],
            );
            let terms = vec4(
                b[b_index(block.replica, k, cols.x)],
                b[b_index(block.replica, k, cols.y)],
                b[b_index(block.replica, k, cols.z)],
                b[b_index(block.replica, k, cols.w)],
            );
            add(sums, part, terms);
        }
    }
    return touched;
}

// What the block needs of a k has two lines of the cache.
fn touch(block: Block, k: u32) -> f32 {
    var touched = 0.0;
    if (!A_BY_ROWS) {
        let row = min(vec2(block.row, block.row + TILE_M / 2u), vec2(params.m - 1u));
        touched = max(a[a_index(block.replica, row.x, k)], a[a_index(block.replica, row.y, k)]);
    }
    let first = block.col - block.lane;
    let col = min(vec2(first, first + TILE_N / 2u), vec2(params.n - 1u));
    touched = max(touched, b[b_index(block.replica, k, col.x)]);
    return max(touched, b[b_index(block.replica, k, col.y)]);
}
