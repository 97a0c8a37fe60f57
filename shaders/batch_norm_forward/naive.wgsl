// batch_norm_forward, naive: z = gamma * (x - mean) * rstd + beta over each column, y = activate(z)
// Source: Ioffe and Szegedy 2015, algorithm 1.
//
//   x, z, y: [replicas, rows, cols]      gamma, beta: [replicas, 1, cols]
//   statistics: [replicas, 2, cols], mean and rstd = 1 / sqrt(variance + epsilon) of this batch
//   running: [replicas, 2, cols], mean and unbiased variance, moved by momentum towards this batch's
//
// One invocation owns one column and passes over its rows three times: mean, variance, result; a
// workgroup takes 32 columns; z is the replica. Sums run over x minus the column's first value: a
// large offset costs no digits, and a constant column has exactly the variance 0.

struct Params {
    rows: u32,
    cols: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
    momentum: f32,
}

const INVOCATIONS: u32 = 32u; // tune: 8 16 32 64 128

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> running: array<f32>;
@group(0) @binding(5) var<storage, read_write> z: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    if (col >= params.cols) {
        return;
    }
    let start = id.z * params.rows * params.cols + col;
    let count = f32(params.rows);
    let first = x[start];

    var sum = 0.0;
    for (var row = 0u; row < params.rows; row++) {
        sum += x[start + row * params.cols] - first;
    }
    let shift = sum / count;

    var squares = 0.0;
    for (var row = 0u; row < params.rows; row++) {
        let centred = x[start + row * params.cols] - first - shift;
        squares += centred * centred;
    }
    let mean = first + shift;
    let rstd = 1.0 / sqrt(squares / count + params.epsilon);

    let scale = gamma[id.z * params.gamma_stride + col];
    let offset = beta[id.z * params.beta_stride + col];
    for (var row = 0u; row < params.rows; row++) {
        let at = start + row * params.cols;
        let affine = scale * ((x[at] - first - shift) * rstd) + offset;
        z[at] = affine;
        y[at] = activate(affine);
    }

    let mean_at = id.z * 2u * params.cols + col;
    let second_at = mean_at + params.cols;
    statistics[mean_at] = mean;
    statistics[second_at] = rstd;
    let unbiased = squares / max(count - 1.0, 1.0);
    let keep = 1.0 - params.momentum;
    running[mean_at] = keep * running[mean_at] + params.momentum * mean;
    running[second_at] = keep * running[second_at] + params.momentum * unbiased;
}
