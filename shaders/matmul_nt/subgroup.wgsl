// matmul_nt, subgroup: c = a · transpose(b)
// requires: subgroups, subgroup_size = 8 or 16
// prefers: software
// shares: subgroup_sums, subgroup_store, subgroup_product
//
//   a: [replicas, m, k]    b: [replicas, n, k]    c: [replicas, m, n]
//
// Unlike naive, a subgroup keeps a block of c in registers, see subgroup_product; z is the replica.
//
// Each round of the loop takes two k, so that a cache line is fetched once for both: rows a power of two
// apart share one set of a core's nearest cache, and evict each other.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

fn add_up(sums: ptr<function, Sums>, block: Block) -> f32 {
    let a_start = block.replica * params.m * params.k + block.rows * params.k;
    let b_start = block.replica * params.b_stride + block.cols * params.k;
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
        add(
            sums,
            vec4(part0.x, part1.x, part2.x, part3.x),
            vec4(terms0.x, terms1.x, terms2.x, terms3.x),
            vec4(part0.y, part1.y, part2.y, part3.y),
            vec4(terms0.y, terms1.y, terms2.y, terms3.y),
        );
    }
    return 0.0;
}

// Two elements of a row of a; the second is 0 beyond the row's end, which may be the end of a.
fn pair_of_a(at: u32, second: bool) -> vec2<f32> {
    return vec2(a[at], select(0.0, a[at + u32(second)], second));
}

fn pair_of_b(at: u32, second: bool) -> vec2<f32> {
    return vec2(b[at], select(0.0, b[at + u32(second)], second));
}

fn store(replica: u32, i: u32, j: u32, sum: f32) {
    c[(replica * params.m + i) * params.n + j] = sum;
}
