// matmul_backward, subgroup: both gradients of y = x · weight
//   d_weight = transpose(x) · d_y
//   d_x = d_y · transpose(weight)
// requires: subgroups, subgroup_size = 8
//
//   x, d_x: [replicas, batch, inputs]    d_y: [replicas, batch, outputs]
//   weight, d_weight: [replicas, inputs, outputs]
//
// Beside naive: a subgroup keeps a block of one result in registers, so that each element that it
// loads serves many products. Made for software Vulkan, where a load costs far more than a product.
//
// Both are sums over k of an element of d_y, of the block's row, and one of x or of the weights, of
// its column, an input: for d_weight a row is an output and k an example, for d_x a row is an example
// and k an output. A workgroup is one subgroup of 8 lanes. It computes 32 rows x 32 columns; lane l
// owns columns l, l + 8, l + 16 and l + 24 of each row, in one vec4. For each k a lane loads its four
// elements of the columns and four of the block's 32 of the rows, and hands those four to the others
// by subgroupBroadcast, whose lane must be a constant: hence the rows by name. Lanes beyond an edge
// repeat the last row or column and store nothing. The first workgroups along y take the outputs of
// d_weight, the others the examples of d_x; z is the replica.

struct Params {
    batch: u32,
    inputs: u32,
    outputs: u32,
    weight_stride: u32,
    d_weight_stride: u32,
}

const LANES: u32 = 8u;
const TILE: u32 = 32u;
const TILE_INPUTS: u32 = 32u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> d_y: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;

// Where an element of a result lies: from the start, so far for each row, so far for each column.
struct Result {
    of_weights: bool,
    rows: u32,
    start: u32,
    row_step: u32,
    col_step: u32,
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let weight_tiles = (params.outputs + TILE - 1u) / TILE;
    let of_weights = workgroup.y < weight_tiles;
    let replica = workgroup.z;
    let examples = replica * params.batch;
    let col = workgroup.x * TILE_INPUTS + lane;
    let cols = min(col + vec4(0u, 1u, 2u, 3u) * LANES, vec4(params.inputs - 1u));

    var row = workgroup.y * TILE;
    var depth = params.batch;
    var a_row = 1u;
    var a_step = params.outputs;
    var b_start = examples * params.inputs + cols;
    var b_step = params.inputs;
    var result = Result(
        true, params.outputs, replica * params.d_weight_stride, 1u, params.outputs,
    );
    if (!of_weights) {
        row = (workgroup.y - weight_tiles) * TILE;
        depth = params.outputs;
        a_row = params.outputs;
        a_step = 1u;
        b_start = replica * params.weight_stride + cols * params.outputs;
        b_step = 1u;
        result = Result(false, params.batch, examples * params.inputs, params.inputs, 1u);
    }
    let rows = min(row + vec4(0u, 1u, 2u, 3u) * LANES + lane, vec4(result.rows - 1u));
    let a_start = examples * params.outputs + rows * a_row;
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
    for (var k = 0u; k < depth; k++) {
        let a_at = a_start + k * a_step;
        let b_at = b_start + k * b_step;
        let part0 = d_y[a_at.x];
        let part1 = d_y[a_at.y];
        let part2 = d_y[a_at.z];
        let part3 = d_y[a_at.w];
        var terms = vec4<f32>();
        if (of_weights) {
            terms = vec4(x[b_at.x], x[b_at.y], x[b_at.z], x[b_at.w]);
        } else {
            terms = vec4(weight[b_at.x], weight[b_at.y], weight[b_at.z], weight[b_at.w]);
        }
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
    store(result, row + 0u, col, sum0);
    store(result, row + 1u, col, sum1);
    store(result, row + 2u, col, sum2);
    store(result, row + 3u, col, sum3);
    store(result, row + 4u, col, sum4);
    store(result, row + 5u, col, sum5);
    store(result, row + 6u, col, sum6);
    store(result, row + 7u, col, sum7);
    store(result, row + 8u, col, sum8);
    store(result, row + 9u, col, sum9);
    store(result, row + 10u, col, sum10);
    store(result, row + 11u, col, sum11);
    store(result, row + 12u, col, sum12);
    store(result, row + 13u, col, sum13);
    store(result, row + 14u, col, sum14);
    store(result, row + 15u, col, sum15);
    store(result, row + 16u, col, sum16);
    store(result, row + 17u, col, sum17);
    store(result, row + 18u, col, sum18);
    store(result, row + 19u, col, sum19);
    store(result, row + 20u, col, sum20);
    store(result, row + 21u, col, sum21);
    store(result, row + 22u, col, sum22);
    store(result, row + 23u, col, sum23);
    store(result, row + 24u, col, sum24);
    store(result, row + 25u, col, sum25);
    store(result, row + 26u, col, sum26);
    store(result, row + 27u, col, sum27);
    store(result, row + 28u, col, sum28);
    store(result, row + 29u, col, sum29);
    store(result, row + 30u, col, sum30);
    store(result, row + 31u, col, sum31);
}

// Writes the lane's four elements of one row, as far as they are inside the result.
fn store(result: Result, row: u32, col: u32, sum: vec4<f32>) {
    if (row >= result.rows) {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        let input = col + i * LANES;
        if (input < params.inputs) {
            let at = result.start + row * result.row_step + input * result.col_step;
            if (result.of_weights) {
                d_weight[at] = sum[i];
            } else {
                d_x[at] = sum[i];
            }
        }
    }
}
