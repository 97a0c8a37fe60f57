// batch_norm_backward, lanes: with n = (x - mean) * rstd and g = d_y * activation_gradient(z),
//   d_beta = sum of g    d_gamma = sum of g * n    over each column
//   d_x = gamma * rstd * (g - d_beta / rows - n * d_gamma / rows)
// prefers: hardware
// Source: Ioffe and Szegedy 2015, section 3.
//
//   d_y, z, x, d_x: [replicas, rows, cols]    gamma, d_gamma, d_beta: [replicas, 1, cols]
//   statistics: [replicas, 2, cols], mean and rstd from the forward pass
//
// Unlike naive, LANES invocations share a column, each with every LANES-th of its rows, so that a few
// columns keep a whole GPU busy; neighbours have neighbouring columns, and load and store neighbouring
// addresses. Their sums are added up in workgroup memory by repeated halving, always in the same
// order.
//
// A workgroup takes TILE_COLS columns; z is the replica. A vec2 holds a part of d_beta and one of d_gamma.

struct Params {
    rows: u32,
    cols: u32,
    gamma_stride: u32,
    d_gamma_stride: u32,
    d_beta_stride: u32,
}

const TILE_COLS: u32 = 8u; // tune: 4 8 16 32
const LANES: u32 = 32u; // tune: 4 8 16 32

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> statistics: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_gamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_beta: array<f32>;

var<workgroup> parts: array<vec2<f32>, LANES * TILE_COLS>;

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
    let mean = statistics[mean_at];
    let rstd = statistics[mean_at + params.cols];

    var part = vec2<f32>();
    for (var row = local.y; row < rows; row += LANES) {
        let at = start + row * params.cols;
        let d_z = d_y[at] * activation_gradient(z[at]);
        part += vec2(d_z, d_z * ((x[at] - mean) * rstd));
    }
    let sums = total(part, local);

    let means = sums / f32(params.rows);
    let scale = gamma[workgroup.z * params.gamma_stride + col] * rstd;
    for (var row = local.y; row < rows; row += LANES) {
        let at = start + row * params.cols;
        let d_z = d_y[at] * activation_gradient(z[at]);
        let normalized = (x[at] - mean) * rstd;
        d_x[at] = scale * (d_z - means.x - normalized * means.y);
    }
    if (inside && local.y == 0u) {
        d_beta[workgroup.z * params.d_beta_stride + col] = sums.x;
        d_gamma[workgroup.z * params.d_gamma_stride + col] = sums.y;
    }
}

// The sum of the parts of all lanes of a column. All invocations of the workgroup call it together.
fn total(part: vec2<f32>, local: vec3<u32>) -> vec2<f32> {
    let at = local.y * TILE_COLS + local.x;
    parts[at] = part;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (local.y < half) {
            parts[at] += parts[at + half * TILE_COLS];
        }
    }
    workgroupBarrier();
    return parts[local.x];
}
