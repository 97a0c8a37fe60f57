// layer_norm_forward, lanes: z = gamma * (x - mean) * rstd + beta over each row, y = activate(z)
// prefers: hardware
// Source: Ba, Kiros and Hinton 2016, equations 3 and 4.
//
//   x, z, y: [replicas, rows, cols]
//   gamma, beta: [replicas, 1, affine], affine being cols (one per unit) or 1 (one for the layer)
//   statistics: [replicas, rows, 2], mean and rstd = 1 / sqrt(variance + epsilon) of each row
//
// Unlike naive, LANES invocations share a row, each with every LANES-th of its columns, so that
// neighbours load and store neighbouring addresses and a few rows keep a whole GPU busy. Their sums
// are added up in workgroup memory by repeated halving, always in the same order.
//
// A workgroup takes TILE_ROWS rows; z is the replica. Sums run over x minus the row's first
// value (see batch_norm_forward).

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
}

const LANES: u32 = 64u; // tune: 16 32 64 128 256
const TILE_ROWS: u32 = 4u; // tune: 1 2 4 8

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> z: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<storage, read_write> statistics: array<f32>;

var<workgroup> parts: array<f32, TILE_ROWS * LANES>;

@compute @workgroup_size(LANES, TILE_ROWS)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let row = workgroup.x * TILE_ROWS + local.y;
    let inside = row < params.rows;
    // A row beyond the end has no columns: its lanes only take part in the barriers.
    let cols = select(0u, params.cols, inside);
    let line = workgroup.z * params.rows + min(row, params.rows - 1u);
    let start = line * params.cols;
    let count = f32(params.cols);
    let first = x[start];

    var sum = 0.0;
    for (var col = local.x; col < cols; col += LANES) {
        sum += x[start + col] - first;
    }
    let shift = total(sum, local) / count;

    var squares = 0.0;
    for (var col = local.x; col < cols; col += LANES) {
        let centred = x[start + col] - first - shift;
        squares += centred * centred;
    }
    let rstd = 1.0 / sqrt(total(squares, local) / count + params.epsilon);

    for (var col = local.x; col < cols; col += LANES) {
        let unit = col % params.affine;
        let scale = gamma[workgroup.z * params.gamma_stride + unit];
        let offset = beta[workgroup.z * params.beta_stride + unit];
        let value = scale * ((x[start + col] - first - shift) * rstd) + offset;
        z[start + col] = value;
        y[start + col] = activate(value);
    }
    if (inside && local.x == 0u) {
        statistics[line * 2u] = first + shift;
        statistics[line * 2u + 1u] = rstd;
    }
}

// The sum of the parts of all lanes of a row. All invocations of the workgroup call it together.
fn total(part: f32, local: vec3<u32>) -> f32 {
    let at = local.y * LANES + local.x;
    parts[at] = part;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (local.x < half) {
            parts[at] += parts[at + half];
        }
    }
    workgroupBarrier();
    let sum = parts[local.y * LANES];
    workgroupBarrier();
    return sum;
}
