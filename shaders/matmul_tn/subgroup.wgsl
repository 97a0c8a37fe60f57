// matmul_tn, subgroup: c = transpose(a) · b
// requires: subgroups, subgroup_size = 8
// shares: subgroup_sums, subgroup_stretches, subgroup_store, subgroup_product
//
//   a: [replicas, k, m]    b: [replicas, k, n]    c: [replicas, m, n]
//
// Beside naive: a subgroup keeps a block of c in registers, see subgroup_product; z is the replica.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    c_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// Whether the rows of a lie one after the other; else its columns do.
const A_BY_ROWS: bool = false;

fn a_index(replica: u32, i: u32, l: u32) -> u32 {
    return (replica * params.k + l) * params.m + i;
}

fn b_index(replica: u32, l: u32, j: u32) -> u32 {
    return (replica * params.k + l) * params.n + j;
}

fn add_up(sums: ptr<function, Sums>, block: Block) -> f32 {
    return add_products(sums, block);
}

fn store(replica: u32, i: u32, j: u32, sum: f32) {
    c[replica * params.c_stride + i * params.n + j] = sum;
}
