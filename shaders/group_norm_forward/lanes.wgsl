// group_norm_forward, lanes: z = gamma * (x - mean) * rstd + beta over each group of a row,
//   y = activate(z)
// prefers: hardware
// Source: Wu and He 2018, equations 1 to 4.
//
//   x, z, y: [replicas, rows, cols], the columns being `groups` parts of equal width
//   gamma, beta: [replicas, 1, affine], affine being cols (one a unit) or 1 (one for the layer)
//   statistics: [replicas, rows, 2 groups], mean and rstd = 1 / sqrt(variance + epsilon) of each group
//
// Beside naive: LANES invocations share a group, each with every LANES-th of its columns, so that
// neighbours load and store neighbouring addresses. Their sums are added in workgroup memory, half of
// them to the other half, always in the same order. Groups are narrow: few lanes, and many rows.
//
// A workgroup takes TILE_GROUPS, which is one, of TILE_ROWS rows; z is the replica. Sums run over x minus
// the group's first value (see batch_norm_forward).

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    groups: u32,
    gamma_stride: u32,
    beta_stride: u32,
    epsilon: f32,
}

const LANES: u32 = 8u; // tune: 4 8 16 32 64
const TILE_ROWS: u32 = 8u; // tune: 2 4 8 16
const TILE_GROUPS: u32 = 1u;

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
    let line = workgroup.z * params.rows + min(row, params.rows - 1u);
    let width = params.cols / params.groups;
    let count = f32(width);
    let start = line * params.cols + workgroup.y * width;
    // A row beyond the end has no columns: its lanes only keep the others company at barriers.
    let end = start + select(0u, width, inside);
    let first = x[start];

    var sum = 0.0;
    for (var at = start + local.x; at < end; at += LANES) {
        sum += x[at] - first;
    }
    let shift = total(sum, local) / count;

    var squares = 0.0;
    for (var at = start + local.x; at < end; at += LANES) {
        let centred = x[at] - first - shift;
        squares += centred * centred;
    }
    let rstd = 1.0 / sqrt(total(squares, local) / count + params.epsilon);

    for (var at = start + local.x; at < end; at += LANES) {
        let unit = (at - line * params.cols) % params.affine;
        let scale = gamma[workgroup.z * params.gamma_stride + unit];
        let offset = beta[workgroup.z * params.beta_stride + unit];
        let value = scale * ((x[at] - first - shift) * rstd) + offset;
        z[at] = value;
        y[at] = activate(value);
    }
    if (inside && local.x == 0u) {
        let mean_at = (line * params.groups + workgroup.y) * 2u;
        statistics[mean_at] = first + shift;
        statistics[mean_at + 1u] = rstd;
    }
}

// The sum of the parts of all lanes of a group. All invocations of the workgroup call it together.
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
