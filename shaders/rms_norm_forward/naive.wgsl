// rms_norm_forward, naive: z = gamma * x * rstd over each row, y = activate(z),
//   rstd = 1 / sqrt(sum of x^2 / cols + epsilon)
// Source: Zhang and Sennrich 2019, equation 4.
//
//   x, z, y: [replicas, rows, cols]    statistics: [replicas, rows, 1], rstd of each row
//   gamma: [replicas, 1, affine], affine being cols (one per unit) or 1 (one for the layer)
//
// One invocation owns one row and passes over its columns twice: squares, result; a workgroup takes
// 16 rows; z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    epsilon: f32,
}

const INVOCATIONS: u32 = 16u; // tune: 8 16 32 64

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    if (row >= params.rows) {
        return;
    }
    let line = id.z * params.rows + row;
    let start = line * params.cols;

    var squares = 0.0;
    for (var col = 0u; col < params.cols; col++) {
        squares += x[start + col] * x[start + col];
    }
    let rstd = 1.0 / sqrt(squares / f32(params.cols) + params.epsilon);

    for (var col = 0u; col < params.cols; col++) {
        let scale = gamma[id.z * params.gamma_stride + col % params.affine];
        let value = scale * (x[start + col] * rstd);
        z[start + col] = value;
        y[start + col] = activate(value);
    }
    statistics[line] = rstd;
}
