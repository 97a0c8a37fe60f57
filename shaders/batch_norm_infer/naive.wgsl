// batch_norm_infer, naive: y = activate(gamma * (x - mean) / sqrt(variance + epsilon) + beta)
// Source: Ioffe and Szegedy 2015, algorithm 2, line 11.
//
//   x, y: [replicas, rows, cols]              gamma, beta: [replicas, 1, cols]
//   running: [replicas, 2, cols], mean and variance, as training left them
//
// One invocation computes one element; a workgroup takes 16 columns of 4 rows; z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
}

const COLS: u32 = 16u; // tune: 8 16 32 64
const ROWS: u32 = 4u; // tune: 1 2 4

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read> running: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(COLS, ROWS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    let row = id.y;
    if (row >= params.rows || col >= params.cols) {
        return;
    }
    let mean_at = id.z * 2u * params.cols + col;
    let mean = running[mean_at];
    let rstd = 1.0 / sqrt(running[mean_at + params.cols] + params.epsilon);
    let scale = gamma[id.z * params.gamma_stride + col];
    let offset = beta[id.z * params.beta_stride + col];
    let at = (id.z * params.rows + row) * params.cols + col;
    y[at] = activate(scale * ((x[at] - mean) * rstd) + offset);
}
