// matmul_nn, subgroup: c = a · b
// requires: subgroups, subgroup_size = 8
//
//   a: [replicas, m, k]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Beside naive: a subgroup keeps a block of c in registers, so that each element of a and b that it
// loads serves many products. Made for software Vulkan, where a load costs far more than a product.
//
// A workgroup is one subgroup of 8 lanes. It computes 32 rows x 32 columns of c; lane l owns columns
// l, l + 8, l + 16 and l + 24 of each row, in one vec4. For each k a lane loads its four elements of
// b and four of the block's 32 of a, and hands those four to the others by subgroupBroadcast, whose
// lane must be a constant: hence the rows by name. Lanes beyond the edge of a or b repeat its last
// row or column and store nothing. Workgroups go down the blocks of a column before they go to the next
// one, or along those of a row where c has more rows than columns: the larger of a and b is then fetched
// once, and what they share of the smaller stays in the cache. z is the replica.
//
// Where b is larger than a core's cache, its rows of the next stretch of k are touched before this one
// is added up, a row a lane: else each row would be waited for by itself.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
}

const LANES: u32 = 8u;
const TILE_M: u32 = 32u;
const TILE_N: u32 = 32u;
const STRETCH: u32 = 64u;
// Elements: 1 MiB.
const LARGE: u32 = 262144u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

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
    let a_start = workgroup.z * params.m * params.k + rows * params.k;
    let b_replica = workgroup.z * params.b_stride;
    let b_start = b_replica + cols;
    var sum0 = vec4<f32>();
    var sum1 = vec4<f32>();
    var sum2 = vec4<f32>();
    var sum3 = vec4<f32>();
    var sum4 = vec4<f32>();
    var sum5 = vec4<f32>();
    var sum6 = vec4<f32>();
    var sum7 = vec4<f32>();
    var sum8 = vec4<f32>();
    var sum9 = vec4<f32>();
    var sum10 = vec4<f32>();
    var sum11 = vec4<f32>();
    var sum12 = vec4<f32>();
    var sum13 = vec4<f32>();
    var sum14 = vec4<f32>();
    var sum15 = vec4<f32>();
    var sum16 = vec4<f32>();
    var sum17 = vec4<f32>();
    var sum18 = vec4<f32>();
    var sum19 = vec4<f32>();
    var sum20 = vec4<f32>();
    var sum21 = vec4<f32>();
    var sum22 = vec4<f32>();
    var sum23 = vec4<f32>();
    var sum24 = vec4<f32>();
    var sum25 = vec4<f32>();
    var sum26 = vec4<f32>();
    var sum27 = vec4<f32>();
    var sum28 = vec4<f32>();
    var sum29 = vec4<f32>();
    var sum30 = vec4<f32>();
    var sum31 = vec4<f32>();
    var touched = 0.0;
    let touch_end = select(0u, params.k, params.k * params.n >= LARGE);
    for (var first = 0u; first < params.k; first += STRETCH) {
        let end = min(first + STRETCH, params.k);
        for (var next = end + lane; next < min(end + STRETCH, touch_end); next += LANES) {
            let b_next = b_replica + next * params.n;
            touched = max(touched, b[b_next + min(col - lane, params.n - 1u)]);
            touched = max(touched, b[b_next + min(col - lane + TILE_N / 2u, params.n - 1u)]);
        }
        for (var k = first; k < end; k++) {
            let a_at = a_start + k;
            let b_at = b_start + k * params.n;
            let part0 = a[a_at.x];
            let part1 = a[a_at.y];
            let part2 = a[a_at.z];
            let part3 = a[a_at.w];
            let terms = vec4(b[b_at.x], b[b_at.y], b[b_at.z], b[b_at.w]);
            sum0 += subgroupBroadcast(part0, 0u) * terms;
            sum1 += subgroupBroadcast(part0, 1u) * terms;
            sum2 += subgroupBroadcast(part0, 2u) * terms;
            sum3 += subgroupBroadcast(part0, 3u) * terms;
            sum4 += subgroupBroadcast(part0, 4u) * terms;
            sum5 += subgroupBroadcast(part0, 5u) * terms;
            sum6 += subgroupBroadcast(part0, 6u) * terms;
            sum7 += subgroupBroadcast(part0, 7u) * terms;
            sum8 += subgroupBroadcast(part1, 0u) * terms;
            sum9 += subgroupBroadcast(part1, 1u) * terms;
            sum10 += subgroupBroadcast(part1, 2u) * terms;
            sum11 += subgroupBroadcast(part1, 3u) * terms;
            sum12 += subgroupBroadcast(part1, 4u) * terms;
            sum13 += subgroupBroadcast(part1, 5u) * terms;
            sum14 += subgroupBroadcast(part1, 6u) * terms;
            sum15 += subgroupBroadcast(part1, 7u) * terms;
            sum16 += subgroupBroadcast(part2, 0u) * terms;
            sum17 += subgroupBroadcast(part2, 1u) * terms;
            sum18 += subgroupBroadcast(part2, 2u) * terms;
            sum19 += subgroupBroadcast(part2, 3u) * terms;
            sum20 += subgroupBroadcast(part2, 4u) * terms;
            sum21 += subgroupBroadcast(part2, 5u) * terms;
            sum22 += subgroupBroadcast(part2, 6u) * terms;
            sum23 += subgroupBroadcast(part2, 7u) * terms;
            sum24 += subgroupBroadcast(part3, 0u) * terms;
            sum25 += subgroupBroadcast(part3, 1u) * terms;
            sum26 += subgroupBroadcast(part3, 2u) * terms;
            sum27 += subgroupBroadcast(part3, 3u) * terms;
            sum28 += subgroupBroadcast(part3, 4u) * terms;
            sum29 += subgroupBroadcast(part3, 5u) * terms;
            sum30 += subgroupBroadcast(part3, 6u) * terms;
            sum31 += subgroupBroadcast(part3, 7u) * terms;
        }
    }
    // It never is. But what nothing depends on would not be loaded.
    if (touched == -1.0) {
        return;
    }
    let c_start = workgroup.z * params.m * params.n + col;
    store(c_start, row + 0u, col, sum0);
    store(c_start, row + 1u, col, sum1);
    store(c_start, row + 2u, col, sum2);
    store(c_start, row + 3u, col, sum3);
    store(c_start, row + 4u, col, sum4);
    store(c_start, row + 5u, col, sum5);
    store(c_start, row + 6u, col, sum6);
    store(c_start, row + 7u, col, sum7);
    store(c_start, row + 8u, col, sum8);
    store(c_start, row + 9u, col, sum9);
    store(c_start, row + 10u, col, sum10);
    store(c_start, row + 11u, col, sum11);
    store(c_start, row + 12u, col, sum12);
    store(c_start, row + 13u, col, sum13);
    store(c_start, row + 14u, col, sum14);
    store(c_start, row + 15u, col, sum15);
    store(c_start, row + 16u, col, sum16);
    store(c_start, row + 17u, col, sum17);
    store(c_start, row + 18u, col, sum18);
    store(c_start, row + 19u, col, sum19);
    store(c_start, row + 20u, col, sum20);
    store(c_start, row + 21u, col, sum21);
    store(c_start, row + 22u, col, sum22);
    store(c_start, row + 23u, col, sum23);
    store(c_start, row + 24u, col, sum24);
    store(c_start, row + 25u, col, sum25);
    store(c_start, row + 26u, col, sum26);
    store(c_start, row + 27u, col, sum27);
    store(c_start, row + 28u, col, sum28);
    store(c_start, row + 29u, col, sum29);
    store(c_start, row + 30u, col, sum30);
    store(c_start, row + 31u, col, sum31);
}

// Writes the lane's four elements of one row, as far as they are inside c.
fn store(c_start: u32, row: u32, col: u32, sum: vec4<f32>) {
    if (row >= params.m) {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        if (col + i * LANES < params.n) {
            c[c_start + row * params.n + i * LANES] = sum[i];
        }
    }
}
