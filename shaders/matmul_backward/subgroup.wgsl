// matmul_backward, subgroup: both gradients of y = x · weight
//   d_weight = transpose(x) · d_y
//   d_x = d_y · transpose(weight)
// requires: subgroups, subgroup_size = 8 or 16
// prefers: software
// shares: subgroup_sums, subgroup_store
//
//   x, d_x: [replicas, batch, inputs]    d_y: [replicas, batch, outputs]
//   weight, d_weight: [replicas, inputs, outputs]
//
// Unlike naive, a subgroup keeps a block of one result in registers, see subgroup_sums. Made for software
// Vulkan, where a load costs far more than a product.
//
// A workgroup is one subgroup of 8 lanes, or half of one of 16. It computes 32 rows x 32 columns of d_weight, whose
// rows are inputs, columns outputs and terms examples; or of d_x, whose rows are examples, columns inputs and terms
// outputs. Lanes beyond an edge repeat the last row or column and store nothing. Each result has its own loop, since
// software Vulkan runs both sides of a branch.
//
// The first workgroups along y take the outputs of d_weight, the others the examples of d_x; those along
// x take the inputs. All go down the blocks of a column before moving to the next: what they share
// stays in the cache. z is the replica.

struct Params {
    batch: u32,
    inputs: u32,
    outputs: u32,
    weight_stride: u32,
    d_weight_stride: u32,
}

const TILE: u32 = BLOCK;
const TILE_INPUTS: u32 = BLOCK;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> d_y: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;

// A block: its result's index, size and start, and the block's first row and column in it.
struct Block {
    of_weights: bool,
    rows: u32,
    cols: u32,
    start: u32,
    row: u32,
    col: u32,
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
    var block = Block(true, params.inputs, params.outputs, replica * params.d_weight_stride, 0u, 0u);
    if (workgroup.y >= weight_tiles) {
        let number = (workgroup.y - weight_tiles) * workgroups.x + workgroup.x;
        let down = workgroups.y - weight_tiles;
        tile = vec2(number % down, number / down);
        examples_to_add = 0u;
        outputs_to_add = params.outputs;
        block = Block(false, params.batch, params.inputs, examples * params.inputs, 0u, 0u);
    }
    block.row = tile.x * TILE;
    block.col = tile.y * TILE + lane;
    let rows = min(block.row + vec4(0u, 1u, 2u, 3u) * LANES + lane, vec4(block.rows - 1u));
    let cols = min(block.col + vec4(0u, 1u, 2u, 3u) * LANES, vec4(block.cols - 1u));
    var sums: Sums;
    for (var example = 0u; example < examples_to_add; example += 2u) {
        let both = example + 1u < examples_to_add;
        let first = examples + example;
        let next = first + u32(both);
        let parts = of_x(next * params.inputs + rows);
        let terms = of_d_y(next * params.outputs + cols);
        add(
            &sums,
            of_x(first * params.inputs + rows),
            of_d_y(first * params.outputs + cols),
            select(vec4(0.0), parts, both),
            select(vec4(0.0), terms, both),
        );
    }
    for (var output = 0u; output < outputs_to_add; output += 2u) {
        let both = output + 1u < outputs_to_add;
        let a_at = (examples + rows) * params.outputs + output;
        let b_at = weights + cols * params.outputs + output;
        add(
            &sums,
            of_d_y(a_at),
            of_weight(b_at),
            select(vec4(0.0), of_d_y(a_at + u32(both)), both),
            select(vec4(0.0), of_weight(b_at + u32(both)), both),
        );
    }
    store_sums(&sums, block);
}

fn of_x(at: vec4<u32>) -> vec4<f32> {
    return vec4(x[at.x], x[at.y], x[at.z], x[at.w]);
}

fn of_d_y(at: vec4<u32>) -> vec4<f32> {
    return vec4(d_y[at.x], d_y[at.y], d_y[at.z], d_y[at.w]);
}

fn of_weight(at: vec4<u32>) -> vec4<f32> {
    return vec4(weight[at.x], weight[at.y], weight[at.z], weight[at.w]);
}

fn store_row(block: Block, row: u32, sum: vec4<f32>) {
    if (row >= block.rows) {
        return;
    }
    for (var i = 0u; i < 4u; i++) {
        let col = block.col + i * LANES;
        if (col < block.cols) {
            let at = block.start + row * block.cols + col;
            if (block.of_weights) {
                d_weight[at] = sum[i];
            } else {
                d_x[at] = sum[i];
            }
        }
    }
}
