// group_norm_backward, lanes: with n = (x - mean) * rstd, g = d_y * activation_gradient(z) and
// h = g * gamma,
//   d_x = rstd * (h - sum of h / width - n * sum of (h * n) / width)    sums over each group of a row
//   d_gamma = sum of g * n    d_beta = sum of g                         over each column, or over all
// prefers: hardware
// Source: the gradient of Wu and He 2018, equations 1 to 4.
//
//   d_y, z, x, d_x: [replicas, rows, cols], the columns being `groups` parts of equal width
//   statistics: [replicas, rows, 2 groups], mean and rstd of each group
//   gamma, d_gamma, d_beta: [replicas, 1, affine], affine being cols or 1
//
// Beside naive: LANES invocations share a group, each with every LANES-th of its columns, or a unit,
// each with every LANES-th of its rows; either way, neighbours load neighbouring addresses. Their sums
// are added in workgroup memory, half of them to the other half, always in the same order.
//
// A workgroup takes TILE_GROUPS, which is one, of ITEMS rows of d_x; or, of the first group, behind the
// last row ITEMS units of d_gamma and d_beta; the one in which the rows end does both. z is the replica.
// A vec2 holds a part of each of two sums.

struct Params {
    rows: u32,
    cols: u32,
    affine: u32,
    groups: u32,
    gamma_stride: u32,
    d_gamma_stride: u32,
    d_beta_stride: u32,
}

const ITEMS: u32 = 8u; // tune: 4 8 16
const LANES: u32 = 8u; // tune: 4 8 16
const TILE_GROUPS: u32 = 1u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> statistics: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;
@group(0) @binding(7) var<storage, read_write> d_gamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> d_beta: array<f32>;

var<workgroup> parts: array<vec2<f32>, ITEMS * LANES>;

@compute @workgroup_size(ITEMS, LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let first = workgroup.x * ITEMS;
    if (first < params.rows) {
        input_gradient(workgroup.z, first + index / LANES, workgroup.y, index % LANES);
    }
    if (workgroup.y == 0u && first + ITEMS > params.rows) {
        affine_gradient(workgroup.z, first + index % ITEMS - params.rows, index);
    }
}

fn input_gradient(replica: u32, row: u32, group: u32, lane: u32) {
    let line = replica * params.rows + min(row, params.rows - 1u);
    let width = params.cols / params.groups;
    let start = line * params.cols + group * width;
    // A row beyond the end has no columns: its lanes only keep the others company at barriers.
    let end = start + select(0u, width, row < params.rows);
    var part = vec2<f32>();
    for (var at = start + lane; at < end; at += LANES) {
        let h = scaled(replica, line, at);
        part += vec2(h, h * normalized(at));
    }
    let slot = row % ITEMS * LANES + lane;
    parts[slot] = part;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            parts[slot] += parts[slot + half];
        }
    }
    workgroupBarrier();
    let means = parts[slot - lane] / f32(width);
    let rstd = statistics[start / width * 2u + 1u];
    for (var at = start + lane; at < end; at += LANES) {
        d_x[at] = rstd * (scaled(replica, line, at) - means.x - normalized(at) * means.y);
    }
    workgroupBarrier();
}

fn affine_gradient(replica: u32, unit: u32, index: u32) {
    // Where the rows end within a workgroup, its first numbers are no units, but far beyond them all.
    let inside = unit < params.affine;
    var part = vec2<f32>();
    for (var row = index / ITEMS; inside && row < params.rows; row += LANES) {
        let start = (replica * params.rows + row) * params.cols;
        for (var col = unit; col < params.cols; col += params.affine) {
            let g = d_z(start + col);
            part += vec2(g, g * normalized(start + col));
        }
    }
    parts[index] = part;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (index < half * ITEMS) {
            parts[index] += parts[index + half * ITEMS];
        }
    }
    if (inside && index < ITEMS) {
        d_beta[replica * params.d_beta_stride + unit] = parts[index].x;
        d_gamma[replica * params.d_gamma_stride + unit] = parts[index].y;
    }
}

fn d_z(at: u32) -> f32 {
    return d_y[at] * activation_gradient(z[at]);
}

fn scaled(replica: u32, line: u32, at: u32) -> f32 {
    return d_z(at) * gamma[replica * params.gamma_stride + (at - line * params.cols) % params.affine];
}

// An element of x, normalized. Groups follow each other without a gap, from row to row.
fn normalized(at: u32) -> f32 {
    let mean_at = at / (params.cols / params.groups) * 2u;
    return (x[at] - statistics[mean_at]) * statistics[mean_at + 1u];
}
