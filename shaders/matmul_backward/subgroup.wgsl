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
// A workgroup is one subgroup of 8 lanes. It computes 32 rows x 32 columns of d_weight, whose rows are
// inputs, columns outputs and terms examples; or of d_x, whose rows are examples, columns inputs and
// terms outputs. Lane l owns columns l, l + 8, l + 16 and l + 24 of each row, in one vec4. For each term
// a lane loads four elements of the columns and four of the block's 32 of the rows, and hands those four
// to the others by subgroupBroadcast, whose lane must be a constant: hence the rows by name. Lanes beyond
// an edge repeat the last row or column and store nothing. Each result has a loop of its own, since
// software Vulkan runs both sides of a branch.
//
// The first workgroups along y take the outputs of d_weight, the others the examples of d_x; those along
// x take the inputs. All go down the blocks of a column before they go to the next one: what they share
// stays in the cache. z is the replica.

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

// A result: which one, its size, and where its first element lies.
struct Result {
    of_weights: bool,
    rows: u32,
    cols: u32,
    start: u32,
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let weight_tiles = (params.outputs + TILE - 1u) / TILE;
    let replica = workgroup.z;
    let examples = replica * params.batch;
    let weights = replica * params.weight_stride;

    var tile = workgroup.xy;
    var examples_to_add = params.batch;
    var outputs_to_add = 0u;
    var result = Result(true, params.inputs, params.outputs, replica * params.d_weight_stride);
    if (workgroup.y >= weight_tiles) {
        let number = (workgroup.y - weight_tiles) * workgroups.x + workgroup.x;
        let down = workgroups.y - weight_tiles;
        tile = vec2(number % down, number / down);
        examples_to_add = 0u;
        outputs_to_add = params.outputs;
        result = Result(false, params.batch, params.inputs, examples * params.inputs);
    }
    let row = tile.x * TILE;
    let col = tile.y * TILE + lane;
    let rows = min(row + vec4(0u, 1u, 2u, 3u) * LANES + lane, vec4(result.rows - 1u));
    let cols = min(col + vec4(0u, 1u, 2u, 3u) * LANES, vec4(result.cols - 1u));
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
    for (var example = 0u; example < examples_to_add; example++) {
        let a_at = (examples + example) * params.inputs + rows;
        let b_at = (examples + example) * params.outputs + cols;
        let part0 = x[a_at.x];
        let part1 = x[a_at.y];
        let part2 = x[a_at.z];
        let part3 = x[a_at.w];
        let terms = vec4(d_y[b_at.x], d_y[b_at.y], d_y[b_at.z], d_y[b_at.w]);
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
    for (var output = 0u; output < outputs_to_add; output++) {
        let a_at = (examples + rows) * params.outputs + output;
        let b_at = weights + cols * params.outputs + output;
        let part0 = d_y[a_at.x];
        let part1 = d_y[a_at.y];
        let part2 = d_y[a_at.z];
        let part3 = d_y[a_at.w];
        let terms = vec4(weight[b_at.x], weight[b_at.y], weight[b_at.z], weight[b_at.w]);
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
        if (col + i * LANES < result.cols) {
            let at = result.start + row * result.cols + col + i * LANES;
            if (result.of_weights) {
                d_weight[at] = sum[i];
            } else {
                d_x[at] = sum[i];
            }
        }
    }
}
