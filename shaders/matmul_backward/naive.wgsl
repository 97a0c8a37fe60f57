// matmul_backward, naive: both gradients of y = x · weight
//   d_weight = transpose(x) · d_y
//   d_x = d_y · transpose(weight)
//
//   x, d_x: [replicas, batch, inputs]    d_y: [replicas, batch, outputs]
//   weight, d_weight: [replicas, inputs, outputs]
//
// The plain formulas. One invocation computes one element. Its x is the input; the first
// workgroups along y take the outputs of d_weight, the others the examples of d_x. A workgroup
// computes an 8 x 8 block; z is the replica.

struct Params {
    batch: u32,
    inputs: u32,
    outputs: u32,
    weight_stride: u32,
    d_weight_stride: u32,
}

const SIDE: u32 = 8u; // tune: 4 8 16

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> d_y: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;

@compute @workgroup_size(SIDE, SIDE)
fn main(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    let input = id.x;
    if (input >= params.inputs) {
        return;
    }
    let weight_tiles = (params.outputs + SIDE - 1u) / SIDE;
    if (workgroup.y < weight_tiles) {
        gradient_of_weight(input, id.y, id.z);
    } else {
        gradient_of_x(input, id.y - weight_tiles * SIDE, id.z);
    }
}

fn gradient_of_weight(input: u32, output: u32, replica: u32) {
    if (output >= params.outputs) {
        return;
    }
    let first = replica * params.batch;
    var sum = 0.0;
    for (var i = 0u; i < params.batch; i++) {
        let example = first + i;
        sum += d_y[example * params.outputs + output] * x[example * params.inputs + input];
    }
    d_weight[replica * params.d_weight_stride + input * params.outputs + output] = sum;
}

fn gradient_of_x(input: u32, i: u32, replica: u32) {
    if (i >= params.batch) {
        return;
    }
    let example = replica * params.batch + i;
    let weights = replica * params.weight_stride + input * params.outputs;
    var sum = 0.0;
    for (var output = 0u; output < params.outputs; output++) {
        sum += d_y[example * params.outputs + output] * weight[weights + output];
    }
    d_x[example * params.inputs + input] = sum;
}
