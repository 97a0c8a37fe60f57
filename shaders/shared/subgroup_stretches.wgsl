// subgroup_stretches: the terms of subgroup_product, if the rows of b are contiguous
//
// If b (and a, if its columns are contiguous) is larger than a core's cache, the part of it that the next
// stretch of k needs is touched before this one is added up, one row per lane, so that its rows are fetched
// together.

const STRETCH: u32 = 64u;
// Elements: 1 MiB.
const LARGE: u32 = 262144u;

// Returns a value from the touched elements, so that the loads are not removed.
fn add_products(sums: ptr<function, Sums>, block: Block) -> f32 {
    let replica = block.replica;
    let a_first = vec4(
        a_index(replica, block.rows.x, 0u),
        a_index(replica, block.rows.y, 0u),
        a_index(replica, block.rows.z, 0u),
        a_index(replica, block.rows.w, 0u),
    );
    let b_first = b_index(replica, 0u, 0u) + block.cols;
    // From one k to the next: recomputing the index for each k takes a tenth of the time.
    let a_step = a_index(replica, 0u, 1u) - a_index(replica, 0u, 0u);
    let b_step = b_index(replica, 1u, 0u) - b_index(replica, 0u, 0u);
    let fetched = params.n + select(params.m, 0u, A_BY_ROWS);
    let touch_end = select(0u, params.k, params.k * fetched >= LARGE);
    var touched = 0.0;
    for (var first = 0u; first < params.k; first += STRETCH) {
        let end = min(first + STRETCH, params.k);
        for (var next = end + block.lane; next < min(end + STRETCH, touch_end); next += LANES) {
            touched = max(touched, touch(block, next));
        }
        for (var k = first; k < end; k += 2u) {
            let both = k + 1u < end;
            let next = select(k, k + 1u, both);
            let parts = a_part(a_first + next * a_step);
            let terms = b_terms(b_first + next * b_step);
            add(
                sums,
                a_part(a_first + k * a_step),
                b_terms(b_first + k * b_step),
                select(vec4(0.0), parts, both),
                select(vec4(0.0), terms, both),
            );
        }
    }
    return touched;
}

fn a_part(at: vec4<u32>) -> vec4<f32> {
    return vec4(a[at.x], a[at.y], a[at.z], a[at.w]);
}

fn b_terms(at: vec4<u32>) -> vec4<f32> {
    return vec4(b[at.x], b[at.y], b[at.z], b[at.w]);
}

// What the block needs of one k is two cache lines.
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
