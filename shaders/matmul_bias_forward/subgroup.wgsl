// matmul_bias_forward, subgroup: z = a · b + bias, y = activate(z)
// requires: subgroups, subgroup_size = 8 or 16
// prefers: software
// shares: subgroup_sums, subgroup_stretches, subgroup_store, subgroup_product
//
//   a: [replicas, m, k]    b: [replicas, k, n]    bias: [replicas, 1, n]    z, y: [replicas, m, n]
//
// Unlike naive, a subgroup keeps a block of the product in registers, see subgroup_product. The bias is
// an additional term of each sum, with the factor 1; z is the replica.

struct Params {
    m: u32,
    k: u32,
    n: u32,
    b_stride: u32,
    bias_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> z: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

// Whether the rows of a are contiguous; else its columns are.
const A_BY_ROWS: bool = true;

fn a_index(replica: u32, i: u32, l: u32) -> u32 {
    return (replica * params.m + i) * params.k + l;
}

fn b_index(replica: u32, l: u32, j: u32) -> u32 {
    return replica * params.b_stride + l * params.n + j;
}

fn add_up(sums: ptr<function, Sums>, block: Block) -> f32 {
    let touched = add_products(sums, block);
    let at = block.replica * params.bias_stride + block.cols;
    let terms = vec4(bias[at.x], bias[at.y], bias[at.z], bias[at.w]);
    add(sums, vec4(1.0), terms, vec4(0.0), vec4(0.0));
    return touched;
}

fn store(replica: u32, i: u32, j: u32, sum: f32) {
    let at = (replica * params.m + i) * params.n + j;
    z[at] = sum;
    y[at] = activate(sum);
}
