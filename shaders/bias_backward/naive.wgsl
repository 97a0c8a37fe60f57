// bias_backward, naive: d_x = d_y * activation_gradient(z), d_bias = sum over rows of d_x
//
//   d_y, z, d_x: [replicas, rows, cols]    d_bias: [replicas, 1, cols]
//
// One invocation owns one column, from the first row to the last; a workgroup takes 32 columns; z is
// the replica.

struct Params {
    rows: u32,
    cols: u32,
    d_bias_stride: u32,
}

const INVOCATIONS: u32 = 32u; // tune: 8 16 32 64 128

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_bias: array<f32>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    if (col >= params.cols) {
        return;
    }
    var sum = 0.0;
    for (var row = 0u; row < params.rows; row++) {
        let at = (id.z * params.rows + row) * params.cols + col;
        let gradient = d_y[at] * activation_gradient(z[at]);
        d_x[at] = gradient;
        sum += gradient;
    }
    d_bias[id.z * params.d_bias_stride + col] = sum;
}
