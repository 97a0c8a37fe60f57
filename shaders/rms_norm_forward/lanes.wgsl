// rms_norm_forward, lanes: z = gamma * x * rstd over each row, y = activate(z),
//   rstd = 1 / sqrt(sum of x^2 / cols + epsilon)
// prefers: hardware
// Source: Zhang and Sennrich 2019, equation 4.
//
//   x, z, y: [replicas, rows, cols]    statistics: [replicas, rows, 1], rstd of each row
//   gamma: [replicas, 1, affine], affine being cols (one per unit) or 1 (one for the layer)
//
// Unlike naive, LANES invocations share a row, each with every LANES-th of its columns, so that
// neighbours load and store neighbouring addresses and a few rows keep a whole GPU busy. Their sums
// are added up in workgroup memory by repeated halving, always in the same order.
//
// A workgroup takes TILE_ROWS rows; z is the replica.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    gamma_stride: u32,
    epsilon: f32,
}

const LANES: u32 = 64u; // tune: 16 32 64 128 256
const TILE_ROWS: u32 = 4u; // tune: 1 2 4 8

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> z: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> statistics: array<f32>;

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

    var squares = 0.0;
    for (var col = local.x; col < cols; col += LANES) {
        squares += x[start + col] * x[start + col];
    }
    let rstd = 1.0 / sqrt(total(squares, local) / f32(params.cols) + params.epsilon);

    for (var col = local.x; col < cols; col += LANES) {
        let scale = gamma[workgroup.z * params.gamma_stride + col % params.affine];
        let value = scale * (x[start + col] * rstd);
        z[start + col] = value;
        y[start + col] = activate(value);
    }
    if (inside && local.x == 0u) {
        statistics[line] = rstd;
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
    return parts[local.y * LANES];
}
