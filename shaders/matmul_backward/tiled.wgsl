// matmul_backward, tiled: both gradients of y = x · weight
//   d_weight = transpose(x) · d_y
//   d_x = d_y · transpose(weight)
// prefers: cheap barriers
// shares: tiled_product
//
//   x, d_x: [replicas, batch, inputs]    d_y: [replicas, batch, outputs]
//   weight, d_weight: [replicas, inputs, outputs]
//
// Unlike naive, blocks of both factors are in workgroup memory, and an invocation keeps SPAN x SPAN elements
// of a block of the result in registers, see tiled_product.
//
// A workgroup computes TILE x TILE elements of d_weight, whose rows are inputs, columns outputs and terms
// examples; or of d_x, whose rows are examples, columns inputs and terms outputs: only for d_x are the factors
// contiguous along the terms. The first workgroups along y take the outputs of d_weight, the others the
// examples of d_x; those along x take the inputs. z is the replica.

struct Params {
    batch: u32,
    inputs: u32,
    outputs: u32,
    weight_stride: u32,
    d_weight_stride: u32,
}

const TILE: u32 = 64u; // tune: 32 64 128
const TILE_INPUTS: u32 = TILE;
const TERMS: u32 = 16u; // tune: 8 16 32
const SPAN: u32 = 4u; // tune: 4 8

// The names that tiled_product uses.
const TILE_M: u32 = TILE;
const TILE_N: u32 = TILE;
const TILE_K: u32 = TERMS;
const ROWS: u32 = SPAN;
const COLS: u32 = SPAN;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> d_y: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;

fn block_at(workgroup: vec3<u32>) -> Block {
    let weight_tiles = (params.outputs + TILE - 1u) / TILE;
    let tile = vec2(workgroup.x, workgroup.y) * TILE;
    if (workgroup.y < weight_tiles) {
        return Block(workgroup.z, tile.x, tile.y, params.batch, false, false);
    }
    return Block(workgroup.z, tile.y - weight_tiles * TILE, tile.x, params.outputs, true, true);
}

fn rows_of_a(block: Block, term: u32, row: u32) -> vec4<f32> {
    if (block.a_along_k) {
        return outputs_of_d_y(block.replica, term, row);
    }
    return examples_of_x(block.replica, term, row);
}

fn cols_of_b(block: Block, term: u32, col: u32) -> vec4<f32> {
    if (block.b_along_k) {
        return outputs_of_weight(block.replica, term, col);
    }
    return examples_of_d_y(block.replica, term, col);
}

fn examples_of_x(replica: u32, example: u32, input: u32) -> vec4<f32> {
    let start = (replica * params.batch + example) * params.inputs;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = input + i * QUARTER_M;
        if (example < params.batch && at < params.inputs) {
            found[i] = x[start + at];
        }
    }
    return found;
}

fn examples_of_d_y(replica: u32, example: u32, output: u32) -> vec4<f32> {
    let start = (replica * params.batch + example) * params.outputs;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = output + i * QUARTER_M;
        if (example < params.batch && at < params.outputs) {
            found[i] = d_y[start + at];
        }
    }
    return found;
}

fn outputs_of_d_y(replica: u32, output: u32, example: u32) -> vec4<f32> {
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = example + i * QUARTER_M;
        if (output < params.outputs && at < params.batch) {
            found[i] = d_y[(replica * params.batch + at) * params.outputs + output];
        }
    }
    return found;
}

fn outputs_of_weight(replica: u32, output: u32, input: u32) -> vec4<f32> {
    let start = replica * params.weight_stride + output;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = input + i * QUARTER_M;
        if (output < params.outputs && at < params.inputs) {
            found[i] = weight[start + at * params.outputs];
        }
    }
    return found;
}

// Writes four elements of a row, if they are inside the result.
fn store_row(block: Block, row: u32, col: u32, sums: vec4<f32>) {
    let of_x = block.a_along_k;
    let rows = select(params.inputs, params.batch, of_x);
    let cols = select(params.outputs, params.inputs, of_x);
    for (var i = 0u; i < 4u; i++) {
        let at = col + i * QUARTER_N;
        if (row >= rows || at >= cols) {
            continue;
        }
        if (of_x) {
            d_x[(block.replica * params.batch + row) * params.inputs + at] = sums[i];
        } else {
            d_weight[block.replica * params.d_weight_stride + row * params.outputs + at] = sums[i];
        }
    }
}
