// group_norm_forward, naive: z = gamma * (x - mean) * rstd + beta over each group of a row,
//   y = activate(z)
// Source: Wu and He 2018, equations 1 to 4.
//
//   x, z, y: [replicas, rows, cols], the columns being `groups` parts of equal width
//   gamma, beta: [replicas, 1, affine], affine being cols (one a unit) or 1 (one for the layer)
//   statistics: [replicas, rows, 2 groups], mean and rstd = 1 / sqrt(variance + epsilon) of each group
//
// One invocation owns one group of a row and passes over its columns three times: mean, variance,
// result; a workgroup takes that group of 16 rows; z is the replica. Sums run over x minus the group's
// first value (see batch_norm_forward).

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    groups: u32,
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
    let group = id.y;
    if (row >= params.rows) {
        return;
    }
    let line = id.z * params.rows + row;
    let width = params.cols / params.groups;
    let count = f32(width);
    let start = line * params.cols + group * width;
    let end = start + width;
    let first = x[start];

    var sum = 0.0;
    for (var at = start; at < end; at++) {
        sum += x[at] - first;
    }
    let shift = sum / count;

    var squares = 0.0;
    for (var at = start; at < end; at++) {
        let centred = x[at] - first - shift;
        squares += centred * centred;
    }
    let rstd = 1.0 / sqrt(squares / count + params.epsilon);

    for (var at = start; at < end; at++) {
        let unit = (at - line * params.cols) % params.affine;
        let scale = gamma[id.z * params.gamma_stride + unit];
        let offset = beta[id.z * params.beta_stride + unit];
        let value = scale * ((x[at] - first - shift) * rstd) + offset;
        z[at] = value;
        y[at] = activate(value);
    }
    let mean_at = (line * params.groups + group) * 2u;
    statistics[mean_at] = first + shift;
    statistics[mean_at + 1u] = rstd;
}
