// batch_norm_backward, naive: with n = (x - mean) * rstd and g = d_y * activation_gradient(z),
//   d_beta = sum of g    d_gamma = sum of g * n    over each column
//   d_x = gamma * rstd * (g - d_beta / rows - n * d_gamma / rows)
// Source: Ioffe and Szegedy 2015, section 3.
//
//   d_y, z, x, d_x: [replicas, rows, cols]    gamma, d_gamma, d_beta: [replicas, 1, cols]
//   statistics: [replicas, 2, cols], mean and rstd from the forward pass
//
// One invocation owns one column and passes over its rows twice: sums, result; a workgroup takes 32
// columns; z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    gamma_stride: u32,
    d_gamma_stride: u32,
    d_beta_stride: u32,
}

const INVOCATIONS: u32 = 32u; // tune: 8 16 32 64 128

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> statistics: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_gamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_beta: array<f32>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    if (col >= params.cols) {
        return;
    }
    let start = id.z * params.rows * params.cols + col;
    let mean_at = id.z * 2u * params.cols + col;
    let mean = statistics[mean_at];
    let rstd = statistics[mean_at + params.cols];

    var sum = 0.0;
    var dot = 0.0;
    for (var row = 0u; row < params.rows; row++) {
        let at = start + row * params.cols;
        let d_z = d_y[at] * activation_gradient(z[at]);
        sum += d_z;
        dot += d_z * ((x[at] - mean) * rstd);
    }

    let count = f32(params.rows);
    let scale = gamma[id.z * params.gamma_stride + col] * rstd;
    for (var row = 0u; row < params.rows; row++) {
        let at = start + row * params.cols;
        let d_z = d_y[at] * activation_gradient(z[at]);
        let normalized = (x[at] - mean) * rstd;
        d_x[at] = scale * (d_z - sum / count - normalized * (dot / count));
    }
    d_gamma[id.z * params.d_gamma_stride + col] = dot;
    d_beta[id.z * params.d_beta_stride + col] = sum;
}
