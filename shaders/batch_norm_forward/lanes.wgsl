// batch_norm_forward, lanes: z = gamma * (x - mean) * rstd + beta over each column, y = activate(z)
// prefers: hardware
// Source: Ioffe and Szegedy 2015, algorithm 1.
//
//   x, z, y: [replicas, rows, cols]      gamma, beta: [replicas, 1, cols]
//   statistics: [replicas, 2, cols], mean and rstd = 1 / sqrt(variance + epsilon) of this batch
//   running: [replicas, 2, cols], mean and unbiased variance, moved by momentum towards this batch's
//
// Unlike naive, LANES invocations share a column, each with every LANES-th of its rows, so that a few
// columns keep a whole GPU busy; neighbours have neighbouring columns, and load and store neighbouring
// addresses. Their sums are added up in workgroup memory by repeated halving, always in the same
// order.
//
// A workgroup takes TILE_COLS columns; z is the replica. Sums run over x minus the column's first
// value, as in naive.

struct Params {
    rows: u32,
    cols: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
    momentum: f32,
}

const TILE_COLS: u32 = 8u; // tune: 4 8 16 32
const LANES: u32 = 32u; // tune: 4 8 16 32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> running: array<f32>;
@group(0) @binding(5) var<storage, read_write> z: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> statistics: array<f32>;

var<workgroup> parts: array<f32, LANES * TILE_COLS>;

@compute @workgroup_size(TILE_COLS, LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let inside = workgroup.x * TILE_COLS + local.x < params.cols;
    // A column beyond the end has no rows: its lanes only take part in the barriers.
    let rows = select(0u, params.rows, inside);
    let col = min(workgroup.x * TILE_COLS + local.x, params.cols - 1u);
    let start = workgroup.z * params.rows * params.cols + col;
    let mean_at = workgroup.z * 2u * params.cols + col;
    let count = f32(params.rows);
    let first = x[start];

    var sum = 0.0;
    for (var row = local.y; row < rows; row += LANES) {
        sum += x[start + row * params.cols] - first;
    }
    let shift = total(sum, local) / count;

    var squares = 0.0;
    for (var row = local.y; row < rows; row += LANES) {
        let centred = x[start + row * params.cols] - first - shift;
        squares += centred * centred;
    }
    squares = total(squares, local);
    let mean = first + shift;
    let rstd = 1.0 / sqrt(squares / count + params.epsilon);

    let scale = gamma[workgroup.z * params.gamma_stride + col];
    let offset = beta[workgroup.z * params.beta_stride + col];
    for (var row = local.y; row < rows; row += LANES) {
        let at = start + row * params.cols;
        let affine = scale * ((x[at] - first - shift) * rstd) + offset;
        z[at] = affine;
        y[at] = activate(affine);
    }

    if (inside && local.y == 0u) {
        let second_at = mean_at + params.cols;
        statistics[mean_at] = mean;
        statistics[second_at] = rstd;
        let unbiased = squares / max(count - 1.0, 1.0);
        let keep = 1.0 - params.momentum;
        running[mean_at] = keep * running[mean_at] + params.momentum * mean;
        running[second_at] = keep * running[second_at] + params.momentum * unbiased;
    }
}

// The sum of the parts of all lanes of a column. All invocations of the workgroup call it together.
fn total(part: f32, local: vec3<u32>) -> f32 {
    let at = local.y * TILE_COLS + local.x;
    parts[at] = part;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (local.y < half) {
            parts[at] += parts[at + half * TILE_COLS];
        }
    }
    workgroupBarrier();
    let sum = parts[local.x];
    workgroupBarrier();
    return sum;
}
