// matmul_backward, tiled: both gradients of y = x · weight
//   d_weight = transpose(x) · d_y
//   d_x = d_y · transpose(weight)
// prefers: cheap barriers
//
//   x, d_x: [replicas, batch, inputs]    d_y: [replicas, batch, outputs]
//   weight, d_weight: [replicas, inputs, outputs]
//
// Beside naive: a block of each factor is loaded into workgroup memory, where each element serves a
// whole row or column of a block of the result; and an invocation keeps SPAN x SPAN elements of that
// block in registers, so that each element that it reads there serves several products.
//
// A workgroup computes TILE x TILE elements of d_weight, whose rows are inputs, columns outputs and
// terms examples; or of d_x, whose rows are examples, columns inputs and terms outputs. The first
// workgroups along y take the outputs of d_weight, the others the examples of d_x; those along x take
// the inputs. It passes over the terms in steps of TERMS. A vec4 holds four rows, or columns, a quarter
// of the block apart: then neighbouring invocations load and store neighbouring addresses. Zeros stand
// for what lies beyond the edges. Every sum runs over its terms upwards, so that all sizes of the block
// give the same bits. z is the replica.

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

// Invocations across the block, and its quarter.
const ACROSS: u32 = TILE / SPAN;
const QUARTER: u32 = TILE / 4u;

// From one term to the next; the one more keeps neighbouring terms out of the same bank of memory.
const PITCH: u32 = QUARTER + 1u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> d_y: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;

var<workgroup> row_block: array<vec4<f32>, TERMS * PITCH>;
var<workgroup> col_block: array<vec4<f32>, TERMS * PITCH>;

@compute @workgroup_size(ACROSS, ACROSS)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let replica = workgroup.z;
    let weight_tiles = (params.outputs + TILE - 1u) / TILE;
    let of_weights = workgroup.y < weight_tiles;
    var row = workgroup.x * TILE;
    var col = workgroup.y * TILE;
    var terms = params.batch;
    if (!of_weights) {
        row = (workgroup.y - weight_tiles) * TILE;
        col = workgroup.x * TILE;
        terms = params.outputs;
    }
    var sums: array<array<vec4<f32>, SPAN / 4u>, SPAN>;
    for (var term = 0u; term < terms; term += TERMS) {
        for (var i = index; i < TERMS * QUARTER; i += ACROSS * ACROSS) {
            // Neighbours in memory are rows and columns of d_weight, but terms of d_x.
            let by_term = vec2(i % TERMS, i / TERMS);
            let at = select(by_term, vec2(i / QUARTER, i % QUARTER), of_weights);
            let place = at.x * PITCH + at.y;
            if (of_weights) {
                row_block[place] = examples_of_x(replica, term + at.x, row + at.y);
                col_block[place] = examples_of_d_y(replica, term + at.x, col + at.y);
            } else {
                row_block[place] = outputs_of_d_y(replica, term + at.x, row + at.y);
                col_block[place] = outputs_of_weight(replica, term + at.x, col + at.y);
            }
        }
        workgroupBarrier();
        for (var i = 0u; i < TERMS; i++) {
            for (var q = 0u; q < SPAN / 4u; q++) {
                let of_cols = col_block[i * PITCH + q * ACROSS + local.x];
                for (var r = 0u; r < SPAN; r += 4u) {
                    let of_rows = row_block[i * PITCH + r / 4u * ACROSS + local.y];
                    sums[r][q] += of_rows.x * of_cols;
                    sums[r + 1u][q] += of_rows.y * of_cols;
                    sums[r + 2u][q] += of_rows.z * of_cols;
                    sums[r + 3u][q] += of_rows.w * of_cols;
                }
            }
        }
        workgroupBarrier();
    }
    for (var r = 0u; r < SPAN; r++) {
        let at = row + r % 4u * QUARTER + r / 4u * ACROSS + local.y;
        for (var q = 0u; q < SPAN / 4u; q++) {
            let first = col + q * ACROSS + local.x;
            if (of_weights) {
                store_d_weight(replica, at, first, sums[r][q]);
            } else {
                store_d_x(replica, at, first, sums[r][q]);
            }
        }
    }
}

fn examples_of_x(replica: u32, example: u32, input: u32) -> vec4<f32> {
    let start = (replica * params.batch + example) * params.inputs;
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = input + i * QUARTER;
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
        let at = output + i * QUARTER;
        if (example < params.batch && at < params.outputs) {
            found[i] = d_y[start + at];
        }
    }
    return found;
}

fn outputs_of_d_y(replica: u32, output: u32, example: u32) -> vec4<f32> {
    var found = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = example + i * QUARTER;
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
        let at = input + i * QUARTER;
        if (output < params.outputs && at < params.inputs) {
            found[i] = weight[start + at * params.outputs];
        }
    }
    return found;
}

// Writes four elements of the row of an input, as far as they are inside d_weight.
fn store_d_weight(replica: u32, input: u32, output: u32, sums: vec4<f32>) {
    let start = replica * params.d_weight_stride + input * params.outputs;
    for (var i = 0u; i < 4u; i++) {
        let at = output + i * QUARTER;
        if (input < params.inputs && at < params.outputs) {
            d_weight[start + at] = sums[i];
        }
    }
}

// Writes four elements of the row of an example, as far as they are inside d_x.
fn store_d_x(replica: u32, example: u32, input: u32, sums: vec4<f32>) {
    let start = (replica * params.batch + example) * params.inputs;
    for (var i = 0u; i < 4u; i++) {
        let at = input + i * QUARTER;
        if (example < params.batch && at < params.inputs) {
            d_x[start + at] = sums[i];
        }
    }
}
