// matmul_nt, subgroup: c = a · transpose(b)
// requires: subgroups, subgroup_size = 8
//
//   a: [replicas, m, k]    b: [replicas, n, k]    c: [replicas, m, n]
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
// A turn of the loop takes two k, so that a line of the cache is fetched for both: rows that lie a power
// of two apart share one place in a core's nearest cache, and drive each other out.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
}

const LANES: u32 = 8u;
const TILE_M: u32 = 32u;
const TILE_N: u32 = 32u;

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
    let b_start = workgroup.z * params.b_stride + cols * params.k;
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
    for (var k = 0u; k < params.k; k += 2u) {
        let second = k + 1u < params.k;
        let part0 = pair_of_a(a_start.x + k, second);
        let part1 = pair_of_a(a_start.y + k, second);
        let part2 = pair_of_a(a_start.z + k, second);
        let part3 = pair_of_a(a_start.w + k, second);
        let terms0 = pair_of_b(b_start.x + k, second);
        let terms1 = pair_of_b(b_start.y + k, second);
        let terms2 = pair_of_b(b_start.z + k, second);
        let terms3 = pair_of_b(b_start.w + k, second);
        let first_terms = vec4(terms0.x, terms1.x, terms2.x, terms3.x);
        sum0 += subgroupBroadcast(part0.x, 0u) * first_terms;
        sum1 += subgroupBroadcast(part0.x, 1u) * first_terms;
        sum2 += subgroupBroadcast(part0.x, 2u) * first_terms;
        sum3 += subgroupBroadcast(part0.x, 3u) * first_terms;
        sum4 += subgroupBroadcast(part0.x, 4u) * first_terms;
        sum5 += subgroupBroadcast(part0.x, 5u) * first_terms;
        sum6 += subgroupBroadcast(part0.x, 6u) * first_terms;
        sum7 += subgroupBroadcast(part0.x, 7u) * first_terms;
        sum8 += subgroupBroadcast(part1.x, 0u) * first_terms;
        sum9 += subgroupBroadcast(part1.x, 1u) * first_terms;
        sum10 += subgroupBroadcast(part1.x, 2u) * first_terms;
        sum11 += subgroupBroadcast(part1.x, 3u) * first_terms;
        sum12 += subgroupBroadcast(part1.x, 4u) * first_terms;
        sum13 += subgroupBroadcast(part1.x, 5u) * first_terms;
        sum14 += subgroupBroadcast(part1.x, 6u) * first_terms;
        sum15 += subgroupBroadcast(part1.x, 7u) * first_terms;
        sum16 += subgroupBroadcast(part2.x, 0u) * first_terms;
        sum17 += subgroupBroadcast(part2.x, 1u) * first_terms;
        sum18 += subgroupBroadcast(part2.x, 2u) * first_terms;
        sum19 += subgroupBroadcast(part2.x, 3u) * first_terms;
        sum20 += subgroupBroadcast(part2.x, 4u) * first_terms;
        sum21 += subgroupBroadcast(part2.x, 5u) * first_terms;
        sum22 += subgroupBroadcast(part2.x, 6u) * first_terms;
        sum23 += subgroupBroadcast(part2.x, 7u) * first_terms;
        sum24 += subgroupBroadcast(part3.x, 0u) * first_terms;
        sum25 += subgroupBroadcast(part3.x, 1u) * first_terms;
        sum26 += subgroupBroadcast(part3.x, 2u) * first_terms;
        sum27 += subgroupBroadcast(part3.x, 3u) * first_terms;
        sum28 += subgroupBroadcast(part3.x, 4u) * first_terms;
        sum29 += subgroupBroadcast(part3.x, 5u) * first_terms;
        sum30 += subgroupBroadcast(part3.x, 6u) * first_terms;
        sum31 += subgroupBroadcast(part3.x, 7u) * first_terms;
        let second_terms = vec4(terms0.y, terms1.y, terms2.y, terms3.y);
        sum0 += subgroupBroadcast(part0.y, 0u) * second_terms;
        sum1 += subgroupBroadcast(part0.y, 1u) * second_terms;
        sum2 += subgroupBroadcast(part0.y, 2u) * second_terms;
        sum3 += subgroupBroadcast(part0.y, 3u) * second_terms;
        sum4 += subgroupBroadcast(part0.y, 4u) * second_terms;
        sum5 += subgroupBroadcast(part0.y, 5u) * second_terms;
        sum6 += subgroupBroadcast(part0.y, 6u) * second_terms;
        sum7 += subgroupBroadcast(part0.y, 7u) * second_terms;
        sum8 += subgroupBroadcast(part1.y, 0u) * second_terms;
        sum9 += subgroupBroadcast(part1.y, 1u) * second_terms;
        sum10 += subgroupBroadcast(part1.y, 2u) * second_terms;
        sum11 += subgroupBroadcast(part1.y, 3u) * second_terms;
        sum12 += subgroupBroadcast(part1.y, 4u) * second_terms;
        sum13 += subgroupBroadcast(part1.y, 5u) * second_terms;
        sum14 += subgroupBroadcast(part1.y, 6u) * second_terms;
        sum15 += subgroupBroadcast(part1.y, 7u) * second_terms;
        sum16 += subgroupBroadcast(part2.y, 0u) * second_terms;
        sum17 += subgroupBroadcast(part2.y, 1u) * second_terms;
        sum18 += subgroupBroadcast(part2.y, 2u) * second_terms;
        sum19 += subgroupBroadcast(part2.y, 3u) * second_terms;
        sum20 += subgroupBroadcast(part2.y, 4u) * second_terms;
        sum21 += subgroupBroadcast(part2.y, 5u) * second_terms;
        sum22 += subgroupBroadcast(part2.y, 6u) * second_terms;
        sum23 += subgroupBroadcast(part2.y, 7u) * second_terms;
        sum24 += subgroupBroadcast(part3.y, 0u) * second_terms;
        sum25 += subgroupBroadcast(part3.y, 1u) * second_terms;
        sum26 += subgroupBroadcast(part3.y, 2u) * second_terms;
        sum27 += subgroupBroadcast(part3.y, 3u) * second_terms;
        sum28 += subgroupBroadcast(part3.y, 4u) * second_terms;
        sum29 += subgroupBroadcast(part3.y, 5u) * second_terms;
        sum30 += subgroupBroadcast(part3.y, 6u) * second_terms;
        sum31 += subgroupBroadcast(part3.y, 7u) * second_terms;
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

// Two elements of a row of a; 0 for the second beyond the row's end.
fn pair_of_a(at: u32, second: bool) -> vec2<f32> {
    return vec2(a[at], select(0.0, a[at + 1u], second));
}

fn pair_of_b(at: u32, second: bool) -> vec2<f32> {
    return vec2(b[at], select(0.0, b[at + 1u], second));
}
