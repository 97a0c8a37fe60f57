// layer_norm_forward, naive: z = gamma * (x - mean) * rstd + beta over each row, y = activate(z)
// Source: Ba, Kiros and Hinton 2016, equations 3 and 4.
//
//   x, z, y: [replicas, rows, cols]
//   gamma, beta: [replicas, 1, affine], affine being cols (one per unit) or 1 (one for the layer)
//   statistics: [replicas, rows, 2], mean and rstd = 1 / sqrt(variance + epsilon) of each row
//
// One invocation owns one row and passes over its columns three times: mean, variance, result; a
// workgroup takes 16 rows; z is the replica. Sums run over x minus the row's first value (see
// batch_norm_forward).

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
}

const INVOCATIONS: u32 = 16u; // tune: 8 16 32 64

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> z: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    if (row >= params.rows) {
        return;
    }
    let start = (id.z * params.rows + row) * params.cols;
    let count = f32(params.cols);
    let first = x[start];

    var sum = 0.0;
    for (var col = 0u; col < params.cols; col++) {
        sum += x[start + col] - first;
    }
    let shift = sum / count;

    var squares = 0.0;
    for (var col = 0u; col < params.cols; col++) {
        let centred = x[start + col] - first - shift;
        squares += centred * centred;
    }
    let rstd = 1.0 / sqrt(squares / count + params.epsilon);

    for (var col = 0u; col < params.cols; col++) {
        let unit = col % params.affine;
        let scale = gamma[id.z * params.gamma_stride + unit];
        let offset = beta[id.z * params.beta_stride + unit];
        let value = scale * ((x[start + col] - first - shift) * rstd) + offset;
        z[start + col] = value;
        y[start + col] = activate(value);
    }
    let mean_at = (id.z * params.rows + row) * 2u;
    statistics[mean_at] = first + shift;
    statistics[mean_at + 1u] = rstd;
}
